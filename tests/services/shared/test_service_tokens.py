"""A service's own tokens: short, one a peer, made anew in time."""

from types import SimpleNamespace

import jwt
import pytest

from services.shared.errors import ConfigError
from services.shared.issuer import key_file
from services.shared.service_tokens import TTL_SECONDS, ServiceTokens
from services.shared.tokens import JwksVerifier


@pytest.fixture
def setup(issuer) -> SimpleNamespace:
    """Tokens of orders at a time that the test decides."""
    clock = SimpleNamespace(now=1_800_000_000.0)
    file = key_file(issuer.folder, "service:orders")
    return SimpleNamespace(clock=clock, tokens=ServiceTokens(file, "orders", now=lambda: clock.now), issuer=issuer)


def test_a_peer_accepts_it_and_knows_who_calls(setup) -> None:
    """Role service, subject and issuer service:orders, and no other audience."""
    token = setup.tokens.token("inventory")
    jwks = setup.issuer.jwks_file
    verifier = JwksVerifier(jwks, "inventory", ["service:orders"], now=lambda: setup.clock.now)
    assert verifier.verify(token).subject == "service:orders"
    assert verifier.verify(token).roles == {"service"}
    assert jwt.decode(token, options={"verify_signature": False})["aud"] == "inventory"


def test_it_lasts_a_minute_and_is_renewed_at_half(setup) -> None:
    """So what a call gets is good for thirty seconds at least."""
    first = setup.tokens.token("inventory")
    setup.clock.now += TTL_SECONDS / 2 - 1
    assert setup.tokens.token("inventory") == first
    setup.clock.now += 1
    second = setup.tokens.token("inventory")
    assert second != first
    claims = jwt.decode(second, options={"verify_signature": False})
    assert claims["exp"] - claims["iat"] == TTL_SECONDS == 60


def test_each_peer_has_its_own(setup) -> None:
    """What one peer gets proves nothing to another."""
    assert setup.tokens.token("inventory") != setup.tokens.token("payments")


def test_a_clock_that_is_put_back_makes_a_new_one(setup) -> None:
    """A token from the future is not used."""
    first = setup.tokens.token("inventory")
    setup.clock.now -= 3600
    assert setup.tokens.token("inventory") != first


def test_another_services_key_is_refused(setup) -> None:
    """A mix-up of files stops the start."""
    with pytest.raises(ConfigError, match="'service:orders', expected one of 'service:payments'"):
        ServiceTokens(key_file(setup.issuer.folder, "service:orders"), "payments")
