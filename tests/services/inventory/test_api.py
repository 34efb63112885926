"""The inventory's API as client programs meet it."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.shared import cursor
from tests.services.inventory.shelves import NOW

HELD_UNTIL = "1970-01-12T13:56:40Z"
KEY = {"Idempotency-Key": "k-1"}


def test_stock_is_public(api) -> None:
    """Several products at once, by SKU; those that nobody has received are left out."""
    api.reserve("r1", {"A-1": 3})
    answer = api.ask("GET", "/stock?sku=B-1&sku=NONE-1&sku=A-1", role=None)
    assert (answer.status_code, answer.json) == (
        200,
        {"items": [{"sku": "A-1", "available": 7, "version": 2}, {"sku": "B-1", "available": 5, "version": 1}]},
    )


def test_one_product_has_an_etag(api) -> None:
    """Unchanged it is not sent again; a hold makes it another."""
    first = api.ask("GET", "/stock/A-1", role=None)
    assert (first.json, first.headers["ETag"]) == ({"sku": "A-1", "available": 10, "version": 1}, '"1"')
    assert api.ask("GET", "/stock/A-1", role=None, headers={"If-None-Match": '"1"'}).status_code == 304
    api.reserve("r1", {"A-1": 3})
    assert api.ask("GET", "/stock/A-1", role=None, headers={"If-None-Match": '"1"'}).json["available"] == 7


def test_staff_see_what_is_held(api) -> None:
    """On hand and reserved are the shop's own business."""
    api.reserve("r1", {"A-1": 3})
    assert api.ask("GET", "/stock/A-1/detail", role="staff").json == {
        "sku": "A-1",
        "available": 7,
        "version": 2,
        "on_hand": 10,
        "reserved": 3,
    }


@pytest.mark.parametrize(
    ("query", "parameter"),
    [
        pytest.param("", "sku", id="no product"),
        pytest.param("sku=a-1", "sku.0", id="a malformed SKU"),
        pytest.param("sku=A-1&sku=%00", "sku.1", id="the second one malformed"),
        pytest.param("&".join(["sku=A-1"] * 101), "sku", id="more than 100"),
        pytest.param("sku=A-1&sort=sku", "sort", id="an unknown parameter"),
    ],
)
def test_a_wrong_stock_query_is_422(small_api, query: str, parameter: str) -> None:
    """The problem names the parameter."""
    answer = small_api.ask("GET", f"/stock?{query}", role=None)
    assert answer.status_code == 422
    assert [each["parameter"] for each in answer.json["errors"]] == [parameter]


def test_a_reservation_from_begin_to_end(api) -> None:
    """Held, held again, sold, sold again, returned, returned again; seen on the way."""
    first = api.reserve("r1", {"A-1": 3, "B-1": 1})
    assert (first.status_code, first.json) == (201, {"ref": "r1", "state": "HELD", "expires_at": HELD_UNTIL})
    assert first.headers["Cache-Control"] == "no-store"
    again = api.reserve("r1", {"B-1": 1, "A-1": 3})
    assert (again.status_code, again.json) == (200, first.json)
    for verb, state in (("commit", "COMMITTED"), ("return", "RETURNED")):
        for _ in range(2):
            answer = api.ask("POST", f"/reservations/r1/{verb}")
            assert (answer.status_code, answer.json["state"]) == (200, state)
    assert api.ask("GET", "/reservations/r1").json == {
        "ref": "r1",
        "state": "RETURNED",
        "expires_at": HELD_UNTIL,
        "lines": [{"sku": "A-1", "quantity": 3}, {"sku": "B-1", "quantity": 1}],
    }
    assert api.shelves.levels("A-1") == (10, 0)


