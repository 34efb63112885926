"""Holds the runbooks of a catalogue against what a runbook is; that each is there, the loader has seen to."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from alerts import runbook, runbook_check
from slo.catalogue import Catalogue
from slo.errors import Fault


def faults(catalogue: Catalogue, texts: Mapping[str, str], exists: Callable[[str], bool]) -> Iterator[Fault]:
    """What is wrong with the runbooks of *catalogue*'s alerts; nothing where nobody said where they are.

    Args:    texts: the runbooks in their folder, by name. exists: whether there is a file, by its path from there.
    """
    routing = catalogue.routing
    if routing is None or routing.links is None:
        return
    asked = [name for name, _ in runbook.skeletons(catalogue)]
    known = {*texts, *asked}
    for name in asked:
        file = runbook.file_name(name)
        path = f"{routing.links.folder}/{file}"
        if name not in texts:
            if not exists(file):  # what is there and cannot be read, the reader of texts has told
                yield Fault(path=path, message=f"is missing; ./generate.py new-runbook {name} begins one")
            continue
        for line, message in runbook_check.faults(name, texts[name], known, exists):
            yield Fault(path=path, line=line, column=1, message=message)
