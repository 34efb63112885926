"""The synthetic shoppers on Kubernetes and as an image: no root, what they need, and arguments that are taken."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
import yaml
from click.testing import CliRunner

from synthetics.__main__ import main
from tests.synthetics.runs import SIGNED

ROOT = Path(__file__).parents[2]
BASE = ROOT / "k8s/base/synthetics"
DOCKERFILE = ROOT / "synthetics/Dockerfile"
HADOLINT = Path(sys.executable).with_name("hadolint")


def documents() -> Iterator[dict[str, Any]]:
    """Every object of both folders."""
    for path in sorted(BASE.rglob("*.yaml")):
        yield from yaml.safe_load_all(path.read_text(encoding="utf-8"))


WORKLOADS = {each["metadata"]["name"]: each for each in documents() if each["kind"] in ("Deployment", "Job")}


def pod(workload: dict[str, Any]) -> dict[str, Any]:
    """What its pods are made of."""
    found: dict[str, Any] = workload["spec"]["template"]["spec"]
    return found


def container(workload: dict[str, Any]) -> dict[str, Any]:
    """The only one there is."""
    (found,) = pod(workload)["containers"]
    return dict(found)


def test_there_are_probes_a_master_and_workers() -> None:
    """And nothing else runs."""
    assert set(WORKLOADS) == {"synthetics-probe", "load-master", "load-workers"}


@pytest.mark.parametrize("folder", [BASE, BASE / "load"], ids=["probes", "load"])
def test_every_file_is_in_its_kustomization(folder: Path) -> None:
    """A manifest that nobody applies protects nobody."""
    listed = yaml.safe_load((folder / "kustomization.yaml").read_text())["resources"]
    assert sorted(listed) == sorted(path.name for path in folder.glob("*.yaml") if path.name != "kustomization.yaml")


@pytest.mark.parametrize("name", list(WORKLOADS))
def test_a_pod_may_do_next_to_nothing(name: str) -> None:
    """The restricted profile of Kubernetes, and a file system that is read alone."""
    spec, found = pod(WORKLOADS[name]), container(WORKLOADS[name])
    context, own = spec["securityContext"], found["securityContext"]
    assert (context["runAsNonRoot"], context["runAsUser"]) == (True, 10001)
    assert context["seccompProfile"] == {"type": "RuntimeDefault"}
    assert own == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert spec["automountServiceAccountToken"] is False
    assert {"cpu", "memory"} <= set(found["resources"]["requests"])
    assert "memory" in found["resources"]["limits"]


@pytest.mark.parametrize("name", list(WORKLOADS))
def test_the_keys_are_files_of_secrets_and_stand_nowhere(name: str) -> None:
    """The variables name the files; the probes' own key is of a Secret that no service has."""
    found = container(WORKLOADS[name])
    values = {each["name"]: each["value"] for each in found["env"]}
    mounts = {each["name"]: each for each in found["volumeMounts"]}
    volumes = {each["name"]: each for each in pod(WORKLOADS[name])["volumes"]}
    for key, volume in (("TRAFFIC_KEY", "traffic"), ("PROBE_KEY", "probe")):
        assert values[f"{key}_FILE"] == f"{mounts[volume]['mountPath']}/key"
        assert key not in values
        assert mounts[volume]["readOnly"] is True
        assert volumes[volume]["secret"]["items"] == [{"key": key, "path": "key"}]
    assert volumes["probe"]["secret"]["secretName"] == "probe-key"
    assert all("secret" in each or "emptyDir" in each for each in pod(WORKLOADS[name])["volumes"])


@pytest.mark.parametrize("name", list(WORKLOADS))
def test_its_arguments_are_taken(name: str) -> None:
    """By the command itself, which refuses what it does not know."""
    with (
        patch("synthetics.probe.run", return_value=0) as probe,
        patch("synthetics.run.run", return_value={"outcome": "passed"}) as load,
        patch("synthetics.commands_load.write"),
        patch("synthetics.commands_load.summary", return_value=""),
        patch("synthetics.child.run", return_value=0) as worker,
    ):
        result = CliRunner().invoke(main, container(WORKLOADS[name])["args"], env=SIGNED)
    assert result.exit_code == 0, result.output
    assert sum(each.called for each in (probe, load, worker)) == 1


def test_as_many_workers_come_as_the_master_expects() -> None:
    """One fewer, and it waits for ever; each is one pod of the job."""
    (expected,) = [
        each.partition("=")[2]
        for each in container(WORKLOADS["load-master"])["args"]
        if each.startswith("--expect-workers")
    ]
    spec = WORKLOADS["load-workers"]["spec"]
    assert spec["parallelism"] == spec["completions"] == int(expected)


def test_a_run_is_not_begun_again_by_itself() -> None:
    """A second one would be another run, and one that hangs is ended."""
    for name in ("load-master", "load-workers"):
        spec = WORKLOADS[name]["spec"]
        assert spec["backoffLimit"] == 0
        assert pod(WORKLOADS[name])["restartPolicy"] == "Never"
        assert spec["activeDeadlineSeconds"] > 0


def test_every_workload_has_a_network_policy() -> None:
    """For both directions."""
    covered = set()
    for policy in (each for each in documents() if each["kind"] == "NetworkPolicy"):
        assert policy["spec"]["policyTypes"] == ["Ingress", "Egress"]
        selector, label = policy["spec"]["podSelector"], "app.kubernetes.io/component"
        covered |= {selector.get("matchLabels", {}).get(label)}
        covered |= {value for each in selector.get("matchExpressions", ()) for value in each["values"]}
    components = {
        each["spec"]["template"]["metadata"]["labels"]["app.kubernetes.io/component"] for each in WORKLOADS.values()
    }
    assert components <= covered


def test_hadolint_finds_nothing_in_the_image() -> None:
    """None of its rules is broken or switched off."""
    run = subprocess.run([HADOLINT, "--no-color", DOCKERFILE], capture_output=True, text=True, check=False)
    assert (run.returncode, run.stdout) == (0, "")


def test_the_image_has_the_packages_that_its_code_imports() -> None:
    """Each is named in synthetics.in, and locked with its hash."""
    named = {line.partition(">")[0] for line in (ROOT / "requirements/synthetics.in").read_text().splitlines()}
    locked = (ROOT / "requirements/synthetics.txt").read_text()
    for package in ("click", "jinja2", "locust", "matplotlib", "prometheus-client", "psutil", "pyyaml"):
        assert package in named
        assert f"\n{package}==" in f"\n{locked}"
    assert "--require-hashes" in DOCKERFILE.read_text()
