"""slo.hours: single values of working hours, and what overlaps."""

import pytest

from slo import hours


@pytest.mark.parametrize("text", ["monday", "monday:friday", "sunday:saturday"])
def test_weekdays_are_days_or_ranges(text):
    """As Alertmanager reads them."""
    assert hours.weekdays(text) == text


@pytest.mark.parametrize(
    "text", ["", "mon", "monday-friday", "monday:friday:sunday", "saturday:sunday", "friday:friday", "Monday"]
)
def test_what_is_no_weekday(text):
    """A week begins on sunday; a range goes forward."""
    with pytest.raises(ValueError, match=r"expected monday|write two ranges"):
        hours.weekdays(text)


@pytest.mark.parametrize("text", ["00:00-24:00", "09:00-09:01", "23:59-24:00"])
def test_spans_of_a_day(text):
    """To the minute, up to its end."""
    assert "-".join(hours.span(text)) == text


@pytest.mark.parametrize(
    "text", ["9:00-17:00", "09:00-25:00", "17:00-09:00", "09:00-09:00", "24:00-24:00", "09:00", 9, None]
)
def test_what_is_no_span(text):
    """Two digits each, the end after the start."""
    with pytest.raises(ValueError, match="is not a span of a day"):
        hours.span(text)


@pytest.mark.parametrize("times", [["09:00-12:00", "12:00-13:00"], ["13:00-14:00", "09:00-10:00"], ["09:00-10:00"]])
def test_spans_that_touch_do_not_overlap(times):
    """Wherever they stand in the list."""
    assert hours.without_overlap({"times": times}) == {"times": times}


@pytest.mark.parametrize(
    "given",
    [
        {"times": ["09:00-12:00", "11:59-13:00"]},
        {"times": ["11:00-12:00", "09:00-17:00"]},
        {"times": ["09:00-12:00", "09:00-12:00"]},
        {"weekdays": ["monday:friday", "friday"]},
        {"weekdays": ["tuesday", "monday:wednesday"]},
        {"weekdays": ["monday", "monday"]},
    ],
)
def test_what_overlaps(given):
    """It would be no fault for Alertmanager, and is one of whoever wrote it."""
    with pytest.raises(ValueError, match="overlap"):
        hours.without_overlap(given)


@pytest.mark.parametrize("given", [None, [], {"times": "09:00-12:00"}, {"times": [1]}, {"weekdays": ["mon", "mon"]}])
def test_what_cannot_be_read_is_left_to_the_shape(given):
    """It says better what is wrong."""
    assert hours.without_overlap(given) == given


def test_time_zones_are_iana_names():
    """And UTC."""
    assert [hours.time_zone(name) for name in ("UTC", "Europe/Berlin", "Asia/Kathmandu")]
    with pytest.raises(ValueError, match="is not a time zone"):
        hours.time_zone("CEST")
