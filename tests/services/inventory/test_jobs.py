"""services/inventory/jobs.py as a CronJob runs it, on SQLite; what jobs do on both databases is tested beside."""

import json
import threading
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry
from sqlalchemy import text

from services.inventory.adapters import figures
from services.inventory.adapters import seed as seed_module
from services.inventory.adapters.seed import Opening, load_seed, sow
from services.inventory.domain.errors import InvalidLine
from services.inventory.jobs import main
from services.shared.database import open_database
from tests.services.inventory.shelves import NOW, Shelves


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    """Where the jobs of one test work."""
    return {"DATA_DIR": str(tmp_path / "data"), "LOG_LEVEL": "error"}


@pytest.fixture
def opened(environ: dict[str, str], tmp_path: Path):
    """The database that they work on, with the seed's stock."""
    assert main(["seed"], environ) == 0
    found = open_database(f"sqlite:///{tmp_path / 'data' / 'inventory.db'}")
    yield Shelves(found)
    found.close()


def said(capsys: pytest.CaptureFixture[str]) -> dict:
    """The last line that a job printed."""
    return json.loads(capsys.readouterr().out.splitlines()[-1])


def value(shelves: Shelves, name: str, **labels: str) -> float | None:
    """What /metrics of the service would show."""
    registry = CollectorRegistry()
    figures.show_in(registry, shelves.database)
    return registry.get_sample_value(name, labels)


def test_the_seed_is_sown_once(opened: Shelves, environ: dict[str, str], capsys) -> None:
    """Every SKU of the seed by a movement; a second time there is nothing to do."""
    capsys.readouterr()
    assert main(["seed"], environ) == 0
    assert said(capsys) == {"job": "seed", "received": 0}
    assert [opened.of(each.sku).on_hand for each in load_seed()] == [each.units for each in load_seed()]
    assert opened.audit().findings == ()


