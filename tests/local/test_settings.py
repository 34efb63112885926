"""Ports and places come from the environment."""

from pathlib import Path

import pytest

from local.errors import Refused
from local.settings import MOST_REPLICAS, PORTS, ROOT, from_environment
from local.shop import SERVICES, replicas_of


@pytest.mark.parametrize(
    ("environ", "run"),
    [
        pytest.param({"TILLWATCH_STATE": "/a", "XDG_STATE_HOME": "/b"}, "/a/run", id="our own variable"),
        pytest.param({"XDG_STATE_HOME": "/b"}, "/b/tillwatch/run", id="the desktop's"),
        pytest.param({}, "~/.local/state/tillwatch/run", id="neither"),
        pytest.param({"TILLWATCH_STATE": "", "XDG_STATE_HOME": ""}, "~/.local/state/tillwatch/run", id="empty"),
    ],
)
def test_the_run_directory_is_outside_the_tree(environ: dict[str, str], run: str) -> None:
    """TILLWATCH_STATE, else XDG_STATE_HOME, else the home directory."""
    found = from_environment(environ).run
    assert found == Path(run).expanduser()
    assert not found.is_relative_to(ROOT)


def test_port_base_moves_every_port() -> None:
    """By as much as it differs from 8000."""
    settings = from_environment({"PORT_BASE": "18000"})
    assert {part: settings.port(part) - 10000 for part in PORTS} == PORTS
    assert settings.url("prometheus") == "http://127.0.0.1:19090"


@pytest.mark.parametrize("text", ["x", "-1", "80", "64440", "8000.5", "٨٠٠٠", "99999999999999999999"])
def test_a_base_without_valid_ports_is_refused(text: str) -> None:
    """The message has what was expected."""
    with pytest.raises(Refused, match="expected a number from 1024 to 64439"):
        from_environment({"PORT_BASE": text})


def test_replicas_listen_above_their_service() -> None:
    """And on nobody else's port."""
    settings = from_environment({"PORT_BASE": "18000"})
    replicas = [name for service in SERVICES for name in replicas_of(service, MOST_REPLICAS)]
    ports = [settings.port(name) for name in replicas]
    assert settings.port("orders-3") == 18203
    others = {settings.port(part) for part in PORTS} - {settings.port(service) for service in SERVICES}
    assert len(set(ports)) == len(replicas)
    assert not others & set(ports)


def test_the_last_base_has_valid_ports() -> None:
    """No port is beyond 65535."""
    settings = from_environment({"PORT_BASE": "64439"})
    assert max(settings.port(part) for part in PORTS) == 65535
