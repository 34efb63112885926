"""`python -m synthetics load`: how much load, on whom, and for how long, read from the command line."""

import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import click

from synthetics import child, generators, run
from synthetics import load as day
from synthetics.claim import Traffic
from synthetics.course import MAX_SECONDS, MAX_VISITS, Course, Stampede
from synthetics.course import load as load_shape
from synthetics.duration import Duration
from synthetics.host import ALLOWED_HOSTS, UsageError, check_host, parse_rate
from synthetics.journey import RunIn
from synthetics.journeys import VISITS, of
from synthetics.keys import keys_of
from synthetics.live import Live
from synthetics.load_plan import STAMPEDE_SECONDS, LoadPlan, Regulars
from synthetics.outcome import EXIT_CODES
from synthetics.prometheus import reachable
from synthetics.report import summary, writable, write
from synthetics.shape import Shape
from synthetics.shape_file import ShapeError, find, read
from synthetics.stopping import caught

FRONT_DOOR, CATALOG_ALONE = "http://127.0.0.1:8000", "http://127.0.0.1:8001"
MAX_USERS = 500
MAX_RATE = 1000.0
MAX_WORKERS = 16
USERS, SECONDS = 3, 60
# Everything a visitor of the shop does under load, in the shares of an ordinary day: what `--journey mix` walks.
MIX = "mix"
WALKED = tuple(journey.name for journey in of(RunIn.LOAD) if journey.name != "stampede")
JOURNEY_OPTION = click.Choice([*WALKED, MIX])


@click.command()
@click.option("--host", help=f"Where the shop is. [default: {FRONT_DOOR}; for users {CATALOG_ALONE}]")
@click.option(
    "--shape",
    "shape_name",
    metavar="NAME|FILE",
    help="Who comes when: steady, ramp, spike, diurnal, soak, stampede, day, or a YAML file.",
)
@click.option(
    "--users",
    type=click.IntRange(1, MAX_USERS),
    help=f"In place of a shape: so many, who wait for their answers. [default: {USERS}]",
)
@click.option("--journey", type=JOURNEY_OPTION, help="What users walk. [default: catalog]")
@click.option(
    "--rate",
    metavar="N/s|N/min|N/h",
    help="Of a shape: visits at the busiest. Of users: requests of all together; without it they pause as people do.",
)
@click.option("--scale", type=click.FloatRange(0, min_open=True), help="Factor of a shape. [default: 1]")
@click.option(
    "--at-once",
    type=click.IntRange(1, MAX_USERS),
    help=f"Visits of a shape under way at one time; those on top are left out. [default: {MAX_USERS}; day: 50]",
)
@click.option(
    "--for",
    "seconds",
    type=Duration(MAX_SECONDS),
    help=f"Time after which the load ends, like 90s or 5m. [default: the shape's; of users {SECONDS}; day goes on]",
)
@click.option("--workers", type=click.IntRange(1, MAX_WORKERS), help="Processes that make the load. [default: one]")
@click.option("--expect-workers", type=click.IntRange(1, 1000), help="Workers come in from elsewhere; needs a bind.")
@click.option("--master-bind", metavar="HOST:PORT", help="Where they come in.")
@click.option("--worker", is_flag=True, help="Be a worker of the master at --master-host, which says everything else.")
@click.option("--master-host", metavar="HOST:PORT", help="Where the master of this worker is.")
@click.option("--traffic", type=click.Choice([Traffic.LOAD.value, Traffic.USER.value]), help="Whose it is said to be.")
@click.option("--prometheus", metavar="URL", default="", help="Asked for the verdict on the SLOs and the saturation.")
@click.option("--report", type=click.Path(path_type=Path, file_okay=False), help="Folder for HTML, JSON and JUnit.")
@click.option("--allow-host", multiple=True, metavar="HOST", help="A host beyond this machine to load; repeatable.")
def load(worker: bool, master_host: str | None, **how: Any) -> None:
    """Walk journeys as many shoppers at once, checking every answer, and say whether the SLOs held.

    \b
    load --shape steady --rate 8/s --for 300 --workers 2 --prometheus http://127.0.0.1:9090 --report DIR
    load --shape stampede           100 buyers, 10 units
    load --users 5 --journey mix    who wait for their answers

    Its requests are signed as load with TRAFFIC_KEY, its accounts made from PROBE_KEY (or the files that
    TRAFFIC_KEY_FILE and PROBE_KEY_FILE name), and what it buys is cancelled.

    Exit code: 0 all well, 1 a step or an SLO failed, 2 wrong usage, 3 the run proves nothing, 130 after Ctrl-C.
    """
    try:
        if worker:
            sys.exit(_work(master_host, how))
        plan = plan_of({name: value for name, value in how.items() if value not in (None, "", ())}, os.environ)
        if isinstance(plan, LoadPlan):
            _ends_well(plan)
    except (UsageError, ShapeError) as error:
        raise click.UsageError(str(error)) from error
    if isinstance(plan, day.DayPlan):
        sys.exit(day.run(plan))
    live = Live()
    with caught() as stopping:
        document = run.run(plan, live, stopping)
        live.say("")
        click.echo(summary(document, plan.report))
        if plan.report is not None:
            write(document, plan.report)
    sys.exit(stopping.exit_code or EXIT_CODES[document["outcome"]])


