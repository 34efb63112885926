"""Queries of logs are LogQL, by the word of Loki's own parser."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Iterator
from typing import Any
from urllib.parse import unquote

import pytest

from dashboards.model import Dashboard
from dashboards.queries import queries
from tests.dashboards.documents import panels
from tools.install import find

VARIABLE = re.compile(r"\$\{\w+(?::\w+)?\}")


def faults(asked: list[str]) -> dict[str, str]:
    """Those of *asked* that Loki does not understand, with what it says of each."""
    done = subprocess.run([str(find("logql"))], input=json.dumps(asked), capture_output=True, text=True, check=True)
    return {query: said for query, said in zip(asked, json.loads(done.stdout), strict=True) if said}


def linked(document: dict[str, Any]) -> Iterator[str]:
    """What the links of a dashboard and its panels ask Loki, with a word for each variable."""
    lists = [document["links"], *(panel["links"] for panel in panels(document) if panel.get("links"))]
    for link in (link for links in lists for link in links):
        if link.get("url", "").startswith("/explore?"):
            text = unquote(link["url"].partition("panes=")[2])
            pane = json.loads(VARIABLE.sub("word", text))["tw"]
            yield from (query["expr"] for query in pane["queries"] if query["datasource"]["type"] == "loki")


def test_every_query_of_logs_parses(dashboards: dict[str, Dashboard], documents: dict[str, dict[str, Any]]) -> None:
    """Of panels, with every variable at what stands for all, and of links."""
    asked = [each.expression for each in queries(dashboards.values()) if each.datasource == "loki"]
    followed = [query for document in documents.values() for query in linked(document)]
    assert min(len(asked), len(followed)) > 5
    assert faults([*asked, *followed]) == {}


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
