"""Calls to a peer that refuses, stalls, resets or answers badly, over real sockets."""

import json
import socket
import threading
import time
from types import SimpleNamespace
from urllib.parse import unquote

import pytest
from prometheus_client import CollectorRegistry

from services.shared import deadline, propagation
from services.shared.breaker import Breaker
from services.shared.config import Config
from services.shared.errors import PeerUnavailable, PeerUnknown
from services.shared.faults import FaultBoard
from services.shared.http_exchange import MAX_REPLY_BYTES
from services.shared.issuer import key_file
from services.shared.outbound import Peer, peer_of
from services.shared.retry_budget import RetryBudget
from services.shared.traffic import verify
from tests.services.shared.peer_server import answers, breaks_off, drips, free_port, resets, stalls

KEY = "a-key-of-this-test"
SOON = 0.2


class Setup:
    """A peer, its metrics, and calls to it."""

    def __init__(self, url: str, **options) -> None:
        self.registry = CollectorRegistry()
        self.peer = Peer("inventory", url, options.pop("tokens", None), registry=self.registry, **options)

    def ask(self, *, idempotent: bool = False, timeout: float = 5, **more):
        """A call that changes something, unless it says otherwise."""
        return self.peer.call("reserve", "POST", "/api/v1/x", timeout=timeout, idempotent=idempotent, **more)

    def attempts(self, outcome: str) -> float:
        """Attempts that ended so."""
        labels = {"peer_service": "inventory", "operation": "reserve", "outcome": outcome}
        return self.registry.get_sample_value("http_client_request_duration_seconds_count", labels) or 0

    @property
    def retries(self) -> float:
        labels = {"peer_service": "inventory", "operation": "reserve"}
        return self.registry.get_sample_value("client_retries_total", labels) or 0

    @property
    def breaker(self) -> float:
        return self.registry.get_sample_value("circuit_breaker_state", {"peer_service": "inventory"})


@pytest.fixture
def setup(peer_server) -> Setup:
    """The peer at the scripted server; retries come at once."""
    return Setup(peer_server.url, random=lambda: 0.0, traffic_key=KEY)


def test_an_answer_comes_back_whole(setup, peer_server) -> None:
    """Status, parsed body, and headers whatever their case."""
    peer_server.will(answers(201, {"ref": "ord_1"}, {"ETag": '"3"'}))
    reply = setup.ask(json={"ref": "ord_1", "name": "é"}, headers={"Idempotency-Key": "k-1"})
    assert (reply.status, reply.json, reply.headers["etag"]) == (201, {"ref": "ord_1"}, '"3"')
    (seen,) = peer_server.seen
    assert (seen.method, seen.path, json.loads(seen.body)) == ("POST", "/api/v1/x", {"ref": "ord_1", "name": "é"})
    assert (seen.headers["content-type"], seen.headers["idempotency-key"]) == ("application/json", "k-1")
    assert setup.attempts("2xx") == 1


@pytest.mark.parametrize("status", [400, 401, 402, 403, 404, 409, 412, 422])
def test_a_refusal_is_an_answer(setup, peer_server, status: int) -> None:
    """It is neither retried, nor an exception, nor held against the peer."""
    peer_server.will(answers(status, {"code": "out_of_stock"}))
    for _ in range(6):
        reply = setup.ask(idempotent=True)
        assert (reply.status, reply.json) == (status, {"code": "out_of_stock"})
    assert (setup.attempts("4xx"), setup.retries, setup.breaker) == (6, 0, 0)


@pytest.mark.parametrize(("status", "body"), [(204, None), (404, b"<html>"), (304, None)])
def test_an_answer_need_not_have_a_body(setup, peer_server, status: int, body: bytes | None) -> None:
    """A refusal in HTML, by something in between, has no JSON."""
    peer_server.will(answers(status, body))
    assert (setup.ask().status, setup.ask().json) == (status, None)


