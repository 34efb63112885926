"""`./generate.py diff --backtest`: a change of specs, and what it would have cost."""

import time
from pathlib import Path

from click.testing import CliRunner

from budget.backtest_command import installed
from budget.backtest_server import Store, write
from commands import diff_backtest
from commands.index import main
from slo.changes import compare
from tests.slo import answers

HOUR = 3600


def _history(place: Store, now: float) -> None:
    """Six hours that end now, an outage of ten minutes among them."""
    start = now - 6 * HOUR
    outage = range(180, 190)
    with place.writing() as file:
        for code in ("200", "500"):
            values = [10**6.0]
            for minute in range(360):
                values.append(values[-1] + (100 if (code == "500") is (minute in outage) else 0))
            points = ((start + 60 * at, value) for at, value in enumerate(values))
            write(file, "requests_total", {"code": code}, points)


def test_a_change_says_how_many_pages_it_would_have_cost(tmp_path: Path) -> None:
    """An SLO that is as before says nothing, and one whose queries changed says that it cannot be told."""
    both = [answers.slo("requests", objective="80"), answers.slo("steady"), answers.slo("other", objective="99")]
    after = [answers.slo("requests"), answers.slo("steady"), answers.slo("other", answers.EVENTS.replace("500", "503"))]
    old, new = (
        answers.catalogue(answers.document(*slos), tmp_path, name)
        for slos, name in ((both, "a.yaml"), (after, "b.yaml"))
    )
    home = tmp_path / "home"
    home.mkdir()
    place = Store(home, installed())
    _history(place, time.time())
    said: list[str] = []
    with place.serving("5m") as server:
        found = {
            change.slo: change.effects[-1]
            for change in diff_backtest.added(compare(old, new), old, new, server.url, days=1, say=said.append)
        }
    assert "over the last 1d, 99.9 % would have cost 1 page in place of 0" in found["shop-requests"]
    assert "not backtested: its queries changed" in found["shop-other"]
    assert "shop-steady" not in found
    assert said == ["backtesting shop-requests over 1d"]


def test_a_wrong_address_is_a_usage_error() -> None:
    """Before anything is asked."""
    result = CliRunner().invoke(main, ["diff", "--backtest", "nowhere"])
    assert (result.exit_code, "expected an address" in result.output) == (2, True), result.output
