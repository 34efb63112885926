"""The figures of a report in plain words, for people who did not write the specs."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from fractions import Fraction

from budget.history_spending import Spending
from budget.incidents import Incident
from budget.report_model import WHOLE, Account, Report, SloReport
from budget.trust import spelt
from slo import windows

UNKNOWN = "not known"
SEEDED = "made up"
_SIGN = "\u00a0%"  # on one line with its number
FEW = 1.0  # of allowed events: fewer, and one failure alone breaks the promise


def moment(at: float) -> str:
    """A Unix time, to the minute, in UTC."""
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M")


def day(at: float) -> str:
    """Its day."""
    return datetime.fromtimestamp(at, UTC).strftime("%-d %B %Y")


def percent(ratio: float | None) -> str:
    """A share of a budget: whole, but for what is near nothing; and never −0."""
    if ratio is None:
        return UNKNOWN
    shown = f"{ratio * 100:,.1f}" if abs(ratio) < 0.1 else f"{ratio * 100:,.0f}"
    return f"{'0' if float(shown.replace(',', '')) == 0 else shown.replace('-', '−')}{_SIGN}"


def quality(ratio: float | None) -> str:
    """A share of good events: as many digits as objectives have, and never rounded up to all of them."""
    if ratio is None:
        return UNKNOWN
    return f"{'99.9999' if 0.999999 < ratio < 1 else f'{ratio * 100:.6g}'}{_SIGN}"


def count(events: float) -> str:
    """Events, whole."""
    return f"{round(events):,d}"


def lasted(incident: Incident) -> str:
    """How long an incident took."""
    return f"{spelt(incident.seconds)}{', and goes on' if incident.goes_on else ''}"


def length(spending: Spending) -> str:
    """A range's length: 30 days, 36 hours."""
    seconds = spending.end - spending.start
    found, unit = (seconds / windows.DAY, "day") if seconds >= 2 * windows.DAY else (seconds / windows.HOUR, "hour")
    return f"{found:.3g} {unit}{'' if f'{found:.3g}' == '1' else 's'}"


def odds(budget: float) -> str:
    """A small share as odds: 1 in 1,000."""
    found = Fraction(budget).limit_denominator(1_000_000)
    if found.numerator > 20:  # 12,345 in 1,000,000 says nothing
        return f"{budget * 100:.4g} in 100"
    return f"{found.numerator:,d} in {found.denominator:,d}"


def promise(slo: SloReport) -> str:
    """What was promised."""
    said = f"{slo.description.rstrip('.')}: " if slo.description else ""
    within = length(slo.now.spending)
    what = "of all events" if slo.curve.counts else "of what is measured, on average,"
    return (
        f"{said}{quality(slo.curve.objective)} {what} shall be good within {within}, "
        f"so that {odds(slo.curve.budget)} may fail."
    )


def result(slo: SloReport) -> str:
    """What became of it."""
    found, left = slo.now.spending, slo.left
    if left is None:
        return f"Nobody measured it within these {length(found)}, so that nobody knows whether it was kept."
    if found.sli is None:
        return "Nothing happened in it, good or bad: the promise was kept, and nothing was spent."
    said = f"{quality(found.sli)} were good: " if slo.curve.counts else f"{quality(found.sli)} was good: "
    if slo.curve.counts:
        said += f"{count(found.bad)} of {count(found.total)} failed, and {count(found.allowed)} were allowed to. "
    else:
        said += f"{percent(found.spent)} of what was allowed to fail did. "
    if left < 0:
        return f"{said}The promise was not kept: its budget was spent {times(found.spent)}."
    return f"{said}The promise was kept, with {percent(left)} of its budget left."


def times(spent: float | None) -> str:
    """How often a budget was spent: 1.1 times over."""
    return UNKNOWN if spent is None else f"{spent:,.2f} times over" if spent < 10 else f"{spent:,.0f} times over"


def spenders(slo: SloReport) -> str:
    """What spent it; nothing where nothing is known."""
    if slo.rest is None or not slo.now.spending.spent:
        return ""
    if not slo.incidents:
        return f"No incident stands out: small failures spent {percent(slo.rest)} of the budget."
    number = len(slo.incidents)
    shares = percent(sum(each.share for each in slo.incidents))
    what = "One incident" if number == 1 else f"{number} incidents"
    beside = f"small failures {percent(slo.rest)}" if slo.rest >= 0.0005 else "nothing else did"
    return f"{what} spent {shares} of the budget, and {beside}."


def change(slo: SloReport) -> str:
    """This period beside the one before."""
    before = slo.accounts[1].spending
    if slo.left is None or before.left is None:
        return ""
    if before.measured < WHOLE:
        known = percent(before.measured)
        return f"Of the {length(before)} before, {known} is known; {percent(before.left)} was left then."
    return f"In the {length(before)} before, {percent(before.left)} was left."


def limits(account: Account, *, counts: bool = True) -> str:
    """What limits the figures of a range."""
    found = account.spending
    if not found.is_known:
        return "nothing is known of it"
    said = []
    if found.measured < WHOLE:
        said.append(f"{percent(found.measured)} of it is known")
    if account.seeded > 0:
        said.append(f"{percent(account.seeded)} of it {SEEDED}")
    if counts and 0 < found.allowed < FEW:
        said.append("so few events that one failure breaks it")
    return "; ".join(said)


def headline(report: Report) -> str:
    """The report in a sentence."""
    number = len(report.slos)
    kept, broken, unknown = (len(report.that_are(each)) for each in ("kept", "not kept", "not known"))
    said = f"{kept} of {number} promise{'' if number == 1 else 's'} {'was' if kept == 1 else 'were'} kept"
    said += f", {broken} {'was' if broken == 1 else 'were'} not" if broken else ""
    return said + (f", and of {unknown} nothing is known" if unknown else "") + "."


def made_up(span: tuple[float, float] | None) -> str:
    """That a part of the past was never measured; nothing where there is none."""
    if span is None:
        return ""
    return (
        f"The past from {moment(span[0])} to {moment(span[1])} UTC is seeded: made up by the local platform, and not "
        "measured. Figures that rest on it say so."
    )


def picture(slo: SloReport) -> str:
    """What the picture of the burndown shows, for who does not see it."""
    if len(slo.course) < 2:
        return f"{slo.curve.service} {slo.curve.name}: nothing was measured."
    lowest = min(left for _, left in slo.course)
    said = (
        f"{slo.curve.service} {slo.curve.name}, budget left from {moment(slo.now.spending.start)} to "
        f"{moment(slo.now.spending.end)} UTC: from {percent(1)} to {percent(slo.left)}"
    )
    said += f", at the lowest {percent(lowest)}" if slo.left is not None and lowest < slo.left - 0.005 else ""
    falls = [f"{moment(each.start)} by {percent(each.share)}" for each in slo.incidents[:3]]
    said += f". It fell most on {_listed(falls)}" if falls else ". No incident stands out"
    made = f" From {moment(slo.seeded[0])} to {moment(slo.seeded[1])} it is {SEEDED}." if slo.seeded else ""
    return f"{said}.{made}"


def _listed(items: Sequence[str]) -> str:
    return items[0] if len(items) == 1 else f"{', '.join(items[:-1])} and {items[-1]}"
