"""Report and postmortem on a real Prometheus with a recorded past: gaps, a reset, no data, and a seeded part."""

import json
import re
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from budget.__main__ import main
from budget.errors import BudgetError
from budget.prometheus import Prometheus
from budget.time_range import spelt
from slo import conventions
from tests.budget import report_history as past
from tests.budget.conftest import free_port, running
from tests.budget.curves import SCRIPT

MINUTE = 60
ALLOWED = 86_400 * (1 - past.OBJECTIVE)  # bad events of a whole day at one a second


@dataclass(frozen=True)
class Server:
    """Where it is, and when its past ends."""

    url: str
    end: int
    home: Path

    def run(self, command: str, *arguments: str) -> Result:
        """The command on this server; the report until the end of its past."""
        given = ["--prometheus", self.url, "--specs", str(self.home / "specs.yaml"), *arguments]
        result = CliRunner().invoke(main, [command, *given])
        assert result.exit_code == 0, result.output
        return result


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A real Prometheus that holds the past."""
    home = tmp_path_factory.mktemp("past")
    end = int(time.time()) // 600 * 600
    past.lay(home, end)
    with running(home, free_port()) as url:
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            try:
                if Prometheus(url).rules():
                    break
            except BudgetError:
                pass
            time.sleep(0.1)
        yield Server(url, end, home)


@pytest.fixture(scope="module")
def slos(server: Server) -> Mapping[str, Any]:
    """The report's JSON, by service."""
    found = json.loads(server.run("report", "--to", str(server.end), "--json").stdout)
    return {each["service"]: each for each in found["slos"]}


def test_what_is_left_is_what_the_rules_record(server: Server, slos: Mapping[str, Any]) -> None:
    """Summed as they sum it: status, gate and report tell the same."""
    bad, total = (
        {
            sample.labels[conventions.SERVICE]: sample.value
            for sample in Prometheus(server.url).instant(f"120 * sum_over_time({name}[86399s:2m])", at=server.end)
        }
        for name in (conventions.bad_average("2m"), conventions.total_average("2m"))
    )
    assert len(total) == 4
    for service, events in total.items():
        left = 1 - bad[service] / (events * (1 - past.OBJECTIVE))
        assert slos[service]["budget_left"] == pytest.approx(left, abs=1e-9)


def test_incidents_are_found_with_their_times_and_shares(server: Server, slos: Mapping[str, Any]) -> None:
    """To the five minutes in which they began and ended; the rest is what small failures spent."""
    found = slos["broken"]
    dearest, other = found["incidents"]
    since, until, share = past.OUTAGE
    assert (dearest["from"], dearest["to"]) == (spelt(server.end - since * MINUTE), spelt(server.end - until * MINUTE))
    assert dearest["budget_spent"] == pytest.approx((since - until) * MINUTE * share / ALLOWED, rel=0.02)
    assert other["from"] == spelt(server.end - 90 * MINUTE)
    spent = sum(each["budget_spent"] for each in found["incidents"]) + found["spent_beside"]
    assert spent == pytest.approx(1 - found["budget_left"])
    assert found["spent_beside"] == pytest.approx(0.2, rel=0.05)
    assert (found["verdict"], slos["kept"]["verdict"]) == ("kept", "kept")


def test_an_incident_names_its_alerts_with_their_runbook(slos: Mapping[str, Any]) -> None:
    """The page and the ticket of its own SLO; the other one had none."""
    dearest, other = slos["broken"]["incidents"]
    assert [(each["severity"], each["runbook"]) for each in dearest["alerts"]] == [
        ("page", past.RUNBOOK),
        ("ticket", past.RUNBOOK),
    ]
    assert other["alerts"] == []


def test_a_gap_is_told_and_counts_for_nothing(server: Server, slos: Mapping[str, Any]) -> None:
    """Half of its outage was not measured: nobody makes that up, and the range says how much of it is known."""
    found, (since, until) = slos["gap"], past.GAP
    (gap,) = found["gaps"]
    # A record is looked at for five minutes more, as the rules do.
    assert gap["from"] == spelt(server.end - (since - 5) * MINUTE)
    assert gap["to"] == spelt(server.end - until * MINUTE)
    assert found["ranges"][0]["measured"] == pytest.approx(1 - 115 / 1440, abs=0.005)
    (incident,) = found["incidents"]
    assert incident["from"] == spelt(server.end - 580 * MINUTE)


