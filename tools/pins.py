"""Read tools/pins.toml into records: the tools that can be asked for, and the builds they come from."""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tools.errors import UnknownTool

PINS = Path(__file__).with_name("pins.toml")


@dataclass(frozen=True, slots=True, kw_only=True)
class Build:
    """One Go module that is built into one or more binaries; see the head of pins.toml for the fields."""

    name: str
    version: str
    packages: tuple[str, ...]
    module: str = ""
    folder: str = ""
    tags: tuple[str, ...] = ()
    minutes: int = 1

    @property
    def label(self) -> str:
        """Name and exact version: the folder in the cache, and what people are told."""
        return f"{self.name}-{self.version}"

    @property
    def binaries(self) -> tuple[str, ...]:
        """File names that the build leaves behind."""
        return tuple(package.rsplit("/", 1)[-1] for package in self.packages)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tool:
    """One program that is asked for by name; see the head of pins.toml for the fields."""

    name: str
    build: Build | None = None
    binary: str = ""
    path: tuple[str, ...] = ()
    folders: tuple[str, ...] = ()
    minimum: str = ""
    apt: str = ""
    version_option: str = "--version"


def version_key(text: str) -> tuple[int, ...]:
    """A version's leading numbers, for comparing: `2.42.0+ds` gives (2, 42, 0)."""
    match = re.match(r"v?(\d+(?:\.\d+)*)", text)
    return tuple(int(part) for part in match[1].split(".")) if match else ()


def load(path: Path = PINS) -> dict[str, Tool]:
    """Every tool by name.

    Raises:  KeyError, TypeError: the file names a build that it lacks, or a field that does not exist.
    """
    data = tomllib.loads(path.read_text(encoding="utf-8"))
    builds = {name: Build(name=name, **_tuples(fields)) for name, fields in data["builds"].items()}
    return {
        name: Tool(name=name, **_tuples(fields) | ({"build": builds[fields["build"]]} if "build" in fields else {}))
        for name, fields in data["tools"].items()
    }


def pick(name: str, tools: Mapping[str, Tool]) -> Tool:
    """The tool of that name.

    Raises:  UnknownTool: there is none.
    """
    try:
        return tools[name]
    except KeyError:
        raise UnknownTool(f"{name}: no such tool; there are {', '.join(sorted(tools))}") from None


def _tuples(fields: Mapping[str, Any]) -> dict[str, Any]:
    return {key: tuple(value) if isinstance(value, list) else value for key, value in fields.items()}
