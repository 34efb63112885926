"""Files that only this user may read."""

from __future__ import annotations

import os
import secrets
from pathlib import Path


def write_secret(path: Path, text: str) -> None:
    """Write *text* to *path* with mode 0600 from the first byte on.

    What has the name is whole: half a key, left by a kill or a full disk, would be taken for one ever after.
    """
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    new = path.with_name(f"{path.name}.new")
    new.unlink(missing_ok=True)  # an older file could be readable to others, or a link
    file = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(file, "w", encoding="utf-8") as opened:
        opened.write(text)
    new.replace(path)


def new_token() -> str:
    """32 characters that cannot be guessed: the length of a PagerDuty routing key."""
    return secrets.token_hex(16)
