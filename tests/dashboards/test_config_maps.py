"""Dashboards as ConfigMaps: what Grafana's sidecar finds, whole and small enough."""

from __future__ import annotations

import json
import warnings
from dataclasses import replace

import pytest
import yaml

from dashboards import business, index, render
from dashboards.config_maps import FOLDER, MOST_BYTES, LargeConfigMap, wrapped
from slo.artifact import Artifact
from slo.catalogue import Catalogue
from slo.errors import OutputError


def test_each_holds_its_dashboard(catalogue: Catalogue) -> None:
    """As the file of it is, under the sidecar's label, and below what `kubectl apply` can annotate."""
    names = set()
    every = tuple(index.build(catalogue))
    for drawn in every:
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
    assert len(names) == len(every) > 10


def of_kpis(catalogue: Catalogue, number: int) -> Artifact:
    """Business Metrics of so many KPIs."""
    spec = catalogue.specs[0]
    kpis = tuple(replace(spec.kpis[0], name=f"kpi-{place}", title=f"KPI {place}") for place in range(number))
    file = replace(catalogue.files[0], specs=(replace(spec, kpis=kpis),))
    return render.artifact(business.build(replace(catalogue, files=(file,))), "specs")


def test_a_large_one_loses_its_blanks_and_nothing_else(catalogue: Catalogue) -> None:
    """A hundred KPIs are still applied as ever, without a word."""
    drawn = of_kpis(catalogue, 100)
    assert len(json.dumps(drawn.text)) > MOST_BYTES
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        document = yaml.safe_load(wrapped(drawn, "specs").text)
    (text,) = document["data"].values()
    assert json.loads(text) == json.loads(drawn.text)
    # As Go writes it into the annotation.
    annotation = json.dumps(document)
    assert len(annotation) + 5 * sum(annotation.count(sign) for sign in "<>&") < MOST_BYTES


def test_one_that_must_be_applied_otherwise_says_so(catalogue: Catalogue) -> None:
    """With the file, and what to do."""
    with pytest.warns(LargeConfigMap, match=r"KiB, and `kubectl apply` takes 256 KiB: use .*--server-side") as told:
        wrapped(of_kpis(catalogue, 300), "specs")
    assert [each.filename for each in told] == [f"{FOLDER}/tw-business.yaml"]


def test_one_that_kubernetes_cannot_hold_is_refused(catalogue: Catalogue) -> None:
    """A file that nobody can apply would be found out in the cluster."""
    with pytest.raises(OutputError, match=r"tw-business.yaml: \d+ KiB, and a ConfigMap holds 1024 KiB: .*--only"):
        wrapped(of_kpis(catalogue, 900), "specs")


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