def _ends_well(plan: LoadPlan) -> None:
    """What would spoil the end of the run is told at its beginning.

    Raises:  UsageError.
    """
    if plan.report is not None:
        writable(plan.report, "--report")
    if plan.prometheus:
        reachable(plan.prometheus)


def plan_of(given: Mapping[str, Any], environ: Mapping[str, str]) -> LoadPlan | day.DayPlan:
    """What *given* options ask for.

    Raises:  UsageError, ShapeError.
    """
    shape_name, common = given.get("shape_name"), _common(given, environ)
    if shape_name is None:
        return _regulars(given, common)
    path = find(shape_name)
    try:
        shape = load_shape(path, VISITS)
    except ShapeError as error:
        raise ShapeError(f"--shape:\n{error}") from error
    _only(given, ("users", "journey"), "is for users, not for a --shape")
    if isinstance(shape, Shape):
        return _day(given, common, shape, path)
    common |= {"shape": shape_name if shape_name.isidentifier() else path.stem, "document": read(path)}
    return _stampede(given, common, shape) if isinstance(shape, Stampede) else _course(given, common, shape)


def _common(given: Mapping[str, Any], environ: Mapping[str, str]) -> dict[str, Any]:
    has_shape = "shape_name" in given
    host = check_host(given.get("host", FRONT_DOOR if has_shape else CATALOG_ALONE), given.get("allow_host", ()))
    allowed = tuple(given.get("allow_host", ()))
    found: dict[str, Any] = {"host": host, **_signed(given, environ)} | ({"allowed": allowed} if allowed else {})
    if "master_bind" in given or "expect_workers" in given:
        _only(given, ("workers",), "is for workers that are started here, not for those that come in")
        if "expect_workers" not in given or "master_bind" not in given:
            raise UsageError("--expect-workers and --master-bind need one another")
        found |= {"expected": given["expect_workers"], "bind": address(given["master_bind"], "--master-bind")}
    return found | {name: given[name] for name in ("workers", "prometheus", "report") if name in given}


def _signed(given: Mapping[str, Any], environ: Mapping[str, str]) -> dict[str, Any]:
    """Whose traffic it is, with the keys that prove it."""
    if given.get("traffic") == Traffic.USER:
        return {"traffic": Traffic.USER}
    try:
        return {"traffic": Traffic.LOAD, "keys": keys_of(environ)}
    except UsageError as error:
        raise UsageError(
            f"{error}; --traffic user needs none, and sends it as users', who count in the SLOs"
        ) from error


