"""The verdict of `python -m budget verdict`: taken as it is, or nobody can say."""

import json
import sys
from pathlib import Path

import pytest

from synthetics import verdict
from synthetics.verdict import NoVerdict, ask


def command(folder: Path, text: str, code: int) -> tuple[str, ...]:
    """One that prints its arguments to a file, *text* to stdout, and ends with *code*."""
    script = folder / "budget.py"
    script.write_text(
        "import sys, pathlib\n"
        f"pathlib.Path({str(folder / 'arguments')!r}).write_text(' '.join(sys.argv[1:]))\n"
        f"print({text!r}); print('what went wrong', file=sys.stderr); sys.exit({code})\n"
    )
    return (sys.executable, str(script))


@pytest.mark.parametrize(("code", "word"), [(0, "pass"), (1, "fail"), (4, "no data")])
def test_every_verdict_is_taken(tmp_path: Path, code: int, word: str) -> None:
    """It is asked for the run's range and class."""
    text = json.dumps({"verdict": word, "slos": []})
    found = ask("http://127.0.0.1:9090", 1000.4, 1060.6, "load", command=command(tmp_path, text, code))
    assert found["verdict"] == word
    assert (tmp_path / "arguments").read_text() == (
        "--from 1000 --to 1061 --traffic load --json --step 5s --prometheus http://127.0.0.1:9090"
    )


@pytest.mark.parametrize(
    ("text", "code", "message"),
    [
        ("", 2, "ended with 2: what went wrong"),
        ("no JSON", 0, "printed none: what went wrong"),
        ("[]", 0, "printed none: what went wrong"),
        ('{"verdict": "maybe", "slos": []}', 0, "printed none: what went wrong"),
        ("", 4, "printed none: what went wrong"),
    ],
)
def test_anything_else_is_none(tmp_path: Path, text: str, code: int, message: str) -> None:
    """The message says what came."""
    with pytest.raises(NoVerdict, match=message):
        ask("http://127.0.0.1:9090", 0, 1, "load", command=command(tmp_path, text, code))


def test_a_command_that_hangs_is_not_waited_for(monkeypatch, tmp_path: Path) -> None:
    """The run has an outcome without it."""
    monkeypatch.setattr(verdict, "TIMEOUT_SECONDS", 0.5)
    with pytest.raises(NoVerdict, match="did not end"):
        ask("http://127.0.0.1:9090", 0, 1, "load", command=(sys.executable, "-c", "import time; time.sleep(30)"))
