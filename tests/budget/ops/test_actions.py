"""What the page says came of an action, and that a silence is made once."""

from collections.abc import Callable
from typing import Any

import pytest

from budget.errors import BudgetError
from budget.ops.alertmanager import Alertmanagers
from budget.ops.errors import NotAnswered, NotHere, PartlyDone, Refused
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
