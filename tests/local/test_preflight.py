"""What is missing or taken is said before anything is started."""

import shutil
import socket
from collections.abc import Iterator

import pytest

from local import preflight
from local.choice import Choice
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
    found = preflight.check(complete, Choice())
    assert set(found) == {"prometheus", "promtool", "alertmanager", "nginx"}
    assert all(path.is_file() for path in found.values())


def test_a_taken_port_is_named_with_a_way_out(listening: Settings) -> None:
    """One line: which port, whose, and what to do."""
    with pytest.raises(Refused) as caught:
        preflight.check(listening, Choice())
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
        preflight.check(settings, Choice())
    lines = str(caught.value).splitlines()
    assert len(lines) == 2
    assert all(line.endswith("run ./generate.py build") for line in lines)


def test_missing_binaries_say_how_to_get_them(complete: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """All at once; what the plain platform does without is said with what installs it."""
    monkeypatch.setattr(preflight, "find", lambda name: None)
    with pytest.raises(Refused) as caught:
        preflight.check(complete, Choice(postgres=True))
    assert str(caught.value).splitlines() == [
        *(f"{name} is not installed: run make setup" for name in ("prometheus", "promtool", "alertmanager", "nginx")),
        *(f"{name} is not installed: run make setup test-tools" for name in ("postgres", "initdb")),
    ]


def test_one_service_alone_needs_its_own_port_and_no_rules(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever works on the catalog may have anything else running."""
    monkeypatch.setattr(preflight, "is_free", lambda port: port == settings.port("catalog"))
    assert preflight.check(settings, Choice(only=("catalog",))) == {}
    with pytest.raises(Refused) as caught:
        preflight.check(settings, Choice(only=("catalog", "orders")))
    assert [line.split("(")[1].split(")")[0] for line in str(caught.value).splitlines()] == ["orders", "orders-worker"]


def test_a_full_disk_is_said_with_what_is_needed(complete: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """Before anything is half written."""
    usage = shutil.disk_usage("/")._replace(free=100 * 2**20)
    monkeypatch.setattr(preflight.shutil, "disk_usage", lambda path: usage)
    with pytest.raises(Refused, match=r"has 100 MiB left, 2 GiB are needed: make room, or .*TILLWATCH_STATE"):
        preflight.check(complete, Choice())
