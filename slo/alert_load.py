"""Reads the files of threshold alerts, and says what is wrong with each at its place."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from slo import document, shape_faults, sources, spec, threshold_check
from slo.alert_model import AlertFile, ThresholdAlert
from slo.document import DocumentFault
from slo.errors import Fault
from slo.model import Spec
from slo.positions import Positions
from slo.sources import Source
from slo.threshold_convert import UnknownParameter, alerts
from slo.threshold_spec import ThresholdFileShape


@dataclass(frozen=True, slots=True)
class ReadAlerts:
    """A file that was read, and where its values stand.

    entries: for each alert the number of the entry that declares it.
    teams: for each alert where the file says whose it is; None where its team is that of the service's spec.
    """

    file: AlertFile
    positions: Positions
    entries: tuple[int, ...]
    teams: tuple[document.Path | None, ...]

    def fault(self, entry: int, steps: document.Path, message: str) -> Fault:
        """A fault at *steps* below the entry number *entry*."""
        return self.at(("alerts", entry, *steps), message)

    def at(self, where: document.Path, message: str) -> Fault:
        """A fault at *where* in the file."""
        return _at(self.file.path, self.positions, where, message)


def read(given: str, services: Mapping[str, Spec], faults: list[Fault]) -> list[ReadAlerts]:
    """Every file of alerts that *given* (a file or folder) holds.

    Args:    services: each service's spec, for alerts that are made for each of them.
    """
    found = [_file(source, services, faults) for source in sources.find((given,), faults)]
    return [each for each in found if each is not None]


def _file(source: Source, services: Mapping[str, Spec], faults: list[Fault]) -> ReadAlerts | None:
    try:
        values, duplicates = document.read(source.text, source.path)
    except DocumentFault as error:
        faults.append(error.fault)
        return None
    faults += duplicates
    positions = Positions(source.text)
    if len(values) != 1:
        line, column = positions.of(1, ()) if values else (1, 1)
        message = "a second document; expected one" if values else "is empty; expected version: tillwatch/alerts/v1"
        faults.append(Fault(path=source.path, line=line, column=column, message=message))
    shape = spec.read(ThresholdFileShape, values[0] if values else {})
    if isinstance(shape, list):
        faults += shape_faults.faults(shape, ThresholdFileShape, source.path, 0, positions)
        return None
    made: list[ThresholdAlert] = []
    entries: list[int] = []
    for entry in range(len(shape.alerts)):
        for alert in _alerts(shape, entry, services, source.path, positions, faults):
            made.append(alert)
            entries.append(entry)
    file = AlertFile(path=source.path, name=source.name, stem=f"alerts-{source.stem}", alerts=tuple(made))
    return ReadAlerts(file, positions, tuple(entries), tuple(_team_path(shape, entry) for entry in entries))


def _team_path(shape: ThresholdFileShape, entry: int) -> document.Path | None:
    alert = shape.alerts[entry]
    if alert.team:
        return ("alerts", entry, "team")
    return None if alert.per_service else ("team",)


def _alerts(
    shape: ThresholdFileShape,
    entry: int,
    services: Mapping[str, Spec],
    path: str,
    positions: Positions,
    faults: list[Fault],
) -> Iterator[ThresholdAlert]:
    """The alerts of one entry, as far as they have no fault; one that is made for each service is judged once."""
    try:
        made = tuple(alerts(shape, entry, services))
    except UnknownParameter as error:
        faults.append(_at(path, positions, ("alerts", entry, *error.where), str(error)))
        return
    for found in threshold_check.faults(made[0]) if made else ():
        faults.append(_at(path, positions, ("alerts", entry, *found.steps), found.message))
    yield from made


def _at(path: str, positions: Positions, where: document.Path, message: str) -> Fault:
    line, column = positions.of(0, where)
    return Fault(path=path, line=line, column=column, where=document.spell(where), message=message)
