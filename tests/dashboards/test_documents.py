"""Every generated file: read by Grafana's own SDK without loss, and held against what no parser sees."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.cog.plugins import register_default_plugins
from grafana_foundation_sdk.models.dashboard import Dashboard as Parsed

from slo import artifact
from slo.catalogue import Catalogue
from tests.dashboards.documents import links, lost, panels

Documents = dict[str, dict[str, Any]]
MOST_BYTES = 256 * 1024
# Options of Prometheus' annotations, which the SDK has no place for: each data source has its own.
OF_PROMETHEUS = ("step", "titleFormat", "textFormat", "tagKeys", "useValueForTime")
# Pages about pods: every series has a namespace.
OF_PODS = ("tw-kubernetes", "tw-mesh")
LEGACY = re.compile(
    r"__inputs|^rows$|^style$|hideControls|sharedCrosshair|gnetId|^span$|minSpan|intervalFactor|^error$"
)


def test_grafanas_sdk_reads_each_without_loss(documents: Documents) -> None:
    """What is parsed and written again is the same: no key that it does not know, no value that it takes otherwise."""
    register_default_plugins()
    found = []
    for name, document in documents.items():
        again = json.loads(json.dumps(Parsed.from_json(document), cls=JSONEncoder))
        known = tuple(f".annotations.list[].{option}" for option in OF_PROMETHEUS)
        found += [f"{name}: {each}" for each in lost(document, again) if not each.startswith(known)]
    assert found == []


def test_the_sdk_would_see_a_key_that_is_none_of_grafanas(documents: Documents) -> None:
    """The check above can fail."""
    register_default_plugins()
    document = json.loads(json.dumps(documents["grafana/tw-slo-detail.json"]))
    document["panels"][1]["span"] = 4
    document["panels"][1]["options"]["reduceCalc"] = "mean"
    again = json.loads(json.dumps(Parsed.from_json(document), cls=JSONEncoder))
    told = set(lost(document, again))
    assert {".panels[].span", ".panels[].options.reduceCalc"} <= told


def test_ids_are_unique(documents: Documents) -> None:
    """Of panels and rows within a dashboard, of queries within a panel."""
    for name, document in documents.items():
        numbers = [panel["id"] for panel in panels(document, rows=True)]
        assert len(numbers) == len(set(numbers)), name
        for panel in panels(document):
            names = [target["refId"] for target in panel.get("targets", ())]
            assert len(names) == len(set(names)), (name, panel["title"])


def test_uids_are_unique_and_the_files_names(documents: Documents) -> None:
    """At most 40 signs, which is Grafana's limit."""
    uids = [document["uid"] for name, document in documents.items() if not name.startswith("strangers")]
    assert len(uids) == len(set(uids))
    for name, document in documents.items():
        assert name.endswith(f"grafana/{document['uid']}.json")
        assert re.fullmatch(r"tw-[a-z0-9-]{1,37}", document["uid"])


def test_every_panel_says_what_it_shows_and_what_to_do(documents: Documents) -> None:
    """Title, unit, and a description of at least two sentences, without a template that nobody fills in."""
    found = []
    for name, document in documents.items():
        for panel in panels(document):
            where = f"{name}: {panel['title']}"
            sentences = re.findall(r"[.:?](?:\s|$)", panel["description"])
            if not panel["title"] or len(panel["description"]) < 40 or len(sentences) < 2:
                found.append(where)
            if not panel["fieldConfig"]["defaults"].get("unit"):
                found.append(f"{where}: no unit")
            if "{{" in panel["description"] or "\u2039" in panel["title"]:
                found.append(f"{where}: a template")
    assert found == []


def test_titles_are_unique_within_a_row(documents: Documents) -> None:
    """Two panels that are called alike are one too many, or say too little."""
    for name, document in documents.items():
        row: list[str] = []
        for panel in panels(document, rows=True):
            if panel["type"] == "row":
                row = []
            else:
                assert panel["title"] not in row, (name, panel["title"])
                row.append(panel["title"])


