"""Accounts of shoppers, probes and load: few of them, used by visit after visit, as passwords are costly to check.

Shoppers have new ones, at addresses that nobody can tell from others. Those of probes and load are the same after each
restart: addresses and passwords come of PROBE_KEY. Another key has other accounts, as nobody can change a password that
nobody knows; and a stranger cannot register them beforehand, as their addresses cannot be guessed.
"""

import base64
import hashlib
import hmac
import secrets
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from random import Random
from typing import Any, Protocol

# A token that ends within a visit is of no use to it.
MARGIN_SECONDS = 120.0
# Of all accounts that are not people's: nothing is ever mailed there, and users forgets those that nobody uses.
DOMAIN = "probe.tillwatch.invalid"
STAFF = "staff"
STAFF_EMAIL = f"probe-staff@{DOMAIN}"


@dataclass(slots=True, kw_only=True)
class Account:
    """Somebody's account at the shop, and the tokens of their last login. Nothing of it is ever shown.

    stable:     it may be there already; whether it is, the first login tells.
    registers:  whether it makes itself where it is not there. Staff do not.
    good_until: of the access token, in Unix seconds. clock: that time.
    """

    email: str = field(repr=False)
    password: str = field(repr=False)
    clock: Callable[[], float] = field(default=time.time, repr=False)
    stable: bool = False
    registers: bool = True
    registered: bool = False
    access_token: str = field(default="", repr=False)
    refresh_token: str = field(default="", repr=False)
    good_until: float = 0.0

    @classmethod
    def new(cls) -> "Account":
        """Somebody whom the shop does not know yet."""
        return cls(email=f"shopper-{uuid.uuid4().hex}@example.com", password=secrets.token_urlsafe(18))

    @classmethod
    def of_nobody(cls) -> "Account":
        """A new one of a probe, for one visit."""
        return cls(email=f"account-{uuid.uuid4()}@{DOMAIN}", password=secrets.token_urlsafe(18))

    @classmethod
    def of(cls, name: str, key: str) -> "Account":
        """The account *name* of probes or load, which *key* makes: its address as well as its password."""
        email = f"{name}-{_made(key, f'address:{name}').hex()[:12]}@{DOMAIN}"
        return cls(email=email, password=_password(email, key), stable=True, registered=True)

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
        self.registered = self.registered and (bool(self.access_token) or not self.registers)
        self.forget()


class Lender(Protocol):
    """Has accounts for visits."""

    def borrow(self, part: str = "") -> Account:
        """One that no other visit uses meanwhile. *part*: whose in the visit; "": the shopper's own."""

    def give_back(self, account: Account) -> None:
        """*account* is free again."""


@dataclass(slots=True, kw_only=True)
class Accounts:
    """Shoppers' accounts that no visit uses right now: two at once would use up each other's tokens.

    *handful*: so many are there from the beginning; more come as more visits need one at a time.
    """

    random: Random
    handful: int = 5
    free: list[Account] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.free += [Account.new() for _ in range(self.handful)]

    def borrow(self, part: str = "") -> Account:
        """Any of those that are free, or a new one; shoppers are all alike."""
        return self.free.pop(self.random.randrange(len(self.free))) if self.free else Account.new()

    def give_back(self, account: Account) -> None:
        """*account* is free again."""
        self.free.append(account)


@dataclass(slots=True, kw_only=True)
class LoadAccounts:
    """The accounts `load-1`, `load-2`, …: as many as there are visits at one time."""

    key: str = field(repr=False)
    free: list[Account] = field(default_factory=list)
    made: int = 0

    def borrow(self, part: str = "") -> Account:
        """The one that was used last, whose tokens are good; or the next one. Staff's is always the same."""
        if part == STAFF:
            return staff(self.key)
        if self.free:
            return self.free.pop()
        self.made += 1
        return Account.of(f"load-{self.made}", self.key)

    def give_back(self, account: Account) -> None:
        """*account* is free again."""
        if account.registers:
            self.free.append(account)


@dataclass(slots=True, kw_only=True)
class ProbeAccounts:
    """The accounts of the probe *journey*, of which there is one visit at a time: its own, and of others in it."""

    key: str = field(repr=False)
    journey: str
    known: dict[str, Account] = field(default_factory=dict)

    def borrow(self, part: str = "") -> Account:
        """The same each time, with the tokens that it has got."""
        if part not in self.known:
            name = f"probe-{self.journey}-{part}" if part else f"probe-{self.journey}"
            self.known[part] = staff(self.key) if part == STAFF else Account.of(name, self.key)
        return self.known[part]

    def give_back(self, account: Account) -> None:
        """It stays where it is."""


def staff(key: str) -> Account:
    """The staff account of probes and load; `python -m services.users.jobs add` makes it, and nobody else.

    Its address is known, as that job gives the account the password of whichever key there is.
    """
    password = _password(STAFF_EMAIL, key)
    return Account(email=STAFF_EMAIL, password=password, stable=True, registers=False, registered=True)


def _password(email: str, key: str) -> str:
    return base64.urlsafe_b64encode(_made(key, f"account:{email}")).decode().rstrip("=")


def _made(key: str, what: str) -> bytes:
    return hmac.new(key.encode(), what.encode(), hashlib.sha256).digest()
