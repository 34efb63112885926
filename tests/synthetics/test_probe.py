"""`python -m synthetics probe` as a process: where no shop is, where one hangs, and how it ends."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from click.testing import CliRunner
from prometheus_client.parser import text_string_to_metric_families

from local.server import free_ports
from synthetics.__main__ import main
from synthetics.commands_probe import PROBES
from synthetics.host import UsageError
from synthetics.probe import ProbePlan, check_location, command, parse_every
from tests.services.running import ROOT
from tests.synthetics.runs import SIGNED

KEY = SIGNED["TRAFFIC_KEY"]
NOBODY = "http://127.0.0.1:1"


def probe(*options: str, host: str = NOBODY) -> subprocess.CompletedProcess[str]:
    """To its end."""
    return subprocess.run(
        [sys.executable, "-m", "synthetics", "probe", "--host", host, *options],
        cwd=ROOT,
        env={**os.environ, **SIGNED},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


class Running:
    """Probes that walk until they are stopped."""

    def __init__(self, *options: str, host: str = NOBODY) -> None:
        self.port = free_ports("metrics")["metrics"]
        self.process = subprocess.Popen(
            [sys.executable, "-m", "synthetics", "probe", "--host", host, "--metrics-port", str(self.port), *options],
            cwd=ROOT,
            env={**os.environ, **SIGNED},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def child(self) -> psutil.Process:
        """The process that walks."""
        (found,) = psutil.Process(self.process.pid).children()
        return found

    def value(self, name: str, **labels: str) -> float:
        """The sum of the samples with these labels; 0 while the page is not there."""
        with contextlib.suppress(OSError), urllib.request.urlopen(f"http://127.0.0.1:{self.port}/metrics") as answer:
            samples = [
                each
                for family in text_string_to_metric_families(answer.read().decode())
                for each in family.samples
                if each.name == name
            ]
            return sum(each.value for each in samples if labels.items() <= each.labels.items())
        return 0.0

    def until(self, name: str, least: float, **labels: str) -> None:
        """Wait until so much was counted."""
        deadline = time.monotonic() + 40
        while self.value(name, **labels) < least:
            assert self.process.poll() is None, self.process.communicate()[0]
            assert time.monotonic() < deadline, f"{name}{labels}: {self.value(name, **labels)}"
            time.sleep(0.1)


@contextlib.contextmanager
def running(*options: str, host: str = NOBODY) -> Iterator[Running]:
    """Ended after the block, however that ends."""
    found = Running(*options, host=host)
    try:
        yield found
    finally:
        found.process.terminate()
        found.process.wait(10)


def test_a_shop_that_is_down_is_a_failed_attempt_and_no_crash() -> None:
    """A line of JSON for each says the journey, the step and why; nothing secret is among it."""
    with running("--every", "2s") as probes:
        probes.until("journey_attempts_total", 2 * len(PROBES), outcome="failed")
        assert probes.process.poll() is None
        assert probes.value("journey_attempts_total", outcome="passed") == 0
        assert probes.value("journey_last_attempt_timestamp_seconds", journey="buy") == pytest.approx(
            time.time(), abs=30
        )
        words = " ".join((*probes.process.args, *probes.child().cmdline()))
        probes.process.terminate()
        output = probes.process.communicate(timeout=10)[0]
    lines = [json.loads(line) for line in output.splitlines()]
    assert {line["journey"] for line in lines} == set(PROBES)
    assert all(line["outcome"] == "failed" and "no answer" in line["error"] and line["trace_id"] for line in lines)
    assert all(key not in output + words for key in SIGNED.values())
    assert "@" not in output


def test_an_answer_that_never_comes_is_a_failed_attempt() -> None:
    """A visit has four fifths of its turn for its steps: the next one does not find it under way."""
    with socket.create_server(("127.0.0.1", 0)) as deaf:
        host = f"http://127.0.0.1:{deaf.getsockname()[1]}"
        with running("--every", "3s", "--journey", "browse", host=host) as probes:
            probes.until("journey_attempts_total", 2, outcome="failed")
            assert probes.value("journey_attempts_skipped_total") == 0
            probes.process.terminate()
            output = probes.process.communicate(timeout=10)[0]
    first = json.loads(output.splitlines()[0])
    assert (first["step"], first["error"]) == ("home page", "not over after 2.4 s")
    assert 2.4 <= first["seconds"] < 3


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=lambda number: number.name)
def test_a_signal_ends_it_within_two_seconds(number: signal.Signals) -> None:
    """Also while visits wait for answers; no process is left."""
    with (
        socket.create_server(("127.0.0.1", 0)) as deaf,
        running("--every", "60s", host=f"http://127.0.0.1:{deaf.getsockname()[1]}") as probes,
    ):
        probes.until("journey_prober_info", 1)
        child, began = probes.child(), time.monotonic()
        probes.process.send_signal(number)
        assert probes.process.wait(5) == 128 + number
        assert time.monotonic() - began < 2
        assert not child.is_running()


def test_a_kill_leaves_nobody_behind() -> None:
    """Whoever walks notices that whoever started it has gone."""
    with running("--every", "60s") as probes:
        probes.until("journey_prober_info", 1)
        child = probes.child()
        probes.process.kill()
        child.wait(5)


def test_its_page_is_prometheus_own_and_nothing_else() -> None:
    """On loopback; OpenMetrics where it is asked for, with the visit's trace as an exemplar."""
    with running("--every", "1s", "--journey", "browse", "--location", "eu-central-1a") as probes:
        probes.until("journey_attempts_total", 1)
        assert probes.value("journey_prober_info", location="eu-central-1a") == 1
        (connection,) = [each for each in probes.child().net_connections() if each.status == psutil.CONN_LISTEN]
        assert connection.laddr == ("127.0.0.1", probes.port)
        address = f"http://127.0.0.1:{probes.port}"
        wanted = {"Accept": "application/openmetrics-text; version=1.0.0"}
        with urllib.request.urlopen(urllib.request.Request(f"{address}/metrics", headers=wanted)) as answer:
            text = answer.read().decode()
        assert text.endswith("# EOF\n")
        assert '# {trace_id="' in text
        for method, path, status in (("GET", "/", 404), ("POST", "/metrics", 405)):
            with pytest.raises(urllib.error.HTTPError) as refused:
                urllib.request.urlopen(urllib.request.Request(address + path, method=method))
            assert refused.value.code == status


