"""A service's settings, read once from the environment by its wsgi module and handed on as data."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from services.shared.errors import ConfigError

LOG_LEVELS = ("debug", "info", "warning", "error")
# A token that can be guessed switches an outage on: 16 characters of a random string are 80 bits and more.
MIN_FAULT_TOKEN_LENGTH = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """Settings of one running service.

    service:      its name, the `job` of its metrics and the `service` of its logs.
    version:      what is running, as `app_build_info` shows it; revision: the commit it was built from.
    fault_token:  switches /internal/faults on; None leaves fault injection out. Never printed.
    """

    service: str
    version: str = "dev"
    revision: str = "unknown"
    log_level: str = "info"
    fault_token: str | None = field(default=None, repr=False)


def log_level(environ: Mapping[str, str]) -> str:
    """The level named by LOG_LEVEL.

    Raises:  ConfigError: an unknown level.
    """
    level = environ.get("LOG_LEVEL", "info").lower()
    if level not in LOG_LEVELS:
        raise ConfigError(f"LOG_LEVEL: {level!r} is not one of {', '.join(LOG_LEVELS)}")
    return level


def from_environ(service: str, environ: Mapping[str, str]) -> Config:
    """Settings of *service* from APP_VERSION, APP_REVISION, LOG_LEVEL and FAULT_TOKEN.

    Raises:  ConfigError: an unknown log level or a fault token that is too short. The token is not quoted.
    """
    fault_token = environ.get("FAULT_TOKEN") or None
    if fault_token is not None and len(fault_token) < MIN_FAULT_TOKEN_LENGTH:
        raise ConfigError(f"FAULT_TOKEN: expected {MIN_FAULT_TOKEN_LENGTH} characters or more, or none at all")
    return Config(
        service=service,
        version=environ.get("APP_VERSION") or "dev",
        revision=environ.get("APP_REVISION") or "unknown",
        log_level=log_level(environ),
        fault_token=fault_token,
    )
