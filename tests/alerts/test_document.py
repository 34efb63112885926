"""alerts.document: every alert with its condition, its times and its runbook, whatever people have written."""

import html
import re
from dataclasses import replace
from pathlib import Path

import pytest
from markdown_it import MarkdownIt

from alerts import document, kpi_tests, rule_files
from slo.artifact import MARK
from slo.catalogue import Catalogue
from slo.load import load
from slo.routing_model import Links, Routing
from slo.rule import Alert
from tests.slo.answers import document as spec
from tests.slo.answers import slo

ROOT = Path(__file__).resolve().parents[2]
LINKS = Links(runbook="https://runbooks.example/{alert}", dashboards="https://grafana.example", folder="runbooks")
PARSER = MarkdownIt("commonmark", {"html": True}).enable("table")
NASTY = "a | b <script>x</script> `code` *b* [l](x)"


def _shop() -> Catalogue:
    """What this repository declares."""
    return load([str(ROOT / "slo" / "specs")], None, str(ROOT / "alerts" / "specs"))


def _text(catalogue: Catalogue, *, predicted: bool = True) -> str:
    (made,) = document.build(catalogue, predicted=predicted)
    assert made.path == "docs/alerts.md"
    return made.text


def _cells(text: str) -> list[list[str]]:
    """The rows of every table, as people read them."""
    rows = re.findall(r"<tr>(.*?)</tr>", PARSER.render(text), re.DOTALL)
    return [
        [
            html.unescape(re.sub(r"<[^>]*>", "", cell))
            for cell in re.findall(r"<t[dh][^>]*>(.*?)</t[dh]>", row, re.DOTALL)
        ]
        for row in rows
    ]


def _one(folder: Path, **options: str) -> Catalogue:
    path = folder / "spec.yaml"
    path.write_text(spec(slo(**options)))
    return load([str(path)])


def test_every_alert_of_the_shop_is_in_it() -> None:
    """Whatever the rules hold: pages, tickets, absent SLIs, KPIs, thresholds, what holds pages back."""
    shop = _shop()
    text = _text(shop)
    named = {cell for row in _cells(text) for cell in row[:1]} | set(re.findall(r"^#{3,4} (\w+)$", text, re.MULTILINE))
    told = {
        (rule.name, dict(rule.labels).get("severity"))
        for file in shop.files
        for group in rule_files.groups_of(file)
        for rule in group.rules
        if isinstance(rule, Alert)
    }
    told |= {(alert.name, alert.severity) for alert in shop.alerts}
    told |= {
        (rule.name, dict(rule.labels)["severity"])
        for kpi in (kpi for one in shop.specs for kpi in one.kpis)
        for rule in kpi_tests.group(kpi, None).rules
        if isinstance(rule, Alert)
    }
    assert len(told) > 90
    assert {name for name, _ in told} - named - {"DependencyDown"} == set()
    assert "\nDependencyDown wakes nobody." in text


def test_a_page_has_its_times(tmp_path: Path) -> None:
    """The condition of its rule, and what its unit tests hold it against."""
    head, page, ticket, absent = _cells(_text(_one(tmp_path)))
    assert head == ["Alert", "Severity", "Promise", "Condition", "Fires", "Resets"]
    assert page == [
        "Burning",
        "page",
        "99.9 % in 30 days",
        "> 1.44 % bad over 5m and 1h (14.4×), or > 0.6 % bad over 30m and 6h (6×); 3 at least (4 over 6h)",
        "1m after a full outage begins",
        "29m after its end",
    ]
    assert ticket[4:] == ["40m to 42m after 0.4167 % begin to fail", "46m to 48m after its end"]
    assert absent[3:] == ["no sample for 10m", "15m after the last sample", "with the first samples"]


def test_what_cannot_happen_is_said(tmp_path: Path) -> None:
    """At 50 % no outage pages."""
    _, page, *_ = _cells(_text(_one(tmp_path, objective="50")))
    assert page[3].startswith("never over 5m and 1h (14.4× would be 720 % bad), or never over 30m and 6h")
    assert page[4:] == ["not in its course", ""]


def test_another_engine_has_no_predictions(tmp_path: Path) -> None:
    """What is predicted holds for the native rules alone."""
    text = _text(_one(tmp_path), predicted=False)
    assert _cells(text)[0] == ["Alert", "Severity", "Promise", "Condition"]
    assert "unit tests" not in text


def test_runbooks_are_linked_where_somebody_says_where_they_are(tmp_path: Path) -> None:
    """At the address that the alert itself carries."""
    found = _one(tmp_path)
    assert "Runbook" not in _cells(_text(found))[0]
    linked = _text(replace(found, routing=Routing(links=LINKS)))
    assert linked.count("[runbook](<https://runbooks.example/Burning>)") == 2
    assert linked.count("[runbook](<https://runbooks.example/BurningAbsent>)") == 1


def test_what_people_have_written_stays_words(tmp_path: Path) -> None:
    """A description with bars, tags and backticks is neither a cell nor HTML."""
    text = _text(_one(tmp_path, more=f"    description: '{NASTY}'\n"))
    assert _cells(text)[1][2] == f"99.9 % in 30 days: {NASTY}"
    assert "<script>" not in PARSER.render(text)


def test_a_threshold_alert_has_its_cases() -> None:
    """Severity, owner, condition, and the moments of each case."""
    shop = _shop()
    text = _text(replace(shop, files=()))
    for alert in shop.alerts:
        assert f"#### {alert.name}\n" in text
    alert = next(alert for alert in shop.alerts if alert.name == "HighCPU")
    section = text.partition("#### HighCPU\n")[2].partition("\n#### ")[0]
    assert f"{alert.severity} · team {alert.team} · service {alert.service} · ratio · for 15m" in section
    assert f"```promql\n(\n{alert.query}\n) > 0.85\n" in section
    assert len(_cells(section)) == 1 + len(alert.cases)


def test_alerts_made_for_each_service_stand_together() -> None:
    """One entry, with all the services that it is made for."""
    shop = _shop()
    text = _text(shop)
    assert text.count("#### HighErrorRate\n") == 1
    assert "services catalog, inventory, orders, payments, storefront, users" in text


def test_it_is_the_same_each_time() -> None:
    """A pure function of the catalogue, known as generated by its first line."""
    first, second = _text(_shop()), _text(_shop())
    assert first == second
    assert MARK in first.splitlines()[0]
    assert not re.search(r" $|\n{3,}", first, re.MULTILINE)
    assert first.endswith("\n")


@pytest.mark.parametrize("kept", ["files", "alert_files"])
def test_a_part_without_alerts_is_left_out(kept: str) -> None:
    """Nobody reads an empty heading."""
    shop = _shop()
    text = _text(Catalogue(**{"files": (), kept: getattr(shop, kept)}))
    assert ("## Promises" in text, "## Thresholds" in text) == (kept == "files", kept == "alert_files")
