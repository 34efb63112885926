"""What synthetics claims and is called, services believes and knows, though neither imports the other."""

import re

import pytest

from services.catalog.adapters.seed import load_seed
from services.catalog.domain.product import PROBE_CATEGORY
from services.shared.errors import ClaimRejected
from services.shared.traffic import CLASSES, HEADER, MAX_AHEAD_SECONDS, verify
from services.users.adapters import housekeeping
from services.users.domain.account import normalised
from services.users.domain.passwords import check
from synthetics import claim, reserved
from synthetics.accounts import DOMAIN, Account, staff
from synthetics.claim import Claim, Traffic

KEY, NOW = "a-key-of-both-sides", 1_800_000_000.0
CLAIMED = (Traffic.PROBE, Traffic.LOAD)


def made(traffic: Traffic, *, key: str = KEY, at: float = NOW) -> str:
    """The text of a claim."""
    return Claim(traffic=traffic, key=key, clock=lambda: at).header()[HEADER]


@pytest.mark.parametrize("traffic", CLAIMED)
def test_a_claim_is_believed_for_as_long_as_it_is_used(traffic: Traffic) -> None:
    """From its first second to its last, under the same name on both sides."""
    text = made(traffic)
    for later in (0.0, claim.GOOD_SECONDS - claim.MARGIN_SECONDS, claim.GOOD_SECONDS - 1.0):
        assert verify(text, KEY, now=NOW + later) == traffic.value
    assert claim.GOOD_SECONDS < MAX_AHEAD_SECONDS
    assert {each.value for each in Traffic} == CLASSES


@pytest.mark.parametrize("traffic", CLAIMED)
@pytest.mark.parametrize(
    ("change", "key", "later", "reason"),
    [
        pytest.param(lambda text: text, KEY, claim.GOOD_SECONDS, "expired", id="when it has expired"),
        pytest.param(lambda text: text, "another-key", 0, "signature", id="with another key"),
        pytest.param(
            lambda text: re.sub("^(probe|load)", lambda found: {"probe": "load", "load": "probe"}[found[0]], text),
            KEY,
            0,
            "signature",
            id="of another class",
        ),
        pytest.param(
            lambda text: re.sub(r";(\d+);", lambda found: f";{int(found[1]) + 60};", text),
            KEY,
            0,
            "signature",
            id="prolonged",
        ),
        pytest.param(lambda text: text[:-1], KEY, 0, "signature", id="cut off"),
        pytest.param(lambda text: text.rpartition(";")[0], KEY, 0, "malformed", id="unsigned"),
    ],
)
def test_a_claim_is_not_believed(traffic: Traffic, change, key: str, later: float, reason: str) -> None:
    """Whatever was done to it, it counts as a user's."""
    with pytest.raises(ClaimRejected, match=f"^{reason}$"):
        verify(change(made(traffic)), key, now=NOW + later)


def test_accounts_of_probes_are_those_that_users_forgets() -> None:
    """The same domain on both sides; addresses and passwords are such as users takes."""
    assert f"@{DOMAIN}" == housekeeping.PROBES
    for account in (Account.of("probe-buy", KEY), Account.of("load-1", KEY), Account.of_nobody(), staff(KEY)):
        assert normalised(account.email) == account.email
        check(account.password, email=account.email, common=frozenset())


def test_reserved_products_are_there() -> None:
    """Each that a journey names is in the catalog's seed, in the category that no page leads to."""
    named = {value for name, value in vars(reserved).items() if name.isupper() and name != "CATEGORY"}
    assert reserved.CATEGORY == PROBE_CATEGORY
    assert {each.sku for each in load_seed() if each.category == PROBE_CATEGORY} == named
