"""Mail: as files, and by SMTP to a server on a real socket."""

import email
import email.policy
import socketserver
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from services.shared.errors import ConfigError
from services.users.adapters.mail_files import FileMailer
from services.users.adapters.mail_smtp import Server, SmtpMailer

SENDER = "Tillwatch <shop@example.com>"
LETTER = {"to": "ada@example.com", "subject": "Grüße", "text": "Hello Ada,\n\nhttps://shop.example/x?y=z\n"}


def check(raw: bytes) -> None:
    """That *raw* is LETTER."""
    found = email.message_from_bytes(raw, policy=email.policy.default)
    assert (found["From"], found["To"], found["Subject"]) == (SENDER, LETTER["to"], LETTER["subject"])
    assert found.get_content().replace("\r\n", "\n") == LETTER["text"]
    assert found["Auto-Submitted"] == "auto-generated"


def test_a_file_a_mail(tmp_path: Path) -> None:
    """Readable by its owner alone, in the order of writing, whole or not at all."""
    mailer = FileMailer(tmp_path / "mail", SENDER)
    for _ in range(2):
        mailer.send(**LETTER)
    files = sorted((tmp_path / "mail").iterdir())
    assert len(files) == 2
    assert (tmp_path / "mail").stat().st_mode & 0o777 == 0o700
    for file in files:
        assert file.stat().st_mode & 0o777 == 0o600
        check(file.read_bytes())


class Smtp(socketserver.StreamRequestHandler):
    """As much of a mail server as takes one mail after the other."""

    def handle(self) -> None:
        self.wfile.write(b"220 mail\r\n")
        while line := self.rfile.readline().strip():
            if line.upper() == b"DATA":
                self.wfile.write(b"354 go on\r\n")
                lines = iter(self.rfile.readline, b".\r\n")
                self.server.taken.append(b"".join(lines))  # type: ignore[attr-defined]
            self.wfile.write(b"221 bye\r\n" if line.upper() == b"QUIT" else b"250 ok\r\n")


@pytest.fixture
def smtp() -> Iterator[socketserver.TCPServer]:
    """A mail server that keeps what it takes."""
    with socketserver.TCPServer(("127.0.0.1", 0), Smtp) as server:
        server.taken = []  # type: ignore[attr-defined]
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


def test_by_smtp(smtp) -> None:
    """The same mail arrives."""
    SmtpMailer(Server.parse(f"smtp://127.0.0.1:{smtp.server_address[1]}"), SENDER).send(**LETTER)
    (raw,) = smtp.taken
    check(raw)


def test_a_server_that_is_away_is_an_error_of_the_network(smtp) -> None:
    """Which the post knows how to take."""
    mailer = SmtpMailer(Server.parse("smtp://127.0.0.1:9"), SENDER)
    with pytest.raises(OSError, match="refused"):
        mailer.send(**LETTER)


@pytest.mark.parametrize(
    ("url", "host", "port", "encrypted"),
    [
        ("smtp://mail.example", "mail.example", 587, False),
        ("smtps://u:p%40w@mail.example:2465", "mail.example", 2465, True),
    ],
)
def test_addresses_of_servers(url: str, host: str, port: int, encrypted: bool) -> None:
    """With the ports of submission; a password is never shown."""
    found = Server.parse(url)
    assert (found.host, found.port, found.encrypted) == (host, port, encrypted)
    assert "p@w" not in repr(found)


@pytest.mark.parametrize("url", ["", "mail.example", "http://mail.example", "smtp://", "smtp://u:hunter2@x:port"])
def test_what_is_no_server(url: str) -> None:
    """Refused, without a word of what it holds."""
    with pytest.raises(ConfigError, match="SMTP_URL") as raised:
        Server.parse(url)
    assert "hunter2" not in str(raised.value)
