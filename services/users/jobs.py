"""Jobs and commands of users, each run once and ended.

python -m services.users.jobs purge                       forgets logins, links and attempts that are over, and the
                                                          accounts of probes that nobody uses; every day
python -m services.users.jobs add EMAIL ROLE…             makes an account, with the password in the file PASSWORD_FILE;
                                                          one that is there gets this password and these roles
python -m services.users.jobs backup [--to FOLDER]        a copy; by default in DATA_DIR/backups
python -m services.users.jobs grant EMAIL ROLE…           gives an account roles beside those it has
python -m services.users.jobs revoke EMAIL ROLE…          takes roles from it
python -m services.users.jobs disable|enable EMAIL        closes an account, or opens it again
"""

import argparse
import os
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from services.shared import jobs, migrate
from services.shared.backup import BackupFailed, backup
from services.shared.config import Config, from_environ
from services.shared.database import Database, open_database
from services.shared.errors import ConfigError, SharedError
from services.users.adapters import housekeeping
from services.users.adapters.common_passwords import common_passwords
from services.users.adapters.hashing import Argon2Hasher
from services.users.adapters.sql import SqlStore
from services.users.domain.account import CUSTOMER, ROLES, normalised
from services.users.domain.errors import InvalidEmail, UserNotFound, WeakPassword
from services.users.domain.provision import provision
from services.users.domain.throttle import Limits
from services.users.figures import BACKUP, PURGE

ADD = "add"
PASSWORD_FILE = "PASSWORD_FILE"


def main(arguments: Sequence[str], environ: Mapping[str, str]) -> int:
    """The command. Returns its exit code: 0 done, 1 failed, 2 wrong usage."""
    parsed = _parse(arguments)
    try:
        config = from_environ("users", environ)
        config.data_dir.mkdir(parents=True, exist_ok=True)
        database = open_database(config.database_url, pool_size=2)
        try:
            migrate.prepare(database, "users")
            print(f"{parsed.job}: {_run(parsed, config, database, environ, now=time.time())}")
        finally:
            database.close()
    except InvalidEmail:
        print(f"{parsed.job}: this is no e-mail address", file=sys.stderr)
        return 2
    except WeakPassword as error:
        print(f"{parsed.job}: {PASSWORD_FILE}: {error}", file=sys.stderr)
        return 2
    except UserNotFound:
        print(f"{parsed.job}: no account has this address", file=sys.stderr)
        return 1
    except (BackupFailed, SharedError, OSError) as error:
        print(f"{parsed.job}: {error}", file=sys.stderr)
        return 1
    return 0


def _run(
    parsed: argparse.Namespace, config: Config, database: Database, environ: Mapping[str, str], *, now: float
) -> str:
    if parsed.job == ADD:
        return _add(parsed, database, _password(environ), now=now)
    if parsed.job == PURGE:
        return _purge(database, now=now)
    if parsed.job == BACKUP:
        copy = backup(config.database_url, parsed.to or config.data_dir / "backups", "users", now=now)
        with database.writing() as connection:
            jobs.succeeded(connection, BACKUP, now=now)
        return str(copy)
    return _change(parsed, database, now=now)


def _purge(database: Database, *, now: float) -> str:
    forgotten = 0
    for forget in (housekeeping.purge, housekeeping.purge_probes):
        while batch := forget(database, now_ms=int(now * 1000)):
            forgotten += batch
    with database.writing() as connection:
        jobs.succeeded(connection, PURGE, now=now)
    return f"{forgotten} forgotten"


def _password(environ: Mapping[str, str]) -> str:
    """Raises:  ConfigError: there is none."""
    file = environ.get(PASSWORD_FILE)
    if not file:
        raise ConfigError(f"{PASSWORD_FILE} is not set: expected the path of a file that holds the password")
    try:
        return Path(file).read_text(encoding="utf-8").strip()
    except UnicodeDecodeError as error:
        raise ConfigError(f"{PASSWORD_FILE}: {file} is no text") from error


def _add(parsed: argparse.Namespace, database: Database, password: str, *, now: float) -> str:
    made = provision(
        SqlStore(database, Limits()),
        Argon2Hasher(),
        email=normalised(parsed.email),
        password=password,
        roles=frozenset(parsed.role),
        common=common_passwords(),
        now_ms=int(now * 1000),
    )
    return f"{made.account.user_id} is {' and '.join(sorted(made.account.roles))}, {made.change}"


def _change(parsed: argparse.Namespace, database: Database, *, now: float) -> str:
    with SqlStore(database, Limits()).writing() as transaction:
        account = transaction.account_of(normalised(parsed.email))
        if account is None:
            raise UserNotFound
        if parsed.job in ("grant", "revoke"):
            change = frozenset(parsed.role)
            roles = account.roles | change if parsed.job == "grant" else account.roles - change
            transaction.set_roles(account.user_id, roles or frozenset({CUSTOMER}))
            return f"{account.user_id} is {' and '.join(sorted(roles or {CUSTOMER}))}, from its next token on"
        transaction.set_disabled(account.user_id, int(now * 1000) if parsed.job == "disable" else None)
        if parsed.job == "disable":
            transaction.revoke_all(account.user_id, now_ms=int(now * 1000))
            return f"{account.user_id} is closed; a token that it has is good for ten minutes more"
    return f"{account.user_id} is open"


def _parse(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m services.users.jobs", description="Jobs and commands of users.")
    commands = parser.add_subparsers(dest="job", required=True)
    commands.add_parser(PURGE, help="forget logins, links and attempts that are over")
    copy = commands.add_parser(BACKUP, help="copy the database while it is used")
    copy.add_argument("--to", type=Path, metavar="FOLDER", help="by default DATA_DIR/backups")
    adding = commands.add_parser(ADD, help=f"make an account with the password in the file {PASSWORD_FILE}")
    adding.add_argument("email")
    adding.add_argument("role", nargs="+", choices=sorted(ROLES))
    for name, text in (("grant", "give an account roles"), ("revoke", "take roles from an account")):
        changing = commands.add_parser(name, help=text)
        changing.add_argument("email")
        changing.add_argument("role", nargs="+", choices=sorted(ROLES))
    for name, text in (("disable", "close an account"), ("enable", "open it again")):
        commands.add_parser(name, help=text).add_argument("email")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], os.environ))
