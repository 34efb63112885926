"""What is missing or taken is said before anything is started."""

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from local import preflight
from local.errors import Refused
from local.settings import Settings


@pytest.fixture
def complete(settings: Settings) -> Settings:
    """Settings of a tree that holds generated output."""
    for file in (settings.generated_rules / "catalog.yaml", settings.generated_routes):
        file.parent.mkdir(parents=True)
        file.write_text("{}")
    return settings


@pytest.fixture
def listening(complete: Settings) -> Iterator[Settings]:
    """The same, with somebody else on Prometheus' port."""
    with socket.socket() as server:
        server.bind(("127.0.0.1", complete.port("prometheus")))
        server.listen()
        yield complete


def test_a_complete_machine_passes(complete: Settings) -> None:
    """The binaries are told."""
    found = preflight.check(complete)
    assert set(found) == {"prometheus", "alertmanager"}
    assert all(path.is_file() for path in found.values())


def test_a_taken_port_is_named_with_a_way_out(listening: Settings) -> None:
    """One line: which port, whose, and what to do."""
    with pytest.raises(Refused) as caught:
        preflight.check(listening)
    port = listening.port("prometheus")
    assert str(caught.value) == (f"port {port} (prometheus) is taken: free it, or move every port with PORT_BASE=18000")


def test_a_port_that_was_just_closed_is_free(complete: Settings) -> None:
    """Connections of the last run in TIME_WAIT are nobody's."""
    with socket.socket() as server:
        server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        server.bind(("127.0.0.1", complete.port("catalog")))
        server.listen()
        with socket.create_connection(server.getsockname()):
            server.accept()[0].close()
    assert preflight.is_free(complete.port("catalog"))


def test_missing_output_says_how_to_make_it(settings: Settings) -> None:
    """Rules and routes, both at once."""
    with pytest.raises(Refused) as caught:
        preflight.check(settings)
    lines = str(caught.value).splitlines()
    assert len(lines) == 2
    assert all(line.endswith("run ./generate.py build") for line in lines)


def test_missing_binaries_say_how_to_get_them(complete: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both at once."""
    found: dict[str, Path | None] = {"prometheus": None, "alertmanager": None}
    monkeypatch.setattr(preflight, "find", found.get)
    with pytest.raises(Refused) as caught:
        preflight.check(complete)
    assert str(caught.value).splitlines() == [
        "prometheus is not installed: run make setup",
        "alertmanager is not installed: run make setup",
    ]
