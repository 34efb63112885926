"""The door as a process: replicas, restarts, limits, slow clients, and its own start, reload and end."""

import contextlib
import http.client
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psutil
import pytest

from local import nginx, server
from local.errors import Refused, StartFailed
from local.front_door import DoorSettings, FrontDoor, running_front_door
from local.front_door.configuration import configuration

ROOT = Path(__file__).resolve().parents[3]
API, PAGE = "/api/v1/products", "/c/tea"
FOREVER = """
import sys, time
from pathlib import Path
from local.front_door import running_front_door
with running_front_door(Path(sys.argv[1]), {}) as door:
    print(door.port, flush=True)
    time.sleep(600)
"""


def processes(folder: Path) -> list[psutil.Process]:
    """The master that works in *folder*, and its workers."""
    master = psutil.Process(int((folder / "nginx.pid").read_text()))
    return [master, *master.children()]


def read_and_hang_up(connection: socket.socket) -> None:
    """What a service does that is killed while it answers."""
    connection.recv(65536)
    connection.close()


def read_and_wait(connection: socket.socket) -> None:
    """What a service does that hangs, until the door gives up."""
    connection.settimeout(10)
    with contextlib.suppress(OSError):
        while connection.recv(65536):
            pass
    connection.close()


# --- services that are away ---------------------------------------------------------------------------------------


def test_a_service_that_is_down_is_a_503_and_the_others_serve(shared: Any, tmp_path: Path, nobody: str) -> None:
    """A program gets a problem with Retry-After, a person a page; both say the id of the request."""
    upstreams = {"orders": [nobody], "catalog": [shared.services["catalog"].address], "storefront": [nobody]}
    with running_front_door(tmp_path / "door", upstreams) as door:
        street = replace(shared, door=door)
        for path in ("/api/v1/orders", "/api/v1/users/me"):  # the second has no replica at all
            for method in ("GET", "POST"):
                reply = street.ask(path, method)
                assert (reply.status, reply.headers["content-type"]) == (503, "application/problem+json")
                assert (reply.headers["retry-after"], reply.json()["code"]) == ("2", "unavailable")
                assert reply.json()["request_id"] == reply.headers["x-request-id"]
        page = street.ask(PAGE)
        assert (page.status, page.headers["content-type"]) == (503, "text/html; charset=utf-8")
        assert page.headers["retry-after"] == "2"
        assert b"Please try again in a moment." in page.body
        assert street.ask(API).status == 200
        (line,) = street.log(page)
        assert (line["http_response_status_code"], line["upstream"], line["upstream_status"]) == (
            503,
            "storefront",
            "502",
        )


def test_a_service_that_does_not_answer_is_a_504_that_nobody_should_repeat_blindly(
    tmp_path: Path, asked: Callable[..., Any], a_deaf_service: Callable[..., Any]
) -> None:
    """It came to the service, once, and nobody knows what became of it. Who has waited so long waits no second time."""
    deaf = a_deaf_service(read_and_wait)
    settings = DoorSettings(read_seconds=0.5, connect_seconds=0.1)
    with running_front_door(tmp_path / "door", {"catalog": [deaf.address] * 2}, settings=settings) as door:
        for count, method in enumerate(("POST", "GET"), start=1):
            reply = asked(door.port, API, method)
            assert (reply.status, reply.json()["code"]) == (504, "gateway_timeout")
            assert "retry-after" not in reply.headers
            assert deaf.taken == count


def test_of_two_replicas_the_one_that_is_there_answers(
    tmp_path: Path, asked: Callable[..., Any], an_echo: Callable[..., Any], nobody: str
) -> None:
    """A refused connection costs nothing: not a POST either, for none of it was sent."""
    there = an_echo("catalog")
    with running_front_door(tmp_path / "door", {"catalog": [nobody, there.address]}) as door:
        for method in ("GET", "POST", "PATCH", "PUT", "DELETE") * 4:
            assert asked(door.port, API, method, body=b"once").status == 200
    assert len(there.seen) == 20