def test_short_lines_are_named(api) -> None:
    """By their places in the request, and as SKUs with what there is; a SKU asked for twice is added up."""
    lines = [("A-1", 1), ("B-1", 3), ("NONE-1", 1), ("B-1", 3)]
    body = {"ref": "r1", "lines": [{"sku": sku, "quantity": quantity} for sku, quantity in lines]}
    answer = api.ask("POST", "/reservations", json=body)
    assert (answer.status_code, answer.content_type) == (409, "application/problem+json")
    assert answer.json["code"] == "out_of_stock"
    assert [each["pointer"] for each in answer.json["errors"]] == ["#/lines/1", "#/lines/2", "#/lines/3"]
    assert answer.json["lines"] == [
        {"sku": "B-1", "requested": 6, "available": 5},
        {"sku": "NONE-1", "requested": 1, "available": 0},
    ]
    assert api.shelves.levels("A-1") == (10, 0)


def test_a_ref_stands_for_its_lines(api) -> None:
    """Other lines are a conflict; a ref that was given back is closed."""
    api.reserve("r1", {"A-1": 3})
    other = api.reserve("r1", {"A-1": 4})
    assert (other.status_code, other.json["code"]) == (409, "reservation_conflict")
    assert api.ask("POST", "/reservations/r1/release").json["state"] == "RELEASED"
    for late in (api.reserve("r1", {"A-1": 3}), api.ask("POST", "/reservations/r1/commit")):
        assert (late.status_code, late.json["code"]) == (409, "reservation_closed")


def test_a_release_comes_before_its_reserve(api) -> None:
    """The unknown ref is closed for good."""
    for _ in range(2):
        answer = api.ask("POST", "/reservations/r9/release")
        assert (answer.status_code, answer.json["state"]) == (200, "RELEASED")
    assert api.reserve("r9", {"A-1": 1}).json["code"] == "reservation_closed"
    assert api.ask("GET", "/reservations/r9").json["lines"] == []


@pytest.mark.parametrize(
    ("before", "verb", "status", "code"),
    [
        pytest.param((), "commit", 404, "reservation_not_found", id="a sale of what nobody holds"),
        pytest.param((), "return", 404, "reservation_not_found", id="a return of what nobody held"),
        pytest.param(("reserve",), "return", 409, "reservation_not_committed", id="a return of what was not sold"),
        pytest.param(("reserve", "commit"), "release", 409, "reservation_committed", id="a release of what is sold"),
    ],
)
def test_what_a_state_forbids_is_a_problem(small_api, before, verb: str, status: int, code: str) -> None:
    """With a code that programs can tell apart."""
    for step in before:
        if step == "reserve":
            small_api.reserve("r1", {"A-1": 1})
        else:
            small_api.ask("POST", f"/reservations/r1/{step}")
    answer = small_api.ask("POST", f"/reservations/r1/{verb}")
    assert (answer.status_code, answer.json["code"]) == (status, code)


def test_a_hold_is_extended_while_it_is_held(api) -> None:
    """From now on; what is sold or unknown is not."""
    api.reserve("r1", {"A-1": 1}, ttl_seconds=60)
    api.clock[0] += 30
    answer = api.ask("POST", "/reservations/r1/extend", json={"ttl_seconds": 570})
    assert (answer.status_code, answer.json["expires_at"]) == (200, HELD_UNTIL)
    assert api.ask("POST", "/reservations/r2/extend", json={"ttl_seconds": 60}).status_code == 404
    api.ask("POST", "/reservations/r1/commit")
    refused = api.ask("POST", "/reservations/r1/extend", json={"ttl_seconds": 60})
    assert (refused.status_code, refused.json["code"]) == (409, "reservation_committed")


def test_reservations_are_listed_in_pages(api) -> None:
    """All of them, or those in one state."""
    for number in range(5):
        api.reserve(f"r{number}", {"A-1": 1})
    api.ask("POST", "/reservations/r2/commit")
    refs, query = [], "limit=2"
    while query:
        page = api.ask("GET", f"/reservations?{query}").json
        refs += [each["ref"] for each in page["items"]]
        query = page["next_cursor"] and f"limit=2&cursor={page['next_cursor']}"
    assert refs == ["r0", "r1", "r2", "r3", "r4"]
    assert [each["ref"] for each in api.ask("GET", "/reservations?state=COMMITTED").json["items"]] == ["r2"]


