"""What the parts are started with, made from the committed output and judged by the real tools."""

import dataclasses
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from local import configuration, prometheus_config
from local.alertmanager_config import key_files, localised
from local.choice import Choice
from local.settings import ROOT, Settings
from local.shop import SERVICES, WORKERS
from tools.install import find

GENERATED: dict[str, Any] = {
    "global": {"pagerduty_url": "https://events.pagerduty.com/v2/enqueue", "resolve_timeout": "5m"},
    "route": {"receiver": "a"},
    "receivers": [
        {"name": "a", "pagerduty_configs": [{"routing_key_file": "/etc/x/team-a/routing_key", "severity": "error"}]},
        {"name": "b", "pagerduty_configs": [{"routing_key_file": "/etc/x/team-b/routing_key"}, {"routing_key": "k"}]},
        {"name": "nobody"},
    ],
}


def _read(path: Path) -> Any:
    return yaml.safe_load(path.read_text(encoding="utf-8"))


def _check(tool: str, *arguments: str) -> None:
    binary = find(tool)
    assert binary is not None, f"{tool} is not installed: run make setup"
    result = subprocess.run([binary, *arguments], capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout + result.stderr


@pytest.fixture
def written(settings: Settings) -> Settings:
    """Settings whose run directory was written from the committed output."""
    settings = dataclasses.replace(settings, root=ROOT)
    configuration.write(settings, Choice(), warm_up=True)
    return settings


def test_promtool_and_amtool_accept_it(written: Settings) -> None:
    """Rules included."""
    _check("promtool", "check", "config", str(written.prometheus_config))
    _check("amtool", "check-config", str(written.alertmanager_config))


def test_routes_differ_from_the_generated_in_address_and_keys_alone(written: Settings) -> None:
    """What is proved here is what ships."""
    ours, theirs = _read(written.alertmanager_config), _read(written.generated_routes)
    assert ours["global"].pop("pagerduty_url") == written.url("pagerduty") + "/v2/enqueue"
    theirs["global"].pop("pagerduty_url")
    for document in (ours, theirs):
        for receiver in document["receivers"]:
            for pagerduty in receiver["pagerduty_configs"]:
                file = Path(pagerduty.pop("routing_key_file"))
                assert document is theirs or file.is_relative_to(written.run)
    assert ours == theirs


def test_keys_and_token_are_private_and_keys_are_kept(written: Settings) -> None:
    """Mode 0600, 32 characters; a second run keeps the keys, as it keeps the incidents."""
    files = key_files(_read(written.alertmanager_config))
    assert files
    keys = {file: file.read_text() for file in files}
    assert all(len(key) == 32 for key in keys.values())
    assert len(set(keys.values())) == len(keys)
    secrets = configuration.write(written, Choice(), warm_up=True)
    assert {file: file.read_text() for file in files} == keys
    assert written.fault_token.read_text() == secrets["FAULT_TOKEN"]
    assert all(file.stat().st_mode & 0o777 == 0o600 for file in (*files, written.fault_token))


def test_every_part_with_metrics_is_scraped_under_its_name(written: Settings) -> None:
    """On loopback, every five seconds; alerts go to both Alertmanagers."""
    config = _read(written.prometheus_config)
    jobs = {job["job_name"]: job["static_configs"] for job in config["scrape_configs"]}
    processes = {name: [name] for name in (*SERVICES, *WORKERS, "pagerduty", "prometheus")}
    processes["alertmanager"] = ["alertmanager", "alertmanager-2"]
    assert jobs == {
        job: [{"targets": [f"127.0.0.1:{written.port(name)}"], "labels": {"instance": name}} for name in names]
        for job, names in processes.items()
    }
    assert config["global"]["scrape_interval"] == "5s"
    (alertmanager,) = config["alerting"]["alertmanagers"]
    assert alertmanager["static_configs"][0]["targets"] == [
        f"127.0.0.1:{written.port(name)}" for name in processes["alertmanager"]
    ]


def test_replicas_are_targets_of_their_services_job(settings: Settings) -> None:
    """A replica is no service of its own: what is asked of `orders` is asked of all."""
    jobs = {"orders": {"orders": 8003, "orders-2": 8103}, "alertmanager": {}}
    job, _ = prometheus_config.config(jobs=jobs, rules=Path("/rules"))["scrape_configs"]
    assert job["static_configs"] == [
        {"targets": ["127.0.0.1:8003"], "labels": {"instance": "orders"}},
        {"targets": ["127.0.0.1:8103"], "labels": {"instance": "orders-2"}},
    ]


def test_the_shops_secrets_are_private_and_kept_but_for_the_fault_token(written: Settings) -> None:
    """Sessions and what waits in an outbox stay good over a restart; the way to break things does not."""
    first = configuration.write(written, Choice(), warm_up=False)
    again = configuration.write(written, Choice(), warm_up=False)
    assert {name for name in first if first[name] != again[name]} == {"FAULT_TOKEN"}
    assert all(len(secret) == 32 for secret in again.values())
    files = [*written.shop_secrets.iterdir(), *written.shop_keys.glob("*.key.json")]
    assert len(files) >= 6
    assert all(file.stat().st_mode & 0o077 == 0 for file in files)


def test_other_receivers_and_keys_are_left_alone() -> None:
    """A key in the text is nobody's file; the input is not changed."""
    local = localised(GENERATED, pagerduty_url="http://x/", keys=Path("/run/keys"))
    assert key_files(local) == (Path("/run/keys/team-a/routing_key"), Path("/run/keys/team-b/routing_key"))
    assert local["global"] == {"pagerduty_url": "http://x/", "resolve_timeout": "5m"}
    assert local["receivers"][1]["pagerduty_configs"][1] == {"routing_key": "k"}
    assert local["receivers"][2] == {"name": "nobody"}
    assert GENERATED["receivers"][0]["pagerduty_configs"][0]["routing_key_file"].startswith("/etc/x")


def test_a_warm_up_changes_intervals_alone(written: Settings) -> None:
    """Every group, and nothing beside."""
    for source in written.generated_rules.glob("*.yaml"):
        generated, hurried = _read(source), _read(written.rules / source.name)
        assert {group.pop("interval") for group in hurried["groups"]} == {"5s"}
        assert {group.pop("interval", None) for group in generated["groups"]} != {"5s"}
        assert hurried == generated


def test_after_the_warm_up_the_rules_are_the_generated_ones(written: Settings) -> None:
    """Byte for byte; files that a build has dropped since are gone."""
    (written.rules / "dropped.yaml").write_text("{}")
    prometheus_config.write_rules(written.generated_rules, written.rules, warm_up=False)
    sources = sorted(written.generated_rules.glob("*.yaml"))
    assert sorted(file.name for file in written.rules.iterdir()) == [file.name for file in sources]
    assert all((written.rules / file.name).read_bytes() == file.read_bytes() for file in sources)
