"""What may be set at users beyond what every service has."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from services.shared.errors import ConfigError
from services.users.domain.throttle import Limits

PUBLIC_URL = "http://127.0.0.1:8000"
SENDER = "Tillwatch <shop@tillwatch.invalid>"
MAX_LIMIT = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """mail_dir: where mail is written; None with an smtp_url, by which it is sent. public_url: the shop's, for links.

    registrations, resets: how many an hour from one client address. limits: how fast passwords may be tried.
    """

    mail_dir: Path | None = None
    smtp_url: str | None = field(default=None, repr=False)
    sender: str = SENDER
    public_url: str = PUBLIC_URL
    registrations: int = 100
    resets: int = 20
    limits: Limits = field(default_factory=Limits)


def from_environ(environ: Mapping[str, str], data_dir: Path) -> Settings:
    """The settings that services/README.md lists.

    Raises:  ConfigError: a limit that is no number.
    """
    smtp_url = environ.get("SMTP_URL") or None
    mail_dir = None if smtp_url else Path(environ.get("MAIL_DIR") or data_dir / "mail")
    ordinary = Settings()
    return Settings(
        mail_dir=mail_dir,
        smtp_url=smtp_url,
        sender=environ.get("MAIL_FROM") or SENDER,
        public_url=environ.get("PUBLIC_URL") or PUBLIC_URL,
        registrations=_number(environ, "REGISTRATIONS_PER_HOUR", ordinary.registrations),
        resets=_number(environ, "RESETS_PER_HOUR", ordinary.resets),
        limits=Limits(address_attempts=_number(environ, "ATTEMPTS_PER_ADDRESS", ordinary.limits.address_attempts)),
    )


def _number(environ: Mapping[str, str], name: str, default: int) -> int:
    text = environ.get(name) or str(default)
    if not (text.isascii() and text.isdigit() and 0 < int(text) <= MAX_LIMIT):
        raise ConfigError(f"{name}: {text!r} is not a whole number from 1 to {MAX_LIMIT}")
    return int(text)
