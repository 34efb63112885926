"""Reads the single values of alerts and routes: names, templates, moments, parameters, addresses. Raises ValueError
with a sentence that says what was expected, like `slo.scalars`.
"""

from __future__ import annotations

import re
from typing import Any

from slo import scalars
from slo.conventions import DASHBOARDS
from slo.document import Plain

ALERT = re.compile(r"[A-Z][A-Za-z0-9]*")
PARAMETER = re.compile(r"[a-z][a-z0-9_]*")
_COMPOUND = re.compile(r"(?:[0-9]{1,6}[smhdw])+")


def alert_name(text: str) -> str:
    """A name in CamelCase, which is a file's name too: that of its runbook."""
    if not ALERT.fullmatch(text):
        raise ValueError(f"{text!r} is not an alert name; expected CamelCase, letters and digits only: DiskSpaceLow")
    return text


def dashboard(uid: str) -> str:
    """A dashboard that is generated."""
    if uid not in DASHBOARDS:
        raise ValueError(f"{uid!r} is not a dashboard; expected one of {', '.join(DASHBOARDS)}")
    return uid


def template(text: str) -> str:
    """Text that Prometheus can render."""
    if problem := scalars.template_problem(text):
        raise ValueError(problem)
    return text


def moment_seconds(value: Any) -> Any:
    """Seconds of a moment after the start: "21m", "22d3h", a plain 0."""
    if str(value) == "0":
        return 0
    if not isinstance(value, str) or not _COMPOUND.fullmatch(value):
        raise ValueError(f"{value!r} is not a moment such as 21m or 22d3h")
    return sum(int(amount) * scalars.UNIT_SECONDS[unit] for amount, unit in scalars.DURATION.findall(value))


def parameters(value: Any) -> Any:
    """Numbers and durations by name."""
    if not isinstance(value, dict):
        return value
    found = [
        (key, "is not a parameter's name: small letters, digits and '_', a letter first", True)
        for key in value
        if not PARAMETER.fullmatch(key)
    ]
    found += [
        (key, "expected a number or a duration: 0.2, 10m", False)
        for key, text in value.items()
        if not isinstance(text, str) or not (isinstance(text, Plain) or _COMPOUND.fullmatch(text))
    ]
    if found:
        raise scalars.KeyFaults(found)
    return value


def web_address(text: str) -> str:
    """An http(s) address; plain http is for this machine alone."""
    if not re.fullmatch(r"https://[^\s/?#]+\S*|http://(?:127\.0\.0\.1|localhost)(?:[:/]\S*)?", text):
        raise ValueError(f"{text!r} is not an address; expected https://… (http:// for 127.0.0.1 alone)")
    return text.rstrip("/")


def mail_address(text: str) -> str:
    """A mail address."""
    if not re.fullmatch(r"[^\s@]+@[^\s@]+", text):
        raise ValueError(f"{text!r} is not a mail address; expected oncall@example.com")
    return text
