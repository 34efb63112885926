"""Containers of the shop: each is started as the same process is without Docker."""

import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from local import shop_parts
from local.choice import Choice
from local.compose import secret_files, shop
from local.journey_parts import journeys, staff
from local.ops_parts import ops
from local.parts import shoppers
from local.settings import PORTS, Settings
from local.shop import SERVICES, WORKERS, ShopProcesses, service_of
from local.watch_parts import RETENTION, pagerduty
from services.shared.config import from_environ
from services.storefront import settings as storefront_settings
from services.users import settings as users_settings
from synthetics import accounts
from tests.local.compose.composed import ROOT, composed

START = ROOT / "local/compose/start.sh"
PROCESSES = (*SERVICES, *WORKERS, *shop_parts.JOBS)


@pytest.fixture(scope="module")
def plan(rendered: Path) -> ShopProcesses:
    """What the shop's processes are given among containers."""
    return secret_files.plan(rendered / "secrets", public_url="http://127.0.0.1:8000")


def service(name: str) -> dict[str, Any]:
    """The service *name* of compose.yaml."""
    found: dict[str, Any] = composed()["services"][name]
    return found


def as_here(command: tuple[str, ...] | list[str]) -> list[str]:
    """*command* as an image has it."""
    return ["python" if word == sys.executable else word for word in command]


def owner_of(process: str) -> str:
    """The process whose environment *process* shares: a job has its service's."""
    return process if process in (*SERVICES, *WORKERS) else service_of(process)


@pytest.mark.parametrize("name", PROCESSES)
def test_a_process_is_given_what_local_shop_says(name: str, plan: ShopProcesses) -> None:
    """No variable more, none less, and none of another value; the secret ones come by a file."""
    assert service(name)["environment"] == shop.environment(plan, owner_of(name))
    assert service(name)["entrypoint"] == ["sh", "/start.sh"]
    environment = [each for each in service(name)["secrets"] if each.get("target") == "environment"]
    assert [each["source"] for each in environment] == [f"{service_of(name)}.env"]


@pytest.mark.parametrize("name", PROCESSES)
def test_a_process_has_the_keys_that_it_is_told_of(name: str) -> None:
    """Each file that its environment names is among its secrets, and no other key is."""
    named = {value for value in service(name)["environment"].values() if value.startswith("/run/secrets/")}
    given = {f"/run/secrets/{each['source']}" for each in service(name)["secrets"] if "target" not in each}
    assert given == named


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_takes_its_environment(name: str, plan: ShopProcesses, rendered: Path) -> None:
    """Its own code reads it, and finds a database, a cache and every key."""
    secrets = rendered / "secrets" / f"{name}.env"
    words = [word.partition("=") for word in shlex.split(secrets.read_text(encoding="utf-8"))]
    environ = service(name)["environment"] | {key: value for key, _, value in words}
    config = from_environ(name, environ)
    assert config.database_url.startswith(f"postgresql+psycopg://{name}:")
    assert config.redis_url
    assert config.fault_token
    assert config.otlp_endpoint == "http://jaeger:4318"
    assert config.peers["orders"] == "http://orders:8003"
    if name == "users":
        assert users_settings.from_environ(environ, config.data_dir).public_url == "http://127.0.0.1:8000"
    if name == "storefront":
        storefront_settings.from_environ(environ)


def test_the_probes_key_is_in_no_service(rendered: Path) -> None:
    """What every service holds does not tell the password of the probes' staff."""
    key = (rendered / "secrets" / "probe_key").read_text(encoding="utf-8")
    made = (rendered / "secrets" / "probe_staff_password").read_text(encoding="utf-8")
    assert accounts.staff(key).password == made
    assert all(key not in each.read_text(encoding="utf-8") for each in (rendered / "secrets").glob("*.env"))
    services = composed()["services"]
    assert [name for name in services if {"source": "probe_key"} in services[name].get("secrets", ())] == ["journeys"]


def test_each_variable_is_one_that_somebody_reads() -> None:
    """A name that is misspelt does nothing, and nobody says so."""
    source = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "services").rglob("*.py"))
    peers = {f"{name.upper()}_URL" for name in SERVICES}  # read by their names
    for name in PROCESSES:
        for key in service(name)["environment"].keys() - peers:
            assert re.search(rf"[\"']{key}[\"']", source), key


@pytest.mark.parametrize("name", [*SERVICES, *WORKERS])
def test_a_process_is_started_as_without_docker(name: str, plan: ShopProcesses) -> None:
    """The same command."""
    assert service(name)["command"] == as_here(plan.command(name))


def test_every_job_comes_as_often_as_without_docker() -> None:
    """The same module and arguments; and it is ill when it has not gone well for two turns."""
    for name, (arguments, seconds) in shop_parts.JOBS.items():
        expected = ["--every", f"{seconds:.0f}", "python", "-m", *arguments]
        assert service(name)["command"] == expected
        assert f"-{2 * seconds + 60:.0f} seconds" in service(name)["healthcheck"]["test"][1]


@pytest.mark.parametrize("name", SERVICES)
def test_a_schema_is_there_before_its_service(name: str) -> None:
    """A migration of its own, once, which the service waits for."""
    assert service(f"{name}-migrate")["command"] == ["python", "-m", "services.shared.migrate", name]
    waited = service(name)["depends_on"][f"{name}-migrate"]
    assert waited == {"condition": "service_completed_successfully"}
    assert service(f"{name}-migrate")["image"] == service(name)["image"]


