"""Writes the letters that wait, after the request that asked for them was answered."""

import logging
from collections.abc import Callable

from services.users.domain import sessions
from services.users.domain.account import Account
from services.users.domain.ports import Letter, Mailer, Store, Transaction, WaitingLetter

_LOGGER = logging.getLogger(__name__)
BATCH = 20
# Then it is given up: a link that is a day old is of no use.
MAX_ATTEMPTS = 8
FIRST_WAIT_MS = 2000
# Longer than a mail server may take over one letter: meanwhile nobody else writes it.
CLAIM_MS = 120_000
# What a stranger can have sent to somebody: one of each in so long. A link lasts longer, so that they always have one.
PAUSE_MS = 300_000
STRANGERS = frozenset({Letter.ALREADY_REGISTERED, Letter.RESET_ASKED})


class Post:
    """Args:    public_url: of the storefront, for links. now: Unix seconds."""

    def __init__(self, store: Store, mailer: Mailer, *, public_url: str, now: Callable[[], float]) -> None:
        self._store = store
        self._mailer = mailer
        self._public_url = public_url.rstrip("/")
        self._now = now

    def send_waiting(self) -> int:
        """Send what waits and nobody else is sending; how many letters that were."""
        with self._store.reading() as transaction:
            waiting = transaction.letters(now_ms=self._now_ms(), most=BATCH)
        return sum(self._send(letter) for letter in waiting)

    def _send(self, letter: WaitingLetter) -> bool:
        """Send *letter*, or put it off; whether it was ours to send."""
        wait_ms = FIRST_WAIT_MS * 2**letter.attempts
        now_ms = self._now_ms()
        with self._store.writing() as transaction:
            # Put off first: a process that dies over it does not send it at once again, nor does another beside it.
            if not transaction.claim(letter, until_ms=now_ms + max(CLAIM_MS, wait_ms)):
                return False
            account = transaction.account_of(letter.email)
            if account is not None and not _is_due(transaction, letter, account, now_ms):
                account = None
        if account is not None:
            try:
                self._mailer.send(
                    to=account.email, subject=_SUBJECTS[letter.kind], text=self._text(letter.kind, account)
                )
            except OSError as error:
                _LOGGER.warning(
                    "a mail was not sent", extra={"kind": letter.kind.value, "reason": type(error).__name__}
                )
                if letter.attempts + 1 < MAX_ATTEMPTS:
                    with self._store.writing() as transaction:
                        transaction.later(letter.number, until_ms=self._now_ms() + wait_ms)
                    return True
        with self._store.writing() as transaction:
            transaction.sent(letter.number)
        return True

    def _text(self, kind: Letter, account: Account) -> str:
        if kind is not Letter.RESET_ASKED:
            return _GREETING + _TEXTS[kind].format(url=self._public_url)
        token = sessions.new_secret()
        expires_at_ms = self._now_ms() + sessions.RESET_SECONDS * 1000
        with self._store.writing() as transaction:
            transaction.keep_reset(account.user_id, sessions.fingerprint(token), expires_at_ms=expires_at_ms)
        return _GREETING + _TEXTS[kind].format(url=f"{self._public_url}/password-reset/{token}")

    def _now_ms(self) -> int:
        return int(self._now() * 1000)


def _is_due(transaction: Transaction, letter: WaitingLetter, account: Account, now_ms: int) -> bool:
    if account.disabled:
        return False
    # What was tried before was due then.
    if letter.attempts > 0 or letter.kind not in STRANGERS:
        return True
    return transaction.may_write(letter.kind, account.user_id, now_ms=now_ms, pause_ms=PAUSE_MS)


# Without a name: whoever registers somebody else's address has chosen it, and would write to them by us.
_GREETING = "Hello,\n\n"
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
