#!/usr/bin/env python3
"""Turns specs into rules, tests, alerts and routes. Run `./generate.py --help`."""

from __future__ import annotations

import gc
import io
import os
import sys
from importlib.util import find_spec
from pathlib import Path

ROOT = Path(__file__).resolve().parent


def _enter_environment() -> None:
    """Go on in the project's .venv, whichever python started this file."""
    environment = ROOT / ".venv"
    python = environment / "bin" / "python"
    # Set while one process replaces the other: an environment that is broken must not be entered for ever.
    tried = os.environ.pop("TILLWATCH_ENTERED", "")
    if Path(sys.prefix) != environment and os.access(python, os.X_OK) and not tried:
        os.environ["TILLWATCH_ENTERED"] = "1"
        os.execv(python, [str(python), str(ROOT / "generate.py"), *sys.argv[1:]])
    missing = [name for name in ("click", "promql_parser", "pydantic", "yaml") if find_spec(name) is None]
    if missing:
        sys.exit(f"generate.py: {missing[0]} is not installed here; run `make setup` in {ROOT} first")


def _prepare_process() -> None:
    """Settings of the whole process: a short run must be fast, and must not fail for the sake of its looks."""
    # Half of a short run would go into compiling our own modules where bytecode is not written beside them.
    home = os.environ.get("HOME")
    cache = os.environ.get("XDG_CACHE_HOME") or (f"{home}/.cache" if home else "")
    if cache:
        sys.pycache_prefix = f"{cache}/tillwatch/pycache"
        sys.dont_write_bytecode = False
    # pydantic would read the metadata of every installed package to look for plugins, of which we have none.
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
    # The catalogue holds no cycles: a collector that walks it again and again would take a third of the time.
    gc.disable()
    # A sign that the terminal's encoding lacks is replaced, not fatal.
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


if __name__ == "__main__":
    _enter_environment()
    _prepare_process()

from commands.index import main

if __name__ == "__main__":
    main(prog_name="generate.py")
