"""The scheduled jobs, over the real gateway and from the command line."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner
from sqlalchemy import update

from services.orders import job_runs, jobs
from services.orders.adapters.tables import ORDERS
from services.orders.figures import JOBS
from services.orders.job_runs import Shop
from services.shared import migrate
from services.shared.config import Config
from services.shared.database import open_database
from tests.services.orders.whole.small_shop import SmallShop


@pytest.fixture
def job(shop: SmallShop) -> Shop:
    """What a job works with."""
    return Shop(config=Config(service="orders"), database=shop.database, parts=shop.parts, now=shop.clock)


def make_it(shop: SmallShop, order_id: str, **values) -> None:
    """A change that only a fault of ours could make."""
    with shop.database.writing() as connection:
        connection.execute(update(ORDERS).where(ORDERS.c.order_id == order_id).values(values))


def test_a_shop_in_order(shop: SmallShop, job: Shop) -> None:
    """One match for each purchase; what came to nothing is counted apart."""
    bought = [shop.buy(key=f"k{number}").json["order_id"] for number in range(3)]
    shop.buy(key="d", method="tok_declined")
    shop.ask(f"/api/v1/orders/{bought[0]}/cancel", "POST", key="c")
    shop.clock.now += 61
    report = job_runs.run_reconcile(job)
    assert (report["ok"], report["checked"], report["match"], report["nothing"]) == (True, 4, 3, 1)
    assert shop.value("shop_captures_checked_total", result="match") == 3
    assert shop.value("shop_captures_checked_total", result="mismatch") == 0
    assert shop.value("shop_reconciliations_total", result="ok") == 1
    assert shop.value("job_last_success_timestamp_seconds", job="reconcile") == shop.clock.now


@pytest.mark.parametrize(
    ("values", "verdict"),
    [
        pytest.param({"state": "CANCELLED"}, "lost_order", id="paid, and nothing was bought"),
        pytest.param({"state": "REFUNDED"}, "wrong_refund", id="said to be paid back"),
        pytest.param({"lines": '[{"sku":"A1","quantity":1,"unit_price":250,"name":"x"}]'}, "double_charge", id="twice"),
    ],
)
def test_what_differs_is_found(shop: SmallShop, job: Shop, values: dict, verdict: str) -> None:
    """And named; the others are still counted as matches."""
    shop.buy(key="k1")
    wrong = shop.buy(key="k2").json["order_id"]
    make_it(shop, wrong, **values)
    shop.clock.now += 61
    report = job_runs.run_reconcile(job)
    assert (report["ok"], report[verdict], report["match"]) == (False, 1, 1)
    assert [each["reference"] for each in report["differing"]] == [wrong]
    assert shop.value("shop_captures_checked_total", result="mismatch") == 1
    assert shop.value("shop_reconciliations_total", result="discrepancy") == 1


def test_a_payment_without_an_order_is_a_lost_order(shop: SmallShop, job: Shop) -> None:
    """The gateway has money that nobody here knows of."""
    from services.orders.domain.money import Money

    reference = "ord_" + "0" * 32
    shop.parts.payments.authorise(reference, Money(minor_units=1, currency="EUR"), "tok_visa")
    shop.parts.payments.capture(reference)
    report = job_runs.run_reconcile(job)
    assert (report["ok"], report["lost_order"]) == (False, 1)
    assert report["differing"][0]["state"] is None


def test_resolving_settles_what_waits(shop: SmallShop, job: Shop) -> None:
    """What the worker would do, once, for a CronJob."""
    shop.peers["payments"].faults["capture"] = ["answer lost"]
    order_id = shop.buy().json["order_id"]
    shop.clock.now += 2
    assert job_runs.run_resolve(job) == {"ok": True, "settled": 1, "paid_back": 0}
    assert shop.ask(f"/api/v1/orders/{order_id}").json["state"] == "CONFIRMED"


def test_expiring(shop: SmallShop, job: Shop) -> None:
    """An order whose request died before it paid; its hold goes with the event."""
    order_id = shop.buy().json["order_id"]
    make_it(shop, order_id, state="RESERVED")
    assert job_runs.run_expire(job)["expired"] == 0
    shop.clock.now += 601
    assert job_runs.run_expire(job)["expired"] == 1
    assert shop.ask(f"/api/v1/orders/{order_id}").json["state"] == "EXPIRED"


def test_purging_forgets_keys_and_events_but_no_order(shop: SmallShop, job: Shop) -> None:
    """After a day a key is free; the order stays."""
    order_id = shop.buy().json["order_id"]
    shop.work()
    assert job_runs.run_purge(job)["forgotten"] == 0
    shop.clock.now += 8 * 24 * 3600
    assert job_runs.run_purge(job)["forgotten"] > 1
    assert shop.ask(f"/api/v1/orders/{order_id}").status_code == 200


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with an empty database, in the environment of the command."""
    folder = tmp_path / "cli"
    folder.mkdir()
    database = open_database(f"sqlite:///{folder / 'orders'}.db")
    migrate.upgrade(database, "orders")
    database.close()
    monkeypatch.setenv("DATA_DIR", str(folder))
    # Nobody listens at the port that is always closed.
    for name in ("CATALOG_URL", "INVENTORY_URL", "PAYMENTS_URL"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    return folder


@pytest.mark.parametrize("name", ["expire", "resolve-payments", "purge"])
def test_the_command_reports(data: Path, name: str) -> None:
    """One line of JSON, exit code 0."""
    done = CliRunner().invoke(jobs.main, [name, "--json"])
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout) | {"job": name, "ok": True} == json.loads(done.stdout)


def test_the_command_copies_the_database(data: Path) -> None:
    """A file that is whole by itself."""
    done = CliRunner().invoke(jobs.main, ["backup", "--json"])
    assert done.exit_code == 0, done.output
    copy = open_database(f"sqlite:///{json.loads(done.stdout)['copy']}")
    assert copy.revision() == migrate.head("orders")
    copy.close()


def test_a_job_that_cannot_be_done_says_so(data: Path) -> None:
    """Exit code 3, and what is in the way."""
    done = CliRunner().invoke(jobs.main, ["reconcile", "--json"])
    assert done.exit_code == 3
    assert json.loads(done.stderr.splitlines()[-1])["error"].startswith("payments: list_payments")


def test_every_job_is_a_command() -> None:
    """What /metrics shows can be run."""
    assert set(jobs.main.commands) == set(JOBS)
