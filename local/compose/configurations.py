"""Prometheus', Alertmanager's and the front door's configuration among containers: this machine's, moved."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from local import alertmanager_config, journey_parts, ops_parts, prometheus_config
from local.compose.places import EVERYWHERE, moved, place, url
from local.errors import Refused
from local.front_door import SERVICES as OUTSIDE
from local.front_door import DoorSettings
from local.front_door.configuration import configuration
from local.settings import HOST, PORTS
from local.shop import SERVICES, WORKERS
from local.watch_parts import ALERTMANAGERS

RULES = Path("/etc/prometheus/rules")
ROUTING_KEYS = Path("/run/secrets/pagerduty")


def prometheus() -> dict[str, Any]:
    """prometheus.yml as data."""
    watching = ("pagerduty", journey_parts.NAME, ops_parts.NAME, "prometheus")
    jobs = {name: {name: PORTS[name]} for name in (*SERVICES, *WORKERS, *watching)}
    jobs["alertmanager"] = {name: PORTS[name] for name in ALERTMANAGERS}
    document: dict[str, Any] = moved(prometheus_config.config(jobs=jobs, rules=RULES))
    return document


def alertmanager(generated: dict[str, Any]) -> dict[str, Any]:
    """alertmanager.yml as data, from the one that ./generate.py writes."""
    enqueue = url("pagerduty") + "/v2/enqueue"
    return alertmanager_config.localised(generated, pagerduty_url=enqueue, keys=ROUTING_KEYS)


def front_door() -> str:
    """nginx.conf: it listens for other containers too, and its log goes where containers' logs go.

    Raises:  Refused: the front door's configuration has changed, and these two lines are not found in it.
    """
    port = PORTS["front-door"]
    text = configuration({name: [place(name)] for name in OUTSIDE}, port=port, settings=DoorSettings())
    for old, new in (
        (f"listen {HOST}:{port} ", f"listen {EVERYWHERE}:{port} "),
        ("access_log access.log ", "access_log /dev/stdout "),
    ):
        if text.count(old) != 1:
            raise Refused(f"the front door's nginx.conf was expected to hold {old!r} once: see local/compose")
        text = text.replace(old, new)
    return text
