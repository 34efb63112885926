"""`python -m budget gate` as people and pipelines start it, where there is nothing good to ask."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from budget.__main__ import main

ROOT = Path(__file__).resolve().parents[2]
EMPTY = b'{"status":"success","data":{"resultType":"vector","result":[],"groups":[]}}'


def _run(*arguments: str, **environment: str) -> Result:
    unset = {"PORT_BASE": None, "TILLWATCH_ENVIRONMENT": None, "TILLWATCH_PROMETHEUS": None}
    return CliRunner().invoke(main, ["gate", *arguments], env={**unset, **environment})


@pytest.mark.parametrize(
    ("body", "says"),
    [
        pytest.param(b"<html>It works!</html>", "is it a Prometheus?", id="a web server"),
        pytest.param(b'{"status":"error","error":"\\u001b[2Jgone"}', "gone", id="an error that clears the screen"),
        pytest.param(EMPTY, "this Prometheus has no rules of its SLOs", id="a Prometheus of somebody else's"),
        pytest.param(b'{"status":"success","data":[]}', "shape", id="another API"),
    ],
)
def test_a_wrong_server_is_hold(answering: Callable[[int, bytes], str], body: bytes, says: str) -> None:
    """Each with its reason, nothing that a terminal obeys, and no password."""
    result = _run("--service", "catalog", "--prometheus", answering(200, body))
    assert (result.exit_code, says in result.stdout) == (4, True), result.output
    assert not [word for word in ("hunter2", "Traceback", "\x1b") if word in result.output]


@pytest.mark.parametrize(("change", "code"), [("release", 4), ("rollback", 0)])
def test_a_name_that_is_no_text_is_hold(answering: Callable[[int, bytes], str], change: str, code: int) -> None:
    """Bytes of a command line that are no UTF-8: nobody can be asked about them, and going back passes all the same."""
    result = _run("--service", "\udcff", "--change", change, "--prometheus", answering(200, EMPTY))
    assert (result.exit_code, "no UTF-8 text" in result.stdout) == (code, True), result.output


@pytest.mark.parametrize(("change", "code"), [("release", 4), ("fix", 4), ("rollback", 0)])
def test_nothing_there_is_hold_but_for_a_rollback(closed_url: str, change: str, code: int) -> None:
    """Which is told what a release would have been told."""
    result = _run("--service", "catalog", "--change", change, "--prometheus", closed_url)
    assert result.exit_code == code
    assert "does not answer" in result.stdout
    assert ("it passes, whatever the figures are" in result.stdout) is (code == 0)
    assert "hunter2" not in result.output
    assert ("warning: this rollback passes; a release of catalog would be told HOLD" in result.stderr) is (code == 0)


def test_what_passes_leaves_a_line_for_logs(closed_url: str) -> None:
    """One JSON object on stderr; stdout is the answer alone."""
    result = _run("--service", "catalog", "--change", "rollback", "--json", "--prometheus", closed_url)
    assert json.loads(result.stdout)["decision"] == "go"
    line = json.loads(result.stderr.splitlines()[-1])
    assert (line["event"], line["service"], line["as_release"]) == ("gate.rollback_passed", "catalog", "hold")
    assert line["rules"] == ["unreadable"]


def test_specs_that_cannot_be_read_are_hold_but_for_a_rollback(closed_url: str, tmp_path: Path) -> None:
    """A fault in a spec must not keep anybody from going back."""
    (tmp_path / "broken.yaml").write_text("version: prometheus/v1\nservice: [\n")
    arguments = ["--service", "catalog", "--specs", str(tmp_path), "--prometheus", closed_url]
    result = _run(*arguments)
    assert (result.exit_code, "the specs cannot be read: " in result.stdout) == (4, True)
    assert _run(*arguments, "--change", "rollback").exit_code == 0


@pytest.mark.parametrize(
    ("arguments", "environment", "expected"),
    [
        pytest.param([], {}, "production", id="nobody says"),
        pytest.param([], {"TILLWATCH_ENVIRONMENT": ""}, "production", id="an empty variable"),
        pytest.param([], {"TILLWATCH_ENVIRONMENT": "local"}, "local", id="the variable"),
        pytest.param(["--environment", "staging"], {"TILLWATCH_ENVIRONMENT": "local"}, "staging", id="the option"),
        pytest.param(["--environment", " "], {"TILLWATCH_ENVIRONMENT": "local"}, "production", id="a blank option"),
    ],
)
def test_whoever_does_not_say_where_to_is_asked_for_production(
    closed_url: str, arguments: list[str], environment: dict[str, str], expected: str
) -> None:
    """The strictest question."""
    result = _run("--service", "catalog", "--json", "--prometheus", closed_url, *arguments, **environment)
    assert json.loads(result.stdout)["environment"] == expected


@pytest.mark.parametrize(
    "arguments",
    [
        pytest.param([], id="no service"),
        pytest.param(["--service", "catalog", "--change", "hotfix"], id="a change that there is not"),
        pytest.param(["--service", "catalog", "--prometheus", "ftp://reader:hunter2@x"], id="no address"),
    ],
)
def test_wrong_usage_is_exit_2(arguments: list[str]) -> None:
    """None of the four answers."""
    result = _run(*arguments)
    assert (result.exit_code, "hunter2" in result.output) == (2, False)


def test_a_pipeline_reads_the_exit_code_from_any_folder(closed_url: str, tmp_path: Path) -> None:
    """The project's specs are found where the project is."""
    command = [sys.executable, "-m", "budget", "gate", "--service", "catalgo", "--prometheus", closed_url]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        command, check=False, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 4
    assert done.stdout.splitlines()[0] == "HOLD: release of catalgo to production: not now"
    assert "did you mean catalog?" in done.stdout
