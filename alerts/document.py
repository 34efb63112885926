"""The document of every alert: what makes it fire, whom it tells, and when it does so, by its own unit tests.

A pure function of the catalogue: nothing in it was measured.
"""

from __future__ import annotations

from collections.abc import Iterator

from alerts import document_kpis, document_promises, document_thresholds, markdown
from alerts.rendering import render
from slo.artifact import DOCS, FOLDERS, MARK, Artifact
from slo.catalogue import Catalogue

PATH = f"{FOLDERS[DOCS]}/alerts.md"


def build(catalogue: Catalogue, *, predicted: bool = True) -> Iterator[Artifact]:
    """`docs/alerts.md`.

    Args:    predicted: whether the native engine writes the rules; what is predicted of them holds for it alone.
    """
    address = catalogue.routing.links.runbook if catalogue.routing is not None and catalogue.routing.links else ""

    def runbook(alert: str) -> str:
        """The link to the runbook of *alert*; "" where nobody said where they are."""
        return markdown.link("runbook", address.replace("{alert}", alert))

    text = render(
        "alerts.md.j2",
        mark=f"<!-- Generated from the specs, alerts and routing {MARK} -->",
        predicted=predicted,
        services=list(document_promises.services(catalogue, runbook, predicted=predicted)),
        held_back=document_promises.held_back(catalogue),
        files=list(document_thresholds.files(catalogue, runbook)),
        kpis=list(document_kpis.kpis(catalogue, runbook)),
    )
    yield Artifact(PATH, text)
