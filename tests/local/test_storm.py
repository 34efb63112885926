"""A storm of alerts over two real Alertmanagers, with the generated configuration, and the PagerDuty stand-in.

What a Prometheus does is done here: it sends every alert that fires to both, again and again, and its end. The short
form runs at six times the speed; the long one as it ships.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from alerts import routes
from local.alertmanager_config import key_files, localised
from local.secret import write_secret
from local.settings import Settings
from slo.windows import read_seconds
from tests.alerts.shops import burning, held, ours
from tests.local.pagerduty_process import PEERS, Process, Standin, configured, standin

Wait = Callable[..., Any]
Labels = dict[str, str]
WAITS = ("group_wait", "group_interval", "repeat_interval")
ALERTS = 500
GOSSIP_SECONDS = 2


class Storm:
    """What fires, as Prometheus sends it: to every Alertmanager that lives, every few seconds."""

    def __init__(self, both: tuple[Process, ...], *, faster: int) -> None:
        self._both = list(both)
        self._every = 15 / faster
        self._lock = threading.Lock()
        self._alerts: dict[frozenset[tuple[str, str]], dict[str, Any]] = {}
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._go_on, daemon=True)

    def __enter__(self) -> Storm:
        self._thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._ended.set()
        self._thread.join()

    def fires(self, *alerts: Labels) -> datetime:
        """From now on; returns since when."""
        now = datetime.now(UTC)
        texts = {"summary": "It is broken: 12% of requests fail."}
        with self._lock:
            for labels in alerts:
                alert = {"labels": labels, "annotations": texts, "startsAt": now.isoformat()}
                self._alerts[frozenset(labels.items())] = alert
        self._send()
        return now

    def ends(self, *alerts: Labels) -> None:
        """They are over, and said to be so again and again."""
        now = datetime.now(UTC).isoformat()
        with self._lock:
            for labels in alerts:
                self._alerts[frozenset(labels.items())]["endsAt"] = now
        self._send()

    def kills(self, number: int) -> None:
        """One of them is gone, and stays away."""
        self._both.pop(number).kill()

    def _send(self) -> None:
        with self._lock:
            found = list(self._alerts.values())
        for process in self._both:
            assert process.ask("POST", "/api/v2/alerts", found).status == 200

    def _go_on(self) -> None:
        while not self._ended.wait(self._every):
            if self._alerts:
                self._send()


def outage(cluster: str) -> tuple[list[Labels], list[Labels]]:
    """Payments are down: what fires at once, and what follows some seconds later; five hundred alerts in all."""

    def many(number: int, labels: Labels, **more: str) -> Iterator[Labels]:
        for each in range(number):
            yield {**labels, "cluster": cluster, "route": f"/{each}", **more}

    def other(name: str, service: str, severity: str = "ticket") -> Labels:
        return {"alertname": name, "service": service, "severity": severity, "team": service, "cluster": cluster}

    cause = [*many(120, burning("payments")), *many(80, burning("payments", severity="ticket"))]
    held_back = [
        *(held("orders", name, cluster=cluster) for name in ("availability", "latency", "unknown-payments")),
        *(held("storefront", name, cause="orders", cluster=cluster) for name in ("availability", "latency")),
    ]
    followers = [
        *many(80, burning("orders")),
        *many(60, burning("orders", "latency")),
        *many(20, burning("orders", "unknown-payments")),
        *many(60, burning("orders", severity="ticket")),
        *many(40, burning("storefront")),
        *many(24, burning("storefront", "latency")),
        *(other(name, service) for name in ("HighErrorRate", "AvailabilityLow") for service in ("payments", "orders")),
        other("HighLatencyP95", "orders"),
        other("PaymentGatewayUnreachable", "payments", "page"),
        other("OrdersStopped", "orders", "page"),
    ]
    rest = ALERTS - len(cause) - len(held_back) - len(followers)
    return [*cause, *many(rest, burning("payments"), instance="another"), *held_back], followers


def _hurried(route: dict[str, Any], faster: int) -> dict[str, Any]:
    timers = {
        name: f"{round(read_seconds(route[name]) * 1000 / faster)}ms" for name in WAITS if route.get(name, "0s") != "0s"
    }
    return {**route, **timers, "routes": [_hurried(child, faster) for child in route.get("routes", ())]}


def _incidents(pagerduty: Standin, cluster: str) -> list[dict[str, Any]]:
    return [incident for incident in pagerduty.incidents() if incident["source"].startswith(cluster)]


def _alerts(pagerduty: Standin, cluster: str) -> list[tuple[str, str]]:
    return [(incident["team"], incident["alert"]) for incident in _incidents(pagerduty, cluster)]


def _is_settled(process: Process) -> bool:
    """Whether it knows the other; until then it tells nobody anything."""
    cluster = process.ask("GET", "/api/v2/status").json()["cluster"]
    return cluster["status"] == "ready" and len(cluster["peers"]) == 2


def _took(incident: dict[str, Any], since: datetime) -> timedelta:
    return datetime.fromisoformat(incident["created_at"]) - since


@pytest.mark.parametrize(
    "faster", [pytest.param(6, id="six times as fast"), pytest.param(1, id="as it ships", marks=pytest.mark.full)]
)
def test_a_storm_is_a_few_incidents_and_none_is_lost(
    settings: Settings, wait_for: Wait, tmp_path: Path, faster: int
) -> None:
    """The cause first, in time, each once and to its end; also while PagerDuty refuses and one Alertmanager dies."""
    config = routes.config(ours(tmp_path))
    config["route"] = _hurried(config["route"], faster)
    for file in key_files(localised(config, pagerduty_url="", keys=settings.keys)):
        write_secret(file, file.parent.name.ljust(32, "k"))
    expected = [("payments", "PaymentsAvailability"), ("orders", "OrdersStopped")]
    with (
        standin(settings, wait_for) as pagerduty,
        configured(settings, wait_for, config, more=PEERS if faster > 1 else ()) as both,
        Storm(both, faster=faster) as storm,
    ):
        wait_for(lambda: all(map(_is_settled, both)), 60)
        # A page that nothing explains, and a dependant's: both are in time.
        first, followers = outage("shop-1/")
        alone = burning("storefront", "latency", cluster="shop-2/")
        since = storm.fires(*first, alone)
        time.sleep(20 / faster)
        storm.fires(*followers)
        wait_for(lambda: len(_incidents(pagerduty, "shop-2/")) == 1, 120 / faster)
        wait_for(lambda: len(_incidents(pagerduty, "shop-1/")) == len(expected), 60 / faster)
        assert _alerts(pagerduty, "shop-1/") == expected
        assert _took(_incidents(pagerduty, "shop-1/")[0], since) <= timedelta(seconds=45 / faster)
        assert _took(_incidents(pagerduty, "shop-2/")[0], since) <= timedelta(seconds=120 / faster)

        # What one has sent it tells the other some tenths of a second later. Whoever dies before leaves an incident
        # that the other does not know, and does not end once its alert is over: Alertmanager's own limit.
        time.sleep(GOSSIP_SECONDS)

        # Trouble for two minutes; one of the two is gone for good.
        second, more = outage("shop-3/")
        pagerduty.fault(fault="rate-limit", seconds=120)
        storm.kills(0)
        storm.fires(*second)
        time.sleep(20 / faster)
        storm.fires(*more)
        time.sleep(40 / faster)
        pagerduty.fault(fault="errors", status=503, seconds=120)
        time.sleep(60 / faster)
        assert _incidents(pagerduty, "shop-3/") == []
        pagerduty.fault()
        wait_for(lambda: len(_incidents(pagerduty, "shop-3/")) == len(expected), 150 / faster)
        assert sorted(_alerts(pagerduty, "shop-3/")) == sorted(expected)

        # The causes end first, as they do.
        storm.ends(*first, alone, *second)
        storm.ends(*followers, *more)
        wait_for(lambda: not [one for one in pagerduty.incidents() if one["status"] != "resolved"], 150 / faster)
        assert len(pagerduty.incidents()) == 2 * len(expected) + 1
