#!/usr/bin/env python3
"""Turns specs into rules, tests, alerts and routes. Run `./generate.py --help`."""

from __future__ import annotations

import gc
import io
import os
import sys
from importlib.util import find_spec
from pathlib import Path

ROOT = Path(__file__).resolve().parent


def _enter_environment() -> None:
    """Go on in the project's .venv, whichever python started this file."""
    environment = ROOT / ".venv"
    python = environment / "bin" / "python"
    # Set while one process replaces the other: an environment that is broken must not be entered for ever.
    tried = os.environ.pop("TILLWATCH_ENTERED", "")
    if Path(sys.prefix) != environment and os.access(python, os.X_OK) and not tried:
        os.environ["TILLWATCH_ENTERED"] = "1"
        os.execv(python, [str(python), str(ROOT / "generate.py"), *sys.argv[1:]])
    missing = [name for name in ("click", "promql_parser", "pydantic", "yaml") if find_spec(name) is None]
    if missing:
        sys.exit(f"generate.py: {missing[0]} is not installed here; run `make setup` in {ROOT} first")


def _prepare_process() -> None:
    """Settings of the whole process: a short run must be fast, and must not fail for the sake of its looks."""
    # Half of a short run would go into compiling our own modules where bytecode is not written beside them.
    home = os.environ.get("HOME")
    cache = os.environ.get("XDG_CACHE_HOME") or (f"{home}/.cache" if home else "")
    if cache:
        sys.pycache_prefix = f"{cache}/tillwatch/pycache"
        sys.dont_write_bytecode = False
    # pydantic would read the metadata of every installed package to look for plugins, of which we have none.
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
    # The catalogue holds no cycles: a collector that walks it again and again would take a third of the time.
    gc.disable()
    # A sign that the terminal's encoding lacks is replaced, not fatal.
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


if __name__ == "__main__":
    _enter_environment()
    _prepare_process()

import json
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import wraps

import click

from alerts import routes, rule_files
from slo import artifact, emit, selection, sources
from slo.artifact import Artifact
from slo.catalogue import Catalogue
from slo.errors import ContentLost, EngineError, Fault, SpecErrors, TillwatchError
from slo.load import load
from slo.sloth_engine import Sloth
from tools import install

SPECS = os.path.relpath(ROOT / "slo" / "specs")
ROUTING = os.path.relpath(ROOT / "alerts" / "routing.yaml")
ALERTS = os.path.relpath(ROOT / "alerts" / "specs")
OUT = os.path.relpath(ROOT / "generated")
_DEPLOYED = "generated/alertmanager/alertmanager.yaml"  # what an earlier commit's code made of its own specs
SOME_SLOS = 500  # from here on a build takes long enough to want a progress bar

_out = click.option(
    "--out", show_default=OUT, help="Folder that is written or compared; must be named with other --specs."
)
_json = click.option("--json", "as_json", is_flag=True, help="Answer in JSON.")
_only = click.option("--only", help=f"Kinds to generate, with commas: {','.join(artifact.FOLDERS)}.")
_specs = click.option("--specs", default=SPECS, show_default=True, help="File or folder of specs, - for stdin.")
_alerts = click.option(
    "--alerts", show_default=ALERTS, help="File or folder of threshold alerts; none with other --specs."
)
_routing = click.option("--routing", show_default=ROUTING, help="Teams and who is woken; none with other --specs.")
_keys = click.option("--keys", help="Folder of Alertmanager's secrets, in which every file of the routing must be.")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Inputs:
    """What people named on the command line: what is read, and the engine that it is read for."""

    specs: tuple[str, ...]
    alerts: str | None = None
    routing: str | None = None
    keys: str | None = None
    engine: str = "native"
    sloth_plugins: Path | None = None

    def load(self, *, plugins: bool | None = None) -> Catalogue:
        """The catalogue, its runbooks and the secrets in *keys* looked at as well.

        Raises:  SpecErrors.
        """
        with_plugins = self.engine == "sloth" if plugins is None else plugins
        catalogue = load(self.specs, *_beside(self.specs[0], self.routing, self.alerts), plugins=with_plugins)
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
        """The real sloth where it is asked for; None for the native engine."""
        if self.engine != "sloth":
            return None
        binary = install.find("sloth")
        if binary is None:
            raise EngineError("sloth is not installed: run tools/install.py install sloth")
        return Sloth(binary=binary, plugins=self.sloth_plugins)


