"""What the page is started with: refused where it would be open to others, or could not be."""

from pathlib import Path
from typing import Any

import pytest

from budget.drill_spec import load
from budget.ops import opening
from budget.ops.errors import NotHere, WrongSetting
from budget.ops.opening import Options
from budget.prometheus import Prometheus
from tests.budget.ops.fakes import ROOT, TOKEN, client, desk

FAULTS: dict[str, Any] = {"faults": True, "targets": ("catalog=http://127.0.0.1:8001",)}


@pytest.fixture
def token_file(tmp_path: Path) -> Path:
    """A token that is its owner's alone."""
    file = tmp_path / "token"
    file.write_text(f"{TOKEN}\n")
    file.chmod(0o600)
    return file


def options(**changes: Any) -> Options:
    """Of a page that can be read on this machine."""
    given: dict[str, Any] = {
        "server": Prometheus("http://127.0.0.1:9090"),
        "alertmanagers": (),
        "pagerduty": None,
        "jaeger": None,
        "host": "127.0.0.1",
        "port": 8080,
        "allow_remote": False,
        "hosts": (),
        "behind_tls": False,
        "token_file": None,
        "token": "",
        "environment": "local",
        "specs": ROOT / "slo/specs",
        "runbooks": ROOT / "alerts/runbooks",
        "faults": False,
        "targets": (),
        "fault_token_file": None,
        "drills": (ROOT / "local/breaks",),
        "generated": ROOT / "generated",
        "promtool": "promtool",
    }
    return Options(**given | changes)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.7", "ops.example"])  # the point of it
def test_another_address_than_this_machines_has_to_be_meant(host: str, token_file: Path) -> None:
    """It says why; and then nothing is read without a token."""
    with pytest.raises(WrongSetting, match="can be reached from other machines"):
        opening.door(options(host=host, token_file=token_file))
    with pytest.raises(WrongSetting, match="--allow-remote needs --token-file"):
        opening.door(options(host=host, allow_remote=True))
    assert not opening.door(options(host=host, allow_remote=True, token_file=token_file)).reads_freely


@pytest.mark.parametrize(
    ("changes", "names"),
    [({"hosts": ("ops.example",)}, "--allow-host"), ({"behind_tls": True}, "--behind-tls")],
    ids=["by another name", "by TLS"],
)
def test_a_page_behind_a_proxy_is_read_with_the_token_alone(
    changes: dict[str, Any], names: str, token_file: Path
) -> None:
    """It listens to this machine, and the proxy to all others."""
    with pytest.raises(WrongSetting, match=f"{names} needs --token-file"):
        opening.door(options(**changes))
    given = options(**changes, token_file=token_file)
    assert client(desk(), opening.door(given)).get("/ops.json").status_code == 401


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "::1", "127.8.8.8"])
def test_this_machine_reads_freely(host: str) -> None:
    """At the address that it listens at; also without a token, with which nobody acts."""
    found = opening.door(options(host=host))
    assert (found.reads_freely, found.can_open) == (True, False)
    address = f"[{host}]:8080" if ":" in host else f"{host}:8080"
    assert client(desk(), found).get("/ops", headers={"Host": address}).status_code == 200


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604, 0o660, 0o666])
def test_a_token_that_others_can_read_is_nobodys_secret(token_file: Path, mode: int) -> None:
    """The message says what to do."""
    token_file.chmod(mode)
    with pytest.raises(WrongSetting, match=rf"chmod 600 {token_file}"):
        opening.door(options(token_file=token_file))


@pytest.mark.parametrize(("text", "says"), [("", "is empty"), ("short\n", "holds 5 characters")])
def test_a_token_that_can_be_guessed_is_none(token_file: Path, text: str, says: str) -> None:
    """Sixteen characters at least."""
    token_file.write_text(text)
    with pytest.raises(WrongSetting, match=says):
        opening.door(options(token_file=token_file))


def test_a_token_that_is_not_there_is_a_message(tmp_path: Path) -> None:
    """And no page on which nobody can sign in."""
    with pytest.raises(WrongSetting, match="cannot be read"):
        opening.door(options(token_file=tmp_path / "nothing"))


def test_a_token_may_come_by_the_environment(token_file: Path) -> None:
    """Where no file can be its reader's alone; one that is named wins."""
    assert opening.door(options(token="b" * 16)).is_right("b" * 16)
    assert opening.door(options(token="b" * 16, token_file=token_file)).is_right(TOKEN)
    with pytest.raises(WrongSetting, match="holds 3 characters"):
        opening.door(options(token="abc"))


def test_a_token_is_what_its_file_says(token_file: Path) -> None:
    """Without the line's end."""
    found = opening.door(options(token_file=token_file))
    assert found.is_right(TOKEN)
    assert not found.is_right("another token of some length")


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"alertmanagers": ("nothing",)}, "--alertmanager: expected an address"),
        ({"pagerduty": "nothing"}, "--pagerduty: expected an address"),
        ({"jaeger": "javascript:alert(1)"}, "--jaeger: expected an address"),
        ({"faults": True}, "--faults needs --fault-target"),
        (FAULTS, "--faults needs"),
        ({**FAULTS, "environment": "production"}, "for --environment local alone: this page's is production"),
        ({**FAULTS, "environment": " "}, "this page's is production"),
        ({**FAULTS, "fault_token_file": Path("t"), "targets": ("catalog",)}, "expected NAME=URL"),
        ({**FAULTS, "fault_token_file": Path("t"), "targets": ("a=b",)}, "--fault-target: expected an address"),
        ({"targets": ("a=http://b.example",)}, "are for --faults"),
        ({**FAULTS, "fault_token_file": Path("t"), "drills": (ROOT / "local/breaks",) * 2}, "there are two of catalog"),
        ({**FAULTS, "fault_token_file": Path("t"), "drills": (ROOT / "slo/specs",)}, "slo/specs/"),
    ],
)
def test_what_cannot_be_is_a_message(changes: dict[str, Any], says: str) -> None:
    """That names the option."""
    with pytest.raises(WrongSetting, match=says):
        opening.desk(options(**changes))


def test_replicas_are_broken_together() -> None:
    """A name may come more than once."""
    targets = ("orders=http://127.0.0.1:1", "orders=http://127.0.0.1:2", "users=http://127.0.0.1:3")
    found = opening.desk(options(faults=True, targets=targets, fault_token_file=Path("t")))
    assert found.faults is not None
    assert found.faults.names == ("orders", "users")
    assert found.drills is not None
    assert [each.name for each in found.drills.all()] == ["catalog-errors"]


def test_a_drill_is_reckoned_by_the_rules_of_now(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is generated while the page runs is read again, and nothing that is as it was."""
    (drill,) = load(ROOT / "local/breaks")
    read: list[Path] = []
    monkeypatch.setattr("budget.drill_forecast.read_rules", lambda folder, _: read.append(folder))
    monkeypatch.setattr("budget.drill_forecast.forecasts", lambda *_, **__: ())
    reckon = opening.forecaster(options(generated=tmp_path, promtool="true"))
    for text, times in (("a", 1), ("a", 1), ("another", 2)):
        file = tmp_path / "prometheus/rules/shop.yaml"
        if not file.exists() or file.read_text() != text:
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text)
        reckon(drill)
        assert read == [tmp_path] * times


def test_without_promtool_nobody_can_say_when(tmp_path: Path) -> None:
    """The rest of the page goes on."""
    (drill,) = load(ROOT / "local/breaks")
    with pytest.raises(NotHere, match="is not installed"):
        opening.forecaster(options(promtool=str(tmp_path / "nothing")))(drill)
