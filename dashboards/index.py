"""Every dashboard that a catalogue has: lists and joins.

Whoever gives specs gets the two of SLOs, and the one of KPIs where there are any. The shop's own read what the shop's
threshold alerts read: they are there where those alerts are (`--alerts`, by default with our own specs). That of the
journeys needs a promise about one as well.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import groupby

from dashboards import (
    application,
    business,
    database,
    journeys,
    kubernetes,
    mesh,
    oncall,
    service,
    slo_detail,
    slo_overview,
    user_experience,
)
from dashboards.model import Dashboard
from slo.artifact import Artifact
from slo.catalogue import Catalogue
from slo.model import Spec

_ANYBODYS = (slo_overview, slo_detail)
_SHOPS = (oncall, application, database, kubernetes, mesh, user_experience)


def dashboards(catalogue: Catalogue) -> Iterator[Dashboard]:
    """Each dashboard, whoever's specs these are."""
    for module in _ANYBODYS:
        yield module.build(catalogue)
    if any(spec.kpis for spec in catalogue.specs):
        yield business.build(catalogue)
    if not catalogue.alert_files:
        return
    for module in _SHOPS:
        yield module.build(catalogue)
    if journeys.judged(catalogue):
        yield journeys.build(catalogue)
    for spec in _services(catalogue):
        yield service.build(catalogue, spec)


def _services(catalogue: Catalogue) -> Iterator[Spec]:
    """One spec a service that answers requests, by name: what several documents promise and depend on, together."""
    for _, found in groupby(sorted(catalogue.specs, key=_service), key=_service):
        specs = tuple(found)
        if not any(spec.serves_http for spec in specs):
            continue
        needed = dict.fromkeys(each for spec in specs for each in spec.depends_on)
        slos = tuple(slo for spec in specs for slo in spec.slos)
        yield replace(specs[0], slos=slos, depends_on=tuple(needed))


def _service(spec: Spec) -> str:
    return spec.service


def build(catalogue: Catalogue) -> Iterator[Artifact]:
    """Each dashboard as a file."""
    from dashboards import render  # noqa: PLC0415  importing grafanalib takes an eighth of a second

    for each in dashboards(catalogue):
        yield render.artifact(each, sources(catalogue))


def sources(catalogue: Catalogue) -> str:
    """What the files were generated from, in a few words."""
    number = len(catalogue.files)
    return catalogue.files[0].name if number == 1 else f"{number} files of specs"
