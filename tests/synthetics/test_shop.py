"""Browsing and buying at a real shop behind its real front door: an honest one passes, and every lie is noticed."""

import json
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from random import Random

import pytest

from local.front_door import DoorSettings
from local.shop_run import ShopRun, running_shop
from synthetics import buying
from synthetics.accounts import Accounts
from synthetics.expect import Answer, StepFailed
from synthetics.journey import Journey, Request, Visit
from synthetics.journeys import JOURNEYS
from tests.services.running import ROOT
from tests.synthetics.visiting import Lie, ask, json_lie, lie_at, page_lie, status_lie, truth, walked

SHAPE = """
visits_per_second: {peak: 0.5}
hours: [1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1]
weekdays: [1, 1, 1, 1, 1, 1, 1]
journeys: {browse: 0.5, buy: 0.5}
"""


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ShopRun]:
    """All of it, with the limits of an ordinary day."""
    with running_shop(tmp_path_factory.mktemp("shop"), door=DoorSettings()) as running:
        yield running


@pytest.fixture(scope="module")
def accounts() -> Accounts:
    """As few as shoppers need who come one after the other."""
    return Accounts(random=Random(1), handful=1)


def visit(shop: ShopRun, accounts: Accounts, journey: Journey, lie: Lie = truth, **known) -> Visit:
    """Walk one visit; *lie* changes answers on the way. Raises StepFailed."""
    found = walked(shop, accounts, journey, lie, **known)
    if found.error is not None:
        raise found.error
    return found.visit


def test_browsing_sees_pages_and_products(shop: ShopRun, accounts: Accounts) -> None:
    """Without an account."""
    found = visit(shop, accounts, JOURNEYS["browse"])
    assert (found.account.registered, len(found.skus)) == (False, 2)


def test_buying_ends_with_a_confirmed_order(shop: ShopRun, accounts: Accounts) -> None:
    """With the same account when one comes again."""
    first, second = (visit(shop, accounts, JOURNEYS["buy"]) for _ in range(2))
    assert first.account is second.account
    assert first.order_id != second.order_id
    assert {first.state, second.state} == {"CONFIRMED"}


def test_a_declined_card_is_a_correct_answer(shop: ShopRun, accounts: Accounts, monkeypatch) -> None:
    """The visit passes, without an order."""
    monkeypatch.setattr(buying, "DECLINED", 1.0)
    found = visit(shop, accounts, JOURNEYS["buy"])
    assert (found.outcome, found.order_id) == ("card_declined", "")


def test_a_shop_that_sold_out_meanwhile_answers_correctly(shop: ShopRun, accounts: Accounts) -> None:
    """The stock said there was some, and there is none: a 409 is no failure."""
    sold_out = "PROBE-SOLD-OUT"
    price = ask(shop.url, Request(method="GET", path=f"/api/v1/products/{sold_out}", headers={}, body=None)).body

    def choose(visit: Visit, answer: Answer) -> None:
        visit.wanted, visit.prices = [sold_out], {sold_out: price["price"]["minor_units"]}

    buy = JOURNEYS["buy"]
    steps = tuple(replace(step, check=choose) if step.name == "see what is there" else step for step in buy.steps)
    assert visit(shop, accounts, replace(buy, steps=steps)).outcome == "out_of_stock"


def test_nobody_puts_anything_into_a_cart_when_all_is_sold(shop: ShopRun, accounts: Accounts) -> None:
    """The visit passes: the shop said so in time."""

    def empty(name: str, answer: Answer) -> Answer:
        if name == "see what is there":
            for each in answer.body["items"]:
                each["available"] = 0
        return answer

    found = visit(shop, accounts, JOURNEYS["buy"], empty)
    assert (found.outcome, found.cart_id) == ("out_of_stock", "")


