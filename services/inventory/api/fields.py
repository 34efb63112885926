"""Kinds of values that several requests hold."""

import re
from datetime import UTC, datetime
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field
from pydantic.json_schema import SkipJsonSchema
from pydantic_core import PydanticCustomError

from services.inventory.domain.reservation import REF_PATTERN
from services.inventory.domain.stock import SKU_PATTERN
from services.shared import cursor
from services.shared.errors import CursorError

MAX_LIMIT = 100


def _is_number(text: Any) -> Any:
    """Digits alone: pydantic would read `1_0`, ` 10` and `1e1` as ten, too."""
    if isinstance(text, str) and re.fullmatch("[0-9]{1,6}", text, re.ASCII) is None:
        raise PydanticCustomError("number", "Expected a whole number")
    return text


def _ref_of(text: str) -> str:
    """The ref that the cursor *text* goes on after."""
    try:
        ref = cursor.decode(text)
    except CursorError as error:
        raise PydanticCustomError("cursor", "Not a cursor of this list") from error
    if re.fullmatch(REF_PATTERN, ref) is None:
        raise PydanticCustomError("cursor", "Not a cursor of this list")
    return ref


def _is_text(value: Any) -> Any:
    if not isinstance(value, str):
        raise PydanticCustomError("time", "Expected a time as text (RFC 3339)")
    return value


Sku = Annotated[str, Field(pattern=f"^{SKU_PATTERN}$", examples=["KIT-1001"])]
Ref = Annotated[
    str,
    Field(
        pattern=f"^{REF_PATTERN}$",
        description="What the units are held for: the order's id.",
        examples=["ord_0f8c2f6d9c1b4f6e8a7d5c3b2a190807"],
    ),
]
Limit = Annotated[int, Field(ge=1, le=MAX_LIMIT), BeforeValidator(_is_number)]
RefCursor = Annotated[
    str,
    AfterValidator(_ref_of),
    Field(
        max_length=200,
        description="`next_cursor` of the page before; opaque.",
        json_schema_extra={"format": "cursor"},
    ),
]
# A time as text, also where all else is strict.
Time = Annotated[datetime, Field(strict=False), BeforeValidator(_is_text)]
# What is left out of a query is absent, not null: a query cannot say null.
Absent = SkipJsonSchema[None]


def absent() -> None:
    """The default of what may be left out of a query."""
    return


def at(unix_ms: int) -> datetime:
    """The time *unix_ms* in UTC, to the millisecond."""
    return datetime.fromtimestamp(unix_ms / 1000, UTC)