def test_a_seed_leaves_known_stock_alone(shelves: Shelves) -> None:
    """What was sold since is not received again; what is new is; two at once do it once."""
    shelves.stock(A_1=5)
    shelves.reserve("r1", {"A-1": 2})
    shelves.commit("r1")
    openings = [Opening(sku="A-1", units=5), Opening(sku="B-1", units=0), Opening(sku="C-1", units=7)]
    received: list[int] = []
    threads = [
        threading.Thread(target=lambda: received.append(sow(shelves.database, openings, now_ms=NOW))) for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(received) == [0, 0, 0, 2]
    assert [shelves.levels(sku) for sku in ("A-1", "B-1", "C-1")] == [(3, 0), (0, 0), (7, 0)]
    assert shelves.audit().findings == ()


@pytest.mark.parametrize("content", ['{"a-1": 5}', '{"A-1": -1}', '{"A-1": 10000000}'])
def test_a_seed_that_cannot_be_is_refused(tmp_path: Path, content: str) -> None:
    """Before anything is written."""
    path = tmp_path / "stock.json"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(InvalidLine):
        load_seed(path)


def test_the_seed_keeps_the_probes_promises() -> None:
    """What is bought never runs out; one is never there, and one only once staff have counted it."""
    units = {opening.sku: opening.units for opening in seed_module.load_seed()}
    assert (units["PROBE-SOLD-OUT"], units["PROBE-STAMPEDE"]) == (0, 0)
    assert min(units[f"PROBE-{each}"] for each in ("BUY", "DECLINE", "REFUND")) >= 10_000


def test_expire_says_what_it_did(opened: Shelves, environ: dict[str, str], capsys) -> None:
    """And leaves it in the metrics of the service."""
    capsys.readouterr()
    opened.reserve("r1", {"KIT-1001": 1})
    assert main(["expire"], environ) == 0
    assert said(capsys) == {"job": "expire", "expired": 1, "failed": 0}
    assert opened.of("KIT-1001").reserved == 0
    assert value(opened, "shop_reservations_expired_total") == 1
    last = value(opened, "job_last_success_timestamp_seconds", job="expire")
    assert last is not None
    assert last > 0


def test_a_hold_that_cannot_expire_fails_the_job(opened: Shelves, environ: dict[str, str], capsys) -> None:
    """It does not count as a success, so that its age is noticed."""
    capsys.readouterr()
    opened.reserve("r1", {"KIT-1001": 1})
    with opened.database.writing() as connection:
        connection.execute(text("UPDATE stock SET reserved = 0"))
    assert main(["expire"], environ) == 3
    assert said(capsys) == {"job": "expire", "expired": 0, "failed": 1}
    assert value(opened, "job_last_success_timestamp_seconds", job="expire") == 0


def test_reconcile_exits_with_1_while_books_disagree(opened: Shelves, environ: dict[str, str], capsys) -> None:
    """0 after the repair; each run is one line of JSON."""
    capsys.readouterr()
    assert main(["reconcile"], environ) == 0
    with opened.database.writing() as connection:
        connection.execute(text("UPDATE stock SET reserved = 2 WHERE sku = 'KIT-1001'"))
    assert main(["reconcile"], environ) == 1
    assert said(capsys)["found"] == [{"sku": "KIT-1001", "kind": "reserved_mismatch", "units": 2}]
    assert main(["reconcile", "--repair"], environ) == 0
    assert said(capsys)["repaired"] == ["KIT-1001"]


def test_a_backup_is_whole_while_orders_go_on(opened: Shelves, environ: dict[str, str], tmp_path: Path, capsys) -> None:
    """A copy of one moment: its books agree, it needs no log beside it, and nobody else can read it."""
    folder = tmp_path / "copies"
    stop = threading.Event()

    def buy() -> None:
        number = 0
        while not stop.is_set():
            number += 1
            opened.reserve(f"r{number}", {"KIT-1001": 1, "GAR-1001": 1})
            opened.take_back(opened.commit(f"r{number}").ref)
            # A writer without a pause starves the other process: SQLite's lock has no queue across processes.
            stop.wait(0.005)

    buyer = threading.Thread(target=buy)
    buyer.start()
    try:
        for _ in range(5):
            assert main(["backup", "--to", str(folder)], environ) == 0
    finally:
        stop.set()
        buyer.join()
    target = max(folder.iterdir())
    assert target.stat().st_mode & 0o777 == 0o600
    assert said(capsys)["bytes"] == target.stat().st_size
    copy = open_database(f"sqlite:///{target}")
    report = Shelves(copy).audit()
    copy.close()
    assert (report.skus, report.findings) == (len(load_seed()), ())
    last = value(opened, "job_last_success_timestamp_seconds", job="backup")
    assert last


@pytest.mark.parametrize("arguments", [[], ["nothing"], ["expire", "--repair"]])
def test_wrong_usage_is_2(arguments: list[str], environ: dict[str, str]) -> None:
    """As argparse says it."""
    with pytest.raises(SystemExit) as raised:
        main(arguments, environ)
    assert raised.value.code == 2


def test_a_database_that_is_not_there_is_3(tmp_path: Path, capsys) -> None:
    """One line, without host or password."""
    url = "postgresql+psycopg://shop:secret@127.0.0.1:1/shop"
    assert main(["expire"], {"DATABASE_URL": url, "DATA_DIR": str(tmp_path), "LOG_LEVEL": "error"}) == 3
    printed = capsys.readouterr()
    assert (printed.out, printed.err) == ("", "expire: the database did not answer in time\n")


def test_a_schema_that_was_not_migrated_is_3(postgres_url: str, tmp_path: Path, capsys) -> None:
    """PostgreSQL's schema is brought there by a job of its own."""
    assert main(["reconcile"], {"DATABASE_URL": postgres_url, "DATA_DIR": str(tmp_path), "LOG_LEVEL": "error"}) == 3
    assert "at revision none" in capsys.readouterr().err
