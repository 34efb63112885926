"""Texts of specs for tests: a valid one, and ways to change it."""

from __future__ import annotations

from pathlib import Path

from slo.catalogue import Catalogue
from slo.errors import Fault, SpecErrors
from slo.load import load
from slo.model import Slo

BAD = 'sum(rate(requests_total{code=~"5.."}[{{.window}}]))'
TOTAL = "sum(rate(requests_total[{{.window}}]))"


def slo(
    name: str = "availability", objective: str = "99.9", *, sli: str = "", alert: str = "Orders", more: str = ""
) -> str:
    """One SLO. *more* are lines of further keys, each indented by four spaces."""
    sli = sli or f"{{events: {{error_query: '{BAD}', total_query: '{TOTAL}'}}}}"
    return f"  - name: {name}\n    objective: {objective}\n    sli: {sli}\n    alerting: {{name: {alert}}}\n{more}"


def spec(*slos: str, service: str = "orders", head: str = "") -> str:
    """A document. *head* are lines of further keys."""
    return f"version: prometheus/v1\nservice: {service}\n{head}slos:\n{''.join(slos or (slo(),))}"


def loaded(text: str, folder: Path, name: str = "orders.yaml") -> Catalogue:
    """What *text* declares."""
    path = folder / name
    path.write_bytes(text.encode("utf-8", "surrogateescape"))
    return load([str(path)])


def the_slo(text: str, folder: Path) -> Slo:
    """The only SLO of *text*."""
    [found] = loaded(text, folder).slos
    return found


def faults(text: str, folder: Path, name: str = "orders.yaml") -> tuple[Fault, ...]:
    """What is wrong with *text*; nothing where it loads."""
    try:
        loaded(text, folder, name)
    except SpecErrors as errors:
        return errors.faults
    return ()


def told(text: str, folder: Path, name: str = "orders.yaml") -> list[str]:
    """The same as people read it, without the path."""
    return [str(fault).removeprefix(f"{fault.path}:") for fault in faults(text, folder, name)]
