"""What `render` writes: real programs take it, it names services that exist, and secrets stay."""

import re
import shutil
import stat
import subprocess
import tempfile
from itertools import pairwise
from pathlib import Path
from typing import Any

import psycopg
import pytest
import yaml
from click.testing import CliRunner

from local import configuration
from local.choice import Choice
from local.compose import secret_files
from local.compose.__main__ import main
from local.compose.configurations import front_door
from local.compose.places import moved
from local.compose.render import ENVIRONMENT_FILE, render
from local.errors import Refused
from local.front_door import SERVICES as OUTSIDE
from local.postgres import for_libpq, running_postgres
from local.settings import PORTS, ROOT, Settings
from local.shop import SERVICES
from services.shared.database import open_database
from services.shared.migrate import head, upgrade
from services.shared.signing import SigningKey
from tests.local.compose.composed import composed
from tools.install import find


def told(*command: object) -> str:
    """What *command* says; it has to end well."""
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def document(file: Path) -> Any:
    """What the YAML *file* says."""
    return yaml.safe_load(file.read_text(encoding="utf-8"))


def test_prometheus_takes_its_configuration_and_rules(rendered: Path, tmp_path: Path) -> None:
    """The real promtool, with the rules where they lie here."""
    text = (rendered / "prometheus.yml").read_text(encoding="utf-8")
    here = tmp_path / "prometheus.yml"
    here.write_text(text.replace("/etc/prometheus/rules", str(rendered / "rules")), encoding="utf-8")
    said = told(find("promtool"), "check", "config", here)
    assert said.count("rules found") == len(list((ROOT / "generated/prometheus/rules").glob("*.yaml")))


def test_alertmanager_takes_its_configuration(rendered: Path) -> None:
    """The real amtool."""
    assert "SUCCESS" in told(find("amtool"), "check-config", rendered / "alertmanager.yml")


def test_nginx_takes_its_configuration(rendered: Path, tmp_path: Path) -> None:
    """The real nginx, with names of services that are found here too."""
    text = (rendered / "nginx.conf").read_text(encoding="utf-8")
    for name in OUTSIDE:
        text = text.replace(f"server {name}:", "server 127.0.0.1:")
    here = tmp_path / "nginx.conf"
    here.write_text(text, encoding="utf-8")
    told(find("nginx"), "-p", tmp_path, "-e", "stderr", "-t", "-q", "-c", here)


def test_the_front_door_leads_to_services_by_name(rendered: Path) -> None:
    """Each has a fixed address there, which is the one that its container has."""
    text = (rendered / "nginx.conf").read_text(encoding="utf-8")
    services = composed()["services"]
    hosts = services["front-door"]["extra_hosts"]
    assert hosts.keys() == set(OUTSIDE)
    for name in OUTSIDE:
        assert f"server {name}:{PORTS[name]} " in text
        assert services[name]["networks"]["shop"]["ipv4_address"] == hosts[name]
    addresses = [services[name]["networks"]["shop"]["ipv4_address"] for name in SERVICES]
    assert len(set(addresses)) == len(SERVICES)


def test_a_front_door_that_cannot_be_moved_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Else it would listen where no other container reaches it."""
    monkeypatch.setattr("local.compose.configurations.configuration", lambda *_, **__: "listen 9;")
    with pytest.raises(Refused, match=r"listen 127\.0\.0\.1:8000"):
        front_door()


def test_it_scrapes_what_is_scraped_without_docker(rendered: Path, tmp_path: Path) -> None:
    """The same jobs and processes, the same Alertmanagers: each under its name."""
    settings = Settings(run=tmp_path)
    configuration._write_prometheus(settings, Choice())
    native = moved(document(settings.prometheus_config))
    ours = document(rendered / "prometheus.yml")

    def by_name(config: Any) -> dict[str, Any]:
        return {job.pop("job_name"): job for job in config.pop("scrape_configs")}

    assert by_name(ours) == by_name(native)
    assert {**ours, "rule_files": 0} == {**native, "rule_files": 0}


def _listening(service: dict[str, Any]) -> set[int]:
    """Ports that compose.yaml tells *service* to listen at."""
    environment = service.get("environment", {})
    words = [
        re.split("[:=]", word)[-1]
        for word in service.get("command", ())
        if re.search("listen-address=|--bind=|--port=", word)
    ]
    words += [port for option, port in pairwise(service.get("command", ())) if option == "--metrics-port"]
    told_by = [environment.get("METRICS_PORT"), environment.get("PORT") if "METRICS_PORT" not in environment else None]
    return {int(each) for each in (*words, *told_by) if each}


def test_each_target_listens_there(rendered: Path) -> None:
    """Scrapes, alerts and the Alertmanagers' own talk go to services that exist, at ports that they have."""
    services = composed()["services"]
    prometheus = document(rendered / "prometheus.yml")
    groups = [*prometheus["scrape_configs"], *prometheus["alerting"]["alertmanagers"]]
    places = [place for group in groups for static in group["static_configs"] for place in static["targets"]]
    peers = [
        word.removeprefix("--cluster.peer=")
        for name in ("alertmanager", "alertmanager-2")
        for word in services[name]["command"]
        if word.startswith("--cluster.peer=")
    ]
    assert len(peers) == 2
    for place in peers:
        name, _, port = place.partition(":")
        assert f"--cluster.listen-address=0.0.0.0:{port}" in services[name]["command"], place
    for place in (*places, "pagerduty:8081"):
        name, _, port = place.partition(":")
        assert int(port) in _listening(services[name]), place
    assert document(rendered / "alertmanager.yml")["global"]["pagerduty_url"] == "http://pagerduty:8081/v2/enqueue"


