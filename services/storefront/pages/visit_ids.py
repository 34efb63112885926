"""The ids of visits: 256 random bits each, made here and signed, so that one can wait in a cookie until it is needed.

A visitor's forms need a token that is theirs, long before there is anything to store of them. It is derived from the
id, which only the cookie holds; the signature says that the id is one of ours, and not somebody else's choice.
"""

import base64
import hashlib
import hmac
import re
import secrets

_ID_BYTES = 32
_COOKIE = re.compile(r"([A-Za-z0-9_-]{43})(?:\.([A-Za-z0-9_-]{43}))?", re.ASCII)
_PURPOSE = b"tillwatch storefront visits"


class VisitIds:
    """Makes and recognises ids.

    Args:    key: None makes one that lasts as long as the process: after that, pages that guests have open are stale.
    """

    def __init__(self, key: str | None) -> None:
        self._key = secrets.token_bytes(32) if key is None else hmac.digest(key.encode(), _PURPOSE, "sha256")

    def new(self) -> str:
        """An id that nobody has seen before."""
        return secrets.token_urlsafe(_ID_BYTES)

    def signed(self, visit_id: str) -> str:
        """What a cookie says of *visit_id* while nothing is stored under it."""
        digest = hmac.new(self._key, visit_id.encode(), hashlib.sha256).digest()
        return f"{visit_id}.{_text(digest)}"

    def read(self, cookie: str) -> tuple[str, bool]:
        """The id that *cookie* holds, "" for none, and whether it is signed by us."""
        found = _COOKIE.fullmatch(cookie)
        if found is None:
            return "", False
        return found[1], hmac.compare_digest(cookie, self.signed(found[1]))


def storage_key(visit_id: str) -> str:
    """What the store knows *visit_id* by: whoever reads it there cannot be anybody."""
    return hashlib.sha256(visit_id.encode()).hexdigest()


def token_of_forms(visit_id: str) -> str:
    """What every form of the visit sends along: it changes with the id."""
    return hmac.new(visit_id.encode(), b"form", hashlib.sha256).hexdigest()


def _text(digest: bytes) -> str:
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")
