"""How a drill is judged: on a platform that is none, whose incidents and alerts come by a clock."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from budget.drill_forecast import Forecast
from budget.drill_spec import Break, Drill, May, Page
from local import drill as judged
from local import drill_end
from local.drill import Asked
from local.drill_audit import Audit
from local.drill_card import Outcome
from local.drill_platform import Interrupted
from local.errors import DrillFailed, FaultRefused
from local.settings import Settings

BEGIN = 1_800_000_000.0
"""When the platform is ready; the fault comes as soon as it has settled."""
FAULT = judged.SETTLE_SECONDS
PAGE = Page(alert="ServiceDown", service="users")
OTHER = Page(alert="TrafficGone", service="users", when_busy=True)
FORECAST = Forecast(page=PAGE, fires_seconds=90.0, wait_seconds=15.0)
MAY = May(alert="DatabaseDown", service="users", why="the same from the database's side")
AUDIT = Audit(orders=9, states={"CONFIRMED": 9}, under_way=())


@dataclass
class FakePlatform:
    """*told*: (alert, service, seconds since BEGIN, until it is resolved). *alerts*: (alert, service, from, to, state).

    *breaks*: what waiting raises, and from when on. *deaf*: when Prometheus does not answer.
    """

    told: list[tuple[str, str, float, float]] = field(default_factory=list)
    alerts: list[tuple[str, str, float, float, str]] = field(default_factory=list)
    breaks: tuple[float, Exception] | None = None
    deaf: tuple[float, float] = (0.0, 0.0)
    now: float = BEGIN
    strikes: list[tuple[str, str, float]] = field(default_factory=list)
    settings: Settings = field(default_factory=lambda: Settings(run=Path("nowhere")))
    prometheus: Any = None

    def struck(self, what: Break) -> None:
        self.strikes.append((what.target, what.fault, self.now - BEGIN - FAULT))

    def wait(self, seconds: float) -> None:
        self.now += max(seconds, 0.01)
        if self.breaks is not None and self.now >= BEGIN + self.breaks[0]:
            raise self.breaks[1]

    def incidents(self, *, since: float = 0.0) -> list[dict[str, Any]]:
        return [
            {
                "alert": alert,
                "severity": "critical",
                "status": "resolved" if self.now >= BEGIN + resolved else "triggered",
                "created_at": datetime.fromtimestamp(BEGIN + at, UTC).isoformat(),
                "event": {"payload": {"component": service}},
            }
            for alert, service, at, resolved in self.told
            if since <= BEGIN + at <= self.now
        ]

    def firing(self, *, pending: bool = False) -> set[tuple[str, str, str]] | None:
        if BEGIN + self.deaf[0] <= self.now < BEGIN + self.deaf[1]:
            return None
        return {
            (alert, service, "page")
            for alert, service, start, end, state in self.alerts
            if BEGIN + start <= self.now < BEGIN + end and (pending or state == "firing")
        }


@pytest.fixture
def carry_out(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Outcome]:
    """Carries a drill out by the platform's clock; *undo* is what takes the fault back."""

    def do(
        platform: FakePlatform,
        *pages: Page,
        forecasts: tuple[Forecast | None, ...] = (FORECAST,),
        may: tuple[May, ...] = (MAY,),
        audit: Audit = AUDIT,
        full: bool = False,
        kill: str = "",
        undo: Callable[[], None] = lambda: None,
    ) -> Outcome:
        fault = Break(target="users", fault="halt", body={})
        drill = Drill(
            name="users-down",
            title="Users hangs",
            says="Nobody can log in.",
            short=True,
            faults=(fault,),
            mend=(),
            effects=(),
            pages=pages or (PAGE,),
            may=may,
        )
        for module in (judged, drill_end):
            monkeypatch.setattr(module, "time", SimpleNamespace(time=lambda: platform.now))
        monkeypatch.setattr(judged, "forecasts", lambda *_, **__: forecasts)
        monkeypatch.setattr(judged, "audit", lambda _: audit)
        monkeypatch.setattr(judged.drill_strikes, "strike", lambda _, what: platform.struck(what) or undo)
        monkeypatch.setattr(judged.part_processes, "running", lambda _: {"prometheus", "orders"})
        return judged.carry_out(drill, platform, Asked(rules=None, full=full, kill=kill), lambda _: None)  # type: ignore[arg-type]

    return do


