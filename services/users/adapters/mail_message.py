"""A mail as RFC 5322 writes it."""

from email.message import EmailMessage
from email.policy import SMTP
from email.utils import formatdate, make_msgid


def message(*, sender: str, to: str, subject: str, text: str) -> EmailMessage:
    """A mail of plain *text*. The library refuses line ends in headers."""
    found = EmailMessage(policy=SMTP)
    found["From"] = sender
    found["To"] = to
    found["Subject"] = subject
    found["Date"] = formatdate()
    found["Message-ID"] = make_msgid(domain=sender.rpartition("@")[2])
    # No answer of a machine to this machine's mail.
    found["Auto-Submitted"] = "auto-generated"
    found.set_content(text)
    return found
