"""Shoppers' accounts: a handful, made once and used by visit after visit, as passwords are costly to check."""

import secrets
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from random import Random
from typing import Any

# A token that ends within a visit is of no use to it.
MARGIN_SECONDS = 120.0


@dataclass(slots=True, kw_only=True)
class Account:
    """Somebody's account at the shop, and the tokens of their last login. Nothing of it is ever shown.

    good_until: of the access token, in Unix seconds. clock: that time.
    """

    email: str = field(repr=False)
    password: str = field(repr=False)
    clock: Callable[[], float] = field(default=time.time, repr=False)
    registered: bool = False
    access_token: str = field(default="", repr=False)
    refresh_token: str = field(default="", repr=False)
    good_until: float = 0.0

    @classmethod
    def new(cls) -> "Account":
        """Somebody whom the shop does not know yet."""
        return cls(email=f"shopper-{uuid.uuid4().hex}@example.com", password=secrets.token_urlsafe(18))

    @property
    def bearer(self) -> Mapping[str, str]:
        """The header of a request for what is one's own."""
        return {"Authorization": f"Bearer {self.access_token}"}

    @property
    def must_refresh(self) -> bool:
        """Whether the tokens are to be renewed before they are used."""
        return bool(self.refresh_token) and self.clock() > self.good_until - MARGIN_SECONDS

    @property
    def must_log_in(self) -> bool:
        """Whether there are no tokens."""
        return not self.access_token

    def keep(self, tokens: Mapping[str, Any]) -> None:
        """Use *tokens*, as the shop sent them, from now on."""
        self.access_token, self.refresh_token = tokens["access_token"], tokens["refresh_token"]
        self.good_until = self.clock() + tokens["expires_in"]

    def take_refresh_token(self) -> str:
        """The refresh token, which is good once: whatever becomes of the request, it is not sent again."""
        token = self.refresh_token
        self.forget()
        return token

    def forget(self) -> None:
        """Log in afresh next time."""
        self.access_token = self.refresh_token = ""

    def distrust(self) -> None:
        """The shop did not take what it was shown: log in afresh, or if that was a login, register again."""
        self.registered = self.registered and bool(self.access_token)
        self.forget()


@dataclass(slots=True, kw_only=True)
class Accounts:
    """Accounts that no visit uses right now: two at once would use up each other's tokens.

    *handful*: so many are there from the beginning; more come as more visits need one at a time.
    """

    random: Random
    handful: int = 5
    free: list[Account] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.free += [Account.new() for _ in range(self.handful)]

    def borrow(self) -> Account:
        """Any of those that are free, or a new one."""
        return self.free.pop(self.random.randrange(len(self.free))) if self.free else Account.new()

    def give_back(self, account: Account) -> None:
        """*account* is free again."""
        self.free.append(account)