def paged(after: float = 100.0, quiet: float = 60.0, resolved: float = 120.0) -> FakePlatform:
    """One on which the page comes *after* the fault, its rule is quiet so long after that, and then it is resolved."""
    at = FAULT + after
    return FakePlatform(
        told=[("ServiceDown", "users", at, at + resolved)],
        alerts=[("ServiceDown", "users", at - 15, at + quiet, "firing")],
    )


def test_a_page_in_time_and_nothing_else_passes(carry_out: Callable[..., Outcome]) -> None:
    """With when it came, and how long after the mending its rule was quiet."""
    found = carry_out(paged())
    assert (found.passed, found.wrong, found.unexpected, found.not_expected) == (True, (), (), ())
    (page,) = found.pages
    assert page.after_seconds == pytest.approx(100, abs=1.1)
    assert page.reset_seconds == pytest.approx(60, abs=2.1)
    assert (found.orders, found.lost, found.oversold, found.double_charged) == (9, 0, 0, 0)


@pytest.mark.parametrize(
    ("platform", "wrong"),
    [
        pytest.param(paged(151), "ServiceDown came 46 s late", id="late"),
        pytest.param(FakePlatform(), "ServiceDown did not come", id="never"),
        pytest.param(paged(300), "ServiceDown did not come", id="so late that nobody waits"),
        pytest.param(paged(quiet=1e6), "ServiceDown still fires 780 s after the mending", id="never quiet"),
    ],
)
def test_a_page_that_is_not_as_it_must_be_fails(
    carry_out: Callable[..., Outcome], platform: FakePlatform, wrong: str
) -> None:
    """One sentence says what is not well."""
    assert carry_out(platform).wrong == (wrong,)


@pytest.mark.parametrize(("part", "expected"), [("prometheus", 195), ("orders", 105)])
def test_a_part_is_killed_halfway_to_the_page(carry_out: Callable[..., Outcome], part: str, expected: float) -> None:
    """A Prometheus that starts again counts a rule's minute anew, and is given the time."""
    platform = paged(200)
    found = carry_out(platform, kill=part)
    assert platform.strikes[1] == (part, "kill", pytest.approx(52, abs=1.1))
    assert [page.expected_seconds for page in found.pages] == [expected]
    assert found.passed == (part == "prometheus")


def test_only_a_part_that_runs_is_killed(carry_out: Callable[..., Outcome]) -> None:
    """Nothing is broken before that is known."""
    platform = paged()
    with pytest.raises(DrillFailed, match="nginx is no part that can be killed: there are orders, prometheus"):
        carry_out(platform, kill="nginx")
    assert platform.strikes == []


def test_a_page_of_another_service_is_not_the_one_that_is_expected(carry_out: Callable[..., Outcome]) -> None:
    """It is missing, and the other is one too many."""
    found = carry_out(FakePlatform(told=[("ServiceDown", "orders", FAULT + 100, 1e6)]))
    assert found.wrong == ("ServiceDown did not come", "ServiceDown was not expected")


@pytest.mark.parametrize(
    ("service", "unexpected"), [("users", ()), ("orders", ("DatabaseDown",))], ids=["of its service", "of another"]
)
def test_what_may_come_may_come_of_its_service_alone(
    carry_out: Callable[..., Outcome], service: str, unexpected: tuple[str, ...]
) -> None:
    """A database of somebody else is another outage."""
    platform = paged()
    platform.told.append(("DatabaseDown", service, FAULT + 50, FAULT + 200))
    found = carry_out(platform)
    assert found.unexpected == unexpected
    assert found.passed == (not unexpected)


@pytest.mark.parametrize(
    ("fires", "told", "deaf"),
    [
        pytest.param(150.0, 240.0, (0, 0), id="in its group's wait while the rest is over"),
        pytest.param(60.0, 340.0, (0, 0), id="held back until the rest is over"),
        pytest.param(150.0, 280.0, (FAULT + 170, FAULT + 230), id="while Prometheus does not say so"),
    ],
)
def test_a_page_that_is_still_on_its_way_is_waited_for(
    carry_out: Callable[..., Outcome], fires: float, told: float, deaf: tuple[float, float]
) -> None:
    """The page's rule is quiet 160 s after the fault; who is told afterwards is told all the same."""
    platform = paged()
    platform.deaf = deaf
    platform.alerts.append(("JourneyAccount", "journeys", FAULT + fires, FAULT + 600, "firing"))
    platform.told.append(("JourneyAccount", "journeys", FAULT + told, 1e6))
    assert carry_out(platform).unexpected == ("JourneyAccount",)


