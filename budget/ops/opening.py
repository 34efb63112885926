"""Puts the page together from what it was started with, and refuses what would be unsafe or cannot be."""

from __future__ import annotations

import ipaddress
import shutil
import stat
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from budget import drill_forecast, drill_spec
from budget.drill_spec import Drill
from budget.gate_decision import LOCAL
from budget.ops.alertmanager import Alertmanagers
from budget.ops.desk import Desk
from budget.ops.door import LOOPBACK, Door
from budget.ops.drills import Drills, Forecast, Forecaster
from budget.ops.errors import NotHere, WrongSetting
from budget.ops.faults import Faults
from budget.ops.gates import Gate
from budget.ops.incidents import Incidents
from budget.ops.peer import Peer
from budget.ops.reread import Reread
from budget.ops.runbooks import Runbooks
from budget.prometheus import Prometheus
from slo.errors import TillwatchError

Made = TypeVar("Made")
LEAST_TOKEN = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What `budget serve` was given; see its --help."""

    server: Prometheus
    alertmanagers: tuple[str, ...]
    pagerduty: str | None
    jaeger: str | None
    host: str
    port: int
    allow_remote: bool
    hosts: tuple[str, ...]
    behind_tls: bool
    token_file: Path | None
    token: str
    environment: str
    specs: Path
    runbooks: Path
    faults: bool
    targets: tuple[str, ...]
    fault_token_file: Path | None
    drills: tuple[Path, ...]
    generated: Path
    promtool: str


def door(options: Options) -> Door:
    """Who may read and who may act.

    Raises:  WrongSetting: it would be open to others, or its token is nobody's secret.
    """
    elsewhere = not _is_loopback(options.host)
    if elsewhere and not options.allow_remote:
        raise WrongSetting(
            f"--host {options.host} can be reached from other machines, whose people would read what is said here, and"
            " could try tokens: give --allow-remote if that is meant, and put TLS before it"
        )
    token = options.token if options.token_file is None else _token(options.token_file)
    if token and len(token) < LEAST_TOKEN:
        raise WrongSetting(f"the token holds {len(token)} characters: expected {LEAST_TOKEN} or more")
    # Whoever names another host or TLS has a proxy before it, which lets in all the world.
    reached = [
        name
        for name, given in (
            ("--allow-remote", elsewhere),
            ("--allow-host", options.hosts),
            ("--behind-tls", options.behind_tls),
        )
        if given
    ]
    if reached and not token:
        raise WrongSetting(f"{reached[0]} needs --token-file: from other machines nothing can be read without")
    return Door(token, hosts=(*LOOPBACK, options.host, *options.hosts), reads_freely=not reached)


def desk(options: Options) -> Desk:
    """Whom the page asks and tells.

    Raises:  WrongSetting.
    """
    environment = _environment(options)
    return Desk(
        server=options.server,
        alertmanagers=_made("--alertmanager", lambda: Alertmanagers(options.alertmanagers)),
        incidents=_made("--pagerduty", lambda: Incidents(options.pagerduty)),
        gate=Gate(options.specs, environment),
        runbooks=Runbooks(options.runbooks, at="/ops/runbooks/"),
        environment=environment,
        jaeger=_made("--jaeger", lambda: Peer(options.jaeger).url if options.jaeger else ""),
        faults=_faults(options),
        drills=_drills(options),
    )


def forecaster(options: Options) -> Forecaster:
    """Reckons when the pages of a drill come, by the rules and routes as they are then."""
    rules = Reread(options.generated, lambda: drill_forecast.read_rules(options.generated, _promtool(options)))

    def reckon(drill: Drill) -> Forecast:
        found = drill_forecast.forecasts(drill, options.server, rules.get(), now=time.time())
        return tuple(None if each is None else each.expected_seconds for each in found)

    return reckon


def _promtool(options: Options) -> Path:
    found = shutil.which(options.promtool)
    if found is None:
        raise NotHere(f"{options.promtool} is not installed, which reckons that: give --promtool")
    return Path(found)


def _environment(options: Options) -> str:
    return options.environment.strip() or "production"


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _token(file: Path) -> str:
    """What *file* holds; it has to be its owner's alone."""
    try:
        mode, text = file.stat().st_mode, file.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise WrongSetting(f"--token-file {file} cannot be read: {error}") from None
    if mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise WrongSetting(f"--token-file {file} can be read by others (mode {mode & 0o777:o}): chmod 600 {file}")
    if not text:
        raise WrongSetting(f"--token-file {file} is empty: a token has {LEAST_TOKEN} characters or more")
    return text


def _faults(options: Options) -> Faults | None:
    if not options.faults:
        if options.targets or options.fault_token_file:
            raise WrongSetting("--fault-target and --fault-token-file are for --faults, which was not given")
        return None
    if _environment(options) != LOCAL:
        raise WrongSetting(
            f"--faults breaks what runs, for --environment {LOCAL} alone: this page's is {_environment(options)}"
        )
    if not options.targets or options.fault_token_file is None:
        raise WrongSetting("--faults needs --fault-target NAME=URL and --fault-token-file FILE")
    targets: dict[str, list[str]] = {}
    for word in options.targets:
        name, sign, url = word.partition("=")
        if not (name and sign and url):
            raise WrongSetting(f"--fault-target {word}: expected NAME=URL, like orders=http://127.0.0.1:8003")
        targets.setdefault(name, []).append(url)
    token_file = options.fault_token_file
    return _made("--fault-target", lambda: Faults(targets, token_file))


def _drills(options: Options) -> Drills | None:
    if not options.faults:
        return None
    try:
        found = [drill for folder in options.drills for drill in drill_spec.load(folder)]
    except TillwatchError as error:
        raise WrongSetting(str(error)) from None
    twice = _repeated(drill.name for drill in found)
    if twice:
        raise WrongSetting(
            f"--drills: there are two of {', '.join(twice)}: drills are known by the names of their files"
        )
    return Drills(found, forecaster(options))


def _repeated(names: Iterable[str]) -> list[str]:
    seen: set[str] = set()
    return [name for name in names if name in seen or seen.add(name)]  # type: ignore[func-returns-value]


def _made(option: str, make: Callable[[], Made]) -> Made:
    try:
        return make()
    except ValueError as error:
        raise WrongSetting(f"{option}: {error}") from None
