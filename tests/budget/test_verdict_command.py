"""`python -m budget verdict` as people and programs start it."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from budget.__main__ import main
from tests.budget.runs import LOAD_EVENTS
from tests.slo.answers import document, slo

EMPTY = b'{"status":"success","data":{"resultType":"matrix","result":[]}}'


def _run(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["verdict", *arguments], env={"PORT_BASE": None, "TILLWATCH_PROMETHEUS": None})


@pytest.fixture
def specs(tmp_path: Path) -> str:
    """A spec of one SLO, shop-requests."""
    (tmp_path / "shop.yaml").write_text(document(slo(sli=LOAD_EVENTS)))
    return str(tmp_path / "shop.yaml")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        pytest.param([], "give --from, or --drill", id="no range"),
        pytest.param(["--from", "now", "--to", "-5m"], "--from is not before --to", id="reversed"),
        pytest.param(["--from", "-5m", "--to", "2999-01-01T00:00:00Z"], "in the future", id="future"),
        pytest.param(["--from", "-90d"], "the range is too long", id="too long"),
        pytest.param(["--from", "soon"], "expected a time such as", id="no time"),
        pytest.param(["--from", "-5m", "--step", "1h"], "expected 1s to 60s", id="no step"),
        pytest.param(["--from", "-5m", "--traffic", "all"], "'all' is not one of", id="no class"),
        pytest.param(["--from", "-5m", "--slo", "catalog-avail"], "no SLO catalog-avail: there are", id="no SLO"),
        pytest.param(["--from", "-5m", "--service", "catalogue"], "no service catalogue: there are", id="no service"),
        pytest.param(
            ["--from", "-5m", "--service", "orders", "--slo", "catalog-latency"], "of both", id="nothing left"
        ),
        pytest.param(["--from", "-5m", "--prometheus", "ftp://reader:hunter2@x"], "http://127.0.0.1", id="no address"),
        pytest.param(["--from", "-5m", "--specs", "nowhere"], "does not exist", id="no specs"),
    ],
)
def test_wrong_usage_is_exit_2(arguments: list[str], said: str) -> None:
    """Each fault is named with what was expected."""
    result = _run(*arguments)
    assert (result.exit_code, said in result.stderr) == (2, True), result.stderr
    assert "hunter2" not in result.output


def test_a_faulty_spec_is_exit_2(tmp_path: Path) -> None:
    """Not 1, which says that a promise was broken; with the fault's place."""
    (tmp_path / "shop.yaml").write_text(document(slo(objective="101")))
    result = _run("--from", "-5m", "--specs", str(tmp_path))
    assert (result.exit_code, "shop.yaml:6:16" in result.stderr) == (2, True), result.stderr


def test_nothing_there_is_one_line_and_exit_4(closed_url: str, specs: str) -> None:
    """It says what to do, and not the password."""
    result = _run("--from", "-5m", "--prometheus", closed_url, "--specs", specs)
    assert (result.exit_code, len(result.stderr.splitlines())) == (4, 1)
    assert "make demo" in result.stderr
    assert "hunter2" not in result.output


def test_something_else_is_one_harmless_line_and_exit_4(answering: Callable[[int, bytes], str], specs: str) -> None:
    """No traceback."""
    result = _run("--from", "-5m", "--prometheus", answering(200, b"<html>\x1b[2J"), "--specs", specs)
    assert (result.exit_code, len(result.stderr.splitlines())) == (4, 1)
    assert not [word for word in ("hunter2", "Traceback", "\x1b") if word in result.output]


def test_a_junit_file_that_cannot_be_written_is_exit_2(prometheus_url: str, specs: str, tmp_path: Path) -> None:
    """With its name and the reason."""
    there = str(tmp_path / "no" / "verdict.xml")
    result = _run("--from", "-5m", "--prometheus", prometheus_url, "--specs", specs, "--junit", there)
    assert (result.exit_code, "cannot be written: No such file" in result.stderr) == (2, True), result.stderr


def test_no_series_is_no_data_and_exit_4(prometheus_url: str, specs: str, tmp_path: Path) -> None:
    """A Prometheus that never saw the shop: said in JSON, on the terminal and in JUnit."""
    junit = tmp_path / "verdict.xml"
    given = ["--from", "-5m", "--prometheus", prometheus_url, "--specs", specs]
    result = _run(*given, "--json", "--junit", str(junit))
    found = json.loads(result.stdout)
    assert (result.exit_code, found["verdict"], found["prometheus"]) == (4, "no data", prometheus_url)
    (row,) = found["slos"]
    assert (row["verdict"], row["reason"], row["would_page"]) == (
        "no data",
        "no series of this class in the range",
        False,
    )
    assert row["gaps"] == ["shop: not scraped, or down, for 5m"]
    assert "<skipped" in junit.read_text()
    shown = _run(*given)
    assert shown.exit_code == 4
    assert shown.stdout.isascii()
    assert shown.stdout.splitlines()[-1].startswith("no data: 1 SLO, 0 fail, 0 pass, 1 no data; user, ")
