"""Where the platform lives on this machine: its ports, its run directory and the tree it was started from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from local.errors import Refused

ROOT = Path(__file__).resolve().parent.parent
HOST = "127.0.0.1"
BASE = 8000

# Every port that `up` listens on, as it is without PORT_BASE.
PORTS = {"catalog": 8001, "pagerduty": 8081, "prometheus": 9090, "alertmanager": 9093}


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """*run*: the run directory, outside the tree. *port_base*: 8000, or what PORT_BASE moves it to."""

    run: Path
    port_base: int = BASE
    root: Path = ROOT

    def port(self, part: str) -> int:
        """Port of *part*, moved by PORT_BASE."""
        return PORTS[part] + self.port_base - BASE

    def url(self, part: str) -> str:
        """Address of *part*, without a path."""
        return f"http://{HOST}:{self.port(part)}"

    @property
    def generated_rules(self) -> Path:
        """Rule files, as ./generate.py writes them."""
        return self.root / "generated" / "prometheus" / "rules"

    @property
    def generated_routes(self) -> Path:
        """Alertmanager's configuration, as ./generate.py writes it."""
        return self.root / "generated" / "alertmanager" / "alertmanager.yaml"

    @property
    def lock(self) -> Path:
        """Held by the platform that runs."""
        return self.run / "lock"

    @property
    def logs(self) -> Path:
        """One file for each part."""
        return self.run / "logs"

    @property
    def rules(self) -> Path:
        """The rule files that Prometheus reads."""
        return self.run / "rules"

    @property
    def prometheus_config(self) -> Path:
        """What Prometheus is started with."""
        return self.run / "prometheus.yml"

    @property
    def prometheus_data(self) -> Path:
        """Its history, kept from run to run."""
        return self.run / "prometheus"

    @property
    def alertmanager_config(self) -> Path:
        """What Alertmanager is started with."""
        return self.run / "alertmanager.yml"

    @property
    def pagerduty_events(self) -> Path:
        """Every event that the PagerDuty stand-in took."""
        return self.run / "pagerduty.jsonl"

    @property
    def keys(self) -> Path:
        """Routing keys: `<team>/routing_key`."""
        return self.run / "secrets" / "pagerduty"

    @property
    def fault_token(self) -> Path:
        """The token that this run's services take faults with."""
        return self.run / "secrets" / "fault_token"


def from_environment(environ: Mapping[str, str]) -> Settings:
    """Settings of *environ*: TILLWATCH_STATE, else XDG_STATE_HOME, else ~/.local/state; and PORT_BASE.

    Raises:  Refused: a PORT_BASE that leaves no valid ports.
    """
    home = environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state"
    state = Path(environ.get("TILLWATCH_STATE") or Path(home) / "tillwatch")
    return Settings(run=state.expanduser().absolute() / "run", port_base=_port_base(environ))


def _port_base(environ: Mapping[str, str]) -> int:
    text = environ.get("PORT_BASE") or str(BASE)
    highest = 65535 - (max(PORTS.values()) - BASE)
    if not text.isascii() or not text.isdigit() or not 1024 <= int(text) <= highest:
        raise Refused(f"PORT_BASE is {text!r}: expected a number from 1024 to {highest}")
    return int(text)
