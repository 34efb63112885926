"""The dashboards of SLOs: for any specs, any period, and for those who keep sloth's own."""

from __future__ import annotations

import json
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from alerts import rule_files
from dashboards import slo_detail, slo_overview, slo_series
from dashboards.model import Dashboard
from dashboards.preview import page, sheet
from dashboards.preview_parts import MOST_ROWS
from dashboards.queries import queries
from slo import artifact
from slo.catalogue import Catalogue
from slo.windows import DAY, for_period, spell
from tests.dashboards.answers import END, Answers
from tools.install import find

# What sloth's public dashboards (14348 and 14643 at grafana.com) read.
SLOTHS_RECORDS = {
    "slo:sli_error:ratio_rate5m",
    "slo:sli_error:ratio_rate1h",
    "slo:objective:ratio",
    "slo:error_budget:ratio",
    "slo:time_period:days",
    "slo:current_burn_rate:ratio",
    "slo:period_burn_rate:ratio",
    "slo:period_error_budget_remaining:ratio",
    "sloth_slo_info",
}


def rules(catalogue: Catalogue) -> list[dict[str, Any]]:
    """Every rule that is generated."""
    kinds = frozenset({artifact.RULES, artifact.ALERTS})
    made = rule_files.build(catalogue, kinds, None)
    return [rule for each in made for group in yaml.safe_load(each.text)["groups"] for rule in group["rules"]]


def with_periods(catalogue: Catalogue, *days: int) -> Catalogue:
    """The stranger's SLO once for each of these periods."""
    spec = catalogue.specs[0]
    slos = tuple(replace(spec.slos[0], name=f"over-{each}", period_days=each) for each in days)
    return replace(catalogue, files=(replace(catalogue.files[0], specs=(replace(spec, slos=slos),)),))


def test_sloths_public_dashboards_find_their_series(strangers: Catalogue) -> None:
    """Under sloth's names, each with its three labels and the user's own."""
    records = {rule["record"]: rule["labels"] for rule in rules(strangers) if "record" in rule}
    assert records.keys() >= SLOTHS_RECORDS
    for name in SLOTHS_RECORDS:
        assert (
            records[name].items()
            >= {
                "sloth_id": "myservice-requests-availability",
                "sloth_service": "myservice",
                "sloth_slo": "requests-availability",
                "owner": "myteam",
            }.items()
        )
    alerts = [rule["labels"] for rule in rules(strangers) if "alert" in rule]
    assert {labels.get("sloth_severity") for labels in alerts} >= {"page", "ticket"}


@pytest.mark.parametrize("days", [1, 7, 14, 28, 30, 90])
def test_each_record_that_is_read_is_written(strangers: Catalogue, days: int) -> None:
    """Whatever the period: names end with it, and windows shrink below a week."""
    catalogue = with_periods(strangers, days)
    written = {rule["record"] for rule in rules(catalogue) if "record" in rule}
    for module in (slo_overview, slo_detail):
        for each in queries([module.build(catalogue)]):
            read = {word.partition("{")[0] for word in each.expression.replace("(", " ").split() if ":" in word}
            assert {name for name in read if name.startswith("slo:")} <= written, each.expression


def test_every_period_of_a_catalogue_is_covered(strangers: Catalogue) -> None:
    """An SLO of a week beside one of a month: each is shown by its own records and factors."""
    catalogue = with_periods(strangers, 7, 30)
    asked = {each.ref_id + each.panel: each.expression for each in queries([slo_detail.build(catalogue)])}
    bad = next(text for text in asked.values() if text.startswith("sum(slo:sli_events_bad:increase"))
    assert "increase1w{" in bad
    assert "increase30d{" in bad
    quick = next(text for text in asked.values() if "13.44" in text)
    assert "== 7) * 0 + 13.44" in quick
    assert "== 30) * 0 + 14.4" in quick


def test_limits_of_burn_rates_are_those_that_alerts_have(strangers: Catalogue) -> None:
    """The lowest factor of each kind among the catalogue's periods."""
    for days in ((30,), (7, 30)):
        limits = slo_overview.burn_limits(with_periods(strangers, *days))
        windows = [for_period(each) for each in days]
        assert [limit.value for limit in limits] == [
            min(each.ticket_slow.factor for each in windows),
            min(each.page_slow.factor for each in windows),
            min(each.page_quick.factor for each in windows),
        ]


def test_copies_of_an_slo_are_told_apart(strangers: Catalogue) -> None:
    """By the labels that the catalogue's SLOs have for it: each is a choice and a key."""
    spec = strangers.specs[0]
    slo = replace(spec.slos[0], labels=(("namespace", "a"), ("owner", "b")))
    catalogue = replace(strangers, files=(replace(strangers.files[0], specs=(replace(spec, slos=(slo,)),)),))
    assert slo_series.labels(catalogue) == ("cluster", "namespace")
    board = slo_detail.build(catalogue)
    assert [each.name for each in board.variables] == ["datasource", "cluster", "namespace", "service", "slo"]
    assert all('namespace=~"$namespace"' in each.expression for panel in board.panels for each in panel.queries)


