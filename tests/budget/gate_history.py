"""A recorded day of many services, told to a real Prometheus: raw counters under live rules, and finished records."""

import json
import subprocess
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import yaml

from budget.readings import SEEDED
from slo import conventions
from tools.install import find

MINUTE, HOUR, DAY = 60, 3600, 86_400
OBJECTIVE = 0.95
# Requests a minute and the share of bad ones, from so many minutes ago on; the last that applies counts.
Minutes = tuple[tuple[int, float, float], ...]
ShareAt = Callable[[int], float]  # the share of bad events at a Unix time
CALM: Minutes = ((1500, 60, 0.001),)
RAW: Mapping[str, Minutes] = {
    "healthy": CALM,
    "reset": CALM,
    "gap": CALM,
    "stopped": CALM,
    "quiet": ((1500, 0.01, 0.0),),
    "spent": ((1500, 60, 0.001), (900, 60, 0.5), (700, 60, 0.001)),
    "burning": ((1500, 60, 0.001), (65, 60, 0.7)),
    "paging": CALM,
    "ticketed": CALM,
    "down": CALM,
    "little": ((1500, 60, 0.001), (900, 60, 0.23), (650, 60, 0.001)),
    "needs-healthy": CALM,
    "needs-burning": CALM,
    "needs-spent": CALM,
    "needs-stopped": CALM,
    "needs-nobody": CALM,
}
RESETS = (300, 120)  # minutes ago
GAP = range(180, 220)
STOPPED = 20
DEPENDS_ON = {name: (name.removeprefix("needs-"),) for name in RAW if name.startswith("needs-")}
RECORDED = ("half-good", "half-bad", "stale", "two-copies")
SEEDED_HOURS = (22, 10)  # from so long ago until so long ago
PROMISED = (*RAW, *RECORDED, "not-loaded")


def specs(folder: Path) -> Path:
    """A folder with a spec of every service that promises something."""
    folder.mkdir()
    for name in PROMISED:
        if name == "nobody":
            continue
        slo = {
            "name": "up",
            "objective": OBJECTIVE * 100,
            "window": "1d",
            "sli": {
                "events": {"error_query": "sum(rate(bad[{{.window}}]))", "total_query": "sum(rate(all[{{.window}}]))"}
            },
            "alerting": {"name": "Up"},
        }
        document = {"version": "prometheus/v1", "service": name, "slos": [slo]}
        document |= {"depends_on": list(DEPENDS_ON[name])} if name in DEPENDS_ON else {}
        (folder / f"{name}.yaml").write_text(yaml.safe_dump(document))
    return folder


def lay(home: Path, now: int, seeded: tuple[int, int] | None = None) -> None:
    """Write blocks, rules and the configuration that a Prometheus in *home* starts with.

    Args:    seeded: from when to when the past is marked as seeded; as SEEDED_HOURS says by default.
    """
    now -= now % 120
    span = (now - SEEDED_HOURS[0] * HOUR, now - SEEDED_HOURS[1] * HOUR) if seeded is None else seeded
    promtool = find("promtool")
    assert promtool is not None, "promtool is not installed: run make setup"
    with (home / "past.om").open("w") as file:
        file.writelines(f"{line}\n" for line in _lines(now, span))
    command = [promtool, "tsdb", "create-blocks-from", "openmetrics", "past.om", "data"]
    subprocess.run(command, cwd=home, check=True, capture_output=True, timeout=60)
    # The blocks reach into the future, before which live rules would not be allowed to write.
    storage = {"tsdb": {"out_of_order_time_window": "1h"}}
    (home / "prometheus.yml").write_text(yaml.safe_dump({"rule_files": ["rules.yaml"], "storage": storage}))
    groups = [_group(name) for name in RAW] + [_empty(name) for name in RECORDED]
    (home / "rules.yaml").write_text(yaml.safe_dump({"groups": groups}))


def ids(service: str, **more: str) -> dict[str, str]:
    """The labels of a service's only SLO."""
    return {conventions.ID: f"{service}-up", conventions.SERVICE: service, conventions.SLO: "up", **more}


def _lines(now: int, span: tuple[int, int]) -> Iterator[str]:
    for service, minutes in RAW.items():
        yield from _raw(service, minutes, now)
    for name in ("half-good", "half-bad", "stale"):
        until = now - 20 * MINUTE if name == "stale" else now + 10 * MINUTE
        yield from _records(ids(name), _half(name, now), now, until)
    for cluster in ("east", "west"):
        bad = 0.2 if cluster == "west" else 0.001
        yield from _records(ids("two-copies", cluster=cluster), lambda _, bad=bad: bad, now, now + 10 * MINUTE)
    yield from (f"{SEEDED} {at} {at}" for at in range(*span, 120))
    yield "# EOF"


