"""When the page of a journey goes out, asked of promtool: the generated rules over a course of one visit a minute."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import yaml

from slo.windows import HOUR, MINUTE
from tools.install import find

RULES = Path(__file__).resolve().parents[2] / "generated" / "prometheus" / "rules" / "journeys.yaml"
# Prometheus scrapes every 15 s, and rules of pages run every 30 s.
SCRAPE, STEP = 15, 30
# Longer than the longest window of a page.
HISTORY = 7 * HOUR


def page_seconds(
    folder: Path, journey: str, alert: str, fails: Callable[[int], bool], *, within: int, offset: int = 0
) -> int | None:
    """How long after its first failure the page of *journey* fires; None: not *within* so many seconds.

    Args:    fails: whether the visit number n fails, counted from the end of seven hours in which all passed; number 0
             does. offset: seconds after the full minute at which visits end.
    """
    assert fails(0)
    binary = find("promtool")
    assert binary is not None, "promtool is missing; run make setup"
    rules = folder / f"{journey}.rules.yaml"
    rules.write_text(yaml.safe_dump({"groups": _groups(journey)}, sort_keys=False), encoding="utf-8")
    document = _document(journey, alert, fails, within, offset) | {"rule_files": [str(rules)]}
    file = folder / f"{journey}.yaml"
    file.write_text(yaml.safe_dump(document), encoding="utf-8")
    done = subprocess.run([binary, "test", "rules", file], capture_output=True, text=True, check=False, timeout=300)
    text = done.stdout + done.stderr
    # Each moment is said to be silent: the first of which promtool says otherwise is the page's.
    told = [_seconds(found) - HISTORY for found in re.findall(r'expr: "[^\n]*", time: (\w+),', text)]
    assert "parse error" not in text, text
    return min(told) - offset if told else None


def _document(journey: str, alert: str, fails: Callable[[int], bool], within: int, offset: int) -> dict[str, object]:
    firing = f'count(ALERTS{{alertname="{alert}",alertstate="firing",sloth_severity="page"}}) or vector(0)'
    moments = range(HISTORY, HISTORY + within + STEP, STEP)
    labels = f'job="journeys",instance="journeys",journey="{journey}"'
    end = HISTORY + within + MINUTE
    series = {
        f'journey_attempts_total{{{labels},outcome="{outcome}"}}': " ".join(map(str, counts))
        for outcome, counts in _counts(fails, end, offset).items()
    }
    return {
        "evaluation_interval": f"{STEP}s",
        "group_eval_order": [group["name"] for group in _groups(journey)],
        "tests": [
            {
                "interval": f"{SCRAPE}s",
                "input_series": [{"series": name, "values": values} for name, values in series.items()],
                "promql_expr_test": [
                    {"expr": firing, "eval_time": f"{at}s", "exp_samples": [{"labels": "{}", "value": 0}]}
                    for at in moments
                ],
            }
        ],
    }


def _groups(journey: str) -> list[dict[str, Any]]:
    """The generated groups of the promise of *journey*: the others take time, and do not concern it."""
    groups = yaml.safe_load(RULES.read_text(encoding="utf-8"))["groups"]
    return [group for group in groups if any(rule["labels"].get("sloth_slo") == journey for rule in group["rules"])]


def _counts(fails: Callable[[int], bool], end: int, offset: int) -> dict[str, list[int]]:
    """What the probe's counters show at each scrape."""
    ended = [(number * MINUTE + offset, number - HISTORY // MINUTE) for number in range(end // MINUTE)]
    bad = {at for at, number in ended if number >= 0 and fails(number)}
    moments = range(0, end, SCRAPE)
    return {
        "passed": list(_cumulated([at for at, _ in ended if at not in bad], moments)),
        "slow": [0 for _ in moments],
        "failed": list(_cumulated(sorted(bad), moments)),
    }


def _cumulated(at: list[int], moments: range) -> Iterator[int]:
    count = 0
    for moment in moments:
        while count < len(at) and at[count] <= moment:
            count += 1
        yield count


def _seconds(spelt: str) -> int:
    """promtool's 7h16m30s."""
    return sum(
        int(number) * {"h": HOUR, "m": MINUTE, "s": 1}[unit] for number, unit in re.findall(r"(\d+)([hms])", spelt)
    )
