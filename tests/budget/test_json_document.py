"""What programs get."""

import dataclasses
import json
import math

from budget.firing import Alert
from budget.json_document import as_json
from slo import conventions
from tests.budget.canned import DAY, FIGURES, NOW, only, readings


def test_every_figure_has_its_key() -> None:
    """Ratios as they are; times in RFC 3339."""
    figures = FIGURES | {conventions.recent_ratio("6h"): 0.0025, conventions.total_increase("30d"): 9_000}
    row = only(readings(figures=figures, seeded=(NOW - 35 * DAY, NOW - 15 * DAY)))
    alert = Alert(name="ShopUp", severity="page", state="firing", since=NOW - 60)
    assert as_json([dataclasses.replace(row, alerts=(alert,), alert="page")]) == {
        "slos": [
            {
                "id": "shop-up",
                "service": "shop",
                "slo": "up",
                "labels": {},
                "objective": 0.999,
                "window": "30d",
                "sli": 1 - 0.25 * (1 - 0.999),
                "burn": {"5m": 2.5, "1h": None, "6h": row.burn_rate_6h},
                "budget_left": 0.75,
                "events_left": 1234.5,
                "events": 9_000,
                "bad_events": None,
                "events_1h": 5000,
                "exhausted_at": "2033-05-28T03:33:20Z",
                "exhausted_in_seconds": row.seconds_left,
                "alert": "page",
                "alerts": [{"name": "ShopUp", "severity": "page", "state": "firing", "since": "2033-05-18T03:32:20Z"}],
                "states": ["seeded"],
                "faults": [],
                "seeded": {"share": 0.5, "from": "2033-04-18T03:33:20Z", "until": "2033-05-03T03:33:20Z"},
            }
        ],
        "generated_at": "2033-05-18T03:33:20Z",
    }


def test_what_is_spent_has_no_time_but_a_state() -> None:
    """When it was spent is not known: null would read as never, but for the state and the zero."""
    spent = FIGURES | {conventions.BUDGET_REMAINING: -0.5}
    (row,) = as_json([only(readings(figures=spent))])["slos"]
    assert (row["exhausted_at"], row["exhausted_in_seconds"], row["states"]) == (None, 0.0, ["exhausted"])


def test_what_is_no_number_is_null() -> None:
    """JSON knows no NaN; no SLOs are an empty list."""
    rows = [only(readings(figures=dict.fromkeys(FIGURES, math.nan)))]
    assert json.loads(json.dumps(as_json(rows), allow_nan=False))["slos"][0]["sli"] is None
    assert as_json([])["slos"] == []
