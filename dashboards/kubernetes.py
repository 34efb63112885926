"""Kubernetes Cluster Overview: what is broken, the numbers of the alerts, and where capacity goes."""

from __future__ import annotations

from dashboards import alert_panels, shop_series, variables
from dashboards.alert_panels import Bounds
from dashboards.model import ORANGE, RED, Dashboard, Limit, Panel, Row
from dashboards.pictures import lines, number
from dashboards.shop_series import RATE
from dashboards.slo_overview import TAG
from slo.catalogue import Catalogue

UID = "tw-kubernetes"
_CLUSTER = 'cluster=~"$cluster"'
_PODS = f'{_CLUSTER},namespace=~"$namespace"'
_NODES = f'{_CLUSTER},instance=~"$instance"'
_ANY_BAD = Bounds(limits=(Limit(value=1, colour=RED),))
_ANY_ODD = Bounds(limits=(Limit(value=1, colour=ORANGE),))
_FULL = "node_memory_MemTotal_bytes"


def build(catalogue: Catalogue) -> Dashboard:
    """The page of a cluster."""
    pods = "kube_pod_info"
    cluster = variables.place("cluster", pods)
    namespace = variables.chosen("namespace", "namespace", pods, title="Namespace", within=_CLUSTER, several=True)
    node = variables.chosen("node", "node", pods, title="Node", within=_CLUSTER, several=True)
    instance = variables.chosen("instance", "instance", _FULL, title="Machine", within=_CLUSTER, several=True)
    return Dashboard(
        uid=UID,
        title="Kubernetes Cluster Overview",
        description="What is broken in a cluster, how full it is, and where its capacity goes.",
        rows=(
            Row(title="Is anything broken?", panels=_broken()),
            Row(title="The numbers of the alerts, with their limits", panels=alert_panels.of_dashboard(catalogue, UID)),
            Row(title="How full is it?", panels=_capacity()),
            Row(title="Machines", panels=_machines(catalogue)),
            Row(title="Namespaces", panels=_namespaces()),
            Row(title="Control plane", panels=_control()),
        ),
        variables=(variables.DATASOURCE, cluster, namespace, node, instance),
        annotations=shop_series.drawn(catalogue),
        tags=(TAG, "kubernetes"),
    )


def _broken() -> tuple[Panel, ...]:
    ready = f'kube_node_status_condition{{{_CLUSTER},node=~"$node",condition="Ready",status="true"}}'
    waiting = f'kube_pod_container_status_waiting_reason{{{_PODS},reason="CrashLoopBackOff"}}'
    pods = f'kube_pod_status_phase{{{_PODS},phase="%s"}}'
    return (
        number(
            "Nodes not ready",
            "short",
            "Nodes on which nothing new starts, and whose pods are moved away. Look at its conditions: kubectl"
            " describe node.",
            f"count({ready} == 0) or vector(0)",
            _ANY_BAD,
        ),
        number(
            "Pods pending",
            "short",
            "Pods without a node. For more than some minutes: no node has room, or none fits what they ask for; kubectl"
            " describe pod says which.",
            f"sum({pods % 'Pending'}) or vector(0)",
            _ANY_ODD,
        ),
        number(
            "Pods failed",
            "short",
            "Pods that have ended badly, jobs most often. Read the log of the last one before deleting them.",
            f"sum({pods % 'Failed'}) or vector(0)",
            _ANY_ODD,
        ),
        number(
            "Crash-looping",
            "short",
            "Containers that end again and again. kubectl logs --previous says why; after a deploy: roll back.",
            f"sum({waiting}) or vector(0)",
            _ANY_BAD,
        ),
        number(
            "Replicas missing",
            "short",
            "Replicas that deployments want and do not have. During a deploy for a moment; for long: see pods pending"
            " and crash-looping.",
            f"sum(kube_deployment_status_replicas_unavailable{{{_PODS}}}) or vector(0)",
            _ANY_ODD,
        ),
        number(
            "Nodes",
            "short",
            "Nodes of the chosen clusters. Fewer than there were, and pods pending: the autoscaler, or the cloud's"
            " limits.",
            f'count(kube_node_status_condition{{{_CLUSTER},node=~"$node",condition="Ready",status="true"}})',
        ),
    )


def _capacity() -> tuple[Panel, ...]:
    return tuple(
        panel
        for resource, words, unit in (("cpu", "CPU", "suffix: cores"), ("memory", "Memory", "bytes"))
        for panel in (_commitment(resource, words), _used(resource, words, unit))
    )


def _allocatable(resource: str) -> str:
    return f'sum by (cluster) (kube_node_status_allocatable{{{_CLUSTER},resource="{resource}"}})'


