"""What goes on to other services: at once as headers, later through the outbox."""

from urllib.parse import unquote

from prometheus_client import CollectorRegistry

from services.shared import propagation, request_id, tracing, traffic
from services.shared.traffic import TrafficClaims, verify

KEY = "a-key-of-this-test"
GOOD = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


def probing(key: str | None = KEY) -> dict[str, str]:
    """The headers that a probe's request causes."""
    stored = {"traceparent": GOOD, "tracestate": "v=1", "request_id": "r-1", "traffic": "probe"}
    with propagation.resumed(stored):
        return propagation.headers(key, now=1000.0)


def test_a_request_goes_on_under_its_ids() -> None:
    """The trace unchanged, and the request's id."""
    found = probing()
    assert (found["traceparent"], found["tracestate"], found["X-Request-Id"]) == (GOOD, "v=1", "r-1")


def test_its_class_goes_on_signed() -> None:
    """As baggage that a peer with the key believes, for a minute."""
    name, _, value = probing()["baggage"].partition("=")
    assert name == "tillwatch-traffic"
    assert verify(unquote(value), KEY, now=1000.0) == "probe"
    assert unquote(value).split(";")[1] == "1060"


def test_a_peer_reads_what_was_sent() -> None:
    """Writer and reader agree."""
    reader = TrafficClaims(KEY, CollectorRegistry(), now=lambda: 1001.0)
    assert reader.of({"HTTP_BAGGAGE": probing()["baggage"]}) == "probe"


def test_users_carry_no_baggage() -> None:
    """Nor does anybody without a key to sign with."""
    with propagation.resumed({"traceparent": GOOD}):
        assert "baggage" not in propagation.headers(KEY)
    assert "baggage" not in probing(key=None)


def test_outside_a_request_there_is_an_id_all_the_same() -> None:
    """A job's call can be found in the peer's log."""
    assert set(propagation.headers(KEY)) == {"X-Request-Id"}


def test_an_event_resumes_where_it_was_stored() -> None:
    """Ids and class are there while it is handled, and gone afterwards."""
    outer = {"traceparent": GOOD, "tracestate": "v=1", "request_id": "r-1", "traffic": "load"}
    with propagation.resumed(outer):
        assert propagation.stored() == outer
        assert traffic.current.get() == "load"
    assert (request_id.current.get(), tracing.current.get(), traffic.current.get()) == (None, None, "user")


def test_a_damaged_context_is_no_obstacle() -> None:
    """An event of an older release, or a strange one, is handled all the same, as a user's."""
    with propagation.resumed({"traceparent": "x", "request_id": "a b", "traffic": "bot", "more": "1"}):
        found = propagation.stored()
    assert set(found) == {"request_id", "traceparent"}
    assert found["request_id"] != "a b"
