"""What the page says came of an action, and that a silence is made once."""

import time
from collections.abc import Callable
from typing import Any

import pytest

from budget.errors import BudgetError
from budget.ops.alertmanager import Alertmanagers
from budget.ops.errors import NotAnswered, NotHere, PartlyDone, Refused
from budget.ops.kept import SLOW_SECONDS
from budget.ops.peer import Peer
from tests.budget.ops.fakes import FakeAlertmanagers, alert, client, desk, press, signed_in, unreachable

ONE, TWO = "http://one.example:9093", "http://two.example:9093"


@pytest.mark.parametrize(
    ("error", "says"),
    [
        pytest.param(PartlyDone("a did it; b does not answer"), "It was done in part: a did it; b", id="one of two"),
        pytest.param(NotAnswered("a has not answered"), "Whether it was done is not known: a has", id="no answer"),
        pytest.param(Refused("a answered 422"), "Nothing was done: a answered 422", id="refused"),
        pytest.param(NotHere("nobody is here"), "Nothing was done: nobody is here", id="nobody"),
        pytest.param(unreachable(), "Nothing was done: http://prometheus.example", id="away"),
    ],
)
def test_the_page_and_its_log_say_what_came_of_it(
    error: BudgetError, says: str, caplog: pytest.LogCaptureFixture
) -> None:
    """That nothing was done is said where that is so, and nowhere else."""
    alertmanagers = FakeAlertmanagers(alert())
    browser = signed_in(client(desk(alertmanagers=alertmanagers)))
    alertmanagers.fault = error
    press(browser, "/ops/alerts/f1/silence", minutes="15", comment="planned")
    assert says in browser.get("/ops").text
    assert says.partition(":")[0] in caplog.text


def test_an_alert_is_silenced_as_it_was_known_also_while_nobody_says_what_fires() -> None:
    """The reason that somebody wrote is not lost: a silence is about labels, and one may answer again by then."""
    alertmanagers = FakeAlertmanagers(alert())
    browser = signed_in(client(desk(alertmanagers=alertmanagers)))
    alertmanagers.hides = True
    press(browser, "/ops/alarm/sound")  # so that it is asked anew
    assert "Alertmanager cannot be asked" in browser.get("/ops").text
    press(browser, "/ops/alerts/f1/silence", minutes="15", comment="planned")
    assert [each[0] for each in alertmanagers.done] == ["silence"]
    assert browser.get("/ops/alerts/f2/silence").status_code == 404


def test_one_that_hangs_does_not_hold_the_others_up(silent_url: str, answering: Callable[[int, bytes], str]) -> None:
    """All are asked at once: what the others say is there before anybody is called slow."""
    answers = answering(200, b"[]")
    began = time.monotonic()
    found = Alertmanagers((silent_url, answers, silent_url)).told()
    assert time.monotonic() - began < SLOW_SECONDS
    assert [each.partition(" ")[0] for each in found.down] == [silent_url, silent_url]


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[tuple[str, str]]]:
    """Silences with two Alertmanagers that do as they are told here; whom it asked what."""

    def silence(does: dict[tuple[str, str], BudgetError]) -> list[tuple[str, str]]:
        asked: list[tuple[str, str]] = []

        def ask(peer: Peer, method: str, *_: Any, **__: Any) -> None:
            asked.append((peer.url, method))
            if (peer.url, method) in does:
                raise does[peer.url, method]

        monkeypatch.setattr(Peer, "ask", ask)
        try:
            Alertmanagers([ONE, TWO]).silence({"a": "b"}, seconds=60, comment="c", now=0)
        except NotAnswered:
            asked.append(("nobody", "knows"))
        return asked

    return silence


def test_a_silence_is_made_by_the_first_that_answers(told: Callable[..., list[tuple[str, str]]]) -> None:
    """One that hangs, or refuses, is passed by."""
    assert told({}) == [(ONE, "GET"), (ONE, "POST")]
    assert told({(ONE, "GET"): unreachable(ONE)}) == [(ONE, "GET"), (TWO, "GET"), (TWO, "POST")]
    assert told({(ONE, "POST"): Refused("no")})[-1] == (TWO, "POST")


def test_a_silence_that_may_have_been_made_is_not_made_again(told: Callable[..., list[tuple[str, str]]]) -> None:
    """By another: there would be two, and ending one would not end it."""
    assert told({(ONE, "POST"): NotAnswered("?")}) == [(ONE, "GET"), (ONE, "POST"), ("nobody", "knows")]
