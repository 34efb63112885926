"""One drill from its platform's start to its scorecard: forecast, break, wait to be told, mend, count."""

from __future__ import annotations

import contextlib
import sqlite3
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from budget.drill_forecast import Forecast, Rules, forecasts
from budget.drill_spec import Break, Drill, Page
from budget.errors import BudgetError
from budget.postmortem_scorecard import LATE_SECONDS
from budget.rule_closure import NoRule
from local import drill_strikes, part_processes
from local.drill_audit import Audit, audit
from local.drill_card import Outcome, Told
from local.drill_platform import DrillPlatform
from local.drill_strikes import Undo
from local.errors import DrillFailed

Say = Callable[[str], None]
POLL_SECONDS = 1.0
SETTLE_SECONDS = 25.0
"""From ready: three scrapes, a turn of the rules that page, the jobs' first turns."""
AFTERWARDS_SECONDS = 60.0
"""Longer than a page is late: one that comes later than it may is told of as well, and not only as missing."""
NOBODY_SECONDS = 720.0
"""Where by the forecast nobody is told: longer than TrafficGone and its route take at a busy hour."""
RESET_SECONDS, RESOLVED_SECONDS = 780.0, 1080.0
"""After the mending: some rules remember ten minutes, and PagerDuty hears of an end a minute after it."""
ECHO_SECONDS = 240.0
"""What is about to fire has its `for` (a minute), a turn, and the longest group_wait of a page (90 s)."""
TURN_SECONDS = 35.0
"""Within that each rule that pages has had a turn."""
BOOKS_SECONDS = 240.0
PAGE, TICKET = "critical", "warning"
"""Severities as PagerDuty has them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """How a drill is carried out.

    full:  until PagerDuty has heard of the end. kill: a part that is killed in the middle of it; "": none.
    """

    rules: Rules
    full: bool = False
    kill: str = ""


@dataclass(slots=True)
class _Run:
    """What is known while a drill goes on."""

    drill: Drill
    platform: DrillPlatform
    say: Say
    expected: tuple[tuple[Page, Forecast], ...] = ()
    not_expected: list[Page] = field(default_factory=list)
    started: float = 0.0
    undone: list[Undo] = field(default_factory=list)
    after: dict[Page, float] = field(default_factory=dict)
    reset: dict[Page, float] = field(default_factory=dict)
    wrong: list[str] = field(default_factory=list)


def carry_out(drill: Drill, platform: DrillPlatform, asked: Asked, say: Say) -> Outcome:
    """Carry *drill* out on *platform*, which has just become ready.

    Raises:  DrillFailed: it could not be.  Interrupted: somebody asked to stop; everything is mended.
    """
    run = _Run(drill, platform, say)
    if asked.kill and asked.kill not in (parts := part_processes.running(platform.settings)):
        raise DrillFailed(f"{asked.kill} is no part that can be killed: there are {', '.join(sorted(parts))}")
    _settle(run)
    _foresee(run, asked.rules)
    try:
        _break(run, asked)
    except BaseException:
        # What ended it is what is told; its platform is stopped in any case.
        with contextlib.suppress(DrillFailed):
            drill_strikes.mend(run.undone)
        raise
    _mend(run)
    _await_end(run, full=asked.full)
    over = time.time()
    books = _books(run)
    _await_echoes(run, over)
    return _outcome(run, books)


def _settle(run: _Run) -> None:
    run.say(f"ready, ports from {run.platform.settings.port_base}: letting it settle")
    run.platform.wait(SETTLE_SECONDS)
    already = [each["alert"] for each in run.platform.incidents() if _severity(each) == PAGE]
    if already:
        raise DrillFailed(f"somebody was paged before anything was broken: {', '.join(already)}")


def _foresee(run: _Run, rules: Rules) -> None:
    try:
        found = forecasts(run.drill, run.platform.prometheus, rules, now=time.time(), shoppers=run.drill.shoppers)
    except (BudgetError, NoRule) as error:
        raise DrillFailed(f"no forecast: {error}") from error
    pairs = list(zip(run.drill.pages, found, strict=True))
    missing = [page.alert for page, forecast in pairs if forecast is None and not page.when_busy]
    if missing:
        raise DrillFailed(f"by the forecast {', '.join(missing)} does not come within twenty minutes")
    for page, forecast in pairs:
        if forecast is None:
            run.say(f"{page.alert} is not expected: so few come at this hour that nobody is told")
            run.not_expected.append(page)
    run.expected = tuple((page, forecast) for page, forecast in pairs if forecast is not None)
    told = [f"{page.alert} after {forecast.expected_seconds:.0f} s" for page, forecast in run.expected]
    run.say(f"expected: {', '.join(told) or f'nobody is told, for {NOBODY_SECONDS:.0f} s'}")


def _break(run: _Run, asked: Asked) -> None:
    """Break it, and wait until everybody was told who must be."""
    first, *later = run.drill.faults
    run.undone.append(drill_strikes.strike(run.platform, first))
    run.started = time.time()
    run.say(f"broken: {first.target} {first.fault}")
    longest = max((forecast.expected_seconds for _, forecast in run.expected), default=0.0)
    if asked.kill:
        soonest = min((forecast.expected_seconds for _, forecast in run.expected), default=0.0)
        killed = Break(target=asked.kill, fault="kill", body={}, after_seconds=int(soonest / 2))
        later = sorted((*later, killed), key=lambda each: each.after_seconds)
    while True:
        passed = time.time() - run.started
        while later and passed >= later[0].after_seconds:
            run.undone.append(drill_strikes.strike(run.platform, later[0]))
            run.say(f"broken: {later[0].target} {later[0].fault}")
            later.pop(0)
        _look(run)
        if not later and run.expected and all(page in run.after for page, _ in run.expected):
            return
        if passed > (longest + LATE_SECONDS + AFTERWARDS_SECONDS if run.expected else NOBODY_SECONDS):
            return
        run.platform.wait(POLL_SECONDS)


def _look(run: _Run) -> None:
    """Note who was told since the last look."""
    for incident in run.platform.incidents(since=run.started - 1):
        for page, forecast in run.expected:
            if page not in run.after and _is_of(incident, page):
                run.after[page] = max(0.0, _moment(incident["created_at"]) - run.started)
                run.say(f"told: {page.alert} after {run.after[page]:.0f} s, expected {forecast.expected_seconds:.0f} s")


def _mend(run: _Run) -> None:
    drill_strikes.mend(run.undone)
    for each in run.drill.mend:
        drill_strikes.strike(run.platform, each)()
    run.say("mended")


def _await_end(run: _Run, *, full: bool) -> None:
    """Wait until the rules of those who were told are quiet, and in the *full* form until PagerDuty knows."""
    mended = time.time()
    loud, seen = set(run.after), set[Page]()
    while loud and time.time() < mended + RESET_SECONDS:
        run.platform.wait(POLL_SECONDS)
        firing, now = run.platform.firing(), time.time()
        if firing is None:
            continue
        seen |= {page for page in loud if _as_alert(page) in firing}
        # One that was never seen may be that of a Prometheus that has just been started, before its first turn.
        over = {
            page for page in loud if _as_alert(page) not in firing and (page in seen or now > mended + TURN_SECONDS)
        }
        for page in over:
            run.reset[page] = now - mended
            run.say(f"over: {page.alert}, {now - mended:.0f} s after the mending")
        loud -= over
    run.wrong += [f"{page.alert} still fires {RESET_SECONDS:.0f} s after the mending" for page in loud]
    while full and time.time() < mended + RESOLVED_SECONDS and _open(run):
        run.platform.wait(POLL_SECONDS)
    if full:
        run.wrong += [f"{alert} was never resolved" for alert in sorted(set(_open(run)))]


def _await_echoes(run: _Run, over: float) -> None:
    """Wait while a page fires, or is about to, that nobody expected: its group may wait, and what was held back until
    *over* fires at its rule's next turn.
    """
    run.platform.wait(max(0.0, over + TURN_SECONDS - time.time()))
    end = time.time() + ECHO_SECONDS
    told = {_as_alert(page) for page, _ in run.expected}
    said = set[str]()
    while time.time() < end:
        loud = run.platform.firing(pending=True)
        echoes = (
            {alert for alert, service, severity in loud - told if severity == "page" and not _may(run, alert, service)}
            if loud is not None
            else said
        )
        if echoes <= set(_unexpected(run)):
            return
        if new := echoes - said:
            run.say(f"fires still, and may tell somebody yet: {', '.join(sorted(new))}")
            said |= new
        run.platform.wait(POLL_SECONDS)


def _as_alert(page: Page) -> tuple[str, str, str]:
    return page.alert, page.service, page.severity


def _open(run: _Run) -> list[str]:
    """Pages, and what was expected, of which PagerDuty has not heard the end. Other tickets remember hours."""
    return [
        each["alert"]
        for each in run.platform.incidents(since=run.started - 1)
        if each["status"] != "resolved"
        and not _may(run, each["alert"], _service(each))
        and (_severity(each) == PAGE or any(_is_of(each, page) for page, _ in run.expected))
    ]


def _books(run: _Run) -> Audit:
    """The audit, once no money is on its way any more that was so when it was mended."""
    data = run.platform.settings.data
    end = time.time() + BOOKS_SECONDS
    try:
        found = audit(data)
        moving = set(found.under_way)
        while moving and time.time() < end:
            run.platform.wait(2 * POLL_SECONDS)
            found = audit(data)
            moving &= set(found.under_way)
    except sqlite3.Error as error:
        raise DrillFailed(f"the books cannot be read: {error}") from error
    if moving:
        run.wrong.append(f"{len(moving)} orders' money is on its way {BOOKS_SECONDS:.0f} s later")
    states = ", ".join(f"{count} {state.lower()}" for state, count in sorted(found.states.items()))
    run.say(
        f"{found.orders} orders ({states}): {len(found.lost)} lost, {found.oversold} oversold,"
        f" {len(found.double_charged)} charged twice"
    )
    return found


def _outcome(run: _Run, books: Audit) -> Outcome:
    told = tuple(
        Told(
            alert=page.alert,
            expected_seconds=forecast.expected_seconds,
            after_seconds=run.after.get(page),
            reset_seconds=run.reset.get(page),
        )
        for page, forecast in run.expected
    )
    unexpected = tuple(sorted(set(_unexpected(run))))
    return Outcome(
        name=run.drill.name,
        title=run.drill.title,
        started=run.started,
        ended=time.time(),
        pages=told,
        unexpected=unexpected,
        not_expected=tuple(page.alert for page in run.not_expected),
        orders=books.orders,
        lost=len(books.lost),
        oversold=books.oversold,
        double_charged=len(books.double_charged),
        wrong=(*_wrong(told, unexpected, books), *run.wrong),
    )


def _unexpected(run: _Run) -> Iterator[str]:
    for incident in run.platform.incidents():
        expected = any(_is_of(incident, page) for page, _ in run.expected)
        if _severity(incident) == PAGE and not expected and not _may(run, incident["alert"], _service(incident)):
            yield incident["alert"]


def _may(run: _Run, alert: str, service: str) -> bool:
    """Whether nobody minds that it tells somebody."""
    # Of one that is expected at busy hours, the forecast may have been a little too low.
    busy = ((page.alert, page.service) for page in run.drill.pages if page.when_busy)
    return (alert, service) in {*((may.alert, may.service) for may in run.drill.may), *busy}


def _wrong(told: Sequence[Told], unexpected: Sequence[str], books: Audit) -> Iterator[str]:
    for page in told:
        if page.after_seconds is None:
            yield f"{page.alert} did not come"
        elif not page.in_time:
            yield f"{page.alert} came {page.after_seconds - page.expected_seconds:.0f} s late"
    yield from (f"{alert} was not expected" for alert in unexpected)
    yield from books.lost
    yield from books.double_charged
    if books.oversold:
        yield f"{books.oversold} units oversold"


def _is_of(incident: dict[str, Any], page: Page) -> bool:
    severity = PAGE if page.severity == "page" else TICKET
    return (incident["alert"], _service(incident), _severity(incident)) == (page.alert, page.service, severity)


def _service(incident: dict[str, Any]) -> str:
    return str((incident["event"].get("payload") or {}).get("component", ""))


def _severity(incident: dict[str, Any]) -> str:
    return str(incident["severity"])


def _moment(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()
