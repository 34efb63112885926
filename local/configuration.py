"""Writes what the parts are started with into the run directory: configurations, rules, keys, the token."""

from __future__ import annotations

from pathlib import Path

import yaml

from local import prometheus_config
from local.alertmanager_config import key_files, localised
from local.secret import new_token, write_secret
from local.settings import PORTS, Settings

# The stand-in has no metrics: nobody runs PagerDuty.
SCRAPED = tuple(part for part in PORTS if part != "pagerduty")


def write(settings: Settings, *, fault_token: str) -> None:
    """Write everything that `parts.platform` names. Routing keys stay from run to run, as incidents do."""
    settings.logs.mkdir(mode=0o700, parents=True, exist_ok=True)
    write_secret(settings.fault_token, fault_token)
    prometheus_config.write_rules(settings.generated_rules, settings.rules, warm_up=True)
    ports = {part: settings.port(part) for part in SCRAPED}
    _write_yaml(settings.prometheus_config, prometheus_config.config(ports=ports, rules=settings.rules))
    _write_alertmanager(settings)


def _write_alertmanager(settings: Settings) -> None:
    generated = yaml.safe_load(settings.generated_routes.read_text(encoding="utf-8"))
    enqueue = settings.url("pagerduty") + "/v2/enqueue"
    routes = localised(generated, pagerduty_url=enqueue, keys=settings.keys)
    for file in key_files(routes):
        if not file.exists():
            write_secret(file, new_token())
    _write_yaml(settings.alertmanager_config, routes)


def _write_yaml(path: Path, document: object) -> None:
    path.write_text(yaml.safe_dump(document, sort_keys=False, allow_unicode=True), encoding="utf-8")
