"""Deadlines: a nearer one counts, and only services may bring one along."""

import threading
import time

import pytest

from services.shared import deadline
from services.shared.auth import allow, public
from services.shared.errors import DeadlineExceeded


def test_without_a_limit_there_is_no_end() -> None:
    """remaining is None, and check lets everything pass."""
    assert deadline.remaining() is None
    deadline.check()


def test_the_nearer_limit_counts() -> None:
    """Inside, a shorter one shortens and a longer one does not prolong; outside, the old one is back."""
    with deadline.within(10):
        with deadline.within(1):
            assert 0.9 < deadline.remaining() <= 1
        with deadline.within(60):
            assert 9 < deadline.remaining() <= 10
        assert 9 < deadline.remaining() <= 10
    assert deadline.remaining() is None


def test_when_it_is_over_it_stays_over() -> None:
    """remaining is 0, never less, and check raises."""
    with deadline.within(0):
        time.sleep(0.002)
        assert deadline.remaining() == 0
        with pytest.raises(DeadlineExceeded):
            deadline.check()


def test_a_limit_is_its_threads_own() -> None:
    """Another thread has none."""
    seen = []
    with deadline.within(1):
        thread = threading.Thread(target=lambda: seen.append(deadline.remaining()))
        thread.start()
        thread.join(timeout=5)
    assert seen == [None]


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("1500", 1.5),
        ("0", 0),
        ("999999999", 60),
        (None, None),
        ("", None),
        ("-1", None),
        ("1.5", None),
        ("1e3", None),
        ("٣", None),
        ("9" * 5000, None),
    ],
)
def test_a_header_is_whole_milliseconds(header: str | None, seconds: float | None) -> None:
    """Sixty seconds at most; anything else is no limit."""
    assert deadline.parse(header) == seconds


@pytest.fixture
def limited(make_toy, issuer):
    """A toy that tells how much time a request has."""

    def add(blueprint, _) -> None:
        @blueprint.get("/left")
        @allow("service", "customer")
        def left() -> dict[str, float | None]:
            return {"left": deadline.remaining()}

        @blueprint.get("/open")
        @public
        def left_to_strangers() -> dict[str, float | None]:
            return {"left": deadline.remaining()}

    return make_toy(add=add, verifier=issuer.verifier("toy"))


def test_a_services_deadline_is_taken_over(limited, issuer) -> None:
    """It gets what its caller has left, and the next request none of it."""
    service = issuer.bearer("service:orders", ["service"], "toy")
    left = limited.client.get("/left", headers=service | {"Request-Timeout-Ms": "2000"}).json["left"]
    assert 1 < left <= 2
    assert limited.client.get("/left", headers=service).json["left"] is None
    assert deadline.remaining() is None


def test_a_service_that_waits_no_longer_is_not_worked_for(limited, issuer) -> None:
    """503 with Retry-After, before the view runs."""
    service = issuer.bearer("service:orders", ["service"], "toy")
    answer = limited.client.get("/left", headers=service | {"Request-Timeout-Ms": "0"})
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "1")


def test_nobody_else_can_turn_answers_into_errors(limited, issuer) -> None:
    """A user's or a stranger's header would spend the error budget; it is ignored."""
    user = issuer.bearer("u-1", ["customer"], "toy")
    for path, headers in (("/left", user), ("/open", {})):
        answer = limited.client.get(path, headers=headers | {"Request-Timeout-Ms": "0"})
        assert (answer.status_code, answer.json) == (200, {"left": None})
