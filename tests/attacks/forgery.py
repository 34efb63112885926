"""Tokens as no library would write them: any header, any claims, any signature."""

import base64
import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from services.shared.identity import CUSTOMER, USERS_ISSUER
from services.shared.issuer import Issuer, key_file
from services.shared.signing import SigningKey

MALLORY = "u_mallory"
# A claim or a header that is left out.
ABSENT = object()
Sign = Callable[[bytes], bytes]


def encoded(data: bytes) -> str:
    """Base64 as tokens have it."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def decoded(text: str) -> bytes:
    """What `encoded` was given."""
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


@dataclass(frozen=True, slots=True)
class Forger:
    """Signs with the key of *name*, which it has stolen from *issuer*: each forgery has one thing wrong with it."""

    issuer: Issuer
    name: str = USERS_ISSUER

    @property
    def key(self) -> SigningKey:
        """The stolen key."""
        return SigningKey.load(key_file(self.issuer.folder, self.name))

    def token(
        self,
        header: Mapping[str, Any] | None = None,
        claims: Mapping[str, Any] | None = None,
        *,
        audience: str = "orders",
        sign: Sign | None = None,
    ) -> str:
        """A customer's good token for *audience*, but for *header* and *claims*; ABSENT leaves one out.

        Args:    sign: makes the signature; by default the stolen key does.
        """
        now = int(time.time())
        good_header = {"typ": "at+jwt", "alg": "EdDSA", "kid": self.key.kid}
        good_claims = {
            "iss": self.name,
            "sub": MALLORY,
            "aud": audience,
            "roles": [CUSTOMER],
            "iat": now,
            "nbf": now - 5,
            "exp": now + 60,
            "jti": "forged",
        }
        signed = f"{_part(good_header, header)}.{_part(good_claims, claims)}"
        return f"{signed}.{encoded((sign or self.key.private.sign)(signed.encode()))}"


def _part(good: Mapping[str, Any], changes: Mapping[str, Any] | None) -> str:
    merged = {**good, **(changes or {})}
    return encoded(json.dumps({name: each for name, each in merged.items() if each is not ABSENT}).encode())


def bearer(token: str) -> dict[str, str]:
    """The header with *token*."""
    return {"Authorization": f"Bearer {token}"}