@pytest.mark.parametrize(
    "query", ["limit=0", "limit=101", "limit=1_0", "state=LOST", "cursor=x", f"cursor={cursor.encode(chr(0))}", "a=b"]
)
def test_a_wrong_list_query_is_422(small_api, query: str) -> None:
    """A cursor to what no ref can be too: it never reaches the database."""
    assert small_api.ask("GET", f"/reservations?{query}").status_code == 422


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        pytest.param({"lines": []}, "#/lines", id="no lines"),
        pytest.param({"lines": [{"sku": "A-1", "quantity": 0}]}, "#/lines/0/quantity", id="no unit"),
        pytest.param({"lines": [{"sku": "A-1", "quantity": -1}]}, "#/lines/0/quantity", id="fewer than none"),
        pytest.param({"lines": [{"sku": "A-1", "quantity": 1.5}]}, "#/lines/0/quantity", id="half a unit"),
        pytest.param({"lines": [{"sku": "A-1", "quantity": "2"}]}, "#/lines/0/quantity", id="a text"),
        pytest.param({"lines": [{"sku": "A-1", "quantity": True}]}, "#/lines/0/quantity", id="a truth"),
        pytest.param({"lines": [{"sku": "A-1", "quantity": 2**63}]}, "#/lines/0/quantity", id="2⁶³"),
        pytest.param({"lines": [{"sku": "A-1", "quantity": 10**30}]}, "#/lines/0/quantity", id="10³⁰"),
        pytest.param({"lines": [{"sku": "a-1", "quantity": 1}]}, "#/lines/0/sku", id="a malformed SKU"),
        pytest.param({"lines": [{"sku": "A-1", "quantity": 1, "price": 1}]}, "#/lines/0/price", id="a price"),
        pytest.param({"lines": [{"sku": "A-1", "quantity": 1}] * 101}, "#/lines", id="more than 100 lines"),
        pytest.param({"ref": "r 1"}, "#/ref", id="a malformed ref"),
        pytest.param({"ref": "r1\n"}, "#/ref", id="a ref with a line's end"),
        pytest.param({"ref": "r" * 65}, "#/ref", id="an endless ref"),
        pytest.param({"ttl_seconds": 0}, "#/ttl_seconds", id="no time"),
        pytest.param({"ttl_seconds": 3601}, "#/ttl_seconds", id="more than an hour"),
        pytest.param({"state": "COMMITTED"}, "#/state", id="a state"),
    ],
)
def test_a_wrong_reservation_is_422_and_says_where(small_api, change: dict, pointer: str) -> None:
    """Nothing gets as far as a transaction."""
    body = {"ref": "r1", "lines": [{"sku": "A-1", "quantity": 1}], "ttl_seconds": 60} | change
    answer = small_api.ask("POST", "/reservations", json=body)
    assert answer.status_code == 422
    assert [each["pointer"] for each in answer.json["errors"]] == [pointer]
    assert small_api.shelves.levels("A-1") == (10, 0)


@pytest.mark.parametrize("ref", ["%00", "..%2fr1", "r%0a", "'%20OR%201=1--", "r" * 65, "ü"])
def test_a_malformed_ref_is_not_found(small_api, ref: str) -> None:
    """Whatever is asked of it; it gets no tombstone either."""
    assert small_api.ask("GET", f"/reservations/{ref}").status_code == 404
    for verb in ("commit", "release", "return"):
        assert small_api.ask("POST", f"/reservations/{ref}/{verb}").status_code == 404
    assert small_api.ask("GET", "/reservations").json["items"] == []


@given(st.text(st.characters(codec="utf-8"), min_size=1, max_size=40))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50)
def test_no_sku_breaks_anything(small_api, sku: str) -> None:
    """Any text in place of a SKU is an answer, never an error of ours."""
    assert small_api.client.get("/api/v1/stock", query_string={"sku": sku}).status_code in (200, 422)


def event(name: str, kind: str = "OrderCancelled", ref: str = "r1", **more) -> dict:
    """What orders sends of one."""
    data = {"order_id": ref, "total": 1}
    return {"event_id": name, "type": kind, "occurred_at": "2026-11-23T10:00:00Z", "data": data} | more


