"""Mail as files in a folder, for whoever has no mail server: a shop on one machine, and tests."""

import os
import secrets
import time
from pathlib import Path

from services.users.adapters.mail_message import message


class FileMailer:
    """A `Mailer` that writes one `.eml` file a mail into *folder*, for this user's eyes only."""

    def __init__(self, folder: Path, sender: str) -> None:
        self._folder = folder
        self._sender = sender

    def send(self, *, to: str, subject: str, text: str) -> None:
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        # In the order in which they were written; never half of one under its name.
        name = f"{time.time_ns()}-{secrets.token_hex(4)}.eml"
        unfinished = self._folder / f".{name}"
        with os.fdopen(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(bytes(message(sender=self._sender, to=to, subject=subject, text=text)))
        unfinished.replace(self._folder / name)