@pytest.mark.parametrize("name", PROCESSES)
def test_a_process_runs_in_its_services_image(name: str) -> None:
    """Which holds no other service's code."""
    assert service(name)["image"] == f"tillwatch/{service_of(name)}:dev"


def test_shoppers_come_as_without_docker() -> None:
    """The same shape and time, to the front door."""
    native = shoppers(Settings(run=Path("/run")), Choice())
    words = as_here([word.replace("127.0.0.1", "front-door") for word in native.command])
    assert service("shoppers")["entrypoint"] + service("shoppers")["command"] == [*words, "--allow-host", "front-door"]


def test_probes_walk_as_without_docker(plan: ShopProcesses) -> None:
    """The same journeys, to the front door; the key in a file, and their staff account made before."""
    native = journeys(Settings(run=Path("/run")))
    words = as_here([word.replace("127.0.0.1", "front-door") for word in native.command])
    told = service("journeys")["entrypoint"] + service("journeys")["command"]
    assert told == [*words, "--metrics-host", "0.0.0.0", "--allow-host", "front-door"]
    assert service("journeys")["environment"].keys() | {"TRAFFIC_KEY", "PROBE_KEY"} == native.environment.keys()
    made = staff(Settings(run=Path("/run")), plan)
    assert service("probe-staff")["command"] == as_here(made.command)
    assert "PASSWORD_FILE" in service("probe-staff")["environment"].keys() & made.environment.keys()


def test_the_stand_in_is_started_as_without_docker() -> None:
    """The same server, and every variable that it has there."""
    native = pagerduty(Settings(run=Path("/run")), fault_token="token")
    words = as_here([word.replace("127.0.0.1", "0.0.0.0") for word in native.command])
    assert service("pagerduty")["command"] == words
    assert service("pagerduty")["environment"].keys() | {"FAULT_TOKEN"} == native.environment.keys()


def test_the_page_is_started_as_without_docker() -> None:
    """It asks, tells and breaks the same; it listens to other containers too, so that reading needs its token."""
    native = ops(Settings(run=Path("/run")), Choice(), promtool="promtool", jaeger=False)
    places = {f"http://127.0.0.1:{port}": f"http://{name}:{port}" for name, port in PORTS.items()}
    words = [word for word in as_here(native.command[4:]) if word != "--faults"]
    pairs = [(name, _there(value, places)) for name, value in zip(words[::2], words[1::2], strict=True)]
    # The token comes by the environment there, and promtool is on the image's path.
    other = ("--token-file", "--promtool", "--host", "--fault-token-file")
    expected = {f"{name}={value}" for name, value in pairs if name not in other}
    changed = {"--host=0.0.0.0", "--allow-remote", "--allow-host=ops", "--fault-token-file=/run/secrets/fault_token"}
    told = service("ops")["command"]
    assert told[:4] == as_here(native.command[:4])
    assert set(told[4:]) == expected | changed | {"--faults", "--jaeger=http://127.0.0.1:8032"}
    assert {each["source"] for each in service("ops")["secrets"]} == {"ops.env", "fault_token"}


def _there(value: str, places: dict[str, str]) -> str:
    """*value* with this machine's address as that of a container."""
    name, sign, url = value.rpartition("=")
    return f"{name}{sign}{places.get(url, url)}"


def test_prometheus_keeps_as_much_as_without_docker() -> None:
    """Its retention, and exemplars."""
    command = service("prometheus")["command"]
    assert f"--storage.tsdb.retention.time={RETENTION}" in command
    assert "--enable-feature=exemplar-storage" in command


def test_nobody_finds_a_secret_in_the_file(rendered: Path) -> None:
    """Neither a value, nor a variable that would hold one."""
    text = str(composed(rendered))
    for file in (rendered / "secrets").rglob("*"):
        if file.is_file() and re.fullmatch(r"[0-9a-f]{32}", content := file.read_text(encoding="utf-8")):
            assert content not in text
    for name in PROCESSES:
        assert not set(shop.SECRET_VARIABLES) & service(name)["environment"].keys()


def _start(tmp_path: Path, *words: str) -> subprocess.CompletedProcess[str]:
    secret = tmp_path / "environment"
    secret.write_text(shop.shell({"TOKEN": "it's $HOME"}), encoding="utf-8")
    script = START.read_text(encoding="utf-8").replace("/run/secrets/environment", str(secret))
    script = script.replace("/tmp/done", str(tmp_path / "done"))
    return subprocess.run(
        ["timeout", "--preserve-status", "1", "sh", "-c", script, "start.sh", *words],
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_command_finds_the_secrets_in_its_environment(tmp_path: Path) -> None:
    """As they are, whatever is in them; and its exit code is the container's."""
    run = _start(tmp_path, sys.executable, "-c", "import os; print(os.environ['TOKEN']); raise SystemExit(7)")
    assert (run.returncode, run.stdout) == (7, "it's $HOME\n")


def test_a_job_that_goes_well_leaves_a_mark(tmp_path: Path) -> None:
    """It is started again and again, and SIGTERM ends it between two turns."""
    run = _start(tmp_path, "--every", "0.2", "echo", "turn")
    assert run.returncode == 0
    assert run.stdout.count("turn\n") > 1
    assert (tmp_path / "done").exists()


def test_a_job_that_fails_leaves_none_and_has_its_next_turn(tmp_path: Path) -> None:
    """Its health check then sees that nothing has gone well for too long."""
    run = _start(tmp_path, "--every", "0.2", sys.executable, "-c", "print('turn'); raise SystemExit(1)")
    assert run.stdout.count("turn\n") > 1
    assert not (tmp_path / "done").exists()
