"""Page cursors: the last key of a page, made opaque so that clients pass it back and never build one."""

import base64
import binascii

from services.shared.errors import CursorError

# Written before the key, so that another kind of cursor can be told from this one later.
_VERSION = "1:"


def encode(last_key: str) -> str:
    """Cursor that continues after *last_key*: URL-safe characters without padding."""
    return base64.urlsafe_b64encode(f"{_VERSION}{last_key}".encode()).rstrip(b"=").decode()


def decode(cursor: str) -> str:
    """The key that `encode` was given.

    Raises:  CursorError: anything that `encode` never returns, other spellings of the same bytes included.
    """
    try:
        padded = cursor.encode("ascii") + b"=" * (-len(cursor) % 4)
        text = base64.b64decode(padded, altchars=b"-_", validate=True).decode()
    except (UnicodeError, binascii.Error) as error:
        raise CursorError("not a cursor of this service") from error
    last_key = text.removeprefix(_VERSION)
    if last_key == text or encode(last_key) != cursor:
        raise CursorError("not a cursor of this service")
    return last_key