def _inputs(command: Callable[..., None]) -> Callable[..., None]:
    """The options of what is read, given to *command* as one `_Inputs`."""

    @wraps(command)
    def called(  # one for each option
        *args: object,
        specs: str,
        alerts: str | None,
        routing: str | None,
        keys: str | None,
        engine: str,
        sloth_plugins: Path | None,
        **options: object,
    ) -> None:
        inputs = _Inputs(
            specs=(specs,), alerts=alerts, routing=routing, keys=keys, engine=engine, sloth_plugins=sloth_plugins
        )
        command(inputs, *args, **options)

    for option in (
        click.option(
            "--sloth-plugins",
            type=click.Path(exists=True, file_okay=False, path_type=Path),
            help="Folder of sloth plugins, for --engine sloth.",
        ),
        click.option(
            "--engine",
            type=click.Choice(["native", "sloth"]),
            default="native",
            show_default=True,
            help="Who writes rules.",
        ),
        _keys,
        _routing,
        _alerts,
        _specs,
    ):
        called = option(called)
    return called


class _Faults(click.ClickException):
    """Faults in what people wrote: exit code 1, one line each on stderr, or JSON on stdout.

    `outcome` says what became of the output.
    """

    exit_code = 1

    def __init__(self, error: TillwatchError, as_json: bool, outcome: str = "") -> None:
        super().__init__(str(error))
        self._faults = error.faults if isinstance(error, SpecErrors) else ()
        self._json, self._outcome = as_json, outcome

    def show(self, file: object = None) -> None:
        if self._json:
            fields = ("path", "line", "column", "where", "message")
            listed = [{name: getattr(fault, name) for name in fields} for fault in self._faults]
            click.echo(json.dumps({"faults": listed or [{"message": self.message}]}, indent=2))
            return
        click.echo(self.message, err=True)
        if self._faults:
            files = len({fault.path for fault in self._faults})
            click.echo(f"{_count(len(self._faults), 'fault')} in {_count(files, 'file')}{self._outcome}", err=True)


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"


