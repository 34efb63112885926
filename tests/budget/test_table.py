"""What people see: a table that fits, and what stands beneath it."""

import dataclasses
import io
from typing import Any

import pytest
from rich.console import Console

from budget.columns import COLUMNS
from budget.firing import Alert
from budget.policy import POLICY
from budget.status import SloStatus
from budget.table import MOST_LINES, summary, table, urgent
from dashboards import slo_overview
from dashboards.model import YELLOW
from slo import conventions
from slo.budget import LITTLE_LEFT
from tests.budget.canned import DAY, FIGURES, NOW, only, readings

ALL = FIGURES | {
    conventions.sli_ratio("1h"): 0.002,
    conventions.sli_ratio("6h"): 0.003,
    conventions.total_increase("30d"): 12_345_678,
    conventions.bad_increase("30d"): 1_234,
}


def _row(**changes: Any) -> SloStatus:
    return dataclasses.replace(only(readings(figures=ALL, seeded=(NOW - 35 * DAY, NOW - 3 * DAY))), **changes)


def _shown(*rows: SloStatus, columns: int, plain: bool = False, terminal: bool = False) -> list[str]:
    colours = "standard" if terminal else None
    console = Console(width=columns, file=io.StringIO(), force_terminal=terminal, color_system=colours)
    console.print(table(rows, plain=plain, columns=columns))
    return [line.rstrip() for line in console.file.getvalue().splitlines()]  # type: ignore[attr-defined]


LONG = {"service": "storefront", "slo": "order-event-delivery", "labels": {"cluster": "eu-1"}}


@pytest.mark.parametrize(
    ("columns", "shown", "hidden"),
    [
        pytest.param(
            160,
            {"objective", "window", "good", "left", "events left", "burn 5m", "1h", "6h", "exhausted", "bad", "state"},
            set(),
            id="wide",
        ),
        pytest.param(
            100, {"left", "events left", "burn 5m", "exhausted", "state"}, {"window", "bad", "events  "}, id="usual"
        ),
        pytest.param(64, {"service", "slo", "left", "state"}, {"objective", "1h", "burn"}, id="narrow"),
    ],
)
def test_a_row_fits_its_screen(columns: int, shown: set[str], hidden: set[str]) -> None:
    """What matters least is left out where there is little room; nothing is cut off."""
    lines = _shown(_row(**LONG), columns=columns)
    assert max(map(len, lines)) <= columns
    assert all(name in lines[0] for name in shown)
    assert not any(name in lines[0] for name in hidden)
    assert "…" not in "".join(lines)
    assert "seeded 90%" in lines[2]


def test_a_screen_too_narrow_for_its_least_columns_cuts_names() -> None:
    """It still has a line per SLO."""
    assert len(_shown(_row(**LONG), columns=30)) == len(_shown(_row(**LONG), columns=160))


@pytest.mark.parametrize("name", ["[red]shop[/]", "[/]", "a\nb\tc", "\x1b[2Jgone", "a\u202eb", "東京"])
def test_names_are_shown_as_they_are_and_harmless(name: str) -> None:
    """They come from series: no markup, no control of the terminal, one line."""
    lines = _shown(_row(service=name), columns=200, plain=True)
    assert len(lines) == 2
    assert not set(lines[1]) & set("\x1b\n\t\u202e")
    assert lines[1].startswith(name[:1] if name[0].isprintable() else "?")


def test_colours_are_for_terminals() -> None:
    """A file gets text alone."""
    paged = _row(alert="page")
    assert "\x1b" in "".join(_shown(paged, columns=160, terminal=True))
    assert "\x1b" not in "".join(_shown(paged, columns=160, plain=True))


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        pytest.param({"seconds_left": 12 * DAY + 4 * 3600}, "in 12d 4h", id="some day"),
        pytest.param({"seconds_left": None}, "never", id="not at this pace"),
        pytest.param({"seconds_left": 0.0}, "exhausted", id="already"),
    ],
)
def test_the_projection_is_a_duration(changes: dict[str, Any], text: str) -> None:
    """And on wide screens a time."""
    lines = _shown(_row(**changes), columns=200, plain=True)
    assert text in lines[1]
    assert ("05-30" in lines[1]) is (text == "in 12d 4h")


