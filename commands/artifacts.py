"""Everything that is made of a catalogue, of the kinds that were asked for."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from alerts import routes, rule_files
from commands import own_files
from slo import artifact
from slo.artifact import Artifact
from slo.catalogue import Catalogue
from slo.sloth_engine import Sloth


def build(catalogue: Catalogue, kinds: frozenset[str], sloth: Sloth | None) -> Iterator[Artifact]:
    """Every artifact of *kinds*, one at a time: a large catalogue never stands in memory as text.

    Args:    kinds: of `slo.artifact.FOLDERS`. sloth: who writes rules, None for the native engine.
    Raises:  EngineError.
    """
    if {artifact.RULES, artifact.ALERTS, artifact.TESTS} & kinds:
        yield from rule_files.build(catalogue, kinds, sloth)
    if artifact.ROUTES in kinds:
        yield from routes.build(catalogue, Path(own_files.ROUTING).name)
    if artifact.DOCS in kinds:
        from alerts import document

        yield from document.build(catalogue, predicted=sloth is None)
    if {artifact.DASHBOARDS, artifact.KUBERNETES} & kinds:
        from dashboards import config_maps, index

        for drawn in index.build(catalogue):
            if artifact.DASHBOARDS in kinds:
                yield drawn
            if artifact.KUBERNETES in kinds:
                yield config_maps.wrapped(drawn, index.sources(catalogue))
