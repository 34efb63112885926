"""The signed claim of a traffic class: by it the services tell what probes and load do from what shoppers do."""

import hashlib
import hmac
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum

HEADER = "X-Tillwatch-Traffic"
GOOD_SECONDS = 600
# One that ends on its way to a service proves nothing there.
MARGIN_SECONDS = 60


class Traffic(StrEnum):
    """Whose requests are claimed to be; a user's need no claim."""

    USER = "user"
    PROBE = "probe"
    LOAD = "load"


@dataclass(slots=True, kw_only=True)
class Claim:
    """Says that requests are of the class *traffic*, signed with *key*; *clock*: Unix seconds."""

    traffic: Traffic
    key: str = field(repr=False)
    clock: Callable[[], float] = field(default=time.time, repr=False)
    _until: int = field(default=0, init=False)
    _text: str = field(default="", init=False, repr=False)

    def header(self) -> dict[str, str]:
        """The header of a request; it is signed anew before it expires. None for users."""
        if self.traffic is Traffic.USER:
            return {}
        now = self.clock()
        # A clock that was set back would leave a claim that is good for longer than any is taken for.
        if not MARGIN_SECONDS <= self._until - now <= GOOD_SECONDS:
            self._until = int(now) + GOOD_SECONDS
            said = f"{self.traffic};{self._until}"
            self._text = f"{said};{hmac.new(self.key.encode(), said.encode(), hashlib.sha256).hexdigest()}"
        return {HEADER: self._text}
