"""What the model derives from what it holds."""

from __future__ import annotations

from dataclasses import FrozenInstanceError, replace
from pathlib import Path

import pytest

from slo.catalogue import Catalogue
from slo.model import pairs
from tests.slo.spec_texts import loaded, slo, spec


@pytest.fixture
def catalogue(tmp_path: Path) -> Catalogue:
    """Two documents: three SLOs, two of them with labels."""
    head = "labels: {zone: a, namespace: blue, cluster: eu}\n"
    return loaded(f"{spec(slo('one'), slo('two'), head=head)}---\n{spec(service='users')}", tmp_path)


def test_pairs_are_sorted_and_later_ones_win() -> None:
    """One set of labels from several has no name twice."""
    assert pairs({"b": "1", "a": "2"}, (("b", "3"),), {}) == (("a", "2"), ("b", "3"))


def test_every_slo_in_order(catalogue: Catalogue) -> None:
    """A catalogue and a file know the SLOs of all documents."""
    assert [found.id for found in catalogue.slos] == ["orders-one", "orders-two", "users-availability"]
    assert catalogue.files[0].slos == catalogue.slos


def test_identity_is_what_tells_copies_apart(catalogue: Catalogue) -> None:
    """Of the labels, those that name a place are the identity; any other may change at any time."""
    assert catalogue.slos[0].identity == (("cluster", "eu"), ("namespace", "blue"))
    assert catalogue.slos[2].identity == ()


def test_alerting_is_enabled_while_somebody_is_told(catalogue: Catalogue) -> None:
    """One of page and ticket is enough."""
    alerting = catalogue.slos[0].alerting
    off = replace(alerting.page, enabled=False)
    assert alerting.enabled
    assert replace(alerting, page=off).enabled
    assert not replace(alerting, page=off, ticket=off).enabled


def test_nothing_can_be_changed(catalogue: Catalogue) -> None:
    """What was loaded stays as it is."""
    with pytest.raises(FrozenInstanceError):
        catalogue.slos[0].name = "other"  # type: ignore[misc]
