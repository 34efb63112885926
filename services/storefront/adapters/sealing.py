"""Encrypts what a session holds of a customer, so that a copy of the database lets nobody sign in.

AES-256-GCM under a key derived from SESSION_KEY by HKDF-SHA-256; each text is bound to the row that it is in.

Source:  NIST SP 800-38D (random 96-bit nonces, far below 2³² texts a key); RFC 5869.
"""

import base64
import binascii
import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

_SEALED = "1:"
_PLAIN = "0:"
_NONCE_BYTES = 12


class Box:
    """Seals texts with *key*; without one they are kept as they are."""

    def __init__(self, key: str | None) -> None:
        self._cipher = None
        if key is not None:
            derived = HKDF(SHA256(), length=32, salt=None, info=b"tillwatch storefront sessions").derive(key.encode())
            self._cipher = AESGCM(derived)

    def seal(self, text: str, *, row: str) -> str:
        """*text* as it may be stored in *row*, and nowhere else."""
        if self._cipher is None:
            return _PLAIN + text
        nonce = os.urandom(_NONCE_BYTES)
        return _SEALED + base64.b64encode(nonce + self._cipher.encrypt(nonce, text.encode(), row.encode())).decode()

    def open(self, sealed: str, *, row: str) -> str | None:
        """What was sealed; None where it was changed, is another row's, or was sealed with another key or none."""
        if self._cipher is None:
            return sealed.removeprefix(_PLAIN) if sealed.startswith(_PLAIN) else None
        if not sealed.startswith(_SEALED):
            return None
        try:
            raw = base64.b64decode(sealed.removeprefix(_SEALED), validate=True)
            return self._cipher.decrypt(raw[:_NONCE_BYTES], raw[_NONCE_BYTES:], row.encode()).decode()
        except (InvalidTag, binascii.Error, ValueError):
            return None
