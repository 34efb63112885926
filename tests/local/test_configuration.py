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
from synthetics import accounts
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


def _without_keys(document: dict[str, Any], where: Path | None) -> dict[str, Any]:
    """*document* without what may differ; its key files lie below *where*."""
    document["global"].pop("pagerduty_url")
    document.pop("time_intervals", None)
    for receiver in document["receivers"]:
        for kind in ("slack_configs", "email_configs", "webhook_configs"):
            receiver.pop(kind, None)
        if receiver["name"].endswith("-ticket"):
            receiver.pop("pagerduty_configs", None)
        for pagerduty in receiver.get("pagerduty_configs", ()):
            file = Path(pagerduty.pop("routing_key_file"))
            assert where is None or file.is_relative_to(where)
    return document


def _hours(route: dict[str, Any]) -> list[Any]:
    """Every interval that *route* or one below it names; they are taken out."""
    found = [route.pop(name, None) for name in ("active_time_intervals", "mute_time_intervals")]
    return [each for each in found if each] + [each for child in route.get("routes", ()) for each in _hours(child)]


def test_routes_differ_from_the_generated_in_what_this_machine_lacks_alone(written: Settings) -> None:
    """Address and keys; Slack, mail and the sign of life; working hours. What is proved here is what ships."""
    ours, theirs = _read(written.alertmanager_config), _read(written.generated_routes)
    assert ours["global"]["pagerduty_url"] == written.url("pagerduty") + "/v2/enqueue"
    assert _hours(ours["route"]) == []
    _hours(theirs["route"])
    assert _without_keys(ours, written.run) == _without_keys(theirs, None)


def test_tickets_of_a_team_with_a_channel_come_to_the_stand_in() -> None:
    """As its pages do, with a low urgency; at any hour."""
    page = {"routing_key_file": "/etc/x/team-a/routing_key", "severity": "critical", "description": "d"}
    escalated = {"name": "escalation", "pagerduty_configs": [{**page, "description": "for long: d"}]}
    slack = {"api_url_file": "/etc/x/team-a/slack_url", "channel": "#a"}
    leaf = {"receiver": "team-a-ticket", "active_time_intervals": ["office"], "mute_time_intervals": ["free"]}
    generated: dict[str, Any] = {
        "global": {},
        "route": {"receiver": "escalation", "routes": [{"routes": [leaf]}]},
        "time_intervals": [{"name": "office"}],
        "receivers": [
            escalated,
            {"name": "team-a-page", "pagerduty_configs": [page]},
            {"name": "team-a-ticket", "slack_configs": [slack]},
        ],
    }
    local = localised(generated, pagerduty_url="http://x/", keys=Path("/run/keys"))
    here = {**page, "routing_key_file": "/run/keys/team-a/routing_key"}
    assert local["receivers"][1:] == [
        {"name": "team-a-page", "pagerduty_configs": [here]},
        {"name": "team-a-ticket", "pagerduty_configs": [{**here, "severity": "warning"}]},
    ]
    assert local["route"]["routes"] == [{"routes": [{"receiver": "team-a-ticket"}]}]
    assert "time_intervals" not in local


def test_nobody_reads_mail_or_waits_for_a_sign_of_life_here() -> None:
    """Their receivers stay, and tell nobody; a key of theirs is asked for nowhere."""
    mail = {"to": "a@b.example", "auth_password_file": "/etc/x/email/password"}
    switch = {"url": "https://switch.example", "http_config": {"authorization": {"credentials_file": "/etc/x/y/token"}}}
    generated: dict[str, Any] = {
        "route": {"receiver": "a"},
        "receivers": [{"name": "a", "email_configs": [mail]}, {"name": "b", "webhook_configs": [switch]}],
    }
    local = localised(generated, pagerduty_url="http://x/", keys=Path("/run/keys"))
    assert local["receivers"] == [{"name": "a"}, {"name": "b"}]
    assert key_files(local) == ()


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
    processes = {name: [name] for name in (*SERVICES, *WORKERS, "pagerduty", "journeys", "ops", "prometheus")}
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


def test_what_lets_people_act_on_ops_is_private_and_kept(written: Settings) -> None:
    """Whoever has it in their browser keeps it over a restart."""
    token = written.ops_token.read_text(encoding="utf-8")
    configuration.write(written, Choice(), warm_up=False)
    assert written.ops_token.read_text(encoding="utf-8") == token
    assert (len(token), written.ops_token.stat().st_mode & 0o777) == (32, 0o600)


def test_the_shops_secrets_are_private_and_kept_but_for_the_fault_token(written: Settings) -> None:
    """Sessions and what waits in an outbox stay good over a restart; the way to break things does not."""
    first = configuration.write(written, Choice(), warm_up=False)
    again = configuration.write(written, Choice(), warm_up=False)
    assert {name for name in first if first[name] != again[name]} == {"FAULT_TOKEN"}
    assert all(len(secret) == 32 for secret in again.values())
    files = [*written.shop_secrets.iterdir(), *written.shop_keys.glob("*.key.json")]
    assert len(files) >= 6
    assert all(file.stat().st_mode & 0o077 == 0 for file in files)


def test_the_probes_key_is_private_and_kept_and_no_service_has_it(written: Settings) -> None:
    """What every service holds does not tell the password of the probes' staff."""
    key = written.probe_key.read_text(encoding="utf-8")
    secrets = configuration.write(written, Choice(), warm_up=False)
    assert written.probe_key.read_text(encoding="utf-8") == key
    assert (len(key), written.probe_key.stat().st_mode & 0o777) == (32, 0o600)
    assert written.staff_password.read_text(encoding="utf-8") == accounts.staff(key).password
    assert key not in secrets.values()
    assert all(key != each.read_text(encoding="utf-8") for each in written.shop_secrets.iterdir())


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
