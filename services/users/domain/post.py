"""Writes the letters that wait, after the request that asked for them was answered."""

import logging
from collections.abc import Callable

from services.users.domain import sessions
from services.users.domain.account import Account
from services.users.domain.ports import Letter, Mailer, Store, WaitingLetter

_LOGGER = logging.getLogger(__name__)
BATCH = 20
# Then it is given up: a link that is a day old is of no use.
MAX_ATTEMPTS = 8
FIRST_WAIT_MS = 2000


class Post:
    """Args:    public_url: of the storefront, for links. now: Unix seconds."""

    def __init__(self, store: Store, mailer: Mailer, *, public_url: str, now: Callable[[], float]) -> None:
        self._store = store
        self._mailer = mailer
        self._public_url = public_url.rstrip("/")
        self._now = now

    def send_waiting(self) -> int:
        """Send what waits; how many letters that were."""
        with self._store.reading() as transaction:
            waiting = transaction.letters(now_ms=self._now_ms(), most=BATCH)
        for letter in waiting:
            self._send(letter)
        return len(waiting)

    def _send(self, letter: WaitingLetter) -> None:
        # Put off first: a process that dies over it, or a second one beside it, does not send it at once again.
        wait_ms = FIRST_WAIT_MS * 2**letter.attempts
        with self._store.writing() as transaction:
            transaction.later(letter.number, until_ms=self._now_ms() + wait_ms)
            account = transaction.account_of(letter.email)
        if account is not None and not account.disabled:
            try:
                self._mailer.send(
                    to=account.email, subject=_SUBJECTS[letter.kind], text=self._text(letter.kind, account)
                )
            except OSError as error:
                _LOGGER.warning(
                    "a mail was not sent", extra={"kind": letter.kind.value, "reason": type(error).__name__}
                )
                if letter.attempts + 1 < MAX_ATTEMPTS:
                    return
        with self._store.writing() as transaction:
            transaction.sent(letter.number)

    def _text(self, kind: Letter, account: Account) -> str:
        greeting = f"Hello {account.name},\n\n"
        if kind is not Letter.RESET_ASKED:
            return greeting + _TEXTS[kind].format(url=self._public_url)
        token = sessions.new_secret()
        expires_at_ms = self._now_ms() + sessions.RESET_SECONDS * 1000
        with self._store.writing() as transaction:
            transaction.keep_reset(account.user_id, sessions.fingerprint(token), expires_at_ms=expires_at_ms)
        return greeting + _TEXTS[kind].format(url=f"{self._public_url}/password-reset/{token}")

    def _now_ms(self) -> int:
        return int(self._now() * 1000)


_SUBJECTS = {
    Letter.ALREADY_REGISTERED: "You have an account already",
    Letter.RESET_ASKED: "A new password for your account",
    Letter.PASSWORD_CHANGED: "Your password was changed",
}
_TEXTS = {
    Letter.ALREADY_REGISTERED: (
        "somebody has tried to register with your address. You have an account already: log in at\n{url}/login\n\n"
        "or, if you forgot your password, ask for a new one at\n{url}/password-reset\n\n"
        "If it was not you, nothing has changed and there is nothing to do.\n"
    ),
    Letter.RESET_ASKED: (
        "choose a new password within half an hour at\n{url}\n\n"
        "If it was not you who asked for it, nothing has changed and there is nothing to do.\n"
    ),
    Letter.PASSWORD_CHANGED: (
        "your password was changed just now, and you were logged out everywhere.\n\n"
        "If it was not you, ask for a new password at\n{url}/password-reset\n"
    ),
}
