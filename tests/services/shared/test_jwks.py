"""The key file: what is in it is checked before any token is."""

import json
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from jwt.algorithms import ECAlgorithm, RSAAlgorithm

from services.shared.errors import ConfigError
from services.shared.jwks import parse_keys, read_keys
from services.shared.signing import SigningKey

KEY = SigningKey.create("tillwatch-users")
NAMES = {"kid": "k-1", "iss": "tillwatch-users"}


def as_jwk(key) -> dict:
    """The public *key* as an entry of a key set."""
    algorithm = RSAAlgorithm if isinstance(key, rsa.RSAPublicKey) else ECAlgorithm
    return algorithm.to_jwk(key, as_dict=True) | NAMES


def test_both_algorithms_are_read_off_the_keys() -> None:
    """Ed25519 is for EdDSA, P-256 for ES256, and each key keeps its issuer."""
    p256 = as_jwk(ec.generate_private_key(ec.SECP256R1()).public_key())
    keys = parse_keys({"keys": [KEY.public(), p256]}, "here")
    assert {kid: (key.algorithm, key.issuer) for kid, key in keys.items()} == {
        KEY.kid: ("EdDSA", "tillwatch-users"),
        "k-1": ("ES256", "tillwatch-users"),
    }


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        pytest.param([], r"keys: expected a list of 1 to 64", id="none"),
        pytest.param([KEY.public()] * 65, r"keys: expected a list of 1 to 64", id="too many"),
        pytest.param([KEY.public()] * 2, r"keys\[1\].kid: .* is there twice", id="one id twice"),
        pytest.param([KEY.public() | {"d": "AAAA"}], r"keys\[0\]: a private key", id="a private key"),
        pytest.param([KEY.public() | {"iss": None}], r"keys\[0\]: expected an object with", id="no issuer"),
        pytest.param([KEY.public() | {"alg": "ES256"}], r"keys\[0\]: expected a key for", id="another algorithm"),
        pytest.param([KEY.public() | {"x": "AAAA"}], r"keys\[0\]: not a valid public key", id="half a key"),
        pytest.param([{"kty": "oct", "k": "AAAA", "crv": ""} | NAMES], r"expected a key for", id="a shared secret"),
        pytest.param(
            [as_jwk(ec.generate_private_key(ec.SECP384R1()).public_key())], r"expected a key for", id="another curve"
        ),
        pytest.param([as_jwk(rsa.generate_private_key(65537, 2048).public_key())], r"expected an object", id="RSA"),
        pytest.param(["key"], r"keys\[0\]: expected an object", id="no object"),
    ],
)
def test_an_unfit_set_is_refused(keys: list, message: str) -> None:
    """The error says which key, and why."""
    with pytest.raises(ConfigError, match=rf"^here: .*{message}"):
        parse_keys({"keys": keys}, "here")


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"keys": {}}', "null"])
def test_a_file_of_something_else_is_refused(tmp_path: Path, content: str) -> None:
    """The error names the file."""
    path = tmp_path / "jwks.json"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(ConfigError, match=r"jwks\.json"):
        read_keys(path)


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    """It is no empty set."""
    with pytest.raises(ConfigError, match="not a readable JSON file"):
        read_keys(tmp_path / "none.json")


def test_the_private_half_is_not_quoted() -> None:
    """A private key in the wrong file is not repeated in the error."""
    jwk = KEY.public() | {"d": "very-secret"}
    with pytest.raises(ConfigError) as raised:
        parse_keys({"keys": [jwk]}, "here")
    assert "very-secret" not in str(raised.value) + json.dumps([str(raised.value.__cause__)])
