"""Every probe at a real shop behind its real front door: an honest one passes, each broken promise shows."""

import re
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest

from local.front_door import DoorSettings
from local.shop_run import ShopRun, running_shop
from synthetics import cleaning_up, reserved
from synthetics.accounts import LoadAccounts, ProbeAccounts, staff
from synthetics.claim import Claim, Traffic
from synthetics.expect import Answer
from synthetics.journey import Journey, Outcome, RunIn, Step
from synthetics.journeys import JOURNEYS, of
from synthetics.searching import RESERVED_WORDS
from synthetics.stampede import CLEAR_AWAY, STAMPEDE, count_units
from tests.synthetics.visiting import (
    KEY,
    PROBE_KEY,
    Walked,
    add_staff,
    json_lie,
    lie_at,
    page_lie,
    status_lie,
    truth,
    units_of,
    walked,
)

PROBES = [journey.name for journey in of(RunIn.PROBE)]
BOUGHT = (reserved.TO_BUY, reserved.TO_DECLINE, reserved.TO_REFUND)
Probe = Callable[..., Walked]


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ShopRun]:
    """All of it, with the limits of an ordinary day."""
    with running_shop(tmp_path_factory.mktemp("shop"), door=DoorSettings()) as running:
        add_staff(running)
        yield running


@pytest.fixture(scope="module")
def probe(shop: ShopRun) -> Probe:
    """Walks one visit of the probe of that name, as a prober does."""
    accounts = {name: ProbeAccounts(key=PROBE_KEY, journey=name) for name in JOURNEYS}
    claim = Claim(traffic=Traffic.PROBE, key=KEY)

    def walk(name: str, lie=truth, **known: Any) -> Walked:
        return walked(shop, accounts[name], JOURNEYS[name], lie, probes=True, headers=claim.header, **known)

    return walk


def lines(shop: ShopRun, service: str, metric: str) -> Counter[str]:
    """Values of *metric* by its labels, by the service's own count."""
    text = shop.ask(service, "/metrics").body.decode()
    return Counter({found[1]: int(float(found[2])) for found in re.finditer(rf"(?m)^{metric}\{{(.*)\}} (\S+)$", text)})


@pytest.mark.parametrize("name", PROBES)
def test_an_honest_shop_passes_time_and_again(shop: ShopRun, probe: Probe, name: str) -> None:
    """The first visit makes the account, the second finds it; nothing that was bought stays bought."""
    before = [units_of(shop, sku) for sku in BOUGHT]
    first, second = probe(name), probe(name)
    assert [(each.outcome, each.error, each.cleaned) for each in (first, second)] == [(Outcome.PASSED, None, True)] * 2
    assert name == "account" or "register" not in second.taken
    _await(lambda: [units_of(shop, sku) for sku in BOUGHT] == before)


