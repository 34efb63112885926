"""The whole slice, from the committed rules to a page: real services, Prometheus and Alertmanager."""

import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import quote

import pytest

from local.prometheus_config import SCRAPE_SECONDS
from local.settings import ROOT
from local.shop import SERVICES, WORKERS
from tests.e2e import counted

SLOS = {"catalog-availability": 0.999, "catalog-latency": 0.99, "storefront-availability": 0.999}
JOBS = {*SERVICES, *WORKERS, "pagerduty", "journeys", "ops", "prometheus", "alertmanager"}


@pytest.fixture(scope="module")
def running(platform: Any, read_until: Callable[..., str]) -> Iterator["subprocess.Popen[str]"]:
    """The platform, ready; the tests of this module use it one after the other."""
    with platform.start("--files", "--no-history") as process:
        try:
            read_until(process.stdout, ": logs in")
            yield process
        finally:
            process.kill()


def test_every_target_is_scraped(platform: Any, running: Any, wait_for: Callable[..., Any]) -> None:
    """Prometheus reaches every service, worker, both Alertmanagers and itself."""

    def healths() -> dict[str, str]:
        found = platform.get("prometheus", "/api/v1/targets")["data"]["activeTargets"]
        up = {row["labels"]["job"]: row["health"] for row in found}
        return up if set(up.values()) == {"up"} else {}

    assert set(wait_for(healths, 25)) == JOBS


def test_alertmanagers_know_one_another(platform: Any, running: Any) -> None:
    """Each page is sent once, whichever of them is asked."""
    for name in ("alertmanager", "alertmanager-2"):
        cluster = platform.get(name, "/api/v2/status")["cluster"]
        assert (cluster["status"], len(cluster["peers"])) == ("ready", 2)


def test_the_front_door_leads_to_the_shop_and_hides_its_inside(platform: Any, running: Any) -> None:
    """Pages, the API and its documentation; no figures."""
    asked = {path: platform.ask("front-door", path) for path in ("/", "/api/v1/products", "/api/docs", "/metrics")}
    assert {path: answer.status for path, answer in asked.items()} == {
        "/": 200,
        "/api/v1/products": 200,
        "/api/docs": 200,
        "/metrics": 404,
    }


def test_the_status_shows_promises_with_data(platform: Any, running: Any, wait_for: Callable[..., Any]) -> None:
    """Objective and burn rate of shoppers' requests, within seconds of a start without history."""

    def measured() -> dict[str, Any]:
        rows = platform.status()
        return rows if all(rows.get(slo, {}).get("burn", {}).get("5m") is not None for slo in SLOS) else {}

    rows = wait_for(measured, 45)
    assert {slo: rows[slo]["objective"] for slo in SLOS} == SLOS
    assert {rows[slo]["alert"] for slo in SLOS} == {"ok"}


def test_shoppers_buy(platform: Any, running: Any, wait_for: Callable[..., Any]) -> None:
    """Orders are confirmed, and each is somebody's money."""
    query = "/api/v1/query?query=sum(shop_orders_total{state=%22CONFIRMED%22})"

    def confirmed() -> float:
        found = platform.get("prometheus", query)["data"]["result"]
        return float(found[0]["value"][1]) if found else 0.0

    assert wait_for(confirmed, 60) > 0


def test_a_burn_rate_is_what_the_service_has_logged(platform: Any, running: Any, wait_for: Callable[..., Any]) -> None:
    """Bad requests among all, counted in its own log from the first scrape of the window on: within 1 %.

    And what half a scrape is of the time that Prometheus has seen, for rate() does not reach back beyond a counter's 0.
    The long form, with whole budgets and with databases, is in test_budget_count.py.
    """

    def asked(query: str) -> Any:
        (found,) = platform.get("prometheus", f"/api/v1/query?query={quote(query)}")["data"]["result"]
        return found

    assert platform.run("local", "break", "catalog", "errors", "--share", "0.5", "--seconds", "12").returncode == 0
    time.sleep(13)
    with platform.shoppers_standing_still():
        scraped = time.time() + SCRAPE_SECONDS + 1

        def later() -> float:
            found = asked('timestamp(slo:current_burn_rate:ratio{sloth_id="catalog-availability"})')
            return float(found["value"][1]) if float(found["value"][1]) > scraped else 0.0

        evaluated = wait_for(later, 60)
        burn = platform.status()["catalog-availability"]["burn"]["5m"]
        scrapes = asked(f'up{{job="catalog"}}[5m] @ {evaluated}')["values"]
    count = counted.answered(platform.state / "run", "catalog", counted.failed, since=scrapes[0][0])
    assert count.bad > 0
    seen_seconds = evaluated - scrapes[0][0]
    expected = count.bad / count.total / (1 - SLOS["catalog-availability"])
    assert burn == pytest.approx(expected, rel=0.01 + SCRAPE_SECONDS / 2 / seen_seconds)


def test_a_second_platform_is_refused(platform: Any, running: Any) -> None:
    """It names the first; nothing of the first is disturbed."""
    result = platform.run("local", "up")
    assert result.returncode == 1
    assert f"process {running.pid}" in result.stderr
    assert running.poll() is None


