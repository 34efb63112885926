"""Asks Prometheus for all that a report says: events, alerts and runbooks, of all SLOs together."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping

from budget.history import BIN_SECONDS, Source, curves, promises, seeded, selector
from budget.history_alerts import alert_spans, read_runbooks
from budget.report_model import Report, by_service, episodes, overlap, slo_report, spans
from slo import windows

EPISODES = 5  # on the first page


def read_report(
    source: Source,
    *,
    server: str,
    end: float,
    start: float | None = None,
    services: Iterable[str] = (),
    descriptions: Mapping[str, str] | None = None,
) -> Report:
    """The report of all SLOs, or of those of *services*, until *end*.

    Args:    server: its address, for people. start: of one range for all; without it each SLO has its own period.
             descriptions: what an SLO promises in words, by its id.
    Raises:  Unreachable, QueryFailed.
    """
    end = BIN_SECONDS * math.floor(end / BIN_SECONDS)
    promised, names = promises(source, end, services), tuple(services)
    lengths = {each.key: each.days * windows.DAY if start is None else end - start for each in promised}
    longest = max(lengths.values(), default=0.0)
    first = min(begin for _, begin, _ in spans(end, longest))
    past = seeded(source, end)
    # Alerts are of this period alone: what fired before is not told.
    alerts = alert_spans(source, start=end - longest, end=end, matchers=selector(names)) if promised else ()
    found = [
        slo_report(
            curve,
            alerts,
            end=end,
            length=curve.days * windows.DAY if start is None else end - start,
            seeded=past,
            description=(descriptions or {}).get(curve.id, ""),
        )
        for curve in curves(source, promised, start=first, end=end)
    ]
    links, notes = read_runbooks(source)
    return Report(
        end=end,
        fixed=start is not None,
        server=server,
        services=by_service(found),
        episodes=episodes(found, EPISODES),
        seeded=overlap(past, first, end),
        runbooks=links,
        notes=notes,
    )
