"""Registering, and changing what an account is: its name, password and roles."""

from collections.abc import Callable, Container

from services.users.domain import passwords, sessions
from services.users.domain.account import CUSTOMER, Account, new_user_id, still_the_same
from services.users.domain.errors import InvalidResetToken, UserNotFound, WrongPassword
from services.users.domain.ports import Figures, Hasher, Letter, Store, Transaction
from services.users.domain.sign_in import SignIn, account_key


class Accounts:
    """Args:    common: passwords that are refused. now: Unix seconds."""

    def __init__(  # each is another thing of the world outside
        self,
        store: Store,
        hasher: Hasher,
        sign_in: SignIn,
        figures: Figures,
        *,
        common: Container[str],
        now: Callable[[], float],
    ) -> None:
        self._store = store
        self._hasher = hasher
        self._sign_in = sign_in
        self._figures = figures
        self._common = common
        self._now = now

    def register(self, email: str, password: str, name: str) -> None:
        """Make an account for *email*, normalised. Whoever has one already gets a mail; the caller is not told.

        Raises:  WeakPassword, TooBusy
        """
        password_hash = self._checked_hash(password, email)
        now_ms = self._now_ms()
        account = Account(
            user_id=new_user_id(),
            email=email,
            name=name,
            roles=frozenset({CUSTOMER}),
            password_hash=password_hash,
            created_at_ms=now_ms,
        )
        with self._store.writing() as transaction:
            added = transaction.add(account)
            if not added:
                transaction.queue(Letter.ALREADY_REGISTERED, email, now_ms=now_ms)
        self._figures.registration("created" if added else "taken")

    def get(self, user_id: str) -> Account:
        """The account.

        Raises:  UserNotFound
        """
        with self._store.reading() as transaction:
            return _there(transaction.account(user_id))

    def rename(self, user_id: str, name: str) -> Account:
        """The account with another name.

        Raises:  UserNotFound
        """
        with self._store.writing() as transaction:
            transaction.set_name(user_id, name)
            return _there(transaction.account(user_id))

    def set_roles(self, user_id: str, roles: frozenset[str]) -> Account:
        """The account with *roles* in place of those it had. They count from its next token on.

        Raises:  UserNotFound
        """
        with self._store.writing() as transaction:
            transaction.set_roles(user_id, roles)
            return _there(transaction.account(user_id))

    def change_password(self, user_id: str, current: str, new: str, *, address: str) -> None:
        """Put *new* in place of *current*; every login of the account ends.

        Raises:  UserNotFound, WrongPassword, WeakPassword, TooManyAttempts, TooBusy
        """
        account = self.get(user_id)
        # What costs least comes first: whoever knows the current password could keep this machine busy for nothing.
        self._checked(new, account.email)
        if not self._sign_in.check_current(account, current, address=address):
            raise WrongPassword
        password_hash = self._checked_hash(new, account.email)
        with self._store.writing() as transaction:
            # Somebody else may have changed it since: *current* is another one's then.
            if not still_the_same(transaction.locked_account(user_id), account):
                raise WrongPassword
            self._replace(transaction, account, password_hash)

    def ask_for_reset(self, email: str) -> None:
        """Have a mail sent to *email*, if it is an account's: found out later, so that it takes as long if not."""
        with self._store.writing() as transaction:
            transaction.queue(Letter.RESET_ASKED, email, now_ms=self._now_ms())

    def reset_password(self, token: str, new: str) -> None:
        """Put *new* in place of a forgotten password; every login of the account ends.

        Raises:  InvalidResetToken, WeakPassword, TooBusy
        """
        # What costs least comes first: a stranger's guess at a token is not worth a hash. And a token is not used up
        # by a password that may not be one.
        self._checked(new, "")
        fingerprint = sessions.fingerprint(token)
        with self._store.reading() as transaction:
            user_id = transaction.reset_of(fingerprint, now_ms=self._now_ms())
            account = None if user_id is None else transaction.account(user_id)
        if account is None or account.disabled:
            raise InvalidResetToken
        password_hash = self._checked_hash(new, account.email)
        with self._store.writing() as transaction:
            current = transaction.locked_account(account.user_id)
            used_by = transaction.use_reset(fingerprint, now_ms=self._now_ms())
            if current is None or current.disabled or used_by != current.user_id:
                raise InvalidResetToken
            self._replace(transaction, current, password_hash)

    def _replace(self, transaction: Transaction, account: Account, password_hash: str) -> None:
        now_ms = self._now_ms()
        transaction.set_password(account.user_id, password_hash)
        transaction.revoke_all(account.user_id, now_ms=now_ms)
        # A link that was mailed before is good for no other password.
        transaction.forget_resets(account.user_id)
        transaction.forgive(account=account_key(account.email), address=None)
        transaction.queue(Letter.PASSWORD_CHANGED, account.email, now_ms=now_ms)

    def _checked_hash(self, password: str, email: str) -> str:
        return self._hasher.hash(self._checked(password, email))

    def _checked(self, password: str, email: str) -> str:
        found = passwords.normalised(password)
        passwords.check(found, email=email, common=self._common)
        return found

    def _now_ms(self) -> int:
        return int(self._now() * 1000)


def _there(found: Account | None) -> Account:
    if found is None:
        raise UserNotFound
    return found
