"""Access tokens, signed with the key that the other services trust."""

import json
import logging
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from services.shared.errors import ConfigError
from services.shared.identity import USERS_ISSUER
from services.shared.signing import SigningKey
from services.users.domain.account import Account
from services.users.domain.sessions import ACCESS_SECONDS

_LOGGER = logging.getLogger(__name__)


class AccountSigner:
    """A `Signer` with the key in *key_file*.

    Args:    jwks_file: public keys; those of the users' issuer are published beside this one, so that tokens of the
             key before it stay good while it is there. now: Unix seconds.
    Raises:  ConfigError: no such key, or another issuer's.
    """

    def __init__(self, key_file: Path, jwks_file: Path | None, *, now: Callable[[], float] = time.time) -> None:
        self._key = SigningKey.load(key_file)
        if self._key.issuer != USERS_ISSUER:
            raise ConfigError(f"{key_file}: a key of {self._key.issuer!r}, expected one of {USERS_ISSUER!r}")
        self._jwks_file = jwks_file
        self._now = now

    def token(self, account: Account) -> str:
        return self._key.sign(
            subject=account.user_id,
            roles=account.roles,
            audience=account.audiences,
            ttl=ACCESS_SECONDS,
            now=self._now(),
        )

    def published(self) -> dict[str, Any]:
        """The public keys that people's tokens are signed with, as a JSON Web Key Set."""
        own = self._key.public()
        return {"keys": [own, *(each for each in self._others() if each.get("kid") != own["kid"])]}

    def _others(self) -> list[dict[str, Any]]:
        if self._jwks_file is None:
            return []
        try:
            keys = json.loads(self._jwks_file.read_text(encoding="utf-8"))["keys"]
        except (OSError, ValueError, KeyError):
            _LOGGER.warning("the file of public keys cannot be read; only the signing key is published")
            return []
        return [each for each in keys if each.get("iss") == USERS_ISSUER and "d" not in each]