@pytest.mark.parametrize(
    ("kind", "committed", "state"),
    [
        ("OrderCancelled", False, "RELEASED"),
        ("OrderDeclined", False, "RELEASED"),
        ("OrderExpired", False, "RELEASED"),
        ("OrderReturned", True, "RETURNED"),
    ],
)
def test_the_end_of_an_order_gives_its_units_back(small_api, kind: str, committed: bool, state: str) -> None:
    """Once an event, whatever else it says."""
    small_api.reserve("r1", {"A-1": 3})
    if committed:
        small_api.ask("POST", "/reservations/r1/commit")
    answers = [small_api.ask("POST", "/events", json=event("e1", kind)) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [200, 200]
    assert [answer.json["outcome"] for answer in answers] == ["applied", "duplicate"]
    assert small_api.ask("GET", "/reservations/r1").json["state"] == state
    assert small_api.shelves.levels("A-1") == (10, 0)


def test_other_events_are_ignored(small_api) -> None:
    """Their sender need not know who wants what."""
    assert small_api.ask("POST", "/events", json=event("e1", "OrderConfirmed")).json == {"outcome": "ignored"}


@pytest.mark.parametrize(
    "change",
    [{"event_id": ""}, {"event_id": "e\n"}, {"type": "1"}, {"data": {}}, {"data": {"order_id": "r 1"}}]
    + [{"occurred_at": each} for each in ("soon", 5, None)],
)
def test_a_malformed_event_is_422(small_api, change: dict) -> None:
    """The relay shows it to a person: no repeat would help."""
    assert small_api.ask("POST", "/events", json=event("e1") | change).status_code == 422


@pytest.mark.parametrize(
    ("kind", "quantity", "on_hand", "change"), [("receive", 5, 15, 5), ("adjust", -4, 6, -4), ("count", 8, 8, -2)]
)
def test_staff_write_movements(small_api, kind: str, quantity: int, on_hand: int, change: int) -> None:
    """The entry and the stock after it come back."""
    body = {"kind": kind, "quantity": quantity, "reason": "Delivery 4711"}
    answer = small_api.ask("POST", "/stock/A-1/movements", role="staff", json=body, headers=KEY)
    assert answer.status_code == 201
    assert answer.json.pop("movement_id").startswith("mov_")
    assert (answer.json["kind"], answer.json["quantity"], answer.json["reason"]) == (kind, change, "Delivery 4711")
    assert answer.json["stock"] == {
        "sku": "A-1",
        "available": on_hand,
        "version": 2,
        "on_hand": on_hand,
        "reserved": 0,
    }
    assert small_api.shelves.levels("A-1") == (on_hand, 0)


def test_a_movement_happens_once_a_key(api) -> None:
    """A repeat gets the first answer; another body with that key is refused; without a key nothing happens."""
    body = {"kind": "receive", "quantity": 5, "reason": "Delivery"}
    answers = [api.ask("POST", "/stock/A-1/movements", role="staff", json=body, headers=KEY) for _ in range(3)]
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.json["movement_id"] for answer in answers}) == 1
    other = api.ask("POST", "/stock/A-1/movements", role="staff", json=body | {"quantity": 6}, headers=KEY)
    assert (other.status_code, other.json["code"]) == (422, "idempotency_key_reused")
    without = api.ask("POST", "/stock/A-1/movements", role="staff", json=body)
    assert (without.status_code, without.json["code"]) == (400, "idempotency_key_required")
    assert api.shelves.levels("A-1") == (15, 0)


def test_a_refused_movement_may_be_tried_again(api) -> None:
    """The same key, once the units are free: the refusal is not what a repeat gets for ever."""
    api.reserve("r1", {"A-1": 8})
    body = {"kind": "adjust", "quantity": -5, "reason": "Broken"}
    refused = api.ask("POST", "/stock/A-1/movements", role="staff", json=body, headers=KEY)
    assert (refused.status_code, refused.json["code"]) == (409, "stock_held")
    api.ask("POST", "/reservations/r1/release")
    assert api.ask("POST", "/stock/A-1/movements", role="staff", json=body, headers=KEY).status_code == 201


