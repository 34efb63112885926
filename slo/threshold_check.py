"""Finds what is wrong with one threshold alert beyond its shape: its expression, its texts, the names it carries.

What a Prometheus would refuse is refused here; so is what it would take and a human would regret: an alert whose
labels nobody bounds, one without an owner, one whose number stands nowhere.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from slo import conventions as names
from slo import query
from slo.alert_model import ThresholdAlert
from slo.document import Path
from slo.errors import QueryError

_ONLY_IF = re.compile(r"(?:and|or|unless)\b", re.IGNORECASE)
LABEL_TEMPLATE = re.compile(r"\{\{-?\s*\$labels\.([a-zA-Z_][a-zA-Z0-9_]*)\s*(?:\|\s*(urlquery)\s*)?-?\}\}")
_SHOWN = re.compile(r"\$labels\.([a-zA-Z_][a-zA-Z0-9_]*)")
_NUMBER = r"(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?"
_RUN = re.compile(rf"stale|_(?:x[0-9]+)?|[+-]?(?:{_NUMBER}|(?i:inf|nan))|[+-]?{_NUMBER}(?:[+-]{_NUMBER})?x[0-9]+")
"""What promtool reads as one value, or a run of them: 1, 0+54x30, 1x5, _x10, stale."""
_OWN_LABELS = frozenset({"severity", "team", "service", names.ALERT_NAME})


@dataclass(frozen=True, slots=True)
class Found:
    """What is wrong, and where below the alert."""

    steps: Path
    message: str


def faults(alert: ThresholdAlert) -> Iterator[Found]:
    """Everything that is wrong with *alert*."""
    yield from _expression(alert)
    texts: list[tuple[Path, str]] = [(("description",), alert.description)]
    texts += [(("variables", name), text) for name, text in alert.variables]
    for where, text in texts:
        if "{{" in LABEL_TEMPLATE.sub("", text):
            yield Found(where, "holds a template other than {{ $labels.name }}; the number belongs into the summary")
    for name, _ in alert.labels:
        if name in _OWN_LABELS:
            yield Found(("labels", name), f"is written by the rule itself; the key {name} of the alert says it")
    if alert.severity != names.INFO_SEVERITY and "$value" not in alert.summary and not _is_boolean(alert):
        yield Found(("summary",), "does not say the number; expected {{ $value | … }} with its unit")
    if not alert.team and alert.severity != names.INFO_SEVERITY:
        yield Found(("team",), "nobody is told: expected a team here, at the head of the file, or of the service")
    yield from _cases(alert)


def expression(alert: ThresholdAlert) -> str:
    """The whole expression of the rule."""
    comparison = alert.query
    for operator, limit in ((">", alert.above), ("<", alert.below)):
        if limit is not None:
            comparison = f"(\n{alert.query}\n) {operator} {limit.normalize():f}"
    return "\n".join((comparison, *alert.only_if))


def _is_boolean(alert: ThresholdAlert) -> bool:
    """Whether it holds no number against a limit."""
    return alert.above is None and alert.below is None


def _expression(alert: ThresholdAlert) -> Iterator[Found]:
    try:
        query.expression(alert.query)
    except QueryError as error:
        yield Found(("query",), str(error))
        return
    for number, text in enumerate(alert.only_if):
        if not _ONLY_IF.match(text):
            yield Found(("only_if", number), "begins with none of and, or, unless")
            return
    try:
        whole = query.expression(expression(alert))
    except QueryError as error:
        yield Found(("only_if", 0) if alert.only_if else ("query",), str(error))
        return
    if whole.labels is None and alert.severity != names.INFO_SEVERITY:
        yield Found(
            ("query",),
            "does not show which labels its alerts have, so that one problem could wake somebody a thousand times;"
            " end it with an aggregation such as max by (cluster, instance) (…)",
        )
    elif whole.labels is not None:
        yield from _unknown_labels(alert, whole.labels)
        carried = {name for name, _ in alert.labels} & whole.labels
        for name in sorted(carried):
            yield Found(("labels", name), "would overwrite a label that tells the alerts apart")
        if alert.service and "service" in whole.labels:
            yield Found(("query",), "groups by service, a label that the rule writes; leave service out of one of them")


def _unknown_labels(alert: ThresholdAlert, known: frozenset[str]) -> Iterator[Found]:
    """Labels that a text shows and the expression's result lacks: `$labels` has none of those that the rule adds."""
    texts: list[tuple[Path, str]] = [(("summary",), alert.summary), (("description",), alert.description)]
    texts += [(("variables", name), text) for name, text in alert.variables]
    texts += [(("labels", name), text) for name, text in alert.labels]
    for where, text in texts:
        for name in sorted(set(_SHOWN.findall(text)) - known):
            yield Found(
                where, f"shows the label {name}, which the result lacks; it has {', '.join(sorted(known)) or 'none'}"
            )


def _cases(alert: ThresholdAlert) -> Iterator[Found]:
    for number, case in enumerate(alert.cases):
        moments = [("fires_at", case.fires_seconds), ("resolves_at", case.resolves_seconds)]
        moments += [("silent_at", at) for at in case.silent_seconds]
        for key, at in moments:
            if at is not None and at % alert.step_seconds:
                yield Found(("cases", number, key), "is no evaluation; expected a multiple of evaluate_every")
        if case.fires_seconds is not None and case.fires_seconds < alert.step_seconds:
            yield Found(
                ("cases", number, "fires_at"), "is the first evaluation; there is none before it to be silent at"
            )
        for series, values in case.series:
            if problem := query.series_problem(series):
                yield Found(("cases", number, "series", series), f"is not a series: {problem}")
            for run in values.split() if "{{" not in values else ():  # a histogram's, which promtool reads itself
                if not _RUN.fullmatch(run):
                    yield Found(
                        ("cases", number, "series", series),
                        f"{run!r} is no value for promtool; expected 1, 0+54x30, 1x5, _x10 or stale",
                    )
