"""The command line of `python -m synthetics`: what is refused before anything starts, and what a plan comes to be."""

import re
import subprocess
import sys
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from click.testing import CliRunner

from synthetics.__main__ import main
from synthetics.claim import Traffic
from synthetics.commands_load import plan_of
from synthetics.course import Course, Stampede
from synthetics.host import UsageError
from synthetics.load import DayPlan
from synthetics.load_plan import LoadPlan, Regulars, arrangement
from tests.services.running import ROOT
from tests.synthetics.runs import SIGNED


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--host", "http://192.0.2.1"), "192.0.2.1 is not this machine"),
        (("--rate", "fast"), "'fast' is not a rate"),
        (("--rate", "1001/s"), "at most 1000/s"),
        (("--shape", "steady", "--rate", "101/s"), "at most 100/s"),
        (("--users", "0"), "0 is not in the range"),
        (("--users", "501"), "501 is not in the range"),
        (("--for", "0"), "'0': expected a time from 1s to 86400s"),
        (("--for", "86401"), "expected a time from 1s to 86400s, like 90s, 15m or 4h"),
        (("--for", "25h"), "expected a time"),
        (("--for", "nan"), "expected a time"),
        (("--shape", "weekend"), "weekend: no such shape: expected day, diurnal, ramp, soak, spike, stampede, steady"),
        (("--shape", "day", "--users", "3"), "--users is for users, not for a --shape"),
        (("--shape", "day", "--rate", "3/s"), "--rate does not go with a day"),
        (("--shape", "day", "--workers", "2"), "--workers does not go with a day"),
        (("--shape", "stampede", "--workers", "2"), "--workers does not go with a stampede"),
        (("--shape", "stampede", "--traffic", "user"), "a stampede needs PROBE_KEY"),
        (("--scale", "2"), "--scale needs --shape"),
        (("--at-once", "2"), "--at-once needs --shape"),
        (("--shape", "day", "--scale", "0"), "0.0 is not in the range"),
        (("--shape", "day", "--scale", "nan"), "at most 100"),
        (("--shape", "day", "--scale", "300"), "150 visits/s at the busiest moment, at most 100"),
        (("--shape", "steady", "--scale", "300"), "1200 visits/s at the busiest moment, at most 100"),
        (("--shape", "day", "--at-once", "501"), "501 is not in the range"),
        (("--journey", "steal"), "'steal' is not one of"),
        (("--journey", "timeout-after-charge"), "'timeout-after-charge' is not one of"),
        (("--workers", "17"), "17 is not in the range"),
        (("--expect-workers", "2"), "--expect-workers and --master-bind need one another"),
        (("--expect-workers", "2", "--master-bind", "0.0.0.0"), "expected HOST:PORT"),
        (
            ("--expect-workers", "2", "--master-bind", ":1", "--workers", "1"),
            "--workers is for workers that are started",
        ),
        (("--report", "/dev/null/report"), "--report /dev/null/report: cannot be written: Not a directory"),
        (("--host", "http://ada:tulip-lantern@127.0.0.1"), "'http://…@127.0.0.1' is not of the form"),
        (
            ("--prometheus", "http://reader:tulip-lantern@127.0.0.1:1"),
            "--prometheus: http://127.0.0.1:1 does not answer",
        ),
        (("--worker",), "--worker needs --master-host"),
        (("--worker", "--master-host", "load:5557", "--rate", "3/s"), "--rate is for the master to say"),
    ],
)
def test_wrong_usage_is_exit_2_and_loads_nothing(options: tuple[str, ...], message: str) -> None:
    """The message says what is wrong before anything starts."""
    with (
        patch("synthetics.run.run") as run,
        patch("synthetics.load.run") as day,
        patch("synthetics.child.run") as child,
    ):
        result = CliRunner().invoke(main, ["load", *options], env=SIGNED)
    assert (result.exit_code, message in result.stderr) == (2, True), result.stderr
    assert "tulip-lantern" not in result.output
    assert [each.called for each in (run, day, child)] == [False] * 3


def test_load_without_a_key_is_refused_unless_it_is_to_count_as_users() -> None:
    """Nobody moves the SLOs of users without having said so."""
    with patch("synthetics.run.run"), patch("synthetics.load.run", return_value=0) as day:
        refused = CliRunner().invoke(main, ["load", "--shape", "day"], env={"TRAFFIC_KEY": "", "TRAFFIC_KEY_FILE": ""})
        CliRunner().invoke(main, ["load", "--shape", "day", "--traffic", "user"], env={"TRAFFIC_KEY": ""})
    assert refused.exit_code == 2
    assert "TRAFFIC_KEY is not set" in refused.stderr
    assert [call.args[0].traffic for call in day.call_args_list] == [Traffic.USER]


def test_a_faulty_shape_is_exit_2_with_all_its_faults(tmp_path: Path) -> None:
    """Each with the file and the place in it, before anything starts."""
    path = tmp_path / "odd.yaml"
    path.write_text("seconds: 0\nvisits_per_second: -1\ncourse: [[0, 1]]\njourneys: {steal: 1}\n")
    with patch("synthetics.run.run") as run:
        result = CliRunner().invoke(main, ["load", "--shape", str(path)], env=SIGNED)
    assert result.exit_code == 2
    for place in ("seconds: 0", "visits_per_second: -1", "course: ", "journeys.steal: unknown"):
        assert f"{path}: {place}" in result.stderr
    run.assert_not_called()


