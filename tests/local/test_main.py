"""`python -m local`: usage, exit codes, and messages instead of tracebacks."""

import contextlib
import os
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest
from click.testing import CliRunner, Result

from local import job_now, lock
from local.__main__ import main
from local.settings import Settings
from local.tended import PART
from services.shared import migrate
from services.shared.database import open_database


@pytest.fixture
def environment(settings: Settings) -> dict[str, str]:
    """An environment of its own, in which nothing runs."""
    return {"TILLWATCH_STATE": str(settings.run.parent), "PORT_BASE": str(settings.port_base)}


def _run(environment: dict[str, str], *arguments: str) -> Result:
    return CliRunner().invoke(main, arguments, env=environment)


def test_down_without_a_platform_is_done(environment: dict[str, str]) -> None:
    """What is wanted is so already."""
    result = _run(environment, "down")
    assert (result.exit_code, result.stdout) == (0, "no platform is running\n")


@pytest.mark.parametrize(
    "arguments",
    [
        pytest.param(("break", "catalog", "errors"), id="break"),
        pytest.param(("break", "inventory", "halt"), id="halt"),
        pytest.param(("break", "prometheus", "kill"), id="kill"),
        pytest.param(("mend", "catalog"), id="mend"),
        pytest.param(("mend", "prometheus"), id="mend a part"),
        pytest.param(("job", "orders-reconcile"), id="job"),
    ],
)
def test_faults_without_a_platform_are_one_line(environment: dict[str, str], arguments: tuple[str, ...]) -> None:
    """Exit code 1, and what to do."""
    result = _run(environment, *arguments)
    assert result.exit_code == 1
    assert len(result.stderr.splitlines()) == 1
    assert "make demo" in result.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        pytest.param(("break", "nobody", "errors"), id="an unknown service"),
        pytest.param(("break", "catalog", "errors", "--share", "2"), id="more than all requests"),
        pytest.param(("break", "catalog", "errors", "--seconds", "901"), id="longer than a service takes"),
        pytest.param(("break", "catalog", "latency", "--set", "2"), id="a setting without a name"),
        pytest.param(("up", "--for", "-1"), id="a time that is over"),
        pytest.param(("up", "--for", "soon"), id="no number"),
    ],
)
def test_wrong_usage_is_exit_2(environment: dict[str, str], arguments: tuple[str, ...]) -> None:
    """Before anything is done."""
    assert _run(environment, *arguments).exit_code == 2


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        pytest.param(("--only", "catalogue"), "--only catalogue: expected catalog, ", id="no service"),
        pytest.param(("--scale", "orders"), "--scale orders: expected SERVICE=NUMBER, like orders=2", id="no number"),
        pytest.param(("--scale", "orders=2"), "--scale orders: replicas cannot share an SQLite file", id="a file"),
        pytest.param(
            ("--scale", "orders=2", "--postgres", "--only", "orders"),
            "--scale orders: replicas stand behind",
            id="alone",
        ),
        pytest.param(("--scale", "orders=9", "--postgres"), "--scale orders=9: expected 1 to 4", id="too many"),
    ],
)
def test_a_choice_that_cannot_be_is_a_message(
    environment: dict[str, str], arguments: tuple[str, ...], message: str
) -> None:
    """One line, before anything is made."""
    result = _run(environment, "up", *arguments)
    assert result.exit_code == 1
    assert result.stderr.startswith(message)
    assert len(result.stderr.splitlines()) == 1


@pytest.fixture
def part(settings: Settings) -> Iterator[psutil.Process]:
    """A part of a platform that this process holds: `prometheus`, which takes signals alone."""
    environment = {**os.environ, PART: "prometheus"}
    command = [sys.executable, "-S", "-c", "import time; time.sleep(60)"]
    with (
        lock.held(settings.lock),
        subprocess.Popen(command, env=environment, start_new_session=True) as process,
    ):
        yield psutil.Process(process.pid)
        with contextlib.suppress(ProcessLookupError):
            process.kill()


