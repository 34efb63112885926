"""The gateway's API: who may call, what is refused, what a repeat gets."""

import time

import pytest

from services.shared import traffic
from tests.services.payments.running_gateway import EUR_2490, PATH, TRAFFIC_KEY, Gateway

CARD = "4242424242424242"


def body(reference: str) -> dict:
    """A payment that is asked for."""
    return {"reference": reference, "amount": EUR_2490, "payment_method": "tok_visa"}


def test_a_payment_is_authorised(gateway: Gateway, reference: str) -> None:
    """201, with where to find it; nothing is captured yet."""
    answer = gateway.authorise(reference)
    assert (answer.status_code, answer.headers["Location"]) == (201, f"{PATH}/{reference}")
    assert answer.json == {
        "reference": reference,
        "state": "AUTHORISED",
        "amount": EUR_2490,
        "captured": 0,
        "refunded": 0,
        "version": 1,
    }
    assert answer.headers["Cache-Control"] == "no-store"


def test_capture_and_refund_show_in_the_payment(gateway: Gateway, reference: str) -> None:
    """Each answer has the figures after it, and so has the payment."""
    gateway.authorise(reference)
    assert gateway.capture(reference).json["state"] == "CAPTURED"
    answer = gateway.refund(reference, 490)
    assert (answer.status_code, answer.json["refunded"], answer.json["captured"]) == (201, 490, 2490)
    assert answer.json["refund_id"].startswith("rf_")
    assert gateway.payment(reference)["refunded"] == 490


@pytest.mark.parametrize(
    ("token", "code"),
    [
        ("tok_declined", "generic_decline"),
        ("tok_insufficient_funds", "insufficient_funds"),
        ("tok_expired_card", "expired_card"),
    ],
)
def test_a_decline_is_402_each_time(gateway: Gateway, reference: str, token: str, code: str) -> None:
    """With the same key and with another; the payment says why."""
    answers = [gateway.authorise(reference, token, key=key) for key in ("a", "a", "b")]
    assert {(a.status_code, a.json["code"], a.json["decline_code"]) for a in answers} == {(402, "card_declined", code)}
    assert {answer.content_type for answer in answers} == {"application/problem+json"}
    assert gateway.payment(reference)["decline_code"] == code
    assert gateway.entries(reference) == [("DECLINE", 2490)]


def test_a_repeat_with_the_same_key_gets_the_same_answer(gateway: Gateway, reference: str) -> None:
    """Also of an operation that would be refused by now; it is told apart by a header."""
    first = gateway.authorise(reference, key="a")
    gateway.void(reference)
    again = gateway.authorise(reference, key="a")
    assert (again.status_code, again.json) == (201, first.json)
    assert ("Idempotent-Replayed" in first.headers, again.headers["Idempotent-Replayed"]) == (False, "true")


def test_a_refusal_that_stays_is_replayed_with_ids_of_its_own(gateway: Gateway, reference: str) -> None:
    """A problem is about the request that it answers: its ids are this one's."""
    gateway.void(reference)
    answers = [gateway.authorise(reference, key="a", headers={"X-Request-Id": each}) for each in ("one", "two")]
    assert [(a.status_code, a.json["code"], a.json["request_id"]) for a in answers] == [
        (409, "payment_closed", "one"),
        (409, "payment_closed", "two"),
    ]
    assert answers[1].headers["Idempotent-Replayed"] == "true"


def test_a_refusal_that_may_pass_is_not_kept(gateway: Gateway, reference: str) -> None:
    """What came too early succeeds with the same key once its time has come."""
    assert gateway.capture(reference, key="c").json["code"] == "payment_not_found"
    gateway.authorise(reference)
    assert gateway.refund(reference, 1, key="r").json["code"] == "refund_exceeds_capture"
    assert gateway.capture(reference, key="c").status_code == 200
    assert gateway.refund(reference, 1, key="r").status_code == 201


def test_the_same_key_with_another_body_is_422(gateway: Gateway, reference: str) -> None:
    """A key is for one request."""
    gateway.authorise(reference, key="a")
    answer = gateway.authorise(reference, key="a", amount=EUR_2490 | {"minor_units": 1})
    assert (answer.status_code, answer.json["code"]) == (422, "idempotency_key_reused")


