"""What watches the shop, as parts of the platform: Prometheus and its past, Alertmanagers, PagerDuty's stand-in."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

from local.part import Part
from local.settings import HOST, Settings

ALERTMANAGERS = ("alertmanager", "alertmanager-2")
RETENTION = "40d"  # longer than the longest period that a promise is counted over, and the seeded past
# The first build of the past, on a slow machine; later ones take seconds.
HISTORY_SECONDS = 900.0
STOP_SECONDS = 2


def pagerduty(settings: Settings, *, fault_token: str) -> Part:
    """The PagerDuty stand-in: one worker, for it alone appends to the file of events."""
    return Part(
        name="pagerduty",
        command=(
            sys.executable,
            "-m",
            "gunicorn",
            f"--bind={HOST}:{settings.port('pagerduty')}",
            "--worker-class=gthread",
            "--workers=1",
            "--threads=4",
            f"--graceful-timeout={STOP_SECONDS}",
            "--no-control-socket",
            "local.pagerduty:from_environment()",
        ),
        address=settings.url("pagerduty"),
        ready_url=settings.url("pagerduty") + "/livez",
        environment={
            "PAGERDUTY_EVENTS": str(settings.pagerduty_events),
            "PAGERDUTY_KEYS": str(settings.keys),
            "FAULT_TOKEN": fault_token,
        },
    )


def alertmanagers(settings: Settings, binary: Path) -> Iterator[Part]:
    """Two that tell one another what they have sent, so that the loss of either loses no page and doubles none."""
    for number, name in enumerate(ALERTMANAGERS):
        peers = [other for other in ALERTMANAGERS if other != name]
        own = f"{HOST}:{settings.port(f'{name}-cluster')}"
        yield Part(
            name=name,
            command=(
                str(binary),
                f"--config.file={settings.alertmanager_config}",
                f"--storage.path={settings.run / name}",
                f"--web.listen-address={HOST}:{settings.port(name)}",
                # Without it, links in incidents carry this machine's name, and people may not get there by it.
                f"--web.external-url={settings.url(name)}",
                f"--cluster.listen-address={own}",
                f"--cluster.advertise-address={own}",
                *(f"--cluster.peer={HOST}:{settings.port(f'{peer}-cluster')}" for peer in peers),
            ),
            # They stop one after the other: who leaves tells the other, and waits for seconds if that one has gone.
            needs=("pagerduty", *ALERTMANAGERS[:number]),
            address=settings.url(name),
            ready_url=settings.url(name) + "/-/ready",
        )


def history(settings: Settings) -> Part:
    """Gives a Prometheus that has no data yet a seeded past."""
    return Part(
        name="history",
        command=(sys.executable, "-m", "local.past", "place", str(settings.prometheus_data)),
        once=True,
        ready_seconds=HISTORY_SECONDS,
    )


def prometheus(settings: Settings, binary: Path, *, needs: tuple[str, ...]) -> Part:
    """Prometheus; its data stay in the run directory from one run to the next. *needs*: what it scrapes, above all."""
    return Part(
        name="prometheus",
        command=(
            str(binary),
            f"--config.file={settings.prometheus_config}",
            f"--storage.tsdb.path={settings.prometheus_data}",
            f"--storage.tsdb.retention.time={RETENTION}",
            f"--web.listen-address={HOST}:{settings.port('prometheus')}",
            f"--web.external-url={settings.url('prometheus')}",
            "--enable-feature=exemplar-storage",
        ),
        needs=(*ALERTMANAGERS, *needs),
        address=settings.url("prometheus"),
        ready_url=settings.url("prometheus") + "/-/ready",
    )
