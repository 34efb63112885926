"""What can be injected: the shared kinds and a service's own, checked before they do anything."""

from typing import Literal

import pytest
from pydantic import Field, ValidationError

from services.shared.fault_models import Fault, Kinds
from services.shared.faults import KINDS

ALL = {"seconds": 60}


class StockDrift(Fault):
    """A kind of a service's own."""

    fault: Literal["stock-drift"]
    units: int = Field(ge=1, le=100)


@pytest.mark.parametrize(
    ("body", "share", "value"),
    [
        pytest.param({"fault": "errors", "share": 0.5}, 0.5, {}, id="errors"),
        pytest.param({"fault": "latency", "delay_seconds": 0.3}, 1, {"delay_seconds": 0.3}, id="latency"),
        pytest.param(
            {"fault": "latency", "delay_seconds": 2, "share": 0.1}, 0.1, {"delay_seconds": 2}, id="latency at times"
        ),
        pytest.param(
            {"fault": "dependency-timeout", "peer": "payments"}, 1, {"peer": "payments"}, id="dependency-timeout"
        ),
        pytest.param({"fault": "database-down"}, 1, {}, id="database-down"),
        pytest.param({"fault": "database-slow", "delay_seconds": 0.5}, 1, {"delay_seconds": 0.5}, id="database-slow"),
        pytest.param({"fault": "stock-drift", "units": 3}, 1, {"units": 3}, id="one of its own"),
    ],
)
def test_a_kind_says_what_it_needs(body: dict, share: float, value: dict) -> None:
    """Its share, by default everything, and what only it has."""
    fault = Kinds([StockDrift]).parse(body | ALL)
    assert (fault.fault, fault.share, fault.seconds, fault.value()) == (body["fault"], share, 60, value)


@pytest.mark.parametrize(
    "body",
    [
        pytest.param({"fault": "errors"}, id="errors without a share"),
        pytest.param({"fault": "latency"}, id="latency without a delay"),
        pytest.param({"fault": "latency", "delay_seconds": 0}, id="no delay"),
        pytest.param({"fault": "latency", "delay_seconds": 31}, id="a delay beyond every timeout"),
        pytest.param({"fault": "latency", "delay_seconds": float("inf")}, id="a delay without end"),
        pytest.param({"fault": "dependency-timeout"}, id="no peer"),
        pytest.param({"fault": "dependency-timeout", "peer": "Bad Name"}, id="no name of a peer"),
        pytest.param({"fault": "database-down", "peer": "x"}, id="another kind's field"),
        pytest.param({"fault": "database-slow"}, id="a slow database without a delay"),
        pytest.param({"fault": "database-slow", "delay_seconds": 0}, id="a slow database that is not slow"),
        pytest.param({"fault": "database-slow", "delay_seconds": 31}, id="a database slower than every timeout"),
        pytest.param({"fault": "stock-drift", "units": 3}, id="another service's kind"),
        pytest.param({"fault": ["errors"]}, id="a list of kinds"),
        pytest.param({}, id="no kind"),
        pytest.param([], id="no object"),
        pytest.param(None, id="nothing"),
    ],
)
def test_a_wrong_order_is_refused(body) -> None:
    """By the kinds of a service without any of its own."""
    with pytest.raises(ValidationError):
        Kinds().parse(body | ALL if isinstance(body, dict) else body)


def test_two_kinds_cannot_share_a_name() -> None:
    """Nor can one have none."""

    class Again(Fault):
        fault: Literal["errors"]

    for model in (Again, Fault):
        with pytest.raises(ValueError, match="expected a Literal of one name that no other kind has"):
            Kinds([model])


def test_the_names_are_what_metrics_show() -> None:
    """The shared ones first."""
    shared = ("errors", "latency", "dependency-timeout", "database-down", "database-slow")
    assert Kinds([StockDrift]).names == (*shared, "stock-drift")
    assert Kinds().names == KINDS == shared
