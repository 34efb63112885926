"""Times, lengths and shares as people read them."""

import pytest

from budget.ops import words

AT = 1_999_987_272.0  # 2033-05-18 00:01:12 UTC


@pytest.mark.parametrize(
    ("seconds", "says"),
    [
        (0, "0 s"),
        (-3, "0 s"),
        (45, "45 s"),
        (60, "1 min"),
        (105, "1 min 45 s"),
        (900, "15 min"),
        (7200, "2 h"),
        (7500, "2 h 5 min"),
        (7205, "2 h"),
        (349_200, "4 d 1 h"),
    ],
)
def test_a_length_has_its_two_largest_units(seconds: float, says: str) -> None:
    """And no zeros."""
    assert words.lasting(seconds) == says


def test_moments_are_utc() -> None:
    """As short as their place allows; for programs as RFC 3339."""
    said = (words.clock(AT), words.minute(AT), words.day(AT), words.iso(AT))
    assert said == ("00:01:12", "00:01", "18 May 00:01", "2033-05-18T00:01:12Z")


def test_a_moment_of_another_day_names_the_day() -> None:
    """An hour alone would be one of today."""
    assert (words.moment(AT, AT + 3600), words.moment(AT - 120, AT)) == ("00:01:12", "17 May 23:59")


def test_what_is_not_known_is_said_so() -> None:
    """And nothing is -0."""
    assert (words.percent(None), words.count(None)) == ("not known", "not known")
    assert (words.percent(0.5551), words.percent(-0.0), words.percent(-0.0001)) == ("55.5%", "0.0%", "0.0%")
    assert (words.count(1234.4), words.plural(1, "page"), words.plural(2, "page")) == ("1,234", "1 page", "2 pages")
