"""A service's own tokens: it signs them itself, for one peer each, and they last a minute."""

import threading
import time
from collections.abc import Callable
from pathlib import Path

from services.shared.errors import ConfigError
from services.shared.identity import SERVICE, SERVICE_PREFIX
from services.shared.signing import SigningKey

TTL_SECONDS = 60
# Used again for half of its life: what is left covers the call and the two clocks.
_REUSED_SECONDS = TTL_SECONDS / 2


class ServiceTokens:
    """Tokens that say `service:NAME`, signed with the key in *key_file*.

    Args:    now: Unix seconds.
    Raises:  ConfigError: no such key, or another service's.
    """

    def __init__(self, key_file: Path, service: str, *, now: Callable[[], float] = time.time) -> None:
        key = SigningKey.load(key_file)
        if key.issuer != SERVICE_PREFIX + service:
            raise ConfigError(f"{key_file}: a key of {key.issuer!r}, expected one of {SERVICE_PREFIX + service!r}")
        self._key = key
        self._now = now
        self._lock = threading.Lock()
        # Audience → when its token was made, and the token.
        self._made: dict[str, tuple[float, str]] = {}

    def token(self, audience: str) -> str:
        """A token that the service *audience* accepts now."""
        now = self._now()
        with self._lock:
            made, token = self._made.get(audience, (0.0, ""))
            if not token or not 0 <= now - made < _REUSED_SECONDS:
                token = self._key.sign(
                    subject=self._key.issuer, roles={SERVICE}, audience=audience, ttl=TTL_SECONDS, now=now
                )
                self._made[audience] = (now, token)
        return token