def test_an_outage_pages_and_a_mended_one_does_not_stay_broken(
    platform: Any, running: Any, wait_for: Callable[..., Any]
) -> None:
    """From `break` over rules, routes and key to an incident of the right team."""
    assert platform.run("local", "break", "catalog", "errors", "--share", "1").returncode == 0

    def paged() -> list[dict[str, Any]]:
        # Whoever depends on the catalog may be paged as well.
        return [found for found in platform.get("pagerduty", "/incidents")["incidents"] if found["team"] == "catalog"]

    incident = wait_for(paged, 75)[0]
    assert incident["status"] == "triggered"
    payload = incident["event"]["payload"]
    assert (payload["severity"], payload["class"], payload["component"]) == (
        "critical",
        "CatalogAvailability",
        "catalog",
    )
    assert platform.status()["catalog-availability"]["alert"] == "page"
    assert platform.run("local", "mend", "catalog").returncode == 0
    assert platform.get("catalog", "/api/v1/products?limit=1")["items"]


@pytest.mark.parametrize("name", ["prometheus", "alertmanager", "alertmanager-2", "orders-worker"])
def test_a_killed_part_comes_back_by_itself(
    platform: Any, running: Any, wait_for: Callable[..., Any], name: str
) -> None:
    """On its port, with its data; nobody has to do anything."""
    port = f":{platform.port(name)}"
    (leader,) = platform.leaders(name)
    leader.kill()
    wait_for(lambda: platform.leaders(name) not in ([], [leader]), 10)
    path = "/metrics" if name == "orders-worker" else "/-/ready"
    wait_for(lambda: platform.answers(name, path), 30)
    if name == "prometheus":
        series = platform.get("prometheus", "/api/v1/query?query=min_over_time(timestamp(up{job=%22orders%22})[1h:5s])")
        assert float(series["data"]["result"][0]["value"][1]) < leader.create_time() + 30, f"{port}: its past is gone"


def test_services_that_are_killed_together_come_back_by_themselves(
    platform: Any, running: Any, wait_for: Callable[..., Any]
) -> None:
    """Each of them, and the door leads to them again."""
    leaders = {name: platform.leaders(name) for name in SERVICES}
    for (leader,) in leaders.values():
        leader.kill()
    for name, old in leaders.items():
        wait_for(lambda name=name, old=old: platform.leaders(name) not in ([], old), 15)
        wait_for(lambda name=name: platform.answers(name, "/readyz"), 30)
    wait_for(lambda: platform.answers("front-door", "/api/v1/products"), 10)


def test_a_killed_platform_leaves_nothing(platform: Any, running: Any, wait_for: Callable[..., Any]) -> None:
    """Neither gunicorn's workers nor Locust nor nginx; and the run's ports are free again."""
    commands = [" ".join(process.cmdline()) for process in platform.processes()]
    assert sum("gunicorn" in command for command in commands) == 2 * (len(SERVICES) + 1)
    assert sum("locustfile.py" in command for command in commands) == 1
    assert "front-door" in platform.taken()
    running.send_signal(signal.SIGKILL)
    running.wait()
    wait_for(lambda: not platform.processes() and not platform.taken(), 12)


def test_up_for_a_while_ends_by_itself(platform: Any, read_until: Callable[..., str]) -> None:
    """It counts from ready, stops in reverse order within ten seconds, exits with 0, and leaves nothing."""
    with platform.start("--files", "--no-history", "--for", "3") as process:
        read_until(process.stdout, ": logs in")
        began = time.monotonic()
        incidents = platform.get("pagerduty", "/incidents")["incidents"]
        output, _ = process.communicate(timeout=60)
        assert 3 <= time.monotonic() - began < 13
    assert process.returncode == 0, output
    # Whoever takes longer than its share on a busy machine is killed, in the same order.
    ends = (" stopped", "killed: it did not stop in time")
    stopped = [line.split()[1] for line in output.splitlines() if line.endswith(ends)]
    assert (set(stopped[:3]), stopped[3:5]) == ({"journeys", "ops", "shoppers"}, ["prometheus", "front-door"])
    assert stopped[-1] == "platform"
    assert set(SERVICES) < set(stopped)
    assert (platform.processes(), platform.taken()) == ([], [])
    assert [incident["team"] for incident in incidents if "catalog" in incident["team"]], "the page is forgotten"


def test_one_service_alone_for_whoever_works_on_it(
    platform: Any, read_until: Callable[..., str], wait_for: Callable[..., Any]
) -> None:
    """No Prometheus, no door; it starts anew when its code changes."""
    with platform.start("--only", "catalog", "--reload") as process:
        try:
            read_until(process.stdout, ": logs in")
            assert platform.ask("catalog", "/readyz").status == 200
            assert not platform.answers("prometheus", "/-/ready")
            before = set(platform.running("gunicorn"))
            os.utime(ROOT / "services" / "catalog" / "app.py")
            # The worker is another one, its master the same.
            wait_for(lambda: len(before & (now := set(platform.running("gunicorn")))) == 1 and len(now) == 2, 20)
            wait_for(lambda: platform.answers("catalog", "/readyz"), 20)
        finally:
            process.terminate()
            output, _ = process.communicate(timeout=20)
    assert process.returncode == 0, output
