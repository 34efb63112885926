"""Cancels what a load run has bought, in a process of its own: it is done also where the run was broken off.

    python -m synthetics.clean_run --host URL --accounts N --seconds S [--stampede]

Tells on stdout, a line of JSON each time, how far it is. Importing it patches sockets, as locust does.
"""

import json
import os
import sys
import time
from argparse import ArgumentParser
from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random

import gevent  # type: ignore[import-untyped]
from gevent.pool import Pool  # type: ignore[import-untyped]

from synthetics.accounts import Account, staff
from synthetics.claim import Claim, Traffic
from synthetics.journey import Journey, Outcome, Visit, clean_up, walk
from synthetics.keys import Keys, keys_of
from synthetics.load_accounts import account
from synthetics.shopper import Shopper
from synthetics.stampede import CLEAR_AWAY, count_units
from synthetics.visitors import session

# Accounts that are cleared at one time; each signs in first, of which the front door lets ten through a second.
AT_ONCE = 4
SIGN_IN_SECONDS = 0.15
CANCEL = "cancel what is left"


@dataclass(slots=True, kw_only=True)
class Cleaning:
    """What is done so far. failed: accounts that could not be cleared."""

    host: str
    keys: Keys
    accounts: int
    tell: Callable[[str], None]
    cleared: int = 0
    failed: int = 0
    cancelled: int = 0
    claim: Claim = field(init=False)

    def __post_init__(self) -> None:
        self.claim = Claim(traffic=Traffic.LOAD, key=self.keys.traffic)

    def all(self) -> None:
        """Clear every account."""
        pool = Pool(AT_ONCE)
        for number in range(1, self.accounts + 1):
            pool.spawn(self._clear, account(number, self.keys.probe))
            gevent.sleep(SIGN_IN_SECONDS)
        pool.join()

    def no_units(self) -> None:
        """The product of the stampede is sold out again, as it was."""
        visit = Visit(random=Random(), others={"staff": staff(self.keys.probe)})
        if not self._walked(count_units(0), visit):
            self.failed += 1
        self.say()

    def say(self) -> None:
        """Tell how far it is."""
        counts = {"accounts": self.accounts, "cleared": self.cleared, "failed": self.failed}
        self.tell(json.dumps({**counts, "cancelled": self.cancelled}))

    def _clear(self, whose: Account) -> None:
        if self._walked(CLEAR_AWAY, Visit(random=Random(), account=whose, probes=True)):
            self.cleared += 1
        else:
            self.failed += 1
        self.say()

    def _walked(self, journey: Journey, visit: Visit) -> bool:
        client = session(self.host)
        shopper = Shopper(client, journey, pause=lambda: 0.0, tell=self._told, headers=self.claim.header)
        try:
            if walk(journey, visit, shopper.take) is Outcome.FAILED:
                return False
            before = -1
            # One round cancels a hundred at most.
            while before != self.cancelled:
                before = self.cancelled
                if not clean_up(journey, visit, shopper.take):
                    return False
            return True
        except Exception:  # an answer that a step did not foresee; what is in it is not shown
            return False
        finally:
            client.client.clientpool.close()

    def _told(self, step: str, error: str | None) -> None:
        if step == CANCEL and error is None:
            self.cancelled += 1
            if self.cancelled % 20 == 0:
                self.say()


def main(arguments: list[str]) -> int:
    """Clear everything, within the time. Returns 0 when nothing is left, else 1."""
    parser = ArgumentParser(prog="python -m synthetics.clean_run")
    parser.add_argument("--host", required=True)
    parser.add_argument("--accounts", type=int, required=True)
    parser.add_argument("--seconds", type=float, required=True)
    parser.add_argument("--parent-pid", type=int, required=True)
    parser.add_argument("--stampede", action="store_true", help="the product of the stampede, too")
    options, keys = parser.parse_args(arguments), keys_of(os.environ)
    gevent.get_hub().loop.update_now()

    def tell(line: str) -> None:
        print(line, flush=True)

    cleaning = Cleaning(host=options.host, keys=keys, accounts=options.accounts, tell=tell)

    def work() -> bool:
        cleaning.all()
        if options.stampede:
            cleaning.no_units()
        return cleaning.failed == 0

    working, end = gevent.spawn(work), time.monotonic() + options.seconds
    while not working.dead and time.monotonic() < end and os.getppid() == options.parent_pid:
        gevent.sleep(0.1)
    cleaning.say()
    return 0 if working.successful() and working.value else 1


if __name__ == "__main__":
    code = main(sys.argv[1:])
    sys.stdout.flush()
    # Whoever is still waiting for an answer is not waited for.
    os._exit(code)
