"""Queries of logs are LogQL, by the word of Loki's own parser."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from dashboards.model import Dashboard
from dashboards.queries import queries
from tests.dashboards.documents import links
from tools.install import find

VARIABLE = re.compile(r"\$\{(?P<name>[\w.]+)(?::\w+)?\}")


def faults(asked: list[str]) -> dict[str, str]:
    """Those of *asked* that Loki does not understand, with what it says of each."""
    done = subprocess.run([str(find("logql"))], input=json.dumps(asked), capture_output=True, text=True, check=True)
    return {query: said for query, said in zip(asked, json.loads(done.stdout), strict=True) if said}


def opened(document: dict[str, Any]) -> Iterator[str]:
    """Where the links of a dashboard and its panels to logs and traces lead while all is chosen.

    Grafana writes the pattern that stands for all into them as it is, whatever the format; a value of data is a word.
    """
    chosen = {each["name"]: each.get("allValue") or "word" for each in document["templating"]["list"]}
    for _, address in links(document):
        if address.startswith("/explore?"):
            yield VARIABLE.sub(lambda match: chosen.get(match["name"], "word"), address)


def linked(document: dict[str, Any]) -> Iterator[str]:
    """What those links ask Loki, as whoever opens an address reads it."""
    for address in opened(document):
        (panes,) = parse_qs(urlsplit(address).query)["panes"]
        asked = json.loads(panes)["tw"]["queries"]
        yield from (query["expr"] for query in asked if query["datasource"]["type"] == "loki")


def test_every_query_of_logs_parses(dashboards: dict[str, Dashboard], documents: dict[str, dict[str, Any]]) -> None:
    """Of panels, with every variable at what stands for all, and of links."""
    asked = [each.expression for each in queries(dashboards.values()) if each.datasource == "loki"]
    followed = [query for document in documents.values() for query in linked(document)]
    assert min(len(asked), len(followed)) > 5
    assert faults([*asked, *followed]) == {}


def test_links_to_logs_say_what_they_mean(documents: dict[str, dict[str, Any]]) -> None:
    """No sign is lost on the way through an address: + is a blank there, and no service has one in its name."""
    assert [(name, address) for name, each in documents.items() for address in opened(each) if "+" in address] == []
    assert set(linked(documents["grafana/tw-application.json"])) == {'{service=~"word(-worker)?"}'}


def test_logs_of_workers_are_shown_with_their_services(dashboards: dict[str, Dashboard]) -> None:
    """On the page of all services as on those of one."""
    pages = [uid for uid in dashboards if uid == "tw-application" or uid.startswith("tw-service-")]
    asked = [each for each in queries([dashboards[uid] for uid in pages]) if each.datasource == "loki"]
    assert {each.dashboard for each in asked} == set(pages)
    assert [each for each in asked if "(-worker)?" not in each.expression] == []


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ('{service=~"orders",level="ERROR"', "unexpected $end"),
        ('{service=~".*"}', "empty-compatible"),
        ('{service=~"(orders"}', "missing closing )"),
        ('{service="orders"} | jsn', "col 25"),
        ('rate({service="orders"})', "unexpected )"),
    ],
    ids=["cut short", "everything", "a bad pattern", "no such stage", "no range"],
)
def test_a_broken_query_is_told(query: str, said: str) -> None:
    """The parser is one that refuses; what is sound beside it is not blamed."""
    found = faults([query, '{service="orders"} |= "x"'])
    assert found.keys() == {query}
    assert said in found[query]
