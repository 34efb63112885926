"""What one look at each dashboard asks of a running platform's Prometheus: questions and samples a refresh."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import urlencode

import urllib3

from bench.errors import BenchError
from bench.plan import Plan
from bench.platform import running
from bench.table import Row
from dashboards import index, oncall
from dashboards.model import PROMETHEUS, Dashboard
from dashboards.queries import queries
from local.settings import ROOT
from slo.load import load

CHOSEN = {"service": "orders", "slo": "availability"}
"""What a page of one SLO is opened with."""
RANGE_SECONDS, STEP_SECONDS = 3 * 3600, 60
MOST_QUESTIONS = 60
STEPS = RANGE_SECONDS // STEP_SECONDS + 1
# Until the longest raw window, of five minutes, is full.
SETTLE_SECONDS, QUICK_SETTLE_SECONDS = 310.0, 5.0
_FORM = {"Content-Type": "application/x-www-form-urlencoded"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """Of one refresh of a page, with its rows as they open."""

    questions: int
    samples: int


def measure(plan: Plan) -> Iterator[Row]:
    """Two rows a dashboard: its questions beside what a page may ask at most, and the samples that these read."""
    catalogue = load([str(ROOT / "slo/specs")], str(ROOT / "alerts/routing.yaml"), str(ROOT / "alerts/specs"))
    boards = tuple(index.dashboards(catalogue))
    with running() as prometheus:
        time.sleep(QUICK_SETTLE_SECONDS if plan.quick else SETTLE_SECONDS)
        costs = {board.uid: cost(prometheus, board) for board in plan.counted("dashboards", boards, every=5)}
    for uid, found in costs.items():
        name = uid.removeprefix("tw-").replace("-", "_")
        most = oncall.MOST_QUERIES if uid == oncall.UID else MOST_QUESTIONS
        yield Row(
            name=f"dashboard_questions_{name}", unit="questions", ours=found.questions, peer=most, peer_name="at most"
        )
        yield Row(name=f"dashboard_samples_{name}", unit="samples", ours=found.samples, peer=0, peer_name="")


def cost(prometheus: str, board: Dashboard) -> Cost:
    """What a refresh of *board* costs the Prometheus at this address; rows that are closed ask nothing.

    A picture is asked for its last step, and every step counts as that one: the platform has run for minutes, and
    what is not in its seeded past would otherwise be counted for those alone.
    """
    chosen = CHOSEN if board.uid == "tw-slo-detail" else {}
    end = time.time()
    found = [
        _samples(prometheus, each.expression, end) * (1 if each.instant else STEPS)
        for each in queries([board], chosen, month=time.gmtime(end).tm_mon)
        if each.datasource == PROMETHEUS and not each.collapsed
    ]
    return Cost(questions=len(found), samples=sum(found))


def _samples(prometheus: str, expression: str, end: float) -> int:
    """Samples that *expression* reads for one moment, by Prometheus' own count; a range of one step, for `@ end()`."""
    fields = {"query": expression, "stats": "all", "start": f"{end:.3f}", "end": f"{end:.3f}", "step": "1"}
    url = f"{prometheus}/api/v1/query_range"
    answer = urllib3.request("POST", url, body=urlencode(fields), headers=_FORM, timeout=60, retries=False)
    if answer.status != 200:
        raise BenchError(f"{expression}: {answer.data.decode()}")
    return int(answer.json()["data"]["stats"]["samples"]["totalQueryableSamples"])