def test_no_panel_lies_over_another(documents: Documents) -> None:
    """In the files as well, where the grid is 24 wide."""
    for name, document in documents.items():
        seen: set[tuple[int, int]] = set()
        for panel in document["panels"]:
            grid = panel["gridPos"]
            cells = {
                (x, y) for x in range(grid["x"], grid["x"] + grid["w"]) for y in range(grid["y"], grid["y"] + grid["h"])
            }
            assert not cells & seen, (name, panel["title"])
            assert max(x for x, _ in cells) < 24
            seen |= cells


def keys(value: Any) -> Iterator[str]:
    """Every key within *value*."""
    if isinstance(value, dict):
        for name, inside in value.items():
            yield name
            yield from keys(inside)
    elif isinstance(value, list):
        for each in value:
            yield from keys(each)


def test_nothing_of_grafanas_past_is_left(documents: Documents) -> None:
    """grafanalib's old keys are gone, and its old panels."""
    for name, document in documents.items():
        assert {key for key in keys(document) if LEGACY.search(key)} == set(), name
        assert {panel["type"] for panel in panels(document)} <= {
            *("timeseries", "stat", "gauge", "bargauge", "table", "heatmap", "state-timeline", "logs", "text")
        }
        assert document["schemaVersion"] == 39
        assert (document["editable"], document["graphTooltip"], document["refresh"]) == (False, 1, "1m")


def test_limits_begin_with_null_and_rise(documents: Documents) -> None:
    """As values, not as words; Grafana takes them in this order."""
    for document in documents.values():
        for panel in panels(document):
            steps = panel["fieldConfig"]["defaults"]["thresholds"]["steps"]
            values = [step["value"] for step in steps]
            assert values[0] is None
            assert values[1:] == sorted(values[1:])
            assert all(isinstance(value, float) for value in values[1:])


def test_queries_are_asked_as_their_source_expects(documents: Documents) -> None:
    """Prometheus': an instant or a range, exemplars of ranges alone. Loki's: neither, and no key `query`."""
    for document in documents.values():
        for panel in panels(document):
            for target in panel.get("targets", ()):
                assert target["datasource"]["uid"] in ("${datasource}", "${loki}")
                assert "query" not in target
                if target["datasource"]["type"] == "prometheus":
                    assert target["instant"] is not target["range"]
                    assert not (target["exemplar"] and target["instant"])
                else:
                    assert not {"instant", "range", "exemplar", "format"} & target.keys()
                    assert target["queryType"] == "range"


def test_latencies_show_exemplars(documents: Documents) -> None:
    """On each page about requests: single requests, from which one gets to their traces."""
    for name in ("tw-application", "tw-service-orders", "tw-business"):
        shown = [
            panel["title"]
            for panel in panels(documents[f"grafana/{name}.json"])
            if any(target.get("exemplar") for target in panel.get("targets", ()))
        ]
        assert shown, name


def test_exemplars_are_asked_for_with_the_first_query_of_their_histogram(documents: Documents) -> None:
    """Grafana leaves out those of a query whose metric's name stands in an earlier one of the panel."""
    asked = 0
    for name, document in documents.items():
        for panel in panels(document):
            before = ""
            for target in panel.get("targets", ()):
                if target.get("exemplar"):
                    metrics = set(re.findall(r"\b\w+_bucket\b(?=\{)", target["expr"]))
                    assert metrics, (name, panel["title"])
                    assert not [metric for metric in metrics if metric in before], (name, panel["title"])
                    asked += 1
                before += target.get("expr", "")
    assert asked > 10


def test_variables_have_a_value_and_a_name_for_people(documents: Documents) -> None:
    """The data source first; what stands for all matches series, also those without the label where that may be."""
    for name, document in documents.items():
        variables = document["templating"]["list"]
        assert variables[0]["name"] == "datasource", name
        for variable in variables:
            assert variable["current"] is not None
            assert variable["label"]
            if variable["type"] == "query":
                assert variable["refresh"] == 2
                if variable["includeAll"]:
                    always = variable["name"] == "namespace" and document["uid"] in OF_PODS
                    wanted = ".*" if variable["name"] in ("cluster", "namespace") and not always else ".+"
                    assert variable["allValue"] == wanted, (name, variable["name"])
                    assert variable["current"]["value"] in ("$__all", ["$__all"])


