"""Where shapes are: our own by name, or anybody's YAML file; and what a file that holds none is told."""

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

SHAPES = Path(__file__).with_name("shapes")
MAX_BYTES = 64 * 1024
MAX_REASON = 200


class ShapeError(Exception):
    """A shape that cannot be followed; one line for each fault, with its place and what was expected there."""


def find(name: str) -> Path:
    """The file of the shape *name*: one of ours, or a path to a YAML file.

    Raises:  ShapeError: there is none.
    """
    path = SHAPES / f"{name}.yaml" if name.isidentifier() else Path(name)
    if not path.is_file():
        ours = ", ".join(sorted(each.stem for each in SHAPES.glob("*.yaml")))
        raise ShapeError(f"{name}: no such shape: expected {ours}, or a path to a YAML file")
    return path


def read(path: Path) -> Any:
    """What the YAML file *path* says.

    Raises:  ShapeError: it cannot be read, or is too long, or no YAML.
    """
    try:
        with path.open("rb") as file:
            text = file.read(MAX_BYTES + 1)
        if len(text) > MAX_BYTES:
            raise ShapeError(f"{path}: more than {MAX_BYTES} bytes: that is no shape")
        return yaml.safe_load(text)
    except OSError as error:
        raise ShapeError(f"{path}: cannot be read: {error.strerror}") from error
    # ValueError: a number with thousands of digits, a day that no month has.
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        raise ShapeError(f"{path}: no YAML: {' '.join(str(error).split())[:MAX_REASON]}") from error


@contextlib.contextmanager
def told_with(path: Path) -> Iterator[None]:
    """Put *path* before each fault that is found within."""
    try:
        yield
    except ShapeError as error:
        raise ShapeError("\n".join(f"{path}: {fault}" for fault in str(error).splitlines())) from error
