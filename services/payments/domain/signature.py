"""The signature of a webhook: who has the key can tell that it is ours, and how old it is."""

import hmac

HEADER = "Tillwatch-Signature"


def signature(key: str, body: bytes, *, at: int) -> str:
    """The header's value for *body* sent at *at*, in Unix seconds: `t=<at>,v1=<hex HMAC-SHA256 of "<at>.<body>">`.

    The time is signed with the body: a receiver refuses what is old, and with it a replay of what somebody overheard.
    """
    signed = hmac.digest(key.encode(), f"{at}.".encode() + body, "sha256").hex()
    return f"t={at},v1={signed}"
