"""The gateway's bad days: each by a fault that is switched on, the timeouts by a token, too."""

import pytest

from services.payments import fault_kinds
from services.payments.adapters.store import COPIES
from services.payments.adapters.tables import METADATA
from tests.services.payments.running_gateway import FAULT_TOKEN, PATH, Gateway

OUTBOX = METADATA.tables["outbox"]


def deliver_all(gateway: Gateway) -> None:
    """What a worker does, without one."""
    with gateway.database.writing() as connection:
        connection.execute(OUTBOX.update().values(delivered_at_ms=1))


@pytest.mark.parametrize(
    ("kind", "more"),
    [
        (fault_kinds.DECLINED, {}),
        (fault_kinds.SLOW, {"delay_seconds": 3.0}),
        (fault_kinds.TIMEOUT_BEFORE_CHARGE, {"share": 0.1}),
        (fault_kinds.TIMEOUT_AFTER_CHARGE, {"share": 0.1}),
        (fault_kinds.DUPLICATE_WEBHOOK, {}),
        (fault_kinds.WEBHOOK_BEFORE_RESPONSE, {}),
        (fault_kinds.OUTAGE, {}),
    ],
)
def test_each_kind_is_known_and_seen(gateway: Gateway, kind: str, more: dict) -> None:
    """It can be switched on, and its gauge says so until its time is up."""
    assert gateway.value("shop_fault_active", fault=kind) == 0
    gateway.fault(kind, **more)
    assert gateway.value("shop_fault_active", fault=kind) == 1
    gateway.clock.now += 60
    assert gateway.value("shop_fault_active", fault=kind) == 0


@pytest.mark.parametrize("delay", [None, 0, -1, 10.5, "3"])
def test_a_slow_day_needs_a_bounded_delay(gateway: Gateway, delay: object) -> None:
    """Not one that holds threads for minutes."""
    wanted = {"fault": "slow", "seconds": 60} | ({} if delay is None else {"delay_seconds": delay})
    headers = {"Authorization": f"Bearer {FAULT_TOKEN}"}
    assert gateway.app.test_client().post("/internal/faults", json=wanted, headers=headers).status_code == 422


def test_a_day_of_declines(gateway: Gateway, reference: str) -> None:
    """Good cards are declined with a code of their own, and stay so for that reference."""
    gateway.fault("declined")
    answers = [gateway.authorise(reference)]
    gateway.clock.now += 60
    answers.append(gateway.authorise(reference))
    assert {(a.status_code, a.json["decline_code"]) for a in answers} == {(402, "do_not_honor")}


def test_a_share_hits_by_chance(gateway: Gateway, reference: str) -> None:
    """Of a tenth, what chance draws below a tenth."""
    gateway.fault("declined", share=0.1)
    gateway.drawn = 0.1
    assert gateway.authorise(reference).status_code == 201
    gateway.drawn = 0.0999
    assert gateway.authorise(reference[:-1] + "f").status_code == 402


@pytest.mark.parametrize(("fault", "token", "seconds"), [(3.0, "tok_visa", 3.0), (None, "tok_slow", 1.5)])
def test_a_slow_day(gateway: Gateway, reference: str, fault: float | None, token: str, seconds: float) -> None:
    """The charge comes late, also after the caller has hung up."""
    if fault is not None:
        gateway.fault("slow", delay_seconds=fault)
    answer = gateway.authorise(reference, token, headers={"Request-Timeout-Ms": "100"})
    assert (answer.status_code, gateway.slept) == (201, [seconds])


@pytest.mark.parametrize(
    ("fault", "token"), [("timeout-before-charge", "tok_visa"), (None, "tok_timeout_before")], ids=["fault", "token"]
)
def test_a_timeout_before_the_charge(gateway: Gateway, reference: str, fault: str | None, token: str) -> None:
    """504, nothing has happened, and the key is free for a better day."""
    if fault is not None:
        gateway.fault(fault)
    answer = gateway.authorise(reference, token, key="a")
    assert (answer.status_code, answer.json["code"]) == (504, "gateway_timeout")
    assert gateway.payment(reference) is None
    gateway.clock.now += 60
    assert gateway.authorise(reference, token, key="a").status_code == (504 if fault is None else 201)


@pytest.mark.parametrize(
    ("fault", "token"), [("timeout-after-charge", "tok_visa"), (None, "tok_timeout_after")], ids=["fault", "token"]
)
def test_a_timeout_after_the_charge(gateway: Gateway, reference: str, fault: str | None, token: str) -> None:
    """504, though the money is held: who asks learns it, who repeats gets the answer, once."""
    if fault is not None:
        gateway.fault(fault)
    assert gateway.authorise(reference, token, key="a").status_code == 504
    assert gateway.payment(reference)["state"] == "AUTHORISED"
    again = gateway.authorise(reference, token, key="a")
    assert (again.status_code, again.headers["Idempotent-Replayed"]) == (201, "true")
    assert gateway.authorise(reference, token, key="b").status_code == 201
    assert gateway.entries(reference) == [("AUTHORISE", 2490)]
    assert len(gateway.slept) == 1