def test_a_part_is_halted_mended_and_killed(
    environment: dict[str, str], part: psutil.Process, wait_for: Callable[[Callable[[], bool], float], None]
) -> None:
    """Each in a line; what is mended goes on."""
    assert _run(environment, "break", "prometheus", "halt").stdout == "prometheus: halt\n"
    wait_for(lambda: part.status() == psutil.STATUS_STOPPED, 5)
    assert _run(environment, "mend", "prometheus").stdout == "prometheus: mended\n"
    wait_for(lambda: part.status() != psutil.STATUS_STOPPED, 5)
    assert _run(environment, "break", "prometheus", "kill").stdout == "prometheus: kill\n"
    assert part.wait(5) == -9


def test_a_part_that_there_is_not_is_one_line(environment: dict[str, str], part: psutil.Process) -> None:
    """With those that there are."""
    for arguments in (("break", "prometheuss", "halt"), ("mend", "prometheuss")):
        result = _run(environment, *arguments)
        assert (result.exit_code, result.stderr) == (
            1,
            "prometheuss is no part that runs: there are prometheus\n",
        )


@pytest.mark.parametrize(
    ("name", "message"),
    [
        pytest.param("orders", "orders is no job: there are inventory-expire, ", id="no job"),
        pytest.param("orders-reconcile", "orders keeps its data elsewhere: only a platform with", id="no SQLite file"),
    ],
)
def test_a_job_that_cannot_be_run_is_one_line(
    environment: dict[str, str], part: psutil.Process, name: str, message: str
) -> None:
    """Exit code 1, and what there is."""
    result = _run(environment, "job", name)
    assert result.exit_code == 1
    assert result.stderr.startswith(message)
    assert len(result.stderr.splitlines()) == 1


def test_a_job_is_run_as_the_platform_runs_it(settings: Settings) -> None:
    """On the service's own data, with the arguments that come behind; its exit code is what it ends with."""
    settings.data.mkdir(parents=True)
    database = open_database(f"sqlite:///{settings.data / 'inventory.db'}")
    migrate.upgrade(database, "inventory")
    database.close()
    with lock.held(settings.lock):
        assert job_now.run(settings, "inventory-reconcile", ["--repair"]) == 0
        assert job_now.run(settings, "inventory-reconcile", ["--rapair"]) == 2
    with contextlib.closing(sqlite3.connect(settings.data / "inventory.db")) as books:
        assert books.execute("SELECT count(*) FROM job_figures").fetchone()[0] > 0


def test_clean_removes_what_runs_have_left_and_keeps_the_built_past(environment: dict[str, str]) -> None:
    """Unless that is asked for, too; a second time there is nothing."""
    state = Path(environment["TILLWATCH_STATE"])
    for folder in ("run/data", "history/a"):
        (state / folder).mkdir(parents=True)
    assert _run(environment, "clean").stdout == f"{state / 'run'} is gone\n"
    assert [each.name for each in state.iterdir()] == ["history"]
    assert _run(environment, "clean").stdout == "there is nothing to remove\n"
    _run(environment, "clean", "--history")
    assert list(state.iterdir()) == []


def test_clean_leaves_a_platform_that_runs_alone(environment: dict[str, str]) -> None:
    """It says what to do first."""
    run = Path(environment["TILLWATCH_STATE"]) / "run"
    with lock.held(run / "lock"):
        result = _run(environment, "clean")
    assert result.exit_code == 1
    assert "python -m local down stops it" in result.stderr
    assert run.exists()


def test_a_wrong_port_base_is_a_message(environment: dict[str, str]) -> None:
    """The environment is checked like an option."""
    result = _run({**environment, "PORT_BASE": "1"}, "up")
    assert result.exit_code == 1
    assert result.stderr.startswith("PORT_BASE is '1'")


def test_a_state_directory_that_cannot_be_made_is_a_message(environment: dict[str, str], tmp_path: Path) -> None:
    """A file is in its place."""
    (tmp_path / "file").write_text("")
    result = _run({**environment, "TILLWATCH_STATE": str(tmp_path / "file")}, "up")
    assert result.exit_code == 1
    assert len(result.stderr.splitlines()) == 1
    assert str(tmp_path / "file") in result.stderr