def test_tokens_are_refreshed_when_they_are_about_to_end(shop: ShopRun, accounts: Accounts, monkeypatch) -> None:
    """And the new ones are taken by all services."""
    monkeypatch.setattr(buying, "LOGS_IN", 0.0)
    before = visit(shop, accounts, JOURNEYS["buy"]).account
    token, before.good_until = before.refresh_token, 0.0
    assert visit(shop, accounts, JOURNEYS["buy"]).state == "CONFIRMED"
    assert before.refresh_token not in ("", token)


def test_an_order_that_is_being_settled_is_looked_at_until_it_is(shop: ShopRun, accounts: Accounts) -> None:
    """A checkout may answer 202."""
    seen = []

    def settling(name: str, answer: Answer) -> Answer:
        if name == "check out":
            return replace(answer, status=202)
        if name == "see order":
            seen.append(answer)
            if len(seen) < 3:
                answer.body["state"] = "PAYING"
        return answer

    assert visit(shop, accounts, JOURNEYS["buy"], settling).state == "CONFIRMED"
    assert len(seen) == 3


LIES = [
    ("browse", "home page", status_lie(503), "status 503, expected 200"),
    ("browse", "home page", page_lie('"/c/', '"/x/'), "leads to no category"),
    ("browse", "home page", page_lie("(?s)</body>.*", ""), "breaks off"),
    ("browse", "category page", page_lie('"/p/', '"/x/'), "leads to no product"),
    ("browse", "category page", page_lie("h1", "h2"), "no heading"),
    ("browse", "product page", page_lie('value="', 'value="X'), "does not sell it"),
    ("browse", "see stock", json_lie(lambda b: b.update(available=-1)), "-1 available"),
    ("browse", "see stock", json_lie(lambda b: b.update(sku="KIT-9999")), "got another"),
    ("buy", "list categories", json_lie(lambda b: b.update(items=[])), "the shop has no category"),
    ("buy", "see what is there", json_lie(lambda b: b["items"][0].update(sku="KIT-9")), "not asked for"),
    ("buy", "log in", json_lie(lambda b: b["user"].update(email="eve@example.com")), "another account"),
    ("buy", "log in", json_lie(lambda b: b.update(access_token="")), "access_token: expected some text"),
    ("buy", "log in", lambda a: replace(a, headers=dict(a.headers) | {"cache-control": "public"}), "a cache may keep"),
    ("buy", "make cart", json_lie(lambda b: b.update(cart_id=None)), "cart_id: expected some text"),
    ("buy", "put in cart", json_lie(lambda b: b["lines"][0].update(quantity=2)), "not what was put in"),
    ("buy", "see cart", json_lie(lambda b: b["total"].update(minor_units=1)), "its products are listed for"),
    ("buy", "see cart", json_lie(lambda b: b.update(lines=[])), "holds 0 lines"),
    ("buy", "check out", status_lie(500), "status 500"),
    ("buy", "check out", json_lie(lambda b: b.update(order_id="")), "order_id: expected some text"),
    ("buy", "check out", json_lie(lambda b: b["total"].update(minor_units=1)), "the order costs 1"),
    ("buy", "check out", json_lie(lambda b: b.update(cart_id="cart_1")), "of another cart"),
    ("buy", "see order", json_lie(lambda b: b.update(state="CANCELLED")), "CANCELLED, expected CONFIRMED"),
    ("buy", "see order", json_lie(lambda b: b.update(state="PAYING")), "still not there after 20 tries"),
    ("buy", "see order", json_lie(lambda b: b.update(order_id="ord_1")), "got another"),
    ("buy", "list orders", json_lie(lambda b: b.update(items=[])), "listed 0 times"),
    ("buy", "list orders", json_lie(lambda b: b.update(items=b["items"][:1] * 2)), "listed 2 times"),
]


@pytest.mark.parametrize(("journey", "step", "lie", "message"), LIES, ids=[f"{each[1]}: {each[3]}" for each in LIES])
def test_a_lie_fails_the_step_that_meets_it(shop, accounts, monkeypatch, journey, step, lie, message: str) -> None:
    """The message says what was wrong, and never an address or a token."""
    monkeypatch.setattr(buying, "LOGS_IN", 1.0)
    monkeypatch.setattr(buying, "DECLINED", 0.0)
    with pytest.raises(StepFailed, match=re.escape(message)) as caught:
        visit(shop, accounts, JOURNEYS[journey], lie_at(step, lie))
    assert "@" not in str(caught.value)


