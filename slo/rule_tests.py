"""Generates promtool unit tests: for every SLO when its alerts fire, when they stop, and when they stay silent.

Each test feeds the shipped rule file and holds it against the forecast. Two files for each file of specs: pages
are evaluated every minute, tickets every two, for hours of history are slow to evaluate.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

from slo import conventions as names
from slo import event_series, promql, promtool, rule, rule_context, scenarios
from slo.artifact import FOLDERS, TESTS, Artifact, header
from slo.event_series import EventSeries
from slo.forecast import Firing, Plan, firing
from slo.input_series import counters, single_failure, vanishing
from slo.model import Events, Slo, SpecFile, pairs
from slo.promtool import Case, Check, merged, samples_equal
from slo.query import Unit
from slo.rule import Alert, Group
from slo.windows import BASE_SECONDS, MINUTE, spell

STAND_INS = "stand-ins"
GroupsOf = Callable[[Slo], Iterable[Group]]


def build(file: SpecFile, groups_of: GroupsOf) -> Iterator[Artifact]:
    """The test files of one file of specs.

    A query that the tests cannot feed is replaced by a plain one in a copy of the rules, kept beside the tests.

    Args:    groups_of: the groups of one SLO, alerts included.
    """
    suites = [_Suite(slo, event_series.find(slo.sli), groups_of) for slo in file.slos if isinstance(slo.sli, Events)]
    fed = [suite for suite in suites if suite.series is not None]
    yield from _test_files(
        file, file.stem, f"../rules/{file.stem}.yaml", [g for s in file.slos for g in groups_of(s)], fed
    )
    others = [slo for slo in file.slos if slo.id not in {suite.slo.id for suite in fed}]
    if others:
        copies = [event_series.stand_in(slo) for slo in others]
        stood_in = [_Suite(slo, event_series.stand_in_series(slo), groups_of) for slo in copies]
        groups = [group for slo in copies for group in groups_of(slo)]
        copy = f"{STAND_INS}/{file.stem}.yaml"
        yield Artifact(f"{FOLDERS[TESTS]}/{copy}", header(file.name) + rule.to_yaml(groups))
        yield from _test_files(file, f"{file.stem}.{STAND_INS}", copy, groups, stood_in)


def _test_files(
    file: SpecFile, stem: str, rule_file: str, groups: Sequence[Group], suites: Sequence[_Suite]
) -> Iterator[Artifact]:
    order = tuple(group.name for group in groups)
    batches = _batches(suites)
    for name, step, cases_of in (
        ("page", scenarios.PAGE_STEP, _Suite.page_cases),
        ("ticket", scenarios.TICKET_STEP, _Suite.ticket_cases),
    ):
        cases = [case for batch in batches for case in merged(case for suite in batch for case in cases_of(suite))]
        if cases:
            text = promtool.to_yaml(rule_file, step, order, cases)
            yield Artifact(f"{FOLDERS[TESTS]}/{stem}.{name}.yaml", header(file.name) + text)


def _batches(suites: Iterable[_Suite]) -> list[list[_Suite]]:
    """SLOs that can be fed at the same time. promtool evaluates the whole file for each test: fewer are faster."""
    batches: list[list[_Suite]] = []
    for suite in suites:
        for batch in batches:
            if all(suite.beside(other) for other in batch):
                batch.append(suite)
                break
        else:
            batches.append([suite])
    return batches


class _Suite:
    """The tests of one SLO."""

    def __init__(self, slo: Slo, series: EventSeries | None, groups_of: GroupsOf) -> None:
        self.slo = slo
        self.series = series
        self._rules = rule_context.shared(slo)
        self._alerts = tuple(one for group in groups_of(slo) for one in group.rules if isinstance(one, Alert))
        countable = isinstance(slo.sli, Events) and rule_context.unit(slo.sli) is not Unit.UNKNOWN
        failures = slo.alerting.min_failures if countable else 0
        self._guarded = failures > 1
        additive = isinstance(slo.sli, Events) and rule_context.is_additive(slo.sli)
        self._plan = scenarios.base(additive, slo.period_days, self._rules.budget, failures)

    def beside(self, other: _Suite) -> bool:
        """Whether neither SLO sees what the other one is fed."""
        return not (
            event_series.sees(self.slo.sli, other.fed_series) or event_series.sees(other.slo.sli, self.fed_series)
        )

    @property
    def fed_series(self) -> EventSeries:
        """The series that this SLO is fed with; only SLOs that can be fed are asked."""
        assert self.series is not None
        return self.series

    def page_cases(self) -> Iterator[Case]:
        yield self._half_burn()
        if self._alert(names.PAGE):
            yield self._outage()
        if isinstance(self.slo.sli, Events):
            yield self._quiet()
        if self._guarded and self._alerts:
            yield self._one_failure()
        if any(alert.name == names.absent_alert(self.slo.alerting.name) for alert in self._alerts):
            yield self._vanishing()

    def ticket_cases(self) -> Iterator[Case]:
        if self._alert(names.TICKET):
            yield self._slow_burn()

    # --- cases ---

    def _half_burn(self) -> Case:
        plan = scenarios.half_burn(self._plan)
        end = plan.seconds
        window = self._rules.windowed("5m")
        checks = [
            samples_equal(end, f"abs({self._final(names.CURRENT_BURN_RATE, window)} - 0.5) < bool 0.001", 1),
            samples_equal(end, f"abs({self._final(names.BUDGET_REMAINING)} - 0.5) < bool 0.001", 1),
        ]
        silent = [self._silent(at, severity) for at in (5 * MINUTE, end) for severity in self._severities()]
        return self._case("half the budget's burn: nobody is told", "", plan, [*checks, *silent])

    def _outage(self) -> Case:
        plan = scenarios.outage(self._plan)
        states = firing(plan)
        start, end = scenarios.first(states.page), scenarios.last(states.page)
        if start is None or end is None:
            silent = [self._silent(at, names.PAGE) for at in (scenarios.HISTORY, plan.seconds)]
            note = "no burn rate that pages fits below 100 % errors"
            return self._case("a full outage: a page, over when it is over", note, plan, silent)
        at = plan.step_seconds
        checks = [
            self._silent((start[0] - 1) * at, names.PAGE),
            *self._fires(start[1], plan, states),
            self._firing(end[0] * at, names.PAGE),
            self._silent((end[1] + 1) * at, names.PAGE),
        ]
        after = start[1] * at - scenarios.HISTORY
        return self._case("a full outage: a page, over when it is over", f"pages after {after} s", plan, checks)

    def _slow_burn(self) -> Case:
        plan = scenarios.slow_burn(self._plan)
        start = scenarios.first(firing(plan).ticket)
        at = plan.step_seconds
        if start is None:
            checks = [self._silent(plan.seconds, names.TICKET)]
        else:
            checks = [self._silent((start[0] - 1) * at, names.TICKET), self._firing(start[1] * at, names.TICKET)]
        if self._alert(names.PAGE):
            checks.append(self._silent(plan.seconds, names.PAGE))
        note = f"{scenarios.burn_ratio(plan)} of all events are bad"
        return self._case("a slow burn: a ticket and no page", note, plan, checks)

    def _quiet(self) -> Case:
        plan = scenarios.quiet(self._plan)
        end = plan.seconds
        checks = [
            samples_equal(end, self._final(names.sli_ratio("5m"), self._rules.windowed("5m")) + " == bool 0", 1),
            samples_equal(end, f"{self._final(names.BUDGET_REMAINING)} == bool 1", 1),
            *(self._silent(end, severity) for severity in self._severities()),
        ]
        return self._case("no traffic: the SLI is 0, the budget is whole", "", plan, checks)

    def _one_failure(self) -> Case:
        failure, end = 30 * MINUTE, 40 * MINUTE
        times = (failure + MINUTE, failure + 2 * MINUTE, failure + 6 * MINUTE, end)
        checks = [self._silent(at, severity) for at in times for severity in self._severities()]
        inputs = single_failure(self.fed_series, scenarios.PAGE_SAMPLE, every=6 * MINUTE, failure=failure, seconds=end)
        title = "one failure at 10 requests an hour: nobody is told"
        return Case(title, (self.slo.id,), scenarios.PAGE_SAMPLE, inputs, tuple(checks))

    def _vanishing(self) -> Case:
        """Good traffic for ten minutes, then nothing: no sample, no target."""
        alive, step = 10 * MINUTE, scenarios.PAGE_STEP
        sample = self._plan.sample_seconds
        plan = scenarios.half_burn(self._plan)
        # rate() needs two samples: the second last leaves the window 5m later; Prometheus 3 forgets it at once.
        gone = alive - sample + BASE_SECONDS
        earliest = -(-gone // step) * step + self.slo.alerting.absent_after_seconds
        latest = (gone // step + 1) * step + self.slo.alerting.absent_after_seconds
        alert = names.absent_alert(self.slo.alerting.name)
        inputs = vanishing(counters(self.fed_series, plan), alive // sample + 1)
        checks = (
            samples_equal(earliest - step, self._count(alert), 0),
            samples_equal(latest, self._count(alert), 1),
        )
        note = f"{self.slo.id}: {alert} after {spell(self.slo.alerting.absent_after_seconds)}"
        return Case("the SLI vanishes: somebody is told", (note,), sample, inputs, checks)

    def _case(self, title: str, note: str, plan: Plan, checks: list[Check]) -> Case:
        note = f"{self.slo.id}: {note}" if note else self.slo.id
        return Case(title, (note,), plan.sample_seconds, counters(self.fed_series, plan), tuple(checks))

    # --- checks ---

    def _severities(self) -> tuple[str, ...]:
        return tuple(severity for severity in (names.PAGE, names.TICKET) if self._alert(severity))

    def _alert(self, severity: str) -> Alert | None:
        for alert in self._alerts:
            if alert.name == self.slo.alerting.name and (names.SEVERITY, severity) in alert.labels:
                return alert
        return None

    def _fires(self, step: int, plan: Plan, states: Firing) -> Iterator[Check]:
        """The page with every label it must carry."""
        at = step * plan.step_seconds
        yield self._firing(at, names.PAGE)
        _, ticket = scenarios.certain(states, step)
        if self._alert(names.TICKET) and ticket is not None:
            yield self._firing(at, names.TICKET) if ticket else self._silent(at, names.TICKET)

    def _firing(self, at: int, severity: str) -> Check:
        alert = self._alert(severity)
        assert alert is not None
        expected = pairs(self._rules.labels, self.fed_series.labels, alert.labels)
        if any("{{" in value for _, value in alert.labels):
            return samples_equal(at, self._count(alert.name, severity), 1)
        state = (("__name__", "ALERTS"), ("alertname", alert.name), ("alertstate", "firing"))
        return Check(at, self._alerts_selector(alert.name, severity), ((pairs(expected, state), 1.0),))

    def _silent(self, at: int, severity: str) -> Check:
        return samples_equal(at, self._count(self.slo.alerting.name, severity), 0)

    def _count(self, alert: str, severity: str = "") -> str:
        return f"count({self._alerts_selector(alert, severity)}) or vector(0)"

    def _alerts_selector(self, alert: str, severity: str) -> str:
        wanted = (("alertname", alert), ("alertstate", "firing"), *self._rules.ids)
        return "ALERTS" + promql.matchers(wanted + (((names.SEVERITY, severity),) if severity else ()))

    def _final(self, record: str, labels: tuple[tuple[str, str], ...] | None = None) -> str:
        """One number of a final record, without labels."""
        return f"sum({record}{promql.matchers(labels or self._rules.labels)})"
