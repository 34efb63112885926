"""Every question of every dashboard, ready to be sent: Grafana's variables and macros are filled in.

For whoever checks dashboards without a Grafana. Rows that are collapsed are asked as well, and said to be so.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from dashboards.model import Dashboard, Panel, Variable, ref_id
from dashboards.variables import ANY_OR_NONE

RATE_INTERVAL, RANGE, INTERVAL = "2m", "3h", "1m"
"""What Grafana puts in for a range of three hours, a step of a minute and scrapes of up to half a minute."""
_VALUES = re.compile(r"label_values\((?P<series>.+), (?P<label>\w+)\)")
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
    """Each query of each panel; `moments` has those of annotations, `offered` what variables offer.

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


def offered(dashboards: Iterable[Dashboard], chosen: Mapping[str, str] | None = None) -> Iterator[Asked]:
    """Where each variable finds its values, as PromQL: a series for each of them.

    A series without the label counts only where it may be missing (`.*` stands for all).
    """
    for dashboard in dashboards:
        known = {each.name: each.everything or ".+" for each in dashboard.variables} | dict(chosen or {})
        for variable in dashboard.variables:
            if variable.datasource:
                continue
            series, label = values_of(variable)
            there = "" if variable.everything == ANY_OR_NONE else f'{label}!=""'
            yield Asked(
                dashboard=dashboard.uid,
                panel=variable.label,
                kind="variable",
                ref_id="A",
                datasource="prometheus",
                expression=f"group by ({label}) ({_narrowed(filled(series, known), there)})",
                instant=True,
                collapsed=False,
            )


def values_of(variable: Variable) -> tuple[str, str]:
    """The selector and the label that *variable* takes its values from.

    Raises:  ValueError: it asks for something else than the values of a label.
    """
    match = _VALUES.fullmatch(variable.query)
    if match is None:
        raise ValueError(f"{variable.name}: {variable.query!r} is not label_values(<series>, <label>)")
    return match["series"], match["label"]


def _narrowed(selector: str, matcher: str) -> str:
    """*selector* with one *matcher* more, "" for none."""
    if not matcher:
        return selector
    metric, _, inside = selector.rstrip("}").partition("{")
    return f"{metric}{{{inside},{matcher}}}" if inside else f"{metric}{{{matcher}}}"


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