def test_replicas_take_turns(tmp_path: Path, asked: Callable[..., Any], an_echo: Callable[..., Any]) -> None:
    """Both have work."""
    both = [an_echo("catalog"), an_echo("catalog")]
    with running_front_door(tmp_path / "door", {"catalog": [f"http://{each.address}" for each in both]}) as door:
        for _ in range(20):
            assert asked(door.port, API).status == 200
    assert min(len(each.seen) for each in both) >= 5


def test_a_replica_is_asked_again_as_soon_as_it_is_back(
    tmp_path: Path, asked: Callable[..., Any], an_echo: Callable[..., Any]
) -> None:
    """One after the other restarts, and no request fails in between: neither is held to be away any longer."""
    first, second = an_echo("catalog"), an_echo("catalog")
    with running_front_door(tmp_path / "door", {"catalog": [first.address, second.address]}) as door:
        first.stop()
        assert [asked(door.port, API, "POST").status for _ in range(8)] == [200] * 8
        again = an_echo("catalog", first.server_address[1])
        second.stop()
        assert [asked(door.port, API, "POST").status for _ in range(8)] == [200] * 8
    assert (len(second.seen), len(again.seen)) == (8, 8)


@pytest.mark.parametrize(("method", "asks", "status"), [("POST", 1, 503), ("PATCH", 1, 503), ("GET", 2, 503)])
def test_what_may_have_happened_is_not_sent_twice(
    method: str,
    asks: int,
    status: int,
    tmp_path: Path,
    asked: Callable[..., Any],
    a_deaf_service: Callable[..., Any],
) -> None:
    """A POST on which a replica hung up is not given to the next; a GET is."""
    breaking = [a_deaf_service(read_and_hang_up) for _ in range(2)]
    with running_front_door(tmp_path / "door", {"catalog": [each.address for each in breaking]}) as door:
        assert asked(door.port, API, method, body=b"x").status == status
    assert sum(each.taken for each in breaking) == asks


def test_a_body_is_not_written_to_disk_on_its_way(tmp_path: Path, a_deaf_service: Callable[..., Any]) -> None:
    """Not while a service is busy with it either: it may hold a password or a card number."""
    deaf = a_deaf_service(read_and_wait)
    with running_front_door(tmp_path / "door", {"orders": [deaf.address]}) as door:
        client = http.client.HTTPConnection("127.0.0.1", door.port, timeout=10)
        with contextlib.closing(client):
            client.request("POST", "/api/v1/orders", body=b"4111 1111 1111 1111," * 3_000)
            until(lambda: deaf.taken == 1)
            # nginx unlinks such a file as soon as it is open.
            held = [each for one in processes(door.folder) for each in Path(f"/proc/{one.pid}/fd").iterdir()]
            assert not [target for each in held if str(door.folder / "body") in (target := str(each.readlink()))]


# --- limits -------------------------------------------------------------------------------------------------------


def test_too_many_requests_of_an_address_are_429(a_street: Any) -> None:
    """With Retry-After, as a problem or a page; what the door answers by itself is not counted."""
    with a_street(DoorSettings(requests_per_second=1, request_burst=4)) as street:
        assert [street.ask("/api").status for _ in range(10)] == [404] * 10
        replies = [street.ask(API) for _ in range(10)]
        statuses = [each.status for each in replies]
        assert statuses[:5] == [200] * 5
        assert statuses[6:] == [429] * 4
        assert (replies[-1].json()["code"], replies[-1].headers["retry-after"]) == ("too_many_requests", "1")
        page = street.ask(PAGE)
        assert (page.status, page.headers["content-type"]) == (429, "text/html; charset=utf-8")
        assert page.headers["retry-after"] == "1"


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/api/v1/auth/login"),
        ("POST", "/api/v1/auth/password-reset/confirm"),
        ("POST", "/login"),
        ("POST", "/login/"),
        ("POST", "/log%69n"),
        ("POST", "/register?next=/"),
        ("POST", "/password-reset"),
        ("POST", "/password-reset/token"),
        ("PUT", "/api/v1/users/me/password"),
        ("POST", "/account/password"),
    ],
)
def test_passwords_are_tried_at_a_slower_rate(method: str, path: str, a_street: Any) -> None:
    """One count for all of these places; pages that only show a form, and everything else, do not count."""
    with a_street(DoorSettings(sign_ins_per_second=1, sign_in_burst=2)) as street:
        statuses = [street.ask(path, method).status for _ in range(6)]
        assert statuses[:3] == [200] * 3
        assert statuses[4:] == [429] * 2
        assert street.ask("/api/v1/auth/refresh", "POST").status == 429
        assert {street.ask(each).status for each in ("/login", "/register", "/password-reset", API)} == {200}
        assert street.ask("/search", "POST").status == 200


