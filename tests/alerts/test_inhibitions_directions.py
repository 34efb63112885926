"""Each direction of alerts.inhibitions on a real Alertmanager: what mutes what, and what never."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from alerts import routes
from tests.alerts.running import Alertmanager, alertmanager, until
from tests.alerts.shops import burning, held, scraped_shop

Labels = dict[str, str]


def _alert(name: str, **labels: str) -> Labels:
    return {"alertname": name, "severity": "page", "team": "platform", **labels}


NODE = {"node": "n1"}
CASES: dict[str, tuple[Labels, Labels, bool]] = {
    # A cluster that is down.
    "a cluster over a page in it": (_alert("ClusterDown"), burning("payments"), True),
    "a cluster over a ticket in it": (_alert("ClusterDown"), _alert("DiskSpaceLow", severity="ticket"), True),
    "a cluster over a node in it": (_alert("ClusterDown"), _alert("NodeNotReady", **NODE), True),
    "a cluster over an invariant in it": (_alert("ClusterDown"), _alert("Oversold", service="inventory"), True),
    "a cluster not over the sign of life": (_alert("ClusterDown"), _alert("Watchdog", severity="info"), False),
    "a cluster not over itself": (_alert("ClusterDown", instance="a"), _alert("ClusterDown", instance="b"), False),
    "a page in a cluster not over the cluster": (burning("payments"), _alert("ClusterDown"), False),
    "a cluster that can wait over nothing": (_alert("ClusterDown", severity="ticket"), burning("payments"), False),
    # A node that is down.
    "a node over a pod on it": (_alert("NodeNotReady", **NODE), _alert("PodCrashLooping", pod="p", **NODE), True),
    "a node that cannot be reached too": (_alert("NodeUnreachable", **NODE), _alert("HighCPU", **NODE), True),
    "a node not over another one": (_alert("NodeNotReady", **NODE), _alert("HighCPU", node="n2"), False),
    "a node not over what is on none": (_alert("NodeNotReady", **NODE), _alert("HighCPU"), False),
    "no node not over what is on none": (_alert("NodeNotReady"), _alert("HighCPU"), False),
    "a pod not over its node": (_alert("PodCrashLooping", **NODE), _alert("NodeNotReady", **NODE), False),
    "a node not over the cluster": (_alert("NodeNotReady", **NODE), _alert("ClusterDown", **NODE), False),
    "a node that can wait over what can wait": (
        _alert("NodeNotReady", severity="ticket", **NODE),
        _alert("HighCPU", severity="ticket", **NODE),
        True,
    ),
    "a node that can wait not over a page": (
        _alert("NodeNotReady", severity="ticket", **NODE),
        _alert("HighCPU", **NODE),
        False,
    ),
    # A page and the ticket of its SLO.
    "a page over the ticket of its SLO": (burning("payments"), burning("payments", severity="ticket"), True),
    "a page not over another SLO's ticket": (
        burning("payments"),
        burning("payments", "latency", severity="ticket"),
        False,
    ),
    "a ticket not over its page": (burning("payments", severity="ticket"), burning("payments"), False),
    # A service that is down.
    "a service over its error rate": (
        burning("payments"),
        _alert("HighErrorRate", severity="ticket", service="payments"),
        True,
    ),
    "a service over what finds it unreachable": (
        burning("payments"),
        _alert("PaymentGatewayUnreachable", service="payments"),
        True,
    ),
    "a service not over another's error rate": (
        burning("payments"),
        _alert("HighErrorRate", severity="ticket", service="orders"),
        False,
    ),
    "a service that is slow not over its error rate": (
        burning("payments", "latency"),
        _alert("HighErrorRate", severity="ticket", service="payments"),
        False,
    ),
    "a service that nobody measures not over what finds it unreachable": (
        burning("payments", alertname="PaymentsAvailabilityAbsent"),
        _alert("PaymentGatewayUnreachable", service="payments"),
        False,
    ),
    "a service not over orders that stop": (burning("orders"), _alert("OrdersStopped", service="orders"), False),
    # A service of which nothing is left.
    "a service that is gone over what has disappeared": (
        _alert("ServiceDown", service="payments"),
        burning("payments", alertname="PaymentsAvailabilityAbsent"),
        True,
    ),
    "a service that is gone over what finds it unreachable": (
        _alert("ServiceDown", service="payments"),
        _alert("PaymentGatewayUnreachable", service="payments"),
        True,
    ),
    "a service that is gone not over another's": (
        _alert("ServiceDown", service="payments"),
        burning("orders", alertname="OrdersAvailabilityAbsent"),
        False,
    ),
    "a service that is gone not over orders that stop": (
        _alert("ServiceDown", service="orders"),
        _alert("OrdersStopped", service="orders"),
        False,
    ),
    "what has disappeared not over a service that is gone": (
        burning("payments", alertname="PaymentsAvailabilityAbsent"),
        _alert("ServiceDown", service="payments"),
        False,
    ),
    # A dependency that is down.
    "a dependency over a page": (held("orders"), burning("orders"), True),
    "a dependency over a page of one group": (
        held("orders", "latency"),
        burning("orders", "latency", route="/a"),
        True,
    ),
    "a dependency not over another SLO's page": (held("orders"), burning("orders", "latency"), False),
    "a dependency not over another service's page": (held("orders"), burning("storefront"), False),
    "a dependency not over an invariant": (held("orders", "correctness"), burning("orders", "correctness"), False),
    "a dependency not over what has disappeared": (
        held("orders"),
        burning("orders", alertname="OrdersAvailabilityAbsent"),
        False,
    ),
    "a dependency not over orders that stopped": (
        held("orders"),
        _alert("OrdersStopped", service="orders", slo="availability", team="orders"),
        False,
    ),
    "a dependency not over a ticket": (held("orders"), burning("orders", severity="ticket"), False),
    "a dependency not over its own cause": (held("orders"), burning("payments"), False),
    "the cause's page alone over nothing": (burning("payments"), burning("orders"), False),
}


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Alertmanager]:
    """An Alertmanager with the inhibitions of the shop."""
    folder = tmp_path_factory.mktemp("alertmanager")
    with alertmanager(routes.config(scraped_shop(folder / "specs")), folder) as found:
        yield found


@pytest.mark.parametrize("case", CASES)
def test_what_mutes_what(running, case):
    """Each in a cluster of its own, beside a pair of which it is known."""
    source, target, mutes = CASES[case]
    source, target = ({**labels, "cluster": case} for labels in (source, target))
    witness = [burning("payments", severity=severity, cluster=f"{case}, witness") for severity in ("page", "ticket")]
    running.send(source, target)
    running.send(*witness)
    until(lambda: witness[1] in running.muted())  # what was sent before them is judged as well
    assert (target in running.muted()) is mutes
    assert not mutes or source not in running.muted()


@pytest.mark.parametrize("label", ["cluster", "environment", "namespace"])
def test_what_is_down_elsewhere_mutes_nothing_here(running, label):
    """Another cluster, another environment: another shop."""
    here, there = {label: f"{label} here"}, {label: f"{label} there"}
    page = burning("orders", **here)
    witness = held("orders", **here), burning("orders", "availability", **here, instance="witness")
    running.send(held("orders", **there), page)
    until(lambda: page in [one["labels"] for one in running.alerts()])
    assert page not in running.muted()
    running.send(*witness)
    until(lambda: page in running.muted())


def test_a_cluster_that_is_down_mutes_no_other_one(running):
    """Nor what has no cluster."""
    down, near, far = _alert("ClusterDown", cluster="d1"), burning("payments", cluster="d1"), burning("payments")
    other = burning("payments", cluster="d2")
    running.send(down, near, far, other)
    until(lambda: near in running.muted())
    assert not [labels for labels in running.muted() if labels in (far, other)]
