"""Parameters that may be left out: a query or a header cannot say null, and its description should not."""

from typing import Any


def never_null(schema: dict[str, Any]) -> None:
    """Make of a parameter's *schema* that of its value alone; for `Field(json_schema_extra=…)`."""
    schema.pop("default", None)
    (value,) = (each for each in schema.pop("anyOf") if each != {"type": "null"})
    schema.update(value)
