"""Logging in, refreshing and logging out."""

from collections.abc import Callable
from dataclasses import dataclass, field
from hashlib import sha256

from services.users.domain import passwords, sessions
from services.users.domain.account import Account, still_the_same
from services.users.domain.errors import InvalidCredentials, InvalidRefreshToken, TooManyAttempts
from services.users.domain.ports import Figures, Hasher, Signer, Store
from services.users.domain.sessions import Refresh

# How often a password is looked at for one login: once more when the account was changed meanwhile.
LOOKS = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Tokens:
    """What a client gets: a token for a few minutes, and one to get the next with."""

    account: Account
    access_token: str = field(repr=False)
    refresh_token: str = field(repr=False)


def account_key(email: str) -> str:
    """Names an address where it need not be read: attempts on one that nobody has are counted too."""
    return "account:" + sha256(email.encode()).hexdigest()[:48]


def address_key(address: str) -> str:
    """Names a client address."""
    return "address:" + sha256(address.encode()).hexdigest()[:48]


class SignIn:
    """Args:    now: Unix seconds."""

    def __init__(
        self, store: Store, hasher: Hasher, signer: Signer, figures: Figures, now: Callable[[], float]
    ) -> None:
        self._store = store
        self._hasher = hasher
        self._signer = signer
        self._figures = figures
        self._now = now

    def log_in(self, email: str, password: str, *, address: str) -> Tokens:
        """Tokens for the account of *email*, normalised. It takes as long whether there is such an account or not.

        Args:    address: the client's.
        Raises:  InvalidCredentials, TooManyAttempts, TooBusy
        """
        keys = {"account": account_key(email), "address": address_key(address)}
        given = passwords.normalised(password)
        found = self._attempt(email, keys)
        for _ in range(LOOKS):
            account = self._verified(found, given)
            outdated = self._hasher.is_outdated(account.password_hash)
            tokens = self._begin(account, keys, renewed=self._hasher.hash(given) if outdated else None)
            if tokens is not None:
                self._figures.login("success")
                return tokens
            # Its password was changed, or another login has renewed its hash: which, a second look tells.
            with self._store.reading() as transaction:
                found = transaction.account(account.user_id)
        self._figures.login("invalid")
        raise InvalidCredentials

    def check_current(self, account: Account, password: str, *, address: str) -> bool:
        """Whether *password* is *account*'s; counted like a login, as it would be tried like one.

        Raises:  TooManyAttempts, TooBusy
        """
        keys = {"account": account_key(account.email), "address": address_key(address)}
        self._attempt(account.email, keys)
        if not self._hasher.verify(account.password_hash, passwords.normalised(password)):
            return False
        with self._store.writing() as transaction:
            transaction.forgive(**keys)
        return True

    def refresh(self, token: str) -> Tokens:
        """New tokens for a refresh token, which is then used up.

        Raises:  InvalidRefreshToken, TooManyAttempts
        """
        new, now_ms = sessions.new_secret(), self._now_ms()
        with self._store.writing() as transaction:
            found = transaction.rotate(sessions.fingerprint(token), sessions.fingerprint(new), now_ms=now_ms)
            account = None if found.user_id is None else transaction.account(found.user_id)
        outcome = found.outcome
        if outcome is Refresh.ROTATED and (account is None or account.disabled):
            outcome = Refresh.UNKNOWN
        self._figures.refresh(outcome)
        if outcome is Refresh.THROTTLED:
            raise TooManyAttempts(_seconds(found.wait_ms))
        if outcome is not Refresh.ROTATED or account is None:
            raise InvalidRefreshToken(outcome)
        return Tokens(account=account, access_token=self._signer.token(account), refresh_token=new)

    def log_out(self, token: str) -> None:
        """End the login that *token* came of; one that is unknown has ended."""
        with self._store.writing() as transaction:
            transaction.revoke_family_of(sessions.fingerprint(token), now_ms=self._now_ms())

    def _attempt(self, email: str, keys: dict[str, str]) -> Account | None:
        with self._store.writing() as transaction:
            wait_ms = transaction.attempt(**keys, now_ms=self._now_ms())
            account = transaction.account_of(email)
        if wait_ms > 0:
            self._figures.login("throttled")
            raise TooManyAttempts(_seconds(wait_ms))
        return account

    def _verified(self, account: Account | None, password: str) -> Account:
        if not self._hasher.verify(None if account is None else account.password_hash, password):
            self._figures.login("invalid")
            raise InvalidCredentials
        if account is None or account.disabled:
            self._figures.login("disabled")
            raise InvalidCredentials
        return account

    def _begin(self, account: Account, keys: dict[str, str], renewed: str | None) -> Tokens | None:
        """Tokens, if *account* is still as it was when its password was verified."""
        refresh_token = sessions.new_secret()
        with self._store.writing() as transaction:
            # While the password was looked at, no transaction was open: it may have been changed, for good reason.
            if not still_the_same(transaction.locked_account(account.user_id), account):
                return None
            transaction.forgive(**keys)
            if renewed is not None:
                transaction.set_password(account.user_id, renewed)
            transaction.begin_family(account.user_id, sessions.fingerprint(refresh_token), now_ms=self._now_ms())
        return Tokens(account=account, access_token=self._signer.token(account), refresh_token=refresh_token)

    def _now_ms(self) -> int:
        return int(self._now() * 1000)


def _seconds(milliseconds: int) -> int:
    return -(-milliseconds // 1000)
