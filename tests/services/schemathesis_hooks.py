"""What schemathesis must know of the shop beyond its documents: cursors, keys, and whose token an operation asks for.

Loaded by schemathesis alone; test_schemathesis.py tells it in the environment which service it is, and whose keys.
"""

import itertools
import os
from pathlib import Path
from typing import Any

import schemathesis
from hypothesis import strategies as st

from services.shared import cursor
from services.shared.errors import CursorError
from services.shared.identity import SERVICE
from services.shared.issuer import Issuer

IDEMPOTENCY_KEY = "Idempotency-Key"
OF_THE_FORM = frozenset({"bad_request", "idempotency_key_required", "invalid_request", "unsupported_media_type"})
_numbers = itertools.count()

schemathesis.openapi.format("cursor", st.from_regex(r"[A-Z]{3}-[0-9]{4}", fullmatch=True).map(cursor.encode))


@schemathesis.hook
def before_call(context: Any, case: Any, kwargs: dict[str, Any]) -> None:
    """Let requests that fit the document also fit together; those that are meant to be wrong stay as they are."""
    del context, kwargs
    if case.meta is None or not case.meta.generation.mode.is_positive:
        return
    _fit_cursor(case.query or {})
    # A key belongs to one body: each request is a new one.
    if any(each.name == IDEMPOTENCY_KEY for each in case.operation.headers):
        case.headers = {**(case.headers or {}), IDEMPOTENCY_KEY: f"key-{next(_numbers)}"}
    # To JSON Schema 2.0 is a whole number; to a shop, money with a point in it is a slip.
    if isinstance(case.body, dict):
        case.body = _without_points(case.body)


def _fit_cursor(query: dict[str, Any]) -> None:
    """Leave out what no page ever ended with, and an order that it is not of."""
    if "cursor" in query:
        query.pop("sort", None)
        try:
            cursor.decode(str(query["cursor"]))
        except CursorError:
            del query["cursor"]


def _without_points(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _without_points(each) for name, each in value.items()}
    if isinstance(value, list):
        return [_without_points(each) for each in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value


@schemathesis.check
def what_fits_is_taken(ctx: Any, response: Any, case: Any) -> None:
    """A request that fits the document is not refused for its form.

    In place of schemathesis' own check, which knows statuses alone: a 422 with a code of its own is a rule of the shop
    (a refund beyond what was paid), one with the general code says that the document promised too much.
    """
    del ctx
    if case.meta is None or not case.meta.generation.mode.is_positive or response.status_code not in (400, 415, 422):
        return
    code = response.json().get("code")
    if code in OF_THE_FORM:
        raise AssertionError(f"{response.status_code} {code} to a request that fits the document: {response.text}")


# Without an interval: it would keep the first operation's token for all of them.
@schemathesis.auth(refresh_interval=None)
class RoleTokens:
    """A token of somebody who may call the operation, as its `x-roles` say."""

    def __init__(self) -> None:
        self._audience = os.environ["TILLWATCH_AUDIENCE"]
        self._issuer = Issuer.create(Path(os.environ["TILLWATCH_KEYS"]))

    def get(self, case: Any, context: Any) -> str | None:
        """The token; None for an operation that asks for none."""
        del context
        roles = case.operation.definition.raw.get("x-roles")
        if roles is None:
            return None
        if SERVICE in roles:
            return self._issuer.token("service:orders", [SERVICE], self._audience)
        return self._issuer.token("u-1", roles, self._audience)

    def set(self, case: Any, data: str | None, context: Any) -> None:
        """Put the token into the request."""
        del context
        if data is not None:
            case.headers = {**(case.headers or {}), "Authorization": f"Bearer {data}"}
