"""`./generate.py build`: writes every artifact, all or nothing."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import click

from commands import artifacts, options, own_files
from commands.inputs import Inputs
from commands.wording import Faults, count
from slo import artifact, emit, selection
from slo.artifact import Artifact
from slo.catalogue import Catalogue
from slo.errors import ContentLost, TillwatchError

SOME_SLOS = 500  # from here on a build takes long enough to want a progress bar


@click.command()
@options.inputs
@options.out
@options.only
@options.as_json
def build(inputs: Inputs, out: str | None, only: str | None, as_json: bool) -> None:
    """Write every artifact (the default command)."""
    started = time.monotonic()
    out, kinds = own_files.output_folder(out, inputs.specs[0]), _kinds(only, inputs.engine)
    try:
        catalogue = inputs.load()
        made = artifacts.build(catalogue, kinds, inputs.sloth())
        with _progress(made, catalogue) as shown:
            folders = {artifact.FOLDERS[kind] for kind in kinds}
            written = emit.write(Path(out), shown, folders, selection.lost_by(kinds))
    except ContentLost as error:
        raise click.BadParameter(str(error), param_hint="--only") from None
    except TillwatchError as error:
        raise Faults(error, as_json, "; nothing was written") from None
    seconds = time.monotonic() - started
    if as_json:
        figures = {"slos": len(catalogue.slos), "out": out, "files": written, "seconds": round(seconds, 3)}
        click.echo(json.dumps(figures, indent=2))
    else:
        slos, files = count(len(catalogue.slos), "SLO"), count(len(written), "file")
        click.echo(f"{slos} → {files} in {out}, {seconds:.1f} s")


def _kinds(only: str | None, engine: str) -> frozenset[str]:
    try:
        return selection.parse(only, writes_tests=engine == "native")
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="--only") from None


def _progress(made: Iterator[Artifact], catalogue: Catalogue) -> AbstractContextManager[Iterable[Artifact]]:
    """A bar on stderr while a large build runs in front of somebody; nothing otherwise."""
    hidden = len(catalogue.slos) < SOME_SLOS or not sys.stderr.isatty()
    return click.progressbar(made, length=2 * len(catalogue.files), hidden=hidden, file=sys.stderr, label="writing")
