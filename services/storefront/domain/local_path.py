"""Where a visitor may be sent after signing in: a page of this shop, never another site's."""

import re

MAX_LENGTH = 512
# One slash, then neither a second one nor a backslash, which browsers read as one; no control character anywhere.
_LOCAL = re.compile(r"/(?![/\\])[\x21-\x5b\x5d-\x7e]*", re.ASCII)


def local_path(wanted: str | None, default: str = "/") -> str:
    """*wanted* where it is a path of ours, else *default*."""
    if wanted is None or len(wanted) > MAX_LENGTH or _LOCAL.fullmatch(wanted) is None:
        return default
    return wanted
