"""Which dashboards there are, and for whom."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

from dashboards import index, service
from dashboards.model import Dashboard
from slo import conventions as names
from slo.catalogue import Catalogue
from slo.model import Spec

ROOT = Path(__file__).parents[2]


def linked(catalogue: Catalogue) -> set[str]:
    """The uid of every dashboard that an alert links to."""
    found = {alert.dashboard for alert in catalogue.alerts} | {names.SLO_DASHBOARD}
    return found | {kpi.alert.dashboard for spec in catalogue.specs for kpi in spec.kpis if kpi.alert is not None}


def test_every_dashboard_that_may_be_linked_to_exists(dashboards: dict[str, Dashboard], catalogue: Catalogue) -> None:
    """All that conventions name, and each that an alert does link to."""
    assert set(names.DASHBOARDS) <= dashboards.keys()
    assert linked(catalogue) <= dashboards.keys()
    assert len(linked(catalogue)) >= 7


def test_each_service_has_a_page(dashboards: dict[str, Dashboard], catalogue: Catalogue) -> None:
    """Of its own, without a line of Python for it."""
    pages = {uid for uid in dashboards if uid.startswith("tw-service-")}
    assert pages == {service.uid(spec.service) for spec in catalogue.specs if spec.serves_http}


def test_whoever_gives_specs_alone_gets_their_slos(strangers: Catalogue) -> None:
    """Overview and detail; nothing that reads the shop's metrics."""
    assert [each.uid for each in index.dashboards(strangers)] == ["tw-slo-overview", "tw-slo-detail"]


def test_whoever_gives_kpis_gets_these_as_well(catalogue: Catalogue) -> None:
    """The shop's specs without its alerts: KPIs, and none of the shop's other numbers."""
    alone = replace(catalogue, alert_files=(), routing=None)
    found = {each.uid: each for each in index.dashboards(alone)}
    assert list(found) == ["tw-slo-overview", "tw-slo-detail", "tw-business"]
    asked = " ".join(query.expression for panel in found["tw-business"].panels for query in panel.queries)
    assert "kpi:value" in asked
    assert "shop_" not in asked


def test_what_answers_no_requests_has_no_page_about_them(catalogue: Catalogue) -> None:
    """The probes ask: rate, errors and duration of their answers would be empty panels."""
    assert [spec.service for spec in catalogue.specs if not spec.serves_http] == ["journeys"]
    assert "tw-service-journeys" not in {each.uid for each in index.dashboards(catalogue)}


def test_a_new_service_appears_by_itself(catalogue: Catalogue) -> None:
    """Its spec suffices for its page and its way from those that depend on it."""
    spec = Spec(service="gifts", team="orders", labels=(), depends_on=("orders",), slos=(), kpis=(), slo_plugins="")
    file = replace(catalogue.files[0], specs=(spec,))
    found = {each.uid: each for each in index.dashboards(replace(catalogue, files=(*catalogue.files, file)))}
    assert found["tw-service-gifts"].title == "Service: gifts"
    assert "/d/tw-service-orders" in {link.url for link in found["tw-service-gifts"].links}


def test_a_service_of_several_documents_has_one_page(catalogue: Catalogue) -> None:
    """With what all of them depend on: an address is there once."""
    spec = Spec(service="orders", team="orders", labels=(), depends_on=("users",), slos=(), kpis=(), slo_plugins="")
    file = replace(catalogue.files[0], specs=(spec,))
    found = list(index.dashboards(replace(catalogue, files=(*catalogue.files, file))))
    (page,) = [each for each in found if each.uid == "tw-service-orders"]
    assert {"/d/tw-service-users", "/d/tw-service-payments"} <= {link.url for link in page.links}


def test_what_an_alert_chooses_can_be_chosen(dashboards: dict[str, Dashboard], catalogue: Catalogue) -> None:
    """A variable that its dashboard does not have says nothing; some panels show all there is of it."""
    shown_at_once = {("ReconciliationStale", "service")}
    found = {
        (alert.name, name)
        for alert in catalogue.alerts
        for name, _ in alert.variables
        if name not in {each.name for each in dashboards[alert.dashboard].variables}
    }
    assert found <= shown_at_once


def test_a_build_without_dashboards_does_not_import_grafanalib() -> None:
    """It takes an eighth of a second, which a build of rules should not pay for."""
    code = "import sys, generate, dashboards.index; print('grafanalib' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


def test_the_command_writes_them_alone_when_asked(tmp_path: Path) -> None:
    """`--only dashboards`, from a stranger's folder."""
    from tests.dashboards.conftest import STRANGERS

    (tmp_path / "specs").mkdir()
    (tmp_path / "specs" / "a.yml").write_text(STRANGERS, encoding="utf-8")
    command = [
        sys.executable,
        "generate.py",
        "build",
        "--specs",
        str(tmp_path / "specs"),
        "--out",
        str(tmp_path / "out"),
    ]
    subprocess.run([*command, "--only", "dashboards"], cwd=ROOT, capture_output=True, check=True)
    written = {path.relative_to(tmp_path / "out").as_posix() for path in (tmp_path / "out").rglob("*.json")}
    assert written == {"grafana/tw-slo-overview.json", "grafana/tw-slo-detail.json"}
