"""A backtest for people: what was read, what each variant would have told, when, and what was left of the budget."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

from budget.backtest import Backtest, Fired, Outcome, Past
from budget.plain_text import printable
from budget.trust import spelt
from slo import conventions as names
from slo import promql
from slo.model import Slo
from slo.windows import DAY, HOUR

_BARS = "▁▂▃▄▅▆▇█"
_MOST_GAPS = 5


def lines(found: Backtest) -> Iterator[str]:
    """The whole of it, line by line."""
    for line in _lines(found):
        yield printable(line)


def _lines(found: Backtest) -> Iterator[str]:
    past, outcomes = found.past, found.outcomes
    copy = "".join(f" {name}={value}" for name, value in outcomes[0].slo.identity)
    yield f"{outcomes[0].slo.id}{copy}: {_moment(past.start)} to {_moment(past.end)}, {spelt(past.end - past.start)}"
    yield from (f"  {line}" for line in _known(past, outcomes[0].slo))
    if len(outcomes) > 1:
        yield ""
        yield compared(*outcomes[:2])
    for outcome in outcomes:
        yield ""
        yield from _outcome(outcome, past)


def _known(past: Past, slo: Slo) -> Iterator[str]:
    yield f"read from {past.origin}"
    if past.first > past.start + HOUR:
        yield f"shorter than asked for: nothing was measured before {_moment(past.first)}"
    if past.last < past.end - HOUR:
        yield f"nothing was measured after {_moment(past.last)}"
    before = past.start - past.known_since
    if before < slo.period_days * DAY:
        known = spelt(max(before, 0))
        yield f"of the {slo.period_days} days before it, {known} are known: the budget counts no more than these"
    if past.gaps:
        total = spelt(sum(end - start for start, end in past.gaps))
        which = ", ".join(f"{_moment(start)} for {spelt(end - start)}" for start, end in past.gaps[:_MOST_GAPS])
        more = f" and {len(past.gaps) - _MOST_GAPS} more" if len(past.gaps) > _MOST_GAPS else ""
        yield f"not measured for {total} in all: {which}{more}"
    if past.seeded:
        yield f"seeded, made up by the local platform: {_moment(past.seeded[0])} to {_moment(past.seeded[1])}"


def compared(now: Outcome, then: Outcome) -> str:
    """What the second one would have cost, in a sentence."""
    told = " and ".join(
        f"{_count(len(then.of(severity)), severity)} in place of {len(now.of(severity))}"
        for severity in (names.PAGE, names.TICKET)
    )
    return f"{_change(now.slo, then.slo)} would have cost {told}."


def _change(now: Slo, then: Slo) -> str:
    said = []
    if then.objective != now.objective:
        said.append(f"{promql.number(then.objective)} %")
    if then.period_days != now.period_days:
        said.append(f"a window of {then.period_days}d")
    if then.alerting.min_failures != now.alerting.min_failures:
        said.append(f"min_failures of {then.alerting.min_failures}")
    return " with ".join(said) or "the change"


def _outcome(of: Outcome, past: Past) -> Iterator[str]:
    slo = of.slo
    what = f"{promql.number(slo.objective)} % over {slo.period_days}d, min_failures {slo.alerting.min_failures}"
    yield f"{what}: {', '.join(_told(of))}"
    yield from (f"  {line}" for line in _curve(of, past))
    rows = [_row(each) for each in of.fired]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        yield "  " + "  ".join(f"{cell:{width}}" for cell, width in zip(row, widths, strict=True)).rstrip()


def _told(of: Outcome) -> Iterator[str]:
    for severity in (names.PAGE, names.TICKET):
        found = of.of(severity)
        lasted = f" ({spelt(sum(each.seconds for each in found))})" if found else ""
        yield f"{_count(len(found), severity)}{lasted}"


def _curve(of: Outcome, past: Past) -> Iterator[str]:
    if of.left is None or of.lowest is None:
        yield "budget: not known"
        return
    yield f"budget left at the end {_percent(of.left)}, lowest {_percent(of.lowest[1])} at {_moment(of.lowest[0])}"
    days: dict[int, float] = {}
    for at, left in of.budget:
        day = int((at - past.start) // DAY)
        days[day] = min(left, days.get(day, left))
    last = max(days)
    bars = "".join(_bar(days.get(day)) for day in range(last + 1))
    yield f"budget by day |{bars}|  (full block: all of it; !: overspent; blank: not known)"


def _bar(left: float | None) -> str:
    if left is None:
        return " "
    return "!" if left < 0 else _BARS[min(int(left * len(_BARS)), len(_BARS) - 1)]


def _row(each: Fired) -> tuple[str, ...]:
    marks = [f"{name}={value}" for name, value in sorted(each.labels.items())]
    marks += ["fired before" if each.since_before else "", "goes on" if each.goes_on else ""]
    marks += ["seeded"] if each.seeded else []
    return (
        each.severity,
        each.alert,
        _moment(each.start),
        f"for {spelt(each.seconds)}",
        "" if each.left is None else f"{_percent(each.left)} left",
        ", ".join(filter(None, marks)),
    )


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"


def _percent(ratio: float) -> str:
    return f"{ratio * 100:.1f} %"


def _moment(at: float) -> str:
    return f"{datetime.fromtimestamp(at, UTC):%Y-%m-%d %H:%M}Z"
