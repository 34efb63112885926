"""The live check of dashboards: each question goes to a running Prometheus, and must have data of the last seconds."""

from __future__ import annotations

import math
import time
from collections.abc import Iterable, Sequence

import pytest

from budget.errors import BudgetError
from dashboards.model import Dashboard
from dashboards.preview_answers import Source
from dashboards.queries import Asked, offered, queries

CHOSEN = {"service": "orders", "slo": "availability"}
"""What a page of one SLO is opened with."""
# Younger than what is watched: nothing but what it measures itself is seen (and what Prometheus looks back for).
SECONDS, STEP_SECONDS = 45, 5


def asked(dashboards: Iterable[Dashboard]) -> list[Asked]:
    """Every question of Prometheus, of collapsed rows and of what variables offer as well."""
    found: list[Asked] = []
    for board in dashboards:
        chosen = CHOSEN if board.uid == "tw-slo-detail" else {}
        found += queries([board], chosen, month=time.gmtime().tm_mon)
        found += offered([board], chosen)
    return [each for each in found if each.datasource == "prometheus"]


def answered(prometheus: Source, question: Asked) -> bool:
    """Whether there are numbers of the last seconds: NaN and ∞ draw nothing. An error of Prometheus is a failure."""
    try:
        if question.instant:
            return any(math.isfinite(sample.value) for sample in prometheus.instant(question.expression))
        end = time.time()
        lines = prometheus.range(question.expression, start=end - SECONDS, end=end, step_seconds=STEP_SECONDS)
        return any(math.isfinite(value) for line in lines for _, value in line.points)
    except BudgetError as error:
        pytest.fail(f"{question.dashboard}: {question.panel} {question.ref_id}: {error}\n{question.expression}")


def unanswered(prometheus: Source, questions: Sequence[Asked]) -> list[Asked]:
    """Those of *questions* without data."""
    return [each for each in questions if not answered(prometheus, each)]
