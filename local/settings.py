"""Where the platform lives on this machine: its ports, its run directory and the tree it was started from."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from local.errors import Refused

ROOT = Path(__file__).resolve().parent.parent
HOST = "127.0.0.1"
BASE = 8000

# Every port that `up` may listen on, by the part's name, as it is without PORT_BASE.
PORTS = {
    "front-door": 8000,
    "catalog": 8001,
    "inventory": 8002,
    "orders": 8003,
    "users": 8004,
    "payments": 8005,
    "storefront": 8006,
    "orders-worker": 8013,
    "payments-worker": 8015,
    "collector": 8031,
    "jaeger": 8032,
    "loki": 8033,
    "loki-grpc": 8036,  # its parts talk to one another there; compose.yaml has the two between
    "postgres": 8041,
    "redis": 8042,
    # Where services find one another when they have replicas.
    "balancer-catalog": 8051,
    "balancer-inventory": 8052,
    "balancer-orders": 8053,
    "balancer-users": 8054,
    "balancer-payments": 8055,
    "balancer-storefront": 8056,
    "ops": 8080,
    "pagerduty": 8081,
    "journeys": 8089,
    "prometheus": 9090,
    "alertmanager": 9093,
    "alertmanager-2": 9094,
    # Alertmanagers tell one another there what they have sent.
    "alertmanager-cluster": 9095,
    "alertmanager-2-cluster": 9096,
}
# The second replica of a service listens so much above the first, the third twice as much.
REPLICA_STEP = 100
MOST_REPLICAS = 4
ROOTS_POSTGRES = Path("/var/lib/tillwatch/postgres")


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """*run*: the run directory, outside the tree. *port_base*: 8000, or what PORT_BASE moves it to.

    kept_history: where the seeded past is kept, if it is not beside *run*.
    """

    run: Path
    port_base: int = BASE
    root: Path = ROOT
    kept_history: Path | None = None

    def port(self, part: str) -> int:
        """Port of *part*, moved by PORT_BASE; a replica (`orders-2`) is a part too."""
        if part in PORTS:
            return PORTS[part] + self.port_base - BASE
        service, _, number = part.rpartition("-")
        return self.port(service) + (int(number) - 1) * REPLICA_STEP

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
    def data(self) -> Path:
        """The services' SQLite databases, and mail."""
        return self.run / "data"

    @property
    def shop_keys(self) -> Path:
        """The keys that users' and services' tokens are signed with."""
        return self.run / "secrets" / "keys"

    @property
    def shop_secrets(self) -> Path:
        """What the services share, kept from run to run: a file for each."""
        return self.run / "secrets" / "shop"

    @property
    def traffic_key(self) -> Path:
        """What claims of traffic classes are signed with; one of what the services share."""
        return self.shop_secrets / "TRAFFIC_KEY"

    @property
    def probe_key(self) -> Path:
        """What the accounts of probes and load are made from; no service has it."""
        return self.run / "secrets" / "PROBE_KEY"

    @property
    def staff_password(self) -> Path:
        """The password of the probes' staff account."""
        return self.run / "secrets" / "probe_staff_password"

    @property
    def ops_token(self) -> Path:
        """What lets people act on /ops; kept from run to run."""
        return self.run / "secrets" / "ops_token"

    @property
    def front_door(self) -> Path:
        """The front door's configuration and access log."""
        return self.run / "front_door"

    @property
    def balancer(self) -> Path:
        """The balancer's configuration."""
        return self.run / "balancer"

    @property
    def postgres(self) -> Path:
        """The database cluster of `--postgres`.

        For root it lies elsewhere: PostgreSQL then runs as another user, who cannot reach what is root's own.
        """
        if os.geteuid() != 0:
            return self.run / "postgres"
        return ROOTS_POSTGRES / hashlib.sha256(str(self.run).encode()).hexdigest()[:12]

    @property
    def redis(self) -> Path:
        """The configuration of `--redis`."""
        return self.run / "redis"

    @property
    def traces(self) -> Path:
        """Spans, where there is no Jaeger."""
        return self.run / "traces"

    @property
    def history(self) -> Path:
        """The seeded past, built once: outside the run directory, which `clean` removes."""
        return self.kept_history or self.run.parent / "history"

    @property
    def fault_token(self) -> Path:
        """The token that this run's services take faults with."""
        return self.run / "secrets" / "fault_token"


def from_environment(environ: Mapping[str, str]) -> Settings:
    """Settings of *environ*: TILLWATCH_STATE, else XDG_STATE_HOME, else ~/.local/state; PORT_BASE; TILLWATCH_HISTORY.

    Raises:  Refused: a PORT_BASE that leaves no valid ports.
    """
    home = environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state"
    state = Path(environ.get("TILLWATCH_STATE") or Path(home) / "tillwatch")
    kept = environ.get("TILLWATCH_HISTORY")
    return Settings(
        run=state.expanduser().absolute() / "run",
        port_base=_port_base(environ),
        kept_history=Path(kept).expanduser().absolute() if kept else None,
    )


def _port_base(environ: Mapping[str, str]) -> int:
    text = environ.get("PORT_BASE") or str(BASE)
    highest = 65535 - (max(PORTS.values()) - BASE)
    if not text.isascii() or not text.isdigit() or not 1024 <= int(text) <= highest:
        raise Refused(f"PORT_BASE is {text!r}: expected a number from 1024 to {highest}")
    return int(text)
