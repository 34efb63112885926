"""Deploys and faults, to shade what happened at the same time: read from what services say of themselves."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from budget.history import Source, ranges
from budget.history_alerts import spells
from budget.postmortem import DEPLOY, FAULT, Spell, deploys
from budget.postmortem_reading import FAULTS, RELEASES
from slo import windows

DAY_STEP_SECONDS, OLD_STEP_SECONDS = 60.0, 3600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Happening:
    """One deploy or fault. says: what a person reads. start, end: Unix seconds; of a deploy both are its moment."""

    kind: str
    says: str
    start: float
    end: float
    goes_on: bool = False


def read_day(source: Source, now: float) -> tuple[Happening, ...]:
    """Deploys and faults of the last day, to a minute; the newest first.

    Raises:  Unreachable, QueryFailed.
    """
    end = DAY_STEP_SECONDS * math.floor(now / DAY_STEP_SECONDS)
    faults = _spells(source, FAULTS, ("job",), ("fault",), end, windows.DAY, DAY_STEP_SECONDS)
    releases = _spells(source, RELEASES, ("service",), ("version", "revision"), end, windows.DAY, DAY_STEP_SECONDS)
    return _newest_first([*(_fault(each, end) for each in faults), *_deploys(releases)])


def read_deploys(source: Source, now: float, *, seconds: float) -> tuple[Happening, ...]:
    """Deploys of so long, to an hour; the newest first.

    Raises:  Unreachable, QueryFailed.
    """
    end = OLD_STEP_SECONDS * math.floor(now / OLD_STEP_SECONDS)
    releases = _spells(source, RELEASES, ("service",), ("version", "revision"), end, seconds, OLD_STEP_SECONDS)
    return _newest_first(_deploys(releases))


def joined(day: Iterable[Happening], old: Iterable[Happening], now: float) -> tuple[Happening, ...]:
    """What is known to the minute, and before that what is known to the hour; the newest first.

    A deploy is told once: to the hour from when it has left the *day*, and its hour may end within that.
    """
    known = tuple(day)
    told = {(each.says, OLD_STEP_SECONDS * math.ceil(each.start / OLD_STEP_SECONDS)) for each in known}
    before = now - windows.DAY + OLD_STEP_SECONDS
    older = [each for each in old if each.start < before and (each.says, each.start) not in told]
    return _newest_first([*known, *older])


def _fault(spell: Spell, end: float) -> Happening:
    goes_on = spell.end > end
    says = f"fault {spell.name} in {spell.service}"
    return Happening(kind=FAULT, says=says, start=spell.start, end=spell.end, goes_on=goes_on)


def _deploys(releases: Iterable[Spell]) -> list[Happening]:
    found = deploys(releases)
    return [Happening(kind=DEPLOY, says=f"deploy of {each.says}", start=each.at, end=each.at) for each in found]


def _newest_first(found: Iterable[Happening]) -> tuple[Happening, ...]:
    return tuple(sorted(found, key=lambda each: (-each.start, each.says)))


def _spells(
    source: Source, query: str, of: Sequence[str], named: Sequence[str], end: float, seconds: float, step: float
) -> list[Spell]:
    """Who showed what, and from when to when."""
    moments: dict[tuple[str, str], list[float]] = defaultdict(list)
    for series in ranges(source, query, start=end - seconds, end=end, step_seconds=step):
        service, name = (
            " ".join(filter(None, (series.labels.get(each, "") for each in given))) for given in (of, named)
        )
        moments[service, name] += [at for at, _ in series.points]
    return [
        Spell(service=service, name=name, start=begin, end=until)
        for (service, name), seen in moments.items()
        for begin, until in spells(seen, step)
    ]
