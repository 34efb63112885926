"""Who calls: a subject and the roles that an issuer vouches for."""

import re
from dataclasses import dataclass
from typing import Protocol

from services.shared.errors import InvalidToken

CUSTOMER = "customer"
STAFF = "staff"
WAREHOUSE = "warehouse"
ADMIN = "admin"
SERVICE = "service"
ROLES = frozenset({CUSTOMER, STAFF, WAREHOUSE, ADMIN, SERVICE})

# The issuer of people's tokens. A service issues its own, under the name that is also their subject.
USERS_ISSUER = "tillwatch-users"
SERVICE_PREFIX = "service:"
# Stands in tables, log lines and keys of caches.
_SUBJECT = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:-]{0,63}", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class Principal:
    """Somebody whose token was good. `subject` is `service:NAME` for a service, else a user's id."""

    subject: str
    roles: frozenset[str]


class TokenVerifier(Protocol):
    """Whoever can tell a good bearer token from a bad one."""

    def verify(self, token: str) -> Principal:
        """Who the bearer of *token* is.

        Raises:  InvalidToken
        """
        ...


class NoTokens:
    """Accepts no token at all: what a service runs with until it is told whose tokens to trust."""

    def verify(self, token: str) -> Principal:
        """Refuse.

        Raises:  InvalidToken: always.
        """
        del token
        raise InvalidToken("no_issuer")


def vouched(*, issuer: str, subject: object, roles: object) -> Principal:
    """The principal that *issuer* may speak of in these words: a service of itself, the users' issuer of people.

    Raises:  InvalidToken: it may not, or they are no words of ours.
    """
    if not isinstance(subject, str) or _SUBJECT.fullmatch(subject) is None:
        raise InvalidToken("subject")
    if not isinstance(roles, list) or not all(isinstance(role, str) for role in roles):
        raise InvalidToken("roles")
    of_service = issuer.startswith(SERVICE_PREFIX)
    allowed = frozenset({SERVICE}) if of_service else ROLES - {SERVICE}
    if (subject != issuer) if of_service else subject.startswith(SERVICE_PREFIX):
        raise InvalidToken("subject")
    if not frozenset(roles) <= allowed:
        raise InvalidToken("roles")
    return Principal(subject=subject, roles=frozenset(roles))
