"""slo.rules: which records stand in which group, how often they are evaluated, and what they read."""

import re

import promql_parser as pq
import pytest

from slo import rules
from slo.model import Slo
from slo.query import Unit
from slo.rule import Group, Record, to_yaml
from slo.rule_context import shared, unit
from tests.slo.answers import BOTH_PROMTOOLS, EVENTS, catalogue, check, document, slo

RAW = "\n      raw: {error_ratio_query: 'sum(rate(bad[{{.window}}])) / sum(rate(all[{{.window}}]))'}"
MEAN = "\n      raw: {error_ratio_query: 'avg_over_time(share[{{.window}}])'}"
INCREASES = EVENTS.replace("rate(", "increase(")
MIXED = EVENTS.replace('rate(requests_total{code="500"}', 'increase(requests_total{code="500"}')
IRATES = EVENTS.replace("rate(", "irate(")
SLIS = {
    "events": EVENTS,
    "increases": INCREASES,
    "mixed units": MIXED,
    "not additive": IRATES,
    "raw": RAW,
    "mean": MEAN,
}
RULER_LIMIT = 20  # rules a group, in Mimir


def _one(folder, sli: str = EVENTS, **options: str) -> Slo:
    return catalogue(document(slo(sli=sli, **options)), folder).slos[0]


def _groups(one: Slo) -> tuple[Group, Group, Group]:
    return rules.groups(shared(one))


def _names(group: Group) -> list[str]:
    return [rule.name for rule in group.rules]


# --- groups -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("sli", SLIS.values(), ids=SLIS)
def test_what_pages_is_fast_and_the_rest_never_slower_than_staleness_allows(sli, tmp_path):
    """30 s for the SLI, 2 min elsewhere: two intervals and a missed run fit into Prometheus' 5m of patience."""
    fast, period, meta = _groups(_one(tmp_path, sli))
    assert [group.interval_seconds for group in (fast, period, meta)] == [30, 120, 120]
    assert [group.name for group in (fast, period, meta)] == [
        f"sloth-slo-{kind}-recordings-shop-requests" for kind in ("sli", "period", "meta")
    ]


@pytest.mark.parametrize("sli", SLIS.values(), ids=SLIS)
@pytest.mark.parametrize("days", [1, 3, 7, 30])
def test_groups_stay_below_a_rulers_limit(sli, days, tmp_path):
    """With two alerts of each kind on top, a hosted ruler takes every group."""
    groups = _groups(_one(tmp_path, sli, more=f"    window: {days}d\n"))
    assert all(len(group.rules) + 2 <= RULER_LIMIT for group in groups)


@pytest.mark.parametrize("sli", SLIS.values(), ids=SLIS)
def test_no_record_is_read_before_it_is_made(sli, tmp_path):
    """In a group rules run in order: one that read a later one would lag by an interval."""
    made: list[str] = []
    for group in _groups(_one(tmp_path, sli)):
        every = _names(group)
        for index, rule in enumerate(group.rules):
            read = set(re.findall(r"slo:[\w:]+", rule.expr))
            assert not read & {*every[index:]}, rule.name
            made.append(rule.name)
            assert read <= {*made}, rule.name
    assert len(made) == len({*made})


@pytest.mark.parametrize("sli", SLIS.values(), ids=SLIS)
def test_every_window_of_the_alerts_and_the_period_has_its_ratio(sli, tmp_path):
    """The names are sloth's, whatever the ratio is made from."""
    made = {rule.name for group in _groups(_one(tmp_path, sli)) for rule in group.rules}
    windows = ("5m", "30m", "1h", "2h", "6h", "1d", "3d", "30d")
    assert {f"slo:sli_error:ratio_rate{window}" for window in windows} <= made


@pytest.mark.parametrize("sli", SLIS.values(), ids=SLIS)
def test_expressions_name_no_other_slo(sli, tmp_path):
    """Every record that is read is selected by all ids, so that neighbours and copies stay apart."""
    one = _one(tmp_path, sli, more="    labels: {namespace: blue}\n")
    for group in _groups(one):
        for rule in group.rules:
            for selector in _selectors(pq.parse(rule.expr)):
                if (selector.name or "").startswith("slo:"):
                    matched = {(m.name, m.value) for m in selector.matchers.matchers}
                    assert {*shared(one).ids} <= matched, rule.name
                    assert ("namespace", "blue") in matched


