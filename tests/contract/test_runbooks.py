"""Every alert has a runbook that says what its spec says, and asks for what somebody shows."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

import pytest
import yaml

from alerts import markdown, rule_files, runbook, runbook_check
from slo import conventions as names
from slo.catalogue import Catalogue
from slo.load import load
from tests.contract.selectors import ADDED, Exposed, Named, faults, named

ROOT = Path(__file__).resolve().parents[2]
RUNBOOKS = ROOT / "alerts" / "runbooks"
SHARED = RUNBOOKS / runbook_check.SHARED
# What comes with the event itself: any status, any call to another service.
POSSIBLE = {"http_response_status_code": r"[1-5](?:\.\.|\d\d)"}
CALLS = {"peer_service": r"\w+", "operation": r"\w+", "outcome": r"\w+", "job": r".*-worker"}
OURS = frozenset({"exported_job", "cause", "slo", *names.ID_LABELS})


@lru_cache(maxsize=1)
def shop() -> Catalogue:
    """What this repository declares; without a routing file, so that a missing runbook is told here."""
    return load([str(ROOT / "slo" / "specs")], None, str(ROOT / "alerts" / "specs"))


def pages() -> list[Path]:
    """Every runbook, and the page that they share."""
    return sorted(RUNBOOKS.glob("*.md"))


def queries(path: Path) -> Iterator[tuple[int, str]]:
    """The queries of a page, by line."""
    for block in markdown.read(path.read_text(encoding="utf-8")).blocks:
        if block.language == "promql":
            yield block.line, block.text


def test_each_alert_has_a_runbook_and_each_runbook_an_alert() -> None:
    """One that nobody is sent to grows old unseen."""
    alerts = {name for name, _ in runbook.skeletons(shop())}
    assert {path.stem for path in pages()} - {SHARED.stem} == alerts


@pytest.mark.parametrize("path", [path for path in pages() if path != SHARED], ids=lambda path: path.stem)
def test_nothing_is_wrong_with_it(path: Path) -> None:
    """Six parts, three checks, queries that run as they are copied, links that lead somewhere."""
    known = [name for name, _ in runbook.skeletons(shop())]
    text = path.read_text(encoding="utf-8")
    assert list(runbook_check.faults(path.stem, text, known, lambda link: (RUNBOOKS / link).exists())) == []


def test_links_into_another_page_find_their_heading() -> None:
    """A browser would show the top of the page instead, and nobody would notice."""
    anchors = {path.name: markdown.read(path.read_text(encoding="utf-8")).anchors() for path in pages()}
    links = [
        (path.name, link) for path in pages() for _, link in markdown.read(path.read_text()).links() if "#" in link
    ]
    assert len(links) > 30
    targets = [(page, *link.partition("#")[::2]) for page, link in links]
    assert [each for each in targets if each[1] in ("", *anchors) and each[2] not in anchors[each[1] or each[0]]] == []


def test_the_shared_page_leads_somewhere() -> None:
    """Its links are files, its queries run."""
    page = markdown.read(SHARED.read_text(encoding="utf-8"))
    links = [link.partition("#")[0] for _, link in page.links() if not re.match(r"https?:|#", link)]
    assert len(links) > 2
    # The document of alerts is written by the build.
    assert [link for link in links if not (RUNBOOKS / link).exists() and not link.endswith("docs/alerts.md")] == []


def test_it_repeats_what_the_spec_promises() -> None:
    """Objective, window and the limits of page and ticket: a spec that changes takes its runbook along."""
    for slo in shop().slos:
        absent = names.absent_alert(slo.alerting.name)
        for alert, facts in ((slo.alerting.name, runbook.facts(slo)), (absent, runbook.absent_facts(slo))):
            text = (RUNBOOKS / f"{alert}.md").read_text(encoding="utf-8")
            assert facts in " ".join(text.split()), f"{alert}.md says something else than: {facts}"


def test_its_queries_name_what_there_is(exposed: Exposed) -> None:
    """Raw metrics that the running shop shows, records of our rules, and what exporters are known to show."""
    made = rule_files.build(shop(), rule_files.BOTH)
    recorded = {name for each in made for name in re.findall(r"^ +- record: (\S+)$", each.text, re.MULTILINE)}
    assert len(recorded) > 20
    foreign = _foreign()
    found, asked = [], 0
    for path in pages():
        for line, text in queries(path):
            for selector in named(text):
                asked += 1
                found += [f"{path.name}:{line}: {each}" for each in _wrong(selector, exposed, recorded, foreign)]
    assert sorted(set(found)) == []
    assert asked > 3 * len(pages())


def _wrong(selector: Named, exposed: Exposed, recorded: set[str], foreign: dict[str, set[str]]) -> Iterator[str]:
    if ":" in selector.metric:
        if selector.metric not in recorded:
            yield f"{selector.metric}: no rule records this"
    elif selector.metric in foreign:
        known = foreign[selector.metric] | ADDED | OURS
        yield from (f"{selector.metric}: no label {label}" for label, _, _ in selector.matchers if label not in known)
    else:
        calls = CALLS if selector.metric.startswith("http_client_") else {}
        yield from faults(selector, exposed, POSSIBLE | calls)


def _foreign() -> dict[str, set[str]]:
    """Metrics of exporters, and their labels."""
    contract = yaml.safe_load((ROOT / "alerts" / "metrics.yaml").read_text(encoding="utf-8"))
    return {
        name: {*metric["labels"], *contract["added"]}
        for exporter in contract["exporters"].values()
        for name, metric in exporter["metrics"].items()
    }
