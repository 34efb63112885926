"""The rules evaluated by the real promtool over traffic that is known to break SLO engines."""

import math

import pytest

from tests.slo.answers import (
    BOTH_PROMTOOLS,
    Vector,
    ask,
    counter,
    document,
    firing,
    rules_of,
    slo,
    sloth,
    value,
)

ALL_OURS = '{__name__=~"slo:.+|sloth_.+"}'
PERIOD_RATIO = "slo:sli_error:ratio_rate30d"
REMAINING = "slo:period_error_budget_remaining:ratio"
EVENTS_LEFT = "slo:error_budget_events_remaining"
NEVER = [{}]
OLD = 1_000_000
"""Where a counter stands that is not young: near 0, rate() takes its first events for its birth."""
COARSE = {"sample": "1m", "step": "1m"}
"""For hours of history: a quarter of the samples, half of the evaluations."""

both = pytest.mark.parametrize("tool", BOTH_PROMTOOLS)
both_in_full = pytest.mark.parametrize("tool", ["promtool", pytest.param("promtool3", marks=pytest.mark.full)])


def _traffic(good: str, bad: str) -> dict[str, str]:
    return {'requests_total{code="200"}': good, 'requests_total{code="500"}': bad}


def _sparse(every: int, count: int, failures: set[int]) -> dict[str, str]:
    """One request every so many samples, *count* of them; those at the numbers in *failures* fail."""
    phases = [
        [phase for number in range(count) for phase in ((every - 1, 0), (1, int((number in failures) is bad)))]
        for bad in (False, True)
    ]
    return _traffic(counter(*phases[0]), counter(*phases[1]))


def _not_numbers(vector: Vector) -> list[str]:
    return [dict(labels)["__name__"] for labels, number in vector.items() if math.isnan(number)]


# --- little or no traffic ---------------------------------------------------------------------------------------


@both
def test_a_pause_of_twenty_minutes_leaves_every_series_a_number(tool, tmp_path):
    """Without traffic no series is NaN or gone, and the period still holds what happened before."""
    text = document(slo())
    series = _traffic(counter((160, 499), (80, 0)), counter((160, 1), (80, 0)))
    times = [("40m", ALL_OURS), ("47m", ALL_OURS), ("54m", ALL_OURS), ("1h", ALL_OURS)]
    answers = ask(rules_of(text, tmp_path), series, [*times, ("1h", PERIOD_RATIO)], tool=tool)
    assert [_not_numbers(vector) for vector in answers[:4]] == [[]] * 4
    assert {frozenset(vector) for vector in answers[:4]} == {frozenset(answers[0])}
    assert value(answers[4]) == pytest.approx(0.002, rel=1e-9)
    theirs = ask(rules_of(text, tmp_path, sloth()), series, [("54m", REMAINING)], tool=tool)
    assert _not_numbers(theirs[0]) == [REMAINING]


@both_in_full
def test_a_service_without_traffic_since_birth_keeps_its_whole_budget(tool, tmp_path):
    """Counters that stand at 0 are a ratio of 0 and a budget of 1, not an absence."""
    series = _traffic(counter((160, 0)), counter((160, 0)))
    ratio, left = ask(
        rules_of(document(slo()), tmp_path), series, [("40m", PERIOD_RATIO), ("40m", REMAINING)], tool=tool
    )
    assert (value(ratio), value(left)) == (0, 1)


@both_in_full
def test_the_hours_before_the_first_error_series_count(tool, tmp_path):
    """An error series that is born late, with its first error, weighs against all the traffic before it."""
    text = document(slo())
    series = _traffic(counter((140, 1200)), "_x119 " + counter((10, 4), (10, 0)))
    asked = [("2h20m", PERIOD_RATIO), ("1h", EVENTS_LEFT)]
    ours, left = ask(rules_of(text, tmp_path), series, asked, **COARSE, tool=tool)
    assert value(left) == pytest.approx(0.001 * 60 * 1200, rel=0.05)
    assert value(ours) == pytest.approx(40 / (140 * 1200 + 40), rel=0.05)
    (theirs,) = ask(rules_of(text, tmp_path, sloth()), series, [("2h20m", PERIOD_RATIO)], **COARSE, tool=tool)
    assert value(theirs) > 5 * value(ours)


@both_in_full
def test_one_failure_at_ten_requests_an_hour_wakes_nobody(tool, tmp_path):
    """A single failure at night is a ticket at most; without a guard it pages."""
    series = _sparse(every=24, count=20, failures={10})
    asked = [("2h", f"count_over_time({firing()}[2h])")]
    assert ask(rules_of(document(slo()), tmp_path), series, asked, tool=tool) == NEVER
    unguarded = rules_of(document(slo(alerting="      min_failures: 0\n")), tmp_path)
    assert ask(unguarded, series, asked, tool=tool) != NEVER


