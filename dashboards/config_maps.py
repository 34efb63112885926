"""Wraps each dashboard into the ConfigMap that Grafana's sidecar in a cluster looks for, by its label."""

from __future__ import annotations

import hashlib
import json
import re
import warnings
from pathlib import PurePosixPath

from slo.artifact import FOLDERS, KUBERNETES, Artifact, header
from slo.errors import OutputError

FOLDER = f"{FOLDERS[KUBERNETES]}/grafana"
LABELS = {"grafana_dashboard": "1", "app.kubernetes.io/part-of": "tillwatch"}
ANNOTATIONS = {"grafana_folder": "Tillwatch"}
"""The sidecar's own name for the folder that a dashboard is shown in."""
MOST_BYTES = 256 * 1024
"""What `kubectl apply` writes into one annotation; a larger one needs --server-side.

Source: https://kubernetes.io/docs/reference/using-api/server-side-apply/
"""
MOST_STORED_BYTES = 2**20
"""What a ConfigMap may hold at all. Source: https://kubernetes.io/docs/concepts/configuration/configmap/"""
_BESIDE_BYTES = 1024
"""For names, labels and annotations, which stand beside the dashboard."""


class LargeConfigMap(UserWarning):
    """A ConfigMap that `kubectl apply` takes only as --server-side."""


def wrapped(dashboard: Artifact, sources: str) -> Artifact:
    """The ConfigMap of *dashboard*, without a namespace: whoever applies it says where.

    A dashboard that `kubectl apply` would refuse is written without blanks; what is too large even so is told.

    Args:    sources: what the dashboard was generated from, in a few words.
    Raises:  OutputError: no ConfigMap can hold it.
    """
    file = PurePosixPath(dashboard.path)
    path = f"{FOLDER}/{file.stem}.yaml"
    inside = _printable(dashboard.text)
    if _annotated_bytes(inside) > MOST_BYTES:
        inside = json.dumps(json.loads(inside), separators=(",", ":"), ensure_ascii=True) + "\n"
        _tell_of_size(path, inside)
    text = header(sources) + "\n".join(
        (
            "apiVersion: v1",
            "kind: ConfigMap",
            "metadata:",
            f"  name: {_name(file.stem)}",
            "  labels:",
            *_quoted(LABELS),
            "  annotations:",
            *_quoted(ANNOTATIONS),
            "data:",
            f"  {json.dumps(file.name)}: |",
            *(f"    {line}" for line in inside.splitlines()),
            "",
        )
    )
    return Artifact(path, text)


def _annotated_bytes(text: str) -> int:
    """Size of what `kubectl apply` notes of a ConfigMap with *text*: it is JSON, with <, > and & as six signs each."""
    return len(json.dumps(text)) + 5 * sum(text.count(sign) for sign in "<>&") + _BESIDE_BYTES


def _tell_of_size(path: str, text: str) -> None:
    if len(text) + _BESIDE_BYTES > MOST_STORED_BYTES:
        raise OutputError(
            f"{path}: {len(text) // 1024} KiB, and a ConfigMap holds {MOST_STORED_BYTES // 1024} KiB: build the"
            " specs in parts, or leave `kubernetes` out of --only and import the file of `dashboards`"
        )
    if (size := _annotated_bytes(text)) > MOST_BYTES:
        told = (
            f"{size // 1024} KiB, and `kubectl apply` takes {MOST_BYTES // 1024} KiB: use it with --server-side,"
            " or build the specs in parts"
        )
        warnings.warn_explicit(told, LargeConfigMap, path, 1)


def _name(uid: str) -> str:
    """A name that Kubernetes takes, another for every uid: it knows small letters, digits and - alone."""
    fit = re.sub(r"[^a-z0-9-]", "-", uid.lower()).strip("-")
    told_apart = "" if fit == uid else f"-{hashlib.sha256(uid.encode()).hexdigest()[:8]}"
    return f"dashboard-{fit}{told_apart}"


def _quoted(pairs: dict[str, str]) -> list[str]:
    """Of a mapping of words, each in JSON's quotes, which are YAML's too."""
    return [f"    {json.dumps(name)}: {json.dumps(value)}" for name, value in pairs.items()]


def _printable(text: str) -> str:
    """JSON in which every sign that YAML takes for a line's end, or not at all, is escaped; Grafana reads the same."""
    if text.isascii() and "\x7f" not in text:
        return text
    return "".join(sign if sign == "\n" or sign.isprintable() else json.dumps(sign)[1:-1] for sign in text)
