"""Which alerts an SLO has, and the one word for them."""

import pytest

from budget.firing import Alert, alerts_of, gravest
from budget.identity import key_of
from slo import conventions
from tests.budget.canned import UP, sample

PAGE = {**UP, "alertname": "ShopUp", "alertstate": "firing", conventions.SEVERITY: "page"}
TICKET = {**PAGE, conventions.SEVERITY: "ticket"}
PENDING = {**PAGE, "alertstate": "pending"}
ABSENT = {**TICKET, "alertname": conventions.absent_alert("ShopUp")}


def _alerts(*labels: dict[str, str], since: tuple[dict[str, str], ...] = ()) -> tuple[Alert, ...]:
    return alerts_of(key_of(UP), map(sample, labels), [sample(one, 1000.0) for one in since])


@pytest.mark.parametrize(
    ("alerts", "word"),
    [
        pytest.param([], None, id="nothing"),
        pytest.param([PAGE], "page", id="a page fires"),
        pytest.param([TICKET], "ticket", id="a ticket fires"),
        pytest.param([ABSENT], "absent", id="the SLI is gone"),
        pytest.param([PENDING], "pending", id="a page waits"),
        pytest.param([{**ABSENT, "alertstate": "pending"}], None, id="the SLI is waited for"),
        pytest.param([TICKET, PAGE], "page", id="a page outweighs its ticket"),
        pytest.param([PENDING, TICKET], "ticket", id="what fires outweighs what waits"),
        pytest.param([TICKET, ABSENT], "absent", id="no SLI outweighs a ticket on what it was"),
    ],
)
def test_the_gravest_alert_is_the_word(alerts: list[dict[str, str]], word: str | None) -> None:
    """One word says how bad it is."""
    assert gravest(_alerts(*alerts)) == word


def test_the_gravest_alert_comes_first() -> None:
    """With its name, severity and state."""
    found = [(alert.name, alert.severity, alert.state) for alert in _alerts(PENDING, TICKET, PAGE)]
    assert found == [("ShopUp", "page", "firing"), ("ShopUp", "ticket", "firing"), ("ShopUp", "page", "pending")]


def test_an_alert_tells_since_when() -> None:
    """ALERTS_FOR_STATE has the labels of ALERTS but the state; a ticket's is not a page's."""
    since = {name: value for name, value in PAGE.items() if name != "alertstate"}
    assert [alert.since for alert in _alerts(PAGE, TICKET, since=({**since, "__name__": "ALERTS_FOR_STATE"},))] == [
        1000.0,
        None,
    ]
