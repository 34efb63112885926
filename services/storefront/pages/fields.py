"""Reads the fields of forms and queries: text that somebody typed, of any kind and length."""

import re

from apiflask import HTTPError
from flask import request

from services.storefront.domain.session import MAX_QUANTITY

MAX_TEXT = 512
_CURSOR = re.compile(r"[A-Za-z0-9_-]{1,2000}", re.ASCII)
_KEY = re.compile(r"[A-Za-z0-9_-]{16,64}", re.ASCII)


def text(name: str) -> str:
    """The field *name* of the form, without the space around it."""
    return _field(name).strip()


def secret(name: str) -> str:
    """The field *name* of the form, a password: every character of it counts."""
    return _field(name)


def quantity(name: str = "quantity", *, least: int = 1) -> int:
    """The field *name* of the form, a whole number from *least* to 99.

    Raises:  HTTPError: 400
    """
    written = _field(name).strip()
    if re.fullmatch(r"[0-9]{1,2}", written, re.ASCII) is None or not least <= int(written) <= MAX_QUANTITY:
        raise HTTPError(400)
    return int(written)


def key(name: str) -> str:
    """The field *name* of the form, made by us when the form was.

    Raises:  HTTPError: 400
    """
    written = _field(name)
    if _KEY.fullmatch(written) is None:
        raise HTTPError(400)
    return written


def version(name: str) -> int:
    """The field *name* of the form: a version, as it was when the form was made.

    Raises:  HTTPError: 400
    """
    written = _field(name)
    if re.fullmatch(r"[1-9][0-9]{0,11}", written, re.ASCII) is None:
        raise HTTPError(400)
    return int(written)


def cursor() -> str | None:
    """Where a list goes on, as the page before said.

    Raises:  HTTPError: 400
    """
    written = request.args.get("cursor")
    if written is not None and _CURSOR.fullmatch(written) is None:
        raise HTTPError(400)
    return written


def _field(name: str) -> str:
    written = request.form.get(name, "")
    if len(written) > MAX_TEXT or "\0" in written:
        raise HTTPError(400)
    return written
