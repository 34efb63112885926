"""Records of every kind of SLO, laid down as blocks, and what a real Prometheus then says of them."""

import json
import subprocess
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
import yaml

from budget.errors import BudgetError
from budget.prometheus import Prometheus
from budget.readings import SEEDED
from budget.status import SloStatus, read, statuses
from slo import conventions
from tests.budget.conftest import free_port, running
from tools.install import find

DAY = 86_400
ERRORS = {"5m": conventions.sli_ratio("5m"), "1h": conventions.sli_ratio("1h"), "3d": conventions.sli_ratio("3d")}
HEALTHY = {
    conventions.OBJECTIVE: 0.999,
    conventions.PERIOD_DAYS: 30,
    conventions.CURRENT_BURN_RATE: 0.5,
    ERRORS["1h"]: 0.0006,
    ERRORS["3d"]: 0.0004,
    conventions.recent_ratio("6h"): 0.0007,
    conventions.sli_ratio("6h"): 0.0009,
    conventions.total_rate("1h"): 2.0,
    conventions.total_increase("30d"): 5_000_000,
    conventions.bad_increase("30d"): 2_000,
    conventions.PERIOD_BURN_RATE: 0.4,
    conventions.BUDGET_REMAINING: 0.6,
    conventions.BUDGET_EVENTS_REMAINING: 3_000,
}
EXHAUSTED = HEALTHY | {
    conventions.PERIOD_BURN_RATE: 1.5,
    conventions.BUDGET_REMAINING: -0.5,
    conventions.BUDGET_EVENTS_REMAINING: -2_500,
}
BURNING = HEALTHY | {conventions.recent_ratio("6h"): 0.0058}
# A day's period has neither an hour nor six among its windows: the hour is summed.
SHORT = {
    conventions.OBJECTIVE: 0.9,
    conventions.PERIOD_DAYS: 1,
    conventions.CURRENT_BURN_RATE: 0.0,
    conventions.total_average("2m"): 0.01,
    conventions.PERIOD_BURN_RATE: 0.0,
    conventions.BUDGET_REMAINING: 1.0,
    conventions.BUDGET_EVENTS_REMAINING: 86,
}
SLOTH_QUIET = {
    conventions.OBJECTIVE: 0.99,
    conventions.PERIOD_DAYS: 30,
    conventions.CURRENT_BURN_RATE: "NaN",
    ERRORS["1h"]: "NaN",
    conventions.PERIOD_BURN_RATE: 0.1,
    conventions.BUDGET_REMAINING: 0.9,
}
STRANGE = '[bold]\\"é'
SLOS: Mapping[str, Mapping[str, object]] = {
    "healthy": HEALTHY,
    "exhausted": EXHAUSTED,
    "burning": BURNING,
    "quiet": HEALTHY | {conventions.total_rate("1h"): 0.01},
    "silent": HEALTHY | {conventions.total_rate("1h"): 0.0},
    "short": SHORT,
    "sloth-quiet": SLOTH_QUIET,
    STRANGE: HEALTHY,
}
STALE_SECONDS = 1200


def _series(name: str, labels: str, value: object, times: range) -> Iterator[str]:
    return (f"{name}{labels} {value} {at}" for at in times)


def _lines(now: int) -> Iterator[str]:
    now -= now % 60
    recent = range(now - 6 * 3600, now + 600, 60)  # on into the future, or a slow test would find it stale
    for slo, figures in SLOS.items():
        for record, value in figures.items():
            yield from _series(record, _labels(slo), value, recent)
    for record, value in HEALTHY.items():
        yield from _series(record, _labels("stale"), value, range(now - 3 * 3600, now - STALE_SECONDS + 1, 60))
    for at in range(now - 20 * DAY, now - 15 * DAY + 1, 3600):
        yield f"{SEEDED} {at} {at}"
    yield "# EOF"


def _labels(slo: str) -> str:
    ids = {conventions.ID: f"shop-{slo}", conventions.SERVICE: "shop", conventions.SLO: slo}
    quoted = (f"{name}={json.dumps(value, ensure_ascii=False)}" for name, value in ids.items())
    return f"{{{','.join(quoted)}}}"


@pytest.fixture(scope="module")
def rows(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, SloStatus]]:
    """Every status, by the SLO's name."""
    home = tmp_path_factory.mktemp("history")
    promtool = find("promtool")
    assert promtool is not None, "promtool is not installed: run make setup"
    (home / "past.om").write_text("\n".join(_lines(int(time.time()))) + "\n")
    command = [promtool, "tsdb", "create-blocks-from", "openmetrics", "past.om", "data"]
    subprocess.run(command, cwd=home, check=True, capture_output=True, timeout=60)
    (home / "prometheus.yml").write_text("rule_files: [rules.yaml]\n")
    (home / "rules.yaml").write_text(yaml.safe_dump(_rules()))
    with running(home, free_port()) as url:
        yield _settled(Prometheus(url), home / "log")


