#!/usr/bin/env python3
"""Find the real programs, or install them: PATH, then Debian's folders, the cache, apt, a Go build.

Runs on a bare python3 >= 3.11, from the shell (`tools/install.py install prometheus`) or as a module;
tests, the bench and the local platform ask `find`.
"""

import argparse
import dataclasses
import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

if __package__ in (None, ""):  # run as a file: the folder above is not on the path
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from tools import golang, pins
from tools.errors import NotInstallable, StepFailed, ToolsError
from tools.locate import Found, cache_dir, locate
from tools.pins import Tool
from tools.steps import say, step

APT_SCRIPT = Path(__file__).with_name("apt.py")


def find(name: str) -> Path | None:
    """Where the program is, or None when it is not installed.

    Args:    name: a tool of tools/pins.toml, such as `promtool` or `promtool3`.
    Raises:  UnknownTool: no tool has that name.
    """
    found = locate(pins.pick(name, pins.load()))
    return found.path if found else None


def install(names: Sequence[str]) -> tuple[Found, ...]:
    """Make sure that each tool is there; what is there already is only looked up.

    Raises:  UnknownTool: no tool has that name.  NotInstallable, StepFailed: it cannot be had.
    """
    tools = pins.load()
    wanted = [pins.pick(name, tools) for name in names]
    if _missing(wanted):
        with golang.locked(cache_dir()):
            _from_apt(_missing(wanted))
            _from_go(_missing(wanted))
    return tuple(_there(tool) for tool in wanted)


def _missing(wanted: Sequence[Tool]) -> list[Tool]:
    return [tool for tool in wanted if locate(tool) is None]


def _from_apt(missing: Sequence[Tool]) -> None:
    """Try apt; a failure is only told, for the Go build is still open."""
    packages = sorted({f"{tool.apt}>={tool.minimum}" for tool in missing if tool.apt})
    root = _root_command()
    if not packages or root is None or shutil.which("apt-get") is None:
        return
    try:
        step(f"apt: {' '.join(packages)}", [*root, sys.executable, str(APT_SCRIPT), *packages])
    except StepFailed as error:
        say(str(error))


def _from_go(missing: Sequence[Tool]) -> None:
    """Build what is still missing; where that cannot be, name the Debian packages that would do."""
    _refuse_unbuildable([tool for tool in missing if tool.build is None])
    try:
        for build in dict.fromkeys(tool.build for tool in missing if tool.build):
            golang.build(build, cache_dir())
    except NotInstallable as error:
        packages = sorted({tool.apt for tool in missing if tool.apt})
        also = f" (or, on Debian, as root: apt-get install {' '.join(packages)})" if packages else ""
        raise NotInstallable(f"{error}{also}") from error


def _refuse_unbuildable(missing: Sequence[Tool]) -> None:
    """Said before anything is built for minutes: no build would bring these."""
    if missing:
        wanted = ", ".join(f"{tool.name} ≥ {tool.minimum}" for tool in missing)
        packages = " ".join(sorted({tool.apt for tool in missing}))
        raise NotInstallable(
            f"not found: {wanted}. On Debian, as root: apt-get install --no-install-recommends {packages}; "
            "elsewhere put them on PATH"
        )


def _root_command() -> list[str] | None:
    """What to put before a command to run it as root; None where that needs a password."""
    if os.geteuid() == 0:
        return []
    sudo = ["sudo", "-n"]
    if shutil.which("sudo") and subprocess.run([*sudo, "true"], capture_output=True, check=False).returncode == 0:
        return sudo
    return None


def _there(tool: Tool) -> Found:
    found = locate(tool)
    if found is None:
        raise NotInstallable(f"{tool.name} was installed and is still not found: look at {cache_dir()} and PATH")
    return found


def _report(found: Sequence[Found], as_json: bool) -> None:
    if as_json:
        print(json.dumps([dataclasses.asdict(each) for each in found], default=str, indent=2))
        return
    for each in found:
        print(f"{each.name:<12} {each.version:<8} {each.path}")


def _which(name: str, as_json: bool) -> int:
    found = locate(pins.pick(name, pins.load()))
    if found is None:
        say(f"{name} is not installed: run tools/install.py install {name}")
        return 1
    if as_json:
        _report([found], as_json)
    else:
        print(found.path)
    return 0


def _arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="tools/install.py", description="Find or install the real programs.")
    commands = parser.add_subparsers(dest="command", required=True)
    installing = commands.add_parser("install", help="install what is missing")
    installing.add_argument("names", nargs="+", metavar="NAME")
    which = commands.add_parser("which", help="print where a program is")
    which.add_argument("name", metavar="NAME")
    for command in (installing, which):
        command.add_argument("--json", action="store_true", help="print JSON")
    return parser.parse_args(argv)


def _terminated(number: int, _frame: object) -> None:
    sys.exit(128 + number)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit code: 0 done, 1 not to be had, 130 interrupted."""
    arguments = _arguments(argv)
    signal.signal(signal.SIGTERM, _terminated)
    try:
        if arguments.command == "which":
            return _which(arguments.name, arguments.json)
        _report(install(arguments.names), arguments.json)
    except ToolsError as error:
        say(f"tools: {error}")
        return 1
    except KeyboardInterrupt:
        say("tools: interrupted; nothing half-built is left")
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
