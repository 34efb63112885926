"""One file that the generators made: its kind, its path under the output folder, its text."""

from __future__ import annotations

from dataclasses import dataclass

RULES = "rules"
TESTS = "tests"
ALERTS = "alerts"
ROUTES = "routes"
DOCS = "docs"
DASHBOARDS = "dashboards"
KUBERNETES = "kubernetes"
FOLDERS = {
    RULES: "prometheus/rules",
    ALERTS: "prometheus/rules",
    TESTS: "prometheus/tests",
    ROUTES: "alertmanager",
    DOCS: "docs",
    DASHBOARDS: "grafana",
    KUBERNETES: "kubernetes",
}
"""Each kind of artifact and the folder that holds it. Records and alerts share rule files."""


@dataclass(frozen=True, slots=True)
class Artifact:
    """A generated file. `path` is relative to the output folder, with `/`."""

    path: str
    text: str


MARK = "by ./generate.py, do not edit."
"""How the first line of every generated file ends."""


def header(sources: str) -> str:
    """The first line of every generated YAML file, whatever a file may be called."""
    shown = "".join(sign if sign.isprintable() else ascii(sign)[1:-1] for sign in sources)
    return f"# Generated from {shown} {MARK}\n"