def test_nobody_there_is_surely_nothing_done() -> None:
    """A refused connection is PeerUnavailable, and says who and what, but no address."""
    setup = Setup(f"http://127.0.0.1:{free_port()}")
    with pytest.raises(PeerUnavailable, match=r"^inventory: reserve: connection refused$"):
        setup.ask()
    assert setup.attempts("refused") == 1


def test_a_connection_that_nobody_takes_is_surely_nothing_done() -> None:
    """A server whose queue is full: the time is over before anything was sent."""
    with socket.socket() as full:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        address = full.getsockname()
        waiting = [socket.socket() for _ in range(4)]
        for each in waiting:
            each.setblocking(False)
            each.connect_ex(address)
        setup = Setup(f"http://127.0.0.1:{address[1]}")
        with pytest.raises(PeerUnavailable, match="no connection in time"):
            setup.ask(timeout=SOON)
        for each in waiting:
            each.close()
    assert setup.attempts("timeout") == 1


@pytest.mark.parametrize(
    ("behaviour", "outcome"),
    [
        pytest.param(stalls, "timeout", id="no answer"),
        pytest.param(drips, "timeout", id="an answer in drops"),
        pytest.param(resets, "reset", id="a reset"),
        pytest.param(breaks_off, "reset", id="half an answer"),
        pytest.param(answers(500, {}), "5xx", id="an error"),
        pytest.param(answers(503, {}), "5xx", id="an overload"),
        pytest.param(answers(200, b"<html>"), "invalid", id="no JSON"),
        pytest.param(answers(200, b"[" * 90_000), "invalid", id="JSON without end"),
        pytest.param(answers(200, "x" * MAX_REPLY_BYTES), "invalid", id="an endless answer"),
        pytest.param(answers(200, b"\x1f\x8b", {"Content-Encoding": "gzip"}), "invalid", id="a broken archive"),
    ],
)
def test_after_sending_it_may_have_happened(setup, peer_server, behaviour, outcome: str) -> None:
    """PeerUnknown, not retried, and in time."""
    peer_server.will(behaviour)
    began = time.monotonic()
    with pytest.raises(PeerUnknown, match=r"^inventory: reserve: "):
        setup.ask(timeout=SOON if outcome == "timeout" else 5)
    assert time.monotonic() - began < 1
    assert (len(peer_server.seen), setup.attempts(outcome), setup.retries) == (1, 1, 0)


def test_what_may_be_repeated_is(setup, peer_server) -> None:
    """Twice at most; the third answer is the good one."""
    peer_server.will(answers(500), resets, answers(200, {"good": True}))
    assert setup.ask(idempotent=True).json == {"good": True}
    assert (len(peer_server.seen), setup.retries) == (3, 2)
    assert (setup.attempts("5xx"), setup.attempts("reset"), setup.attempts("2xx")) == (1, 1, 1)


def test_it_ends_after_two_retries(setup, peer_server) -> None:
    """Three attempts in all."""
    peer_server.will(answers(500))
    with pytest.raises(PeerUnknown):
        setup.ask(idempotent=True)
    assert (len(peer_server.seen), setup.retries) == (3, 2)


def test_the_budget_ends_retries(peer_server) -> None:
    """A budget of one retry is spent with the first call."""
    setup = Setup(
        peer_server.url, random=lambda: 0.0, budget=RetryBudget(share=0, reserve=1), breaker=Breaker(failures=99)
    )
    peer_server.will(answers(500))
    for _ in range(5):
        with pytest.raises(PeerUnknown):
            setup.ask(idempotent=True)
    assert (len(peer_server.seen), setup.retries) == (6, 1)


def test_waits_are_drawn_from_a_bound_that_doubles(peer_server) -> None:
    """Full jitter: 50 ms, then 100 ms, times what was drawn."""
    setup = Setup(peer_server.url, random=lambda: 1.0)
    peer_server.will(answers(500), answers(500), answers(200, {}))
    began = time.monotonic()
    setup.ask(idempotent=True)
    assert 0.15 <= time.monotonic() - began < 0.6