def plan(**given: Any) -> LoadPlan:
    """What these options ask for."""
    found = plan_of(given, SIGNED)
    assert isinstance(found, LoadPlan)
    return found


def test_a_day_goes_on_until_it_is_stopped() -> None:
    """Without --for; as users where that is said."""
    found = plan_of({"shape_name": "day", "scale": 2.5, "traffic": "user"}, {})
    assert isinstance(found, DayPlan)
    assert (found.seconds, found.scale, found.shape.name, found.traffic) == (None, 2.5, "day.yaml", Traffic.USER)


def test_a_shape_has_its_own_rate_and_time_and_comes_through_the_front_door() -> None:
    """Each of them may be said; the model is open."""
    own, said = plan(shape_name="steady"), plan(shape_name="steady", rate="2/s", scale=1.5, seconds=60, workers=2)
    assert (own.peak, own.seconds, own.host, own.model) == (4.0, 300, "http://127.0.0.1:8000", "open")
    assert (said.peak, said.seconds, said.workers) == (3.0, 60, 2)
    assert isinstance(own.who, Course)


def test_users_walk_one_journey_at_the_catalog_for_a_minute_or_the_mix() -> None:
    """The model is closed: they wait for their answers."""
    one, mixed = plan(), plan(users=9, journey="mix")
    assert (one.model, one.seconds, one.host) == ("closed", 60, "http://127.0.0.1:8001")
    assert one.who == Regulars(users=3, rate=None, journeys={"catalog": 1.0})
    assert isinstance(mixed.who, Regulars)
    assert mixed.who.journeys == {"browse": 0.55, "search": 0.15, "buy": 0.3}


def test_a_stampede_is_one_process() -> None:
    """Its buyers are a hundred, its units ten."""
    found = plan(shape_name="stampede")
    assert (found.who, arrangement(found).processes, arrangement(found).user_class) == (
        Stampede(buyers=100, units=10),
        1,
        "Stampeding",
    )


def test_workers_from_elsewhere_come_in_where_it_is_said() -> None:
    """As many users as workers: each stands for one process."""
    found = arrangement(plan(shape_name="steady", expect_workers=3, master_bind="0.0.0.0:5557"))
    assert (found.processes, found.users, found.workers, found.bind) == (3, 3, 0, ("0.0.0.0", 5557))


def test_the_key_is_on_no_command_line() -> None:
    """Everybody on a machine may read those."""
    found = plan(shape_name="steady")
    assert all(key not in repr(found) + repr(arrangement(found)) for key in SIGNED.values())


def test_a_row_of_the_report_is_longer_in_a_longer_run() -> None:
    """There are six hundred of them at most."""
    assert (plan(seconds=60).row_seconds, plan(seconds=600).row_seconds, plan(seconds=14_400).row_seconds) == (1, 1, 24)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ((), "Missing option '--prometheus'"),
        (("--low", "8", "--high", "8"), "expected a lower and a higher rate"),
        (("--high", "101"), "101.0 is not in the range"),
        (("--shape", "stampede", "--workers", "1"), "does not go with a stampede"),
        (("--within", "2d"), "expected a time"),
        (("--host", "http://192.0.2.1"), "192.0.2.1 is not this machine"),
        (("--out", "/dev/null/capacity.json"), "--out /dev/null: cannot be written"),
        (("--report", "/dev/null/reports"), "--report /dev/null/reports: cannot be written"),
        (("--workers", "1"), "--prometheus: http://127.0.0.1:1 does not answer"),
    ],
)
def test_a_search_that_makes_no_sense_is_exit_2(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, options: tuple[str, ...], message: str
) -> None:
    """Before the first trial."""
    known = ("--prometheus", "http://127.0.0.1:1") if options else ()
    with patch("synthetics.trial.run") as run:
        monkeypatch.chdir(tmp_path)
        result = CliRunner().invoke(main, ["capacity", *known, *options], env=SIGNED)
    assert (result.exit_code, message in result.stderr) == (2, True), result.stderr
    run.assert_not_called()


def test_help_lists_what_there_is() -> None:
    """Four commands, with their options."""
    run = subprocess.run(
        [sys.executable, "-m", "synthetics", "--help"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert re.findall(r"^  ([\w-]+)  ", run.stdout.split("Commands:")[1], re.M) == [
        *("capacity", "load", "probe", "staff-password"),
    ]
    assert "--allow-host" in CliRunner().invoke(main, ["load", "--help"]).stdout


def test_the_command_itself_loads_neither_locust_nor_what_draws() -> None:
    """Locust patches the sockets of whoever imports it; pictures are drawn when there are some."""
    code = (
        "import sys, synthetics.__main__; print([name in sys.modules for name in ('locust', 'gevent', 'matplotlib')])"
    )
    run = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[False, False, False]"


def test_an_address_is_a_host_and_a_port() -> None:
    """Of an IPv6 host, too."""
    from synthetics.commands_load import address

    assert address("load-master:5557", "--master-host") == ("load-master", 5557)
    with pytest.raises(UsageError, match="expected HOST:PORT"):
        address("load-master", "--master-host")