class _Group(click.Group):
    """`build` is what happens when no command is named."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if not args or (args[0].startswith("-") and args[0] not in ("--help", "-h")):
            args = ["build", *args]
        return super().parse_args(ctx, args)


@click.group(cls=_Group, context_settings={"help_option_names": ["-h", "--help"]})
def main() -> None:
    """Turn specs into Prometheus rules with unit tests, alerts and the Alertmanager configuration."""


@main.command()
@_inputs
@_out
@_only
@_json
def build(inputs: _Inputs, out: str | None, only: str | None, as_json: bool) -> None:
    """Write every artifact (the default command)."""
    started = time.monotonic()
    out, kinds = _folder(out, inputs.specs[0]), _kinds(only, inputs.engine)
    try:
        catalogue = inputs.load()
        made = _artifacts(catalogue, kinds, inputs.sloth())
        with _progress(made, catalogue) as artifacts:
            folders = {artifact.FOLDERS[kind] for kind in kinds}
            written = emit.write(Path(out), artifacts, folders, selection.lost_by(kinds))
    except ContentLost as error:
        raise click.BadParameter(str(error), param_hint="--only") from None
    except TillwatchError as error:
        raise _Faults(error, as_json, "; nothing was written") from None
    seconds = time.monotonic() - started
    if as_json:
        figures = {"slos": len(catalogue.slos), "out": out, "files": written, "seconds": round(seconds, 3)}
        click.echo(json.dumps(figures, indent=2))
    else:
        slos, files = _count(len(catalogue.slos), "SLO"), _count(len(written), "file")
        click.echo(f"{slos} → {files} in {out}, {seconds:.1f} s")


@main.command()
@click.argument("paths", nargs=-1)
@_alerts
@_routing
@_keys
@_json
def validate(paths: tuple[str, ...], alerts: str | None, routing: str | None, keys: str | None, as_json: bool) -> None:
    """Check specs, and say what the engine can and cannot do for each."""
    from slo.advice import advise

    try:
        inputs = _Inputs(specs=paths or (SPECS,), alerts=alerts, routing=routing, keys=keys)
        catalogue = inputs.load(plugins=True)
    except TillwatchError as error:
        raise _Faults(error, as_json) from None
    notes = tuple(advise(catalogue))
    if as_json:
        listed = [{"path": note.path, "slo": note.slo, "message": note.message} for note in notes]
        click.echo(json.dumps({"slos": len(catalogue.slos), "faults": [], "notes": listed}, indent=2))
        return
    for note in notes:
        click.echo(str(note))
    slos, files = _count(len(catalogue.slos), "SLO"), _count(len(catalogue.files), "file")
    click.echo(f"valid: {slos} in {files}")


@main.command()
@_inputs
@_out
@_json
def check(inputs: _Inputs, out: str | None, as_json: bool) -> None:
    """Fail with a diff when the output folder is not what the specs say."""
    from slo import drift

    out = _folder(out, inputs.specs[0])
    try:
        catalogue = inputs.load()
        made = _artifacts(catalogue, frozenset(artifact.FOLDERS), inputs.sloth())
        drifts = tuple(drift.find(Path(out), made))
    except TillwatchError as error:
        raise _Faults(error, as_json) from None
    if as_json:
        click.echo(json.dumps({"drifts": [{"path": d.path, "diff": d.diff} for d in drifts]}, indent=2))
    elif drifts:
        for found in drifts:
            click.echo(found.diff, nl=False)
        differ = _count(len(drifts), "file") + (" differs" if len(drifts) == 1 else " differ")
        click.echo(f"{differ} from what the specs say; run ./generate.py build and commit {out}", err=True)
    else:
        click.echo(f"{out} is what the specs say")
    if drifts:
        raise SystemExit(1)


@main.command()
@click.argument("ref", default="HEAD")
@_json
def diff(ref: str, as_json: bool) -> None:
    """Say in on-call's words what the specs change since a git REF."""
    import yaml

    from alerts import orphans
    from slo.changes import compare
    from slo.revisions import catalogue_at, file_at

    try:
        old, new = catalogue_at(ROOT, ref), load([SPECS], *_beside(SPECS, None, None), plugins=True)
        deployed = file_at(ROOT, ref, _DEPLOYED)
        routed = None if deployed is None else yaml.safe_load(deployed)
        changes = (*compare(old, new), *orphans.find(old, new, routed))
    except TillwatchError as error:
        raise _Faults(error, as_json) from None
    if as_json:
        listed = [{"slo": c.slo, "what": c.what, "effects": list(c.effects)} for c in changes]
        click.echo(json.dumps({"since": ref, "changes": listed}, indent=2))
        return
    for change in changes:
        click.secho(f"{change.slo}: {change.what}", bold=True)
        for effect in change.effects:
            click.echo(f"  {effect}")
    if not changes:
        click.echo(f"nothing that on-call would notice has changed since {ref}")


@main.command("new-runbook")
@click.argument("names", nargs=-1, metavar="[ALERT]…")
@click.option("--missing", is_flag=True, help="Begin one for every alert that has none.")
@_specs
@_alerts
@_routing
def new_runbook(names: tuple[str, ...], *, missing: bool, specs: str, alerts: str | None, routing: str | None) -> None:
    """Begin the runbook of an ALERT: what the specs know is filled in, what people must write is marked."""
    from alerts import runbook

    if bool(names) == missing:
        raise click.UsageError("name one or more alerts, or say --missing")
    try:
        catalogue = load([specs], *_beside(specs, routing, alerts), plugins=True, runbooks=False)
    except TillwatchError as error:
        raise _Faults(error, as_json=False) from None
    links = catalogue.routing.links if catalogue.routing is not None else None
    if links is None:
        raise click.UsageError("where runbooks are is said by no --routing file: it needs links")
    skeletons = dict(runbook.skeletons(catalogue))
    if unknown := [name for name in names if name not in skeletons]:
        raise click.UsageError(f"no alert is called {', '.join(unknown)}")
    there = sources.stems(links.folder, ".md")
    for name in names or skeletons:
        path = Path(links.folder) / runbook.file_name(name)
        if name in there:
            if names:
                click.echo(f"{path} is there already and stays as it is", err=True)
            continue
        path.parent.mkdir(exist_ok=True)
        path.write_text(skeletons[name], encoding="utf-8")
        click.echo(f"{path}: write what is marked; a build refuses it until then")


@main.command()
def schema() -> None:
    """Print the JSON Schema of a spec, for editors."""
    from slo.spec import json_schema

    click.echo(json.dumps(json_schema(), indent=2))