def test_a_variable_is_narrowed_by_those_before_it_alone(documents: Documents) -> None:
    """A variable that reads a later one is asked anew for ever."""
    for name, document in documents.items():
        known: set[str] = set()
        for variable in document["templating"]["list"]:
            if variable["type"] == "query":
                assert set(re.findall(r"\$(\w+)", variable["query"]["query"])) <= known, (name, variable["name"])
            known.add(variable["name"])


def test_links_lead_somewhere(documents: Documents, catalogue: Catalogue) -> None:
    """Other dashboards exist, runbooks are files, and variables in an address are those of the page."""
    uids = {document["uid"] for document in documents.values()}
    assert catalogue.routing is not None
    assert catalogue.routing.links is not None
    runbooks = catalogue.routing.links.runbook.partition("{alert}")[0]
    found, seen = [], 0
    for name, document in documents.items():
        known = {variable["name"] for variable in document["templating"]["list"]}
        for where, url in links(document):
            seen += 1
            if url.startswith("/d/"):
                uid = url.removeprefix("/d/").partition("?")[0]
                wrong = uid not in uids and uid != "${__data.fields.dashboard:percentencode}"
                # Grafana adds the time range to links at the head of a dashboard by itself.
                wrong |= ("${__url_time_range}" in url) is (where == "dashboard")
            elif url.startswith(runbooks):
                alert = url.removeprefix(runbooks)
                wrong = (
                    not alert.startswith("${") and not (Path(catalogue.routing.links.folder) / f"{alert}.md").exists()
                )
            else:
                wrong = not url.startswith(("/explore?", "/alerting/silence/new?"))
            used = set(re.findall(r"\$\{(\w+)", url))
            if wrong or not {each for each in used if not each.startswith("__")} <= known:
                found.append(f"{name}: {where}: {url}")
    assert found == []
    assert seen > 100


def test_ways_to_logs_and_traces_are_json_once_filled_in(documents: Documents) -> None:
    """Grafana refuses an address whose panes are none, and shows its home instead."""
    seen = 0
    for document in documents.values():
        for _, url in links(document):
            if url.startswith("/explore?"):
                filled = re.sub(r"\$\{[^}]+\}", "x", url)
                assert re.fullmatch(r"[\w/?&=%.~-]+", filled), url
                pane = json.loads(unquote(filled.partition("panes=")[2]))["tw"]
                assert pane["range"] == {"from": "x", "to": "x"}
                assert pane["queries"][0]["refId"] == "A"
                seen += 1
    assert seen >= 15  # logs of three lines of the whole, logs and traces of each of six services


def test_every_page_shows_what_else_happened(documents: Documents) -> None:
    """Alerts and burning budgets on each; deploys and injected faults on the shop's."""
    for name, document in documents.items():
        drawn = {each["name"] for each in document["annotations"]["list"]}
        wanted = {"Annotations & Alerts", "Alerts", "Budget burn"}
        if not name.startswith("strangers/"):
            wanted |= {"Deploys", "Injected faults"}
        assert drawn == wanted, name


def test_each_fits_a_config_map(files: dict[str, str]) -> None:
    """256 KiB, beyond which an apply by the client breaks."""
    assert {name: len(text.encode()) for name, text in files.items() if len(text.encode()) > MOST_BYTES} == {}


def test_the_first_line_says_that_it_is_generated(files: dict[str, str]) -> None:
    """So that a build knows its own files even without its manifest."""
    for name, text in files.items():
        assert artifact.MARK in text.splitlines()[0], name


@pytest.mark.parametrize("uid", ["tw-slo-overview", "tw-slo-detail"])
def test_a_build_is_the_same_each_time(catalogue: Catalogue, files: dict[str, str], uid: str) -> None:
    """Byte for byte: a dashboard that changes by itself is a change that nobody made."""
    from dashboards import index

    again = {artifact.path: artifact.text for artifact in index.build(catalogue)}
    path = f"grafana/{uid}.json"
    assert again[path] == files[path]
