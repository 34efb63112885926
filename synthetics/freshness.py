"""How soon a change of price shows: staff change that of a reserved product, and then it is looked at until it does."""

import re

from synthetics import expect
from synthetics.accounts import STAFF
from synthetics.browsing import PRODUCTS, THINK_SECONDS
from synthetics.expect import Answer
from synthetics.journey import Journey, RunIn, Step, Visit
from synthetics.reserved import PRICE
from synthetics.signing_in import of_staff, sign_in

FRESH_SECONDS = 60.0
# Asked for every half second by a probe, whose visit must be over before the next one begins.
TRIES = 80
# In cents, to and fro, so that it is the same for ever.
LOW, HIGH = 100, 101


def _read(visit: Visit, answer: Answer) -> None:
    found = expect.product(expect.json_answer(answer))
    expect.is_true(found["sku"] == PRICE, f"asked for {PRICE}, got another product")
    visit.etag = answer.headers.get("etag", "")
    expect.is_true(visit.etag != "", f"{PRICE}: no ETag")
    visit.prices = {PRICE: LOW if found["price"]["minor_units"] == HIGH else HIGH}
    visit.words = found["price"]["currency"]


def _changed(visit: Visit, answer: Answer) -> None:
    expect.is_true(_price(answer) == visit.prices[PRICE], "the price was changed, but not to what it was to be")
    expect.is_true(answer.headers.get("etag", "") not in ("", visit.etag), f"{PRICE}: changed, but not its ETag")


def _price(answer: Answer) -> int:
    found = expect.product(expect.json_answer(answer))
    expect.is_true(found["sku"] == PRICE, f"asked for {PRICE}, got another product")
    return int(found["price"]["minor_units"])


def _see(visit: Visit, answer: Answer) -> None:
    visit.settled = _price(answer) == visit.prices[PRICE]


def _see_page(visit: Visit, answer: Answer) -> None:
    shown = re.search(r'class="price">(?:<[^>]*>|\s)*[^<\d]*(\d+)\.(\d\d)\b', expect.page(answer))
    expect.is_true(shown is not None, f"the page of {PRICE} shows no price")
    visit.settled = shown is not None and int(shown[1]) * 100 + int(shown[2]) == visit.prices[PRICE]


FRESHNESS = Journey(
    name="freshness",
    run_in=frozenset({RunIn.PROBE}),
    think_seconds=THINK_SECONDS,
    others=(STAFF,),
    steps=(
        *sign_in(of_staff),
        Step(name="read price", path=lambda visit: f"{PRODUCTS}/{PRICE}", check=_read),
        Step(
            name="change price",
            method="PUT",
            path=lambda visit: f"{PRODUCTS}/{PRICE}/price",
            headers=lambda visit: {**of_staff(visit).bearer, "If-Match": visit.etag},
            body=lambda visit: {"minor_units": visit.prices[PRICE], "currency": visit.words},
            check=_changed,
            who=of_staff,
        ),
        Step(
            name="see new price",
            path=lambda visit: f"{PRODUCTS}/{PRICE}",
            check=_see,
            settled=lambda visit: visit.settled,
            tries=TRIES,
        ),
        # The last to show it: what passes here is how long the change took.
        Step(
            name="see new price page",
            path=lambda visit: f"/p/{PRICE}",
            check=_see_page,
            settled=lambda visit: visit.settled,
            tries=TRIES,
            within_seconds=FRESH_SECONDS,
            since="change price",
        ),
    ),
)
