"""Whether a webhook is the gateway's, and not too old: what is replayed later proves nothing."""

import hmac
import re

HEADER = "Tillwatch-Signature"
TOLERANCE_SECONDS = 300
FORM = "t=([0-9]{1,12}),v1=([0-9a-f]{64})"


class InvalidSignature(Exception):
    """The webhook could be anybody's. The text is a word for programs, never the signature."""


def verify(key: str | None, header: str | None, body: bytes, *, now: float) -> None:
    """Return if *header* is the signature of *body* with *key*: `t=<unix>,v1=<hex HMAC-SHA256 of "<unix>.<body>">`.

    Args:    key: None believes nobody. now: Unix seconds.
    Raises:  InvalidSignature
    """
    if key is None:
        raise InvalidSignature("no_key")
    found = None if header is None else re.fullmatch(FORM, header, re.ASCII)
    if found is None:
        raise InvalidSignature("malformed")
    expected = hmac.digest(key.encode(), found[1].encode() + b"." + body, "sha256").hex()
    # In constant time, and before its age: to a forger each refusal looks alike.
    if not hmac.compare_digest(expected, found[2]):
        raise InvalidSignature("signature")
    if abs(now - int(found[1])) > TOLERANCE_SECONDS:
        raise InvalidSignature("too_old")
