"""`python -m budget gate`: tells a release pipeline whether a change may go out now, by its exit code."""

from __future__ import annotations

import json
import sys
import time
from dataclasses import replace

import click
from rich.console import Console

from budget import gate_facts
from budget.command_line import SPECS
from budget.gate import decide, dependencies
from budget.gate_decision import Decision, Request
from budget.gate_document import document, passed, warning
from budget.gate_rules import Finding
from budget.gate_text import view
from budget.plain_text import printable
from budget.policy import Change, RuleName
from budget.prometheus import Prometheus
from budget.server_option import server_option
from slo.catalogue import Catalogue
from slo.errors import TillwatchError
from slo.load import load

# Whoever forgets to say where to is asked the strictest question.
PRODUCTION = "production"
PIPE_COLUMNS = 120  # a log of a pipeline is read by people: no wider than their screen
TIMEOUT_SECONDS = 20.0  # the period without its seeded part is summed anew, which no record does beforehand


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--service", required=True, metavar="NAME", help="Whose change it is, as its spec names it.")
@click.option(
    "--environment",
    envvar="TILLWATCH_ENVIRONMENT",
    default=PRODUCTION,
    show_default=True,
    show_envvar=True,
    metavar="NAME",
    help="Where it goes to. A seeded past counts in `local` alone.",
)
@click.option(
    "--change",
    type=click.Choice([change.value for change in Change]),
    default=Change.RELEASE.value,
    show_default=True,
    help="A fix passes a freeze; a rollback always passes, with a warning.",
)
@server_option(TIMEOUT_SECONDS)
@click.option("--specs", metavar="DIR", default=str(SPECS), show_default="slo/specs", help="What was promised.")
@click.option("--json", "as_data", is_flag=True, help="For programs: ratios 0-1, null where there is no value.")
def gate(*, service: str, environment: str, change: str, server: Prometheus, specs: str, as_data: bool) -> None:
    """Whether a change may go out now: exit code 0 go, 3 slow, 4 hold, 5 freeze. What is not known is hold."""
    request = Request(service=service, environment=environment.strip() or PRODUCTION, change=Change(change))
    decision = _decided(request, server, specs)
    if as_data:
        click.echo(json.dumps(document(decision), indent=2, allow_nan=False))
    else:
        console = Console() if sys.stdout.isatty() else Console(width=PIPE_COLUMNS)
        console.print(view(decision, plain=not console.is_terminal, columns=console.width), soft_wrap=True)
    if said := warning(decision):
        click.echo(printable(f"warning: {said}"), err=True)
    if line := passed(decision):
        click.echo(json.dumps(line), err=True)
    sys.exit(decision.outcome.value)


def _decided(request: Request, server: Prometheus, specs: str) -> Decision:
    catalogue, faults = _catalogue(specs)
    services = {request.service, *(() if catalogue is None else dependencies(catalogue, request.service))}
    facts = gate_facts.ask(server, services, seeded_counts=request.seeded_counts, now=time.time())
    return decide(request, replace(facts, faults=(*faults, *facts.faults)), catalogue)


def _catalogue(specs: str) -> tuple[Catalogue | None, tuple[Finding, ...]]:
    """What was promised; or why it cannot be read, which holds a release and must not hold a rollback."""
    try:
        # Only names are read: neither runbooks nor sloth's plugins are needed for that.
        return load([specs], plugins=True, runbooks=False), ()
    except TillwatchError as error:
        first, *more = str(error).splitlines()
        says = f"the specs cannot be read: {first}{f' (and {len(more)} more faults)' if more else ''}"
        return None, (Finding(rule=RuleName.UNREADABLE, says=says),)
