"""A service's settings, read once from the environment by its wsgi module and handed on as data."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from services.shared.errors import ConfigError

LOG_LEVELS = ("debug", "info", "warning", "error")
# A key that can be guessed switches an outage on, hides one, or forges a payment: 16 characters of a random string are
# 80 bits and more.
MIN_SECRET_LENGTH = 16
# Where each service is on a developer's machine.
PEERS = {
    "catalog": "http://127.0.0.1:8001",
    "inventory": "http://127.0.0.1:8002",
    "orders": "http://127.0.0.1:8003",
    "users": "http://127.0.0.1:8004",
    "payments": "http://127.0.0.1:8005",
}
DATA_DIR = "data"
# Beyond what a service of ours is asked in ordinary times; it bounds what traces cost at a peak.
TRACES_PER_SECOND = 100
MAX_PROXIES = 8
MAX_TRACES_PER_SECOND = 100_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """Settings of one running service. Secrets, and addresses that may hold one, are never printed.

    service:          its name, the `job` of its metrics and the `service` of its logs.
    version:          what is running, as `app_build_info` shows it; revision: the commit it was built from.
    fault_token:      switches /internal/faults on; None leaves fault injection out.
    database_url:     its own database; redis_url: None for cache and limits inside the process.
    jwks_file:        whose tokens it trusts; None: no token at all. service_key_file: what it signs its own with.
    signing_key_file: what users signs people's tokens with.
    proxies:          how many proxies of ours stand before it, and wrote the end of X-Forwarded-For.
    peers:            address of each other service. webhook_url: where payments sends its webhooks.
    webhook_key, traffic_key: what webhooks and traffic classes are signed with; None switches either off.
    otlp_endpoint:    where spans go; None: tracing is off. traces_per_second: how many it begins at most.
    """

    service: str
    version: str = "dev"
    revision: str = "unknown"
    log_level: str = "info"
    fault_token: str | None = field(default=None, repr=False)
    data_dir: Path = Path(DATA_DIR)
    database_url: str = field(default="sqlite://", repr=False)
    redis_url: str | None = field(default=None, repr=False)
    jwks_file: Path | None = None
    service_key_file: Path | None = None
    signing_key_file: Path | None = None
    proxies: int = 0
    peers: Mapping[str, str] = field(default_factory=lambda: dict(PEERS))
    webhook_url: str = PEERS["orders"] + "/api/v1/webhooks/payments"
    webhook_key: str | None = field(default=None, repr=False)
    traffic_key: str | None = field(default=None, repr=False)
    otlp_endpoint: str | None = None
    traces_per_second: int = TRACES_PER_SECOND


def log_level(environ: Mapping[str, str]) -> str:
    """The level named by LOG_LEVEL.

    Raises:  ConfigError: an unknown level.
    """
    level = environ.get("LOG_LEVEL", "info").lower()
    if level not in LOG_LEVELS:
        raise ConfigError(f"LOG_LEVEL: {level!r} is not one of {', '.join(LOG_LEVELS)}")
    return level


def from_environ(service: str, environ: Mapping[str, str]) -> Config:
    """Settings of *service* from the variables that services/README.md lists.

    Raises:  ConfigError: an unknown log level, a key that is too short, an address or a number that is none. No
             secret is quoted.
    """
    data_dir = Path(environ.get("DATA_DIR") or DATA_DIR)
    peers = {name: _address(environ, f"{name.upper()}_URL", default) for name, default in PEERS.items()}
    return Config(
        service=service,
        version=environ.get("APP_VERSION") or "dev",
        revision=environ.get("APP_REVISION") or "unknown",
        log_level=log_level(environ),
        fault_token=_secret(environ, "FAULT_TOKEN"),
        data_dir=data_dir,
        database_url=environ.get("DATABASE_URL") or f"sqlite:///{data_dir / service}.db",
        redis_url=environ.get("REDIS_URL") or None,
        jwks_file=_path(environ, "JWKS_FILE"),
        service_key_file=_path(environ, "SERVICE_KEY_FILE"),
        signing_key_file=_path(environ, "SIGNING_KEY_FILE"),
        proxies=_number(environ, "PROXIES", 0, MAX_PROXIES),
        peers=peers,
        webhook_url=_address(environ, "WEBHOOK_URL", f"{peers['orders']}/api/v1/webhooks/payments"),
        webhook_key=_secret(environ, "WEBHOOK_KEY"),
        traffic_key=_secret(environ, "TRAFFIC_KEY"),
        otlp_endpoint=_address(environ, "OTEL_EXPORTER_OTLP_ENDPOINT", "") or None,
        traces_per_second=_number(environ, "TRACES_PER_SECOND", TRACES_PER_SECOND, MAX_TRACES_PER_SECOND),
    )


def _secret(environ: Mapping[str, str], name: str) -> str | None:
    text = environ.get(name) or None
    if text is not None and len(text) < MIN_SECRET_LENGTH:
        raise ConfigError(f"{name}: expected {MIN_SECRET_LENGTH} characters or more, or none at all")
    return text


def _number(environ: Mapping[str, str], name: str, default: int, most: int) -> int:
    text = environ.get(name) or str(default)
    if not (text.isascii() and text.isdigit() and int(text) <= most):
        raise ConfigError(f"{name}: {text!r} is not a whole number from 0 to {most}")
    return int(text)


def _path(environ: Mapping[str, str], name: str) -> Path | None:
    text = environ.get(name)
    return Path(text) if text else None


def _address(environ: Mapping[str, str], name: str, default: str) -> str:
    """An http address without a password: what is printed in an error must not hold one."""
    text = environ.get(name) or default
    if not text:
        return text
    try:
        parts = urlsplit(text)
        usable = parts.scheme in ("http", "https") and parts.hostname and "@" not in parts.netloc and parts.port != 0
    except ValueError:
        usable = False
    if not usable or parts.query or parts.fragment:
        raise ConfigError(f"{name}: expected http://HOST[:PORT] or https://HOST[:PORT]")
    return text.rstrip("/")