@pytest.mark.parametrize(
    ("alert", "states", "text"),
    [
        pytest.param("ok", (), "ok", id="all is well"),
        pytest.param("ok", ("exhausted",), "ok", id="spent, and quiet now"),
        pytest.param("page", ("stale", "low traffic"), "page, stale, low traffic", id="an alert and two doubts"),
        pytest.param("ok", ("low traffic",), "low traffic", id="not perfect, but hardly used"),
        pytest.param("no data", ("no data",), "no data", id="nothing there"),
        pytest.param("no data", ("stale",), "stale", id="nothing there any more"),
    ],
)
def test_the_state_is_the_gravest_alert_and_what_limits_the_figures(
    alert: str, states: tuple[str, ...], text: str
) -> None:
    """`ok` is only said where it can be known."""
    row = _row(alert=alert, states=states, seeded=None)
    assert _shown(row, columns=200, plain=True)[1].endswith(f"  {text}")


def _alert(name: str, severity: str = "page", since: float | None = NOW - 125) -> Alert:
    return Alert(name=name, severity=severity, state="firing", since=since)


def test_the_summary_names_what_fires_pages_first() -> None:
    """By name, severity and for how long."""
    rows = (_row(alerts=(_alert("Slow", "ticket", None),)), _row(alerts=(_alert("Up"),)))
    assert summary(rows).splitlines()[:2] == ["page Up fires for 2m 5s: shop up", "ticket Slow fires: shop up"]


def test_the_summary_is_no_log() -> None:
    """Five thousand SLOs of a server that is down are some lines."""
    rows = (_row(alerts=(_alert("Up"),), faults=("rules last evaluated 9m ago",), states=("stale",)),) * 50
    lines = summary(rows).splitlines()
    assert len(lines) == 2 * (MOST_LINES + 1) + 1
    assert lines[MOST_LINES] == "and 42 more"


def test_the_summary_counts_promises_and_says_what_is_made_up() -> None:
    """In one line each time."""
    kept = _row()
    spent = dataclasses.replace(kept, budget_remaining=-0.1, states=("exhausted", "seeded"))
    unknown = dataclasses.replace(kept, budget_remaining=None, states=("no data",), seeded=None)
    assert summary((spent, kept, unknown)) == (
        "3 SLOs: 1 healthy, 1 exhausted, 1 without data; "
        "history seeded until 2033-05-15 03:33Z: up to 90% of a window is made up, not measured"
    )
    assert summary((dataclasses.replace(kept, seeded=None),)) == "1 SLO: 1 healthy, 0 exhausted"


def test_a_low_screen_shows_what_needs_somebody() -> None:
    """Alerts, then what is nearest to its end, in the order of the whole."""
    calm, close, paged = _row(budget_remaining=0.9), _row(budget_remaining=0.1), _row(alerts=(_alert("Up"),))
    assert urgent((calm, close, paged), 2) == (close, paged)
    assert urgent((calm, close), 0) == (close,)


@pytest.mark.parametrize(
    ("left", "colour"),
    [
        pytest.param(LITTLE_LEFT, "green", id="enough"),
        pytest.param(LITTLE_LEFT - 0.001, "yellow", id="little"),
        pytest.param(0.0, "red", id="nothing"),
    ],
)
def test_little_is_where_releases_go_slowly(left: float, colour: str) -> None:
    """The table, the gate and the dashboards have one share for it."""
    (cell,) = (column.cell(_row(budget_remaining=left)) for column in COLUMNS if column.name == "left")
    assert cell.style == colour
    assert POLICY.least_left == LITTLE_LEFT
    assert (YELLOW, LITTLE_LEFT) in [(limit.colour, limit.value) for limit in slo_overview.LEFT]
