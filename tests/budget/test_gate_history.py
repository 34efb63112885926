"""The gate over a recorded day, as a real Prometheus tells it: `python -m budget gate` from end to end."""

import json
import time
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from budget.errors import BudgetError
from budget.gate_command import gate
from budget.prometheus import Prometheus
from slo import conventions
from tests.budget import gate_history
from tests.budget.conftest import free_port, running

GO, SLOW, HOLD, FREEZE = 0, 3, 4, 5
Ask = Callable[..., tuple[int, dict[str, Any]]]


@pytest.fixture(scope="module")
def specs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What every service of the history promises."""
    return gate_history.specs(tmp_path_factory.mktemp("promises") / "specs")


@pytest.fixture(scope="module")
def ask(tmp_path_factory: pytest.TempPathFactory, specs: Path) -> Iterator[Ask]:
    """Asks the gate: its exit code and its JSON."""
    home = tmp_path_factory.mktemp("gate")
    gate_history.lay(home, int(time.time()))
    with running(home, free_port()) as url:
        _wait(Prometheus(url), home / "log")
        yield _asking(url, specs)


def _asking(url: str, specs: Path) -> Ask:
    @cache  # what is recorded does not change
    def ask(service: str, environment: str = "local", change: str = "release") -> tuple[int, dict[str, Any]]:
        arguments = ["--service", service, "--environment", environment, "--change", change]
        result = CliRunner().invoke(gate, [*arguments, "--prometheus", url, "--specs", str(specs), "--json"])
        return result.exit_code, json.loads(result.stdout)

    return ask


def _wait(client: Prometheus, log: Path) -> None:
    """Until every live group has had its first turn."""
    query = f"count(count by ({conventions.ID}) ({conventions.BUDGET_REMAINING}))"
    wanted = len(gate_history.RAW) + len(gate_history.RECORDED) - 1  # without the stale one
    deadline = time.monotonic() + 40
    found = 0.0
    while time.monotonic() < deadline:
        try:
            found = sum(sample.value for sample in client.instant(query))
            if found >= wanted and len(client.instant("ALERTS")) >= 3:
                return
        except BudgetError:
            pass
        time.sleep(0.2)
    pytest.fail(f"{found} of {wanted} budgets after 40 s:\n{log.read_text()}")


def _rules(document: dict[str, Any]) -> set[str]:
    return {reason["rule"] for reason in document["reasons"]}


@pytest.mark.parametrize(
    ("service", "code", "rules"),
    [
        pytest.param("healthy", GO, set(), id="nothing speaks against it"),
        pytest.param("reset", GO, set(), id="counters that began anew are no failures"),
        pytest.param("gap", GO, set(), id="nothing is known of forty minutes, all of the rest"),
        pytest.param("stopped", HOLD, {"no-data"}, id="no request was counted for twenty minutes"),
        pytest.param("quiet", HOLD, {"low-traffic"}, id="less than a request an hour"),
        pytest.param("spent", FREEZE, {"budget-spent"}, id="the budget is spent"),
        pytest.param("burning", HOLD, {"burning"}, id="it burns, whether or not it pages"),
        pytest.param("paging", HOLD, {"page-firing"}, id="a page fires"),
        pytest.param("down", HOLD, {"page-firing"}, id="a page fires that is no SLO's"),
        pytest.param("ticketed", SLOW, {"ticket-firing"}, id="a ticket fires"),
        pytest.param("little", SLOW, {"little-left"}, id="little is left"),
        pytest.param("stale", HOLD, {"stale"}, id="records ended twenty minutes ago"),
        pytest.param("not-loaded", HOLD, {"no-rules"}, id="its rules are not loaded"),
        pytest.param("unheard-of", HOLD, {"unknown-service"}, id="nobody has promised anything of it"),
        pytest.param("needs-healthy", GO, set(), id="a dependency is well"),
        pytest.param("needs-burning", HOLD, {"burning"}, id="a dependency burns"),
        pytest.param("needs-spent", SLOW, {"budget-spent"}, id="a dependency has spent its budget"),
        pytest.param("needs-stopped", HOLD, {"no-data"}, id="a dependency cannot be seen"),
        pytest.param("needs-nobody", GO, {"no-promise"}, id="a dependency that promises nothing"),
        pytest.param("two-copies", FREEZE, {"budget-spent"}, id="the worst copy decides"),
    ],
)
def test_a_release_is_told(ask: Ask, service: str, code: int, rules: set[str]) -> None:
    """One exit code, and the rules that led to it."""
    found, document = ask(service)
    assert (found, _rules(document)) == (code, rules), document["reasons"]


def test_a_reset_loses_no_events(ask: Ask) -> None:
    """A day at one a second, whatever the counter was set back to."""
    _, document = ask("reset")
    (slo,) = document["slos"]
    assert slo["events"] == pytest.approx(24 * 3600, rel=0.01)


def test_the_copy_that_decides_is_named(ask: Ask) -> None:
    """West has spent its budget, east has not."""
    _, document = ask("two-copies")
    assert [reason["labels"] for reason in document["reasons"]] == [{"cluster": "west"}]
    assert {slo["labels"]["cluster"]: slo["decision"] for slo in document["slos"]} == {"east": "go", "west": "freeze"}


def test_what_a_dependency_does_is_said_of_it(ask: Ask) -> None:
    """The reason names it, and its figures stand apart."""
    _, document = ask("needs-burning")
    assert [(reason["service"], reason["slo"]) for reason in document["reasons"]] == [("burning", "burning-up")]
    assert [slo["id"] for slo in document["slos"]] == ["needs-burning-up"]
    (dependency,) = document["dependencies"]
    assert (dependency["service"], dependency["decision"]) == ("burning", "hold")
    assert [slo["id"] for slo in dependency["slos"]] == ["burning-up"]


@pytest.mark.parametrize(
    ("service", "local", "staging"),
    [
        pytest.param("half-good", FREEZE, GO, id="the seeded part was bad"),
        pytest.param("half-bad", FREEZE, FREEZE, id="the measured part is bad"),
    ],
)
def test_only_what_was_measured_counts_outside_local(ask: Ask, service: str, local: int, staging: int) -> None:
    """Twelve hours are seeded: half of each story."""
    assert (ask(service)[0], ask(service, "staging")[0]) == (local, staging)


def test_the_measured_share_is_what_was_measured(ask: Ask) -> None:
    """Two hours before the seeded range and ten since, less the blurred minutes, all at a fifth."""
    _, document = ask("half-bad", "staging")
    (slo,) = document["slos"]
    assert slo["events"] == pytest.approx(11.83 * 3600, rel=0.01)
    assert slo["bad_events"] == pytest.approx(slo["events"] * 0.2, rel=0.01)
    assert slo["budget_left"] == pytest.approx(1 - 0.2 / 0.05, rel=0.01)


@pytest.mark.parametrize(
    ("service", "code", "as_release"),
    [
        pytest.param("spent", SLOW, "freeze", id="a freeze"),
        pytest.param("burning", SLOW, "hold", id="a burn that it may end"),
        pytest.param("paging", SLOW, "hold", id="a page that it may end"),
        pytest.param("needs-stopped", SLOW, "hold", id="a dependency that cannot be seen"),
        pytest.param("healthy", GO, "go", id="nothing at all"),
        pytest.param("stopped", HOLD, "hold", id="not where data are missing"),
        pytest.param("stale", HOLD, "hold", id="not where data are old"),
        pytest.param("not-loaded", HOLD, "hold", id="not where rules are missing"),
        pytest.param("unheard-of", HOLD, "hold", id="not where nobody knows it"),
    ],
)
def test_a_fix_passes(ask: Ask, service: str, code: int, as_release: str) -> None:
    """With care, whatever is known."""
    found, document = ask(service, change="fix")
    assert (found, document["as_release"]) == (code, as_release)


@pytest.mark.parametrize("service", ["healthy", "spent", "burning", "little", "stopped", "not-loaded", "unheard-of"])
def test_a_rollback_passes(ask: Ask, service: str) -> None:
    """Whatever is so, always with a warning: it names what a release would have been told, unless that is go."""
    code, document = ask(service, change="rollback")
    told = ask(service)[1]["decision"]
    assert (code, document["decision"], document["as_release"]) == (0, "go", told)
    assert ("a release of" in document["warning"]) is (told != "go")


def test_a_past_that_is_all_seeded_holds_outside_local(tmp_path: Path, specs: Path) -> None:
    """The five weeks of a fresh platform: enough to look at, nothing to release by."""
    now = int(time.time())
    gate_history.lay(tmp_path, now, seeded=(now - 26 * 3600, now - 60))
    with running(tmp_path, free_port()) as url:
        _wait(Prometheus(url), tmp_path / "log")
        ask = _asking(url, specs)
        assert ask("healthy")[0] == GO
        code, document = ask("healthy", "production")
    assert (code, _rules(document)) == (HOLD, {"seeded"})
    (slo,) = document["slos"]
    assert (slo["budget_left"], slo["events"]) == (None, None)
