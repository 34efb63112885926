"""Traffic classes: a signed claim counts, anything else is a user's."""

import hashlib
import hmac
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry

from services.shared import traffic
from services.shared.errors import ClaimRejected
from services.shared.traffic import TrafficClaims, sign, verify

KEY = "a-key-of-this-test"
NOW = 1_800_000_000.0
GOOD = sign("probe", KEY, expires=int(NOW) + 60)


def claims(key: str | None = KEY) -> tuple[TrafficClaims, CollectorRegistry]:
    """A reader at NOW, and where it counts."""
    registry = CollectorRegistry()
    return TrafficClaims(key, registry, now=lambda: NOW), registry


def rejected(registry: CollectorRegistry) -> dict[str, float]:
    """Rejected claims by reason, without the zeros."""
    counts = {
        reason: registry.get_sample_value("traffic_claims_rejected_total", {"reason": reason})
        for reason in traffic.REASONS
    }
    return {reason: count for reason, count in counts.items() if count}


def test_a_claim_is_written_as_agreed() -> None:
    """`class;expiry;hmac`: whoever signs elsewhere, in a probe, comes to the same text."""
    mac = hmac.new(KEY.encode(), b"probe;1800000060", hashlib.sha256).hexdigest()
    assert f"probe;1800000060;{mac}" == GOOD


@pytest.mark.parametrize("kind", ["user", "probe", "load"])
@pytest.mark.parametrize("where", ["HTTP_X_TILLWATCH_TRAFFIC", "HTTP_BAGGAGE"])
def test_a_signed_claim_counts(kind: str, where: str) -> None:
    """In the header, and as a member of baggage beside others'."""
    claim = sign(kind, KEY, expires=int(NOW) + 60)
    in_baggage = f"other=1;p=2, tillwatch-traffic = {quote(claim, safe='')} ;q=1,more=x"
    reader, registry = claims()
    assert reader.of({where: claim if where != "HTTP_BAGGAGE" else in_baggage}) == kind
    assert rejected(registry) == {}


@pytest.mark.parametrize(
    ("claim", "reason"),
    [
        pytest.param("load", "malformed", id="a bare word"),
        pytest.param("", "malformed", id="nothing"),
        pytest.param(GOOD + ";x", "malformed", id="a part too many"),
        pytest.param("probe;soon;" + "0" * 64, "malformed", id="no time"),
        pytest.param("probe;" + "9" * 500 + ";0", "malformed", id="endless"),
        pytest.param("probe;1800000060;" + "0" * 64, "signature", id="no signature"),
        pytest.param("probe;1800000060;é", "signature", id="letters beyond ASCII"),
        pytest.param(GOOD.replace("probe", "load"), "signature", id="another class"),
        pytest.param(GOOD.replace("0060", "0061"), "signature", id="another time"),
        pytest.param(sign("probe", KEY + "x", expires=int(NOW) + 60), "signature", id="another key"),
        pytest.param(sign("bot", KEY, expires=int(NOW) + 60), "unknown_class", id="an unknown class"),
        pytest.param(sign("probe", KEY, expires=int(NOW)), "expired", id="expired"),
        pytest.param(sign("probe", KEY, expires=int(NOW) + 3601), "too_long", id="good for too long"),
    ],
)
def test_all_else_is_a_users_and_counted(claim: str, reason: str) -> None:
    """By its reason."""
    reader, registry = claims()
    assert reader.of({"HTTP_X_TILLWATCH_TRAFFIC": claim}) == "user"
    assert rejected(registry) == {reason: 1}


def test_without_a_key_no_claim_counts() -> None:
    """A service that was given none believes nobody."""
    reader, registry = claims(key=None)
    assert reader.of({"HTTP_X_TILLWATCH_TRAFFIC": GOOD}) == "user"
    assert rejected(registry) == {"no_key": 1}


def test_who_claims_nothing_is_a_user() -> None:
    """And nothing is counted, whatever else a request brings."""
    reader, registry = claims()
    for environ in ({}, {"HTTP_BAGGAGE": "a=1,b"}, {"HTTP_BAGGAGE": "x" * 9000 + ",tillwatch-traffic=load"}):
        assert reader.of(environ) == "user"
    assert rejected(registry) == {}


def test_the_reasons_exist_before_the_first_claim() -> None:
    """rate() sees the first forgery."""
    _, registry = claims()
    assert registry.get_sample_value("traffic_claims_rejected_total", {"reason": "signature"}) == 0


@given(st.text(max_size=200))
def test_no_text_breaks_the_reader(text: str) -> None:
    """Whatever is claimed ends in a class or in a refusal."""
    with pytest.raises(ClaimRejected):
        verify(text, KEY, now=NOW)


def test_requests_are_counted_by_their_class(make_toy) -> None:
    """The label is the proven class, and a view can read it."""
    toy = make_toy(settings={"traffic_key": KEY}, now=lambda: NOW)
    seen = []
    toy.app.after_request(lambda answer: seen.append(traffic.current.get()) or answer)
    toy.client.get("/things/a", headers={"X-Tillwatch-Traffic": "probe"})
    toy.client.get("/things/a", headers={"X-Tillwatch-Traffic": GOOD})
    assert seen == ["user", "probe"]
    assert traffic.current.get() == "user"
    labels = {"http_request_method": "GET", "http_route": "/things/<name>", "http_response_status_code": "200"}
    assert toy.value("http_server_requests_total", **labels, traffic="probe") == 1
    assert toy.value("http_server_requests_total", **labels, traffic="user") == 1
    assert toy.value("traffic_claims_rejected_total", reason="malformed") == 1
