"""What is shown while the platform runs does not keep it from stopping."""

import pytest

from budget.answers import RuleGroup, Sample
from budget.errors import Unreachable
from local.screen import Screen


class Away:
    """A Prometheus that does not answer, and how often it was asked."""

    def __init__(self) -> None:
        self.asked = 0

    def instant(self, query: str) -> tuple[Sample, ...]:
        """Nothing."""
        self.asked += 1
        raise Unreachable("http://127.0.0.1:1 does not answer")

    def rules(self) -> tuple[RuleGroup, ...]:
        """Nothing."""
        return ()


@pytest.mark.parametrize("terminal", [True, False], ids=["on a terminal", "in a file"])
def test_at_the_end_nobody_is_asked_again(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, terminal: bool
) -> None:
    """A stop would wait for each answer; what was shown last stays, once."""
    for name, value in {"FORCE_COLOR": "1" if terminal else "", "TERM": "xterm", "COLUMNS": "80"}.items():
        monkeypatch.setenv(name, value)
    source = Away()
    screen = Screen(source)
    with screen:
        screen.tick()
        assert source.asked == 1
        shown = capsys.readouterr().out
    assert source.asked == 1
    assert ("does not answer" in shown, "does not answer" in capsys.readouterr().out) == (True, terminal)
