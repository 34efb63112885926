"""The errors of orders as problems (RFC 9457)."""

from apiflask import APIBlueprint, HTTPError
from flask import Response

from services.orders.domain import order_errors
from services.orders.domain.cart_errors import CartNotFound
from services.shared import problems

# Error → status, code, what people read. None of it repeats what the caller sent.
_REFUSALS: dict[type[Exception], tuple[int, str, str]] = {
    order_errors.OrderNotFound: (404, "order_not_found", "No such order."),
    CartNotFound: (404, "cart_not_found", "No such cart."),
    order_errors.CartUsed: (409, "cart_used", "This cart has an order already."),
    order_errors.CartOutdated: (409, "cart_changed", "The cart is at another version than cart_version says."),
    order_errors.InvalidOrder: (409, "cart_empty", "There is nothing in this cart."),
    order_errors.Stale: (409, "order_busy", "The order is being changed at this moment."),
    order_errors.Abandoned: (503, "unavailable", "A service that is needed did not answer. Nothing was ordered."),
}


def problem_of(error: Exception) -> HTTPError:
    """*error* as the answer that clients get.

    Raises:  *error* itself, where it is nobody's fault but ours.
    """
    if isinstance(error, order_errors.NotAllowed):
        return HTTPError(409, f"{str(error).capitalize()}.", extra_data={"code": error.code})
    if type(error) not in _REFUSALS:
        raise error
    status, code, detail = _REFUSALS[type(error)]
    headers = {"Retry-After": "1"} if isinstance(error, order_errors.Stale) else {}
    if isinstance(error, order_errors.Abandoned):
        headers["Retry-After"] = str(error.retry_after_seconds)
    return HTTPError(status, detail, headers=headers, extra_data={"code": code})


def install(blueprint: APIBlueprint) -> None:
    """Answer so to whatever of these leaves a view of *blueprint*."""
    blueprint.register_error_handler(order_errors.OrderError, _answer)
    blueprint.register_error_handler(CartNotFound, _answer)


def _answer(error: Exception) -> Response:
    return problems.to_response(problem_of(error))
