"""What must never happen is 0 where the books say so, and not known where they do not."""

import pytest

from budget.answers import Sample
from budget.ops.invariants import FRESH_SECONDS, Invariant, read_invariants
from budget.ops.summary import invariant_words
from tests.budget.canned import NOW, sample
from tests.budget.ops.fakes import FakeServer

WELL = {
    "shop_oversold_units_total": 0.0,
    "shop_captures_checked_total": 0.0,
    "shop_payment_unknown_count": 0.0,
    'job="inventory"': NOW - 60,
    'job="orders"': NOW - 120,
}


def counted(changes: dict[str, float | None]) -> dict[str, Invariant]:
    """By name, of a shop whose figures these are; None is one that nobody exports."""
    values = WELL | changes
    answers: dict[str, tuple[Sample, ...]] = {
        key: () if value is None else (sample({}, value),) for key, value in values.items()
    }
    return {each.name: each for each in read_invariants(FakeServer(answers), NOW)}


def test_a_shop_that_is_well_has_four_zeros() -> None:
    """In the order in which people say them, as of when the books were compared."""
    found = counted({})
    assert list(found) == ["oversold", "double charged", "unknown", "lost"]
    assert all(each.holds for each in found.values())
    assert (found["oversold"].checked, found["lost"].checked) == (NOW - 60, NOW - 120)


def test_a_figure_that_nobody_exports_is_not_known() -> None:
    """And never a 0."""
    found = counted(dict.fromkeys(WELL))
    assert [each.count for each in found.values()] == [None] * 4
    assert invariant_words(found["lost"], NOW)[0] == "not known"


@pytest.mark.parametrize("checked", [0.0, None])
def test_books_that_were_never_compared_say_nothing(checked: float | None) -> None:
    """Counters begin at 0 before the first reconciliation, too."""
    found = counted({'job="inventory"': checked, 'job="orders"': checked})
    assert [found[name].count for name in ("oversold", "double charged", "lost")] == [None] * 3
    assert found["unknown"].count == 0


def test_old_books_prove_nothing_about_now() -> None:
    """The 0 is shown with its age, and does not hold."""
    found = counted({'job="orders"': NOW - FRESH_SECONDS - 1})
    assert (found["lost"].count, found["lost"].holds, found["oversold"].holds) == (0, False, True)
    assert invariant_words(found["lost"], NOW) == ("0", "books compared 2 h ago", "warn")


def test_what_differs_is_one_of_both() -> None:
    """The reconciliation counts it, and only its report says which."""
    found = counted({"shop_captures_checked_total": 2.0, "shop_oversold_units_total": 3.0})
    assert list(found) == ["oversold", "double charged or lost", "unknown"]
    assert (found["oversold"].count, found["double charged or lost"].count) == (3, 2)
    assert invariant_words(found["double charged or lost"], NOW)[2] == "bad"


def test_payments_that_are_not_known_yet_are_a_warning() -> None:
    """They are settled within five minutes as a rule."""
    assert invariant_words(counted({"shop_payment_unknown_count": 4.0})["unknown"], NOW) == ("4", "", "warn")