def test_a_journey_that_is_never_walked_is_one_that_was_last_walked_when_the_process_began() -> None:
    """`JourneyNotWalked` tells it: a time of 0 is nobody's, and would be silent for ever."""
    with running("--every", "1h") as probes:
        probes.until("journey_attempts_total", 1, journey="browse")
        assert probes.value("journey_attempts_total", journey="buy") == 0
        last = probes.value("journey_last_attempt_timestamp_seconds", journey="buy")
    assert last == pytest.approx(time.time(), abs=30)


def test_a_port_that_is_taken_is_wrong_usage() -> None:
    """It says which."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        done = probe("--metrics-port", port)
    assert done.returncode == 2
    assert f"--metrics-port {port}" in done.stderr


def test_once_says_how_each_went_and_fails_with_one() -> None:
    """Lines where nobody looks at a terminal, or JSON."""
    done = probe("--once", "--journey", "browse", "--journey", "search")
    assert done.returncode == 1
    assert [line.split()[:2] for line in done.stdout.splitlines()] == [["browse", "failed"], ["search", "failed"]]
    assert "home page: browse: no answer" in done.stdout
    (line,) = probe("--once", "--json", "--journey", "search").stdout.splitlines()
    assert json.loads(line)["journey"] == "search"


@pytest.mark.parametrize(
    ("options", "environment", "said"),
    [
        ((), {}, "TRAFFIC_KEY is not set"),
        ((), {"TRAFFIC_KEY": "short"}, "fewer than 16 characters"),
        ((), {"TRAFFIC_KEY": KEY}, "PROBE_KEY is not set"),
        ((), {"TRAFFIC_KEY_FILE": "/nowhere"}, "TRAFFIC_KEY_FILE cannot be read: No such file"),
        (("--every", "0s"), SIGNED, "expected a time from 1s to 1h"),
        (("--every", "60"), SIGNED, "expected a time from 1s to 1h"),
        (("--location", "Berlin!"), SIGNED, "expected lower-case letters"),
        (("--journey", "stampede"), SIGNED, "'stampede' is not one of"),
        (("--json",), SIGNED, "--json is for --once"),
        (("--host", "http://shop.example"), SIGNED, "--allow-host shop.example"),
    ],
)
def test_wrong_usage_is_told(options: tuple[str, ...], environment: dict[str, str], said: str) -> None:
    """Before anything is started: exit code 2, and no key in what is said."""
    unset = dict.fromkeys(("TRAFFIC_KEY", "TRAFFIC_KEY_FILE", "PROBE_KEY", "PROBE_KEY_FILE"))
    done = CliRunner().invoke(main, ["probe", "--host", NOBODY, *options], env={**unset, **environment})
    assert done.exit_code == 2
    assert said in " ".join(done.output.split())
    assert all(value not in done.output for value in environment.values() if value in SIGNED.values())


def test_the_key_may_stand_in_a_file(tmp_path: Path) -> None:
    """Which a platform gives to this process alone."""
    (tmp_path / "key").write_text(f"{KEY}\n", encoding="utf-8")
    environment = {**os.environ, **SIGNED, "TRAFFIC_KEY": "", "TRAFFIC_KEY_FILE": str(tmp_path / "key")}
    words = [sys.executable, "-m", "synthetics", "probe", "--host", NOBODY, "--once", "--journey", "browse"]
    done = subprocess.run(words, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stdout.split()[:2]) == (1, ["browse", "failed"]), done.stderr


def test_what_is_asked_for_reaches_the_process() -> None:
    """Journeys, place and pace; no address for metrics where it walks once."""
    plan = ProbePlan(host=NOBODY, journeys=("browse", "buy"), every_seconds=30, metrics_port=1234)
    words = command(plan)
    assert words[words.index("--journeys") + 1] == "browse,buy"
    assert words[words.index("--metrics") + 1] == "127.0.0.1:1234"
    assert float(words[words.index("--every-seconds") + 1]) == 30
    assert "--metrics" not in command(ProbePlan(host=NOBODY, journeys=("browse",), once=True))


def test_times_and_places_have_one_form() -> None:
    """Others are refused."""
    assert [parse_every(text) for text in ("60s", "1m", "1.5s", "1h")] == [60, 60, 1.5, 3600]
    assert check_location("eu-central-1a") == "eu-central-1a"
    for text in ("", "s", "-1s", "2h", "nan", "1d", "٢s"):
        with pytest.raises(UsageError):
            parse_every(text)
