"""What `validate` remarks on specs that are valid."""

from __future__ import annotations

from pathlib import Path

import pytest

from slo.advice import advise
from slo.load import load
from tests.slo.spec_texts import BAD, TOTAL, slo, spec

W = "{{.window}}"
ANEW = "query is asked anew for each window"
NO_COUNT = "min_failures is off: the queries do not tell how many events there were"


def _events(bad: str, total: str) -> str:
    return f"{{events: {{error_query: '{bad}', total_query: '{total}'}}}}"


def _raw(query: str) -> str:
    return f"{{raw: {{error_ratio_query: '{query}'}}}}"


def _advice(folder: Path, text: str) -> list[str]:
    (folder / "orders.yaml").write_text(text)
    return [str(note).partition("note: ")[2] for note in advise(load([str(folder)], plugins=True))]


@pytest.mark.parametrize(
    ("sli", "expected"),
    [
        (_events(BAD, TOTAL), []),
        (
            _events(f"sum(irate(x[{W}]))", f"avg(rate(y[{W}]))"),
            [
                f"the error {ANEW}: irate() sees only the last two samples",
                f"the total {ANEW}: avg() of events is not a sum of events",
            ],
        ),
        (_events(f"60 * sum(rate(x[{W}]))", TOTAL), [NO_COUNT]),
        (
            _raw(f"sum(rate(x[{W}])) / sum(rate(y[{W}]))"),
            [
                "a raw ratio is asked anew for each window: its period averages ratios, whatever the traffic was",
                NO_COUNT,
            ],
        ),
        (
            _events(f"sum(histogram_count(rate(x[{W}:60])))", TOTAL),
            ["the error query needs a Prometheus newer than 2.42, for a number as a duration"],
        ),
        (
            "{plugin: {id: sloth-common/a/b}}",
            ["is measured by the sloth plugin sloth-common/a/b; only --engine sloth can build it"],
        ),
    ],
)
def test_measuring(tmp_path: Path, sli: str, expected: list[str]) -> None:
    """What the engine cannot do for a query is said, with the reason; nothing is said of a good one."""
    assert _advice(tmp_path, spec(slo(sli=sli))) == expected


@pytest.mark.parametrize(
    ("objective", "expected"),
    [
        ("99", []),
        ("94", []),
        ("90", ["the page can only fire on its slow windows: 14.4 × a budget of 10 % is more than all events"]),
        (
            "80",
            ["the page can never fire: 14.4 × a budget of 20 % is more than all events"],
        ),
        (
            "50",
            [
                "the page can never fire: 14.4 × a budget of 50 % is more than all events",
                "the ticket can only fire on its slow windows: 3 × a budget of 50 % is more than all events",
            ],
        ),
    ],
)
def test_alerts_that_cannot_fire(tmp_path: Path, objective: str, expected: list[str]) -> None:
    """With a large budget even a full outage does not burn fast enough for some windows."""
    assert _advice(tmp_path, spec(slo(objective=objective))) == expected


LATENCY = "{latency: {histogram: http_seconds, below: %s}}"


def test_latency_needs_a_bucket(tmp_path: Path) -> None:
    """One remark a file names every bucket that must be there, once each."""
    bounds = ("0.25", "1", "0.250")
    slos = [slo(f"latency-{n}", sli=LATENCY % below, alert=f"Slow{n}") for n, below in enumerate(bounds)]
    assert _advice(tmp_path, spec(slo(), *slos)) == [
        "below must be a bucket boundary, or every event counts as bad; see that there is"
        ' le="0.25" of http_seconds, le="1" of http_seconds'
    ]


@pytest.mark.parametrize(
    ("bad", "total", "expected"),
    [
        ("offset 5m", "offset 5m", []),
        ("offset 5m", "offset 300s", []),
        ("offset 5m", "", [("up to 5m ago", "up to now")]),
        ("", "offset -1h", [("up to now", "up to 1h ahead")]),
        ("offset 1m", "offset 2m", [("up to 1m ago", "up to 2m ago")]),
    ],
)
def test_queries_of_two_times(tmp_path: Path, bad: str, total: str, expected: list[tuple[str, str]]) -> None:
    """An offset on one of the two queries alone compares two times."""
    sli = _events(f"sum(rate(x[{W}] {bad}))", f"sum(rate(y[{W}] {total}))")
    assert _advice(tmp_path, spec(slo(sli=sli))) == [
        f"the error query reads events {one} and the total query {other}: a ratio of two different times,"
        " which may be above 1"
        for one, other in expected
    ]


