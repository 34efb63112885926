"""alerts.lint: the runbooks of a catalogue, each problem told once."""

from __future__ import annotations

from pathlib import Path

import pytest

from alerts import lint, runbook
from slo.catalogue import Catalogue
from slo.load import load
from tests.alerts.runbook_text import GOOD
from tests.slo.spec_texts import slo, spec

LINKS = "links: {runbook: 'https://a.example/{alert}', dashboards: 'https://g.example'}\n"


@pytest.fixture
def shop(tmp_path: Path) -> Catalogue:
    """Orders that depend on stock, so that there is a runbook which no spec names: that of DependencyDown."""
    specs = (
        ("stock.yaml", spec(slo(alert="Stock"), service="stock", head="team: shop\n")),
        ("orders.yaml", spec(slo("latency", "99", alert="Slow"), head="team: shop\ndepends_on: [stock]\n")),
    )
    for name, text in specs:
        (tmp_path / name).write_text(text)
    (tmp_path / "routing.yaml").write_text("teams: {shop: {description: It.}}\n" + LINKS)
    return load([str(tmp_path / name) for name, _ in specs], str(tmp_path / "routing.yaml"), runbooks=False)


def _texts(shop: Catalogue) -> dict[str, str]:
    names = [name for name, _ in runbook.skeletons(shop)]
    assert "DependencyDown" in names
    return {name: GOOD.replace("DiskSpaceLow", name).replace("DiskFillingUp", "DependencyDown") for name in names}


def _told(shop: Catalogue, texts: dict[str, str], there: tuple[str, ...] = ()) -> list[str]:
    return [fault.message for fault in lint.faults(shop, texts, lambda path: path in there)]


def test_nothing_is_wrong_where_each_alert_has_its_runbook(shop: Catalogue) -> None:
    """A link that leads nowhere is told with its line."""
    texts = _texts(shop)
    assert _told(shop, texts) == []
    texts["Stock"] = texts["Stock"].replace("(DependencyDown.md)", "(Nowhere.md)")
    (fault,) = lint.faults(shop, texts, lambda path: False)
    assert (fault.path.rsplit("/", 1)[1], fault.line, fault.column) == ("Stock.md", 19, 1)


def test_a_runbook_that_is_missing_is_told_once(shop: Catalogue) -> None:
    """Not again by every page that links to it."""
    texts = _texts(shop)
    del texts["DependencyDown"]
    assert _told(shop, texts) == ["is missing; ./generate.py new-runbook DependencyDown begins one"]


def test_a_runbook_that_cannot_be_read_is_not_missing(shop: Catalogue) -> None:
    """What is wrong with it, whoever reads it says."""
    texts = _texts(shop)
    del texts["Stock"]
    assert _told(shop, texts, there=("Stock.md",)) == []
