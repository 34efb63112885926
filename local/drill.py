"""One drill from its platform's start to its scorecard: forecast, break, wait to be told, mend, count."""

from __future__ import annotations

import contextlib
import sqlite3
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from budget.drill_forecast import Rules, forecasts
from budget.drill_spec import Break, Drill
from budget.errors import BudgetError
from budget.postmortem_scorecard import LATE_SECONDS
from budget.rule_closure import NoRule
from local import drill_strikes, part_processes
from local.drill_audit import Audit, audit
from local.drill_card import Outcome, Told
from local.drill_end import await_echoes, await_quiet
from local.drill_platform import DrillPlatform
from local.drill_run import POLL_SECONDS, Run, Say, is_page
from local.errors import DrillFailed

SETTLE_SECONDS = 25.0
"""From ready: three scrapes, a turn of the rules that page, the jobs' first turns."""
AFTERWARDS_SECONDS = 60.0
"""Longer than a page is late: one that comes later than it may is told of as well, and not only as missing."""
NOBODY_SECONDS = 720.0
"""Where by the forecast nobody is told: longer than TrafficGone and its route take at a busy hour."""
BOOKS_SECONDS = 240.0
PROMETHEUS, AGAIN_SECONDS = "prometheus", 90.0
"""Where it is killed a page comes so much later than by the forecast: it remembers no `for` below ten minutes, so that
the minute of a rule begins anew, and it misses a turn.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """How a drill is carried out.

    full:  until PagerDuty has heard of the end. kill: a part that is killed in the middle of it; "": none.
    """

    rules: Rules
    full: bool = False
    kill: str = ""


def carry_out(drill: Drill, platform: DrillPlatform, asked: Asked, say: Say) -> Outcome:
    """Carry *drill* out on *platform*, which has just become ready.

    Raises:  DrillFailed: it could not be.  Interrupted: somebody asked to stop; everything is mended.
    """
    run = Run(drill, platform, say, later_seconds=AGAIN_SECONDS if asked.kill == PROMETHEUS else 0.0)
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
    await_quiet(run, full=asked.full)
    books = _books(run)
    await_echoes(run)
    return _outcome(run, books)


def _settle(run: Run) -> None:
    run.say(f"ready, ports from {run.platform.settings.port_base}: letting it settle")
    run.platform.wait(SETTLE_SECONDS)
    already = [each["alert"] for each in run.platform.incidents() if is_page(each)]
    if already:
        raise DrillFailed(f"somebody was paged before anything was broken: {', '.join(already)}")


def _foresee(run: Run, rules: Rules) -> None:
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
    run.expected = tuple(
        (page, replace(forecast, fires_seconds=forecast.fires_seconds + run.later_seconds))
        for page, forecast in pairs
        if forecast is not None
    )
    told = [f"{page.alert} after {forecast.expected_seconds:.0f} s" for page, forecast in run.expected]
    run.say(f"expected: {', '.join(told) or f'nobody is told, for {NOBODY_SECONDS:.0f} s'}")


def _break(run: Run, asked: Asked) -> None:
    """Break it, and wait until everybody was told who must be."""
    first, *later = run.drill.faults
    run.undone.append(drill_strikes.strike(run.platform, first))
    run.started = time.time()
    run.say(f"broken: {first.target} {first.fault}")
    longest = max((forecast.expected_seconds for _, forecast in run.expected), default=0.0)
    if asked.kill:
        soonest = min((forecast.expected_seconds for _, forecast in run.expected), default=0.0) - run.later_seconds
        killed = Break(target=asked.kill, fault="kill", body={}, after_seconds=int(soonest / 2))
        later = sorted((*later, killed), key=lambda each: each.after_seconds)
    while True:
        passed = time.time() - run.started
        while later and passed >= later[0].after_seconds:
            run.undone.append(drill_strikes.strike(run.platform, later[0]))
            run.say(f"broken: {later[0].target} {later[0].fault}")
            later.pop(0)
        run.look()
        if not later and run.expected and all(page in run.after for page, _ in run.expected):
            return
        if passed > (longest + LATE_SECONDS + AFTERWARDS_SECONDS if run.expected else NOBODY_SECONDS):
            return
        run.platform.wait(POLL_SECONDS)


def _mend(run: Run) -> None:
    drill_strikes.mend(run.undone)
    for each in run.drill.mend:
        drill_strikes.strike(run.platform, each)()
    run.say("mended")


def _books(run: Run) -> Audit:
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


def _outcome(run: Run, books: Audit) -> Outcome:
    told = tuple(
        Told(
            alert=page.alert,
            expected_seconds=forecast.expected_seconds,
            after_seconds=run.after.get(page),
            reset_seconds=run.reset.get(page),
        )
        for page, forecast in run.expected
    )
    unexpected = tuple(sorted(run.unexpected()))
    return Outcome(
        name=run.drill.name,
        title=run.drill.title,
        started=run.started,
        ended=time.time(),
        pages=told,
        unexpected=unexpected,
        allowed=tuple(sorted(run.allowed())),
        not_expected=tuple(page.alert for page in run.not_expected),
        orders=books.orders,
        lost=len(books.lost),
        oversold=books.oversold,
        double_charged=len(books.double_charged),
        wrong=(*_wrong(told, unexpected, books), *run.wrong),
    )


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
