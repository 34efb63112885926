"""The live check of dashboards: each question goes to a running Prometheus, and must have data of the last seconds."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence

import pytest

from budget.errors import BudgetError
from budget.prometheus import Prometheus
from dashboards.model import Dashboard
from dashboards.queries import Asked, queries

CHOSEN = {"service": "orders", "slo": "availability"}
"""What a page of one SLO is opened with."""
# Younger than what is watched: nothing but what it measures itself is seen (and what Prometheus looks back for).
SECONDS, STEP_SECONDS = 45, 5


def asked(dashboards: Iterable[Dashboard]) -> list[Asked]:
    """Every question of Prometheus, of collapsed rows as well."""
    found: list[Asked] = []
    for board in dashboards:
        chosen = CHOSEN if board.uid == "tw-slo-detail" else {}
        found += queries([board], chosen, month=time.gmtime().tm_mon)
    return [each for each in found if each.datasource == "prometheus"]


def answered(prometheus: Prometheus, question: Asked) -> bool:
    """Whether there are data of the last seconds. An error of Prometheus is a failure."""
    try:
        if question.instant:
            return bool(prometheus.instant(question.expression))
        end = time.time()
        return bool(prometheus.range(question.expression, start=end - SECONDS, end=end, step_seconds=STEP_SECONDS))
    except BudgetError as error:
        pytest.fail(f"{question.dashboard}: {question.panel} {question.ref_id}: {error}\n{question.expression}")


def unanswered(prometheus: Prometheus, questions: Sequence[Asked]) -> list[Asked]:
    """Those of *questions* without data."""
    return [each for each in questions if not answered(prometheus, each)]
