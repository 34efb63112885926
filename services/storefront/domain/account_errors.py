"""What is wrong with the fields of a form about accounts, from what the users service said."""

from collections.abc import Mapping
from typing import Any

from services.storefront.domain.errors import Refused

_COMMON = "This password is among those that everybody uses. Choose another one."
_LENGTH = "A password has 8 to 128 characters."
_FIELDS = {
    "email": "This is not an e-mail address.",
    "name": "A name has 1 to 100 characters.",
    "password": _LENGTH,
    "new_password": _LENGTH,
}
_CODES = {
    "common_password": ("password", _COMMON),
    "wrong_password": ("current_password", "This is not your password."),
    "too_many_attempts": ("current_password", "Too many attempts. Please wait a while and try again."),
}
_WHOLE = "Something in this form was not understood."


def faults_of(refusal: Refused, *, password: str = "password") -> dict[str, str]:
    """Field → what is wrong with it. password: the field for a new one."""
    if refusal.code in _CODES:
        field, text = _CODES[refusal.code]
        return {password if field == "password" else field: text}
    found = {}
    for each in _errors(refusal.details):
        field = str(each.get("pointer", "")).removeprefix("#/")
        if field in _FIELDS:
            found[password if field in ("password", "new_password") else field] = _FIELDS[field]
    return found or {password: _WHOLE}


def _errors(details: object) -> list[Mapping[str, Any]]:
    found = details.get("errors") if isinstance(details, Mapping) else None
    return [each for each in found if isinstance(each, Mapping)] if isinstance(found, list) else []
