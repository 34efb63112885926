"""The rules of one spec by each engine: ours from our own generators, sloth's from the real binary."""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from alerts.rule_files import groups_of
from bench.programs import program
from bench.traffic import JOB
from slo.load import load
from slo.rule import Alert, Group, Record

OURS, SLOTH = "ours", "sloth"
SERVICE, SLO, ALERT = "shop", "requests", "ShopRequests"
METRIC = "http_requests_total"
PAGE, TICKET = f"ALERTS:{ALERT}:page", f"ALERTS:{ALERT}:ticket"


@dataclass(frozen=True, slots=True)
class Engines:
    """The rule groups of one SLO by both engines."""

    ours: tuple[Group, ...]
    sloth: tuple[Group, ...]

    def __iter__(self) -> Any:
        return iter(((OURS, self.ours), (SLOTH, self.sloth)))


def spec(service: str = SERVICE) -> str:
    """A spec file as people write them: the share of 5xx answers among all."""
    return f"""\
version: "prometheus/v1"
service: "{service}"
slos:
  - name: "{SLO}"
    objective: 99.9
    sli:
      events:
        error_query: sum(rate({METRIC}{{job="{JOB}",code=~"5.."}}[{{{{.window}}}}]))
        total_query: sum(rate({METRIC}{{job="{JOB}"}}[{{{{.window}}}}]))
    alerting:
      name: {ALERT}
      page_alert: {{}}
      ticket_alert: {{}}
"""


def both(text: str) -> Engines:
    """Both engines' rules for the one file *text*; sloth's are evaluated as often as our shortest group."""
    with tempfile.TemporaryDirectory(prefix="tillwatch-bench-") as folder:
        path = Path(folder) / "spec.yaml"
        path.write_text(text, encoding="utf-8")
        (file,) = load([str(path)]).files
        ours = tuple(groups_of(file))
        return Engines(ours, sloth_groups(path, min(group.interval_seconds for group in ours)))


def sloth_groups(path: Path, interval_seconds: int) -> tuple[Group, ...]:
    """What the real sloth makes of one spec file, every group evaluated at one interval."""
    out = path.with_name("sloth.rules")
    subprocess.run([program("sloth"), "generate", "-i", str(path), "-o", str(out)], check=True, capture_output=True)
    document = yaml.load(out.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)
    return tuple(
        Group(group["name"], interval_seconds, tuple(_rule(rule) for rule in group["rules"]))
        for group in document["groups"]
    )


def _rule(rule: Mapping[str, Any]) -> Record | Alert:
    labels = tuple(sorted(rule.get("labels", {}).items()))
    if "record" in rule:
        return Record(rule["record"], rule["expr"], labels)
    return Alert(rule["alert"], rule["expr"], labels, tuple(sorted(rule.get("annotations", {}).items())))
