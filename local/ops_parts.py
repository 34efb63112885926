"""The page of everything, /ops, as a part of the platform: what it asks, what it may break, and with which token."""

from __future__ import annotations

import sys
from collections.abc import Iterator

from local.choice import Choice
from local.part import Part
from local.settings import HOST, Settings
from local.shop import service_of
from local.watch_parts import ALERTMANAGERS

NAME = "ops"


def ops(settings: Settings, choice: Choice, *, promtool: str, jaeger: bool) -> Part:
    """Serves it. *promtool*: reckons when a drill's page comes. *jaeger*: whether one runs, where traces are seen."""
    return Part(
        name=NAME,
        command=(
            *(sys.executable, "-m", "budget", "serve"),
            *("--host", HOST, "--port", str(settings.port(NAME))),
            *("--prometheus", settings.url("prometheus")),
            *(word for name in ALERTMANAGERS for word in ("--alertmanager", settings.url(name))),
            *("--pagerduty", settings.url("pagerduty")),
            *(("--jaeger", settings.url("jaeger")) if jaeger else ()),
            # A seeded past counts on this machine alone.
            *("--environment", "local"),
            *("--token-file", str(settings.ops_token)),
            *("--faults", "--fault-token-file", str(settings.fault_token)),
            *_targets(settings, choice),
            *("--promtool", promtool),
        ),
        needs=("prometheus",),
        address=f"{settings.url(NAME)}/ops",
        ready_url=f"{settings.url(NAME)}/livez",
    )


def _targets(settings: Settings, choice: Choice) -> Iterator[str]:
    """Whoever takes faults: every replica, and the stand-in."""
    for name in choice.processes:
        yield from ("--fault-target", f"{service_of(name)}={settings.url(name)}")
    yield from ("--fault-target", f"pagerduty={settings.url('pagerduty')}")
