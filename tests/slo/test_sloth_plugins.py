"""Plugins of the real sloth: the user's own SLI plugins, and chains of SLO plugins, from specs to rules."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from slo.errors import EngineError, SpecErrors
from slo.load import load
from slo.rule import Alert, Group, Record
from slo.sloth_engine import Sloth
from tests.slo.answers import catalogue, document, slo, sloth

ROOT = Path(__file__).resolve().parents[2]
PLUGIN = """
      plugin:
        id: tests/share
        options: {job: till, share: "0.5"}"""
PLUGIN_SOURCE = """
package share

import (
	"context"
	"fmt"
)

const (
	SLIPluginVersion = "prometheus/v1"
	SLIPluginID      = "tests/share"
)

func SLIPlugin(ctx context.Context, meta, labels, options map[string]string) (string, error) {
	if options["share"] == "" {
		return "", fmt.Errorf("share is missing")
	}
	return fmt.Sprintf(`%s * rate(errors_total{job="%s"}[{{.window}}])`, options["share"], options["job"]), nil
}
"""


def _plugins(folder: Path) -> Path:
    (folder / "plugins").mkdir()
    (folder / "plugins" / "plugin.go").write_text(PLUGIN_SOURCE)
    return folder / "plugins"


def _groups(text: str, folder: Path, engine: Sloth | None = None) -> list[tuple[Group, ...]]:
    return [*(engine or sloth()).rules(catalogue(text, folder))]


def _rules(groups: tuple[Group, ...]) -> list[Record | Alert]:
    return [rule for group in groups for rule in group.rules]


def test_an_sli_plugin_is_run(tmp_path):
    """The query that a plugin of the user's writes comes out as records."""
    engine = Sloth(binary=sloth().binary, plugins=_plugins(tmp_path))
    (groups,) = _groups(document(slo(sli=PLUGIN)), tmp_path, engine)
    assert (
        'rate(errors_total{job="till"}[1h])' in {r.name: r.expr for r in _rules(groups)}["slo:sli_error:ratio_rate1h"]
    )


def test_slo_plugins_are_passed_through_with_their_types(tmp_path):
    """Chains of the service and of the SLO both run, in their order; an interval and a new alert are read back."""
    intervals = (
        "slo_plugins: {chain: [{id: sloth.dev/contrib/rule_intervals/v1, config: {interval: {default: 1m30s}}}]}\n"
    )
    exhausted = """    plugins:
      chain:
        - id: sloth.dev/contrib/error_budget_exhausted_alert/v1
          priority: 50
          config: {threshold: 0.25, for: 2h, alert_name: Spent}
"""
    (groups,) = _groups(document(slo(more=exhausted), head=intervals), tmp_path)
    assert {group.interval_seconds for group in groups} == {90}
    (spent,) = [rule for rule in _rules(groups) if rule.name == "Spent"]
    assert (spent.for_seconds, spent.expr.endswith("<= 0.25")) == (7200, True)


def test_the_native_engine_names_the_flag_for_each_plugin(tmp_path):
    """Chains of plugins and SLI plugins are faults with a place, and the message says what runs them."""
    chain = "{chain: [{id: sloth.dev/core/debug/v1}]}"
    text = document(slo(sli=PLUGIN, more=f"    plugins: {chain}\n"), head=f"slo_plugins: {chain}\n")
    (tmp_path / "spec.yaml").write_text(text)
    with pytest.raises(SpecErrors) as raised:
        load([str(tmp_path / "spec.yaml")])
    assert [fault.where for fault in raised.value.faults] == ["slo_plugins", "slos[0].plugins", "slos[0].sli.plugin"]
    assert all("--engine sloth" in fault.message for fault in raised.value.faults)


def test_a_plugin_that_fails_names_its_slo(tmp_path):
    """What a plugin says of its options is passed on."""
    engine = Sloth(binary=sloth().binary, plugins=_plugins(tmp_path))
    text = document(slo("one"), slo("two", PLUGIN.replace(', share: "0.5"', "")))
    with pytest.raises(EngineError, match=r"shop-two: sloth refuses it: .*share is missing"):
        _groups(text, tmp_path, engine)


# --- the command -------------------------------------------------------------------------------------------------


def _generate(folder: Path, *options: str, **environment: str) -> subprocess.CompletedProcess[str]:
    (folder / "spec.yaml").write_text(document(slo(sli=PLUGIN)))
    command = [sys.executable, "generate.py", "build", f"--specs={folder / 'spec.yaml'}", f"--out={folder / 'out'}"]
    command += ["--engine=sloth", *options]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, env=os.environ | environment)


def test_the_command_builds_with_the_users_plugins(tmp_path):
    """One flag away, and a folder of plugins beside it."""
    done = _generate(tmp_path, f"--sloth-plugins={_plugins(tmp_path)}")
    assert done.returncode == 0, done.stderr
    assert "rate(errors_total" in (tmp_path / "out/prometheus/rules/spec.yaml").read_text()


def test_without_sloth_the_command_says_what_installs_it(tmp_path):
    """And writes nothing."""
    done = _generate(tmp_path, PATH=str(tmp_path), TILLWATCH_CACHE=str(tmp_path / "cache"))
    assert done.returncode == 1
    assert "tools/install.py install sloth" in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "out").exists()
