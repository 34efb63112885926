"""Private keys and the tokens that they sign: EdDSA over Ed25519, typed `at+jwt` (RFC 9068).

A key file holds one private JSON Web Key, with its id and its issuer, and is readable by its owner alone.
"""

import json
import os
import secrets
from collections.abc import Collection
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from jwt.algorithms import OKPAlgorithm

from services.shared.errors import ConfigError
from services.shared.jwks import EDDSA
from services.shared.tokens import TYPE

# The receiver's clock may be behind ours; it allows LEEWAY_SECONDS itself, too.
BACKDATED_SECONDS = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class SigningKey:
    """A private key that speaks for *issuer*. Neither its repr nor its errors show it."""

    issuer: str
    kid: str
    private: Ed25519PrivateKey = field(repr=False)

    @classmethod
    def create(cls, issuer: str) -> "SigningKey":
        """A new key of *issuer*, with an id that says nothing."""
        return cls(issuer=issuer, kid=secrets.token_hex(8), private=Ed25519PrivateKey.generate())

    @classmethod
    def load(cls, path: Path) -> "SigningKey":
        """The key in the file *path*.

        Raises:  ConfigError: not such a file. What is in it is not quoted, nor kept as the cause.
        """
        try:
            jwk = json.loads(path.read_text(encoding="utf-8"))
            issuer, kid, private = jwk["iss"], jwk["kid"], OKPAlgorithm.from_jwk(jwk)
        except (OSError, ValueError, KeyError, TypeError, AttributeError, jwt.PyJWTError):
            raise ConfigError(f"{path}: not a readable private key (Ed25519, as JWK with kid and iss)") from None
        if not (isinstance(issuer, str) and isinstance(kid, str) and isinstance(private, Ed25519PrivateKey)):
            raise ConfigError(f"{path}: not a private key (Ed25519, as JWK with kid and iss)")
        return cls(issuer=issuer, kid=kid, private=private)

    def save(self, path: Path) -> None:
        """Write the private key to *path*, which must be new, for this user's eyes only."""
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
            json.dump(self._members(self.private), stream)

    def public(self) -> dict[str, Any]:
        """The public half, as an entry of a key set."""
        return self._members(self.private.public_key())

    def sign(
        self,
        *,
        subject: str,
        roles: Collection[str],
        audience: str | Collection[str],
        ttl: float,
        now: float,
        **claims: Any,
    ) -> str:
        """A token for *audience*, one or several, that says who *subject* is, for *ttl* seconds from *now*.

        Args:    now: Unix seconds. claims: more of them, or others in place of those above, for tests of what must be
                 refused.
        """
        said = {
            "iss": self.issuer,
            "sub": subject,
            "aud": audience if isinstance(audience, str) else sorted(audience),
            "roles": sorted(roles),
            "iat": int(now),
            "nbf": int(now) - BACKDATED_SECONDS,
            "exp": int(now + ttl),
            "jti": secrets.token_hex(8),
        }
        return jwt.encode(said | claims, self.private, algorithm=EDDSA, headers={"typ": TYPE, "kid": self.kid})

    def _members(self, key: Any) -> dict[str, Any]:
        jwk: dict[str, Any] = OKPAlgorithm.to_jwk(key, as_dict=True)
        jwk.pop("key_ops", None)
        return jwk | {"kid": self.kid, "alg": EDDSA, "use": "sig", "iss": self.issuer}