def _raw(service: str, minutes: Minutes, now: int) -> Iterator[str]:
    """Counters, minute by minute, on into the future, or a slow test would find them stale."""
    bad = total = 0.0
    counted: list[tuple[int, float, float]] = []
    for ago in range(1500, -11, -1):
        rate, share = [(rate, share) for since, rate, share in minutes if since >= ago][-1]
        total, bad = total + rate, bad + rate * share
        if service == "reset" and ago in RESETS:
            total = bad = 0.0
        missing = (service == "gap" and ago in GAP) or (service == "stopped" and ago < STOPPED)
        if not missing:
            counted.append((now - ago * MINUTE, bad, total))
    for name, place in (("bad_total", 1), ("all_total", 2)):
        yield from (f'{name}{{job="{service}"}} {row[place]} {row[0]}' for row in counted)


def _half(name: str, now: int) -> ShareAt:
    """The share of bad events: one in the seeded past, another around it."""
    seeded, measured = {"half-good": (0.5, 0.001), "half-bad": (0.0, 0.2)}.get(name, (0.0, 0.0))
    begin, end = (now - hours * HOUR for hours in SEEDED_HOURS)
    return lambda at: seeded if begin < at <= end else measured


def _records(labels: Mapping[str, str], share_at: ShareAt, now: int, until: int) -> Iterator[str]:
    """What rules have recorded: averages over the day, and the constants and figures of the last minutes."""
    shown = "{" + ",".join(f"{name}={json.dumps(value)}" for name, value in labels.items()) + "}"
    day = range(now - DAY - 2 * HOUR, until, 120)
    for name, value in (
        (conventions.total_average("2m"), lambda at: 1.0),
        (conventions.bad_average("2m"), share_at),
        (conventions.sli_ratio("5m"), share_at),
    ):
        yield from (f"{name}{shown} {value(at)} {at}" for at in day)
    spent = sum(share_at(at) for at in range(now - DAY, now, 120)) / (DAY / 120) / (1 - OBJECTIVE)
    now_figures = {
        conventions.OBJECTIVE: OBJECTIVE,
        conventions.PERIOD_DAYS: 1,
        conventions.CURRENT_BURN_RATE: 0.02,
        conventions.sli_ratio("1h"): 0.001,
        conventions.recent_ratio("6h"): 0.001,
        conventions.total_rate("1h"): 1,
        conventions.total_increase("1d"): DAY,
        conventions.bad_increase("1d"): spent * DAY * (1 - OBJECTIVE),
        conventions.PERIOD_BURN_RATE: spent,
        conventions.BUDGET_REMAINING: 1 - spent,
        conventions.BUDGET_EVENTS_REMAINING: (1 - spent) * DAY * (1 - OBJECTIVE),
    }
    for name, figure in now_figures.items():
        yield from (f"{name}{shown} {figure} {at}" for at in range(now - 2 * HOUR, until, 60))


def _group(service: str) -> dict[str, object]:
    """Live rules over raw counters, under the names that the gate reads."""
    own, budget = f'{{job="{service}"}}', 1 - OBJECTIVE

    def rate(name: str, window: str) -> str:
        return f"rate({name}{own}[{window}])"

    def ratio(window: str) -> str:
        bad, total = (f"sum by () ({rate(name, window)})" for name in ("bad_total", "all_total"))
        return f"{bad} / ({total} > 0) or 0 * {total}"

    spent = f"({ratio('1d')}) / {budget}"
    expressions = {
        conventions.OBJECTIVE: f"vector({OBJECTIVE})",
        conventions.PERIOD_DAYS: "vector(1)",
        conventions.total_rate("1h"): f"sum by () ({rate('all_total', '1h')})",
        conventions.CURRENT_BURN_RATE: f"({ratio('5m')}) / {budget}",
        conventions.sli_ratio("1h"): ratio("1h"),
        conventions.recent_ratio("6h"): ratio("6h"),
        conventions.total_increase("1d"): f"sum by () (increase(all_total{own}[1d]))",
        conventions.bad_increase("1d"): f"sum by () (increase(bad_total{own}[1d]))",
        conventions.PERIOD_BURN_RATE: spent,
        conventions.BUDGET_REMAINING: f"1 - {spent}",
        conventions.BUDGET_EVENTS_REMAINING: f"{budget} * sum by () (increase(all_total{own}[1d]))"
        f" - sum by () (increase(bad_total{own}[1d]))",
    }
    rules: list[dict[str, object]] = [
        {"record": name, "expr": expr, "labels": ids(service)} for name, expr in expressions.items()
    ]
    severity = {"paging": conventions.PAGE, "ticketed": conventions.TICKET}.get(service)
    if severity:
        labels = {**ids(service), conventions.SEVERITY: severity}
        rules.append({"alert": "Up", "expr": "vector(1)", "labels": labels})
    if service == "down":
        labels = {"service": service, "severity": conventions.PAGE}
        rules.append({"alert": conventions.SERVICE_DOWN, "expr": "vector(1)", "labels": labels})
    return {"name": service, "interval": "2s", "rules": rules}


def _empty(service: str) -> dict[str, object]:
    """Rules that are loaded and record nothing: what counts are the blocks."""
    rule = {"record": conventions.OBJECTIVE, "expr": "vector(1) < 0", "labels": ids(service)}
    return {"name": service, "interval": "2s", "rules": [rule]}
