"""Histories as people bring them, faulty ones among them: each fault is told with its line."""

from pathlib import Path

import pytest

from tests.budget.backtest_courses import START, Phase, openmetrics, rows, run, spec

HEAD = "time,bad,total\n"
FAULTY_ROWS = [
    pytest.param("when,bad,total\n1,2,3\n", [":1:1: the header is 'when,bad,total'"], id="another header"),
    pytest.param(HEAD, [": holds no rows"], id="no rows"),
    pytest.param("", [": holds no rows"], id="an empty file"),
    pytest.param(
        f"{HEAD}{START},1\n{START + 60},x,3\n{START + 120},-1,3\nsoon,0,1\n{START + 240},0,nan\n",
        [":2:1: 2 fields", ":3:1: bad is 'x'", ":4:1: bad is '-1'", ":5:1: 'soon' is no time", ":6:1: total is 'nan'"],
        id="five of them",
    ),
    pytest.param(f"{HEAD}{START},4,3\n", [":2:1: bad is 4 of 3 events"], id="more bad than all"),
    pytest.param(f"{HEAD}{START},0,3\n{START + 59},0,3\n", [":3:1: 2025-11-01T00:00:00Z is a second row"], id="twice"),
    pytest.param(f"{HEAD}{START + 60},0,3\n{START},0,3\n", [":3:1: 2025-11-01T00:00:00Z is earlier"], id="backwards"),
    pytest.param(f"{HEAD}{START}000,0,3\n", [":2:1: the time", "in milliseconds?"], id="milliseconds"),
    pytest.param(f"{HEAD}10,0,3\n{START},0,3\n", [":3:1: the time", "more than 400 days"], id="two ages"),
    pytest.param(f"{HEAD}2025-11-01T00:00:00,0,3\n", [":2:1:", "names no zone"], id="no zone"),
    pytest.param(f"{HEAD}\0\x1b[2J,0,3\n", [":2:1:", "is no time"], id="signs that a terminal obeys"),
]
FAULTY_SAMPLES = [
    pytest.param("a 1 5\n", [": does not end with # EOF"], id="cut off"),
    pytest.param("# EOF\n", [": holds no samples"], id="nothing"),
    pytest.param("a 1 5\n# EOF\nb 1 5\n", [":3:1: stands behind # EOF"], id="more behind the end"),
    pytest.param("a 1\nb x 5\nc 1 y\n{} 1 5\n# EOF\n", [":1:1:", ":2:1:", ":3:1:", ":4:1:"], id="four of them"),
    pytest.param("a 1 5\na 2 5\n# EOF\n", [":2:1: is not later than the sample of a before it"], id="twice"),
    pytest.param(f"a 1 {START}000\n# EOF\n", [":1:1: the time", "in milliseconds?"], id="milliseconds"),
]


def _faults(path: Path, text: str, specs: Path) -> str:
    path.write_text(text, encoding="utf-8")
    result = run("--file", path, "--specs", specs)
    assert result.exit_code == 1, result.output
    assert not [word for word in ("Traceback", "\x1b", "\0") if word in result.output]
    return result.stderr


@pytest.mark.parametrize(("text", "says"), FAULTY_ROWS)
def test_each_faulty_row_is_told_with_its_line(tmp_path: Path, text: str, says: list[str]) -> None:
    """One line a fault, whatever else is wrong."""
    said = _faults(tmp_path / "past.csv", text, spec(tmp_path))
    assert not [part for part in says if part not in said], said


@pytest.mark.parametrize(("text", "says"), FAULTY_SAMPLES)
def test_each_faulty_sample_is_told_with_its_line(tmp_path: Path, text: str, says: list[str]) -> None:
    """promtool would tell none."""
    said = _faults(tmp_path / "past.om", text, spec(tmp_path))
    assert not [part for part in says if part not in said], said


def test_a_file_of_nothing_but_faults_is_not_read_to_its_end(tmp_path: Path) -> None:
    """Twenty are told, and that there may be more."""
    said = _faults(tmp_path / "past.csv", HEAD + "x,0,1\n" * 1000, spec(tmp_path))
    assert said.count("is no time") == 20
    assert "reading stopped after 20 faults" in said.splitlines()[-1]


def test_what_is_no_text_is_told(tmp_path: Path) -> None:
    """A file of another kind, with the line from which on it is not."""
    past = tmp_path / "past.csv"
    past.write_bytes(HEAD.encode() + b"\xff\xfe\n")
    result = run("--file", past, "--specs", spec(tmp_path))
    assert (result.exit_code, "is not UTF-8 text" in result.stderr) == (1, True)


def test_a_file_without_the_counters_of_the_slo_has_no_history(tmp_path: Path) -> None:
    """It is told which SLO, and which range."""
    past = tmp_path / "past.om"
    past.write_text(openmetrics(past, rows([Phase(20, 5)])).read_text().replace("requests_total", "others_total"))
    result = run("--file", past, "--specs", spec(tmp_path))
    assert result.exit_code == 1
    assert "nothing has measured shop-requests from 2025-11-01" in result.stderr


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        pytest.param(["--objective", "100"], "100 is not in (0, 100)", id="no budget"),
        pytest.param(["--objective", "much"], "'much' is no objective", id="no number"),
        pytest.param(["--window", "100d"], "is not a period of whole days", id="a long window"),
        pytest.param(["--min-failures", "-1"], "--min-failures", id="less than none"),
        pytest.param(["--days", "3", "--from", "-3d"], "give one", id="two beginnings"),
        pytest.param(["--to", "2999-01-01T00:00:00Z"], "in the future", id="the future"),
        pytest.param(["--from", "-500d"], "longer than 366 days", id="years"),
        pytest.param(["--from", "-2h", "--to", "-3h"], "the range is empty", id="reversed"),
        pytest.param(["--slo", "nobody-x"], "no SLO nobody-x: there are shop-requests", id="an unknown SLO"),
        pytest.param(["--file", "/nowhere.csv"], "does not exist", id="no file"),
        pytest.param(["--file", __file__, "--raw"], "does not go with", id="a file and a server"),
    ],
)
def test_wrong_usage_is_said_before_anything_is_read(tmp_path: Path, arguments: list[str], says: str) -> None:
    """Exit code 2."""
    result = run("--specs", spec(tmp_path), *arguments)
    assert (result.exit_code, says in result.stderr) == (2, True), result.output
