"""Which paths lead to which service, as data: all that is not here is a page of the storefront, or closed."""

from __future__ import annotations

from dataclasses import dataclass

STOREFRONT = "storefront"


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """A path and, unless it is *exact*, all below it, by whole segments: `/a` leads `/a/b` too, and not `/ab`.

    service:  who answers; None: nobody, it is a 404 of the door.
    compress: whether answers may be compressed. Only where none holds a secret: beside text that a stranger chooses,
              the length of a compressed page tells what is in it (BREACH).
    """

    path: str
    service: str | None
    exact: bool = False
    compress: bool = False

    def leads(self, path: str) -> bool:
        """Whether *path*, in its plain form, is one of this route's."""
        return path == self.path or (not self.exact and path.startswith(self.path.rstrip("/") + "/"))


ROUTES = (
    Route(path="/", service=STOREFRONT),
    Route(path="/static", service=STOREFRONT, compress=True),
    # Closed first, then opened path by path, each with what is below it: there a new route is as public as its policy.
    Route(path="/api", service=None),
    Route(path="/api/docs", service=STOREFRONT, compress=True),
    Route(path="/api/openapi.json", service=STOREFRONT, exact=True, compress=True),
    Route(path="/api/v1/products", service="catalog"),
    Route(path="/api/v1/categories", service="catalog"),
    Route(path="/api/v1/stock", service="inventory"),
    Route(path="/api/v1/carts", service="orders"),
    Route(path="/api/v1/orders", service="orders"),
    Route(path="/api/v1/auth", service="users"),
    Route(path="/api/v1/users", service="users"),
    Route(path="/.well-known/jwks.json", service="users", exact=True),
)
# Whom the door knows. Payments is asked by other services alone.
SERVICES = tuple(sorted({route.service for route in ROUTES if route.service is not None}))
# Pages for those who run a service. As a segment of a path, in whatever case, they are refused on every route.
OPERATIONAL = ("metrics", "livez", "readyz", "internal")


@dataclass(frozen=True, slots=True, kw_only=True)
class SignIn:
    """Where passwords are tried: *path*, by one method or by any."""

    path: str
    method: str | None = None
    below: bool = False


# Limited more narrowly than the rest.
SIGN_INS = (
    SignIn(path="/api/v1/auth", below=True),
    SignIn(path="/login", method="POST"),
    SignIn(path="/register", method="POST"),
    SignIn(path="/password-reset", method="POST", below=True),
    SignIn(path="/api/v1/users/me/password", method="PUT"),
    SignIn(path="/account/password", method="POST"),
)


def service_for(path: str) -> str | None:
    """Who answers *path*, a plain one (no `//`, no dots, nothing encoded); None for a 404 of the door."""
    if any(segment.lower() in OPERATIONAL for segment in path.split("/")):
        return None
    return max((route for route in ROUTES if route.leads(path)), key=lambda route: len(route.path)).service
