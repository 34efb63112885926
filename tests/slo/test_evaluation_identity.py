"""Who is who, evaluated by the real promtool: copies of an SLO, groups within one, labels that change."""

import pytest

from slo.errors import SpecErrors
from tests.slo.answers import (
    BOTH_PROMTOOLS,
    ask,
    catalogue,
    counter,
    document,
    firing,
    labels,
    rules_of,
    slo,
    value,
)

PERIOD_RATIO = "slo:sli_error:ratio_rate30d"
ONE_BROKEN = (counter((160, 300), (40, 150)), counter((160, 0), (40, 150)))
ALL_WELL = (counter((200, 300)), counter((200, 0)))
IDS = 'sloth_id="shop-requests", sloth_service="shop", sloth_slo="requests"'


def _in(namespace: str) -> str:
    return f"""
      events:
        error_query: sum(rate(requests_total{{ns="{namespace}",code="500"}}[{{{{.window}}}}]))
        total_query: sum(rate(requests_total{{ns="{namespace}"}}[{{{{.window}}}}]))"""


BY_CLUSTER = """
      events:
        error_query: sum by (cluster) (rate(requests_total{code="500"}[{{.window}}]))
        total_query: sum by (cluster) (rate(requests_total[{{.window}}]))"""
RAW_BY_CLUSTER = """
      raw:
        error_ratio_query: |
          sum by (cluster) (rate(requests_total{code="500"}[{{.window}}]))
          / sum by (cluster) (rate(requests_total[{{.window}}]))"""


@pytest.mark.parametrize("tool", BOTH_PROMTOOLS)
def test_one_slo_in_two_namespaces_lives_side_by_side(tool, tmp_path):
    """Both copies are measured by their own rules, and the page names the one that is broken."""
    text = "---\n".join(
        document(slo(sli=_in(namespace)), head=f"labels: {{namespace: {namespace}}}\n")
        for namespace in ("blue", "green")
    )
    series = {
        'requests_total{ns="blue",code="200"}': ALL_WELL[0],
        'requests_total{ns="blue",code="500"}': ALL_WELL[1],
        'requests_total{ns="green",code="200"}': ONE_BROKEN[0],
        'requests_total{ns="green",code="500"}': ONE_BROKEN[1],
    }
    ratios, page = ask(rules_of(text, tmp_path), series, [("50m", PERIOD_RATIO), ("50m", firing())], tool=tool)
    assert {dict(found)["namespace"]: number > 0 for found, number in ratios.items()} == {"blue": False, "green": True}
    assert labels(page)["namespace"] == "green"


@pytest.mark.parametrize("tool", BOTH_PROMTOOLS)
@pytest.mark.parametrize("sli", [BY_CLUSTER, RAW_BY_CLUSTER], ids=["events", "a raw ratio"])
def test_a_group_without_errors_and_an_idle_one_are_kept_beside_a_broken_one(tool, sli, tmp_path):
    """Three clusters, one of them without an error series, one without traffic: the page names the broken one."""
    series = {
        'requests_total{cluster="broken",code="200"}': ONE_BROKEN[0],
        'requests_total{cluster="broken",code="500"}': ONE_BROKEN[1],
        'requests_total{cluster="well",code="200"}': ALL_WELL[0],
        'requests_total{cluster="idle",code="200"}': "0x200",
        'requests_total{cluster="idle",code="500"}': "0x200",
    }
    rules = rules_of(document(slo(sli=sli)), tmp_path)
    ratios, page = ask(rules, series, [("50m", PERIOD_RATIO), ("50m", firing())], tool=tool)
    found = {dict(found)["cluster"]: number for found, number in ratios.items()}
    # A raw ratio says nothing of a cluster that has no error series; events do.
    expected = {"idle": 0, "well": 0} if sli is BY_CLUSTER else {"idle": 0}
    assert found.pop("broken") > 0
    assert found == expected
    assert labels(page)["cluster"] == "broken"


# --- labels that change -----------------------------------------------------------------------------------------


