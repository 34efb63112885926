"""The gateway's jobs, on both databases."""

import sqlite3
import stat
import subprocess
from contextlib import closing
from pathlib import Path

import pytest

from local.server import program
from services.payments import jobs
from services.payments.adapters.housekeeping import KEEP_DELIVERED_MS, purge
from services.payments.domain.ledger import DISCREPANCIES
from services.shared.database import Database
from services.shared.issuer import Issuer
from tests.services.payments.clock import Clock
from tests.services.payments.running_gateway import Gateway


@pytest.fixture
def gateway(database: Database, issuer: Issuer, clock: Clock) -> Gateway:
    """A gateway with a payment in each state."""
    found = Gateway(database, issuer, clock)
    authorised, captured, voided, declined, tombstone = (f"ord_{number:032x}" for number in range(5))
    for each in (authorised, captured, voided):
        found.authorise(each)
    found.authorise(declined, "tok_declined")
    found.capture(captured)
    found.refund(captured, 490)
    found.void(voided)
    found.void(tombstone)
    return found


def tamper(gateway: Gateway, statement: str) -> None:
    """What a hand in the database, or a fault in the code, might do."""
    with gateway.database.writing() as connection:
        connection.exec_driver_sql(statement)


def reconcile(gateway: Gateway, *, repairing: bool = False) -> tuple[int, list[str]]:
    """How many differ, and what was said."""
    said: list[str] = []
    found = jobs.reconcile(gateway.database, now=gateway.clock.now, repairing=repairing, say=said.append)
    return found, said


TAMPERED = [
    pytest.param(
        "UPDATE payments SET state = 'CAPTURED', captured_minor_units = 2490 WHERE reference = 'ord_' || '{0:032x}'",
        {"state", "captured"},
        id="captured by hand",
    ),
    pytest.param(
        "UPDATE payments SET refunded_minor_units = 0 WHERE reference = 'ord_' || '{1:032x}'",
        {"refunded"},
        id="a refund forgotten",
    ),
    pytest.param(
        "UPDATE payments SET state = 'AUTHORISED' WHERE reference = 'ord_' || '{2:032x}'",
        {"state", "voided"},
        id="a void undone",
    ),
    pytest.param(
        "UPDATE payments SET state = 'AUTHORISED', authorised_minor_units = 1 WHERE reference = 'ord_' || '{3:032x}'",
        {"state", "authorised"},
        id="a decline overruled",
    ),
]


def figures(gateway: Gateway) -> tuple[dict[str, float | None], float | None, float | None]:
    """What /metrics shows of it: discrepancies by kind, good and bad runs."""
    kinds = {kind: gateway.value("shop_ledger_discrepancies", kind=kind) for kind in DISCREPANCIES}
    runs = [gateway.value("shop_reconciliations_total", result=result) for result in ("ok", "discrepancy")]
    return kinds, runs[0], runs[1]


def test_a_sound_ledger(gateway: Gateway) -> None:
    """Every state is in order; the figures say so, and when that was."""
    assert reconcile(gateway) == (0, ["5 payments checked, 0 differ from the ledger"])
    assert figures(gateway) == (dict.fromkeys(DISCREPANCIES, 0), 1, 0)
    assert gateway.value("job_last_success_timestamp_seconds", job="reconcile") == gateway.clock.now
    assert gateway.value("job_last_success_timestamp_seconds", job="backup") == 0


@pytest.mark.parametrize(("statement", "kinds"), TAMPERED)
def test_a_payment_that_differs_is_found_and_only_told(gateway: Gateway, statement: str, kinds: set[str]) -> None:
    """Each figure that is not the ledger's has a name; nothing is changed."""
    tamper(gateway, statement.format(*range(5)))
    for _ in range(2):
        found, said = reconcile(gateway)
        assert (found, len(said)) == (1, 2)
        assert all(kind in said[0] for kind in kinds)
    assert figures(gateway) == ({kind: float(kind in kinds) for kind in DISCREPANCIES}, 0, 2)


