"""A recorded past of two days, with gaps, a reset and a seeded part, in blocks that a real Prometheus starts with."""

import json
import subprocess
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import yaml

from budget.readings import SEEDED
from slo import conventions
from tests.budget.curves import SCRIPT
from tools.install import find

MINUTE, DAY = 60, 86_400
OBJECTIVE = 0.95
EVENTS = 1.0  # a second
# Of each service, in minutes before the end: from, until, and the share of bad events between.
OUTAGE = (600, 560, 0.9)
BURNS: Mapping[str, tuple[tuple[int, int, float], ...]] = {
    "kept": ((500, 490, 0.5), (2000, 1900, 0.9)),
    "broken": ((1440, 0, 0.01), OUTAGE, (90, 80, 1.0)),
    "gap": (OUTAGE,),
    "old": ((2000, 1990, 0.5),),
    SCRIPT: ((60, 50, 0.5),),
}
GAP = (700, 580)  # minutes: the first half of the outage of `gap` was not measured
OLD_UNTIL = 1500  # of `old` nothing is known since
SEEDED_MINUTES = (2880, 720)
RESET, DEPLOYED, FAULT = 20, 25, (15, 5)
RUNBOOK = "https://runbooks.example/Up"


def lay(home: Path, end: int) -> None:
    """Write blocks, rules, a spec and the configuration that a Prometheus in *home* starts with.

    Args:    end: Unix seconds, a full ten minutes; not in the future.
    """
    promtool = find("promtool")
    assert promtool is not None, "promtool is not installed: run make setup"
    with (home / "past.om").open("w") as file:
        file.writelines(f"{line}\n" for line in _lines(end))
    command = [promtool, "tsdb", "create-blocks-from", "openmetrics", "past.om", "data"]
    subprocess.run(command, cwd=home, check=True, capture_output=True, timeout=60)
    (home / "prometheus.yml").write_text(yaml.safe_dump({"rule_files": ["rules.yaml"]}))
    # Loaded for its runbook alone: it never fires.
    rule = {"alert": "Up", "expr": "vector(1) < 0", "annotations": {"runbook_url": RUNBOOK}, "labels": ids("broken")}
    (home / "rules.yaml").write_text(yaml.safe_dump({"groups": [{"name": "g", "rules": [rule]}]}))
    events = {
        f"{kind}_query": f'sum(rate(requests_total{{job="broken"{only}}}[{{{{.window}}}}]))'
        for kind, only in (("error", ',code="500"'), ("total", ""))
    }
    slo = {"name": "up", "objective": OBJECTIVE * 100, "window": "1d", "description": "Requests of the shop."}
    slo |= {"sli": {"events": events}, "alerting": {"name": "Up"}}
    (home / "specs.yaml").write_text(yaml.safe_dump({"version": "prometheus/v1", "service": "broken", "slos": [slo]}))


def ids(service: str) -> dict[str, str]:
    """The labels of a service's only SLO."""
    return {conventions.ID: f"{service}-up", conventions.SERVICE: service, conventions.SLO: "up"}


def _lines(end: int) -> Iterator[str]:
    for service, burns in BURNS.items():
        yield from _records(service, lambda ago, burns=burns: _share(burns, ago), end)
    yield from _constants("nobody", end)
    yield from (f"{SEEDED} {at} {at}" for at in range(*(end - ago * MINUTE for ago in SEEDED_MINUTES), 120))
    for state, severity, since, until in (
        ("pending", "page", 598, 597),
        ("firing", "page", 597, 555),
        ("firing", "ticket", 590, 400),
        ("pending", "page", 13, 12),
        ("firing", "page", 12, 3),
    ):
        labels = {"alertname": "Up", "alertstate": state, conventions.SEVERITY: severity, **ids("broken")}
        yield from _samples("ALERTS", labels, lambda _: 1, end, since, until)
    watchdog = {"alertname": "Watchdog", "alertstate": "firing", "severity": "info"}
    yield from _samples("ALERTS", watchdog, lambda _: 1, end, 2880, 0, 240)
    yield from _shop(end)
    yield "# EOF"


def _records(service: str, share: Callable[[float], float], end: int) -> Iterator[str]:
    """What rules have recorded: averages over two minutes, and constants."""
    until = OLD_UNTIL if service == "old" else 0
    gaps = [ago for ago in range(2880, until - 2, -2) if service == "gap" and GAP[0] > ago >= GAP[1]]
    for name, value in (
        (conventions.total_average("2m"), lambda ago: EVENTS),
        (conventions.bad_average("2m"), lambda ago: EVENTS * share(ago)),
    ):
        for ago in range(2880, until - 2, -2):
            # The rules' own staleness: what is missing for longer than five minutes is not there.
            if ago not in gaps:
                yield f"{name}{_shown(ids(service))} {value(ago)} {end - ago * MINUTE}"
    yield from _constants(service, end)


def _constants(service: str, end: int) -> Iterator[str]:
    constants = {conventions.OBJECTIVE: OBJECTIVE, conventions.PERIOD_DAYS: 1, conventions.BUDGET_EVENTS_REMAINING: 1}
    for name, figure in constants.items():
        yield from (f"{name}{_shown(ids(service))} {figure} {at}" for at in range(end - 2 * DAY, end + 1, 240))


def _shop(end: int) -> Iterator[str]:
    """The raw counters of the last half hour, every 15 s: 10 requests a second, reset once; half fail in the fault."""
    counted: dict[str, float] = {"200": 1e6, "500": 1e3}
    lines: list[tuple[str, dict[str, str], float, int]] = []
    for at in range(end - 40 * MINUTE, end + 1, 15):
        ago = (end - at) / MINUTE
        if ago == RESET:
            counted = dict.fromkeys(counted, 0.0)
        bad = 75.0 if FAULT[0] >= ago > FAULT[1] else 0.0
        counted["500"] += bad
        counted["200"] += 150 - bad
        release = "2" if ago <= DEPLOYED else "1"
        job = {"job": "broken", "instance": "a"}
        lines += [("requests_total", {**job, "code": code}, value, at) for code, value in counted.items()]
        lines += [
            ("up", job, 1, at),
            ("process_start_time_seconds", job, end - RESET * MINUTE if ago <= RESET else 1, at),
        ]
        lines.append(("app_build_info", {**job, "service": "broken", "version": release, "revision": "abc"}, 1, at))
        active = FAULT[0] >= ago > FAULT[1]
        lines += [
            ("shop_fault_active", {**job, "fault": kind}, active * (kind == "errors"), at)
            for kind in ("errors", "latency")
        ]
    for name, labels, value, at in sorted(lines, key=lambda line: (line[0], sorted(line[1].items()), line[3])):
        yield f"{name}{_shown(labels)} {float(value)} {at}"


def _samples(
    name: str,
    labels: Mapping[str, str],
    value: Callable[[int], float],
    end: int,
    since: int,
    until: int,
    every: int = 15,
) -> Iterator[str]:
    for at in range(end - since * MINUTE, end - until * MINUTE, every):
        yield f"{name}{_shown(labels)} {value(at)} {at}"
    # Prometheus itself writes such a mark when an alert is over; a text cannot, so that lookback adds five minutes.


def _share(burns: tuple[tuple[int, int, float], ...], ago: float) -> float:
    """Of the two minutes that end so many minutes ago."""
    return next((share for since, until, share in reversed(burns) if since > ago >= until), 0.0)


def _shown(labels: Mapping[str, str]) -> str:
    return "{" + ",".join(f"{name}={json.dumps(value)}" for name, value in labels.items()) + "}"