@pytest.mark.parametrize("path", ["", "/{}/capture", "/{}/void", "/{}/refunds"])
def test_every_change_needs_a_key(gateway: Gateway, reference: str, path: str) -> None:
    """400 without one, and nothing happens."""
    sent = {"": body(reference), "/{}/refunds": {"amount": EUR_2490}}.get(path)
    headers = gateway.issuer.bearer("service:orders", {"service"}, "payments")
    answer = gateway.app.test_client().post(PATH + path.format(reference), json=sent, headers=headers)
    assert (answer.status_code, answer.json["code"]) == (400, "idempotency_key_required")
    assert gateway.payment(reference) is None


def test_a_refund_is_made_once_even_after_its_key_is_forgotten(gateway: Gateway, reference: str) -> None:
    """Stored answers are kept for a day; the ledger remembers for good."""
    gateway.authorise(reference)
    gateway.capture(reference)
    first = gateway.refund(reference, 1000, key="r")
    with gateway.database.writing() as connection:
        connection.exec_driver_sql("DELETE FROM idempotency")
    again = gateway.refund(reference, 1000, key="r")
    assert (again.status_code, again.json) == (201, first.json)
    assert gateway.payment(reference)["refunded"] == 1000


@pytest.mark.parametrize(
    ("act", "status", "code"),
    [
        pytest.param(lambda g, r: g.void(r), 409, "payment_captured", id="a void of what was taken"),
        pytest.param(lambda g, r: g.refund(r, 2491), 409, "refund_exceeds_capture", id="a refund of more"),
        pytest.param(
            lambda g, r: g.authorise(r, amount=EUR_2490 | {"minor_units": 1}), 422, "payment_mismatch", id="less money"
        ),
        pytest.param(lambda g, r: g.authorise(r, "tok_mastercard"), 422, "payment_mismatch", id="another card"),
        pytest.param(lambda g, r: g.capture("ord_" + "f" * 32), 404, "payment_not_found", id="an unknown reference"),
        pytest.param(lambda g, r: g.capture("ord_1"), 404, "payment_not_found", id="no reference at all"),
        pytest.param(lambda g, r: g.post(f"/{r}/capture", {"amount": 1}), 422, "invalid_request", id="a part of it"),
    ],
)
def test_refusals(gateway: Gateway, reference: str, act, status: int, code: str) -> None:
    """What is in the way has a code, and leaves the payment as it was."""
    gateway.authorise(reference)
    gateway.capture(reference)
    before = gateway.payment(reference)
    answer = act(gateway, reference)
    assert (answer.status_code, answer.json["code"]) == (status, code)
    assert gateway.payment(reference) == before


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({"payment_method": "tok_gold"}, id="an unknown token"),
        pytest.param({"payment_method": 1}, id="a number for a token"),
        pytest.param({"amount": {"minor_units": 0, "currency": "EUR"}}, id="nothing"),
        pytest.param({"amount": {"minor_units": -1, "currency": "EUR"}}, id="less than nothing"),
        pytest.param({"amount": {"minor_units": "2490", "currency": "EUR"}}, id="a text for a number"),
        pytest.param({"amount": {"minor_units": 1.5, "currency": "EUR"}}, id="half a cent"),
        pytest.param({"amount": {"minor_units": True, "currency": "EUR"}}, id="true"),
        pytest.param({"amount": {"minor_units": 10**30, "currency": "EUR"}}, id="all the money there is"),
        pytest.param({"amount": {"minor_units": 1, "currency": "eur"}}, id="no currency"),
        pytest.param({"reference": "ord_1"}, id="no order's id"),
        pytest.param({"reference": "ord_" + "a" * 32 + "\n"}, id="an order's id and a line feed"),
        pytest.param({"state": "CAPTURED"}, id="a field that is not asked for"),
        pytest.param({"amount": None}, id="no amount"),
    ],
)
def test_a_malformed_payment_is_422(gateway: Gateway, reference: str, change: dict) -> None:
    """Nothing is kept of it."""
    answer = gateway.post("", body(reference) | change)
    assert (answer.status_code, answer.json["code"]) == (422, "invalid_request")
    assert gateway.get(PATH).json == {"items": [], "next_cursor": None}


