"""The committed output is what the specs say, and the real tools accept it."""

from __future__ import annotations

import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tools.install import find

ROOT = Path(__file__).resolve().parents[2]
GENERATED = ROOT / "generated"


def _run(*command: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([str(part) for part in command], capture_output=True, text=True, check=False, cwd=ROOT)


def _tool(name: str) -> Path:
    binary = find(name)
    assert binary is not None, f"{name} is missing; run make setup test-tools"
    return binary


def test_generated_is_what_the_specs_say() -> None:
    """A build of the committed specs changes nothing."""
    done = _run(sys.executable, "generate.py", "check")
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("promtool", ["promtool", "promtool3"])
def test_prometheus_takes_the_rules(promtool: str) -> None:
    """Prometheus 2 and 3 read every rule file, with every lint being fatal."""
    rules = sorted(GENERATED.glob("prometheus/rules/*.yaml"))
    done = _run(_tool(promtool), "check", "rules", "--lint=all", "--lint-fatal", *rules)
    assert done.returncode == 0, done.stdout + done.stderr


def _one_of_each_kind(files: list[Path]) -> list[Path]:
    """The first of the pages' tests, of the tickets', of the threshold alerts' and so on."""
    kinds: dict[str, Path] = {}
    for path in files:
        kinds.setdefault("alerts" if path.name.startswith("alerts-") else path.name.partition(".")[2], path)
    assert {"page.yaml", "ticket.yaml", "kpi.yaml", "dependencies.yaml", "alerts"} <= set(kinds)
    return [*kinds.values()]


@pytest.mark.parametrize(
    ("promtool", "every"),
    [
        pytest.param("promtool", True, id="Prometheus 2, all of them"),
        pytest.param("promtool3", False, id="Prometheus 3, the smallest of each kind"),
        pytest.param("promtool3", True, id="Prometheus 3, all of them", marks=pytest.mark.full),
    ],
)
def test_generated_unit_tests_pass(promtool: str, every: bool) -> None:
    """Every generated test passes on Prometheus 2 and 3."""
    binary = _tool(promtool)
    files = sorted(GENERATED.glob("prometheus/tests/*.yaml"), key=lambda path: path.stat().st_size)
    assert len(files) >= 2
    if not every:
        files = _one_of_each_kind(files)
    with ThreadPoolExecutor(2) as two_cores:
        runs = list(two_cores.map(lambda path: _run(binary, "test", "rules", path), reversed(files)))
    assert not [run.stdout + run.stderr for run in runs if run.returncode]


def test_alertmanager_takes_the_routes() -> None:
    """amtool finds nothing wrong with the configuration."""
    done = _run(_tool("amtool"), "check-config", GENERATED / "alertmanager" / "alertmanager.yaml")
    assert done.returncode == 0, done.stdout + done.stderr


def test_readme_spec_builds(tmp_path: Path) -> None:
    """The ten lines of the README are a spec, and come out as the files and rules that it names."""
    readme = (ROOT / "README.md").read_text()
    spec = re.search(r"```yaml\n(.*?)```", readme, re.DOTALL)
    assert spec is not None
    (tmp_path / "catalog.yaml").write_text(spec[1])
    done = _run(sys.executable, "generate.py", "--specs", tmp_path / "catalog.yaml", "--out", tmp_path / "out")
    assert done.returncode == 0, done.stderr
    rules = (tmp_path / "out/prometheus/rules/catalog.yaml").read_text()
    counted = re.search(r"(\d+) rules under", readme)
    assert counted is not None
    assert len(re.findall(r"- (?:record|alert):", rules)) == int(counted[1])
    for name in ("page", "ticket"):
        assert (tmp_path / f"out/prometheus/tests/catalog.{name}.yaml").exists()
