"""Dashboards as ConfigMaps: what Grafana's sidecar finds, whole and small enough."""

from __future__ import annotations

import json

import pytest
import yaml

from dashboards import index
from dashboards.config_maps import FOLDER, MOST_BYTES, wrapped
from slo.artifact import Artifact
from slo.catalogue import Catalogue


def test_each_holds_its_dashboard(catalogue: Catalogue) -> None:
    """As the file of it is, under the sidecar's label, and below what `kubectl apply` can annotate."""
    names = set()
    for drawn in index.build(catalogue):
        made = wrapped(drawn, "specs")
        document = yaml.safe_load(made.text)
        (data,) = document["data"].items()
        assert data == (drawn.path.rpartition("/")[2], drawn.text)
        assert (document["apiVersion"], document["kind"]) == ("v1", "ConfigMap")
        assert document["metadata"]["labels"]["grafana_dashboard"] == "1"
        assert made.path == f"{FOLDER}/{json.loads(drawn.text)['uid']}.yaml"
        assert len(made.text.encode()) < MOST_BYTES
        assert len(json.dumps(document)) < MOST_BYTES
        names.add(document["metadata"]["name"])
    assert len(names) == 15


@pytest.mark.parametrize("sign", ["\u2028", "\u0085", "\ufeff", "é", "→", "😀", "\x7f"])
def test_any_sign_of_a_spec_comes_through(sign: str) -> None:
    """YAML takes some for the end of a line, and refuses others."""
    drawn = Artifact("grafana/tw-x.json", json.dumps({"title": f"a{sign}b"}, ensure_ascii=False) + "\n")
    text = yaml.safe_load(wrapped(drawn, "specs").text)["data"]["tw-x.json"]
    assert json.loads(text) == {"title": f"a{sign}b"}


def test_names_are_kubernetes_own_and_tell_dashboards_apart() -> None:
    """Services may be called by large letters and with _ and ."""
    uids = ("tw-service-a-b", "tw-service-a_b", "tw-service-A-b", "tw-service-a.b")
    names = [
        yaml.safe_load(wrapped(Artifact(f"grafana/{uid}.json", "{}\n"), "s").text)["metadata"]["name"] for uid in uids
    ]
    assert names[0] == "dashboard-tw-service-a-b"
    assert len(set(names)) == len(uids)
    assert all(name.replace("-", "").isalnum() and name == name.lower() for name in names)
