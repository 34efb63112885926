"""What a command reads, as people named it, and the catalogue that comes of it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from commands import own_files
from slo import sources
from slo.catalogue import Catalogue
from slo.errors import EngineError, Fault, SpecErrors
from slo.load import load
from slo.sloth_engine import Sloth


@dataclass(frozen=True, slots=True, kw_only=True)
class Inputs:
    """What people named on the command line: what is read, and the engine that it is read for."""

    specs: tuple[str, ...]
    alerts: str | None = None
    routing: str | None = None
    keys: str | None = None
    engine: str = "native"
    sloth_plugins: Path | None = None

    def load(self, *, plugins: bool | None = None) -> Catalogue:
        """The catalogue, its runbooks and the secrets in *keys* looked at as well.

        Args:    plugins: whether sloth's plugins may be named; by default where the engine is sloth.
        Raises:  SpecErrors.
        """
        with_plugins = self.engine == "sloth" if plugins is None else plugins
        beside = own_files.beside(self.specs[0], self.routing, self.alerts)
        catalogue = load(self.specs, *beside, plugins=with_plugins)
        found: list[Fault] = []
        if catalogue.routing is not None and self.keys is not None:
            from slo.key_files import missing_keys

            found += missing_keys(catalogue.routing, self.keys)
        if catalogue.routing is not None and catalogue.routing.links is not None:
            from alerts import lint

            folder = Path(catalogue.routing.links.folder)
            texts = sources.texts(str(folder), ".md", found)
            found += lint.faults(catalogue, texts, lambda path: (folder / path).exists())
        if found:
            raise SpecErrors(tuple(found))
        return catalogue

    def sloth(self) -> Sloth | None:
        """The real sloth where it is asked for; None for the native engine.

        Raises:  EngineError: it is not installed.
        """
        if self.engine != "sloth":
            return None
        from tools import install

        binary = install.find("sloth")
        if binary is None:
            raise EngineError("sloth is not installed: run tools/install.py install sloth")
        return Sloth(binary=binary, plugins=self.sloth_plugins)
