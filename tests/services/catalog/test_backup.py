"""`python -m services.catalog.jobs`: copies of a database that is in use, and the seed."""

import os
import sqlite3
import subprocess
import sys
import threading
import time
from contextlib import closing
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry

from services.catalog.jobs import main
from services.shared import jobs
from services.shared.backup import BackupFailed, backup
from services.shared.database import open_database

ROOT = Path(__file__).parents[3]


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    """The environment of a catalog that has been seeded."""
    found = {"DATA_DIR": str(tmp_path)}
    assert main(["seed"], found) == 0
    return found


def test_a_copy_is_the_catalog(environ: dict[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One sound file with all products, for its owner's eyes alone, whose name is said."""
    assert main(["backup"], environ) == 0
    said = capsys.readouterr().out.splitlines()[-1]
    (copy,) = (tmp_path / "backups").iterdir()
    assert said == f"backup: {copy}"
    assert copy.stat().st_mode & 0o777 == 0o600
    with closing(sqlite3.connect(f"{copy.as_uri()}?mode=ro", uri=True)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert connection.execute("SELECT count(*) FROM products").fetchone() == (506,)


def test_writers_go_on_during_a_copy(environ: dict[str, str], tmp_path: Path) -> None:
    """Nobody waits for it, and what it holds is one moment: prices that change together are together in it."""
    source = tmp_path / "catalog.db"
    url = f"sqlite:///{source}"
    stop = threading.Event()
    written = []

    def write() -> None:
        with closing(sqlite3.connect(source, timeout=5, isolation_level=None)) as connection:
            price = 1
            while not stop.is_set():
                price += 1
                connection.execute("UPDATE products SET minor_units = ?", (price,))
                written.append(price)

    writer = threading.Thread(target=write)
    writer.start()
    while not written:
        time.sleep(0.001)
    try:
        copies = [backup(url, tmp_path / "copies", "catalog", now=number) for number in range(5)]
    finally:
        stop.set()
        writer.join()
    assert len(written) > 5
    for copy in copies:
        with closing(sqlite3.connect(copy)) as connection:
            assert connection.execute("SELECT count(DISTINCT minor_units) FROM products").fetchone() == (1,)


def test_an_unsound_copy_is_not_kept(environ: dict[str, str], tmp_path: Path) -> None:
    """Indexes that hold one another's entries are noticed, though every page can be read; yesterday's copy stays."""
    source = tmp_path / "catalog.db"
    url = f"sqlite:///{source}"
    yesterday = backup(url, tmp_path / "copies", "catalog", now=0)
    with closing(sqlite3.connect(source, isolation_level=None)) as connection:
        query = "SELECT name, rootpage FROM sqlite_schema WHERE name IN ('products_by_name', 'products_by_price')"
        (one, its_page), (other, others_page) = connection.execute(query).fetchall()
        connection.execute("PRAGMA writable_schema=ON")
        swap = "UPDATE sqlite_schema SET rootpage = CASE name WHEN ? THEN ? ELSE ? END WHERE name IN (?, ?)"
        connection.execute(swap, (one, others_page, its_page, one, other))
    with pytest.raises(BackupFailed, match="the copy is not sound"):
        backup(url, tmp_path / "copies", "catalog", now=1)
    assert list((tmp_path / "copies").iterdir()) == [yesterday]


def test_a_success_is_told_to_metrics(environ: dict[str, str]) -> None:
    """The service's page shows when the last copy was made, long after the job has ended."""
    assert main(["backup"], environ) == 0
    database, registry = open_database(f"sqlite:///{environ['DATA_DIR']}/catalog.db"), CollectorRegistry()
    jobs.show_in(registry, database, (), ("backup",))
    assert registry.get_sample_value("job_last_success_timestamp_seconds", {"job": "backup"}) > 1.7e9
    database.close()


def test_the_command_runs_as_a_module(tmp_path: Path) -> None:
    """What a CronJob calls: seeded once, not twice; wrong usage is exit 2."""
    command = [sys.executable, "-m", "services.catalog.jobs"]
    for said in ("seed: 506 products added", "seed: 0 products added"):
        run = subprocess.run(
            [*command, "seed"],
            cwd=ROOT,
            env=os.environ | {"DATA_DIR": str(tmp_path)},
            capture_output=True,
            text=True,
            check=False,
        )
        assert (run.returncode, run.stdout.strip()) == (0, said), run.stderr
    assert subprocess.run([*command, "tidy"], cwd=ROOT, capture_output=True, check=False).returncode == 2
