"""prometheus.yml of this machine, and the rules it loads: copies, which a build cannot tear."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from local.settings import HOST

SCRAPE_SECONDS = 5

# A group's first turn comes up to one interval after the start, two minutes for the period's records; and these
# count in steps of two minutes, so that a budget would show after four. Every group runs this often at first, then
# at its own interval.
WARM_UP_EVERY_SECONDS = 5
WARM_UP_SECONDS = 150


def config(*, jobs: Mapping[str, Mapping[str, int]], rules: Path) -> dict[str, Any]:
    """prometheus.yml as data.

    Args:    jobs: by the name of the job, the port of each of its processes, by the process's name: its instance, as a
             pod's name is elsewhere. The job `alertmanager` gets the alerts.
    """
    alertmanagers = [f"{HOST}:{port}" for port in jobs["alertmanager"].values()]
    return {
        "global": {"scrape_interval": f"{SCRAPE_SECONDS}s", "evaluation_interval": "30s"},
        "rule_files": [str(rules / "*.yaml")],
        "scrape_configs": [{"job_name": job, "static_configs": _targets(ports)} for job, ports in jobs.items()],
        "alerting": {"alertmanagers": [{"static_configs": [{"targets": alertmanagers}]}]},
    }


def _targets(ports: Mapping[str, int]) -> list[dict[str, Any]]:
    return [{"targets": [f"{HOST}:{port}"], "labels": {"instance": name}} for name, port in ports.items()]


def write_rules(source: Path, target: Path, *, warm_up: bool) -> None:
    """Copy *source*'s rule files into *target*: as they are, or with each group at the warm-up's interval."""
    target.mkdir(exist_ok=True)
    for old in target.glob("*.yaml"):
        if not (source / old.name).exists():
            old.unlink()
    for file in sorted(source.glob("*.yaml")):
        text = file.read_text(encoding="utf-8")
        (target / file.name).write_text(hurried(text) if warm_up else text, encoding="utf-8")


def hurried(text: str) -> str:
    """A rule file's *text* with every group at the warm-up's interval. Nothing else is changed."""
    document = yaml.safe_load(text)
    for group in document.get("groups", ()):
        group["interval"] = f"{WARM_UP_EVERY_SECONDS}s"
    return yaml.safe_dump(document, sort_keys=False, width=2**16)
