"""Writes a dashboard as the file that Grafana is provisioned with."""

from __future__ import annotations

import json

from dashboards import finish, layout, panels
from dashboards.model import Dashboard
from slo.artifact import DASHBOARDS, FOLDERS, MARK, Artifact

FOLDER = FOLDERS[DASHBOARDS]


def artifact(dashboard: Dashboard, sources: str) -> Artifact:
    """*dashboard* as a file named after its uid. *sources*: what it was generated from."""
    document = finish.dashboard(panels.draw(dashboard, layout.place(dashboard.rows)))
    description = f"{document.pop('description')} Generated from {sources} {MARK}"
    # The mark of a generated file stands in its first line, whatever the format.
    rest = json.dumps(document, indent=1, ensure_ascii=False)
    return Artifact(f"{FOLDER}/{dashboard.uid}.json", f'{{"description": {json.dumps(description)},{rest[1:]}\n')
