"""What the gate would say of each service, as its command says it."""

from pathlib import Path

from budget.ops.gates import Gate
from budget.policy import Outcome, RuleName
from tests.budget.canned import NOW
from tests.budget.ops.fakes import ROOT, FakeServer, figures, unreachable

SPEC = """\
version: prometheus/v1
service: shop
slos:
  - name: up
    objective: 99.9
    sli:
      events:
        error_query: sum(rate(http_requests_total{job="shop",code=~"5.."}[{{.window}}]))
        total_query: sum(rate(http_requests_total{job="shop"}[{{.window}}]))
    alerting: {name: ShopUp}
"""


def gate(tmp_path: Path, text: str = SPEC, environment: str = "local") -> Gate:
    """Of one promise."""
    (tmp_path / "shop.yaml").write_text(text, encoding="utf-8")
    return Gate(tmp_path, environment)


def test_each_service_has_its_answer(tmp_path: Path) -> None:
    """Go where nothing speaks against a release, freeze where its budget is spent."""
    made = gate(tmp_path)
    (well,) = made.decisions(FakeServer(figures(burn=0.5)), now=NOW)
    assert (well.request.service, well.outcome) == ("shop", Outcome.GO)
    (spent,) = made.decisions(FakeServer(figures(left=-0.1)), now=NOW)
    assert (spent.outcome, spent.reasons[0].rule) == (Outcome.FREEZE, RuleName.SPENT)


def test_the_gravest_is_first() -> None:
    """Of the shop's own services, which this server knows nothing of: all are held."""
    found = Gate(ROOT / "slo/specs", "local").decisions(FakeServer(figures()), now=NOW)
    assert [each.outcome for each in found] == sorted((each.outcome for each in found), reverse=True)
    assert "catalog" in {each.request.service for each in found}


def test_a_server_that_is_away_holds_every_release(tmp_path: Path) -> None:
    """Nothing is gone past that nobody sees."""
    server = FakeServer()
    server.fault = unreachable()
    (found,) = gate(tmp_path).decisions(server, now=NOW)
    assert (found.outcome, found.reasons[0].rule) == (Outcome.HOLD, RuleName.UNREADABLE)


def test_specs_that_cannot_be_read_hold_what_is_known(tmp_path: Path) -> None:
    """They are read again, and then it goes on."""
    made = gate(tmp_path, "version: nothing")
    (found,) = made.decisions(FakeServer(figures(burn=0.5)), now=NOW, others=["shop"])
    assert found.outcome is Outcome.HOLD
    assert "the specs cannot be read" in found.reasons[0].says
    (tmp_path / "shop.yaml").write_text(SPEC, encoding="utf-8")
    (again,) = made.decisions(FakeServer(figures(burn=0.5)), now=NOW)
    assert again.outcome is Outcome.GO


def test_specs_that_are_edited_are_read_again(tmp_path: Path) -> None:
    """The page says what the gate's command says, whatever was so when it was started."""
    made = gate(tmp_path)
    server = FakeServer(figures(burn=0.5))

    def services() -> list[str]:
        return [each.request.service for each in made.decisions(server, now=NOW)]

    assert services() == ["shop"]
    (tmp_path / "bank.yaml").write_text(SPEC.replace("shop", "bank").replace("Shop", "Bank"), encoding="utf-8")
    assert services() == ["bank", "shop"]
    (tmp_path / "bank.yaml").unlink()
    (tmp_path / "shop.yaml").write_text(SPEC.replace("service: shop", "service: stop"), encoding="utf-8")
    assert services() == ["stop"]
    (tmp_path / "shop.yaml").write_text("version: nothing", encoding="utf-8")
    assert made.decisions(server, now=NOW, others=["shop"])[0].outcome is Outcome.HOLD


def test_a_seeded_past_counts_on_this_machine_alone(tmp_path: Path) -> None:
    """As for the gate's command."""
    assert gate(tmp_path).seeded_counts
    assert not gate(tmp_path, environment="production").seeded_counts
