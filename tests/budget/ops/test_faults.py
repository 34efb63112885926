"""Replicas are broken and mended together: who did it and who did not is said."""

from collections.abc import Callable
from pathlib import Path

import pytest

from budget.errors import Unreachable
from budget.ops.errors import NotAnswered, PartlyDone, Refused
from budget.ops.faults import Faults

BODY = {"fault": "errors", "share": 1.0, "seconds": 60}


@pytest.fixture
def faults(tmp_path: Path) -> Callable[..., Faults]:
    """Of a service `orders` with these replicas, who wait for nobody long."""
    file = tmp_path / "token"
    file.write_text("t")
    return lambda *urls: Faults({"orders": urls}, file)


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits for long."""
    monkeypatch.setattr("budget.ops.peer.Peer.__init__.__kwdefaults__", {"timeout_seconds": 0.3})


def test_one_of_two_that_is_away_leaves_it_done_in_part(
    faults: Callable[..., Faults], answering: Callable[[int, bytes], str], closed_url: str
) -> None:
    """Whichever comes first; both are named, with what became of them."""
    well = answering(200, b"{}").replace("reader:hunter2@", "")
    for urls in ((well, closed_url), (closed_url, well)):
        with pytest.raises(PartlyDone) as raised:
            faults(*urls).break_("orders", BODY)
        assert str(raised.value).startswith(f"{well} did it; http://127.0.0.1:1 does not answer (")


def test_where_nobody_did_it_each_says_why(
    faults: Callable[..., Faults], answering: Callable[[int, bytes], str], closed_url: str
) -> None:
    """The first failure tells of which kind it is."""
    with pytest.raises(Refused, match=r"answered 422: no; http://127\.0\.0\.1:1 does not answer"):
        faults(answering(422, b"no"), closed_url).break_("orders", BODY)
    with pytest.raises(Unreachable):
        faults(closed_url, closed_url).mend("orders")


def test_one_that_was_told_and_does_not_answer_may_have_done_it(
    faults: Callable[..., Faults], silent_url: str, closed_url: str
) -> None:
    """Nobody may say that nothing was done, whatever the others say."""
    with pytest.raises(NotAnswered, match="may have done it"):
        faults(closed_url, silent_url).break_("orders", BODY)
