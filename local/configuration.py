"""Writes what the parts are started with into the run directory: configurations, rules, keys, secrets."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import yaml

from local import journey_parts, ops_parts, postgres, prometheus_config, redis_server, shop_parts
from local.alertmanager_config import key_files, localised
from local.choice import Choice
from local.front_door import SERVICES as OUTSIDE
from local.secret import new_token, write_secret
from local.settings import Settings
from local.shop import service_of
from local.watch_parts import ALERTMANAGERS
from services.shared.issuer import Issuer

# What services share; kept from run to run, so that sessions and what waits in an outbox stay good. The probes' own key
# is not among it.
KEPT_SECRETS = ("WEBHOOK_KEY", "TRAFFIC_KEY", "SESSION_KEY")


def write(settings: Settings, choice: Choice, *, warm_up: bool) -> Mapping[str, str]:
    """Write everything that `parts.platform` names. Routing keys stay from run to run, as incidents do.

    Args:    warm_up: whether rule groups run often at first.
    Returns:  the services' secrets, as `ShopProcesses` has them. The fault token is of this run alone.
    Raises:  Refused, StartFailed: a server's configuration or database cannot be made.
    """
    settings.logs.mkdir(mode=0o700, parents=True, exist_ok=True)
    settings.data.mkdir(mode=0o700, parents=True, exist_ok=True)
    secrets = kept_secrets(settings) | {"FAULT_TOKEN": new_token()}
    write_secret(settings.fault_token, secrets["FAULT_TOKEN"])
    write_secret(settings.staff_password, journey_parts.staff_password(_token(settings.probe_key)))
    Issuer.create(settings.shop_keys)
    _write_stores(settings, choice)
    if choice.whole:
        _token(settings.ops_token)
        prometheus_config.write_rules(settings.generated_rules, settings.rules, warm_up=warm_up)
        _write_prometheus(settings, choice)
        _write_alertmanager(settings)
        _write_doors(settings, choice)
    return secrets


def kept_secrets(settings: Settings) -> dict[str, str]:
    """What services share, by its name; what is not there yet is made."""
    return {name: _token(settings.shop_secrets / name) for name in KEPT_SECRETS}


def _write_stores(settings: Settings, choice: Choice) -> None:
    if choice.postgres:
        postgres.prepare(settings.postgres)
    if choice.redis:
        redis_server.prepare(settings.redis, settings.port("redis"))


def _write_prometheus(settings: Settings, choice: Choice) -> None:
    jobs: dict[str, dict[str, int]] = {}
    for name in choice.processes:
        jobs.setdefault(service_of(name), {})[name] = settings.port(name)
    for name in (*choice.workers, "pagerduty", journey_parts.NAME, ops_parts.NAME, "prometheus"):
        jobs[name] = {name: settings.port(name)}
    jobs["alertmanager"] = {name: settings.port(name) for name in ALERTMANAGERS}
    _write_yaml(settings, prometheus_config.config(jobs=jobs, rules=settings.rules), "prometheus.yml")


def _write_alertmanager(settings: Settings) -> None:
    generated = yaml.safe_load(settings.generated_routes.read_text(encoding="utf-8"))
    enqueue = settings.url("pagerduty") + "/v2/enqueue"
    routes = localised(generated, pagerduty_url=enqueue, keys=settings.keys)
    for file in key_files(routes):
        if not file.exists():
            write_secret(file, new_token())
    _write_yaml(settings, routes, "alertmanager.yml")


def _write_doors(settings: Settings, choice: Choice) -> None:
    front, balancer = shop_parts.doors(settings, choice)
    found = shop_parts.upstreams(settings, choice)
    front.prepare({service: places for service, places in found.items() if service in OUTSIDE})
    if balancer is not None:
        balancer.prepare(found)


def _token(file: Path) -> str:
    """What *file* holds, which is made unless it is there."""
    if not file.exists():
        write_secret(file, new_token())
    return file.read_text(encoding="utf-8")


def _write_yaml(settings: Settings, document: object, name: str) -> None:
    text = yaml.safe_dump(document, sort_keys=False, allow_unicode=True)
    (settings.run / name).write_text(text, encoding="utf-8")
