"""Page cursors: what was handed out comes back, and nothing else is taken."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.shared import cursor
from services.shared.errors import CursorError

KEYS = st.text(st.characters(codec="utf-8"), max_size=60)


@given(KEYS)
def test_a_cursor_leads_back_to_its_key(key: str) -> None:
    """decode undoes encode for every key."""
    assert cursor.decode(cursor.encode(key)) == key


@given(KEYS)
def test_a_cursor_needs_no_escaping_in_a_url(key: str) -> None:
    """Letters, digits, dashes and underscores alone."""
    assert set(cursor.encode(key)) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")


@given(st.text(max_size=60))
def test_any_text_is_a_cursor_of_ours_or_refused(text: str) -> None:
    """Nothing but CursorError comes out of a forged cursor, and no key has two spellings."""
    with contextlib.suppress(CursorError):
        assert cursor.encode(cursor.decode(text)) == text


@given(KEYS, st.data())
def test_one_changed_character_is_refused_or_another_key(key: str, data: st.DataObject) -> None:
    """A damaged cursor never silently stands for the same place."""
    good = cursor.encode(key)
    place = data.draw(st.integers(0, len(good) - 1))
    other = data.draw(st.characters(codec="utf-8").filter(lambda character: character != good[place]))
    with contextlib.suppress(CursorError):
        assert cursor.decode(good[:place] + other + good[place + 1 :]) != key


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("", id="nothing"),
        pytest.param("S0lULTEwMDE", id="a bare key without the version"),
        pytest.param(cursor.encode("a") + "=", id="padding added"),
        pytest.param(cursor.encode("é?>").replace("-", "+").replace("_", "/"), id="the other alphabet"),
        pytest.param("MTr/", id="bytes that are no text"),
    ],
)
def test_forged_cursors_are_refused(text: str) -> None:
    """Texts that decode almost right are refused too."""
    with pytest.raises(CursorError):
        cursor.decode(text)
