"""Webhooks, from the outbox to a real socket: signed, in order, repeated until they have arrived."""

import json
import socket
import time
from collections.abc import Iterator

import pytest
from prometheus_client import CollectorRegistry

from services.payments.adapters.webhooks import PAUSE_SECONDS, WebhookFailed, WebhookSender
from services.payments.domain.signature import signature
from services.payments.worker import make_worker
from services.shared import traffic
from services.shared.config import Config
from services.shared.outbox import MAX_DELAY_MS, Event, Relay
from tests.services.payments.receiver import KEY, Receiver, free_port, is_signed, receiving
from tests.services.payments.running_gateway import TRAFFIC_KEY, Gateway

EVENT = Event(
    event_id="evt_1",
    type="payment.captured",
    subject="ord_1",
    occurred_at_ms=1_800_000_000_123,
    data={"reference": "ord_1"},
)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """A receiver that takes everything."""
    with receiving() as found:
        yield found


def relay_to(gateway: Gateway, receiver: Receiver) -> Relay:
    """What the worker runs."""
    sender = WebhookSender(receiver.url, KEY, traffic_key=TRAFFIC_KEY, now=gateway.clock, clock=gateway.clock)
    return Relay(gateway.database, sender.send, now=gateway.clock, random=lambda: 1.0)


def run(gateway: Gateway, relay: Relay, *, rounds: int = 10) -> None:
    """So many rounds, as far apart as the longest delay between attempts."""
    for _ in range(rounds):
        relay.run_once()
        gateway.clock.now += MAX_DELAY_MS / 1000


def test_the_signature_is_the_one_that_is_specified() -> None:
    """A fixed example; computed by `printf '1700000000.{}' | openssl dgst -sha256 -hmac key`."""
    wanted = "t=1700000000,v1=9d713ed406bb7076d4123f0dc2c39d2df5c654ed4b0cd56b52c8b4c940bd63ae"
    assert signature("key", b"{}", at=1_700_000_000) == wanted


def test_a_webhook_says_what_happened(gateway: Gateway, receiver: Receiver, reference: str) -> None:
    """Its body names event, type, time and payment; the signature is good."""
    gateway.authorise(reference)
    relay_to(gateway, receiver).run_once()
    (event,) = receiver.got
    assert event == {
        "event_id": event["event_id"],
        "type": "payment.authorised",
        "occurred_at": "2027-01-15T08:00:00.000Z",
        "data": {
            "reference": reference,
            "state": "AUTHORISED",
            "amount": {"minor_units": 2490, "currency": "EUR"},
            "version": 1,
        },
    }
    assert event["event_id"].startswith("evt_")
    assert is_signed(receiver.headers[0], receiver.bodies[0], now=gateway.clock.now)
    assert receiver.headers[0]["content-type"] == "application/json"


def test_each_attempt_is_signed_anew(gateway: Gateway, receiver: Receiver, reference: str) -> None:
    """A repeat after an hour is not too old for its receiver; the event is the same to the letter."""
    receiver.answer = lambda event: 500 if len(receiver.got) == 1 else 204
    gateway.authorise(reference)
    relay = relay_to(gateway, receiver)
    relay.run_once()
    gateway.clock.now += 3600
    relay.run_once()
    assert receiver.bodies[0] == receiver.bodies[1]
    first, second = receiver.headers
    assert is_signed(second, receiver.bodies[1], now=gateway.clock.now)
    assert not is_signed(first, receiver.bodies[0], now=gateway.clock.now)


@pytest.mark.parametrize(
    "forged",
    [
        pytest.param(lambda h, b: (h, b.replace(b"2490", b"9490")), id="another amount"),
        pytest.param(lambda h, b: (h | {"tillwatch-signature": "t=1,v1=" + "0" * 64}, b), id="no signature of ours"),
        pytest.param(
            lambda h, b: (h | {"tillwatch-signature": h["tillwatch-signature"].replace("t=18", "t=19")}, b),
            id="another time",
        ),
    ],
)
def test_what_is_forged_does_not_pass(gateway: Gateway, receiver: Receiver, reference: str, forged) -> None:
    """Time and body are both signed."""
    gateway.authorise(reference)
    relay_to(gateway, receiver).run_once()
    headers, body = forged(receiver.headers[0], receiver.bodies[0])
    assert not is_signed(headers, body, now=gateway.clock.now)


def test_every_step_of_a_payment_is_told_in_order(gateway: Gateway, receiver: Receiver, reference: str) -> None:
    """One after the other of one payment; a decline and a void of another are told, too."""
    other, third, *_ = (reference[:-1] + digit for digit in "def" if digit != reference[-1])
    gateway.authorise(reference)
    gateway.capture(reference)
    gateway.refund(reference, 1)
    gateway.authorise(other, "tok_expired_card")
    gateway.void(third)
    run(gateway, relay_to(gateway, receiver))
    assert receiver.types(reference) == ["payment.authorised", "payment.captured", "payment.refunded"]
    assert receiver.types(other) == ["payment.declined"]
    assert receiver.types(third) == ["payment.voided"]
    assert [event["data"]["version"] for event in receiver.got if event["data"]["reference"] == reference] == [1, 2, 3]


def test_what_is_repeated_or_refused_is_not_told_again(gateway: Gateway, receiver: Receiver, reference: str) -> None:
    """As many webhooks as things that happened."""
    for _ in range(3):
        gateway.authorise(reference)
        gateway.capture(reference)
        gateway.void(reference)
    run(gateway, relay_to(gateway, receiver))
    assert receiver.types() == ["payment.authorised", "payment.captured"]


