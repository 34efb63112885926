"""What a list of products can be asked for."""

import re
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationInfo
from pydantic_core import PydanticCustomError

from services.catalog.api.absent import never_null
from services.catalog.domain.errors import InvalidPosition
from services.catalog.domain.position import Position, Sort
from services.catalog.domain.product import CATEGORY_PATTERN
from services.catalog.domain.search import words
from services.shared import cursor
from services.shared.errors import CursorError

MAX_LIMIT = 100
# Room for the longest name in four bytes a letter, twice: as JSON, and in base64.
MAX_CURSOR = 2000
# Nothing that no keyboard types: PostgreSQL takes no NUL, and no product has a line end in its name.
_PRINTABLE = r"^[^\x00-\x1f\x7f]+$"


def _is_number(text: Any) -> Any:
    """Digits alone: pydantic would read `1_0`, ` 10` and `1e1` as ten, too."""
    if isinstance(text, str) and re.fullmatch("[0-9]{1,6}", text, re.ASCII) is None:
        raise PydanticCustomError("number", "Expected a whole number")
    return text


def _is_cursor(text: str, info: ValidationInfo) -> str:
    """The position that *text* is a cursor of, in the order that was asked for."""
    sort = info.data.get("sort")
    if sort is None:  # it is wrong itself, and said to be
        return text
    try:
        if len(text) > MAX_CURSOR:
            raise CursorError("longer than any of ours")
        place = cursor.decode(text)
        Position.parse(place, sort)
    except (CursorError, InvalidPosition) as error:
        raise PydanticCustomError("cursor", "Not a cursor of this list") from error
    return place


def _has_words(text: str) -> str:
    if not words(text):
        raise PydanticCustomError("words", "Expected a word")
    return text


def _of_a_cursor(schema: dict[str, Any]) -> None:
    never_null(schema)
    schema["format"] = "cursor"


class ProductQuery(BaseModel):
    """The query of a list; `cursor` is validated against `sort`, which is why it comes after."""

    model_config = ConfigDict(extra="forbid")

    limit: Annotated[int, BeforeValidator(_is_number)] = Field(
        20, ge=1, le=MAX_LIMIT, description="Products on the page."
    )
    sort: Sort = Field(Sort.SKU, description="The order; products that are equal in it follow by SKU.")
    cursor: Annotated[str, AfterValidator(_is_cursor)] | None = Field(
        None,
        description="`next_cursor` of the page before, with the same sort; opaque.",
        json_schema_extra=_of_a_cursor,
    )
    category: str | None = Field(
        None,
        pattern=f"^{CATEGORY_PATTERN}$",
        description="Only this category. Products reserved for probes are listed in theirs, `probe`, alone.",
        json_schema_extra=never_null,
    )
    q: Annotated[str, Field(pattern=_PRINTABLE, max_length=100), AfterValidator(_has_words)] | None = Field(
        None,
        description="Words that the name, description, category or SKU must have, each; case and accents do not count.",
        examples=["linen cover"],
        json_schema_extra=never_null,
    )
