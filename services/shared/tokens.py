"""Checks bearer tokens (RFC 9068) against the keys of a file, which is read again when it changes.

Source:  RFC 8725: the algorithm comes from the key, never from the token; `kid` only chooses among known keys.
"""

import logging
import threading
import time
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import Any

import jwt

from services.shared.config import Config
from services.shared.errors import ConfigError, InvalidToken
from services.shared.identity import Principal, TokenVerifier, vouched
from services.shared.jwks import TrustedKey, read_keys

_LOGGER = logging.getLogger(__name__)
TYPE = "at+jwt"
_TYPES = frozenset({TYPE, f"application/{TYPE}"})
REQUIRED = ("iss", "aud", "exp", "nbf", "sub")
LEEWAY_SECONDS = 10
MAX_TOKEN_LENGTH = 4096
# A key taken out of the file is refused this soon, a new one known.
REREAD_SECONDS = 5.0
_REASONS: tuple[tuple[type[jwt.PyJWTError], str], ...] = (
    (jwt.ExpiredSignatureError, "expired"),
    (jwt.ImmatureSignatureError, "not_yet"),
    (jwt.InvalidAudienceError, "audience"),
    (jwt.InvalidIssuerError, "issuer"),
    (jwt.InvalidSignatureError, "signature"),
    (jwt.MissingRequiredClaimError, "claims"),
)


class KeyFile:
    """The keys of a file, as it is now. While a changed file cannot be read, the keys before it count.

    Args:    clock: monotonic seconds.
    Raises:  ConfigError: the file cannot be used from the start.
    """

    def __init__(self, path: Path, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._path = path
        self._clock = clock
        self._lock = threading.Lock()
        self._stamp = self._now_stamp()
        self._keys = read_keys(path)
        self._checked = clock()

    def keys(self) -> Mapping[str, TrustedKey]:
        """The keys by their ids."""
        if self._clock() - self._checked >= REREAD_SECONDS:
            with self._lock:
                self._refresh()
        return self._keys

    def _refresh(self) -> None:
        self._checked = self._clock()
        stamp = self._now_stamp()
        if stamp == self._stamp:
            return
        try:
            self._keys = read_keys(self._path)
        except ConfigError:
            _LOGGER.exception("the key file cannot be used; its last good state is kept")
            return
        self._stamp = stamp

    def _now_stamp(self) -> tuple[int, int, int] | None:
        try:
            found = self._path.stat()
        except OSError:
            return None
        return found.st_mtime_ns, found.st_size, found.st_ino


class JwksVerifier:
    """A `TokenVerifier` for one *audience*, the service's own name.

    Args:    keys_file: public keys, see `jwks`. issuers: those whose tokens count here, whatever else is in the file.
             now: Unix seconds; expiry is read off it.
    Raises:  ConfigError: the file cannot be used.
    """

    def __init__(
        self,
        keys_file: Path,
        audience: str,
        issuers: Collection[str],
        *,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._file = KeyFile(keys_file)
        self._audience = audience
        self._issuers = frozenset(issuers)
        self._now = now

    def verify(self, token: str) -> Principal:
        """Who the bearer is.

        Raises:  InvalidToken: its text is one word, for the log; it never holds a part of the token.
        """
        key = self._key_for(token)
        claims = self._claims(token, key)
        self._check_times(claims)
        return vouched(issuer=key.issuer, subject=claims["sub"], roles=claims.get("roles"))

    def _key_for(self, token: str) -> TrustedKey:
        if len(token) > MAX_TOKEN_LENGTH:
            raise InvalidToken("too_long")
        try:
            header = jwt.get_unverified_header(token)
        except (jwt.PyJWTError, ValueError, RecursionError) as error:
            raise InvalidToken("malformed") from error
        # `jku`, `jwk`, `x5u` and `x5c` are never looked at: keys come from our file alone. `crit` names extensions
        # that a verifier must understand, and we know none.
        if "crit" in header or "b64" in header:
            raise InvalidToken("crit")
        kind = header.get("typ")
        # Nothing is signed yet that is read here: whatever JSON can hold may stand there.
        if not isinstance(kind, str) or kind not in _TYPES:
            raise InvalidToken("type")
        kid = header.get("kid")
        key = self._file.keys().get(kid) if isinstance(kid, str) else None
        if key is None or key.issuer not in self._issuers:
            raise InvalidToken("key")
        if header.get("alg") != key.algorithm:
            raise InvalidToken("algorithm")
        return key

    def _claims(self, token: str, key: TrustedKey) -> dict[str, Any]:
        try:
            return jwt.decode(
                token,
                key.public,
                algorithms=[key.algorithm],
                audience=self._audience,
                issuer=key.issuer,
                # Times are checked below, by the clock that was given.
                options={"require": list(REQUIRED), "verify_exp": False, "verify_nbf": False, "verify_iat": False},
            )
        except (jwt.PyJWTError, ValueError, RecursionError) as error:
            word = next((word for kind, word in _REASONS if isinstance(error, kind)), "malformed")
            raise InvalidToken(word) from error

    def _check_times(self, claims: Mapping[str, Any]) -> None:
        now = self._now()
        expires, begins = claims["exp"], claims["nbf"]
        if not all(isinstance(each, int | float) and not isinstance(each, bool) for each in (expires, begins)):
            raise InvalidToken("claims")
        # Written so that NaN, which compares false to everything, is refused.
        if not expires > now - LEEWAY_SECONDS:
            raise InvalidToken("expired")
        if not begins <= now + LEEWAY_SECONDS:
            raise InvalidToken("not_yet")


def verifier_of(config: Config, issuers: Collection[str]) -> TokenVerifier | None:
    """The verifier of a service's own tokens, for `service.build`; None where *config* names no key file.

    Raises:  ConfigError: the file cannot be used.
    """
    return None if config.jwks_file is None else JwksVerifier(config.jwks_file, config.service, issuers)
