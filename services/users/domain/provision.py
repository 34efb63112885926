"""Accounts that the platform makes for its own: said again, nothing changes."""

from collections.abc import Container
from dataclasses import dataclass, replace

from services.users.domain import passwords
from services.users.domain.account import Account, new_user_id
from services.users.domain.ports import Hasher, Store
from services.users.domain.sign_in import account_key

NAME = "Platform"


@dataclass(frozen=True, slots=True, kw_only=True)
class Provisioned:
    """An account as it is now, and what was changed: a few words."""

    account: Account
    change: str


def provision(
    store: Store,
    hasher: Hasher,
    *,
    email: str,
    password: str,
    roles: frozenset[str],
    common: Container[str],
    now_ms: int,
) -> Provisioned:
    """Have there be an account of *email*, normalised, with *password* and with *roles* alone.

    Where its password was another one, its logins end. One that is closed stays so.

    Raises:  WeakPassword, TooBusy
    """
    given = passwords.normalised(password)
    passwords.check(given, email=email, common=common)
    with store.reading() as transaction:
        found = transaction.account_of(email)
    if found is not None and found.roles == roles and hasher.verify(found.password_hash, given):
        return Provisioned(account=found, change="as it was")
    password_hash = hasher.hash(given)
    wanted = Account(
        user_id=new_user_id(),
        email=email,
        name=NAME,
        roles=roles,
        password_hash=password_hash,
        created_at_ms=now_ms,
    )
    with store.writing() as transaction:
        if transaction.add(wanted):
            return Provisioned(account=wanted, change="new")
        there = transaction.account_of(email)
        assert there is not None, "its address is taken, and accounts of the platform are not forgotten"
        transaction.set_roles(there.user_id, roles)
        transaction.set_password(there.user_id, password_hash)
        transaction.revoke_all(there.user_id, now_ms=now_ms)
        transaction.forgive(account=account_key(email), address=None)
    return Provisioned(account=replace(there, roles=roles, password_hash=password_hash), change="with this password")
