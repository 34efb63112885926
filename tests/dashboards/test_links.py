"""Links from page to page: what was chosen on one is chosen on the other."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest

from dashboards import links
from tests.dashboards.documents import links as links_of

Json = dict[str, Any]


def dropped(documents: dict[str, Json]) -> Iterator[tuple[str, str, str, str]]:
    """Page, place, target and variable, of each that both pages have and that a link between them loses."""
    variables = {
        document["uid"]: {each["name"] for each in document["templating"]["list"]} for document in documents.values()
    }
    for name, document in documents.items():
        kept_by_grafana = {each["url"] for each in document["links"] if each.get("includeVars")}
        for place, address in links_of(document):
            target = re.match(r"/d/([\w-]+)", address)
            if target is None or address in kept_by_grafana:
                continue
            for variable in sorted(variables[document["uid"]] & variables[target[1]]):
                if f"${{{variable}:queryparam}}" not in address and f"var-{variable}=" not in address:
                    yield name, place, target[1], variable


def test_every_link_keeps_what_is_chosen(documents: dict[str, Json]) -> None:
    """The variables of a page that its target has too."""
    assert list(dropped(documents)) == []
    targets = [address for each in documents.values() for _, address in links_of(each) if address.startswith("/d/")]
    assert len(targets) > 30


@pytest.mark.parametrize(("kept", "lost"), [(("datasource",), ["cluster"]), (("datasource", "cluster"), [])])
def test_a_link_that_loses_one_is_told(kept: tuple[str, ...], lost: list[str]) -> None:
    """The test above can fail."""
    page = {"templating": {"list": [{"name": "datasource"}, {"name": "cluster"}, {"name": "own"}]}, "links": []}
    address = links.dashboard("b", "B", {}, kept=kept).url
    leading = {"type": "link", "url": address, "title": "B"}
    documents = {
        "a": page | {"uid": "a", "panels": [], "links": [leading]},
        "b": page | {"uid": "b", "panels": [], "templating": {"list": page["templating"]["list"][:2]}},
    }
    assert [variable for *_, variable in dropped(documents)] == lost
