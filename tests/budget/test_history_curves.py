"""Curves from records: how Prometheus is asked, and what is made of copies, labels, gaps and bare ratios."""

import math
import re
from dataclasses import dataclass, field

import pytest

from budget.answers import RuleGroup, Sample, Series
from budget.errors import QueryFailed
from budget.history import CHUNK_SECONDS, curves, promises, ranges, seeded, selector
from budget.history_alerts import alert_spans, runbooks, spells
from budget.postmortem_reading import read_postmortem
from budget.report_reading import read_report
from slo import conventions
from tests.budget.canned import group
from tests.budget.curves import DAY, END

IDS = {conventions.ID: "shop-up", conventions.SERVICE: "shop", conventions.SLO: "up"}
CONSTANTS = {conventions.OBJECTIVE: 0.99, conventions.PERIOD_DAYS: 7, conventions.BUDGET_EVENTS_REMAINING: 5}
BAD, TOTAL = conventions.bad_average("2m"), conventions.total_average("2m")
RATIO = conventions.sli_ratio("5m")
MOST_POINTS = 11_000  # Prometheus' own limit


@dataclass
class Canned:
    """A server whose answer to a question is that of the first of *series* that the question names."""

    series: dict[str, list[tuple[dict[str, str], list[tuple[float, float]]]]] = field(default_factory=dict)
    constants: dict[str, float] = field(default_factory=lambda: dict(CONSTANTS))
    labels: dict[str, str] = field(default_factory=lambda: dict(IDS))
    asked: list[tuple[str, float, float, float]] = field(default_factory=list)

    def instant(self, query: str, *, at: float | None = None) -> tuple[Sample, ...]:
        """A constant."""
        names = [name for name in self.constants if name in query]
        return tuple(Sample(labels=self.labels, value=self.constants[name], at=at or END) for name in names)

    def range(self, query: str, *, start: float, end: float, step_seconds: float) -> tuple[Series, ...]:
        """What lies in the range."""
        self.asked.append((query, start, end, step_seconds))
        found = next((rows for name, rows in self.series.items() if name in query), [])
        told = [
            Series(labels=labels, points=tuple(each for each in points if start <= each[0] <= end))
            for labels, points in found
        ]
        return tuple(each for each in told if each.points)

    def rules(self) -> tuple[RuleGroup, ...]:
        """None."""
        return ()


def read(server: Canned, *, days: float = 1):
    """The curves of a range until END."""
    return curves(server, promises(server, END), start=END - days * DAY, end=END)


def test_every_part_of_a_long_range_is_within_the_limit() -> None:
    """Ninety days of bins, and of minutes of alerts; each moment is asked once."""
    server = Canned()
    read(server, days=90)
    alert_spans(server, start=END - 90 * DAY, end=END)
    by_query: dict[str, list[float]] = {}
    for query, start, end, step in server.asked:
        assert (end - start) / step + 1 <= MOST_POINTS
        by_query.setdefault(query, []).extend(start + step * place for place in range(round((end - start) / step) + 1))
    for moments in by_query.values():
        assert len(moments) == len(set(moments))
    assert sorted(map(len, by_query.values()))[-1] == 90 * 1440 + 1
    assert 90 * 288 in map(len, by_query.values())


def test_a_range_of_one_part_is_asked_once() -> None:
    """Whose end is a step, and is included."""
    server = Canned()
    list(ranges(server, "x", start=0, end=600, step_seconds=300))
    list(ranges(server, "y", start=0, end=CHUNK_SECONDS, step_seconds=300))
    assert [(start, end) for _, start, end, _ in server.asked] == [
        (0, 600),
        (0, CHUNK_SECONDS - 300),
        (CHUNK_SECONDS, CHUNK_SECONDS),
    ]


def test_bins_hold_the_bad_and_all_events_of_five_minutes() -> None:
    """No number is nothing; a bin without bad events has none; what is counted twice is not more than all."""
    points = [(END - 600, 7.0), (END - 300, 9.0), (END, math.nan)]
    server = Canned(series={BAD: [(IDS, [(END - 300, 12.0)])], TOTAL: [(IDS, points)]})
    (made,) = read(server)
    assert made.bins == ((END - 600, 0.0, 7.0), (END - 300, 9.0, 9.0))
    assert (made.id, made.service, made.slo, made.objective, made.days, made.counts) == (
        ("shop-up", "shop", "up", 0.99, 7, True)
    )
    assert made.budget == 0.01


def test_copies_are_told_apart_and_share_their_constants() -> None:
    """Constants carry fewer labels than a query that is grouped by cluster."""
    rows = [({**IDS, "cluster": name}, [(END, 5.0)]) for name in ("west", "east")]
    made = read(Canned(series={BAD: [], TOTAL: rows}))
    assert [each.labels for each in made] == [{"cluster": "east"}, {"cluster": "west"}]
    assert [each.name for each in made] == ["up east", "up west"]
    assert {each.objective for each in made} == {0.99}