def test_a_receiver_that_was_down_gets_everything_in_order(gateway: Gateway, reference: str) -> None:
    """First nobody listens, then somebody who answers 503, then it takes them: none is lost, none overtakes."""
    down = Receiver(port=free_port())
    relay = relay_to(gateway, down)
    gateway.authorise(reference)
    run(gateway, relay, rounds=2)
    gateway.capture(reference)
    with receiving(down):
        down.answer = lambda event: 503
        run(gateway, relay, rounds=2)
        assert set(down.types()) == {"payment.authorised"}
        refused = len(down.got)
        down.answer = lambda event: 204
        run(gateway, relay)
    assert down.types()[refused:] == ["payment.authorised", "payment.captured"]
    assert gateway.value("shop_outbox_oldest_seconds") == 0


def test_one_payment_that_is_refused_does_not_hold_up_another(gateway: Gateway, receiver: Receiver) -> None:
    """Order is kept within a payment, not between them."""
    stuck, fine = f"ord_{1:032x}", f"ord_{2:032x}"
    receiver.answer = lambda event: 500 if event["data"]["reference"] == stuck else 204
    gateway.authorise(stuck)
    gateway.authorise(fine)
    gateway.capture(fine)
    run(gateway, relay_to(gateway, receiver), rounds=3)
    assert receiver.types(fine) == ["payment.authorised", "payment.captured"]
    assert set(receiver.types(stuck)) == {"payment.authorised"}


def test_a_duplicate_has_the_id_of_the_first(gateway: Gateway, receiver: Receiver, reference: str) -> None:
    """A receiver can tell that it has been told already."""
    gateway.fault("duplicate-webhook")
    gateway.authorise(reference)
    relay_to(gateway, receiver).run_once()
    first, second = receiver.got
    assert first == second


def test_a_webhook_carries_on_what_the_request_was_part_of(
    gateway: Gateway, receiver: Receiver, reference: str
) -> None:
    """Its trace, its id, and its traffic class, signed anew."""
    claim = traffic.sign("probe", TRAFFIC_KEY, expires=int(gateway.clock.now) + 60)
    trace = f"00-{'ab' * 16}-{'cd' * 8}-01"
    gateway.authorise(
        reference, headers={"X-Tillwatch-Traffic": claim, "X-Request-Id": "checkout-1", "traceparent": trace}
    )
    gateway.clock.now += 3600
    relay_to(gateway, receiver).run_once()
    (headers,) = receiver.headers
    assert headers["x-request-id"] == "checkout-1"
    assert headers["traceparent"].split("-")[1] == "ab" * 16
    environ = {"HTTP_BAGGAGE": headers["baggage"]}
    claims = traffic.TrafficClaims(TRAFFIC_KEY, CollectorRegistry(), now=gateway.clock)
    assert claims.of(environ) == "probe"


def test_a_redirect_is_not_followed(gateway: Gateway, receiver: Receiver, reference: str) -> None:
    """It counts as a refusal: nobody else gets what is signed for this address."""
    receiver.answer = lambda event: 307
    gateway.authorise(reference)
    relay_to(gateway, receiver).run_once()
    assert len(receiver.got) == 1
    gateway.clock.now += 3600
    assert gateway.value("shop_outbox_oldest_seconds") == 3600


def test_a_receiver_that_hangs_holds_up_one_attempt(gateway: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    """Twenty events cost one wait, not twenty: after it nobody is asked for a moment."""
    monkeypatch.setattr("services.payments.adapters.webhooks.READ_SECONDS", 0.3)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        for number in range(20):
            gateway.authorise(f"ord_{number:032x}")
        relay = relay_to(gateway, Receiver(port=silent.getsockname()[1]))
        began = time.monotonic()
        assert relay.run_once() == 20
        assert time.monotonic() - began < 2


def test_after_the_pause_it_tries_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """The pause ends by itself, and its failures say what they are; no address is in them."""
    ticks = [0.0]
    nobody = Receiver(port=free_port())
    sender = WebhookSender(nobody.url, KEY, clock=lambda: ticks[0])
    for wanted in ("no answer: NewConnectionError", "paused"):
        with pytest.raises(WebhookFailed, match=wanted) as raised:
            sender.send(EVENT)
        assert str(nobody.port) not in str(raised.value)
    ticks[0] = PAUSE_SECONDS
    with receiving(nobody):
        sender.send(EVENT)
    assert nobody.got[0]["occurred_at"] == "2027-01-15T08:00:00.123Z"


@pytest.mark.parametrize("key", [KEY, None], ids=["with a key", "without one"])
def test_without_a_key_nothing_is_sent(
    gateway: Gateway, receiver: Receiver, reference: str, key: str | None, caplog
) -> None:
    """It is said once; what waits is sent when there is a key."""
    gateway.authorise(reference)
    config = Config(service="payments", webhook_url=receiver.url, webhook_key=key)
    registry = CollectorRegistry()
    worker = make_worker(config, gateway.database, registry, now=gateway.clock)
    receiver.answer = lambda event: worker.stop() or 204
    if key is None:
        worker.stop()
    worker.run()
    assert len(receiver.got) == (0 if key is None else 1)
    warnings = [record.message for record in caplog.records if "WEBHOOK" in record.message]
    assert len(warnings) == (1 if key is None else 0)
    if key is not None:
        assert registry.get_sample_value("shop_event_delivery_seconds_count") == 1
        assert registry.get_sample_value("shop_event_delivery_seconds_bucket", {"le": "60.0"}) == 1


def test_the_body_is_json_of_a_known_length() -> None:
    """No spaces, so that two ways to write it are less likely to differ."""
    with receiving() as found:
        WebhookSender(found.url, KEY).send(EVENT)
    assert b" " not in found.bodies[0]
    assert json.loads(found.bodies[0])["type"] == "payment.captured"
