"""The few lines that are read first, and aloud when they change: what fires, what is well, who does not answer."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from budget.ops.board import View
from budget.ops.desk import Desk
from budget.ops.invariants import Invariant
from budget.ops.kept import Seen
from budget.ops.promises import BAD, GOOD, WARN
from budget.ops.words import NOT_KNOWN, count, lasting, moment, plural

MOST_NAMED = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One sentence, and how grave it is."""

    says: str
    tone: str


def headline(view: View) -> tuple[Line, ...]:
    """What fires, and how many promises are well."""
    return (_alerts(view), _promises(view))


def absent(view: View, desk: Desk) -> tuple[str, ...]:
    """Whoever does not answer, since when, and what that means for the page."""
    found: list[str] = []
    if view.promises.fault:
        at = view.promises.at
        as_of = "nothing is shown" if at is None else f"its figures are those of {moment(at, view.now)}"
        found.append(f"{_since('Prometheus', view.promises, view.now)}; {as_of}.")
    if desk.alertmanagers:
        if view.told.fault:
            found.append(
                f"{_since('Alertmanager', view.told, view.now)}; what fires is as Prometheus evaluates it, if at all."
            )
        found += [f"One of the Alertmanagers: {each}." for each in view.firing.down]
    if view.incidents.fault:
        found.append(f"{_since('PagerDuty stand-in', view.incidents, view.now)}; incidents are not shown.")
    silent = view.broken.known.silent if view.broken.known else ()
    if silent:
        found.append(f"Whether {', '.join(silent)} is broken on purpose is {NOT_KNOWN}: it does not answer.")
    return tuple(found)


def invariant_words(each: Invariant, now: float) -> tuple[str, str, str]:
    """Name and count, the note beneath, and how grave it is."""
    if each.count is None:
        return NOT_KNOWN, each.note, WARN
    checked = "" if each.checked is None else f"books compared {lasting(now - each.checked)} ago"
    tone = GOOD if each.holds else WARN if each.name == "unknown" or each.count == 0 else BAD
    return count(each.count), ", ".join(filter(None, (checked, each.note))), tone


def _alerts(view: View) -> Line:
    if not view.firing.known:
        return Line(says="What fires is not known.", tone=WARN)
    pages, tickets = view.firing.pages, view.firing.tickets
    more = f" {plural(len(tickets), 'ticket')} {'waits' if len(tickets) == 1 else 'wait'}." if tickets else ""
    if pages:
        names = list(dict.fromkeys(each.name for each in pages))
        listed = ", ".join(names[:MOST_NAMED]) + (f" and {len(names) - MOST_NAMED} more" if names[MOST_NAMED:] else "")
        says = f"{plural(len(pages), 'page')} {'fires' if len(pages) == 1 else 'fire'}: {listed}.{more}"
        return Line(says=says, tone=BAD)
    if view.firing.arrives is False:
        says = "No page fires, and the alert that always fires does not either: alerts do not arrive."
        return Line(says=says + more, tone=BAD)
    if view.promises.fault:  # nobody knows whether anybody evaluates the rules
        return Line(says=f"No page fires, by what Alertmanager was told before.{more}", tone=WARN)
    return Line(says=f"No page fires.{more}", tone=WARN if tickets else GOOD)


def _promises(view: View) -> Line:
    known = view.promises.known
    if known is None:
        return Line(says="Which promises are kept is not known.", tone=WARN)
    if not known:
        says = "This Prometheus has no SLO rules: ./generate.py build writes them, its rule_files load them."
        return Line(says=says, tone=WARN)
    well, spent = sum(row.is_healthy for row in known), list(_spent(view))
    more = f" Spent: {', '.join(spent[:MOST_NAMED])}{' and more' if spent[MOST_NAMED:] else ''}." if spent else ""
    tone = BAD if spent else GOOD if well == len(known) else WARN
    return Line(
        says=f"{well} of {plural(len(known), 'promise')} {'is' if len(known) == 1 else 'are'} well.{more}", tone=tone
    )


def _spent(view: View) -> Iterator[str]:
    for row in view.promises.known or ():
        if row.budget_remaining is not None and row.budget_remaining <= 0:
            yield " ".join((row.service, row.slo, *row.labels.values()))


def courses_words(view: View) -> str:
    """Why the lines of the promises are not those of now, and of when they are; empty where they are."""
    seen = view.courses
    if not seen.fault:
        return ""
    as_of = "not known" if seen.at is None else f"those of {moment(seen.at, view.now)} UTC"
    return f"The lines are {as_of}: {seen.fault}."


def _since(name: str, seen: Seen[Any], now: float) -> str:
    since = "" if seen.since is None else f" since {moment(seen.since, now)} UTC"
    return f"{name} cannot be asked{since}: {seen.fault}"
