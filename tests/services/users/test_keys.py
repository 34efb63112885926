"""Public keys: those that tokens are signed with, and those before them."""

import json
import time

import pytest

from services.shared.errors import ConfigError
from services.shared.identity import USERS_ISSUER
from services.shared.issuer import Issuer, key_file
from services.shared.jwks import parse_keys
from services.shared.signing import SigningKey
from services.users.adapters.signing import AccountSigner


def test_the_keys_are_public(world) -> None:
    """As any verifier reads them, for five minutes; no key of a service, and nothing private."""
    answer = world.client.get("/.well-known/jwks.json")
    assert answer.headers["Cache-Control"] == "public, max-age=300"
    keys = parse_keys(answer.json, "jwks")
    assert {key.issuer for key in keys.values()} == {USERS_ISSUER}


def test_the_key_before_stays_good(tmp_path) -> None:
    """While its public half is in the file: a new key ends nobody's login."""
    issuer = Issuer.create(tmp_path)
    new = SigningKey.create(USERS_ISSUER)
    new.save(tmp_path / "new.key.json")
    document = json.loads(issuer.jwks_file.read_text(encoding="utf-8"))
    document["keys"].append(new.public())
    issuer.jwks_file.write_text(json.dumps(document), encoding="utf-8")
    published = AccountSigner(tmp_path / "new.key.json", issuer.jwks_file).published()
    assert published["keys"][0]["kid"] == new.kid
    assert len(published["keys"]) == 2
    old = issuer.token("u_1", ["customer"], "orders")
    fresh = new.sign(subject="u_1", roles=["customer"], audience=["orders", "users"], ttl=60, now=time.time())
    for token in (old, fresh):
        assert issuer.verifier("orders").verify(token).subject == "u_1"


def test_a_services_key_is_refused(tmp_path) -> None:
    """It speaks for that service, not for people."""
    issuer = Issuer.create(tmp_path)
    with pytest.raises(ConfigError, match="expected one of 'tillwatch-users'"):
        AccountSigner(key_file(issuer.folder, "service:orders"), issuer.jwks_file)


def test_an_unreadable_file_costs_the_older_keys_alone(tmp_path) -> None:
    """The key that signs is published in any case."""
    issuer = Issuer.create(tmp_path)
    signer = AccountSigner(key_file(issuer.folder, USERS_ISSUER), tmp_path / "absent.json")
    assert len(signer.published()["keys"]) == 1
