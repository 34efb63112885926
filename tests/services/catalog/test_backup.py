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

from services.catalog.adapters.backup import KEEP, BackupFailed, back_up
from services.catalog.jobs import main
from services.shared import jobs
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
        assert connection.execute("SELECT count(*) FROM products").fetchone() == (503,)


def test_writers_go_on_during_a_copy(environ: dict[str, str], tmp_path: Path) -> None:
    """Nobody waits for it, and what it holds is one moment: prices that change together are together in it."""
    source = tmp_path / "catalog.db"
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
        copies = [back_up(source, tmp_path / "copies", now=number) for number in range(5)]
    finally:
        stop.set()
        writer.join()
    assert len(written) > 5
    for copy in copies:
        with closing(sqlite3.connect(copy)) as connection:
            assert connection.execute("SELECT count(DISTINCT minor_units) FROM products").fetchone() == (1,)


def test_a_copy_that_fails_leaves_nothing(tmp_path: Path) -> None:
    """A source that is no database, or none at all: an error, no file, and no database made by asking."""
    (tmp_path / "broken.db").write_bytes(b"not a database" * 100)
    for name in ("broken.db", "missing.db"):
        with pytest.raises(BackupFailed, match=name):
            back_up(tmp_path / name, tmp_path / "copies", now=0)
    assert list((tmp_path / "copies").iterdir()) == []
    assert not (tmp_path / "missing.db").exists()


def test_an_unsound_copy_is_not_kept(environ: dict[str, str], tmp_path: Path) -> None:
    """Indexes that hold one another's entries are noticed, though every page can be read; yesterday's copy stays."""
    source = tmp_path / "catalog.db"
    yesterday = back_up(source, tmp_path / "copies", now=0)
    with closing(sqlite3.connect(source, isolation_level=None)) as connection:
        query = "SELECT name, rootpage FROM sqlite_schema WHERE name IN ('products_by_name', 'products_by_price')"
        (one, its_page), (other, others_page) = connection.execute(query).fetchall()
        connection.execute("PRAGMA writable_schema=ON")
        swap = "UPDATE sqlite_schema SET rootpage = CASE name WHEN ? THEN ? ELSE ? END WHERE name IN (?, ?)"
        connection.execute(swap, (one, others_page, its_page, one, other))
    with pytest.raises(BackupFailed, match="the copy is not sound"):
        back_up(source, tmp_path / "copies", now=1)
    assert list((tmp_path / "copies").iterdir()) == [yesterday]


def test_old_copies_go(environ: dict[str, str], tmp_path: Path) -> None:
    """The latest are kept; another database's copies in the folder are none of ours."""
    other = tmp_path / "copies" / "orders-19700101T000000Z.db"
    other.parent.mkdir()
    other.touch()
    copies = [back_up(tmp_path / "catalog.db", tmp_path / "copies", now=number) for number in range(KEEP + 2)]
    assert sorted((tmp_path / "copies").iterdir()) == sorted([*copies[2:], other])


def test_a_success_is_told_to_metrics(environ: dict[str, str]) -> None:
    """The service's page shows when the last copy was made, long after the job has ended."""
    assert main(["backup"], environ) == 0
    database, registry = open_database(f"sqlite:///{environ['DATA_DIR']}/catalog.db"), CollectorRegistry()
    jobs.show_in(registry, database, (), ("backup",))
    assert registry.get_sample_value("job_last_success_timestamp_seconds", {"job": "backup"}) > 1.7e9
    database.close()


def test_postgresql_is_not_copied_here(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Exit 1, and the message shows no password."""
    url = "postgresql+psycopg://shop:secret-word@127.0.0.1:1/catalog"
    assert main(["backup"], {"DATABASE_URL": url, "DATA_DIR": str(tmp_path)}) == 1
    said = capsys.readouterr().err
    assert "PostgreSQL is backed up by its own means" in said
    assert "secret-word" not in said


def test_the_command_runs_as_a_module(tmp_path: Path) -> None:
    """What a CronJob calls: seeded once, not twice; wrong usage is exit 2."""
    command = [sys.executable, "-m", "services.catalog.jobs"]
    for said in ("seed: 503 products added", "seed: 0 products added"):
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