def test_what_nobody_measured_is_unknown(slos: Mapping[str, Any]) -> None:
    """Promised, and never measured: no verdict and no figure; and of the past nothing that was not there."""
    found = slos["nobody"]
    assert (found["verdict"], found["budget_left"], found["incidents"]) == ("not known", None, [])
    old = slos["old"]
    assert (old["verdict"], old["ranges"][1]["budget_left"] is not None) == ("not known", True)


def test_the_period_before_stands_beside(slos: Mapping[str, Any]) -> None:
    """The outage of the day before spent that day's budget."""
    now, before = slos["kept"]["ranges"][:2]
    assert before["name"] == "the one before"
    assert before["bad"] == pytest.approx(100 * MINUTE * 0.9, rel=0.01)
    assert now["bad"] == pytest.approx(10 * MINUTE * 0.5, rel=0.01)
    assert (before["seeded"], now["seeded"]) == (pytest.approx(1, abs=0.01), pytest.approx(0.5, abs=0.01))


def test_a_given_range_is_every_slos(server: Server) -> None:
    """The hour in which the outage was, whose budget it spent."""
    start, end = (server.end - ago * MINUTE for ago in (610, 550))
    given = ["--from", str(start), "--to", str(end), "--service", "broken", "--json"]
    (found,) = json.loads(server.run("report", *given).stdout)["slos"]
    assert found["verdict"] == "not kept"
    assert found["ranges"][0]["total"] == pytest.approx(3600, rel=0.01)
    assert found["budget_left"] == pytest.approx(1 - 36 * MINUTE / (3600 * 0.05), rel=0.02)


def test_an_unknown_service_is_a_usage_error(server: Server) -> None:
    """A typo would look like success."""
    result = CliRunner().invoke(main, ["report", "--prometheus", server.url, "--service", "brocken", "--json"])
    assert result.exit_code == 2
    assert "no SLO of service brocken" in result.stderr


def test_both_files_are_written(server: Server, tmp_path: Path) -> None:
    """The descriptions of the specs, the seeded past and the runbook are in both; a script is in none."""
    said = server.run("report", "--to", str(server.end), "--out", str(tmp_path / "new")).stdout
    assert "of 6 promises were kept" in said
    assert sorted(each.name for each in (tmp_path / "new").iterdir()) == ["budget-report.html", "budget-report.md"]
    for file in (tmp_path / "new").iterdir():
        text = file.read_text(encoding="utf-8")
        assert "Requests of the shop: 95" in text
        assert "is seeded: made up by the local platform" in text
        assert past.RUNBOOK in text
        assert SCRIPT not in text
        assert re.search(r"script.*alert\(1\)", text)


def test_a_postmortem_tells_what_happened_in_its_order(server: Server, tmp_path: Path) -> None:
    """The deploy, the fault, the page and what the half hour spent, through a reset of the counters."""
    page = tmp_path / "page.md"
    start = server.end - 30 * MINUTE
    server.run("postmortem", "--from", str(start), "--to", str(server.end), "--service", "broken", "--out", str(page))
    text = page.read_text(encoding="utf-8")
    told = re.findall(r"^\| (\S+ \S+) \| (deploy|fault|alert) \| (.*) \|$", text, re.MULTILINE)
    clock = {says: (at, kind) for at, kind, says in told}
    assert [says for _, _, says in told] == [
        "broken: 1 abc → 2 abc",
        "broken: fault errors is injected",
        "page Up of broken up: pending",
        "page Up of broken up: firing",
        "broken: fault errors is over",
    ]
    assert clock["broken: fault errors is injected"] == (_clock(server.end - 15 * MINUTE), "fault")
    assert clock["page Up of broken up: firing"] == (_clock(server.end - 12 * MINUTE), "alert")
    assert "From the first fault to the first page: 3m." in text
    # Ten minutes of 10 requests a second, of which half failed; half an hour of them.
    failed, total = re.findall(r"^\| broken up \| ([\d,]+) \| ([\d,]+) \|", text, re.MULTILINE)[0]
    assert int(failed.replace(",", "")) == 3000
    assert int(total.replace(",", "")) == pytest.approx(18_000, rel=0.01)
    assert f"[Up]({past.RUNBOOK})" in text


def _clock(at: float) -> str:
    return spelt(at).replace("T", " ").removesuffix("Z")
