"""alerts/README.md: what it shows to be copied is taken as it stands."""

import re
import subprocess
from pathlib import Path

import pytest
import yaml

from alerts import rule_files
from slo.load import load
from tests.slo.answers import BOTH_PROMTOOLS, document, slo
from tools.install import find

README = Path(__file__).resolve().parents[2] / "alerts" / "README.md"


def _blocks() -> list[str]:
    return re.findall(r"```yaml\n(.*?)```", README.read_text(encoding="utf-8"), re.DOTALL)


@pytest.mark.parametrize("promtool", BOTH_PROMTOOLS)
def test_its_alert_passes_its_own_cases(promtool: str, tmp_path: Path) -> None:
    """On Prometheus 2 and 3, with the rules that it makes."""
    (tmp_path / "specs").mkdir()
    (tmp_path / "specs" / "orders.yaml").write_text(document(slo(), service="orders"))
    (tmp_path / "alerts.yaml").write_text(_blocks()[0])
    catalogue = load([str(tmp_path / "specs")], None, str(tmp_path / "alerts.yaml"))
    written = []
    for made in rule_files.build(catalogue, rule_files.BOTH | {"tests"}):
        path = tmp_path / made.path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(made.text)
        written.append(path)
    (tests,) = [path for path in written if path.parent.name == "tests" and path.name.startswith("alerts-")]
    done = subprocess.run(
        [str(find(promtool)), "test", "rules", str(tests)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_its_kpi_and_its_team_load(tmp_path: Path) -> None:
    """Each where the text says that it belongs."""
    _, kpi, team = _blocks()
    hours = "hours: {office: {time_zone: Europe/Berlin, weekdays: [monday:friday], times: ['09:00-17:00']}}\n"
    (tmp_path / "specs").mkdir()
    (tmp_path / "specs" / "orders.yaml").write_text(
        document(slo(), service="orders", head=f"team: payments\nkpis:\n{kpi}")
    )
    (tmp_path / "routing.yaml").write_text(f"{hours}teams:\n{team}")
    catalogue = load([str(tmp_path / "specs")], str(tmp_path / "routing.yaml"))
    assert [spec.kpis[0].alert.name for spec in catalogue.specs] == ["OrdersPerMinute"]
    assert [(each.name, each.hours, each.slack) for each in catalogue.teams] == [("payments", "office", "#payments")]


def test_its_table_of_keys_is_whole() -> None:
    """Every key of an alert is explained, or shown in the example."""
    from slo.threshold_spec import ThresholdShape

    text = README.read_text(encoding="utf-8")
    shown = {*yaml.safe_load(_blocks()[0])["alerts"][0]} | set(re.findall(r"`(\w+)`", text))
    assert set(ThresholdShape.model_fields) - shown == set()
