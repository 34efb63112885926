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


def test_alerts_that_are_off_need_no_advice(tmp_path: Path) -> None:
    """Who is told nothing need not hear why."""
    off = "{page_alert: {disable: true}, ticket_alert: {disable: true}}"
    assert _advice(tmp_path, spec(slo(objective="50")).replace("{name: Orders}", off)) == []


def test_unknown_services(tmp_path: Path) -> None:
    """A dependency of which there is no spec may be a slip."""
    text = f"{spec(head='depends_on: [users, userz]' + chr(10))}---\n{spec(service='users')}"
    assert _advice(tmp_path, text) == ["depends on userz, of which no spec is known"]


def test_a_remark_names_its_place(tmp_path: Path) -> None:
    """File, SLO, and that it is a remark."""
    (tmp_path / "orders.yaml").write_text(spec(slo(objective="90")))
    [note] = advise(load([str(tmp_path)]))
    assert str(note).startswith(f"{tmp_path}/orders.yaml: orders-availability: note: the page can only")
