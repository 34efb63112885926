"""Times on the command line: `90`, `90s`, `15m`, `4h`."""

import re

import click

_SECONDS = {"": 1, "s": 1, "m": 60, "h": 3600}


class Duration(click.ParamType[int]):
    """Whole seconds, from 1 to *most*."""

    name = "TIME"

    def __init__(self, most: int) -> None:
        self._most = most

    def convert(self, value: str | int, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Seconds, or a usage error that says what was expected."""
        if isinstance(value, int):
            return value
        match = re.fullmatch(r"(\d{1,6})(s|m|h|)", value, re.ASCII)
        seconds = int(match[1]) * _SECONDS[match[2]] if match else 0
        if not 1 <= seconds <= self._most:
            self.fail(f"{value!r}: expected a time from 1s to {self._most}s, like 90s, 15m or 4h", param, ctx)
        return seconds
