"""What PromQL expressions name, and what services, exporters and records show: the two sides of the contract."""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import promql_parser as pq
from prometheus_client.parser import text_string_to_metric_families

# A histogram's and a counter's series go by other names than they do.
_OF_COUNTERS = ("counter", "histogram", "summary")
_PER_SECOND = frozenset({"rate", "irate", "increase"})
# These labels are Prometheus' own: it adds them when it scrapes, and calls a page's own label of that name otherwise.
ADDED = frozenset({"job", "instance", "cluster"})
_RENAMED = {"job": "exported_job"}
_NEGATIVE = ("!=", "!~")


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """One selector of an expression; `rated`: inside rate(), irate() or increase()."""

    metric: str
    matchers: tuple[tuple[str, str, str], ...]
    rated: bool


@dataclass(slots=True)
class Exposed:
    """Series by the name of their metric, and the type of each name."""

    series: dict[str, list[dict[str, str]]] = field(default_factory=lambda: defaultdict(list))
    types: dict[str, str] = field(default_factory=dict)

    def read(self, page: str, job: str) -> None:
        """Add the page that *job* shows."""
        for family in text_string_to_metric_families(page):
            for sample in family.samples:
                own = {_RENAMED.get(label, label): value for label, value in sample.labels.items()}
                self.series[sample.name].append({**own, "job": job})
                self.types[sample.name] = family.type

    def count(self, job: str) -> int:
        """How many series *job* shows."""
        return sum(each["job"] == job for found in self.series.values() for each in found)


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """A metric of somebody else's exporter, as alerts/metrics.yaml lists it."""

    type: str
    labels: frozenset[str]


def listed(document: Mapping[str, Any]) -> dict[str, Listed]:
    """The metrics of *document*, by name; each may have the labels that a scrape adds."""
    return {
        name: Listed(type=metric["type"], labels=frozenset(metric["labels"]) | frozenset(document["added"]))
        for exporter in document["exporters"].values()
        for name, metric in exporter["metrics"].items()
    }


def named(expression: str) -> Iterator[Named]:
    """Every selector of *expression*."""
    yield from _within(pq.parse(expression), rated=False)


def _within(node: Any, *, rated: bool) -> Iterator[Named]:
    match node:
        case pq.VectorSelector():
            matchers = tuple((m.name, _operator(m), m.value) for m in node.matchers.matchers)
            names = node.name or next((value for label, _, value in matchers if label == "__name__"), "")
            rest = tuple(each for each in matchers if each[0] != "__name__")
            for name in names.split("|"):  # a pattern that is nothing but alternatives names each of them
                yield Named(metric=name, matchers=rest, rated=rated)
        case pq.MatrixSelector():
            yield from _within(node.vector_selector, rated=rated)
        case pq.Call():
            for each in node.args:
                yield from _within(each, rated=node.func.name in _PER_SECOND)
        case pq.AggregateExpr():
            yield from _within(node.expr, rated=rated)
            if node.param is not None:
                yield from _within(node.param, rated=False)
        case pq.BinaryExpr():
            yield from _within(node.lhs, rated=rated)
            yield from _within(node.rhs, rated=rated)
        case pq.ParenExpr() | pq.UnaryExpr() | pq.SubqueryExpr():
            yield from _within(node.expr, rated=rated)


def _operator(matcher: Any) -> str:
    return {"Equal": "=", "NotEqual": "!=", "Re": "=~", "NotRe": "!~"}[str(matcher.op).rpartition(".")[2]]


def faults(selector: Named, exposed: Exposed, possible: dict[str, str]) -> Iterator[str]:
    """What *selector* names that nothing shows.

    Args:    possible: values of a label that come with an event, as a regular expression.
    """
    series = exposed.series.get(selector.metric)
    if not series:
        yield f"{selector.metric}: no service shows this metric"
        return
    if selector.rated and exposed.types[selector.metric] not in _OF_COUNTERS:
        yield f"{selector.metric}: a rate of a {exposed.types[selector.metric]}"
    labels = set().union(*series)
    for label, operator, value in selector.matchers:
        if label not in labels | ADDED:
            yield f"{selector.metric}: no label {label}"
        elif label in labels and operator not in _NEGATIVE and value != "":
            shown = {each[label] for each in series if label in each}
            if not all(
                any(_matches(operator, part, each) for each in shown)
                or (label in possible and re.fullmatch(possible[label], part) is not None)
                for part in _parts(operator, value)
            ):
                yield f"{selector.metric}: {label}{operator}{value!r} is none of {sorted(shown)[:20]}"
    yield from _nobody(selector, series, possible)


def listed_faults(selector: Named, metric: Listed) -> Iterator[str]:
    """What *selector* asks of *metric* that its exporter does not show."""
    if selector.rated and metric.type == "gauge":
        yield f"{selector.metric}: a rate of a gauge"
    for label, _, _ in selector.matchers:
        if label not in metric.labels:
            yield f"{selector.metric}: no label {label}"


def recorded_faults(selector: Named, records: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    """What *selector* asks of *records*, the rules that write its metric, that none of them writes."""
    asked = {label: value for label, operator, value in selector.matchers if operator == "="}
    written = [{str(label): str(value) for label, value in rule.get("labels", {}).items()} for rule in records]
    if not written:
        yield f"{selector.metric}: no rule records this"
    elif not any(all(labels.get(label, value) == value for label, value in asked.items()) for labels in written):
        yield f"{selector.metric}: no rule records it with {asked}"


def _nobody(selector: Named, series: list[dict[str, str]], possible: dict[str, str]) -> Iterator[str]:
    """Each value may be shown, but all of them by no series together."""
    asked = [each for each in selector.matchers if each[0] not in possible and each[0] in set().union(*series)]
    for each in series:
        if all(_matches(operator, value, each.get(label, "")) for label, operator, value in asked):
            return
    yield f"{selector.metric}: no series has {', '.join(''.join(each) for each in asked)} at once"


def _matches(operator: str, value: str, shown: str) -> bool:
    found = re.fullmatch(value, shown) is not None if "~" in operator else value == shown
    return found != (operator in _NEGATIVE)


def _parts(operator: str, value: str) -> list[str]:
    """Each alternative of a pattern that is nothing but alternatives: one that is misspelt is a value too few."""
    return value.split("|") if operator == "=~" and "(" not in value else [value]
