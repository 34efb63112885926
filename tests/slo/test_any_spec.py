"""Whatever a spec holds: a build that Prometheus accepts, or faults that each have a line; nothing in between."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterable
from pathlib import Path

import pytest
from click.testing import CliRunner
from hypothesis import HealthCheck, Phase, event, given, settings
from hypothesis import strategies as st

import generate
from slo.catalogue import Catalogue
from slo.load import load
from slo.model import Events, RawRatio
from slo.query import Query
from tests.slo import strategies
from tools import install

BATCH = 10
"""promtool takes as long for ten files as for one."""


def _queries(catalogue: Catalogue) -> Iterable[Query]:
    for file in catalogue.files:
        for spec in file.specs:
            yield from (kpi.query for kpi in spec.kpis)
    for slo in catalogue.slos:
        if isinstance(slo.sli, Events):
            yield from (slo.sli.bad, slo.sli.total)
        elif isinstance(slo.sli, RawRatio):
            yield slo.sli.ratio


def _built(text: str, folder: Path) -> Path | None:
    """The rules that come out of *text*; None, and no file, where it has faults, each with a line."""
    path = folder / ("spec.json" if text.startswith("{") else "spec.yaml")
    path.write_bytes(text.encode(errors="surrogateescape"))
    done = CliRunner().invoke(generate.main, ["--json", "--specs", str(path), "--out", str(folder / "out")])
    assert done.exception is None or isinstance(done.exception, SystemExit), text
    answer = json.loads(done.stdout)
    if done.exit_code == 0:
        assert answer["slos"] > 0
        return folder / "out/prometheus/rules/spec.yaml"
    assert done.exit_code == 1
    assert answer["faults"]
    assert all(fault["line"] > 0 and fault["column"] > 0 and fault["message"] for fault in answer["faults"]), answer
    assert sorted(found.name for found in folder.iterdir()) == [path.name]
    return None


def _refused(name: str, rules: dict[Path, str]) -> list[str]:
    """What promtool says of the rule files that it does not take, and the specs that they come from."""
    promtool = install.find(name)
    assert promtool is not None
    said = []
    if (
        rules
        and subprocess.run(
            [promtool, "check", "rules", "--lint=none", *rules], capture_output=True, check=False
        ).returncode
    ):
        for path, text in rules.items():
            command = [promtool, "check", "rules", "--lint=none", path]
            checked = subprocess.run(command, capture_output=True, text=True, check=False, encoding="utf-8")
            said += [f"{text}\n{checked.stderr}"] if checked.returncode else []
    return said


@settings(
    max_examples=max(1, settings.default.max_examples // BATCH),
    phases=[Phase.reuse, Phase.generate],  # to shrink lists of specs takes minutes; the failing one is shown alone
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example],
)
@given(st.lists(strategies.specs(), min_size=BATCH, max_size=BATCH))
def test_any_spec(tmp_path_factory: pytest.TempPathFactory, texts: list[str]) -> None:
    """A generated or mutated spec is built so that promtool accepts it, or refused with a line for each fault."""
    old, new = dict[Path, str](), dict[Path, str]()
    for text in texts:
        folder = tmp_path_factory.mktemp("any")
        rules = _built(text, folder)
        event("built" if rules else "refused")
        if rules is not None:
            [path] = [found for found in folder.iterdir() if found.is_file()]
            newer = any(query.newer for query in _queries(load([str(path)])))
            (new if newer else old)[rules] = text
    assert _refused("promtool", old) == []
    assert _refused("promtool3", new) == []