def test_too_many_connections_of_an_address_are_429(
    tmp_path: Path, asked: Callable[..., Any], a_deaf_service: Callable[..., Any], an_echo: Callable[..., Any]
) -> None:
    """Two requests that wait for their answers leave none to a third."""
    deaf, there = a_deaf_service(read_and_wait), an_echo("catalog")
    upstreams = {"orders": [deaf.address], "catalog": [there.address]}
    with running_front_door(tmp_path / "door", upstreams, settings=DoorSettings(connections=2)) as door:
        waiting = [socket.create_connection(("127.0.0.1", door.port)) for _ in range(2)]
        for each in waiting:
            each.sendall(b"GET /api/v1/orders HTTP/1.1\r\nHost: x\r\n\r\n")
        until(lambda: deaf.taken == 2)
        assert asked(door.port, API).status == 429
        for each in waiting:
            each.close()
        until(lambda: asked(door.port, API).status == 200)


@pytest.mark.parametrize(
    "begin",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"GET /c/tea HTTP/1.1\r\nHost: x\r\nX-A: ", id="a header that does not end"),
        pytest.param(b"POST /c/tea HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nx", id="a body that does not end"),
    ],
)
def test_a_slow_client_is_hung_up_on(begin: bytes, a_street: Any) -> None:
    """In time, also when it says a little more every now and then; no service has heard of it."""
    with a_street(DoorSettings(slow_client_seconds=0.5)) as street:
        began = time.monotonic()
        with socket.create_connection(("127.0.0.1", street.door.port), timeout=5) as client:
            client.sendall(begin)
            if begin.startswith(b"GET"):
                for _ in range(3):
                    time.sleep(0.1)  # what is slow about it
                    client.sendall(b"x")
            with contextlib.suppress(ConnectionResetError):
                assert client.recv(1) == b""
        assert 0.4 < time.monotonic() - began < 3
        assert street.services["storefront"].seen == []


# --- start, reload, end -------------------------------------------------------------------------------------------


def test_it_starts_answers_and_stops(tmp_path: Path, asked: Callable[..., Any]) -> None:
    """On this machine alone; nothing is left but its configuration and its logs."""
    with running_front_door(tmp_path / "door", {}) as door:
        assert door.url == f"http://127.0.0.1:{door.port}"
        assert asked(door.port, "/api").status == 404
        started = processes(door.folder)
        assert len(started) == 3
        assert {each.laddr.ip for one in started for each in one.net_connections()} == {"127.0.0.1"}
        assert {one.username() for one in started} == {psutil.Process().username()}
    assert not any(each.is_running() for each in started)
    with pytest.raises(ConnectionRefusedError):
        asked(door.port, "/api")
    assert door.folder.stat().st_mode & 0o077 == 0


