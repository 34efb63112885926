"""What an issuer may say of whom: services of themselves, the users' issuer of people."""

import pytest

from services.shared.errors import InvalidToken
from services.shared.identity import USERS_ISSUER, NoTokens, Principal, vouched

ORDERS = "service:orders"


@pytest.mark.parametrize(
    ("issuer", "subject", "roles"),
    [
        (USERS_ISSUER, "u-1", ["customer"]),
        (USERS_ISSUER, "u-1", ["staff", "warehouse"]),
        (USERS_ISSUER, "u-1", []),
        (ORDERS, ORDERS, ["service"]),
    ],
)
def test_an_issuer_speaks_of_its_own(issuer: str, subject: str, roles: list[str]) -> None:
    """The principal is as it says."""
    assert vouched(issuer=issuer, subject=subject, roles=roles) == Principal(subject=subject, roles=frozenset(roles))


@pytest.mark.parametrize(
    ("issuer", "subject", "roles", "reason"),
    [
        pytest.param(ORDERS, "u-1", ["service"], "subject", id="a service as a user"),
        pytest.param(ORDERS, "service:payments", ["service"], "subject", id="a service as another"),
        pytest.param(ORDERS, ORDERS, ["staff"], "roles", id="a service as staff"),
        pytest.param(USERS_ISSUER, "u-1", ["service"], "roles", id="a user as a service"),
        pytest.param(USERS_ISSUER, ORDERS, ["customer"], "subject", id="a user named like a service"),
        pytest.param(USERS_ISSUER, "u-1", ["operator"], "roles", id="an unknown role"),
        pytest.param(USERS_ISSUER, "u-1", "customer", "roles", id="roles that are no list"),
        pytest.param(USERS_ISSUER, "u-1", [1], "roles", id="a role that is no word"),
        pytest.param(USERS_ISSUER, "u-1", None, "roles", id="no roles"),
        pytest.param(USERS_ISSUER, "", ["customer"], "subject", id="nobody"),
        pytest.param(USERS_ISSUER, 7, ["customer"], "subject", id="a number"),
        pytest.param(USERS_ISSUER, "u-1\n", ["customer"], "subject", id="a line end"),
        pytest.param(USERS_ISSUER, "u" * 65, ["customer"], "subject", id="an endless subject"),
    ],
)
def test_all_else_is_refused(issuer: str, subject: object, roles: object, reason: str) -> None:
    """The reason is one word."""
    with pytest.raises(InvalidToken, match=f"^{reason}$"):
        vouched(issuer=issuer, subject=subject, roles=roles)


def test_without_an_issuer_no_token_counts() -> None:
    """The default trusts nobody."""
    with pytest.raises(InvalidToken):
        NoTokens().verify("anything")
