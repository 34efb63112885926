"""Wraps each dashboard into the ConfigMap that Grafana's sidecar in a cluster looks for, by its label."""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import PurePosixPath

from slo.artifact import FOLDERS, KUBERNETES, Artifact, header

FOLDER = f"{FOLDERS[KUBERNETES]}/grafana"
LABELS = {"grafana_dashboard": "1", "app.kubernetes.io/part-of": "tillwatch"}
ANNOTATIONS = {"grafana_folder": "Tillwatch"}
"""The sidecar's own name for the folder that a dashboard is shown in."""
MOST_BYTES = 256 * 1024
"""What `kubectl apply` writes into one annotation; a larger one needs --server-side.

Source: https://kubernetes.io/docs/reference/using-api/server-side-apply/
"""


def wrapped(dashboard: Artifact, sources: str) -> Artifact:
    """The ConfigMap of *dashboard*, without a namespace: whoever applies it says where.

    Args:    sources: what the dashboard was generated from, in a few words.
    """
    file = PurePosixPath(dashboard.path)
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
            *(f"    {line}" for line in _printable(dashboard.text).splitlines()),
            "",
        )
    )
    return Artifact(f"{FOLDER}/{file.stem}.yaml", text)


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