@both_in_full
def test_one_failure_at_ten_requests_an_hour_opens_no_ticket(tool, tmp_path):
    """The guard of the ticket holds a single failure back as well."""
    series = _sparse(every=6, count=20, failures={10})
    asked = [("2h", f"count_over_time({firing(severity='ticket')}[2h])")]
    assert ask(rules_of(document(slo()), tmp_path), series, asked, **COARSE, tool=tool) == NEVER
    unguarded = rules_of(document(slo(alerting="      min_failures: 0\n")), tmp_path)
    assert ask(unguarded, series, asked, **COARSE, tool=tool) != NEVER


@both
def test_a_real_outage_at_sixty_requests_an_hour_pages(tool, tmp_path):
    """The guard delays a page at low traffic by a few failures and does not swallow it."""
    series = _sparse(every=4, count=80, failures=set(range(60, 80)))
    early, soon = ask(
        rules_of(document(slo()), tmp_path), series, [("1h1m30s", firing()), ("1h6m", firing())], tool=tool
    )
    assert early == {}
    assert value(soon) == 1


# --- series that come and go ------------------------------------------------------------------------------------


@both
def test_a_vanished_target_is_told_after_absent_after(tool, tmp_path):
    """The SLI is gone 5m after the last sample at most, and the alert fires 10m later, not before."""
    series = _traffic("0+300x119 stale", "0+0x119 stale")  # the last samples at 29m45s
    asked = [(time, firing("BurningAbsent")) for time in ("39m30s", "45m30s", "1h")]
    early, told, still = ask(rules_of(document(slo()), tmp_path), series, asked, step="30s", tool=tool)
    assert early == {}
    assert value(told) == value(still) == 1


@both
def test_a_gap_shorter_than_absent_after_is_not_told(tool, tmp_path):
    """A deploy that takes nine minutes wakes nobody."""
    series = _traffic("0+300x119 _x36 46800+300x80", "0+0x119 _x36 0+0x80")
    asked = [("59m", f"count_over_time({firing('BurningAbsent')}[59m])"), ("59m", f"count_over_time({firing()}[59m])")]
    assert ask(rules_of(document(slo()), tmp_path), series, asked, tool=tool) == NEVER * 2


@both_in_full
def test_a_counter_reset_costs_no_event(tool, tmp_path):
    """Events before and after a restart of the service are counted once."""
    restarted = _traffic("0+300x119 0+300x120", "0+3x119 0+3x120")
    steady = _traffic(counter((240, 300)), counter((240, 3)))
    asked = [("1h", "slo:sli_events_bad:increase30d"), ("1h", PERIOD_RATIO)]
    rules = rules_of(document(slo()), tmp_path)
    (bad, ratio), (expected, _) = (ask(rules, series, asked, tool=tool) for series in (restarted, steady))
    # One interval lies between the last sample before and the first after the restart.
    assert value(bad) == pytest.approx(value(expected), abs=4)
    assert value(ratio) == pytest.approx(3 / 303, rel=1e-9)


@both_in_full
def test_the_budget_counts_events_not_minutes(tool, tmp_path):
    """An outage while traffic is a twentieth costs a twentieth; sloth charges it like any other minute."""
    text = document(slo())
    good, bad = ((10, 60), (60, 1200), (70, 60), (10, 0), (30, 60)), ((140, 0), (10, 60), (30, 0))
    series = _traffic(counter(*good, start=OLD), counter(*bad, start=OLD))
    truth = 10 * 60 / (60 * 1200 + 120 * 60)
    asked = [("3h", PERIOD_RATIO)]
    (ours,) = ask(rules_of(text, tmp_path), series, asked, **COARSE, tool=tool)
    assert value(ours) == pytest.approx(truth, rel=0.01)
    (theirs,) = ask(rules_of(text, tmp_path, sloth()), series, asked, **COARSE, tool=tool)
    assert value(theirs) > 5 * truth


@both_in_full
@pytest.mark.parametrize(("healthy", "failing"), [(0, 40), (40, 40), (400, 40)])
def test_the_page_weighs_an_old_fault_by_its_events_at_any_age(tool, healthy, failing, tmp_path):
    """After 50 minutes as after 150: the long window of the page holds each event once, new or old."""
    good, bad = ((healthy, 300), (failing, 270), (160, 300)), ((healthy, 0), (failing, 30), (160, 0))
    series = _traffic(*(counter(*(phase for phase in phases if phase[0])) for phases in (good, bad)))
    minutes = (healthy + failing + 160) // 4
    asked = [(f"{minutes}m", "slo:sli_error_recent:ratio_rate6h")]
    (found,) = ask(rules_of(document(slo()), tmp_path), series, asked, tool=tool)
    # Of the 5m at the edge of the newest part half of the events count.
    assert value(found) == pytest.approx(0.1 * failing / (4 * minutes - 10), rel=0.03)


