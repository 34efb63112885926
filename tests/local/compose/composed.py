"""local/compose.yaml as Docker Compose reads it: anchors merged, variables put in."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[3]
FILE = ROOT / "local" / "compose.yaml"
VARIABLE = re.compile(r"\$\$|\$\{(?P<name>\w+)(?::-(?P<default>[^}]*)|:\?(?P<why>[^}]*))?\}|\$(?P<bare>\w+)")


def put_in(value: Any, variables: Mapping[str, str]) -> Any:
    """*value* with *variables*, or their defaults, in the place of `${NAME:-default}`; `$$` is a dollar sign."""
    if isinstance(value, dict):
        return {name: put_in(each, variables) for name, each in value.items()}
    if isinstance(value, list):
        return [put_in(each, variables) for each in value]
    if not isinstance(value, str):
        return value

    def one(match: re.Match[str]) -> str:
        if match[0] == "$$":
            return "$"
        found = variables.get(match["name"] or match["bare"], match["default"])
        assert found is not None, f"{match[0]} has no value"
        return found

    return VARIABLE.sub(one, value)


def composed(rendered: Path | str = "/rendered", **variables: str) -> dict[str, Any]:
    """The document, with its defaults; *rendered*: what `python -m local.compose render` has written."""
    document = yaml.safe_load(FILE.read_text(encoding="utf-8"))
    found: dict[str, Any] = put_in(document, {"RENDERED": str(rendered), **variables})
    return found


def is_once(document: Mapping[str, Any], name: str) -> bool:
    """Whether the service *name* is waited for until it has ended well."""
    return any(
        each.get("depends_on", {}).get(name, {}).get("condition") == "service_completed_successfully"
        for each in document["services"].values()
    )
