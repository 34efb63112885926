"""The live check of dashboards takes numbers alone for data."""

from __future__ import annotations

import math

import pytest

from dashboards.model import Dashboard
from dashboards.queries import Asked
from tests.dashboards.answers import Answers
from tests.e2e.panel_answers import answered, asked


@pytest.mark.parametrize("instant", [True, False], ids=["at a moment", "over time"])
@pytest.mark.parametrize(
    ("values", "expected"),
    [((), False), ((math.nan,), False), ((math.inf, -math.inf), False), ((math.nan, 0.0), True)],
    ids=["nothing", "no number", "infinite", "one number is enough"],
)
def test_only_numbers_are_data(instant: bool, values: tuple[float, ...], expected: bool) -> None:
    """What cannot be drawn leaves a panel as empty as no series does."""
    question = Asked(
        dashboard="tw-x",
        panel="P",
        kind="stat",
        ref_id="A",
        datasource="prometheus",
        expression="up",
        instant=instant,
        collapsed=False,
    )
    answers = Answers({"up": [({"job": str(place)}, value) for place, value in enumerate(values)]})
    # Lines of the fake rise from nought; those of what is no number are none from their first point on.
    assert answered(answers, question) is expected


def test_what_variables_offer_is_asked_as_well(dashboards: dict[str, Dashboard]) -> None:
    """Of the page that is opened for one SLO with that one chosen."""
    found = {each.expression for each in asked(dashboards.values()) if each.kind == "variable"}
    assert 'group by (instance) (pg_up{cluster=~".*",instance!=""})' in found
    assert 'group by (sloth_slo) (sloth_slo_info{cluster=~".*",sloth_service="orders",sloth_slo!=""})' in found