@pytest.mark.parametrize(
    "sent",
    [
        pytest.param({"payment_method": CARD}, id="for a token"),
        pytest.param({"payment_method": "4242 4242 4242 4242"}, id="with spaces"),
        pytest.param({"payment_method": "4242-4242-4242-4242"}, id="with hyphens"),
        pytest.param({"payment_method": "４２４２４２４２４２４２４２４２"}, id="in wide digits"),
        pytest.param({"reference": CARD}, id="for a reference"),
        pytest.param({"amount": {"minor_units": int(CARD), "currency": "EUR"}}, id="as a number"),
        pytest.param({"amount": {"minor_units": float(CARD), "currency": "EUR"}}, id="as a number with a point"),
        pytest.param({"note": {"deep": [{"in": f"card {CARD}, please"}]}}, id="within a text, deep down"),
        pytest.param({CARD: 1}, id="as the name of a field"),
    ],
)
def test_a_card_number_is_refused_and_never_logged(gateway: Gateway, reference: str, sent: dict, caplog) -> None:
    """Wherever it stands: 422 before anything is kept, and no word of it in answer or log."""
    with caplog.at_level(0):
        answer = gateway.post("", body(reference) | sent)
    assert (answer.status_code, answer.json["code"]) == (422, "card_number_refused")
    told = answer.text + str([vars(record) for record in caplog.records])
    assert [form for form in (CARD, "4242 4242", "4242-4242", "４２４２") if form in told] == []
    assert gateway.get(PATH).json["items"] == []


def test_a_card_number_in_path_key_or_query_is_refused(gateway: Gateway, reference: str) -> None:
    """They are fields, too."""
    answers = [
        gateway.authorise(reference, key=CARD),
        gateway.capture(CARD),
        gateway.get(f"{PATH}/{CARD}"),
        gateway.get(f"{PATH}?cursor={CARD}"),
        gateway.get(f"/api/v1/ledger?reference={CARD}"),
    ]
    assert {(a.status_code, a.json["code"]) for a in answers} == {(422, "card_number_refused")}


def test_references_of_digits_are_no_card_numbers(gateway: Gateway) -> None:
    """An order's id that happens to be full of digits is taken, as is its key."""
    reference = f"ord_{CARD}{CARD}"
    assert gateway.authorise(reference, key=f"{reference}:authorise").status_code == 201
    assert gateway.payment(reference)["state"] == "AUTHORISED"


@pytest.mark.parametrize(
    ("subject", "role", "changes", "reads", "lists"),
    [("service:orders", "service", 201, 200, 200), ("u-1", "staff", 403, 200, 403), ("u-1", "customer", 403, 403, 403)],
)
def test_roles(gateway: Gateway, reference: str, subject: str, role: str, changes: int, reads: int, lists: int) -> None:
    """Services change, list and read; staff look at one payment; customers have no business here."""
    gateway.authorise(reference)
    bearer = gateway.issuer.bearer(subject, {role}, "payments")
    other = reference.replace("ord_0", "ord_1")
    assert gateway.authorise(other, headers=bearer).status_code == changes
    assert gateway.get(f"{PATH}/{reference}", bearer).status_code == reads
    assert gateway.get(PATH, bearer).status_code == lists
    assert gateway.get(f"/api/v1/ledger?reference={reference}", bearer).status_code == lists


def test_without_a_token_nothing_is_said(gateway: Gateway, reference: str) -> None:
    """401, also for what does not exist."""
    client = gateway.app.test_client()
    assert client.get(f"{PATH}/{reference}").status_code == 401
    assert client.post(PATH, json=body(reference), headers={"Idempotency-Key": "a"}).status_code == 401


def test_pages_of_payments(gateway: Gateway) -> None:
    """By reference, each once, whatever is added meanwhile; by state where that is asked for."""
    references = [f"ord_{number:032x}" for number in (3, 1, 5, 2, 4)]
    for each in references:
        gateway.authorise(each)
    gateway.capture(references[0])
    first = gateway.get(f"{PATH}?limit=2").json
    second = gateway.get(f"{PATH}?limit=2&cursor={first['next_cursor']}").json
    third = gateway.get(f"{PATH}?limit=2&cursor={second['next_cursor']}").json
    assert [p["reference"] for page in (first, second, third) for p in page["items"]] == sorted(references)
    assert third["next_cursor"] is None
    captured = gateway.get(f"{PATH}?state=CAPTURED").json["items"]
    assert [p["reference"] for p in captured] == [references[0]]


