"""Every question of every dashboard, ready to be sent: Grafana's variables and macros are filled in.

For whoever checks dashboards without a Grafana. Rows that are collapsed are asked as well, and said to be so.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from dashboards.model import Dashboard, Panel, ref_id

RATE_INTERVAL, RANGE, INTERVAL = "2m", "3h", "1m"
"""What Grafana puts in for a range of three hours, a step of a minute and scrapes of up to half a minute."""
_VARIABLE = re.compile(r"\$(?:\{(?P<braced>\w+)(?::(?P<format>[^}]*))?\}|(?P<plain>[A-Za-z_]\w*))")


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One question. datasource: prometheus or loki. kind: of the panel; `collapsed`: asked when its row is opened."""

    dashboard: str
    panel: str
    kind: str
    ref_id: str
    datasource: str
    expression: str
    instant: bool
    collapsed: bool


def queries(
    dashboards: Iterable[Dashboard], chosen: Mapping[str, str] | None = None, *, month: int = 1
) -> Iterator[Asked]:
    """Each query of each panel, each annotation and each variable's.

    Args:    chosen: values of variables, by name; every other stands for all it can.
             month:  of the end of the time range, 1–12.
    """
    for dashboard in dashboards:
        known = {each.name: each.everything or ".+" for each in dashboard.variables} | dict(chosen or {})
        for row in dashboard.rows:
            for panel in row.panels:
                yield from _of_panel(dashboard, panel, known, month, collapsed=row.collapsed)


def moments(
    dashboards: Iterable[Dashboard], chosen: Mapping[str, str] | None = None, *, month: int = 1
) -> Iterator[Asked]:
    """Each annotation's query, in the same way."""
    for dashboard in dashboards:
        known = {each.name: each.everything or ".+" for each in dashboard.variables} | dict(chosen or {})
        for each in dashboard.annotations:
            yield Asked(
                dashboard=dashboard.uid,
                panel=each.name,
                kind="annotation",
                ref_id="A",
                datasource="prometheus",
                expression=filled(each.expression, known, month),
                instant=False,
                collapsed=not each.shown,
            )


def _of_panel(
    dashboard: Dashboard, panel: Panel, known: Mapping[str, str], month: int, *, collapsed: bool
) -> Iterator[Asked]:
    for place, query in enumerate(panel.queries):
        yield Asked(
            dashboard=dashboard.uid,
            panel=panel.title,
            kind=panel.kind,
            ref_id=ref_id(place),
            datasource=query.source,
            expression=filled(query.expression, known, month),
            instant=query.instant,
            collapsed=collapsed,
        )


def filled(expression: str, known: Mapping[str, str], month: int = 1) -> str:
    """*expression* with its variables' values.

    Raises:  KeyError: a variable that the dashboard does not have.
    """
    macros = {"__rate_interval": RATE_INTERVAL, "__range": RANGE, "__interval": INTERVAL, "__to": str(month)}
    values = {**known, **macros}
    return _VARIABLE.sub(lambda match: values[match["braced"] or match["plain"]], expression)