def _selectors(node):
    """Every vector selector below *node*."""
    if isinstance(node, pq.VectorSelector):
        return [node]
    children = [getattr(node, name, None) for name in ("expr", "lhs", "rhs", "vector_selector", "param")]
    return [found for child in [*children, *getattr(node, "args", [])] if child for found in _selectors(child)]


# --- what is read from raw series -------------------------------------------------------------------------------


def _raw_windows(one: Slo, metric: str) -> list[str]:
    texts = [rule.expr for group in _groups(one) for rule in group.rules]
    return [window for text in texts for window in re.findall(rf"{metric}(?:{{[^}}]*}})?\[(\w+)\]", text)]


def test_additive_events_ask_raw_series_for_short_windows_alone(tmp_path):
    """Nothing beyond 30m is asked of raw series; long windows come from what was recorded."""
    assert sorted(_raw_windows(_one(tmp_path), "requests_total")) == ["30m", "30m", "5m", "5m"]


@pytest.mark.parametrize("sli", [IRATES, MIXED], ids=["not additive", "mixed units"])
def test_what_is_not_additive_is_asked_anew_for_each_window(sli, tmp_path):
    """As sloth does, but for the period, which is averaged."""
    windows = _raw_windows(_one(tmp_path, sli), "requests_total")
    if sli is IRATES:
        assert sorted({*windows}) == ["1d", "1h", "2h", "30m", "3d", "5m", "6h"]
    assert "30d" not in windows


def test_only_what_counts_events_says_how_many_are_left(tmp_path):
    """Where bad and total count in different units, there is no number of events."""
    for sli, known in ((EVENTS, True), (INCREASES, True), (MIXED, False)):
        one = _one(tmp_path, sli)
        assert (unit(one.sli) is not Unit.UNKNOWN) == known
        names = [name for group in _groups(one) for name in _names(group)]
        assert ("slo:error_budget_events_remaining" in names) == known


def test_a_ratio_that_divides_is_guarded_against_nothing_by_nothing(tmp_path):
    """0 / 0 is no bad event; a query that cannot divide is asked once."""
    divided, mean = (_groups(_one(tmp_path, sli))[0].rules[0].expr for sli in (RAW, MEAN))
    assert "or\n0 * group" in divided
    assert mean == "(avg_over_time(share[5m]))"


# --- labels -----------------------------------------------------------------------------------------------------


def test_event_records_carry_the_identity_alone_and_final_ones_everything(tmp_path):
    """A user label may change at any time without breaking a long window."""
    one = _one(tmp_path, more="    labels: {tier: '2', region: west}\n")
    ids = {"sloth_id", "sloth_service", "sloth_slo", "region"}
    for group in _groups(one):
        for rule in group.rules:
            assert isinstance(rule, Record)
            names = {name for name, _ in rule.labels} - {"sloth_window"}
            if rule.name.startswith("slo:sli_events_"):
                assert names == ids, rule.name
            elif rule.name != "sloth_slo_info":
                assert names == ids | {"tier"}, rule.name


def test_constants_are_spelled_exactly(tmp_path):
    """The budget of 99.9 % is 0.001, not 0.0009999999999999432."""
    _, _, meta = _groups(_one(tmp_path, more="    window: 28d\n"))
    assert {rule.name: rule.expr for rule in meta.rules} == {
        "slo:objective:ratio": "vector(0.999)",
        "slo:error_budget:ratio": "vector(0.001)",
        "slo:time_period:days": "vector(28)",
        "sloth_slo_info": "vector(1)",
    }
    (info,) = [dict(rule.labels) for rule in meta.rules if rule.name == "sloth_slo_info"]
    assert (info["sloth_objective"], info["sloth_spec"]) == ("99.9", "prometheus/v1")


# --- every period -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("tool", BOTH_PROMTOOLS)
def test_every_period_makes_rules_that_prometheus_reads(tool, tmp_path):
    """From 1 to 90 days, for each kind of SLI: no window of nothing, no name twice."""
    slos = [
        slo(f"{kind.replace(' ', '-')}-{days}", sli, more=f"    window: {days}d\n")
        for kind, sli in SLIS.items()
        for days in (*range(1, 32), 60, 90)
    ]
    found = catalogue(document(*slos), tmp_path).slos
    path = tmp_path / "rules.yaml"
    path.write_text(to_yaml(group for one in found for group in _groups(one)))
    done = check(tool, path)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
