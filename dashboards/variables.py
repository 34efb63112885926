"""The choices at the top of a dashboard: data source, then cluster, namespace, service, each narrowed by those before.

"All" stands for `.+` where every series has the label, and for `.*` where it may be missing: one machine has no
cluster, and a pattern that asks for a sign would hide all that it shows.
"""

from __future__ import annotations

from collections.abc import Iterable

from dashboards.model import ALERTMANAGER, JAEGER, LOKI, PROMETHEUS, Variable

ANY = ".+"
ANY_OR_NONE = ".*"

DATASOURCE = Variable(name="datasource", label="Data source", query=PROMETHEUS, datasource=True)
LOGS = Variable(name="loki", label="Logs", query=LOKI, datasource=True)
TRACES = Variable(name="jaeger", label="Traces", query=JAEGER, datasource=True)
SILENCES = Variable(name="alertmanager", label="Alertmanager", query=ALERTMANAGER, datasource=True)


def scope(*labels: str) -> str:
    """Matchers of the chosen *labels*, for a selector: `cluster=~"$cluster",namespace=~"$namespace"`."""
    return ",".join(f'{label}=~"${label}"' for label in labels)


def place(label: str, metric: str, before: Iterable[str] = ()) -> Variable:
    """Where something runs (cluster, namespace …): several or all; a series may lack the label."""
    return Variable(
        name=label,
        label=label.capitalize(),
        query=f"label_values({_selector(metric, scope(*before))}, {label})",
        everything=ANY_OR_NONE,
        multiple=True,
    )


def chosen(name: str, label: str, metric: str, *, title: str, within: str = "", several: bool = False) -> Variable:
    """The values of *label* of *metric*, of those that match *within*; one of them, or *several* and all."""
    return Variable(
        name=name,
        label=title,
        query=f"label_values({_selector(metric, within)}, {label})",
        everything=ANY if several else "",
        multiple=several,
    )


def _selector(metric: str, matchers: str) -> str:
    return f"{metric}{{{matchers}}}" if matchers else metric
