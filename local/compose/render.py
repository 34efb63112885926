"""Writes the folder that local/compose.yaml mounts: configurations, rules, dashboards, keys and secrets."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path

import yaml

from local.alertmanager_config import key_files
from local.compose import configurations, secret_files
from local.compose.places import OWN_PORTS, variable
from local.errors import Refused
from local.prometheus_config import write_rules
from local.secret import new_token, write_secret
from local.settings import BASE, HOST, PORTS, Settings
from services.shared.issuer import Issuer

ENVIRONMENT_FILE = "compose.env"
# Others on this machine do not get into the folder of secrets, and containers run as somebody else: a file in it is
# readable to whoever is given it.
_CLOSED, _OPEN, _READABLE = 0o700, 0o755, 0o444


def render(settings: Settings, out: Path) -> None:
    """Write everything into *out*. Secrets that are there stay: databases know them.

    Raises:  Refused: nothing is generated yet.  OSError.
    """
    if not settings.generated_routes.exists() or not any(settings.generated_rules.glob("*.yaml")):
        raise Refused(f"{settings.root / 'generated'}: no rules or routes; ./generate.py build makes them")
    routes = configurations.alertmanager(yaml.safe_load(settings.generated_routes.read_text(encoding="utf-8")))
    ports = published(settings)
    texts = {
        "prometheus.yml": _yaml(configurations.prometheus()),
        "alertmanager.yml": _yaml(routes),
        "nginx.conf": configurations.front_door(),
        ENVIRONMENT_FILE: "".join(f"{name}={value}\n" for name, value in {"RENDERED": out, **ports}.items()),
    }
    out.mkdir(parents=True, exist_ok=True)
    _write_secrets(out / "secrets", routes, public_url=f"http://{HOST}:{ports[variable('front-door')]}")
    write_rules(settings.generated_rules, out / "rules", warm_up=False)
    _copy_dashboards(settings.root / "generated" / "grafana", out / "dashboards")
    for name, text in texts.items():
        _write(out / name, text, 0o644)


def published(settings: Settings) -> Mapping[str, object]:
    """By its variable, each port that compose.yaml may publish, moved by PORT_BASE."""
    return {variable(name): port + settings.port_base - BASE for name, port in (PORTS | OWN_PORTS).items()}


def _write_secrets(folder: Path, routes: dict[str, object], *, public_url: str) -> None:
    folder.mkdir(mode=_CLOSED, exist_ok=True)
    folder.chmod(_CLOSED)
    processes = secret_files.plan(folder, public_url=public_url)
    for name in ("postgres_password", "grafana_admin_password"):
        secret_files.kept(folder, name)
    Issuer.create(folder / "keys")
    for name, text in secret_files.files(folder, processes).items():
        _write(folder / name, text, _READABLE)
    for file in key_files(routes):
        target = folder / "pagerduty" / file.relative_to(configurations.ROUTING_KEYS)
        if not target.exists():
            write_secret(target, new_token())
    for each in folder.rglob("*"):
        each.chmod(_OPEN if each.is_dir() else _READABLE)


def _copy_dashboards(source: Path, target: Path) -> None:
    """Copies, which a build cannot tear; none is fine."""
    target.mkdir(exist_ok=True)
    for old in target.glob("*.json"):
        if not (source / old.name).exists():
            old.unlink()
    for file in sorted(source.glob("*.json")):
        shutil.copyfile(file, new := target / f".{file.name}.new")
        new.replace(target / file.name)


def _yaml(document: object) -> str:
    return yaml.safe_dump(document, sort_keys=False, allow_unicode=True)


def _write(path: Path, text: str, mode: int) -> None:
    new = path.with_name(f".{path.name}.new")
    new.unlink(missing_ok=True)
    new.touch(mode=0o600)
    new.write_text(text, encoding="utf-8")
    new.chmod(mode)
    new.replace(path)