@pytest.mark.parametrize("operation", ["capture", "void", "refund"])
def test_every_operation_can_time_out_on_either_side(gateway: Gateway, reference: str, operation: str) -> None:
    """Before: the payment is as it was. After: it has changed, and the repeat says so."""
    gateway.authorise(reference)
    if operation == "refund":
        gateway.capture(reference)
    before = gateway.payment(reference)
    act = {
        "capture": lambda: gateway.capture(reference, key="c"),
        "void": lambda: gateway.void(reference, key="v"),
        "refund": lambda: gateway.refund(reference, 1, key="r"),
    }[operation]
    gateway.fault("timeout-before-charge")
    assert act().status_code == 504
    assert gateway.payment(reference) == before
    gateway.clock.now += 60
    gateway.fault("timeout-after-charge")
    assert act().status_code == 504
    after = gateway.payment(reference)
    assert after["version"] == before["version"] + 1
    assert act().status_code in (200, 201)
    assert gateway.payment(reference) == after


@pytest.mark.parametrize(
    ("timeout_ms", "least", "most"),
    [
        pytest.param(None, 2.0, 2.0, id="a caller that does not say how long it waits"),
        pytest.param("300", 0.3, 0.41, id="a caller with little patience"),
        pytest.param("60000", 5.0, 5.0, id="a caller with much"),
    ],
)
@pytest.mark.parametrize("token", ["tok_timeout_before", "tok_timeout_after"])
def test_no_stall_holds_a_thread_for_long(
    gateway: Gateway, reference: str, token: str, timeout_ms: str | None, least: float, most: float
) -> None:
    """It ends shortly after the caller is gone, and after five seconds in any case."""
    headers = {} if timeout_ms is None else {"Request-Timeout-Ms": timeout_ms}
    assert gateway.authorise(reference, token, headers=headers).status_code == 504
    (seconds,) = gateway.slept
    assert least <= seconds <= most


def test_a_refused_operation_does_not_time_out_after(gateway: Gateway, reference: str) -> None:
    """What has not happened cannot be unknown."""
    gateway.fault("timeout-after-charge")
    assert gateway.capture(reference).status_code == 404
    assert gateway.slept == []


def test_a_duplicate_webhook(gateway: Gateway, reference: str) -> None:
    """The event is to be sent twice; on other days once."""
    gateway.fault("duplicate-webhook")
    gateway.authorise(reference)
    gateway.clock.now += 60
    gateway.capture(reference)
    with gateway.database.reading() as connection:
        contexts = connection.execute(OUTBOX.select().order_by(OUTBOX.c.id)).all()
    assert [COPIES in row.context for row in contexts] == [True, False]


def test_a_webhook_before_the_response(gateway: Gateway, reference: str) -> None:
    """The answer is held until the webhook has arrived."""
    gateway.fault("webhook-before-response")
    asked = []

    def worker() -> None:
        asked.append(gateway.payment(reference)["state"])
        if len(asked) == 3:
            deliver_all(gateway)

    gateway.on_sleep = worker
    assert gateway.authorise(reference).status_code == 201
    # Whoever gets the webhook and asks finds the truth already.
    assert asked == ["AUTHORISED"] * 3


def test_a_webhook_that_never_arrives_does_not_hold_the_answer(gateway: Gateway, reference: str) -> None:
    """Two seconds, or what is left of the caller's time."""
    gateway.fault("webhook-before-response")
    assert gateway.authorise(reference).status_code == 201
    assert sum(gateway.slept) == pytest.approx(2.0)


def test_an_outage(gateway: Gateway, reference: str) -> None:
    """503 with Retry-After to every question and order; the platform's own pages work."""
    gateway.fault("outage")
    answers = [gateway.authorise(reference), gateway.get(PATH), gateway.get(f"/api/v1/ledger?reference={reference}")]
    assert {(a.status_code, a.headers["Retry-After"]) for a in answers} == {(503, "1")}
    assert {gateway.get(path).status_code for path in ("/livez", "/readyz", "/metrics")} == {200}
    gateway.clock.now += 60
    assert gateway.payment(reference) is None


def test_a_database_that_is_down(gateway: Gateway, reference: str) -> None:
    """503, as anywhere in the shop; afterwards the same key works."""
    gateway.fault("database-down")
    assert gateway.authorise(reference, key="a").status_code == 503
    assert gateway.get("/readyz").status_code == 503
    assert "shop_outbox_oldest_seconds 0" not in gateway.get("/metrics").text
    gateway.clock.now += 60
    assert gateway.authorise(reference, key="a").status_code == 201
