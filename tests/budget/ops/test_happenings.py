"""Deploys and faults, as services say them of themselves."""

from collections.abc import Mapping

import pytest

from budget.answers import Series
from budget.ops import strip
from budget.ops.happenings import Happening, joined, read_day, read_deploys
from tests.budget.ops.fakes import DAY, HOUR, FakeServer

NOW = 2_000_001_600.0  # a full hour
RELEASES, FAULTS = "app_build_info", "shop_fault_active"


def running(service: str, version: str, since: float, until: float, step: float = 60.0) -> Series:
    """A release that ran from so long ago until so long ago."""
    return Series(labels={"service": service, "version": version}, points=_points(since, until, step))


def broken(job: str, fault: str, since: float, until: float) -> Series:
    """A fault that was on."""
    return Series(labels={"job": job, "fault": fault}, points=_points(since, until, 60))


def _points(since: float, until: float, step: float) -> tuple[tuple[float, float], ...]:
    return tuple((NOW - ago, 1.0) for ago in range(int(since), int(until) - 1, -int(step)))


def server(ranges: Mapping[str, tuple[Series, ...]]) -> FakeServer:
    """That knows these."""
    return FakeServer(ranges=ranges)


def test_a_deploy_is_another_version_than_before() -> None:
    """At its first minute; what ran all the time is none."""
    found = server(
        {RELEASES: (running("orders", "1", 7200, 660), running("orders", "2", 600, 0), running("users", "1", 7200, 0))}
    )
    (deploy,) = read_day(found, NOW)
    assert (deploy.kind, deploy.says, deploy.start) == ("deploy", "deploy of orders: 1 → 2", NOW - 600)


def test_a_fault_has_its_begin_and_its_end() -> None:
    """One that is on goes on; the newest is first."""
    faults = (broken("catalog", "errors", 1800, 1200), broken("orders", "latency", 300, 0))
    found = read_day(server({FAULTS: faults}), NOW)
    assert [(each.says, NOW - each.start, each.goes_on) for each in found] == [
        ("fault latency in orders", 300, True),
        ("fault errors in catalog", 1800, False),
    ]
    assert found[1].end - found[1].start == 660


def test_older_deploys_are_known_to_the_hour() -> None:
    """Each is told once: those of the last day by the minute."""
    releases = (running("orders", "1", 72 * HOUR, 49 * HOUR, HOUR), running("orders", "2", 48 * HOUR, 0, HOUR))
    old = read_deploys(server({RELEASES: releases}), NOW, seconds=30 * DAY)
    assert [NOW - each.start for each in old] == [48 * HOUR]
    day = (Happening(kind="deploy", says="", start=NOW - 60, end=NOW - 60),)
    assert joined(day, (*old, *day), NOW) == (*day, *old)


@pytest.mark.parametrize("minutes", [0, 5, 10, 34, 35, 36, 45, 59])
def test_a_deploy_that_is_a_day_old_is_still_told_once(minutes: int) -> None:
    """One of 12:35 is known to the minute until 12:35 of the next day, and to the hour from then on."""
    now = NOW + minutes * 60
    by_minute = (running("orders", "1", 2 * DAY, DAY - 34 * 60), running("orders", "2", DAY - 35 * 60, -HOUR))
    by_hour = (running("orders", "1", 2 * DAY, DAY, HOUR), running("orders", "2", DAY - HOUR, 0, HOUR))
    old = read_deploys(server({RELEASES: by_hour}), now, seconds=30 * DAY)
    found = joined(read_day(server({RELEASES: by_minute}), now), old, now)
    told = [(each.says, round((each.start - NOW + DAY) / 60)) for each in found]
    assert told == [("deploy of orders: 1 → 2", 35 if minutes < 35 else 60)]


def test_the_hour_of_the_journeys_shows_what_happened_in_it() -> None:
    """Where it lay; a moment is as wide as can be seen, and nothing lies outside."""
    given = [
        Happening(kind="fault", says="fault errors in catalog", start=NOW - 1800, end=NOW - 1200),
        Happening(kind="deploy", says="deploy of orders: 1 → 2", start=NOW, end=NOW),
        Happening(kind="fault", says="old", start=NOW - 9000, end=NOW - 8000),
        Happening(kind="fault", says="long", start=NOW - 9000, end=NOW - 3000),
    ]
    boxes = strip.lane(given, NOW)
    assert [(box.kind, box.x, box.width) for box in boxes] == [
        ("fault", 30, 10),
        ("deploy", 59.4, 0.6),
        ("fault", 0, 10),
    ]
    assert boxes[0].title == "03:30 to 03:40: fault errors in catalog"