@pytest.mark.parametrize(("card", "message"), [(0.0, "a good card was declined"), (1.0, "paid with a card that is")])
def test_the_answer_must_be_that_of_the_card(shop, accounts, monkeypatch, card: float, message: str) -> None:
    """A decline of a good card is a failure, and so is the order that a bad one pays."""
    monkeypatch.setattr(buying, "DECLINED", card)
    said: dict[int, Answer] = {
        0: Answer(
            status=402,
            headers={"content-type": "application/problem+json"},
            body={"code": "card_declined", "status": 402},
        ),
        1: Answer(status=201, headers={"content-type": "application/json"}, body={"order_id": "ord_1"}),
    }
    with pytest.raises(StepFailed, match=message):
        visit(shop, accounts, JOURNEYS["buy"], lambda name, answer: said[int(card)] if name == "check out" else answer)


def counted(shop: ShopRun, service: str, metric: str) -> Counter[tuple[str, ...]]:
    """Values of *metric* by its labels' values, by the service's own count."""
    found: Counter[tuple[str, ...]] = Counter()
    text = shop.ask(service, "/metrics").body.decode()
    for labels, value in re.findall(rf"^{metric}\{{(.*)\}} (\S+)$", text, re.M):
        found[tuple(sorted(re.findall(r'"([^"]*)"', labels)))] += int(float(value))
    return found


def test_the_visits_of_a_shape_buy_and_nothing_fails(shop: ShopRun, tmp_path: Path) -> None:
    """Four visits a second begin; the shop counts the orders as those of users, and no line tells who they were."""
    (tmp_path / "flat.yaml").write_text(SHAPE, encoding="utf-8")
    before = counted(shop, "orders", "shop_orders_total")
    options = (
        "--host",
        shop.url,
        "--shape",
        str(tmp_path / "flat.yaml"),
        "--scale",
        "8",
        "--at-once",
        "200",
        "--for",
        "20",
        "--traffic",
        "user",
    )
    run = subprocess.run(
        [sys.executable, "-m", "synthetics", "load", *options],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert run.returncode == 0, run.stdout + run.stderr
    (line,) = [json.loads(line) for line in run.stdout.splitlines() if line.startswith("{")]
    assert (line["steps_failed"], line["first_error"], line["left_out"]) == ({}, None, 0)
    begun = sum(each["begun"] for each in line["visits"].values())
    assert 40 <= begun <= 125  # 80, and five times as much as counts of a Poisson process vary
    after = counted(shop, "orders", "shop_orders_total")
    confirmed = {labels: count for labels, count in (after - before).items() if "CONFIRMED" in labels}
    assert set(confirmed) == {("CONFIRMED", "user")}
    assert confirmed["CONFIRMED", "user"] >= line["steps_passed"]["see order"] > 0
    assert "@" not in run.stdout + run.stderr
    assert "eyJ" not in run.stdout + run.stderr  # how every JSON web token begins


def test_at_most_so_many_visits_are_under_way(shop: ShopRun, tmp_path: Path) -> None:
    """Those that come on top are left out, counted and said."""
    (tmp_path / "flat.yaml").write_text(SHAPE, encoding="utf-8")
    shape = ("--shape", str(tmp_path / "flat.yaml"), "--scale", "40", "--at-once", "3")
    options = (*shape, "--for", "2", "--traffic", "user")
    run = subprocess.run(
        [sys.executable, "-m", "synthetics", "load", "--host", shop.url, *options],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    line = json.loads(next(line for line in run.stdout.splitlines() if line.startswith("{")))
    assert line["under_way"] <= 3
    assert sum(each["begun"] for each in line["visits"].values()) + line["left_out"] > 15
    assert line["left_out"] > 10
