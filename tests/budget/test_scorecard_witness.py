"""Whether a server saw a drill, as far as anything can tell."""

import pytest

from budget.answers import Sample
from budget.postmortem_scorecard import Drill, Page, Scorecard
from budget.scorecard_witness import stranger

_ONE = Sample(labels={}, value=1, at=0)


class _Asked:
    """A server that answers every query with a sample, and keeps them."""

    def __init__(self, *samples: Sample) -> None:
        self.queries: list[str] = []
        self._samples = samples

    def instant(self, query: str, *, at: float | None = None) -> tuple[Sample, ...]:
        self.queries.append(query)
        return self._samples


def _card(*pages: Page, unexpected: tuple[str, ...] = ()) -> Scorecard:
    drill = Drill(name="d", pages=pages, unexpected=unexpected, lost=0, oversold=0, double_charged=0)
    return Scorecard(drills=(drill,), started=None, ended=None)


def _told(server: _Asked, card: Scorecard | None) -> tuple[str, ...]:
    return stranger(server, card, server="http://p:9090", start=0, end=9)


@pytest.mark.parametrize(
    "card",
    [
        pytest.param(_card(), id="none was expected"),
        pytest.param(_card(Page(alert="A", expected_seconds=1, after_seconds=None)), id="it did not come"),
        pytest.param(_card(unexpected=("B",)), id="one that nobody expected, and that may be no rule's"),
    ],
)
def test_nothing_proves_a_server_the_drills_where_no_expected_page_came(card: Scorecard) -> None:
    """There is nothing that it must have seen; it is not asked."""
    server = _Asked(_ONE)
    (said,) = _told(server, card)
    assert "nothing proves that http://p:9090 saw it" in said
    assert said.startswith("none of the pages") == any(drill.pages for drill in card.drills)
    assert server.queries == []


@pytest.mark.parametrize(("answer", "warnings"), [((), 1), ((_ONE,), 0)], ids=["saw none", "saw one"])
def test_a_server_that_saw_none_of_the_pages_is_another(answer: tuple[Sample, ...], warnings: int) -> None:
    """It is asked once for all that came."""
    pages = (Page(alert="A", expected_seconds=1, after_seconds=2), Page(alert="B", expected_seconds=1, after_seconds=2))
    server = _Asked(*answer)
    assert len(_told(server, _card(*pages))) == warnings
    (query,) = server.queries
    assert 'alertname=~"A|B"' in query


def test_without_a_scorecard_there_is_no_server_to_know() -> None:
    """Any may be asked about an incident."""
    assert _told(_Asked(), None) == ()
