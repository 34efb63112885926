"""The command line of the bench."""

import json

from click.testing import CliRunner

from bench import __main__ as entry
from bench.errors import MissingProgram
from bench.table import Row


def one_row(_plan):
    """A measurement that takes no time."""
    yield Row(name="quickest", unit="s", ours=1, peer=2)


def refuses(_plan):
    """A measurement whose program is missing."""
    raise MissingProgram("sloth is not here: run `make setup`")
    yield


def test_chosen_measurements_are_written_and_shown(monkeypatch, tmp_path):
    """The table is on standard output, the rows in the file that was asked for."""
    monkeypatch.setattr(entry, "MEASUREMENTS", entry.MEASUREMENTS | {"build": one_row, "samples": refuses})
    path = tmp_path / "rows.json"
    done = CliRunner().invoke(entry.main, ["build", "--json", str(path)])
    assert done.exit_code == 0
    assert "quickest" in done.stdout
    assert [row["name"] for row in json.loads(path.read_text())] == ["quickest"]


def test_a_short_run_leaves_the_results_alone(monkeypatch, tmp_path):
    """Figures of fewer runs do not replace those of many."""
    monkeypatch.setattr(entry, "RESULTS", tmp_path / "results.json")
    monkeypatch.setattr(entry, "MEASUREMENTS", {**entry.MEASUREMENTS, "build": one_row})
    assert CliRunner().invoke(entry.main, ["build", "--quick"]).exit_code == 0
    assert not (tmp_path / "results.json").exists()


def test_a_missing_program_is_a_message(monkeypatch):
    """Exit 1 and what to do, no traceback."""
    monkeypatch.setattr(entry, "MEASUREMENTS", {**entry.MEASUREMENTS, "build": refuses})
    done = CliRunner().invoke(entry.main, ["build"])
    assert done.exit_code == 1
    assert "make setup" in done.stderr


def test_an_unknown_measurement_is_wrong_usage():
    """Exit 2, and the names that there are."""
    done = CliRunner().invoke(entry.main, ["nonsense"])
    assert done.exit_code == 2
    assert "detection" in done.stderr