def test_a_label_that_changes_breaks_no_curve() -> None:
    """Two series that differ in a label of the user's are one; where both stand side by side, the greater counts."""
    rows = [({**IDS, "tier": "1"}, [(END - 300, 5.0), (END, 1.0)]), ({**IDS, "tier": "2"}, [(END, 6.0)])]
    (made,) = read(Canned(series={BAD: [], TOTAL: rows}))
    assert made.bins == ((END - 300, 0.0, 5.0), (END, 0.0, 6.0))


def test_an_slo_that_nobody_measured_is_there_without_bins() -> None:
    """It must not be missing from a report."""
    (made,) = read(Canned())
    assert made.bins == ()


def test_a_bare_ratio_is_weighed_by_time() -> None:
    """As its own period averages it: a tenth of five minutes is 30 seconds, and no events."""
    rows = {
        "sum_over_time": [({**IDS, conventions.WINDOW: "5m"}, [(END, 30.0)])],
        "count_over_time": [({**IDS, conventions.WINDOW: "5m"}, [(END, 300.0)])],
    }
    server = Canned(series=rows, constants={conventions.OBJECTIVE: 0.95, conventions.PERIOD_DAYS: 30})
    no_events = server.range

    def range_(query: str, **given: float) -> tuple[Series, ...]:
        return () if BAD in query or TOTAL in query else no_events(query, **given)

    server.range = range_  # type: ignore[method-assign,assignment]
    (made,) = read(server)
    assert made.bins == ((END, 30.0, 300.0),)
    assert not made.counts


def test_what_is_no_promise_is_none() -> None:
    """An objective of 100 % has no budget."""
    assert promises(Canned(constants={conventions.OBJECTIVE: 1.0}), END) == ()


def test_a_service_is_asked_by_its_name_whatever_it_holds() -> None:
    """It is quoted twice: as a pattern, and as text."""
    pattern = selector(['a"b', "c.d"])
    assert pattern == r'{sloth_service=~"a\"b|c\\.d"}'
    assert re.search(r'=~"', pattern)


def test_a_server_that_may_not_be_asked_so_far_back_knows_of_no_seeded_past() -> None:
    """The report goes on."""

    class Refusing(Canned):
        def instant(self, query: str, *, at: float | None = None) -> tuple[Sample, ...]:
            raise QueryFailed("too far back")

    assert seeded(Refusing(), END) is None


@pytest.mark.parametrize(
    ("moments", "expected"),
    [
        ([], []),
        ([60], [(60, 120)]),
        ([60, 120, 180], [(60, 240)]),
        ([60, 120, 300], [(60, 180), (300, 360)]),
    ],
    ids=["never", "seen once", "one spell", "a pause parts"],
)
def test_spells(moments: list[float], expected: list[tuple[float, float]]) -> None:
    """From when to when something was seen each minute."""
    assert list(spells(moments, 60.0)) == expected


def test_alerts_are_spans_of_each_state_across_parts() -> None:
    """One that fires over the edge of two questions is one; the watchdog, which always fires, is none."""
    minutes = [END - 8 * DAY + 60 * place for place in range(2 * 1440)]
    labels = {"alertname": "ShopUp", "alertstate": "firing", conventions.SEVERITY: "page", **IDS}
    rows = [(labels, minutes), ({"alertname": "Watchdog", "alertstate": "firing"}, minutes)]
    server = Canned(series={"ALERTS": [(each, [(at, 1.0) for at in moments]) for each, moments in rows]})
    (one,) = alert_spans(server, start=END - 8 * DAY, end=END)
    assert (one.name, one.severity, one.state) == ("ShopUp", "page", "firing")
    assert (one.start, one.end) == (minutes[0], minutes[-1] + 60)
    assert dict(one.key)[conventions.ID] == "shop-up"


def test_only_web_addresses_are_runbooks() -> None:
    """They become links: what would run is none."""
    rules = group(IDS, IDS).rules
    addresses = ("https://runbooks.example/A", "javascript:alert(1)")
    from dataclasses import replace

    told = tuple(
        replace(rule, name=f"A{place}", annotations={"runbook_url": address})
        for place, (rule, address) in enumerate(zip(rules, addresses, strict=True))
    )
    assert runbooks([replace(group(IDS), rules=told)]) == {"A0": "https://runbooks.example/A"}


class Ruleless(Canned):
    """A server that answers questions, and tells nobody of its rules."""

    def rules(self) -> tuple[RuleGroup, ...]:
        """They are a ruler's."""
        raise QueryFailed("404: not here")


def test_a_server_that_tells_of_no_rules_is_read_all_the_same() -> None:
    """Report and postmortem go without runbooks, and say so."""
    report = read_report(Ruleless(), server="http://prometheus.example", end=END)
    page = read_postmortem(Ruleless(), (), server="http://prometheus.example", start=END - 60, end=END)
    assert report.notes == page.notes == ("Runbooks are not known: 404: not here",)
    assert len(report.slos) == 1