def test_two_slos_with_one_alert_name(tmp_path: Path) -> None:
    """The later one is told where the name stands already; alerts that are off have no name to share."""
    other = slo("latency", alert="Orders", more="")
    [note] = _advice(tmp_path, spec(slo(), other))
    assert note == (
        f"its alert Orders has the name of orders-availability's in {tmp_path}/orders.yaml;"
        " only their labels tell them apart"
    )
    off = "{name: Orders, page_alert: {disable: true}, ticket_alert: {disable: true}}"
    assert _advice(tmp_path, spec(slo(), other.replace("{name: Orders}", off))) == []


def test_copies_of_an_slo_share_their_alert_name(tmp_path: Path) -> None:
    """One SLO in two clusters is one promise."""
    copies = [spec(head=f"labels: {{cluster: {name}}}\n") for name in ("east", "west")]
    assert _advice(tmp_path, "---\n".join(copies)) == []


LOST_LABEL = "the label alertname never reaches an alert: Prometheus puts the alert's own name there"


@pytest.mark.parametrize(
    ("text", "who"),
    [
        (spec(head="labels: {alertname: x}\n"), "orders"),
        (spec(slo(more="    labels: {alertname: x}\n")), "orders-availability"),
        (spec().replace("{name: Orders}", "{name: Orders, labels: {alertname: x}}"), "orders-availability"),
        (
            spec().replace("{name: Orders}", "{name: Orders, page_alert: {labels: {alertname: x}}}"),
            "orders-availability",
        ),
        (
            spec().replace("{name: Orders}", "{name: Orders, ticket_alert: {labels: {alertname: x}}}"),
            "orders-availability",
        ),
    ],
    ids=["of the service", "of the SLO", "of its alerts", "of its page", "of its ticket"],
)
def test_a_label_called_alertname(tmp_path: Path, text: str, who: str) -> None:
    """Prometheus overwrites it; who set it is told once."""
    (tmp_path / "orders.yaml").write_text(text)
    assert [(note.slo, note.message) for note in advise(load([str(tmp_path)]))] == [(who, LOST_LABEL)]


SILENT = "OrdersAbsent stays silent while any group is left; the query "


@pytest.mark.parametrize(
    ("sli", "expected"),
    [
        (_events(f"sum by (code, zone) (rate(x[{W}]))", f"sum by (code, zone) (rate(y[{W}]))"), "groups by code, zone"),
        (_events(f'sum by (job) (rate(x{{job="a"}}[{W}]))', f'sum by (job) (rate(y{{job="a"}}[{W}]))'), ""),
        (_events(f"rate(x[{W}])", f"rate(y[{W}])"), "does not show whether it has groups"),
        (_raw(f"avg by (zone) (avg_over_time(x[{W}]))"), "groups by zone"),
        (_raw(f"avg(avg_over_time(x[{W}]))"), ""),
    ],
    ids=["two groups", "a group of one value", "bare series", "a ratio in groups", "one ratio"],
)
def test_groups_that_vanish_one_by_one(tmp_path: Path, sli: str, expected: str) -> None:
    """The alert about a vanished SLI sees only that all of it has vanished."""
    found = [note for note in _advice(tmp_path, spec(slo(sli=sli))) if "Absent" in note]
    assert found == ([SILENT + expected] if expected else [])
    off = _advice(tmp_path, spec(slo(sli=sli)).replace("{name: Orders}", "{name: Orders, absent_after: 0}"))
    assert not any("Absent" in note for note in off)


def test_alerts_that_are_off_need_no_advice(tmp_path: Path) -> None:
    """Who is told nothing need not hear why."""
    off = "{page_alert: {disable: true}, ticket_alert: {disable: true}}"
    assert _advice(tmp_path, spec(slo(objective="50")).replace("{name: Orders}", off)) == []


def test_unknown_services(tmp_path: Path) -> None:
    """A dependency of which there is no spec may be a slip."""
    text = f"{spec(head='depends_on: [users, userz]' + chr(10))}---\n{spec(slo(alert='Users'), service='users')}"
    assert _advice(tmp_path, text) == ["depends on userz, of which no spec is known"]


def test_a_remark_names_its_place(tmp_path: Path) -> None:
    """File, SLO, and that it is a remark."""
    (tmp_path / "orders.yaml").write_text(spec(slo(objective="90")))
    [note] = advise(load([str(tmp_path)]))
    assert str(note).startswith(f"{tmp_path}/orders.yaml: orders-availability: note: the page can only")
