"""Finds the real programs that measurements need, or says how to get them."""

from __future__ import annotations

from functools import lru_cache

from bench.errors import MissingProgram
from tools.install import find


@lru_cache
def program(name: str) -> str:
    """Path of `sloth`, `prometheus3` or `promtool3`.

    Raises:  MissingProgram: it is not installed.
    """
    path = find(name)
    if path is None:
        raise MissingProgram(f"{name} is not here: run `make setup`, then `tools/install.py install {name}`")
    return str(path)
