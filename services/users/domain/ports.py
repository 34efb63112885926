"""What the domain asks of the world around it."""

from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

from services.users.domain.account import Account
from services.users.domain.sessions import Refresh


class Letter(StrEnum):
    """What a mail is about."""

    ALREADY_REGISTERED = "already_registered"
    RESET_ASKED = "reset_asked"
    PASSWORD_CHANGED = "password_changed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rotation:
    """What came of a refresh token; user_id of the account that it was given to, where it is known.

    wait_ms: for THROTTLED, how long it is not taken.
    """

    outcome: Refresh
    user_id: str | None = None
    wait_ms: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitingLetter:
    """A letter that is to be written."""

    number: int
    kind: Letter
    email: str = field(repr=False)
    attempts: int
    next_attempt_at_ms: int


class Transaction(Protocol):
    """Changes that are made together or not at all."""

    def account(self, user_id: str) -> Account | None: ...
    def account_of(self, email: str) -> Account | None: ...
    def locked_account(self, user_id: str) -> Account | None:
        """As it is now, and until this transaction ends. Ask for it before whatever else is changed."""

    def add(self, account: Account) -> bool:
        """Whether it was added: nobody has its address yet."""

    def set_password(self, user_id: str, password_hash: str) -> None: ...
    def set_name(self, user_id: str, name: str) -> None: ...
    def set_roles(self, user_id: str, roles: frozenset[str]) -> None: ...
    def set_disabled(self, user_id: str, now_ms: int | None) -> None: ...

    def attempt(self, *, account: str, address: str, now_ms: int) -> int:
        """Count an attempt on both; 0, or for how many milliseconds none is let through."""

    def forgive(self, *, account: str, address: str | None) -> None:
        """It was the right password."""

    def begin_family(self, user_id: str, token: str, *, now_ms: int) -> None: ...
    def rotate(self, old: str, new: str, *, now_ms: int) -> Rotation:
        """Put *new* in place of *old*, both fingerprints; a second use of *old* revokes all that came of its login."""

    def revoke_family_of(self, token: str, *, now_ms: int) -> None: ...
    def revoke_all(self, user_id: str, *, now_ms: int) -> None: ...

    def keep_reset(self, user_id: str, token: str, *, expires_at_ms: int) -> None: ...
    def reset_of(self, token: str, *, now_ms: int) -> str | None:
        """Whose reset token it is; it stays good."""

    def use_reset(self, token: str, *, now_ms: int) -> str | None:
        """Whose reset token it is; it is gone."""

    def forget_resets(self, user_id: str) -> None: ...

    def queue(self, kind: Letter, email: str, *, now_ms: int) -> None: ...
    def letters(self, *, now_ms: int, most: int) -> tuple[WaitingLetter, ...]: ...
    def claim(self, letter: WaitingLetter, *, until_ms: int) -> bool:
        """Count an attempt and put it off; False: somebody else has it, or it was sent."""

    def may_write(self, kind: Letter, user_id: str, *, now_ms: int, pause_ms: int) -> bool:
        """Whether the last letter of *kind* to this account is so long ago; then this is the last one."""

    def later(self, number: int, *, until_ms: int) -> None: ...
    def sent(self, number: int) -> None: ...


class Store(Protocol):
    """Where accounts are kept."""

    def writing(self) -> AbstractContextManager[Transaction]: ...
    def reading(self) -> AbstractContextManager[Transaction]: ...


class Hasher(Protocol):
    """Turns passwords into what may be kept of them."""

    def hash(self, password: str) -> str:
        """Raises:  TooBusy"""

    def verify(self, password_hash: str | None, password: str) -> bool:
        """Whether it is that password's; for None it takes as long, and is false. Raises:  TooBusy"""

    def is_outdated(self, password_hash: str) -> bool:
        """Whether it was made by other parameters than new ones are."""


class Mailer(Protocol):
    """Sends mail."""

    def send(self, *, to: str, subject: str, text: str) -> None:
        """Raises:  OSError: it could not be sent."""


class Signer(Protocol):
    """Makes access tokens."""

    def token(self, account: Account) -> str: ...


class Figures(Protocol):
    """Counts what happens."""

    def login(self, outcome: str) -> None: ...
    def refresh(self, outcome: str) -> None: ...
    def registration(self, outcome: str) -> None: ...


Headers = Mapping[str, str]
