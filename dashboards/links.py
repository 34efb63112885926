"""Where people go on from a panel: runbook, SLO, service, logs, traces, a silence; with time range and choices.

Addresses within Grafana begin with `/`, so that they hold wherever it runs.
"""

from __future__ import annotations

import json
import re
from urllib.parse import quote

from dashboards.model import JAEGER, LOKI, SOURCES, Link
from slo import conventions as names
from slo.catalogue import Catalogue

TIME = "${__url_time_range}"
"""Grafana's macro: from=…&to=… of the dashboard."""
_VARIABLE = re.compile(r"(\$\{[^}]+\})")


def dashboard(
    uid: str, title: str, variables: dict[str, str], *, kept: tuple[str, ...] = ("datasource", "cluster")
) -> Link:
    """Another dashboard, at the same time. *kept*: variables of both that are passed on as they are chosen."""
    carried = [f"${{{name}:queryparam}}" for name in kept]
    asked = [f"var-{name}={value}" for name, value in variables.items()]
    return Link(title=title, url=f"/d/{uid}?{'&'.join([*asked, *carried, TIME])}")


def page(uid: str, title: str) -> Link:
    """Another dashboard, from the head of one: Grafana itself adds the time range and what is chosen."""
    return Link(title=title, url=f"/d/{uid}")


def field(name: str) -> str:
    """The value of a label in the line or series that was clicked, fit for an address."""
    return f"${{__data.fields.{name}:percentencode}}"


def label(name: str) -> str:
    """The value of a label of the series that was clicked, fit for an address."""
    return f"${{__field.labels.{name}:percentencode}}"


def runbook(catalogue: Catalogue, alert: str) -> tuple[Link, ...]:
    """The runbook of *alert*, which may be a macro; nothing where nobody said where they are found."""
    if catalogue.routing is None or catalogue.routing.links is None:
        return ()
    address = catalogue.routing.links.runbook.replace("{alert}", alert)
    return (Link(title="Runbook", url=address, new_tab=True),)


def silence(alert: str, service: str) -> Link:
    """The form that silences *alert* for *service*, in Grafana's own pages of the chosen Alertmanager."""
    matchers = f"matcher={names.ALERT_NAME}%3D{alert}&matcher=service%3D{service}"
    return Link(title="Silence", url=f"/alerting/silence/new?alertmanager=${{alertmanager:text}}&{matchers}")


def logs(expression: str, title: str = "Logs") -> Link:
    """Loki's lines at the dashboard's time. *expression* may hold `${variable:format}`."""
    return Link(title=title, url=_explore(LOKI, {"expr": expression, "queryType": "range", "editorMode": "code"}))


def traces(service: str, title: str = "Traces") -> Link:
    """Jaeger's traces of *service* at the dashboard's time."""
    return Link(title=title, url=_explore(JAEGER, {"queryType": "search", "service": service}))


def _explore(kind: str, query: dict[str, str]) -> str:
    uid = SOURCES[kind]
    asked = {"refId": "A", "datasource": {"type": kind, "uid": uid}, **query}
    pane = {"datasource": uid, "queries": [asked], "range": {"from": "${__from}", "to": "${__to}"}}
    text = json.dumps({"tw": pane}, separators=(",", ":"))
    # Grafana fills in its variables before the browser sees the address: they alone stay as they are.
    parts = [part if _VARIABLE.fullmatch(part) else quote(part, safe="") for part in _VARIABLE.split(text)]
    return f"/explore?schemaVersion=1&orgId=1&panes={''.join(parts)}"
