"""The public keys that a service trusts: a JSON Web Key Set file in which each key names its issuer.

Source:  RFC 7517 (JWK), RFC 8037 (Ed25519), RFC 8725 (JWT best current practices).
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jwt
from jwt.algorithms import AllowedPublicKeys

from services.shared.errors import ConfigError

EDDSA = "EdDSA"
ES256 = "ES256"
# (kty, crv) → the one algorithm that a key is used with, whatever a token's header says.
_ALGORITHMS = {("OKP", "Ed25519"): EDDSA, ("EC", "P-256"): ES256}
MAX_KEYS = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class TrustedKey:
    """A public key, the only algorithm it is used with, and the only issuer it speaks for."""

    issuer: str
    algorithm: str
    public: AllowedPublicKeys


def read_keys(path: Path) -> Mapping[str, TrustedKey]:
    """The keys in the file *path*, by their ids.

    Raises:  ConfigError: not such a file; it holds a private key, an unfit one, or one id twice.
    """
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ConfigError(f"{path}: not a readable JSON file") from error
    return parse_keys(document, str(path))


def parse_keys(document: Any, where: str) -> Mapping[str, TrustedKey]:
    """The keys in *document*, `{"keys": [{kty, crv, x[, y], kid, iss}, …]}`.

    Raises:  ConfigError: as for `read_keys`; it says *where*.
    """
    found = document.get("keys") if isinstance(document, dict) else None
    if not isinstance(found, list) or not 0 < len(found) <= MAX_KEYS:
        raise ConfigError(f"{where}: keys: expected a list of 1 to {MAX_KEYS} keys")
    keys: dict[str, TrustedKey] = {}
    for number, each in enumerate(found):
        kid, key = _parse_key(each, f"{where}: keys[{number}]")
        if kid in keys:
            raise ConfigError(f"{where}: keys[{number}].kid: {kid!r} is there twice")
        keys[kid] = key
    return keys


def _parse_key(jwk: Any, where: str) -> tuple[str, TrustedKey]:
    if not isinstance(jwk, dict) or not all(isinstance(jwk.get(name), str) for name in ("kid", "iss", "kty", "crv")):
        raise ConfigError(f"{where}: expected an object with kid, iss, kty and crv")
    if "d" in jwk:
        raise ConfigError(f"{where}: a private key; verifiers get public ones")
    algorithm = _ALGORITHMS.get((jwk["kty"], jwk["crv"]))
    if algorithm is None or jwk.get("alg", algorithm) != algorithm:
        raise ConfigError(f"{where}: expected a key for {EDDSA} (OKP, Ed25519) or {ES256} (EC, P-256)")
    try:
        public = jwt.PyJWK.from_dict(jwk, algorithm=algorithm).key
    except jwt.PyJWTError as error:
        raise ConfigError(f"{where}: not a valid public key") from error
    return jwk["kid"], TrustedKey(issuer=jwk["iss"], algorithm=algorithm, public=public)
