"""Guessing passwords, and finding out who has an account, against the running users service and its front door."""

import random
import statistics
import time
from collections.abc import Callable
from typing import Any

import pytest

from local.shop_run import Answer, ShopRun
from tests.attacks.attacker import Attacker, code
from tests.attacks.visitor import PASSWORD, Visitor, account, fresh_address

GUESSING = "brute force per account and per address with backoff"
ENUMERATION = "user enumeration"
WRONG = "another-lantern-43"
LOGIN = "/api/v1/auth/login"
RESET = "/api/v1/auth/password-reset"
# Free attempts of an account, and how many an address has (services/users/domain/throttle.py).
FREE, ADDRESS_ATTEMPTS = 5, 30
PAIRS, TRIES, TOLERANCE = 60, 6, 0.1  # a busy machine spoils some tries, and a real difference all of them


def told(answer: Answer) -> tuple[int, Any, list[str]]:
    """What an answer tells: status, body and the names of its headers; but for the request's own ids."""
    body = {name: each for name, each in answer.json().items() if name not in ("request_id", "trace_id")}
    return answer.status, body, sorted(answer.headers)


@pytest.mark.attack(GUESSING)
def test_guesses_at_one_account(door_shop: ShopRun) -> None:
    """One account's password, each guess with another address claimed. Slower and slower, and a good one waits too."""
    email, visitor = account(door_shop.url), Visitor(door_shop.url)

    def guess(password: str, number: int = 0) -> Answer:
        claimed = f"198.51.100.{number % 250}"
        headers = {"X-Forwarded-For": claimed, "X-Real-IP": claimed, "Forwarded": f"for={claimed}"}
        return visitor.call(LOGIN, {"email": email, "password": password}, **headers)

    assert [guess(WRONG, number).status for number in range(FREE)] == [401] * FREE
    waits = []
    for _ in range(2):
        refused = guess(PASSWORD, 77)
        assert code(refused) == (429, "too_many_attempts")
        waits.append(int(refused.headers["retry-after"]))
        time.sleep(waits[-1] + 0.05)
        assert guess(WRONG).status == 401
    assert waits == [1, 2]
    assert guess(PASSWORD).status == 429


@pytest.mark.attack(GUESSING)
def test_guesses_on_the_page(door_shop: ShopRun) -> None:
    """One account's password on the page for it, in new sessions. The same waits, said with Retry-After."""
    email = account(door_shop.url)
    answers = [Visitor(door_shop.url).sign_in(email, WRONG) for _ in range(FREE + 1)]
    assert [each.status for each in answers] == [401] * FREE + [429]
    assert int(answers[-1].headers["retry-after"]) >= 1


@pytest.mark.attack(GUESSING)
def test_guesses_at_many_accounts(attacker: Attacker) -> None:
    """One password tried at many accounts, with another address claimed each time. The address is told to wait."""
    headers = {"X-Forwarded-For": "198.51.100.1", "X-Real-IP": "198.51.100.2"}
    statuses = []
    for number in range(ADDRESS_ATTEMPTS + 3):
        headers["X-Forwarded-For"] = f"198.51.100.{number}"
        body = {"email": fresh_address(), "password": WRONG}
        statuses.append(attacker.ask("users", LOGIN, "POST", body, headers=headers).status)
    assert statuses == [401] * ADDRESS_ATTEMPTS + [429] * 3


@pytest.mark.attack(ENUMERATION)
def test_a_known_address_and_an_unknown_one(door_shop: ShopRun) -> None:
    """Login, reset and registration for an address with an account and for one without. Equal answers."""
    known, visitor = account(door_shop.url), Visitor(door_shop.url)
    for path, rest in (
        (LOGIN, {"password": WRONG}),
        (RESET, {}),
        ("/api/v1/auth/register", {"password": PASSWORD, "name": "Mallory"}),
    ):
        one, other = (visitor.call(path, {"email": email, **rest}) for email in (known, fresh_address()))
        assert told(one) == told(other), path


@pytest.mark.attack(ENUMERATION)
def test_an_unknown_account_is_slowed_down_too(door_shop: ShopRun) -> None:
    """Many guesses at an address without an account. It is told to wait as one with an account is."""
    visitor, email = Visitor(door_shop.url), fresh_address()
    answers = [visitor.call(LOGIN, {"email": email, "password": WRONG}) for _ in range(FREE + 1)]
    assert [each.status for each in answers] == [401] * FREE + [429]


def medians(ask: Callable[[str], None], known: list[str], unknown: list[str]) -> tuple[float, float]:
    """Seconds that *ask* takes for each of both, asked in pairs whose order is drawn."""
    drawn = random.Random(5)
    taken: dict[bool, list[float]] = {True: [], False: []}
    for number in range(PAIRS):
        for is_known in drawn.sample((True, False), 2):
            addresses = known if is_known else unknown
            began = time.perf_counter()
            ask(addresses[number % len(addresses)])
            taken[is_known].append(time.perf_counter() - began)
    return statistics.median(taken[True]), statistics.median(taken[False])


@pytest.mark.attack(ENUMERATION)
@pytest.mark.parametrize("path", [LOGIN, RESET])
def test_how_long_an_answer_takes(door_shop: ShopRun, path: str) -> None:
    """The time of an answer, for addresses with an account and without. Medians are within a tenth of each other."""
    attacker = Attacker(door_shop)
    rest = {"password": WRONG} if path == LOGIN else {}

    def ask(email: str) -> None:
        answer = attacker.ask("users", path, "POST", {"email": email, **rest})
        assert answer.status in (401, 202)

    found = []
    for _ in range(TRIES):
        known = [account(door_shop.url) for _ in range(PAIRS // FREE)]
        one, other = medians(ask, known, [fresh_address() for _ in known])
        found.append(abs(one - other) / max(one, other))
        if found[-1] < TOLERANCE:
            return
    pytest.fail(f"medians differ by {found}")
