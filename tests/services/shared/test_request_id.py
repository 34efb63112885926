"""Request ids: callers' are kept only where nothing can be smuggled in with them."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.shared import request_id

SAFE = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}", fullmatch=True)


@given(SAFE)
def test_a_safe_id_is_kept(candidate: str) -> None:
    """Up to 64 letters, digits, dots, dashes and underscores pass unchanged."""
    assert request_id.choose(candidate) == candidate


@given(st.one_of(st.text(max_size=80), SAFE.map(lambda text: text + "\n"), SAFE.map(lambda text: text * 65)))
def test_what_is_used_is_always_short_and_plain(candidate: str) -> None:
    """Whatever a caller sends, the id in use has at most 64 safe characters."""
    chosen = request_id.choose(candidate)
    assert len(chosen) <= 64
    assert re.fullmatch(r"[A-Za-z0-9._-]+", chosen, re.ASCII)


@pytest.mark.parametrize(
    "candidate",
    [
        pytest.param("", id="nothing"),
        pytest.param("a" * 65, id="65 characters"),
        pytest.param("a\r\nSet-Cookie: x", id="a header split"),
        pytest.param("a b", id="a space"),
        pytest.param("-rf", id="an option of a shell command"),
        pytest.param("é", id="a letter beyond ASCII"),
        pytest.param("١", id="a digit beyond ASCII"),
        pytest.param("a\n", id="a line end at the end"),
        pytest.param("4111111111111111", id="a card number"),
        pytest.param("4111-1111-1111-1111", id="a card number in groups"),
    ],
)
def test_an_unsafe_id_is_replaced(candidate: str) -> None:
    """An id that is too long or holds anything special is not used."""
    assert not request_id.is_valid(candidate)
    assert request_id.choose(candidate) != candidate


def test_new_ids_differ() -> None:
    """Requests without an id get one each."""
    assert request_id.choose(None) != request_id.choose(None)
