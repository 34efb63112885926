"""Drills as data: what is broken, which alerts must tell somebody of it, and which others may."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from budget import series_selector
from budget.drill_shape import DrillShape, EffectShape, FaultShape
from budget.series_selector import Selector
from slo import document, shape_faults, sources, spec
from slo.document import DocumentFault
from slo.errors import Fault, SpecErrors
from slo.positions import Positions
from slo.sources import Source

LONGEST_SECONDS = 900
"""A service takes a fault for so long at most: a drill that is forgotten mends itself."""
FROM_OUTSIDE = ("halt", "kill", "run", "guess-passwords")
"""What is done from outside: to a process, or by one. Everything else is asked of a service."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Break:
    """What is done to one part. *body*: as POST /internal/faults takes it, where a service takes it.

    after_seconds: since the first one.
    """

    target: str
    fault: str
    body: Mapping[str, Any]
    after_seconds: int = 0

    @property
    def asked(self) -> bool:
        """Whether the service is asked for it; else its process is stopped from outside."""
        return self.fault not in FROM_OUTSIDE

    @property
    def service(self) -> str:
        """Whom it is asked of."""
        return self.target


@dataclass(frozen=True, slots=True, kw_only=True)
class Effect:
    """How the series of *series* go on: exactly one of the others says so.

    moves_to: *share* of their growth goes to the series with these labels in place of their own.
    keeps:    this share of their growth stays. grows: so much a second. value: what they show. ends: no samples.
    """

    series: Selector
    moves_to: Mapping[str, str] = field(default_factory=dict)
    share: float = 1.0
    keeps: float | None = None
    grows: float | None = None
    value: float | None = None
    ends: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """An alert that must tell somebody.

    later_seconds: than its rule alone would. when_busy: unless so few come at this hour that it does not.
    """

    alert: str
    service: str
    slo: str = ""
    severity: str = "page"
    later_seconds: int = 0
    when_busy: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class May:
    """A page that may come as well, and why nobody minds."""

    alert: str
    service: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Drill:
    """One drill.

    shoppers: so many times as many come as on an ordinary day. mend: what is done beside taking the faults back.
    """

    name: str
    title: str
    says: str
    short: bool
    faults: tuple[Break, ...]
    mend: tuple[Break, ...]
    effects: tuple[Effect, ...]
    pages: tuple[Page, ...]
    may: tuple[May, ...]
    shoppers: float = 1.0

    @property
    def break_(self) -> Break | None:
        """What a service can be asked for, where that is the whole drill; None: it takes more than that."""
        return self.faults[0] if len(self.faults) == 1 and self.faults[0].asked else None


def load(folder: Path) -> tuple[Drill, ...]:
    """Every drill in *folder*, in order of their names: the names of their files.

    Raises:  SpecErrors: with every fault of every file.
    """
    faults: list[Fault] = []
    found = [_drill(source, faults) for source in sources.find((str(folder),), faults)]
    if faults:
        raise SpecErrors(tuple(faults))
    return tuple(each for each in found if each is not None)


def _drill(source: Source, faults: list[Fault]) -> Drill | None:
    try:
        values, duplicates = document.read(source.text, source.path)
    except DocumentFault as error:
        faults.append(error.fault)
        return None
    faults += duplicates
    if len(values) != 1:
        faults.append(Fault(path=source.path, message=f"holds {len(values)} documents; expected one"))
        return None
    shape = spec.read(DrillShape, values[0])
    if isinstance(shape, list):
        faults += shape_faults.faults(shape, DrillShape, source.path, 0, Positions(source.text))
        return None
    return _converted(source.stem, shape)


def _converted(name: str, shape: DrillShape) -> Drill:
    return Drill(
        name=name,
        title=shape.title,
        says=" ".join(shape.says.split()),
        short=shape.short,
        shoppers=float(shape.shoppers),
        faults=tuple(map(_break, shape.faults)),
        mend=tuple(map(_break, shape.mend)),
        effects=tuple(map(_effect, shape.effects)),
        pages=tuple(
            Page(
                alert=each.alert,
                service=each.service,
                slo=each.slo,
                severity=each.severity,
                later_seconds=each.later,
                when_busy=each.when_busy,
            )
            for each in shape.pages
        ),
        may=tuple(May(alert=each.alert, service=each.service, why=each.why) for each in shape.may),
    )


def _break(shape: FaultShape) -> Break:
    body = {"fault": shape.fault, "share": float(shape.share), "seconds": LONGEST_SECONDS - shape.after}
    return Break(target=shape.target, fault=shape.fault, body={**body, **shape.settings}, after_seconds=shape.after)


def _effect(shape: EffectShape) -> Effect:
    return Effect(
        series=series_selector.parse(shape.series),
        moves_to=shape.moves_to,
        share=float(shape.share),
        keeps=None if shape.keeps is None else float(shape.keeps),
        grows=None if shape.grows is None else float(shape.grows),
        value=None if shape.value is None else float(shape.value),
        ends=shape.ends,
    )
