"""The real service under gunicorn on each database, with threads as its clients."""

import http.client
import json
import random
import subprocess
import sys
import threading
import time
import uuid
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import psycopg
import pytest
from psycopg import sql

from local.postgres import for_libpq
from services.shared import migrate
from services.shared.database import open_database
from services.shared.issuer import Issuer
from tests.services.inventory.shelves import Shelves
from tests.services.inventory.test_concurrency import THREADS, at_once
from tests.services.running import ROOT, Service, serving

SKUS = [f"P-{number}" for number in range(6)]


class Client:
    """One client's connection, kept open as services keep theirs."""

    def __init__(self, service: Service, headers: dict[str, str]) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", service.port, timeout=30)
        self._headers = headers | {"Content-Type": "application/json"}

    def post(self, path: str, body: Any = None) -> int:
        """Send one request; its status."""
        sent = None if body is None else json.dumps(body)
        self._connection.request("POST", f"/api/v1{path}", sent, self._headers)
        response = self._connection.getresponse()
        response.read()
        return response.status

    def reserve(self, ref: str, units: dict[str, int]) -> int:
        """Hold *units*; the status of the answer."""
        lines = [{"sku": sku, "quantity": quantity} for sku, quantity in units.items()]
        return self.post("/reservations", {"ref": ref, "lines": lines})

    def close(self) -> None:
        self._connection.close()


@dataclass
class Running:
    """A service, and the database that it shares with the test."""

    service: Service
    shelves: Shelves
    environ: dict[str, str]
    headers: dict[str, str]

    def client(self) -> Client:
        """A client that is another service."""
        return Client(self.service, self.headers)


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def running(
    request: pytest.FixtureRequest, issuer: Issuer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Running]:
    """The service on a database with 100 units of A-1 and plenty of seven other products."""
    folder = tmp_path_factory.mktemp("inventory")
    url = f"sqlite:///{folder / 'inventory.db'}"
    if request.param == "postgresql":
        url = _new_database(request.getfixturevalue("postgres_server"))
    database = open_database(url)
    migrate.upgrade(database, "inventory")
    shelves = Shelves(database)
    shelves.stock(A_1=100, **{sku.replace("-", "_"): 100_000 for sku in (*SKUS, "J-1")})
    environ = {"DATABASE_URL": url, "DATA_DIR": str(folder), "JWKS_FILE": str(issuer.jwks_file)}
    headers = issuer.bearer("service:orders", ["service"], "inventory")
    with serving("services.inventory.wsgi:app", environ=environ) as service:
        yield Running(service, shelves, environ, headers)
    database.close()


def _new_database(server: str) -> str:
    """The address of an empty database, which goes with the server."""
    name = f"inventory_{uuid.uuid4().hex}"
    with psycopg.connect(for_libpq(server), autocommit=True) as admin:
        admin.execute(sql.SQL("CREATE DATABASE {} TEMPLATE template0").format(sql.Identifier(name)))
    return f"{server.rpartition('/')[0]}/{name}"


def test_exactly_what_there_is_is_sold(running: Running, record_property) -> None:
    """40 clients × 10 buys of 100 units: 100 times 201 and 200, 300 times 409, and nothing else."""
    statuses: Counter[tuple[str, int]] = Counter()

    def buy(thread: int) -> None:
        client = running.client()
        for number in range(10):
            ref = f"one-{thread}-{number}"
            status = client.reserve(ref, {"A-1": 1})
            statuses["reserve", status] += 1
            if status == 201:
                statuses["commit", client.post(f"/reservations/{ref}/commit")] += 1
        client.close()

    began = time.perf_counter()
    errors = at_once(buy)
    record_property("requests_per_second", round(statuses.total() / (time.perf_counter() - began)))
    assert errors == []
    assert statuses == {("reserve", 201): 100, ("reserve", 409): 300, ("commit", 200): 100}
    assert running.shelves.levels("A-1") == (0, 0)
    assert running.shelves.audit().findings == ()


def test_orders_of_three_lines_never_deadlock(running: Running, record_property) -> None:
    """400 orders over six products in random order: every answer is good, and the sums are right."""
    statuses: Counter[int] = Counter()
    sold: Counter[str] = Counter()
    lock = threading.Lock()

    def buy(thread: int) -> None:
        chance = random.Random(thread)
        client = running.client()
        for number in range(10):
            ref = f"three-{thread}-{number}"
            units = {sku: chance.randint(1, 3) for sku in chance.sample(SKUS, 3)}
            answers = [client.reserve(ref, units), client.post(f"/reservations/{ref}/commit")]
            with lock:
                statuses.update(answers)
                sold.update(units)
        client.close()

    began = time.perf_counter()
    errors = at_once(buy)
    record_property("requests_per_second", round(statuses.total() / (time.perf_counter() - began)))
    assert errors == []
    assert statuses == {201: 10 * THREADS, 200: 10 * THREADS}
    assert {sku: running.shelves.levels(sku) for sku in SKUS} == {sku: (100_000 - sold[sku], 0) for sku in SKUS}
    assert running.shelves.audit().findings == ()


def test_jobs_work_beside_the_service(running: Running) -> None:
    """Expiry and reconciliation are processes of their own on the same database; the service shows what they found."""
    client = running.client()
    lines = [{"sku": "J-1", "quantity": 2}]
    assert client.post("/reservations", {"ref": "due", "lines": lines, "ttl_seconds": 1}) == 201
    time.sleep(1.1)
    said = {job: _run(job, running.environ) for job in ("expire", "reconcile")}
    assert (said["expire"]["expired"], said["reconcile"]["found"]) == (1, [])
    assert running.shelves.levels("J-1") == (100_000, 0)
    page = running.service.ask("/metrics").body.decode()
    assert "shop_reservations_expired_total 1.0" in page
    assert 'shop_reconciliations_total{result="discrepancy"} 0.0' in page
    client.close()


def _run(job: str, environ: dict[str, str]) -> Any:
    """Run *job* as a CronJob does; what it said."""
    done = subprocess.run(
        [sys.executable, "-m", "services.inventory.jobs", job],
        cwd=ROOT,
        env=environ | {"LOG_LEVEL": "warning"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    return json.loads(done.stdout)