@pytest.mark.parametrize(("statement", "kinds"), TAMPERED)
def test_a_repair_brings_the_payment_back_to_the_ledger(gateway: Gateway, statement: str, kinds: set[str]) -> None:
    """The ledger cannot be changed, so it is what counts."""
    references = [f"ord_{number:032x}" for number in range(5)]
    before = [gateway.payment(each) | {"version": 0} for each in references]
    tamper(gateway, statement.format(*range(5)))
    assert reconcile(gateway, repairing=True)[0] == 1
    assert reconcile(gateway)[0] == 0
    assert [gateway.payment(each) | {"version": 0} for each in references] == before


def test_a_payment_without_any_entry_is_not_repaired(gateway: Gateway) -> None:
    """Nobody knows what it should be: it is told of each time."""
    tamper(
        gateway,
        "INSERT INTO payments SELECT 'ord_x', state, amount_minor_units, currency, authorised_minor_units, "
        "captured_minor_units, refunded_minor_units, decline_code, version, created_at_ms, updated_at_ms, "
        f"payment_method FROM payments WHERE reference = 'ord_{1:032x}'",
    )
    found, said = reconcile(gateway, repairing=True)
    assert (found, said[0].endswith(": not repaired")) == (1, True)


def test_many_payments_are_read_in_batches(gateway: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    """None is left out between two, none is read twice; a full last batch ends, too."""
    monkeypatch.setattr("services.payments.adapters.reconciliation.BATCH", 2)
    assert reconcile(gateway)[1][-1].startswith("5 payments checked")
    gateway.authorise(f"ord_{5:032x}")
    assert reconcile(gateway)[1][-1].startswith("6 payments checked")


def test_the_command_tells_by_its_exit_code(gateway: Gateway, database_url: str, tmp_path: Path, capsys) -> None:
    """0: in order. 1: not. 3: could not be done. 2: no such job."""
    environ = {"DATABASE_URL": database_url, "DATA_DIR": str(tmp_path)}
    assert jobs.main(["reconcile"], environ) == 0
    tamper(gateway, "UPDATE payments SET refunded_minor_units = 1 WHERE captured_minor_units > 0")
    assert jobs.main(["reconcile"], environ) == 1
    assert jobs.main(["reconcile", "--repair"], environ) == 1
    assert jobs.main(["reconcile"], environ) == 0
    nowhere = {"DATABASE_URL": f"sqlite:///{tmp_path / 'none' / 'x.db'}"}
    assert jobs.main(["backup"], nowhere) == 3
    assert "backup: there is no database file" in capsys.readouterr().err
    with pytest.raises(SystemExit, match="2"):
        jobs.main(["audit"], environ)


def test_a_backup_is_a_whole_copy(gateway: Gateway, database_url: str, tmp_path: Path, monkeypatch) -> None:
    """Readable by its owner alone; it has the ledger, and the job's time shows in the metrics."""
    monkeypatch.setenv("PATH", str(Path(program("postgres")).parent), prepend=":")
    folder = tmp_path / "copies"
    assert jobs.main(["backup", "--to", str(folder)], {"DATABASE_URL": database_url}) == 0
    (copy,) = folder.iterdir()
    assert stat.S_IMODE(copy.stat().st_mode) == 0o600
    assert (gateway.value("job_last_success_timestamp_seconds", job="backup") or 0) > 0
    if copy.suffix == ".db":
        with closing(sqlite3.connect(copy)) as connection:
            assert connection.execute("SELECT count(*) FROM ledger_entries").fetchone() == (8,)
    else:
        listing = subprocess.run(["pg_restore", "--list", copy], capture_output=True, text=True, check=True).stdout
        assert "TABLE DATA public ledger_entries" in listing


def test_the_purge_takes_what_is_old(gateway: Gateway) -> None:
    """Keys after a day, webhooks a week after they arrived; those that wait, and the ledger, stay."""
    now_ms = gateway.clock.ms
    tamper(gateway, f"UPDATE outbox SET delivered_at_ms = {now_ms} WHERE type = 'payment.authorised'")
    assert purge(gateway.database, now_ms=now_ms) == 0
    keys, webhooks, authorised = 8, 8, 3
    later = now_ms + KEEP_DELIVERED_MS + 1
    assert purge(gateway.database, now_ms=later) == keys + authorised
    assert purge(gateway.database, now_ms=later) == 0
    with gateway.database.reading() as connection:
        left = [connection.exec_driver_sql(f"SELECT count(*) FROM {t}").scalar() for t in ("outbox", "ledger_entries")]
    assert left == [webhooks - authorised, 8]
