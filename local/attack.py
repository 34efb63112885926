"""Guesses passwords at a shop on this machine, as a thief with a list does: for the drill of an attack.

From several addresses of this machine, as a thief has several: each is told to wait for itself.
"""

from __future__ import annotations

import itertools
import time

import click
import urllib3

from local.settings import HOST

MOST_PER_SECOND, MOST_SECONDS, MOST_ADDRESSES = 20.0, 900.0, 50
PATH = "/api/v1/auth/login"


@click.command()
@click.option("--host", required=True, help="The front door, on this machine.")
@click.option("--per-second", type=click.FloatRange(0, MOST_PER_SECOND, min_open=True), default=4.0, show_default=True)
@click.option("--addresses", type=click.IntRange(1, MOST_ADDRESSES), default=10, show_default=True)
@click.option("--seconds", type=click.FloatRange(0, MOST_SECONDS, min_open=True), default=600.0, show_default=True)
def main(host: str, per_second: float, addresses: int, seconds: float) -> None:
    """Try a wrong password so often a second, for a while."""
    port = urllib3.util.parse_url(host)
    if port.host != HOST:
        raise click.BadParameter(f"{host}: only {HOST} is attacked", param_hint="--host")
    doors = [
        urllib3.HTTPConnectionPool(HOST, port.port, source_address=(f"127.0.0.{number + 2}", 0), timeout=5.0)
        for number in range(addresses)
    ]
    began = time.monotonic()
    for number, door in enumerate(itertools.cycle(doors)):
        due = began + number / per_second
        if due > began + seconds:
            return
        time.sleep(max(0.0, due - time.monotonic()))
        _guess(door, number)


def _guess(door: urllib3.HTTPConnectionPool, number: int) -> None:
    body = {"email": f"somebody-{number % 200}@shoppers.example", "password": f"a-guess-{number:06}"}
    try:
        door.request("POST", PATH, json=body, retries=False)
    except urllib3.exceptions.HTTPError as error:
        click.echo(f"{type(error).__name__}", err=True)


if __name__ == "__main__":
    main(prog_name="python -m local.attack")
