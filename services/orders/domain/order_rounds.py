"""A worker's round over the orders that wait: one that cannot be worked on holds up none of the others."""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext

from services.orders.domain.order import Order
from services.orders.domain.ports import Outcome
from services.shared.errors import DatabaseUnavailable

FIRST_DELAY_SECONDS = 1.0
# A tenth of the hold: it is extended many times before it could end.
MAX_DELAY_SECONDS = 60.0
OnBehalfOf = Callable[[Order], AbstractContextManager[object]]


def nobody(order: Order) -> AbstractContextManager[object]:
    """Nothing surrounds the work on *order*."""
    del order
    return nullcontext()


def delay_ms(attempts: int) -> int:
    """How long to wait after so many *attempts* before this one: doubling, up to a minute."""
    return int(min(MAX_DELAY_SECONDS, FIRST_DELAY_SECONDS * 2 ** min(attempts, 10)) * 1000)


def work_through(
    due: tuple[Order, ...], work: Callable[[Order], Outcome], later: Callable[[Order], Outcome], around: OnBehalfOf
) -> int:
    """*work* on each order that is *due*; how many there were.

    Raises:  DatabaseUnavailable: at once.  Whatever else was raised first: once all had their turn, and the order
             that it was raised for was put off.
    """
    first: Exception | None = None
    for order in due:
        with around(order):
            try:
                work(order)
            except DatabaseUnavailable:
                raise
            except Exception as error:  # told to the worker in the end, which counts and logs it
                first = first or error
                later(order)
    if first is not None:
        raise first
    return len(due)
