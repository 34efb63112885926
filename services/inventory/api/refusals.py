"""The inventory's errors as problems (RFC 9457)."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, TypeVar

from apiflask import HTTPError

from services.inventory.domain import errors
from services.inventory.domain.ports import Outcomes
from services.inventory.domain.stock import Line

Value = TypeVar("Value")
# Error → status, code, what people read. None of it repeats what the caller sent.
_REFUSALS: dict[type[errors.InventoryError], tuple[int, str, str]] = {
    errors.StockNotFound: (404, "stock_not_found", "No stock of this SKU."),
    errors.StockHeld: (409, "stock_held", "Fewer units would be on hand than are held for customers."),
    errors.InvalidLine: (422, "invalid_request", "There are too many units of one SKU."),
    errors.InvalidMovement: (422, "invalid_movement", "The kind of movement does not allow this quantity."),
    errors.ReservationNotFound: (404, "reservation_not_found", "No such reservation."),
    errors.ReservationConflict: (409, "reservation_conflict", "The ref stands for other lines already."),
    errors.ReservationClosed: (409, "reservation_closed", "What the ref stood for has been given back."),
    errors.ReservationCommitted: (409, "reservation_committed", "The units are sold: return them."),
    errors.ReservationNotCommitted: (409, "reservation_not_committed", "The units were not sold."),
}


@contextmanager
def as_problems(outcomes: Outcomes | None = None) -> Iterator[None]:
    """Turn what the domain refuses inside into its answer; what is nobody's fault but ours stays an error.

    Args:    outcomes: counts the refusals.
    """
    try:
        yield
    except errors.InventoryError as error:
        if outcomes is not None:
            outcomes.refused(error)
        if type(error) not in _REFUSALS:
            raise
        raise refusal(*_REFUSALS[type(error)]) from error


def answered(listener: Callable[[Value], None]) -> Callable[[Value], None]:
    """*listener*, so that what the domain refuses in it is told to whoever asked."""

    def listen(value: Value) -> None:
        with as_problems():
            listener(value)

    return listen


def not_found(kind: type[errors.InventoryError]) -> HTTPError:
    """The answer to what can name nothing of ours: a malformed SKU or ref."""
    return refusal(*_REFUSALS[kind])


def refusal(status: int, code: str, detail: str, **more: Any) -> HTTPError:
    """A problem with a *code*, and *more* members of its own."""
    return HTTPError(status, detail, extra_data={"code": code, **more})


def out_of_stock(error: errors.OutOfStock, lines: Sequence[Line]) -> HTTPError:
    """The answer that names each of the request's *lines* that is short, by its place in the request."""
    short = {shortage.sku: shortage for shortage in error.shortages}
    return refusal(
        409,
        "out_of_stock",
        "Fewer units are available than were asked for.",
        errors=[
            {"detail": f"{short[line.sku].available} available", "pointer": f"#/lines/{place}"}
            for place, line in enumerate(lines)
            if line.sku in short
        ],
        lines=[
            {"sku": shortage.sku, "requested": shortage.requested, "available": shortage.available}
            for shortage in error.shortages
        ],
    )
