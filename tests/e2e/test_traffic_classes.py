"""On a live Prometheus with the generated rules: probes and load move no promise to shoppers and no KPI, and journeys'.

The real probes and a real load run walk through a real shop. Requests whose claim proves nothing count as users': the
same check then finds what moved.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest
import yaml

from budget.prometheus import Prometheus
from local import journey_parts, prometheus_config
from local.front_door import DoorSettings
from local.server import free_ports, program
from local.settings import ROOT
from local.shop import SERVICES, WORKERS
from local.shop_run import SECRETS, ShopRun, running_shop
from slo.load import load
from synthetics import accounts
from synthetics.commands_probe import PROBES
from synthetics.probe_metrics import SERVICE
from tests.synthetics.runs import PROBE_KEY, SIGNED

# What a promise reads that has no class of traffic, and why it has none. Everything else counts users alone.
WITHOUT_CLASS = {
    "catalog-price-visibility": "how soon all readers see a price does not depend on who changed it",
    "inventory-reconciliation": "a comparison of the books is nobody's request",
    "orders-correctness": "an order that is not matched by its money is wrong, whoever placed it",
    "orders-event-delivery": "an event waits in one outbox with all others, whoever caused it",
    "orders-unknown-payments": "a payment without an answer is looked for by the worker, whoever pays",
}
MOST_MIB = 90


@dataclass(frozen=True)
class Watched:
    """A shop, and the Prometheus that watches it."""

    shop: ShopRun
    server: Prometheus
    metrics_port: int

    def moved(self) -> dict[str, float]:
        """Promises of which an event was counted, and KPIs that are not 0."""
        events = self.server.instant("slo:sli_events_total:rate5m > 0")
        kpis = self.server.instant("kpi:value != 0")
        slos = {each.labels["sloth_id"]: each.value for each in events}
        return slos | {f"kpi {each.labels['service']} {each.labels['kpi']}": each.value for each in kpis}

    def walk(self, key: str, *journeys: str) -> subprocess.Popen[bytes]:
        """The probes, every six seconds, with this key."""
        chosen = [word for name in journeys for word in ("--journey", name)]
        options = ("--every", "6s", "--metrics-port", str(self.metrics_port), *chosen)
        return subprocess.Popen(
            [sys.executable, "-m", "synthetics", "probe", "--host", self.shop.url, *options],
            cwd=ROOT,
            env={**os.environ, **SIGNED, "TRAFFIC_KEY": key},
            stdout=subprocess.DEVNULL,
        )


@pytest.fixture(scope="module")
def watched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watched]:
    """Rules run every five seconds, as scrapes do; nobody is in the shop yet."""
    folder = tmp_path_factory.mktemp("classes")
    ports = free_ports(SERVICE, "prometheus")
    with running_shop(folder / "shop", door=DoorSettings()) as shop:
        _staff(shop)
        jobs = {name: {name: shop.plan.ports[name]} for name in (*SERVICES, *WORKERS)}
        jobs |= {SERVICE: {SERVICE: ports[SERVICE]}, "alertmanager": {}}
        prometheus_config.write_rules(ROOT / "generated/prometheus/rules", folder / "rules", warm_up=True)
        document = prometheus_config.config(jobs=jobs, rules=folder / "rules")
        (folder / "prometheus.yml").write_text(yaml.safe_dump(document), encoding="utf-8")
        address = f"127.0.0.1:{ports['prometheus']}"
        command = [
            program("prometheus"),
            f"--config.file={folder / 'prometheus.yml'}",
            f"--storage.tsdb.path={folder / 'data'}",
            f"--web.listen-address={address}",
        ]
        with (folder / "log").open("wb") as log, subprocess.Popen(command, stdout=log, stderr=log) as process:
            try:
                yield Watched(shop, Prometheus(f"http://{address}", timeout_seconds=10), ports[SERVICE])
            finally:
                process.terminate()


def _staff(shop: ShopRun) -> None:
    account = accounts.staff(PROBE_KEY)
    file = shop.folder / "password"
    file.write_text(account.password, encoding="utf-8")
    environment = {**os.environ, **shop.plan.environment("users"), "PASSWORD_FILE": str(file)}
    command = [sys.executable, "-m", "services.users.jobs", "add", account.email, *journey_parts.ROLES]
    subprocess.run(command, cwd=ROOT, env=environment, check=True, capture_output=True, timeout=60)
    file.unlink()


def _load(shop: ShopRun) -> None:
    """Twelve seconds of shoppers who are signed as load."""
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "synthetics",
            "load",
            "--host",
            shop.url,
            "--users",
            "2",
            "--journey",
            "mix",
            "--for",
            "12s",
        ],
        cwd=ROOT,
        env={**os.environ, **SIGNED},
        capture_output=True,
        text=True,
        timeout=90,
        check=False,
    )
    assert done.returncode in (0, 3), done.stdout + done.stderr


def test_probes_and_load_move_the_promises_of_journeys_alone(watched: Watched, wait_for: Callable[..., object]) -> None:
    """Every probe passes and is counted; no promise to shoppers is but those without a class, and no KPI.

    The process of the probes keeps below 90 MiB after it has walked all of them.
    """
    probes = watched.walk(SECRETS["TRAFFIC_KEY"])
    try:
        _load(watched.shop)
        journeys = {f"{SERVICE}-{name}" for name in PROBES}
        wait_for(lambda: journeys <= watched.moved().keys(), 60)
        time.sleep(10)  # two more scrapes and evaluations: whoever counts the wrong ones has done so by then
        ends = watched.server.instant("sum by (outcome) (journey_attempts_total) > 0")
        (size,) = watched.server.instant(f'process_resident_memory_bytes{{job="{SERVICE}"}}')
    finally:
        probes.terminate()
        probes.wait(10)
    assert watched.moved().keys() - journeys <= WITHOUT_CLASS.keys()
    assert {each.labels["outcome"] for each in ends} <= {"passed", "slow"}
    assert size.value < MOST_MIB * 2**20
    classes = watched.server.instant("sum by (traffic) (http_server_requests_total) > 0")
    assert {each.labels["traffic"] for each in classes} == {"probe", "load"}


def test_what_has_no_class_is_what_is_listed() -> None:
    """By the queries themselves: a promise to shoppers either reads users alone, or says here why it cannot."""
    slos = load([str(ROOT / "slo/specs")]).slos
    queries = {slo.id: f"{slo.sli.bad.at('5m')} {slo.sli.total.at('5m')}" for slo in slos if slo.service != SERVICE}  # type: ignore[union-attr]
    assert {name for name, query in queries.items() if 'traffic="user"' not in query} == WITHOUT_CLASS.keys()


def test_probes_whose_claim_proves_nothing_count_as_users(watched: Watched, wait_for: Callable[..., object]) -> None:
    """Whoever has not the key hides nothing: the check above would fail with them."""
    probes = watched.walk("a-key-that-nobody-in-the-shop-knows", "browse")
    try:
        wait_for(lambda: {"catalog-availability", "storefront-availability"} <= watched.moved().keys(), 60)
        wait_for(lambda: any(name.startswith("kpi ") for name in watched.moved()), 60)  # their rules come in any order
    finally:
        probes.terminate()
        probes.wait(10)
    (rejected,) = watched.server.instant("sum(traffic_claims_rejected_total)")
    assert rejected.value > 0
