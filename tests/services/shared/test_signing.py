"""Private keys: kept from everybody's eyes, in files as in errors."""

import json
import stat
from pathlib import Path

import jwt
import pytest

from services.shared.errors import ConfigError
from services.shared.signing import SigningKey


def test_a_key_survives_its_file(tmp_path: Path) -> None:
    """What is loaded signs as what was saved."""
    key = SigningKey.create("service:orders")
    key.save(tmp_path / "key.json")
    loaded = SigningKey.load(tmp_path / "key.json")
    assert loaded.public() == key.public()
    assert (loaded.issuer, loaded.kid) == ("service:orders", key.kid)


def test_a_key_file_is_for_its_owner_alone(tmp_path: Path) -> None:
    """Mode 0600 from the first byte on, and a file that is there is never overwritten."""
    path = tmp_path / "key.json"
    SigningKey.create("service:orders").save(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    with pytest.raises(FileExistsError):
        SigningKey.create("service:orders").save(path)


def test_the_private_half_is_never_shown(tmp_path: Path) -> None:
    """Not in the repr, nor in the public entry, nor in the error about a damaged file."""
    key, path = SigningKey.create("service:orders"), tmp_path / "key.json"
    key.save(path)
    secret = json.loads(path.read_text(encoding="utf-8"))["d"]
    assert "d" not in key.public()
    path.write_text(json.dumps({"d": secret, "kid": "k", "iss": "service:orders", "kty": "OKP"}), encoding="utf-8")
    with pytest.raises(ConfigError) as raised:
        SigningKey.load(path)
    assert raised.value.__cause__ is None
    assert secret not in repr(key) + repr(raised.value)


@pytest.mark.parametrize("change", [{"d": None}, {"kid": 7}, {"iss": None}, {"crv": "X25519"}, {"d": "AAAA"}])
def test_another_kind_of_file_is_no_key(tmp_path: Path, change: dict) -> None:
    """A public key, one without its names, one for something else."""
    path = tmp_path / "key.json"
    SigningKey.create("service:orders").save(path)
    jwk = json.loads(path.read_text(encoding="utf-8")) | change
    path.write_text(json.dumps({name: value for name, value in jwk.items() if value is not None}), encoding="utf-8")
    with pytest.raises(ConfigError, match="private key"):
        SigningKey.load(path)


def test_a_token_names_its_type_and_key() -> None:
    """`at+jwt`, EdDSA and the key's id; times around now, and an id of its own."""
    key = SigningKey.create("tillwatch-users")
    token = key.sign(subject="u-1", roles=["staff", "customer"], audience="orders", ttl=60, now=1000.5)
    assert jwt.get_unverified_header(token) == {"alg": "EdDSA", "typ": "at+jwt", "kid": key.kid}
    claims = jwt.decode(token, options={"verify_signature": False})
    assert len(claims.pop("jti")) == 16
    assert claims == {
        "iss": "tillwatch-users",
        "sub": "u-1",
        "aud": "orders",
        "roles": ["customer", "staff"],
        "iat": 1000,
        "nbf": 995,
        "exp": 1060,
    }
