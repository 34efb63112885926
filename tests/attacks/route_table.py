"""Who may call what: every route of the services under attack, written down apart from the services' own code.

A route that is missing here, or is here and no longer there, fails test_routes.py.
"""

from services.shared.identity import ADMIN, CUSTOMER, SERVICE, STAFF, WAREHOUSE

# The services with an API of their own; the storefront's pages are a table of their own.
SERVICES = ("catalog", "inventory", "orders", "payments", "users")
WITH_PAGES = "storefront"
ROLES = (None, CUSTOMER, STAFF, WAREHOUSE, ADMIN, SERVICE)

# Those that other services call, and that therefore know their keys; to the rest their tokens are nobody's.
CALLED_BY_SERVICES = frozenset({"inventory", "payments"})

PUBLIC = "public"
# Public as far as tokens of people and services go: a signature or a token of its own opens it, and nothing else.
SIGNED = "signed webhook"
FAULT_TOKEN = "fault token"
# A page of somebody who is signed in: their session, in a cookie, opens it.
SESSION = "session"
# A form: the token that belongs to a session opens it, whether somebody is signed in or not.
FORM = "form"
_ANYBODY = frozenset({CUSTOMER, STAFF, WAREHOUSE, ADMIN})

# In every service.
_OPERATIONAL: dict[str, str | frozenset[str]] = {
    "GET /livez": PUBLIC,
    "GET /readyz": PUBLIC,
    "GET /metrics": PUBLIC,
    "GET /api/openapi.json": PUBLIC,
    "GET /internal/faults": FAULT_TOKEN,
    "POST /internal/faults": FAULT_TOKEN,
    "DELETE /internal/faults": FAULT_TOKEN,
}
# A role, several, or one of the words above.
ROUTES: dict[str, dict[str, str | frozenset[str]]] = {
    "catalog": _OPERATIONAL
    | {
        "GET /api/v1/categories": PUBLIC,
        "GET /api/v1/products": PUBLIC,
        "GET /api/v1/products/{sku}": PUBLIC,
        "PUT /api/v1/products/{sku}/price": frozenset({STAFF}),
    },
    "inventory": _OPERATIONAL
    | {
        "GET /api/v1/stock": PUBLIC,
        "GET /api/v1/stock/{sku}": PUBLIC,
        "GET /api/v1/stock/{sku}/detail": frozenset({STAFF}),
        "POST /api/v1/stock/{sku}/movements": frozenset({STAFF}),
        "POST /api/v1/events": frozenset({SERVICE}),
        "GET /api/v1/reservations": frozenset({SERVICE}),
        "POST /api/v1/reservations": frozenset({SERVICE}),
        "GET /api/v1/reservations/{ref}": frozenset({SERVICE}),
        "POST /api/v1/reservations/{ref}/commit": frozenset({SERVICE}),
        "POST /api/v1/reservations/{ref}/extend": frozenset({SERVICE}),
        "POST /api/v1/reservations/{ref}/release": frozenset({SERVICE}),
        "POST /api/v1/reservations/{ref}/return": frozenset({SERVICE}),
    },
    "orders": _OPERATIONAL
    | {
        "GET /api/v1/carts": frozenset({CUSTOMER}),
        "POST /api/v1/carts": frozenset({CUSTOMER}),
        "GET /api/v1/carts/{cart_id}": frozenset({CUSTOMER}),
        "DELETE /api/v1/carts/{cart_id}": frozenset({CUSTOMER}),
        "PUT /api/v1/carts/{cart_id}/items/{sku}": frozenset({CUSTOMER}),
        "DELETE /api/v1/carts/{cart_id}/items/{sku}": frozenset({CUSTOMER}),
        "GET /api/v1/orders": frozenset({CUSTOMER}),
        "POST /api/v1/orders": frozenset({CUSTOMER}),
        "GET /api/v1/orders/{order_id}": frozenset({CUSTOMER}),
        "POST /api/v1/orders/{order_id}/cancel": frozenset({CUSTOMER}),
        "POST /api/v1/orders/{order_id}/refunds": frozenset({STAFF}),
        "POST /api/v1/orders/{order_id}/fulfilment": frozenset({WAREHOUSE}),
        "POST /api/v1/webhooks/payments": SIGNED,
    },
    "payments": _OPERATIONAL
    | {
        "GET /api/v1/payments": frozenset({SERVICE}),
        "POST /api/v1/payments": frozenset({SERVICE}),
        "GET /api/v1/payments/{reference}": frozenset({SERVICE, STAFF}),
        "POST /api/v1/payments/{reference}/capture": frozenset({SERVICE}),
        "POST /api/v1/payments/{reference}/refunds": frozenset({SERVICE}),
        "POST /api/v1/payments/{reference}/void": frozenset({SERVICE}),
        "GET /api/v1/ledger": frozenset({SERVICE}),
    },
    "users": _OPERATIONAL
    | {
        "GET /.well-known/jwks.json": PUBLIC,
        "POST /api/v1/auth/register": PUBLIC,
        "POST /api/v1/auth/login": PUBLIC,
        "POST /api/v1/auth/refresh": PUBLIC,
        "POST /api/v1/auth/logout": PUBLIC,
        "POST /api/v1/auth/password-reset": PUBLIC,
        "POST /api/v1/auth/password-reset/confirm": PUBLIC,
        "GET /api/v1/users/me": _ANYBODY,
        "PATCH /api/v1/users/me": _ANYBODY,
        "PUT /api/v1/users/me/password": _ANYBODY,
        "GET /api/v1/users/{user_id}": frozenset({ADMIN}),
        "PUT /api/v1/users/{user_id}/roles": frozenset({ADMIN}),
    },
}
# The storefront's: tokens open none of them.
PAGES: dict[str, str | frozenset[str]] = _OPERATIONAL | {
    "GET /": PUBLIC,
    "GET /c/{category}": PUBLIC,
    "GET /search": PUBLIC,
    "GET /p/{sku}": PUBLIC,
    "GET /cart": PUBLIC,
    "POST /cart": FORM,
    "POST /cart/{sku}": FORM,
    "GET /checkout": SESSION,
    "POST /checkout": FORM,
    "GET /checkout/status": SESSION,
    "GET /orders": SESSION,
    "GET /orders/{order_id}": SESSION,
    "POST /orders/{order_id}/cancel": FORM,
    "GET /login": PUBLIC,
    "POST /login": FORM,
    "POST /logout": FORM,
    "GET /register": PUBLIC,
    "POST /register": FORM,
    "GET /password-reset": PUBLIC,
    "POST /password-reset": FORM,
    "GET /password-reset/{token}": PUBLIC,
    "POST /password-reset/{token}": FORM,
    "GET /account": SESSION,
    "POST /account/name": FORM,
    "POST /account/password": FORM,
    "POST /account/sign-out-everywhere": FORM,
    "POST /rum": PUBLIC,
    "GET /static/{name}": PUBLIC,
    "GET /robots.txt": PUBLIC,
    "GET /api/docs": PUBLIC,
    "GET /api/docs/assets/{name}": PUBLIC,
}
# No description names them: they are for the platform.
UNDOCUMENTED = frozenset(_OPERATIONAL)


def access(service: str, method: str, path: str) -> str | frozenset[str]:
    """Who may call it.

    Raises:  AssertionError: the table does not say.
    """
    found = ROUTES[service].get(f"{method} {path}")
    assert found is not None, f"{service}: {method} {path}: unknown route: say in route_table.py who may call it"
    return found


def roles_of(service: str, method: str, path: str) -> frozenset[str]:
    """The roles that may call it; none for a route that no role opens."""
    found = access(service, method, path)
    return frozenset() if isinstance(found, str) else found
