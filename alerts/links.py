"""Annotations that lead somewhere: the runbook of an alert, and the dashboard that shows it."""

from __future__ import annotations

from urllib.parse import quote

from slo import conventions as names
from slo.model import Pairs
from slo.routing_model import Links

URL_ENCODED = " | urlquery }}"


def linked(links: Links | None, alert: str, dashboard: str, variables: Pairs = ()) -> Pairs:
    """`runbook_url` and `dashboard_url`; nothing where nobody said where they are found.

    Args:    variables: of the dashboard; a value is plain text or one template that ends in `| urlquery`.
    """
    if links is None:
        return ()
    asked = "".join(f"var-{name}={_encoded(value)}&" for name, value in variables)
    return (
        (names.DASHBOARD_URL, f"{links.dashboards}/d/{dashboard}?{asked}{names.DASHBOARD_RANGE}"),
        (names.RUNBOOK_URL, links.runbook.replace("{alert}", alert)),
    )


def label(name: str) -> str:
    """The template of a label's value, fit for an address."""
    return f"{{{{ $labels.{name}{URL_ENCODED}"


def _encoded(value: str) -> str:
    return value if value.endswith(URL_ENCODED) else quote(value, safe="")
