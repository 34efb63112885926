"""The page on a real Prometheus with a recorded past: gaps, a reset, no data, a seeded part, a fault and a deploy."""

import re
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from budget import history
from budget.answers import Sample
from budget.errors import BudgetError
from budget.history_spending import spending
from budget.identity import key_of
from budget.incidents import Incident
from budget.ops.courses import read_courses
from budget.ops.happenings import read_day
from budget.ops.journeys import read_timelines, read_traces
from budget.ops.promise_page import Past
from budget.prometheus import Prometheus
from tests.budget import report_history as past
from tests.budget.conftest import free_port, running
from tests.budget.curves import SCRIPT
from tests.budget.ops.fakes import DAY, client, desk

MINUTE = 60


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Prometheus, int]]:
    """A real Prometheus that holds the past, and when that ends."""
    home: Path = tmp_path_factory.mktemp("past")
    end = int(time.time()) // 600 * 600
    past.lay(home, end)
    with running(home, free_port()) as url:
        server, deadline = Prometheus(url), time.monotonic() + 30
        while time.monotonic() < deadline:
            try:
                if server.rules():
                    break
            except BudgetError:
                pass
            time.sleep(0.1)
        yield server, end


class Then(Prometheus):
    """The server, as it answered when its past ended."""

    end: int

    def instant(self, query: str, *, at: float | None = None) -> tuple[Sample, ...]:
        """At that moment, where none is named."""
        return super().instant(query, at=self.end if at is None else at)


def page(found: tuple[Prometheus, int], path: str) -> str:
    """As it was when the past ended."""
    server = Then(found[0].url)
    server.end = found[1]
    return str(client(desk(server, clock=lambda: float(found[1]))).get(path).text)


def test_a_course_ends_where_the_whole_record_does(found: tuple[Prometheus, int]) -> None:
    """Sixty points say what 288 do: the same is left, for every SLO, also over a gap."""
    server, end = found
    courses = {each.key: each for each in read_courses(server, end)}
    curves = history.curves(server, history.promises(server, end), start=end - DAY, end=end)
    measured = [curve for curve in curves if curve.bins]
    assert {dict(curve.key)["sloth_service"] for curve in measured} >= {"kept", "broken", "gap", SCRIPT}
    for curve in measured:
        left = spending(curve, end - DAY, end).left
        assert courses[curve.key].points[-1][1] == pytest.approx(left, abs=0.01), curve.name
    gap = courses[key_of(past.ids("gap"))]
    (between,) = gap.gaps
    assert [round((end - each) / MINUTE) for each in between] == pytest.approx(list(past.GAP), abs=30)


def test_what_happened_is_read_to_a_minute(found: tuple[Prometheus, int]) -> None:
    """A deploy, and a fault that is over."""
    server, end = found
    happened = {each.kind: each for each in read_day(server, end)}
    assert happened["deploy"].says == "deploy of broken: 1 abc → 2 abc"
    assert end - happened["deploy"].start == pytest.approx(past.DEPLOYED * MINUTE, abs=60)
    fault = happened["fault"]
    assert (fault.says, fault.goes_on) == ("fault errors in broken", False)
    begin, until = past.FAULT
    assert (end - fault.start) / MINUTE == pytest.approx(begin, abs=1)
    # Without a mark of its end a series is shown for five minutes more.
    assert (end - fault.end) / MINUTE == pytest.approx(until, abs=6)


def test_a_promise_by_itself_tells_of_its_incidents(found: tuple[Prometheus, int]) -> None:
    """Which of them spent how much, and the alerts that fired; the gate does not know its service here."""
    text = page(found, "/ops/promises/broken-up")
    incidents = re.findall(r'<tr><th scope="row">(.*?)</tr>', text)
    assert len(incidents) == 2
    assert "<td>45 min</td>" in incidents[0] or "<td>40 min</td>" in incidents[0]
    assert incidents[0].endswith("<td>Up</td>")
    assert "% of its period is seeded" in text
    assert 'class="fault"' in text
    assert "<p>Not known.</p>" in text.split("What the gate says of it")[1]
    assert page(found, "/ops/promises/gap-up").count("<td>none</td>") == 1


def test_what_fired_in_a_made_up_past_is_not_known(found: tuple[Prometheus, int]) -> None:
    """It has events, and no alerts."""
    course = read_courses(found[0], found[1])[0]
    spent = Incident(start=100, end=200, bad=1, total=1, share=0.5, peak=2, alerts=(), goes_on=False)
    assert Past(course=course, spent=(), alerts_from=100).told(spent) == "none"
    assert Past(course=course, spent=(), alerts_from=101).told(spent) == "not known: seeded"


def test_strangers_names_stay_text(found: tuple[Prometheus, int]) -> None:
    """As they come from a server."""
    for path in ("/ops", "/ops/promises/%3Cscript%3Ealert(1)%3C/script%3E-up"):
        text = page(found, path)
        assert "&lt;script&gt;alert(1)&lt;/script&gt;" in text
        assert "<script>alert" not in text


def test_a_server_without_journeys_or_exemplars_has_none(found: tuple[Prometheus, int]) -> None:
    """That is an answer, and no failure."""
    server, end = found
    assert read_timelines(server, end) == ()
    assert read_traces(server, end) == {}
    assert "No journey was walked in the last hour." in page(found, "/ops")
