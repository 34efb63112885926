"""The dashboards of the shop, and those of a stranger's specs, as models and as the files that Grafana reads."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from dashboards import index
from dashboards.model import Dashboard
from slo.catalogue import Catalogue
from slo.load import load

ROOT = Path(__file__).parents[2]
STRANGERS = """\
version: prometheus/v1
service: myservice
labels: {owner: myteam, cluster: west}
slos:
  - name: requests-availability
    objective: 99.9
    sli:
      events:
        error_query: sum(rate(http_request_duration_seconds_count{job="myservice",code=~"(5..|429)"}[{{.window}}]))
        total_query: sum(rate(http_request_duration_seconds_count{job="myservice"}[{{.window}}]))
    alerting:
      name: MyServiceHighErrorRate
"""


@pytest.fixture(scope="session")
def catalogue() -> Catalogue:
    """The shop's: specs, alerts and routing."""
    return load([str(ROOT / "slo/specs")], str(ROOT / "alerts/routing.yaml"), str(ROOT / "alerts/specs"), plugins=False)


@pytest.fixture(scope="session")
def strangers(tmp_path_factory: pytest.TempPathFactory) -> Catalogue:
    """Of somebody who has one sloth spec, and nothing of ours."""
    folder = tmp_path_factory.mktemp("specs")
    (folder / "myservice.yml").write_text(STRANGERS, encoding="utf-8")
    return load([str(folder)], None, None, plugins=False)


@pytest.fixture(scope="session")
def dashboards(catalogue: Catalogue) -> dict[str, Dashboard]:
    """Each dashboard of the shop, by its uid."""
    return {each.uid: each for each in index.dashboards(catalogue)}


@pytest.fixture(scope="session")
def files(catalogue: Catalogue, strangers: Catalogue) -> dict[str, str]:
    """The text of each file, of the shop and (with `strangers/` before it) of the stranger, by its name."""
    shops = {artifact.path: artifact.text for artifact in index.build(catalogue)}
    return shops | {f"strangers/{artifact.path}": artifact.text for artifact in index.build(strangers)}


@pytest.fixture(scope="session")
def documents(files: dict[str, str]) -> dict[str, dict[str, Any]]:
    """Each file as Grafana reads it."""
    return {name: json.loads(text) for name, text in files.items()}
