"""`python -m synthetics staff-password`: the password of the probes' staff account, for whoever makes that account."""

import os
from pathlib import Path

import click

from synthetics.accounts import STAFF_EMAIL, staff
from synthetics.host import UsageError
from synthetics.keys import probe_key


@click.command("staff-password")
@click.option(
    "--to",
    "file",
    required=True,
    type=click.Path(path_type=Path, dir_okay=False),
    help="The file.",
)
def staff_password(file: Path) -> None:
    """Write the password that PROBE_KEY makes for the probes' staff account into a file, and show it nowhere.

    PASSWORD_FILE=FILE python -m services.users.jobs add ADDRESS staff warehouse then gives it to the account, whose
    address is what this prints.
    """
    try:
        password = staff(probe_key(os.environ)).password
        file.unlink(missing_ok=True)
        # Nobody else opens it in the moment before it has its mode.
        with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as out:
            out.write(password)
    except UsageError as error:
        raise click.UsageError(str(error)) from error
    except OSError as error:
        raise click.UsageError(f"--to {file}: cannot be written: {error.strerror}") from error
    click.echo(STAFF_EMAIL)
