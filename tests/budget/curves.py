"""Curves, alerts and reports as they would be read, for tests of what is made of them."""

from collections.abc import Mapping, Sequence
from typing import Any

from budget.history import BIN_SECONDS, Curve
from budget.history_alerts import AlertSpan
from budget.identity import key_of
from budget.report_model import Report, SloReport, by_service, episodes, overlap, slo_report
from slo import conventions

END = 1_999_987_200.0  # 2033-05-18 00:00 UTC: a full five minutes, and a midnight
HOUR, DAY = 3600.0, 86_400.0
SCRIPT = "<script>alert(1)</script>"


def curve(events: Sequence[tuple[float, float] | None], **changes: Any) -> Curve:
    """(bad, all) of each five minutes until END; None is a gap."""
    first = END - BIN_SECONDS * (len(events) - 1)
    bins = tuple((first + BIN_SECONDS * place, *each) for place, each in enumerate(events) if each is not None)
    given: dict[str, Any] = {
        "id": "shop-up",
        "service": "shop",
        "slo": "up",
        "labels": {},
        "objective": 0.99,
        "days": 1.0,
        "counts": True,
        "bins": bins,
    }
    return Curve(**given | changes)


def day(*burns: tuple[int, int, float], **changes: Any) -> Curve:
    """Two days of 100 events each five minutes; *burns*: from and before so many minutes before END, bad of these."""
    events: list[tuple[float, float] | None] = [(0.0, 100.0)] * 576
    for since, until, bad in burns:
        for place in range(576 - since // 5, 576 - until // 5):
            events[place] = (bad, 100.0)
    return curve(events, **changes)


def span(start: float, end: float, *, of: Mapping[str, str] | None = None, **changes: Any) -> AlertSpan:
    """A page of the SLO `shop-up` that fires."""
    ids = {conventions.ID: "shop-up", conventions.SERVICE: "shop", conventions.SLO: "up"} if of is None else dict(of)
    given: dict[str, Any] = {
        "name": "ShopUp",
        "severity": "page",
        "state": "firing",
        "start": start,
        "end": end,
        "labels": {"alertname": "ShopUp", **ids},
        "key": key_of(ids) if conventions.ID in ids else (),
    }
    return AlertSpan(**given | changes)


def report_of(*curves: Curve, alerts: Sequence[AlertSpan] = (), **changes: Any) -> Report:
    """The report of *curves* on their last day."""
    past = changes.pop("past", None)
    length = changes.pop("length", DAY)
    slos: list[SloReport] = [slo_report(each, alerts, end=END, length=length, seeded=past) for each in curves]
    given: dict[str, Any] = {
        "end": END,
        "fixed": False,
        "server": "http://prometheus.example",
        "services": by_service(slos),
        "episodes": episodes(slos, 5),
        "seeded": overlap(past, END - 62 * DAY, END),
    }
    return Report(**given | changes)