def test_times_are_utc_wherever_the_machine_is(tmp_path: Path, shared: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """As in the services' logs."""
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    with running_front_door(tmp_path / "door", {}) as door:
        street = replace(shared, door=door)
        (line,) = street.log(street.ask("/api"))
    assert abs(datetime.fromisoformat(line["timestamp"]) - datetime.now(UTC)) < timedelta(minutes=1)
    assert line["timestamp"].endswith("+00:00")


def test_a_folder_with_blanks_quotes_and_dollars_is_a_folder(tmp_path: Path, asked: Callable[..., Any]) -> None:
    """nginx's configuration has a syntax of its own."""
    with running_front_door(tmp_path / 'a "b" $c {', {}) as door:
        assert asked(door.port, "/api").status == 404
    assert door.access_log.exists()


def test_other_upstreams_are_used_from_the_call_on(
    tmp_path: Path, asked: Callable[..., Any], an_echo: Callable[..., Any]
) -> None:
    """The next request already goes the new way, every time; a service that is left out is away."""
    services = [an_echo(f"catalog-{number}") for number in range(2)]
    with running_front_door(tmp_path / "door", {}) as door:
        for round_ in range(6):
            there = services[round_ % 2]
            door.set_upstreams({"catalog": [there.address]})
            assert [asked(door.port, API).json()["service"] for _ in range(4)] == [there.name] * 4
        door.set_upstreams({})
        assert asked(door.port, API).status == 503


def test_reloads_under_load_break_no_request(
    tmp_path: Path, asked: Callable[..., Any], an_echo: Callable[..., Any], wait_for: Callable[..., None]
) -> None:
    """Each over a connection of its own, GET and POST, while the services change hands five times."""
    services = [an_echo(f"catalog-{number}") for number in range(2)]
    settings = DoorSettings(requests_per_second=10_000, request_burst=10_000)
    outcomes: list[Any] = []
    over = threading.Event()

    def client() -> None:
        while not over.is_set() and len(outcomes) < 5_000:
            try:
                method = "POST" if len(outcomes) % 2 else "GET"
                outcomes.append(asked(door.port, API, method, body=b"x" * 100).status)
            except (OSError, http.client.HTTPException) as error:
                outcomes.append(repr(error))

    with running_front_door(tmp_path / "door", {"catalog": [services[0].address]}, settings=settings) as door:
        clients = [threading.Thread(target=client) for _ in range(4)]
        for each in clients:
            each.start()
        for number in (1, 0, 1, 0, 1):
            enough = len(outcomes) + 60
            door.set_upstreams({"catalog": [services[number].address]})
            wait_for(lambda enough=enough: len(outcomes) >= enough, 30)
        assert len(outcomes) < 5_000, "the load was over before the reloads were"
        over.set()
        for each in clients:
            each.join(30)
    assert set(outcomes) == {200}
    assert len(outcomes) >= 300
    assert all(each.seen for each in services)


def test_a_request_that_has_begun_ends_after_a_reload(tmp_path: Path, a_deaf_service: Callable[..., Any]) -> None:
    """The worker that has it stays until it is answered."""
    go = threading.Event()

    def answer_late(connection: socket.socket) -> None:
        connection.recv(65536)
        go.wait(10)
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nlate")
        connection.close()

    late = a_deaf_service(answer_late)
    with running_front_door(tmp_path / "door", {"catalog": [late.address]}) as door:
        client = http.client.HTTPConnection("127.0.0.1", door.port, timeout=10)
        client.request("POST", API, body=b"x")
        until(lambda: late.taken == 1)
        door.set_upstreams({})
        go.set()
        with contextlib.closing(client):
            assert client.getresponse().read() == b"late"


def test_upstreams_that_cannot_be_used_change_nothing(
    tmp_path: Path, asked: Callable[..., Any], an_echo: Callable[..., Any]
) -> None:
    """The message says what was expected; the door serves as before, and would start as before."""
    there = an_echo("catalog")
    with running_front_door(tmp_path / "door", {"catalog": [there.address]}) as door:
        before = (door.folder / "nginx.conf").read_text()
        with pytest.raises(Refused, match="no route to payments: expected catalog, inventory, orders"):
            door.set_upstreams({"payments": ["127.0.0.1:8005"]})
        for address in ("127.0.0.1", "127.0.0.1:1;}", "https://x:1", "http://a:b@x:1", "x:1/path", ""):
            with pytest.raises(Refused, match="is no address of a service: expected HOST:PORT"):
                door.set_upstreams({"catalog": [address]})
        with pytest.raises(Refused, match=r"nginx does not take .*nginx\.conf\.new:\n.*invalid port"):
            door.set_upstreams({"catalog": ["127.0.0.1:99999"]})
        assert (door.folder / "nginx.conf").read_text() == before
        assert asked(door.port, API).status == 200


def test_a_reload_that_nginx_does_not_take_is_told(
    tmp_path: Path, asked: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """With what it said; the old workers serve on."""
    monkeypatch.setattr(nginx, "RELOAD_SECONDS", 1.0)
    with running_front_door(tmp_path / "door", {}) as door:
        (door.folder / "nginx.conf").write_text("nonsense;")
        with pytest.raises(StartFailed, match=r"the new configuration is not in use\n(.*\n)*.*nonsense"):
            door.nginx.reload()
        assert asked(door.port, "/api").status == 404


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_a_parent_that_ends_in_whatever_way_leaves_nothing(
    number: signal.Signals, tmp_path: Path, wait_for: Callable[[Callable[[], bool], float], None]
) -> None:
    """Master and workers end too: killed, terminated or by Ctrl-C."""
    with subprocess.Popen(
        [sys.executable, "-c", FOREVER, str(tmp_path)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as parent:
        try:
            assert parent.stdout is not None
            assert int(parent.stdout.readline()) > 0
            started = processes(tmp_path)
            assert len(started) == 3
            parent.send_signal(number)
            parent.wait(10)
        finally:
            parent.kill()
    wait_for(lambda: not any(each.is_running() and each.status() != "zombie" for each in started), 10)


def test_a_taken_port_is_said_before_anything_is_made(taken_port: int, tmp_path: Path) -> None:
    """The message names the port; the folder is not even made."""
    with (
        pytest.raises(Refused, match=f"port {taken_port} .front door. is taken: free it"),
        running_front_door(tmp_path / "new", {}, port=taken_port),
    ):
        pass
    assert not (tmp_path / "new").exists()


def test_a_start_that_fails_shows_the_end_of_the_log(
    taken_port: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A port that was taken after it was looked at."""
    monkeypatch.setattr(server, "is_free", lambda port: True)
    with (
        pytest.raises(StartFailed, match=r"front door did not start: exit code 1\n(.*\n)*.*Address already in use"),
        running_front_door(tmp_path / "door", {}, port=taken_port),
    ):
        pass


def test_a_missing_program_is_named_with_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Absent programs are no reason for a riddle."""
    monkeypatch.setattr(server, "find", lambda asked: None)
    with pytest.raises(Refused, match="nginx is not installed: run make setup"), running_front_door(tmp_path, {}):
        pass


def test_root_says_whom_workers_run_as_and_nobody_else_does() -> None:
    """Without it root's workers were nobody; for others nginx would warn that it has no effect."""
    asked_by_root = configuration({}, port=8000, settings=DoorSettings(), user=("root", "root"))
    assert re.findall(r"(?m)^user .*", asked_by_root) == ['user "root" "root";']
    assert not re.findall(r"(?m)^user ", configuration({}, port=8000, settings=DoorSettings()))


def test_no_connection_to_a_service_is_kept() -> None:
    """One that the service closes while a POST is sent on it would break that POST."""
    assert "keepalive " not in configuration({"catalog": ["127.0.0.1:8001"]}, port=8000, settings=DoorSettings())


def test_the_door_says_where_it_is(tmp_path: Path) -> None:
    """An address without a path."""
    assert FrontDoor(tmp_path, 8000, DoorSettings()).url == "http://127.0.0.1:8000"


def until(ask: Callable[[], bool]) -> None:
    """Ask again until the answer is true, for five seconds at most."""
    deadline = time.monotonic() + 5
    while not ask():
        assert time.monotonic() < deadline
        time.sleep(0.01)