def _await(there: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 10
    while not there():
        assert time.monotonic() < deadline, "units did not come back"
        time.sleep(0.1)


def test_a_prober_that_starts_anew_has_the_accounts_of_the_one_before(shop: ShopRun, probe: Probe) -> None:
    """Its password comes of the key: it logs in, and registers nobody."""
    probe("out-of-stock")
    again = walked(shop, ProbeAccounts(key=PROBE_KEY, journey="out-of-stock"), JOURNEYS["out-of-stock"], probes=True)
    assert again.outcome is Outcome.PASSED
    assert [each for each in again.taken if each in ("register", "log in")] == ["log in"]


def test_staff_do_not_make_themselves(shop: ShopRun) -> None:
    """Whoever forgot to is told what to do."""
    stranger = ProbeAccounts(key="another-key-than-the-platform-has", journey="freshness")
    found = walked(shop, stranger, JOURNEYS["freshness"], probes=True)
    assert (found.taken, str(found.error)) == (
        ["log in"],
        "the account of the probes' staff has another password, or nobody made it (users.jobs add)",
    )


def test_what_probes_do_is_counted_as_theirs(shop: ShopRun, probe: Probe) -> None:
    """Orders, and what was paid: none of it is a user's."""
    before = lines(shop, "orders", "shop_orders_total") + lines(shop, "payments", "shop_payments_total")
    for name in ("buy", "decline-retry", "cancel-refund", "foreign-order"):
        probe(name)
    after = lines(shop, "orders", "shop_orders_total") + lines(shop, "payments", "shop_payments_total")
    grown = {labels for labels, count in after.items() if count > before[labels]}
    assert any('state="CONFIRMED"' in labels for labels in grown)
    assert all('traffic="probe"' in labels for labels in grown), grown


@pytest.mark.parametrize("name", ["browse", "search", "account", "out-of-stock", "foreign-order", "freshness"])
def test_what_captures_no_money_needs_no_capture(shop: ShopRun, probe: Probe, name: str) -> None:
    """When captures fail, these pass: what they watch works."""
    before = lines(shop, "payments", "shop_payments_total")
    assert probe(name).outcome is Outcome.PASSED
    grown = lines(shop, "payments", "shop_payments_total") - before
    assert not any('operation="capture"' in labels for labels in grown)


def test_a_foreign_order_is_made_once(shop: ShopRun) -> None:
    """The first visit orders with a card that is declined, and believes nothing else; later ones look at that order."""
    accounts, journey = ProbeAccounts(key=PROBE_KEY, journey="newcomer"), JOURNEYS["foreign-order"]
    lied_to = walked(shop, accounts, journey, lie_at("check out", status_lie(201)), probes=True)
    assert (lied_to.outcome, str(lied_to.error)) == (
        Outcome.FAILED,
        "status 201 (card_declined), expected 402 or 202",
    )
    later = walked(shop, accounts, journey, probes=True)
    assert (later.outcome, "check out" in later.taken) == (Outcome.PASSED, False)


@pytest.mark.parametrize("kind", ["timeout-after-charge", "outage"])
def test_looking_at_a_foreign_order_passes_while_the_gateway_fails(shop: ShopRun, probe: Probe, kind: str) -> None:
    """Whose order it is has nothing to do with payments."""
    probe("foreign-order")
    armed = {"Authorization": f"Bearer {shop.plan.secrets['FAULT_TOKEN']}"}
    fault = {"fault": kind, "share": 1.0, "seconds": 60}
    assert shop.ask("payments", "/internal/faults", "POST", fault, headers=armed).status < 300
    try:
        found = probe("foreign-order")
    finally:
        shop.ask("payments", "/internal/faults", "DELETE", headers=armed)
    assert (found.outcome, found.error) == (Outcome.PASSED, None)


def test_an_order_whose_payments_answer_was_lost_is_confirmed_once(shop: ShopRun, probe: Probe) -> None:
    """The drill's journey: the worker asks the gateway, which has the money."""
    armed = {"Authorization": f"Bearer {shop.plan.secrets['FAULT_TOKEN']}"}
    fault = {"fault": "timeout-after-charge", "share": 1.0, "seconds": 60}
    assert shop.ask("payments", "/internal/faults", "POST", fault, headers=armed).status < 300

    def then_well(name: str, answer: Answer) -> Answer:
        """The gateway's bad day ends with the order's: what is cleared away is not what this is about."""
        if name == "list orders":
            shop.ask("payments", "/internal/faults", "DELETE", headers=armed)
        return answer

    found = probe("timeout-after-charge", then_well, again_seconds=0.5)
    assert (found.outcome, found.error, found.visit.state) == (Outcome.PASSED, None, "CONFIRMED")


def test_units_that_many_want_are_sold_once_each(shop: ShopRun, probe: Probe) -> None:
    """Three buyers and two units: two orders and a clean refusal; then all is as before."""

    def walk(journey: Journey, name: str, lie=truth, **known: Any) -> Walked:
        accounts = LoadAccounts(key=PROBE_KEY)
        found = walked(shop, accounts, journey, lie, headers=claim.header, **known)
        assert name in found.taken
        return found

    claim = Claim(traffic=Traffic.LOAD, key=KEY)
    assert walk(count_units(2), "count units").outcome is Outcome.PASSED
    buyers = [walk(STAMPEDE, "check out") for _ in range(3)]
    assert [(each.visit.outcome, each.visit.state) for each in buyers] == [
        ("ordered", "CONFIRMED"),
        ("ordered", "CONFIRMED"),
        ("out_of_stock", ""),
    ]
    assert {each.outcome for each in buyers} == {Outcome.PASSED}
    assert [step.name for step in STAMPEDE.steps if step.together] == ["check out"]
    for lie, message in (
        (json_lie(lambda b: b.update(code="cart_used")), "not as out_of_stock"),
        (json_lie(lambda b: b["lines"][0].update(sku="KIT-1")), "not the one that is sold out"),
    ):
        assert message in str(walk(STAMPEDE, "check out", lie_at("check out", lie)).error)
    wrong = json_lie(lambda b: b["stock"].update(available=3))
    assert "has not so many" in str(walk(count_units(0), "count units", lie_at("count units", wrong)).error)
    assert walk(CLEAR_AWAY, "log in", probes=True).cleaned
    _await(lambda: units_of(shop, reserved.STAMPEDE) == 2)
    assert walk(count_units(0), "count units").outcome is Outcome.PASSED
    assert units_of(shop, reserved.STAMPEDE) == 0


def test_what_a_broken_visit_left_is_cancelled_by_the_next(shop: ShopRun, probe: Probe) -> None:
    """The shop broke after the checkout, for the clean-up too: one order and one unit are out, until it works again."""
    units = units_of(shop, reserved.TO_BUY)
    journey, accounts = JOURNEYS["buy"], ProbeAccounts(key=PROBE_KEY, journey="buy")
    left = walked(shop, accounts, replace(journey, clean_up=()), lie_at("see order", status_lie(503)), probes=True)
    assert (left.outcome, left.visit.outcome) == (Outcome.FAILED, "ordered")
    assert units_of(shop, reserved.TO_BUY) == units - 1
    mended = probe("buy")
    assert (mended.outcome, mended.cleaned) == (Outcome.PASSED, True)
    found = walked(shop, accounts, replace(journey, steps=journey.steps[-1:], clean_up=()), probes=True)
    assert found.outcome is Outcome.PASSED
    states = _states(shop, accounts)
    assert states[left.visit.order_id] == states[mended.visit.order_id] == "REFUNDED"
    _await(lambda: units_of(shop, reserved.TO_BUY) == units)


def _states(shop: ShopRun, accounts: ProbeAccounts) -> dict[str, str]:
    """Where the account's newest orders are."""
    answer = shop.ask("orders", "/api/v1/orders?limit=100", headers=accounts.borrow().bearer)
    return {each["order_id"]: each["state"] for each in answer.json()["items"]}


def test_more_than_a_page_of_orders_is_cleared_away_the_oldest_first(shop: ShopRun, probe: Probe, monkeypatch) -> None:
    """Those that are too many for one visit stay on the first page, where the next one looks."""
    accounts = ProbeAccounts(key=PROBE_KEY, journey="double-submit")
    journey = replace(JOURNEYS["double-submit"], clean_up=())
    ids = [walked(shop, accounts, journey, probes=True).visit.order_id for _ in range(4)]
    monkeypatch.setattr(cleaning_up, "PAGE", 2)
    listing, cancelling = JOURNEYS["double-submit"].clean_up
    few = replace(journey, steps=(), clean_up=(listing, replace(cancelling, tries=3)))
    assert not walked(shop, accounts, few, probes=True).cleaned
    assert [_states(shop, accounts)[each] for each in ids] == ["REFUNDED"] * 3 + ["CONFIRMED"]
    assert walked(shop, accounts, few, probes=True).cleaned
    assert _states(shop, accounts)[ids[3]] == "REFUNDED"


def test_shoppers_cancel_nothing(shop: ShopRun) -> None:
    """Only probes take back what they bought."""
    found = walked(shop, ProbeAccounts(key=PROBE_KEY, journey="shopper"), JOURNEYS["buy"], payment_method="tok_visa")
    assert "PROBE" not in "".join(found.visit.wanted)
    steps = JOURNEYS["buy"].clean_up
    assert [step.name for step in steps if step.when(found.visit)] == []


def problem(status: int, code: str, **more: Any) -> Callable[[Answer], Answer]:
    """A refusal in the shop's own form."""
    headers = {"content-type": "application/problem+json"}
    return lambda answer: Answer(status=status, headers=headers, body={"status": status, "code": code, **more})


def of_item(number: int, **fields: Any) -> Callable[[Answer], Answer]:
    """A list whose item *number* says something else."""
    return json_lie(lambda body: body["items"][number].update(fields))


def stray(body: dict[str, Any]) -> None:
    """A list with something in it that does not match."""
    body["items"] = [{**body["items"][0], "sku": "KIT-9", "name": "Whisk", "description": "-", "category": "x"}]


def add_stray(body: dict[str, Any]) -> None:
    """The same beside what does match."""
    matching = list(body["items"])
    stray(body)
    body["items"] += matching


LIES: list[tuple[str, str, Callable[[Answer], Answer], str]] = [
    ("browse", "open category", json_lie(lambda b: b.update(items=b["items"][:1])), "1 product in category probe"),
    ("browse", "product page", page_lie("PROBE-BUY", "KIT-1"), "does not sell it"),
    ("browse", "open product", json_lie(lambda b: b.update(sku="KIT-1")), "got KIT-1"),
    ("search", "search", json_lie(stray), "is not found by its name"),
    ("search", "search", json_lie(add_stray), "found, but without a word that was searched: KIT-9"),
    ("search", "search", json_lie(lambda b: b.update(items=[])), "expected a list of products"),
    ("search", "search page", page_lie('"/p/', '"/x/'), "does not lead to"),
    (
        "search",
        "search page",
        page_lie("(?s)</main>", '<a href="/p/KIT-9"></a></main>'),
        "1 products that do not match",
    ),
    ("search", "search for nothing", json_lie(lambda b: b.update(items=[{}])), "1 products are found by a word"),
    ("search", "search reserved", json_lie(stray), "PROBE-BUY is not found"),
    ("account", "register", json_lie(lambda b: b.update(status="taken")), "was not accepted"),
    ("account", "register", status_lie(429), "status 429, expected 202"),
    ("account", "log in", json_lie(lambda b: b["user"].update(email="eve@example.com")), "another account"),
    ("account", "log in", json_lie(lambda b: b.update(refresh_token="")), "refresh_token: expected some text"),
    ("account", "log in", lambda a: replace(a, headers=a.headers | {"cache-control": "public"}), "a cache may keep"),
    ("account", "see account", json_lie(lambda b: b.update(email="eve@example.com")), "got another"),
    ("account", "see account", json_lie(lambda b: b.update(roles=["customer", "staff"])), "not a customer alone"),
    ("account", "refresh tokens", json_lie(lambda b: b.update(access_token=None)), "access_token: expected some text"),
    ("account", "log out", status_lie(200), "status 200, expected 204"),
    ("account", "refresh after logout", status_lie(200), "status 200"),
    ("account", "refresh after logout", problem(401, "other"), "not as invalid_refresh_token"),
    ("buy", "open category", of_item(0, category="pets"), "got pets too"),
    ("buy", "see what is there", of_item(0, available=0), "staff have to count it anew"),
    ("buy", "put in cart", json_lie(lambda b: b["total"].update(minor_units=99)), "listed for 100"),
    ("buy", "check out", problem(402, "card_declined"), "a good card was declined"),
    ("buy", "check out", problem(409, "out_of_stock"), "nothing was ordered: out_of_stock"),
    ("buy", "check out", json_lie(lambda b: b["lines"][0].update(quantity=2)), "not the cart's"),
    ("buy", "check out", json_lie(lambda b: b["lines"][0]["total"].update(minor_units=90)), "its lines 90 together"),
    ("buy", "see order", json_lie(lambda b: b.update(state="DECLINED")), "DECLINED, expected CONFIRMED"),
    ("buy", "list orders", json_lie(lambda b: b.update(items=[])), "listed 0 times"),
    ("decline-retry", "check out", status_lie(201), "status 201 (card_declined)"),
    ("decline-retry", "check out", json_lie(lambda b: b.update(code="out_of_stock")), "not as card_declined"),
    ("decline-retry", "check out", json_lie(lambda b: b.pop("decline_code")), "decline_code: expected some text"),
    ("decline-retry", "see declined order", json_lie(lambda b: b.update(state="CONFIRMED")), "is not DECLINED"),
    ("decline-retry", "see stock again", json_lie(lambda b: b.update(available=5)), "still not there after 60 tries"),
    ("decline-retry", "check out again", problem(409, "cart_used"), "status 409 (cart_used), expected 201 or 202"),
    ("decline-retry", "see order", json_lie(lambda b: b.update(state="DECLINED")), "DECLINED, expected CONFIRMED"),
    ("out-of-stock", "check out", status_lie(201), "status 201 (out_of_stock)"),
    ("out-of-stock", "check out", json_lie(lambda b: b.update(code="cart_used")), "not as out_of_stock"),
    (
        "out-of-stock",
        "check out",
        json_lie(lambda b: b["lines"][0].update(sku="KIT-1")),
        "not the one that is",
    ),
    ("out-of-stock", "check out", json_lie(lambda b: b["lines"][0].update(available=1)), "lines are named, not"),
    ("out-of-stock", "list orders", of_item(0, state="CONFIRMED"), "was ordered all the same"),
    ("double-submit", "check out again", json_lie(lambda b: b.update(order_id="ord_2")), "made a second order"),
    ("double-submit", "check out again", problem(409, "cart_used"), "status 409 (cart_used)"),
    ("double-submit", "list orders", json_lie(lambda b: b.update(items=b["items"][:1] * 2)), "listed 2 times"),
    (
        "double-submit",
        "list orders",
        json_lie(lambda b: b["items"].append({**b["items"][0], "order_id": "ord_2"})),
        "the cart was ordered 2 times",
    ),
    ("cancel-refund", "cancel order", json_lie(lambda b: b.update(state="CONFIRMED")), "CONFIRMED, expected REFUNDED"),
    ("cancel-refund", "cancel order", json_lie(lambda b: b["total"].update(minor_units=1)), "the order costs 1"),
    ("cancel-refund", "see refund", json_lie(lambda b: b.update(state="REFUND_PENDING")), "after 60 tries"),
    ("cancel-refund", "see refund", json_lie(lambda b: b.update(state="CANCELLED")), "CANCELLED, expected REFUNDED"),
    ("cancel-refund", "see stock again", json_lie(lambda b: b.update(available=5)), "still not there after 60 tries"),
    ("cancel-refund", "list orders", of_item(0, state="CONFIRMED"), "expected once, as REFUNDED"),
    ("foreign-order", "see order", json_lie(lambda b: b.update(state="CONFIRMED")), "was paid"),
    ("foreign-order", "see foreign order", status_lie(200), "status 200 (order_not_found)"),
    ("foreign-order", "see foreign order", status_lie(403), "status 403 (order_not_found), expected 404"),
    ("foreign-order", "see foreign order", json_lie(lambda b: b.update(detail="Not yours.")), "from one that is not"),
    ("foreign-order", "cancel foreign order", json_lie(lambda b: b.update(owner="u_1")), "from one that is not there"),
    ("freshness", "log in", json_lie(lambda b: b["user"].update(email="eve@example.com")), "another account"),
    ("freshness", "read price", lambda a: replace(a, headers={"content-type": "application/json"}), "no ETag"),
    ("freshness", "change price", status_lie(412), "status 412, expected 200"),
    ("freshness", "change price", json_lie(lambda b: b["price"].update(minor_units=7)), "not to what it was to be"),
    ("freshness", "see new price", json_lie(lambda b: b["price"].update(minor_units=7)), "after 80 tries"),
    ("freshness", "see new price page", page_lie(r"1\.0[01]", "1.07"), "still not there after 80 tries"),
    ("freshness", "see new price page", page_lie('class="price"', "class=x"), "shows no price"),
]


@pytest.mark.parametrize(("name", "step", "lie", "message"), LIES, ids=[f"{each[0]}: {each[3]}" for each in LIES])
def test_a_lie_fails_the_step_that_meets_it(probe: Probe, name: str, step: str, lie, message: str) -> None:
    """The message says what was wrong, and no address; what was bought is cleared away all the same."""
    waits = "tries" in message
    if name == "freshness" and step == "log in":
        found = walked_afresh(probe, name, lie_at(step, lie))
    else:
        found = probe(name, lie_at(step, lie), again_seconds=0.0 if waits else 0.1)
    assert found.outcome is Outcome.FAILED
    assert message in str(found.error)
    assert found.taken[-1] == step
    assert "@" not in str(found.error)
    assert found.cleaned


def walked_afresh(probe: Probe, name: str, lie) -> Walked:
    """With the tokens of the visits before forgotten."""
    first = probe(name)
    for account in first.visit.others.values():
        account.forget()
    return probe(name, lie)


def test_each_journey_is_lied_to() -> None:
    """A probe that believes everything watches nothing."""
    assert {name for name, *_ in LIES} == set(PROBES)


def test_a_step_that_is_late_makes_browsing_slow(shop: ShopRun, probe: Probe) -> None:
    """Half a second each, and the storefront's fault of a second is seen."""
    armed = {"Authorization": f"Bearer {shop.plan.secrets['FAULT_TOKEN']}"}
    fault = {"fault": "latency", "share": 1.0, "seconds": 60, "delay_seconds": 0.6}
    assert shop.ask("inventory", "/internal/faults", "POST", fault, headers=armed).status < 300
    try:
        found = probe("browse")
    finally:
        shop.ask("inventory", "/internal/faults", "DELETE", headers=armed)
    assert (found.outcome, found.error) == (Outcome.SLOW, None)


def test_an_order_that_takes_longer_than_five_seconds_is_slow() -> None:
    """From the beginning of the checkout, in whichever step it is seen."""
    (step,) = [each for each in JOURNEYS["buy"].steps if each.name == "see order"]
    assert isinstance(step, Step)
    assert (step.within_seconds, step.since) == (5.0, "check out")


def test_searching_has_what_must_be_folded() -> None:
    """Words with a capital and an accent that the product's name has not: the shop is to find it all the same."""
    assert not RESERVED_WORDS.isascii()
    assert RESERVED_WORDS.casefold() != RESERVED_WORDS


def test_no_secret_is_shown() -> None:
    """Neither of the probes' staff nor of whoever signs for them."""
    accounts, claim = ProbeAccounts(key=PROBE_KEY, journey="buy"), Claim(traffic=Traffic.PROBE, key=KEY)
    shown = repr(staff(PROBE_KEY)) + repr(accounts) + repr(claim)
    assert KEY not in shown
    assert PROBE_KEY not in shown
    assert staff(PROBE_KEY).password not in shown
