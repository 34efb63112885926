"""Redaction: what must never be in a log line is taken out, what is needed stays."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.shared.redaction import HIDDEN, MAX_TEXT_LENGTH, holds_card, mapping, text, value

JWT = "eyJhbGciOiJFZERTQSJ9.eyJzdWIiOiJ1LTEifQ.c2lnbmF0dXJl"


def with_check_digit(digits: str) -> str:
    """*digits* and the digit that makes them a card number, found by trying all ten."""
    return next(digits + last for last in "0123456789" if holds_card(digits + last))


@pytest.mark.parametrize(
    "card",
    [
        "4111111111111111",
        "4111 1111 1111 1111",
        "4111-1111-1111-1111",
        "5555555555554444",
        "378282246310005",
        "3782 822463 10005",
        "6011111111111117",
        "4222222222222",
        "4111 1111-1111 1111",
    ],
)
@pytest.mark.parametrize("around", ["{}", "card={},", '{{"pan": "{}"}}', "x{}y", "tok_{}", "12 {} 99", "({})\n", "{}."])
def test_a_card_number_is_hidden(card: str, around: str) -> None:
    """Whatever stands around it, the rest of the line stays."""
    shown = text(around.format(card))
    assert "".join(c for c in shown if c.isdigit()) in ("", "1299")
    assert shown == around.format(HIDDEN)


@given(st.text("0123456789", min_size=12, max_size=18), st.sampled_from("23456789"))
def test_any_number_with_a_cards_check_digit_is_hidden(digits: str, first: str) -> None:
    """13 to 19 digits; with another last digit it is none and stays."""
    card = with_check_digit(first + digits[1:])
    assert text(card) == HIDDEN
    other = card[:-1] + str((int(card[-1]) + 1) % 10)
    assert text(other) == other


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        pytest.param("mail ada@example.com now", f"mail {HIDDEN} now", id="an address"),
        pytest.param("ada.b+c@mail.example.co.uk", HIDDEN, id="a long address"),
        pytest.param("?mail=ada%40example.com", HIDDEN, id="an encoded address"),
        pytest.param("ada@localhost", HIDDEN, id="an address without a dot"),
        pytest.param("Authorization: Bearer abc.DEF-1~x=", f"Authorization: Bearer {HIDDEN}", id="a bearer token"),
        pytest.param("basic dTpw", f"basic {HIDDEN}", id="a password"),
        pytest.param(f"token {JWT}!", f"token {HIDDEN}!", id="a JWT"),
        pytest.param("postgresql://shop:pw@db/x", f"postgresql://{HIDDEN}@db/x", id="a database's password"),
    ],
)
def test_secrets_and_addresses_are_hidden(written: str, shown: str) -> None:
    """And nothing else of the line."""
    assert text(written) == shown


@pytest.mark.parametrize(
    "written",
    [
        "ord_0af7651916cd43dd8448eb211c80319c",
        "12345678-1234-1234-1234-123456789012",
        "4" * 32,
        "at 1764000000000 ms",
        "took 0.123456789012345",
        "GET /api/v1/products/<sku> 200",
        "KIT-1003 2490 EUR",
        "the bearer of this letter",
        "a @ b",
    ],
)
def test_what_is_none_stays(written: str) -> None:
    """Ids, times, routes and words."""
    assert text(written) == written


def test_names_and_depth_are_searched() -> None:
    """A secret as a name, in a list, in a number; what is called a secret is one."""
    found = {
        "4111111111111111": True,
        "lines": [{"mail": "ada@example.com"}, ("4111111111111111",)],
        "number": 4111111111111111,
        "count": 12,
        "Authorization": "x",
        "db_password": ["x"],
        "ok": None,
        "seconds": 0.5,
        "error": ValueError("ada@example.com"),
    }
    assert mapping(found) == {
        HIDDEN: True,
        "lines": [{"mail": HIDDEN}, [HIDDEN]],
        "number": HIDDEN,
        "count": 12,
        "Authorization": HIDDEN,
        "db_password": HIDDEN,
        "ok": None,
        "seconds": 0.5,
        "error": HIDDEN,
    }


def test_lines_are_bounded() -> None:
    """In length, depth and number of members; numbers beyond text do not break it."""
    assert len(text("x" * 100_000)) == MAX_TEXT_LENGTH + 1
    assert len(mapping({str(n): n for n in range(1000)})) == 100
    deep: list = []
    for _ in range(1000):
        deep = [deep]
    assert HIDDEN in str(value(deep))
    assert value(10**5000) == 10**5000


@pytest.mark.parametrize(
    "written",
    ["1 " * 9000, "4 " * 9000, "9" * 20_000, "a" * 20_000 + "@", "a@" + "b." * 9000, "eyJ" * 6000, "1-" * 9000],
)
def test_no_text_takes_long(written: str) -> None:
    """However it is made, a line costs no more than a moment."""
    began = time.perf_counter()
    text(written)
    assert time.perf_counter() - began < 1


@given(st.recursive(st.text() | st.integers() | st.floats() | st.none(), lambda inner: st.lists(inner, max_size=3)))
def test_nothing_breaks_it(found) -> None:
    """Whatever is logged comes out, and a second pass finds nothing more."""
    once = value(found)
    assert repr(value(once)) == repr(once)