def _regulars(given: Mapping[str, Any], common: dict[str, Any]) -> LoadPlan:
    _only(given, ("scale", "at_once"), "needs --shape")
    journey = given.get("journey", "catalog")
    mix = read(find("steady"))["journeys"] if journey == MIX else {journey: 1.0}
    rate = _rate(given["rate"], MAX_RATE) if "rate" in given else None
    who = Regulars(users=given.get("users", USERS), rate=rate, journeys=mix)
    return LoadPlan(who=who, shape="users", seconds=given.get("seconds", SECONDS), **common)


def _course(given: Mapping[str, Any], common: dict[str, Any], course: Course) -> LoadPlan:
    peak = _rate(given["rate"], MAX_VISITS) if "rate" in given else course.visits_per_second
    scale = given.get("scale", 1.0)
    peak *= scale
    if not 0 < peak * course.highest <= MAX_VISITS:
        raise UsageError(f"--scale {scale:g}: {peak:g} visits/s at the busiest moment, at most {MAX_VISITS:g}")
    seconds = given.get("seconds", round(course.seconds))
    return LoadPlan(who=course, seconds=seconds, peak=peak, at_once=given.get("at_once", MAX_USERS), **common)


def _stampede(given: Mapping[str, Any], common: dict[str, Any], stampede: Stampede) -> LoadPlan:
    beside = ("rate", "scale", "at_once", "seconds", "workers", "expect_workers")
    _only(given, beside, "does not go with a stampede, which is one moment and one process")
    if common["traffic"] is not Traffic.LOAD:
        raise UsageError("a stampede needs PROBE_KEY: the accounts of its buyers and its staff are made from it")
    return LoadPlan(who=stampede, seconds=STAMPEDE_SECONDS, **common)


def _day(given: Mapping[str, Any], common: dict[str, Any], shape: Shape, path: Path) -> day.DayPlan:
    beside = ("rate", "workers", "expect_workers", "prometheus", "report")
    _only(given, beside, "does not go with a day, which goes by the clock until it is stopped")
    scale = given.get("scale", 1.0)
    highest = shape.highest * scale
    if not highest <= MAX_VISITS:
        raise UsageError(f"--scale {scale:g}: {highest:g} visits/s at the busiest moment, at most {MAX_VISITS:g}")
    chosen = {name: given[name] for name in ("at_once", "seconds") if name in given}
    common.pop("allowed", None)
    return day.DayPlan(shape=path, scale=scale, **common, **chosen)


def _work(master_host: str | None, how: Mapping[str, Any]) -> int:
    if master_host is None:
        raise UsageError("--worker needs --master-host")
    given = [name for name, value in how.items() if value not in (None, "", ())]
    if beside := [name for name in given if name not in ("traffic", "allow_host")]:
        raise UsageError(f"--{beside[0].replace('_', '-')} is for the master to say, not for a --worker")
    signed = _signed(how, os.environ)
    host, port = address(master_host, "--master-host")
    command = generators.worker_command(host, port, parent=os.getpid())[1:]
    more = {ALLOWED_HOSTS: ",".join(how["allow_host"])}
    return child.run(command, environment=more | (signed["keys"].environment() if "keys" in signed else {}))


def address(text: str, option: str) -> tuple[str, int]:
    """The host and the port in `HOST:PORT`.

    Raises:  UsageError.
    """
    host, _, port = text.rpartition(":")
    if not host or not (port.isascii() and port.isdigit() and 0 < int(port) < 65536):
        raise UsageError(f"{option} {text!r}: expected HOST:PORT")
    return host, int(port)


def _only(given: Mapping[str, Any], names: Sequence[str], otherwise: str) -> None:
    """Refuse each of *names*."""
    for name in names:
        if name in given:
            raise UsageError(f"--{name.replace('_', '-')} {otherwise}")


def _rate(text: str, most: float) -> float:
    per_second = parse_rate(text)
    if per_second > most:
        raise UsageError(f"--rate {text}: at most {most:g}/s")
    return per_second