def test_a_published_port_is_one_that_the_container_listens_at() -> None:
    """For those whose port compose.yaml says."""
    checked = 0
    for service in composed()["services"].values():
        for port in service.get("ports", ()):
            if found := _listening(service):
                assert int(port.rpartition(":")[2]) in found
                checked += 1
    assert checked >= 10


def test_every_routing_key_is_mounted(rendered: Path) -> None:
    """Alertmanager finds each where its configuration says."""
    (mount,) = [
        each
        for each in composed(rendered)["services"]["alertmanager"]["volumes"]
        if each["target"] == "/run/secrets/pagerduty"
    ]
    text = (rendered / "alertmanager.yml").read_text(encoding="utf-8")
    files = [line.split()[-1] for line in text.splitlines() if "routing_key_file" in line]
    assert files
    for file in files:
        assert (Path(mount["source"]) / Path(file).relative_to(mount["target"])).is_file()


def test_others_on_the_machine_do_not_get_at_the_secrets(rendered: Path) -> None:
    """Their folder is closed; what is in it is readable to a container of whatever user."""
    assert stat.S_IMODE((rendered / "secrets").stat().st_mode) == 0o700
    for each in (rendered / "secrets").rglob("*"):
        assert stat.S_IMODE(each.stat().st_mode) == (0o755 if each.is_dir() else 0o444), each


def test_secrets_stay_from_one_time_to_the_next(tmp_path: Path) -> None:
    """Databases know their passwords; sessions and tokens stay good."""
    settings, out = Settings(run=tmp_path / "state" / "run"), tmp_path / "out"
    render(settings, out)
    before = {file: file.read_bytes() for file in (out / "secrets").rglob("*") if file.is_file()}
    render(settings, out)
    assert {file: file.read_bytes() for file in (out / "secrets").rglob("*") if file.is_file()} == before
    assert SigningKey.load(out / "secrets/keys/issuer.key.json")
    assert not list(out.rglob(".*.new"))


def test_port_base_moves_what_is_published(tmp_path: Path) -> None:
    """By the file of variables: two platforms fit beside one another."""
    environ = {"PORT_BASE": "18000", "TILLWATCH_STATE": str(tmp_path)}
    done = CliRunner().invoke(main, ["render"], env=environ)
    assert done.exit_code == 0, done.output
    file = tmp_path / "compose" / ENVIRONMENT_FILE
    assert f"--env-file {file}" in done.output
    variables = dict(line.split("=", 1) for line in file.read_text(encoding="utf-8").splitlines())
    services = composed(**variables)["services"]
    assert variables["RENDERED"] == str(tmp_path / "compose")
    assert services["front-door"]["ports"] == ["127.0.0.1:18000:8000"]
    assert services["prometheus"]["ports"] == ["127.0.0.1:19090:9090"]
    assert services["users"]["environment"]["PUBLIC_URL"] == "http://127.0.0.1:18000"


def test_without_generated_rules_it_says_what_to_do(tmp_path: Path) -> None:
    """And writes nothing."""
    with pytest.raises(Refused, match="generate"):
        render(Settings(run=tmp_path / "run", root=tmp_path), tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_dashboards_are_copied_and_old_ones_go(tmp_path: Path) -> None:
    """Grafana is given generated/grafana as it is now."""
    tree = tmp_path / "tree"
    for name in ("prometheus", "alertmanager"):
        (tree / "generated").mkdir(parents=True, exist_ok=True)
        shutil.copytree(Settings(run=tmp_path).root / "generated" / name, tree / "generated" / name)
    settings, out = Settings(run=tmp_path / "run", root=tree), tmp_path / "out"
    (tree / "generated/grafana").mkdir()
    (tree / "generated/grafana/orders.json").write_text("{}", encoding="utf-8")
    render(settings, out)
    assert [file.name for file in (out / "dashboards").iterdir()] == ["orders.json"]
    (tree / "generated/grafana/orders.json").unlink()
    render(settings, out)
    assert list((out / "dashboards").iterdir()) == []


def test_each_service_has_a_database_that_is_its_own(rendered: Path) -> None:
    """A real PostgreSQL takes the script: a service's schema can be made in its own, and another's is closed to it."""
    plan = secret_files.plan(rendered / "secrets", public_url="http://127.0.0.1:8000")
    with tempfile.TemporaryDirectory() as folder, running_postgres(Path(folder), durable=False) as address:
        script = (rendered / "secrets/databases.sql").read_text(encoding="utf-8")
        with psycopg.connect(for_libpq(address), autocommit=True) as admin:
            for statement in filter(None, map(str.strip, script.split(";"))):
                admin.execute(statement.encode())
        place = address.rpartition("@")[2].rpartition("/")[0]
        here = {name: url.replace("postgres:5432", place) for name, url in plan.databases.items()}
        for name, url in here.items():
            database = open_database(url)
            upgrade(database, name)
            assert database.revision() == head(name)
            database.close()
        with pytest.raises(psycopg.OperationalError, match="permission denied"):
            psycopg.connect(for_libpq(here["orders"].rpartition("/")[0] + "/users"))
