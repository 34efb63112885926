"""Every part of the platform, each with what it needs; the supervisor starts them in that order."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path

from local import journey_parts, ops_parts, postgres, redis_server, watch_parts
from local.choice import Choice
from local.part import Part
from local.settings import Settings
from local.shop_parts import processes, shop
from local.telemetry import OTLP, Telemetry


def platform(
    settings: Settings,
    choice: Choice,
    *,
    binaries: Mapping[str, Path],
    secrets: Mapping[str, str],
    telemetry: Telemetry,
    placing: bool,
) -> tuple[Part, ...]:
    """The parts of *choice*.

    Args:    binaries: where prometheus, promtool and alertmanager are. secrets: as `ShopProcesses` has them.
             telemetry: where spans and logs go. placing: whether Prometheus is to be given a past before it starts.
    """
    stores = tuple(_stores(settings, choice))
    if not choice.whole:
        plan = processes(settings, choice, secrets=secrets, extra={})
        return (*stores, *shop(settings, choice, plan, needs=_names(stores)))
    plan = processes(settings, choice, secrets=secrets, extra={OTLP: telemetry.otlp_endpoint})
    takers = tuple(telemetry.parts())
    # Needed for what services say at their end.
    spans = tuple(name for name in _names(takers) if name in ("collector", "jaeger"))
    services = tuple(shop(settings, choice, plan, needs=(*_names(stores), *spans)))
    probes = (journey_parts.staff(settings, plan), journey_parts.journeys(settings))
    past = (watch_parts.history(settings),) if placing else ()
    scraped = tuple(part.name for part in services if part.every_seconds is None)
    return (
        *stores,
        *takers,
        watch_parts.pagerduty(settings, fault_token=secrets["FAULT_TOKEN"]),
        *watch_parts.alertmanagers(settings, binaries["alertmanager"]),
        *past,
        *services,
        watch_parts.prometheus(settings, binaries["prometheus"], needs=(*scraped, *_names(past))),
        ops_parts.ops(settings, choice, promtool=str(binaries["promtool"]), jaeger=telemetry.jaeger is not None),
        *probes,
        shoppers(settings, choice),
    )


def shoppers(settings: Settings, choice: Choice) -> Part:
    """Shoppers who come and go as on an ordinary day, for as long as the platform runs."""
    return Part(
        name="shoppers",
        command=(
            sys.executable,
            "-m",
            "synthetics",
            "load",
            "--host",
            settings.url("front-door"),
            "--shape",
            "day",
            *(("--scale", f"{choice.shoppers:g}") if choice.shoppers != 1 else ()),
            # They stand for the people whom a real shop has, and whom its promises are made to.
            "--traffic",
            "user",
        ),
        needs=("front-door", "prometheus"),
    )


def _stores(settings: Settings, choice: Choice) -> tuple[Part, ...]:
    """Databases and caches, where they are not embedded."""
    found = []
    if choice.postgres:
        place, port = settings.postgres, settings.port("postgres")
        found.append(
            Part(
                name="postgres",
                command=postgres.command(place, port),
                ready=lambda: postgres.answers(place, port),
                stop_by=postgres.STOP_BY,
            )
        )
    if choice.redis:
        folder, redis_port = settings.redis, settings.port("redis")
        found.append(
            Part(
                name="redis",
                command=redis_server.command(folder),
                ready=lambda: redis_server.answers(folder, redis_port),
            )
        )
    return tuple(found)


def _names(parts: tuple[Part, ...]) -> tuple[str, ...]:
    return tuple(part.name for part in parts)
