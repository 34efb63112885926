"""The parts of the platform, in the order in which they start: what each needs is ready before it."""

from __future__ import annotations

import sys
from pathlib import Path

from local.part import Part
from local.settings import HOST, Settings

SHOPPERS = 3
SHOPPING_SECONDS = 86_400  # the longest that synthetics takes; then it starts again
STOP_SECONDS = 2  # what a service gives its requests in flight; the whole platform stops within ten


def platform(settings: Settings, *, binaries: dict[str, Path], fault_token: str) -> tuple[Part, ...]:
    """Every part of *settings*' platform. *binaries*: where prometheus and alertmanager are."""
    return (
        catalog(settings, fault_token=fault_token),
        pagerduty(settings),
        alertmanager(settings, binaries["alertmanager"]),
        prometheus(settings, binaries["prometheus"]),
        shoppers(settings),
    )


def catalog(settings: Settings, *, fault_token: str) -> Part:
    """The catalog service, with fault injection on."""
    return Part(
        name="catalog",
        command=_gunicorn("-c", "python:services.shared.gunicorn", "services.catalog.wsgi:app"),
        address=settings.url("catalog"),
        ready_url=settings.url("catalog") + "/readyz",
        environment={
            "HOST": HOST,
            "PORT": str(settings.port("catalog")),
            "DATA_DIR": str(settings.run / "data"),
            "FAULT_TOKEN": fault_token,
            "GRACEFUL_TIMEOUT": str(STOP_SECONDS),
        },
    )


def pagerduty(settings: Settings) -> Part:
    """The PagerDuty stand-in: one worker, for it alone appends to the file of events."""
    return Part(
        name="pagerduty",
        command=_gunicorn(
            f"--bind={HOST}:{settings.port('pagerduty')}",
            "--worker-class=gthread",
            "--workers=1",
            "--threads=4",
            f"--graceful-timeout={STOP_SECONDS}",
            "--no-control-socket",
            "local.pagerduty:from_environment()",
        ),
        address=settings.url("pagerduty"),
        ready_url=settings.url("pagerduty") + "/incidents",
        environment={
            "PAGERDUTY_EVENTS": str(settings.pagerduty_events),
            "PAGERDUTY_KEYS": str(settings.keys),
        },
    )


def alertmanager(settings: Settings, binary: Path) -> Part:
    """One Alertmanager, without a cluster."""
    return Part(
        name="alertmanager",
        command=(
            str(binary),
            f"--config.file={settings.alertmanager_config}",
            f"--storage.path={settings.run / 'alertmanager'}",
            f"--web.listen-address={HOST}:{settings.port('alertmanager')}",
            "--cluster.listen-address=",
        ),
        address=settings.url("alertmanager"),
        ready_url=settings.url("alertmanager") + "/-/ready",
    )


def prometheus(settings: Settings, binary: Path) -> Part:
    """Prometheus; its data stay in the run directory from one run to the next."""
    return Part(
        name="prometheus",
        command=(
            str(binary),
            f"--config.file={settings.prometheus_config}",
            f"--storage.tsdb.path={settings.prometheus_data}",
            "--storage.tsdb.retention.time=40d",
            f"--web.listen-address={HOST}:{settings.port('prometheus')}",
        ),
        address=settings.url("prometheus"),
        ready_url=settings.url("prometheus") + "/-/ready",
    )


def shoppers(settings: Settings) -> Part:
    """A few shoppers who browse for as long as the platform runs."""
    return Part(
        name="shoppers",
        command=(
            sys.executable,
            "-m",
            "synthetics",
            "load",
            "--host",
            settings.url("catalog"),
            "--users",
            str(SHOPPERS),
            "--for",
            str(SHOPPING_SECONDS),
        ),
        ends=True,
    )


def _gunicorn(*arguments: str) -> tuple[str, ...]:
    return (sys.executable, "-m", "gunicorn", *arguments)
