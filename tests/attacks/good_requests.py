"""What a good request of each operation looks like: an attack on one field must be refused for that field alone."""

import copy
import uuid
from collections.abc import Mapping
from typing import Any

from services.shared.identity import SERVICE, STAFF

SKU = "KIT-1001"
_ORDER = "ord_" + "0" * 32
_PASSWORD = "tulip-lantern-42"
_REFRESH_TOKEN = "A" * 43
# Operation id → its body. An operation with a body that is missing here fails the tests that need one.
BODIES: dict[str, Any] = {
    "change_price": {"minor_units": 4990, "currency": "EUR"},
    "receive_event": {
        "event_id": "evt_attack",
        "type": "OrderPlaced",
        "occurred_at": "2026-11-01T10:00:00Z",
        "data": {"order_id": _ORDER},
    },
    "reserve": {"ref": _ORDER, "lines": [{"sku": SKU, "quantity": 1}], "ttl_seconds": 60},
    "extend_reservation": {"ttl_seconds": 60},
    "record_movement": {"kind": "receive", "quantity": 1, "reason": "Delivery 4711"},
    "create_cart": {},
    "put_cart_item": {"quantity": 1},
    "place_order": {"cart_id": "cart_" + "0" * 32, "payment_method": "tok_visa"},
    "refund_order": {"restock": False},
    "receive_payment_webhook": {"event_id": "evt_attack", "type": "payment.captured", "data": {"reference": _ORDER}},
    "authorise_payment": {
        "reference": _ORDER,
        "amount": {"minor_units": 100, "currency": "EUR"},
        "payment_method": "tok_visa",
    },
    "refund_payment": {"amount": {"minor_units": 100, "currency": "EUR"}},
    "register": {"email": "ada@example.com", "password": _PASSWORD, "name": "Ada"},
    "log_in": {"email": "ada@example.com", "password": _PASSWORD},
    "refresh": {"refresh_token": _REFRESH_TOKEN},
    "log_out": {"refresh_token": _REFRESH_TOKEN},
    "request_password_reset": {"email": "ada@example.com"},
    "reset_password": {"token": _REFRESH_TOKEN, "new_password": _PASSWORD},
    "rename_own_account": {"name": "Ada"},
    "change_own_password": {"current_password": _PASSWORD, "new_password": "lantern-tulip-43"},
    "set_roles": {"roles": ["customer"]},
}
# They take messages that may grow, from senders whose signature or key is checked, and read what they know.
TOLERANT = frozenset({"receive_event", "receive_payment_webhook"})


def body_of(operation_id: str) -> Any:
    """A good body of *operation_id*, with ids that nothing has; one's own copy.

    Raises:  AssertionError: nobody has said what a good one is.
    """
    assert operation_id in BODIES, f"{operation_id}: unknown body: say in good_requests.py what a good one is"
    return copy.deepcopy(BODIES[operation_id])


def headers_of(**more: str) -> dict[str, str]:
    """What any operation may ask for beside a token: a new Idempotency-Key, and an If-Match."""
    return {"Idempotency-Key": uuid.uuid4().hex, "If-Match": '"1"', **more}


def ids(**known: str) -> dict[str, str]:
    """A value for each parameter of a path: those in *known*, else one that is well formed and names nothing."""
    made = uuid.uuid4().hex
    absent = {"sku": SKU, "cart_id": f"cart_{made}", "order_id": f"ord_{made}", "ref": f"ord_{made}"}
    return {**absent, "reference": f"ord_{made}", "user_id": f"u_{made}", **known}


def filled(path: str, values: Mapping[str, str]) -> str:
    """*path* with *values* in place of its parameters.

    Raises:  AssertionError: it has one that nobody knows.
    """
    try:
        return path.format_map(values)
    except KeyError as error:
        raise AssertionError(f"{path}: unknown id route: say how it is attacked ({error} is in no table)") from error


def caller_of(roles: frozenset[str]) -> str | None:
    """One of the *roles* that may call an operation: of people where there is a choice, None for everybody."""
    return min(roles, key=lambda role: (role == SERVICE, role != STAFF, role), default=None)