def test_the_timeout_is_for_all_attempts(peer_server) -> None:
    """Where the next wait does not fit in what is left, there is no retry."""
    setup = Setup(peer_server.url, random=lambda: 1.0)
    peer_server.will(answers(500))
    with pytest.raises(PeerUnknown):
        setup.ask(idempotent=True, timeout=0.04)
    assert len(peer_server.seen) == 1


def test_what_one_attempt_may_have_done_stays_unknown(peer_server) -> None:
    """An attempt without an answer, then a peer that is down or shut out: not `surely nothing`."""
    setup = Setup(peer_server.url, random=lambda: 0.0, breaker=Breaker(failures=1))
    peer_server.will(answers(500))
    with pytest.raises(PeerUnknown, match=r"status 500; then .*failed too often"):
        setup.ask(idempotent=True)
    assert len(peer_server.seen) == 1


def test_too_many_requests_is_surely_nothing_done(setup, peer_server) -> None:
    """PeerUnavailable with the peer's Retry-After; not retried, not held against it."""
    peer_server.will(answers(429, {}, {"Retry-After": "7"}))
    for _ in range(6):
        with pytest.raises(PeerUnavailable) as raised:
            setup.ask(idempotent=True)
        assert raised.value.retry_after_seconds == 7
    assert (len(peer_server.seen), setup.breaker) == (6, 0)


@pytest.mark.parametrize(("header", "seconds"), [("0", 1), ("9" * 400, 60), ("soon", 1), ("-5", 1), ("٣", 1)])
def test_a_strange_retry_after_is_bounded(setup, peer_server, header: str, seconds: int) -> None:
    """Between a second and a minute, whatever the peer says."""
    encoded = header.encode().decode("latin-1")
    peer_server.will(answers(429, {}, {"Retry-After": encoded}))
    with pytest.raises(PeerUnavailable) as raised:
        setup.ask()
    assert raised.value.retry_after_seconds == seconds


def test_a_peer_that_fails_is_left_alone(peer_server) -> None:
    """After five failures no request arrives any more; who calls learns that nothing has happened, and when to come."""
    setup = Setup(peer_server.url, breaker=Breaker(open_seconds=30))
    peer_server.will(answers(500))
    for _ in range(5):
        with pytest.raises(PeerUnknown):
            setup.ask()
    with pytest.raises(PeerUnavailable, match="inventory: reserve: failed too often") as raised:
        setup.ask(idempotent=True)
    assert (raised.value.retry_after_seconds, len(peer_server.seen), setup.breaker) == (30, 5, 2)
    assert (setup.attempts("breaker_open"), setup.retries) == (1, 0)


def test_a_peer_that_is_back_is_found(peer_server) -> None:
    """After the wait one call tries, and its success is everybody's."""
    setup = Setup(peer_server.url, breaker=Breaker(failures=1, open_seconds=0.1))
    peer_server.will(answers(500), answers(200, {}))
    with pytest.raises(PeerUnknown):
        setup.ask()
    time.sleep(0.1)
    assert setup.ask().status == 200
    assert setup.breaker == 0