def test_pages_of_the_ledger(gateway: Gateway, reference: str) -> None:
    """In the order in which things happened."""
    gateway.authorise(reference)
    gateway.capture(reference)
    for minor_units in (1, 2, 3):
        gateway.refund(reference, minor_units)
    first = gateway.get(f"/api/v1/ledger?reference={reference}&limit=3").json
    second = gateway.get(f"/api/v1/ledger?reference={reference}&limit=3&cursor={first['next_cursor']}").json
    kinds = [entry["kind"] for page in (first, second) for entry in page["items"]]
    assert kinds == ["AUTHORISE", "CAPTURE", "REFUND", "REFUND", "REFUND"]
    assert (second["next_cursor"], first["items"][0]["at"]) == (None, "2027-01-15T08:00:00Z")


@pytest.mark.parametrize(
    "query",
    [
        pytest.param("?limit=0", id="no limit"),
        pytest.param("?limit=101", id="more than a page"),
        pytest.param("?state=PAID", id="an unknown state"),
        pytest.param("?cursor=x", id="no cursor"),
        # An address of no payment, and one with a character that PostgreSQL does not take.
        pytest.param("?cursor=MTp4", id="a cursor of somebody else"),
        pytest.param("?cursor=MToA", id="a cursor that was made up"),
        pytest.param("?colour=red", id="an unknown question"),
    ],
)
def test_a_wrong_question_is_422(gateway: Gateway, query: str) -> None:
    """It is named, and the database is not asked."""
    answer = gateway.get(PATH + query)
    assert (answer.status_code, answer.json["code"]) == (422, "invalid_request")


def test_payments_are_counted_by_what_came_of_them(gateway: Gateway, reference: str) -> None:
    """A replay counts as its key's, not as a payment; what a probe pays is told apart by its signed class."""
    claim = traffic.sign("probe", TRAFFIC_KEY, expires=int(gateway.clock.now) + 60)
    gateway.authorise(reference, key="a")
    gateway.authorise(reference, key="a")
    gateway.authorise(reference, key="b")
    gateway.capture(reference, headers={"X-Tillwatch-Traffic": claim})
    gateway.void(reference)
    gateway.authorise(reference[:-1] + "f", "tok_expired_card")

    def payments(operation: str, outcome: str, code: str = "none", kind: str = "user") -> float | None:
        return gateway.value(
            "shop_payments_total", operation=operation, outcome=outcome, decline_code=code, traffic=kind
        )

    assert payments("authorise", "done") == 1
    assert payments("authorise", "repeated") == 1
    assert payments("authorise", "declined", "expired_card") == 1
    assert payments("capture", "done", kind="probe") == 1
    assert payments("void", "refused") == 1
    assert payments("refund", "done") == 0
    assert gateway.value("idempotency_requests_total", result="replayed") == 1


def test_the_deadline_of_the_caller_is_kept(gateway: Gateway, reference: str) -> None:
    """Who gives no time gets 503, and nothing is done."""
    answer = gateway.authorise(reference, headers={"Request-Timeout-Ms": "0"})
    assert answer.status_code == 503
    assert gateway.payment(reference) is None


def test_the_series_are_few(gateway: Gateway, reference: str) -> None:
    """Used as widely as it can be, the gateway stays far below 5,000 series; no reference is a label."""
    for token in ("tok_visa", "tok_declined", "tok_expired_card", "tok_insufficient_funds"):
        for kind in ("user", "probe", "load"):
            claim = {"X-Tillwatch-Traffic": traffic.sign(kind, TRAFFIC_KEY, expires=int(gateway.clock.now) + 60)}
            gateway.authorise(reference, token, headers=claim)
            gateway.capture(reference, headers=claim)
            gateway.refund(reference, 1, headers=claim)
            gateway.void(reference, headers=claim)
            gateway.get(f"{PATH}/{reference}", claim)
    samples = [sample for metric in gateway.registry.collect() for sample in metric.samples]
    assert len(samples) < 1000
    assert not [sample for sample in samples if reference in str(sample.labels)]


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        pytest.param("[" * 2000 + "]" * 2000, 400, id="nested deeply"),
        pytest.param('"' + "4 " * 2046 + '"', 422, id="digits that might be anything"),
        pytest.param('"' + " " * 4096 + '"', 413, id="longer than anything that is taken"),
    ],
)
def test_a_hostile_body_costs_little(gateway: Gateway, sent: str, status: int) -> None:
    """It is refused within a second, and not with 500."""
    bearer = gateway.issuer.bearer("service:orders", {"service"}, "payments")
    headers = bearer | {"Idempotency-Key": "a", "Content-Type": "application/json"}
    began = time.perf_counter()
    answer = gateway.app.test_client().post(PATH, data=sent, headers=headers)
    assert answer.status_code == status
    assert time.perf_counter() - began < 1