# --- other shapes of queries ------------------------------------------------------------------------------------

_INCREASES = """
      events:
        error_query: sum(increase(requests_total{code="500"}[{{.window}}]))
        total_query: sum(increase(requests_total[{{.window}}]))"""
_NOT_ADDITIVE = """
      events:
        error_query: max(rate(requests_total{code="500"}[{{.window}}]))
        total_query: sum(rate(requests_total[{{.window}}]))"""
_RAW = """
      raw:
        error_ratio_query: |
          sum(rate(requests_total{code="500"}[{{.window}}]))
          /
          sum(rate(requests_total[{{.window}}]))"""


@both_in_full
def test_queries_per_window_and_per_second_count_the_same_events(tool, tmp_path):
    """increase() and rate() leave as many events in the budget, and page alike."""
    text = document(slo("per-second"), slo("per-window", _INCREASES))
    series = _traffic(counter((160, 299), (40, 150), (40, 300)), counter((160, 1), (40, 150), (40, 0)))
    left, page = ask(rules_of(text, tmp_path), series, [("1h", EVENTS_LEFT), ("50m", firing())], tool=tool)
    assert {dict(labels)["sloth_slo"] for labels in left} == {dict(labels)["sloth_slo"] for labels in page}
    per_second, per_window = left.values()
    assert per_second == pytest.approx(per_window, rel=1e-12)
    assert per_second == pytest.approx(0.001 * 240 * 300 - 160 - 40 * 150, rel=0.01)


@both_in_full
@pytest.mark.parametrize("sli", [_NOT_ADDITIVE, _RAW], ids=["a query that is not additive", "a raw ratio"])
def test_what_cannot_be_summed_is_asked_anew_for_each_window(tool, sli, tmp_path):
    """Every window holds its own answer, the page fires, and a pause leaves numbers."""
    series = _traffic(counter((200, 300), (40, 150), (140, 0)), counter((200, 0), (40, 150), (140, 0)))
    asked = [
        ("1h", firing()),
        ("1h", "slo:sli_error:ratio_rate1h"),
        ("1h", "slo:sli_error:ratio_rate3d"),
        ("1h34m", ALL_OURS),
        ("1h34m", firing()),
        ("1h34m", PERIOD_RATIO),
    ]
    page, hour, days, quiet, after, period = ask(rules_of(document(slo(sli=sli)), tmp_path), series, asked, tool=tool)
    assert value(page) == 1
    assert value(hour) == pytest.approx(0.5 * 10 / 60, rel=0.01)
    assert value(days) == pytest.approx(40 * 150 / (240 * 300), rel=0.01)
    assert _not_numbers(quiet) == []
    assert after == {}
    assert 0 < value(period) < 1


@both_in_full
@pytest.mark.parametrize(("objective", "minutes"), [("95", 44), ("90", 217)])
def test_a_threshold_above_one_never_fires_and_the_rest_do(tool, objective, minutes, tmp_path):
    """At 95 % the quick page needs 72 % of an hour; at 90 % it can never fire, and the slow one takes 60 % of 6 h."""
    before = 185  # samples of 2 minutes: a little more than the slow window
    after = minutes // 2 + 2
    series = _traffic(counter((before, 1200), (after, 0)), counter((before, 0), (after, 1200)))
    times = [f"{2 * before + minutes + shift}m" for shift in (-4, 4)]
    rules = rules_of(document(slo(objective=objective)), tmp_path)
    early, late = ask(rules, series, [(time, firing()) for time in times], sample="2m", step="2m", tool=tool)
    assert early == {}
    assert value(late) == 1


@both_in_full
def test_a_full_outage_pages_and_a_met_objective_does_not_whatever_the_period(tool, tmp_path):
    """From a day to ninety: windows and factors of each period go together."""
    periods = (1, 2, 3, 5, 7, 14, 28, 30, 90)
    text = document(*(slo(f"over-{days}d", more=f"    window: {days}d\n") for days in periods))
    series = _traffic(counter((40, 5997), (6, 0)), counter((40, 3), (6, 6000)))
    asked = [("39m", f"count_over_time({firing()}[39m])"), ("45m", firing())]
    met, broken = ask(rules_of(text, tmp_path), series, asked, **COARSE, tool=tool)
    assert met == {}
    assert {dict(labels)["sloth_slo"] for labels in broken} == {f"over-{days}d" for days in periods}