@main.command()
@_inputs
@click.option("--prometheus", "address", required=True, metavar="URL", help="Where the data come from.")
@click.option(
    "--out",
    type=click.Path(dir_okay=False, path_type=Path),
    default=Path("preview.html"),
    show_default=True,
    help="The page that is written.",
)
@click.option("--dashboard", "uids", multiple=True, metavar="UID", help="This one alone; may be given several times.")
@click.option("--variable", "values", multiple=True, metavar="NAME=VALUE", help="A choice, as at the top of a page.")
def preview(inputs: _Inputs, address: str, out: Path, uids: tuple[str, ...], values: tuple[str, ...]) -> None:
    """Show the dashboards with live data, as one HTML page and without a Grafana."""
    if find_spec("matplotlib") is None or find_spec("urllib3") is None:
        raise click.ClickException(f"matplotlib and urllib3 are not installed here; run `make setup` in {ROOT} first")
    from budget.errors import BudgetError, QueryFailed
    from budget.prometheus import Prometheus
    from dashboards import index
    from dashboards import preview as pages

    try:
        source = Prometheus(address, timeout_seconds=30)
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="--prometheus") from None
    chosen = dict(_choice(each) for each in values)
    try:
        boards = {each.uid: each for each in index.dashboards(inputs.load())}
        if unknown := [uid for uid in uids if uid not in boards]:
            raise click.BadParameter(
                f"no dashboard is {', '.join(unknown)}; known: {', '.join(boards)}", param_hint="--dashboard"
            )
        source.version()  # what is no Prometheus is told once, and not in every panel
        asked = [boards[uid] for uid in uids or boards]
        bar = click.progressbar(asked, hidden=not sys.stderr.isatty(), file=sys.stderr, label="asking and drawing")
        end = time.time()
        with bar as shown:
            sheets = [pages.sheet(source, each, end=end, named=chosen, refusals=(QueryFailed,)) for each in shown]
        pages.write(out, pages.page(sheets, end=end, address=source.url))
    except TillwatchError as error:
        raise _Faults(error, as_json=False) from None
    except BudgetError as error:
        raise click.ClickException(str(error)) from None
    panels = [part for each in sheets for part in each.parts]
    refused = sum(part.shape == "refused" for part in panels)
    click.echo(f"{_count(len(sheets), 'dashboard')}, {_count(len(panels), 'panel')} → {out}")
    if refused:
        raise click.ClickException(f"Prometheus refused the questions of {_count(refused, 'panel')}; the page says why")


def _choice(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not name or not equals:
        raise click.BadParameter(f"{text!r} is not NAME=VALUE", param_hint="--variable")
    return name, value


def _folder(out: str | None, specs: str) -> str:
    """The output folder: `generated/` belongs to this project's own specs."""
    if out is None and os.path.realpath(specs) != os.path.realpath(SPECS):
        raise click.UsageError(f"--specs {specs} needs --out too: {OUT} holds what {SPECS} says")
    return OUT if out is None else out


def _beside(specs: str, routing: str | None, alerts: str | None) -> tuple[str | None, str | None]:
    """Routing and alerts: this project's own go with its own specs alone, for others have teams of their own."""
    if os.path.realpath(specs) == os.path.realpath(SPECS):
        return routing or ROUTING, alerts or (ALERTS if Path(ALERTS).is_dir() else None)
    return routing, alerts


def _kinds(only: str | None, engine: str) -> frozenset[str]:
    try:
        return selection.parse(only, writes_tests=engine == "native")
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="--only") from None


def _artifacts(catalogue: Catalogue, kinds: frozenset[str], sloth: Sloth | None) -> Iterator[Artifact]:
    """Every artifact of *kinds*, one at a time: a large catalogue never stands in memory as text."""
    if {artifact.RULES, artifact.ALERTS, artifact.TESTS} & kinds:
        yield from rule_files.build(catalogue, kinds, sloth)
    if artifact.ROUTES in kinds:
        yield from routes.build(catalogue, Path(ROUTING).name)
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


def _progress(made: Iterator[Artifact], catalogue: Catalogue) -> AbstractContextManager[Iterable[Artifact]]:
    """A bar on stderr while a large build runs in front of somebody; nothing otherwise."""
    hidden = len(catalogue.slos) < SOME_SLOS or not sys.stderr.isatty()
    return click.progressbar(made, length=2 * len(catalogue.files), hidden=hidden, file=sys.stderr, label="writing")


if __name__ == "__main__":
    main(prog_name="generate.py")
