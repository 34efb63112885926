"""Mail by SMTP: encrypted from the start or from STARTTLS on, and never in the clear to another machine."""

import smtplib
import ssl
from dataclasses import dataclass, field
from urllib.parse import unquote, urlsplit

from services.shared.errors import ConfigError
from services.users.adapters.mail_message import message

TIMEOUT_SECONDS = 10
_LOOPBACK = ("127.0.0.1", "localhost", "::1")
_PORTS = {"smtp": 587, "smtps": 465}


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """A mail server. *encrypted*: from the start (`smtps`)."""

    host: str
    port: int
    encrypted: bool
    user: str | None = None
    password: str | None = field(default=None, repr=False)

    @classmethod
    def parse(cls, url: str) -> "Server":
        """The server of `smtp://[USER:PASSWORD@]HOST[:PORT]` or `smtps://…`.

        Raises:  ConfigError: it does not quote *url*, which may hold a password.
        """
        try:
            parts = urlsplit(url)
            port = parts.port
        except ValueError:
            raise ConfigError("SMTP_URL: expected smtp://[USER:PASSWORD@]HOST[:PORT] or smtps://…") from None
        if parts.scheme not in _PORTS or not parts.hostname:
            raise ConfigError("SMTP_URL: expected smtp://[USER:PASSWORD@]HOST[:PORT] or smtps://…")
        return cls(
            host=parts.hostname,
            port=port or _PORTS[parts.scheme],
            encrypted=parts.scheme == "smtps",
            user=None if parts.username is None else unquote(parts.username),
            password=None if parts.password is None else unquote(parts.password),
        )


class SmtpMailer:
    """A `Mailer` through *server*."""

    def __init__(self, server: Server, sender: str) -> None:
        self._server = server
        self._sender = sender

    def send(self, *, to: str, subject: str, text: str) -> None:
        server = self._server
        context = ssl.create_default_context()
        if server.encrypted:
            connection: smtplib.SMTP = smtplib.SMTP_SSL(
                server.host, server.port, timeout=TIMEOUT_SECONDS, context=context
            )
        else:
            connection = smtplib.SMTP(server.host, server.port, timeout=TIMEOUT_SECONDS)
        with connection:
            if not server.encrypted and server.host not in _LOOPBACK:
                connection.starttls(context=context)
            if server.user is not None and server.password is not None:
                connection.login(server.user, server.password)
            connection.send_message(message(sender=self._sender, to=to, subject=subject, text=text))