def _commitment(resource: str, words: str) -> Panel:
    asked = f'sum by (cluster) (kube_pod_container_resource_%s{{{_CLUSTER},resource="{resource}"}})'
    return lines(
        f"{words}: requests and limits of what there is",
        "percentunit",
        "Share of the allocatable that pods have asked for. Requests near 100 %: nothing more can be placed, add nodes."
        " Limits far above: if all use what they may, some are throttled or killed.",
        (f"{asked % 'requests'} / {_allocatable(resource)}", "requests {{cluster}}"),
        (f"{asked % 'limits'} / {_allocatable(resource)}", "limits {{cluster}}"),
    )


def _used(resource: str, words: str, unit: str) -> Panel:
    used = {
        "cpu": f'sum by (cluster) (rate(container_cpu_usage_seconds_total{{{_CLUSTER},container!=""}}[5m]))',
        "memory": f'sum by (cluster) (container_memory_working_set_bytes{{{_CLUSTER},container!=""}})',
    }
    return lines(
        f"{words}: used of what there is",
        unit,
        "What containers use, and what nodes have for them. Used far below requested: requests are too high, and nodes"
        " are paid for nothing.",
        (used[resource], "used {{cluster}}"),
        (_allocatable(resource), "allocatable {{cluster}}"),
    )


def _machines(catalogue: Catalogue) -> tuple[Panel, ...]:
    busy = f'rate(node_cpu_seconds_total{{{_NODES},mode!~"idle|iowait|steal"}}[5m])'
    memory = f"node_memory_MemAvailable_bytes{{{_NODES}}} / {_FULL}{{{_NODES}}}"

    def network(way: str) -> str:
        chosen = f'{_NODES},device!~"lo|veth.*|cali.*|eni.*"'
        return f"sum by (instance) (rate(node_network_{way}_bytes_total{{{chosen}}}{RATE}))"

    return (
        lines(
            "CPU",
            "percentunit",
            "Share of a machine's CPU that is busy; waiting for disks does not count. At the line: which namespace"
            " uses it, see below.",
            (f"max by (cluster, instance) (sum without (mode) (avg without (cpu) ({busy})))", "{{instance}}"),
            bounds=alert_panels.bounds(catalogue, "HighCPU"),
            highest=1,
        ),
        lines(
            "Memory",
            "percentunit",
            "Share of a machine's memory that is not available. Near 100 % the kernel kills: find the pod that grew.",
            (f"max by (cluster, instance) (1 - {memory})", "{{instance}}"),
            bounds=alert_panels.bounds(catalogue, "HighMemory"),
            highest=1,
        ),
        lines(
            "Network",
            "Bps",
            "Bytes a second in and out, without what stays on the machine. A flat top is the limit of the machine's"
            " kind.",
            (network("receive"), "in {{instance}}"),
            (network("transmit"), "out {{instance}}"),
        ),
    )


def _namespaces() -> tuple[Panel, ...]:
    return (
        lines(
            "CPU by namespace",
            "suffix: cores",
            "Cores in use. A namespace that grows without more traffic: a deploy, or a loop.",
            (
                f'sum by (namespace) (rate(container_cpu_usage_seconds_total{{{_PODS},container!=""}}[5m]))',
                "{{namespace}}",
            ),
        ),
        lines(
            "Memory by namespace",
            "bytes",
            "Memory in use. A line that only rises is a leak: it ends in a restart by the kernel.",
            (f'sum by (namespace) (container_memory_working_set_bytes{{{_PODS},container!=""}})', "{{namespace}}"),
        ),
        lines(
            "Restarts by namespace",
            "suffix: /h",
            "Restarts an hour. Any that repeat: kubectl logs --previous, and the reason of the last end.",
            (
                f"3600 * sum by (namespace) (rate(kube_pod_container_status_restarts_total{{{_PODS}}}[5m]))",
                "{{namespace}}",
            ),
        ),
    )


def _control() -> tuple[Panel, ...]:
    total = f"sum by (cluster) (rate(apiserver_request_total{{{_CLUSTER}}}[5m]))"
    bad = f'sum by (cluster) (rate(apiserver_request_total{{{_CLUSTER},code=~"5.."}}[5m]))'
    slow = (
        f'sum by (verb, le) (rate(apiserver_request_duration_seconds_bucket{{{_CLUSTER},verb!~"WATCH|CONNECT"}}[5m]))'
    )
    return (
        lines(
            "Requests to the API",
            "reqps",
            "Requests a second. A multiple of what is usual: a controller or a client that asks in a loop.",
            (f"sum by (cluster, verb) (rate(apiserver_request_total{{{_CLUSTER}}}[5m]))", "{{cluster}} {{verb}}"),
        ),
        lines(
            "Errors of the API",
            "percentunit",
            "Share of 5xx. Any that last: deploys and scaling fail; what runs goes on. Tell the cloud.",
            (f"({bad} or 0 * {total}) / ({total} > 0)", "{{cluster}}"),
        ),
        lines(
            "p99 of the API",
            "s",
            "99 % of the requests are answered within this time. Above a second: etcd, or webhooks that are slow.",
            (f"histogram_quantile(0.99, {slow})", "{{verb}}"),
        ),
    )