@pytest.mark.parametrize(
    ("sku", "body", "status"),
    [
        pytest.param("NEW-1", {"kind": "receive"}, 201, id="a new product is received"),
        pytest.param("NEW-1", {"kind": "adjust"}, 404, id="an unknown one is not corrected"),
        pytest.param("new-1", {"kind": "receive"}, 404, id="a malformed SKU"),
        pytest.param("A-1", {"kind": "sell"}, 422, id="what reservations write"),
        pytest.param("A-1", {"kind": "receive", "quantity": 0}, 422, id="a delivery of nothing"),
        pytest.param("A-1", {"kind": "receive", "quantity": -1}, 422, id="a delivery of less than nothing"),
        pytest.param("A-1", {"kind": "receive", "quantity": 10**6 + 1}, 422, id="a delivery of too much"),
        pytest.param("A-1", {"reason": ""}, 422, id="no reason"),
        pytest.param("A-1", {"reason": "a\x00b"}, 422, id="what no database keeps"),
        pytest.param("A-1", {"reason": "a" * 201}, 422, id="an endless reason"),
        pytest.param("A-1", {"actor": "somebody else"}, 422, id="another name"),
    ],
)
def test_a_movement_is_checked(small_api, sku: str, body: dict, status: int) -> None:
    """Before anything is written."""
    sent = {"kind": "receive", "quantity": 5, "reason": "Delivery"} | body
    answer = small_api.ask("POST", f"/stock/{sku}/movements", role="staff", json=sent, headers=KEY)
    assert answer.status_code == status


ROUTES = [
    ("GET", "/stock/A-1/detail", {"staff"}),
    ("POST", "/stock/A-1/movements", {"staff"}),
    ("POST", "/reservations", {"service"}),
    ("GET", "/reservations", {"service"}),
    ("GET", "/reservations/r1", {"service"}),
    ("POST", "/reservations/r1/commit", {"service"}),
    ("POST", "/reservations/r1/release", {"service"}),
    ("POST", "/reservations/r1/extend", {"service"}),
    ("POST", "/reservations/r1/return", {"service"}),
    ("POST", "/events", {"service"}),
]


@pytest.mark.parametrize(("method", "path", "roles"), ROUTES)
def test_a_route_is_for_its_roles(small_api, method: str, path: str, roles: set) -> None:
    """Without a token 401, in another role 403, before anything of the request is read."""
    everybody = (None, "customer", "staff", "warehouse", "service")
    statuses = {role: small_api.ask(method, path, role=role).status_code for role in everybody}
    assert {role for role, status in statuses.items() if status not in (401, 403)} == roles
    assert {role for role, status in statuses.items() if status == 401} == {None}


def test_every_closed_route_is_in_that_table(small_api) -> None:
    """A new route is tested, or this fails."""
    document = small_api.client.get("/api/openapi.json").json
    closed = {
        (method.upper(), path.removeprefix("/api/v1").format(sku="A-1", ref="r1"))
        for path, operations in document["paths"].items()
        for method, operation in operations.items()
        if "security" in operation
    }
    assert closed == {(method, path) for method, path, _ in ROUTES}


def test_a_database_that_is_down_is_503(small_api) -> None:
    """With a time to come again, and readiness says so; metrics go on."""
    fault = {"fault": "database-down", "seconds": 60}
    token = {"Authorization": "Bearer fault-token-of-the-tests"}
    assert small_api.client.post("/internal/faults", json=fault, headers=token).status_code == 201
    answer = small_api.reserve("r1", {"A-1": 1})
    assert (answer.status_code, answer.json["code"], answer.headers["Retry-After"]) == (503, "unavailable", "1")
    assert small_api.client.get("/readyz").status_code == 503
    assert small_api.client.get("/metrics").status_code == 200
    small_api.client.delete("/internal/faults", headers=token)
    assert small_api.reserve("r1", {"A-1": 1}).status_code == 201
    assert small_api.shelves.levels("A-1") == (10, 1)


def test_times_are_utc(small_api) -> None:
    """RFC 3339, to the second where there are no parts of it."""
    assert small_api.reserve("r1", {"A-1": 1}).json["expires_at"] == HELD_UNTIL
    assert NOW == 1_000_000_000