def _after_a_change(rules: str, old: dict[str, str]) -> dict[str, float]:
    """The 30d value and the budget an hour after labels changed: half an hour of old series, then new counters."""
    series = {
        **old,
        'requests_total{code="200"}': "_x119 " + counter((120, 300), start=1_000_000),
        'requests_total{code="500"}': "_x119 " + counter((120, 0), start=1_000_000),
    }
    asked = [("1h", PERIOD_RATIO), ("1h", "slo:period_error_budget_remaining:ratio")]
    ratio, left = ask(rules, series, asked)
    return {"ratio": value(ratio), "left": value(left), "labels": labels(ratio)}


def test_a_changed_label_keeps_the_history_of_events(tmp_path):
    """What long windows are summed from carries no user label, so that half an hour of errors still counts."""
    rules = rules_of(document(slo(), head="labels: {tier: '2'}\n"), tmp_path)
    old = {
        f"slo:sli_events_total:avg2m{{{IDS}}}": "20x118",
        f"slo:sli_events_bad:avg2m{{{IDS}}}": "2x118",
        f'slo:sli_error:ratio_rate5m{{{IDS}, tier="1", sloth_window="5m"}}': "0.1x118",
    }
    found = _after_a_change(rules, old)
    assert found["labels"]["tier"] == "2"
    assert found["ratio"] == pytest.approx(0.05, rel=0.05)
    assert found["left"] == pytest.approx(1 - 50, rel=0.05)


_RAW = """
      raw:
        error_ratio_query: |
          sum(rate(requests_total{code="500"}[{{.window}}])) / sum(rate(requests_total[{{.window}}]))"""


@pytest.mark.parametrize("head", ["labels: {tier: '2'}\n", ""], ids=["another value", "the label is gone"])
def test_a_changed_label_keeps_the_history_of_a_raw_ratio(head, tmp_path):
    """The period averages over the 5m ratio whatever it was called, in one series."""
    rules = rules_of(document(slo(sli=_RAW), head=head), tmp_path)
    found = _after_a_change(
        rules, {f'slo:sli_error:ratio_rate5m{{{IDS}, tier="1", sloth_window="5m"}}': "0.1x118 stale"}
    )
    assert found["ratio"] == pytest.approx(0.05, rel=0.05)


def test_two_regions_of_one_namespace_and_one_with_a_dash_have_groups_of_their_own(tmp_path):
    """Names of groups cannot meet, whatever the values are."""
    heads = ("{namespace: a, region: b}", "{namespace: a-b}", "{namespace: a-b, region: b}")
    text = "---\n".join(document(slo(), head=f"labels: {head}\n") for head in heads)
    rules = rules_of(text, tmp_path)
    names = [line for line in rules.splitlines() if line.startswith("  - name:")]
    assert len(names) == len({*names}) == 9


# --- labels that collide ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "where"),
    [
        (document(slo(sli=BY_CLUSTER), head="labels: {cluster: x}\n"), "labels.cluster"),
        (document(slo(sli=BY_CLUSTER, more="    labels: {cluster: x}\n")), "slos[0].labels.cluster"),
        (document(slo(sli=BY_CLUSTER, alerting="      labels: {cluster: x}\n")), "slos[0].alerting.labels.cluster"),
        (
            document(slo(sli=RAW_BY_CLUSTER, alerting="      page_alert: {labels: {cluster: x}}\n")),
            "slos[0].alerting.page_alert.labels.cluster",
        ),
    ],
    ids=["of the service", "of the SLO", "of both alerts", "of the page"],
)
def test_a_label_that_the_query_groups_by_is_a_fault(text, where, tmp_path):
    """One value over many would make two series one, and the rule fail at evaluation."""
    with pytest.raises(SpecErrors) as raised:
        catalogue(text, tmp_path)
    (fault,) = raised.value.faults
    assert fault.where == where
    assert fault.line > 0
    assert "grouped by 'cluster'" in fault.message


def test_a_label_that_the_query_pins_may_be_repeated(tmp_path):
    """Grouped by a label of which a matcher leaves one value: nothing is overwritten."""
    pinned = BY_CLUSTER.replace('code="500"', 'cluster="x", code="500"').replace("total[", 'total{cluster="x"}[')
    rules = rules_of(document(slo(sli=pinned), head="labels: {cluster: x}\n"), tmp_path)
    series = {f'requests_total{{cluster="{name}",code="200"}}': ALL_WELL[0] for name in ("x", "y")}
    (ratio,) = ask(rules, series, [("50m", PERIOD_RATIO)])
    assert labels(ratio)["cluster"] == "x"
