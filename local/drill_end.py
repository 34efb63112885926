"""Waits, once a drill is mended, until its rules are quiet and nobody can be told of it any more."""

from __future__ import annotations

import time

from budget.drill_spec import Page
from local.drill_run import POLL_SECONDS, Run

RESET_SECONDS, RESOLVED_SECONDS = 780.0, 1080.0
"""After the mending: some rules remember ten minutes, and PagerDuty hears of an end a minute after it."""
ECHO_SECONDS = 240.0
"""What is about to fire has its `for` (a minute), a turn, and the longest group_wait of a page (90 s); what is held
back has two minutes (`DependencyDown`, docs/adr/0004) and a group_interval (60 s).
"""
TURN_SECONDS = 35.0
"""Within that each rule that pages has had a turn."""


def await_quiet(run: Run, *, full: bool) -> None:
    """Wait until the rules of those who were told are quiet, and in the *full* form until PagerDuty knows.

    Raises:  DrillFailed, Interrupted.
    """
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
    while full and time.time() < mended + RESOLVED_SECONDS and run.open():
        run.platform.wait(POLL_SECONDS)
    if full:
        run.wrong += [f"{alert} was never resolved" for alert in sorted(run.open())]


def await_echoes(run: Run) -> None:
    """Wait while a page fires, or is about to, that nobody expected: its group may wait, and what is held back fires,
    too, and is told once what holds it back is over.

    Raises:  DrillFailed, Interrupted.
    """
    end = time.time() + ECHO_SECONDS
    expected = {_as_alert(page) for page, _ in run.expected}
    said = set[str]()
    while time.time() < end:
        loud = run.platform.firing(pending=True)
        if loud is not None:
            echoes = {
                alert
                for alert, service, severity in loud - expected
                if severity == "page" and not run.may(alert, service)
            }
            if echoes <= run.unexpected():
                return
            if new := echoes - said:
                run.say(f"fires still, and may tell somebody yet: {', '.join(sorted(new))}")
                said |= new
        run.platform.wait(POLL_SECONDS)


def _as_alert(page: Page) -> tuple[str, str, str]:
    return page.alert, page.service, page.severity
