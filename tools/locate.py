"""Find a program without installing anything: on PATH if it is new enough, in Debian's folders, else in the cache."""

import os
import re
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tools.pins import Tool, version_key

# As Prometheus, PostgreSQL, Redis, nginx and Chromium tell it, and Chrome.
VERSION = r"(?:version v?|\(PostgreSQL\) |server v=|version: nginx/|Chromium |Google Chrome )(\d+\.\d+(?:\.\d+)?)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """Where a program is, which version, and whether it came from `PATH`, one of its `folders` or the `cache`."""

    name: str
    path: Path
    version: str
    source: str


def cache_dir(environ: Mapping[str, str] = os.environ) -> Path:
    """Folder for what is built, outside the tree, so that every clone of a machine shares it."""
    if own := environ.get("TILLWATCH_CACHE"):
        return Path(own).expanduser() / "tools"
    base = environ.get("XDG_CACHE_HOME") or "~/.cache"
    return Path(base).expanduser() / "tillwatch" / "tools"


def version_of(program: Path, option: str = "--version") -> str:
    """What the program says its version is when asked by *option*; empty when it does not say.

    Binaries built by `go install` say nothing: PATH cannot vouch for those, the cache's folder name can.
    """
    try:
        done = subprocess.run(
            [program, option],
            capture_output=True,
            text=True,
            timeout=20,
            check=False,
            stdin=subprocess.DEVNULL,
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    match = re.search(VERSION, done.stdout + done.stderr)
    return match[1] if match else ""


def locate(tool: Tool, environ: Mapping[str, str] = os.environ) -> Found | None:
    """The program that *tool* stands for, or None."""
    return _on_path(tool, environ.get("PATH", ""), "PATH") or _in_folders(tool) or _in_cache(tool, environ)


def _on_path(tool: Tool, path: str, source: str) -> Found | None:
    for name in tool.path:
        program = shutil.which(name, path=path)
        if program is None:
            continue
        version = version_of(Path(program), tool.version_option)
        if version and version_key(version) >= version_key(tool.minimum):
            return Found(name=tool.name, path=Path(program).absolute(), version=version, source=source)
    return None


def _in_folders(tool: Tool) -> Found | None:
    """The newest that is there, whichever release Debian has."""
    here = [each for pattern in tool.folders for each in Path("/").glob(pattern[1:])]
    found = [each for folder in here if (each := _on_path(tool, str(folder), "folders"))]
    return max(found, key=lambda each: version_key(each.version), default=None)


def _in_cache(tool: Tool, environ: Mapping[str, str]) -> Found | None:
    if tool.build is None:
        return None
    program = cache_dir(environ) / tool.build.label / tool.binary
    if not os.access(program, os.X_OK):
        return None
    return Found(name=tool.name, path=program, version=tool.build.version, source="cache")