def expression(catalogue: Catalogue, panel: str, ref_id: str = "A", *, month: int = 1) -> str:
    """What the detail of the stranger's SLO asks."""
    chosen = {"service": "myservice", "slo": "requests-availability"}
    board = [slo_detail.build(catalogue)]
    return next(
        each.expression for each in queries(board, chosen, month=month) if (each.panel, each.ref_id) == (panel, ref_id)
    )


def test_what_is_left_of_a_month_counts_that_months_events(strangers: Catalogue, tmp_path: Path) -> None:
    """promtool's clock begins in January 1970: an outage in it counts in it, and one of February in February."""
    ids = 'sloth_id="i", sloth_service="myservice", sloth_slo="requests-availability"'
    january, february, hours = 24 * 31, 24 * 28, 24 * 40
    # 1 % of 100 a second fail for one hour of January, and 2 % for another of February.
    bad = f"0x99 1 0x{january - 102} 2 0x{hours - january - 1}"
    series = [
        {"series": f"slo:sli_events_bad:rate1h{{{ids}}}", "values": bad},
        {"series": f"slo:sli_events_total:rate1h{{{ids}}}", "values": f"100x{hours}"},
        {"series": f"slo:error_budget:ratio{{{ids}}}", "values": f"0.001x{hours}"},
    ]
    # An hour of 1 % is ten times what the budget of one hour allows; of the whole month's that is 10 / 744.
    expected = ((1, january - 1, 1 - 10 / january), (2, hours - 1, 1 - 20 / february))
    case = {
        "interval": "1h",
        "input_series": series,
        "promql_expr_test": [
            {
                "expr": f"round({expression(strangers, 'Budget left, month', month=month)}, 0.0001)",
                "eval_time": f"{at}h",
                "exp_samples": [{"labels": "{}", "value": round(value, 4)}],
            }
            for month, at, value in expected
        ],
    }
    file = tmp_path / "test.yaml"
    file.write_text(yaml.safe_dump({"rule_files": [], "evaluation_interval": "1h", "tests": [case]}), encoding="utf-8")
    command = [str(find("promtool")), "test", "rules", str(file)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_windows_and_periods_are_spelt_as_the_records_are() -> None:
    """28 days are four weeks, as sloth writes them."""
    assert slo_series.of_any_period("r:{}", 'a="b"', (28, 30)) == 'r:4w{a="b"} or r:30d{a="b"}'
    assert spell(30 * DAY) == "30d"


def test_files_are_small_enough_to_read(files: dict[str, str]) -> None:
    """A stranger's two dashboards together: less than 100 KiB, whatever the number of their SLOs."""
    sizes = [len(text) for name, text in files.items() if name.startswith("strangers/")]
    assert len(sizes) == 2
    assert sum(sizes) < 100 * 1024
    assert all(json.loads(files[name])["uid"] for name in files)


def test_of_many_the_one_that_pages_comes_first(strangers: Catalogue) -> None:
    """Sixty promises, some with less left and some with more: its line is not beyond what a screen shows."""
    board = slo_overview.build(strangers)
    spent = [({"sloth_service": f"calm-{number:02}"}, 0.5, number / 58) for number in range(59)]
    found = [*spent, ({"sloth_service": "ablaze"}, 490.0, 0.6)]
    answers = Answers(
        {
            "slo:current_burn_rate:ratio": [(labels, burn) for labels, burn, _ in found],
            "slo:period_error_budget_remaining:ratio": [(labels, left) for labels, _, left in found],
        }
    )
    titles = [panel.title for panel in board.panels]
    assert titles.index("Burning fastest") < titles.index("Promises")
    table = next(panel for panel in board.panels if panel.title == "Promises")
    alone = replace(board, rows=(replace(board.rows[0], panels=(table,)),))
    text = page([sheet(answers, alone, end=END, named={})], end=END, address="http://prometheus.example")
    assert text.count("calm-") == MOST_ROWS - 1
    assert text.index("ablaze") < text.index("calm-")


def test_the_shops_pages_of_slos_show_its_deploys_and_faults(catalogue: Catalogue) -> None:
    """Of the services that are chosen, their workers among them; a stranger's have no such metrics."""
    for module, operator in ((slo_overview, "=~"), (slo_detail, "=")):
        drawn = {each.name: each.expression for each in module.build(catalogue).annotations}
        assert f'app_build_info{{service{operator}"$service",cluster=~"$cluster"}}' in drawn["Deploys"]
        assert 'shop_fault_active{job=~"($service)(-worker)?",cluster=~"$cluster"}' in drawn["Injected faults"]


def test_versions_are_of_the_chosen_services_and_places(dashboards: dict[str, Dashboard]) -> None:
    """On every page that shows them."""
    chosen = {"tw-application": '=~"$service"', "tw-service-orders": '="orders"'}
    for uid, service in chosen.items():
        (panel,) = [each for each in dashboards[uid].panels if each.title == "Versions"]
        wanted = f'app_build_info{{service{service},cluster=~"$cluster",namespace=~"$namespace"}}'
        assert wanted in panel.queries[0].expression