def test_a_rule_that_is_about_to_fire_and_does_not_is_nobodys_page(carry_out: Callable[..., Outcome]) -> None:
    """The drill ends with it, and not before."""
    platform = paged()
    platform.alerts.append(("JourneyAccount", "journeys", FAULT + 150, FAULT + 250, "pending"))
    found = carry_out(platform)
    assert found.passed
    assert platform.now >= BEGIN + FAULT + 250


def test_where_nobody_is_expected_it_stays_broken_long_enough_to_see_that(carry_out: Callable[..., Outcome]) -> None:
    """And the scorecard says which page was not to come."""
    platform = FakePlatform()
    found = carry_out(platform, OTHER, forecasts=(None,))
    assert (found.passed, found.pages, found.not_expected) == (True, (), ("TrafficGone",))
    assert platform.now >= BEGIN + FAULT + judged.NOBODY_SECONDS
    platform = FakePlatform(told=[("CatalogAvailability", "catalog", FAULT + 600, 1e6)])
    assert carry_out(platform, OTHER, forecasts=(None,)).unexpected == ("CatalogAvailability",)


def test_of_one_for_busy_hours_the_forecast_may_be_a_little_too_low(carry_out: Callable[..., Outcome]) -> None:
    """It may come; the same alert of another service may not."""
    for service, unexpected in (("users", ()), ("payments", ("TrafficGone",))):
        platform = FakePlatform(told=[("TrafficGone", service, FAULT + 600, 1e6)])
        found = carry_out(platform, OTHER, forecasts=(None,))
        assert (found.unexpected, found.allowed) == (unexpected, () if unexpected else ("TrafficGone",))


def test_one_that_nobody_foresees_is_not_carried_out(carry_out: Callable[..., Outcome]) -> None:
    """Its effects are wrong, or its page is."""
    with pytest.raises(DrillFailed, match="by the forecast ServiceDown does not come within twenty minutes"):
        carry_out(FakePlatform(), forecasts=(None,))


def test_a_platform_that_pages_already_breaks_nothing(carry_out: Callable[..., Outcome]) -> None:
    """Nothing could be told from it."""
    with pytest.raises(DrillFailed, match="somebody was paged before anything was broken: Watchdog"):
        carry_out(FakePlatform(told=[("Watchdog", "alerts", 3, 1e6)]))


def test_in_the_full_form_pagerduty_must_hear_of_the_end(carry_out: Callable[..., Outcome]) -> None:
    """In the short one its rule must be quiet."""
    platform = paged(resolved=1e6)
    assert carry_out(platform).passed
    assert carry_out(paged(resolved=1e6), full=True).wrong == ("ServiceDown was never resolved",)
    assert carry_out(paged(), full=True).passed


@pytest.mark.parametrize(
    ("audit", "wrong"),
    [
        pytest.param({"lost": ("an order is lost",)}, ("an order is lost",), id="lost"),
        pytest.param({"oversold": 3}, ("3 units oversold",), id="oversold"),
        pytest.param({"double_charged": ("twice",)}, ("twice",), id="charged twice"),
        pytest.param({"under_way": ("o-1",)}, ("1 orders' money is on its way 240 s later",), id="money on its way"),
    ],
)
def test_books_that_are_not_right_fail(
    carry_out: Callable[..., Outcome], audit: dict[str, Any], wrong: tuple[str, ...]
) -> None:
    """Whatever came of the pages."""
    values = {name: getattr(AUDIT, name) for name in AUDIT.__dataclass_fields__} | audit
    assert carry_out(paged(), audit=Audit(**values)).wrong == wrong


@pytest.mark.parametrize("error", [Interrupted(), DrillFailed("its platform ended by itself")], ids=repr)
def test_what_ends_it_is_told_also_where_nothing_can_be_mended_any_more(
    carry_out: Callable[..., Outcome], error: Exception
) -> None:
    """The part that cannot be asked any more is a consequence."""
    asked: list[bool] = []

    def refused() -> None:
        asked.append(True)
        raise FaultRefused("users is no part that runs")

    with pytest.raises(type(error)) as raised:
        carry_out(FakePlatform(breaks=(FAULT + 30, error)), undo=refused)
    assert raised.value is error
    assert asked == [True]