def _rules() -> dict[str, object]:
    """Of one SLO whose SLI is gone, of one that waits for years, and of one that fails."""
    twice = "label_replace(vector(1), 'a', 'b', '', '') or vector(1)"
    return {
        "groups": [
            {"name": "waiting", "interval": "10y", "rules": [_rule("vector(1)", "nothing")]},
            {"name": "gone", "interval": "1s", "rules": [_rule("vector(1) < 0", "stale")]},
            {"name": "failing", "interval": "1s", "rules": [_rule(f"({twice}) * on () ({twice})", "failing")]},
        ]
    }


def _rule(expr: str, slo: str) -> dict[str, object]:
    labels = {conventions.ID: f"shop-{slo}", conventions.SERVICE: "shop", conventions.SLO: slo}
    return {"record": conventions.OBJECTIVE, "expr": expr, "labels": labels}


def _settled(client: Prometheus, log: Path) -> dict[str, SloStatus]:
    """The statuses once the failing rule has failed."""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        try:
            found = {row.slo: row for row in statuses(read(client))}
        except BudgetError:
            found = {}
        if found and found["failing"].faults:
            return found
        time.sleep(0.2)
    pytest.fail(f"no rule failed within 30 s:\n{log.read_text()}")


def test_a_healthy_slo_has_every_figure(rows: Mapping[str, SloStatus]) -> None:
    """Three burn rates, events, and no end in sight."""
    row = rows["healthy"]
    assert (row.burn_rate, row.burn_rate_1h, row.burn_rate_6h) == (0.5, pytest.approx(0.6), pytest.approx(0.7))
    assert (row.events, row.bad_events, row.events_remaining, row.events_1h) == (5_000_000, 2_000, 3_000, 7_200)
    assert (row.budget_remaining, row.seconds_left, row.is_healthy) == (0.6, None, True)
    assert row.sli == pytest.approx(0.9996)


def test_an_exhausted_slo_says_so(rows: Mapping[str, SloStatus]) -> None:
    """It has overspent by half."""
    assert rows["exhausted"].seconds_left == 0
    assert rows["exhausted"].states == ("exhausted", "seeded")
    assert not rows["exhausted"].is_healthy


def test_a_burning_slo_is_spent_at_the_pace_of_its_own_short_past(rows: Mapping[str, SloStatus]) -> None:
    """Six hours of records: six tenths of their budget last 0.6 × 6 h / (5.8 - 1), the age known to 15 minutes."""
    assert rows["burning"].seconds_left == pytest.approx(0.6 * 6 * 3600 / 4.8, rel=0.05)


@pytest.mark.parametrize("slo", ["quiet", "silent", "sloth-quiet", "short"])
def test_low_traffic_is_said(rows: Mapping[str, SloStatus], slo: str) -> None:
    """36 requests an hour at 99.9 %, none at all, sloth's NaN; 36 at 90 % are enough."""
    assert ("low traffic" in rows[slo].states) is (slo != "short")


def test_a_period_of_a_day_has_its_hour_summed(rows: Mapping[str, SloStatus]) -> None:
    """Its records have no window of that length."""
    assert rows["short"].events_1h == pytest.approx(36, rel=0.05)
    assert (rows["short"].burn_rate_1h, rows["short"].seconds_left) == (None, None)


def test_what_stopped_is_stale_and_what_never_was_is_no_data(rows: Mapping[str, SloStatus]) -> None:
    """Both have rules, and an instant query finds nothing of either."""
    assert (rows["stale"].states, rows["nothing"].states) == (("stale",), ("no data",))
    (fault,) = rows["stale"].faults
    assert fault.startswith("last measured 2")


def test_a_rule_that_fails_is_named_with_its_reason(rows: Mapping[str, SloStatus]) -> None:
    """What Prometheus says of it."""
    (fault,) = rows["failing"].faults
    assert fault.startswith(f"{conventions.OBJECTIVE} fails: ")
    assert "many" in fault


def test_the_seeded_share_is_that_of_each_period(rows: Mapping[str, SloStatus]) -> None:
    """Five days of thirty; none of a day's."""
    seeded = rows["healthy"].seeded
    assert seeded is not None
    assert seeded.share == pytest.approx(5 / 30)
    assert rows["short"].seeded is None


def test_strange_names_are_told_as_they_are(rows: Mapping[str, SloStatus]) -> None:
    """Quotes, backslashes and brackets are a label's right."""
    assert rows[STRANGE].budget_remaining == 0.6