def test_calls_run_side_by_side(setup, peer_server) -> None:
    """Eight threads, eight requests at the peer at once."""
    together = threading.Barrier(8, timeout=5)

    def meet(handler) -> None:
        together.wait()
        answers(200, {})(handler)

    peer_server.will(meet)
    statuses = []
    threads = [threading.Thread(target=lambda: statuses.append(setup.ask().status)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=6)
    assert statuses == [200] * 8


def test_a_connection_is_kept(setup, peer_server) -> None:
    """The second call needs no second connection."""
    ports = set()

    def note(handler) -> None:
        ports.add(handler.client_address[1])
        answers(200, {})(handler)

    peer_server.will(note)
    for _ in range(5):
        setup.ask()
    assert len(ports) == 1


def test_a_connection_that_failed_is_not_used_again(setup, peer_server) -> None:
    """A late answer to one request is never taken for the answer to the next."""

    def late(handler) -> None:
        time.sleep(SOON * 2)
        answers(200, {"late": True})(handler)

    peer_server.will(late, answers(200, {"late": False}))
    with pytest.raises(PeerUnknown):
        setup.ask(timeout=SOON)
    time.sleep(SOON * 2)
    assert setup.ask().json == {"late": False}


class TestDeadlines:
    """The caller's deadline cuts what a call may take."""

    def test_the_peer_is_told_how_long_it_has(self, setup, peer_server) -> None:
        """The smaller of the call's time and of what is left."""
        setup.ask(timeout=3)
        with deadline.within(1):
            setup.ask(timeout=3)
        first, second = (int(seen.headers["request-timeout-ms"]) for seen in peer_server.seen)
        assert 2500 < first <= 3000
        assert 500 < second <= 1000

    def test_a_call_ends_with_it(self, setup, peer_server) -> None:
        """Though it may take longer by itself."""
        peer_server.will(stalls)
        began = time.monotonic()
        with deadline.within(SOON), pytest.raises(PeerUnknown):
            setup.ask(timeout=5)
        assert time.monotonic() - began < 1

    def test_when_it_is_over_nothing_is_sent(self, setup, peer_server) -> None:
        """Surely nothing has happened."""
        with deadline.within(0), pytest.raises(PeerUnavailable, match="no time left"):
            setup.ask(idempotent=True)
        assert (peer_server.seen, setup.attempts("no_time"), setup.retries) == ([], 1, 0)

    def test_callers_in_a_hurry_do_not_shut_the_peer_out(self, setup, peer_server) -> None:
        """A timeout that the caller cut short says nothing about the peer; its own timeout does."""
        peer_server.will(stalls)
        for _ in range(6):
            with deadline.within(0.02), pytest.raises(PeerUnknown):
                setup.ask(timeout=5)
        assert setup.breaker == 0
        for _ in range(5):
            with pytest.raises(PeerUnknown):
                setup.ask(timeout=0.02)
        assert setup.breaker == 2


class TestIdentity:
    """Who calls, for whom, in which trace."""

    def test_a_call_is_signed_for_its_peer(self, issuer, peer_server) -> None:
        """With a token of the service that the peer accepts."""
        setup = Setup(peer_server.url, tokens=issuer.service_tokens("orders"))
        setup.ask()
        scheme, _, token = peer_server.seen[0].headers["authorization"].partition(" ")
        assert (scheme, issuer.verifier("inventory").verify(token).subject) == ("Bearer", "service:orders")

    def test_another_audience_can_be_named(self, issuer, peer_server) -> None:
        """For a peer that is known under another name."""
        tokens = issuer.service_tokens("orders")
        peer = Peer("stock", peer_server.url, tokens, "inventory", registry=CollectorRegistry())
        peer.call("read", "GET", "/", timeout=2, idempotent=True)
        token = peer_server.seen[0].headers["authorization"].removeprefix("Bearer ")
        assert issuer.verifier("inventory").verify(token).subject == "service:orders"

    def test_without_tokens_none_is_sent(self, setup, peer_server) -> None:
        """To a peer that is public."""
        setup.ask()
        assert "authorization" not in peer_server.seen[0].headers

    def test_a_request_goes_on_under_its_ids_and_class(self, setup, peer_server) -> None:
        """Trace, request id and signed class."""
        trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
        with propagation.resumed({"traceparent": trace, "request_id": "r-1", "traffic": "probe"}):
            setup.ask()
        headers = peer_server.seen[0].headers
        assert (headers["traceparent"], headers["x-request-id"]) == (trace, "r-1")
        claim = unquote(headers["baggage"].partition("=")[2])
        assert verify(claim, KEY, now=time.time()) == "probe"


class TestFault:
    """The fault dependency-timeout."""

    @pytest.fixture
    def faulty(self, peer_server) -> SimpleNamespace:
        """A board, and a peer that looks at it."""
        board = FaultBoard(clock=time.monotonic, random=lambda: 0.0)
        return SimpleNamespace(board=board, setup=Setup(peer_server.url, board=board))

    def test_calls_to_that_peer_time_out(self, faulty, peer_server) -> None:
        """After their time, as a real one: it may have happened. Nothing arrives."""
        faulty.board.inject("dependency-timeout", share=1, seconds=60, value={"peer": "inventory"})
        began = time.monotonic()
        with pytest.raises(PeerUnknown, match="no answer in time"):
            faulty.setup.ask(timeout=SOON)
        assert SOON <= time.monotonic() - began < 1
        assert (peer_server.seen, faulty.setup.attempts("timeout")) == ([], 1)

    def test_other_peers_answer(self, faulty) -> None:
        """It names one."""
        faulty.board.inject("dependency-timeout", share=1, seconds=60, value={"peer": "payments"})
        assert faulty.setup.ask().status == 200


def test_peers_share_a_registry(peer_server) -> None:
    """Two peers of one service are told apart by their label."""
    registry = CollectorRegistry()
    for name in ("catalog", "inventory"):
        Peer(name, peer_server.url, None, registry=registry).call("read", "GET", "/", timeout=2, idempotent=True)
    labels = {"operation": "read", "outcome": "2xx"}
    for name in ("catalog", "inventory"):
        labels["peer_service"] = name
        assert registry.get_sample_value("http_client_request_duration_seconds_count", labels) == 1


def test_redirects_are_not_followed(setup, peer_server) -> None:
    """A peer cannot send us elsewhere."""
    peer_server.will(answers(302, None, {"Location": "http://127.0.0.1:9/"}))
    assert setup.ask().status == 302


@pytest.mark.parametrize("path", ["http://evil.example/", "api", ""])
def test_a_path_is_a_path(setup, peer_server, path: str) -> None:
    """Nothing else reaches the wire."""
    with pytest.raises(ValueError, match="a path begins with /"):
        setup.peer.call("read", "GET", path, timeout=1, idempotent=True)
    assert peer_server.seen == []


def test_a_base_with_a_path_is_kept(peer_server) -> None:
    """For a peer behind a prefix."""
    setup = Setup(peer_server.url + "/inventory/")
    setup.ask()
    assert peer_server.seen[0].path == "/inventory/api/v1/x"


def test_nan_is_never_sent(setup, peer_server) -> None:
    """It is no JSON."""
    with pytest.raises(ValueError, match="not JSON compliant"):
        setup.ask(json={"x": float("nan")})
    assert peer_server.seen == []


def test_a_failure_is_one_line_in_the_log(setup, peer_server, caplog: pytest.LogCaptureFixture) -> None:
    """With the peer, the operation and the outcome."""
    peer_server.will(answers(500))
    with pytest.raises(PeerUnknown):
        setup.ask()
    (record,) = (record for record in caplog.records if record.name == "services.shared.outbound")
    assert (record.message, record.peer_service, record.operation, record.outcome) == (
        "call failed",
        "inventory",
        "reserve",
        "5xx",
    )


def test_a_peer_is_made_from_the_settings(issuer, peer_server) -> None:
    """Its address, our key, our signature."""
    config = Config(
        service="orders",
        peers={"inventory": peer_server.url},
        service_key_file=key_file(issuer.folder, "service:orders"),
    )
    peer_of(config, "inventory", registry=CollectorRegistry()).call("x", "GET", "/", timeout=2, idempotent=True)
    assert "authorization" in peer_server.seen[0].headers
    without = Config(service="orders", peers={"inventory": peer_server.url})
    peer_of(without, "inventory", registry=CollectorRegistry()).call("x", "GET", "/", timeout=2, idempotent=True)
    assert "authorization" not in peer_server.seen[1].headers
