"""The command line of the report and the postmortem: what is refused, and that files appear whole or not at all."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from budget import whole_files
from budget.__main__ import main

SCORECARD = {
    "drills": [
        {
            "drill": "payment-outage",
            "pages": [{"alert": "PaymentsAvailability", "expected_s": 95, "after_s": 97.5}],
            "unexpected_pages": [],
            "lost": 0,
            "oversold": 0,
            "double_charged": 0,
            "started": "2026-11-28T14:00:00Z",
            "ended": "2026-11-28T14:05:00Z",
        }
    ]
}


def run(*arguments: str) -> Result:
    """The command's result."""
    return CliRunner().invoke(main, list(arguments))


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--from", "-7d", "--days", "7"], "give one of them"),
        (["--to", "2999-01-01T00:00:00Z"], "--to is in the future"),
        (["--from", "-200d"], "a report covers an hour to 92 days"),
        (["--from", "-5m"], "a report covers an hour to 92 days"),
        (["--from", "yesterday"], "is no time"),
        (["--days", "93"], "93 is not in the range"),
    ],
    ids=["two begins", "the future", "too long", "too short", "no time", "too many days"],
)
def test_a_range_that_cannot_be_is_a_usage_error(arguments: list[str], said: str) -> None:
    """Before anybody is asked."""
    result = run("report", *arguments)
    assert result.exit_code == 2
    assert said in " ".join(result.stderr.split())


def test_a_server_that_is_away_is_said_and_nothing_is_written(closed_url: str, tmp_path: Path) -> None:
    """Yesterday's report stays as it was; the password of the address is not shown."""
    old = tmp_path / "budget-report.html"
    old.write_text("yesterday")
    result = run("report", "--prometheus", closed_url, "--out", str(tmp_path))
    assert result.exit_code == 1
    assert "does not answer" in result.stderr
    assert "hunter2" not in result.stderr
    assert old.read_text() == "yesterday"
    assert list(tmp_path.iterdir()) == [old]


def test_a_server_without_slos_is_said_and_nothing_is_written(
    answering: Callable[[int, bytes], str], tmp_path: Path
) -> None:
    """An empty page would take the place of yesterday's."""
    empty = b'{"status":"success","data":{"resultType":"vector","result":[],"groups":[]}}'
    for given in (["--out", str(tmp_path)], ["--json"]):
        result = run("report", "--prometheus", answering(200, empty), *given)
        assert (result.exit_code, result.stdout) == (1, "")
        assert "knows no SLO at " in result.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_name_that_is_no_text_is_said(answering: Callable[[int, bytes], str]) -> None:
    """Bytes of a command line that are no UTF-8 cannot be asked for."""
    result = run("report", "--service", "\udcff", "--prometheus", answering(200, b"{}"), "--json")
    assert (result.exit_code, "no UTF-8 text" in result.stderr) == (1, True), result.output


def test_files_are_all_new_or_all_old(tmp_path: Path) -> None:
    """One that cannot be written leaves the other as it was, and nothing beside them."""
    good, bad = tmp_path / "a.html", tmp_path / "b.md"
    good.write_text("old")
    (tmp_path / ".b.md.new").mkdir()
    with pytest.raises(OSError, match=r"\.b\.md\.new"):
        whole_files.put({good: "new", bad: "new"})
    assert good.read_text() == "old"
    assert sorted(each.name for each in tmp_path.iterdir()) == [".b.md.new", "a.html"]
    whole_files.put({tmp_path / "made" / "c.md": "new", good: "new"})
    assert (good.read_text(), (tmp_path / "made" / "c.md").read_text()) == ("new", "new")


# --- postmortem -------------------------------------------------------------------------------------------------


def test_a_postmortem_that_is_there_is_not_overwritten(tmp_path: Path) -> None:
    """People have written into it."""
    old = tmp_path / "page.md"
    old.write_text("what we learnt")
    result = run("postmortem", "--from", "-1h", "--out", str(old))
    assert result.exit_code == 2
    assert "is there already" in result.stderr
    assert old.read_text() == "what we learnt"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "nothing says when it began: give --from"),
        (["--from", "-9d"], "a second to 4 days"),
        (["--from", "-1h", "--to", "-2h"], "a second to 4 days"),
        (["--from", "-1h", "--service", "nobody"], "no SLO of service nobody"),
    ],
    ids=["no begin", "too long", "reversed", "an unknown service"],
)
def test_a_postmortem_of_no_range_is_a_usage_error(arguments: list[str], said: str, tmp_path: Path) -> None:
    """Nothing is written."""
    result = run("postmortem", *arguments, "--out", str(tmp_path / "page.md"))
    assert result.exit_code == 2
    assert said in " ".join(result.stderr.split())
    assert list(tmp_path.iterdir()) == []


def test_a_drill_gives_the_range_and_its_page_needs_no_server(closed_url: str, tmp_path: Path) -> None:
    """A drill's own Prometheus ends with it: the scorecard is kept, and the page says what is missing."""
    card, page = tmp_path / "card.json", tmp_path / "page.md"
    card.write_text(json.dumps(SCORECARD))
    result = run("postmortem", "--drill", str(card), "--prometheus", closed_url, "--out", str(page))
    assert result.exit_code == 0, result.stderr
    text = page.read_text()
    assert text.startswith("# Postmortem: 2026-11-28 14:00 to 2026-11-28 14:05 UTC\n")
    assert "| payment-outage | PaymentsAvailability | 95 s | 98 s | yes |" in text
    assert "| payment-outage | none | 0 | 0 | 0 | pass |" in text
    assert "does not answer" in text
    # What was not read is not said to be so.
    assert not [word for word in ("No page fired", "lost nothing", "No SLO was asked for", "Read from") if word in text]
    assert "Whether a page fired was not read." in text
    assert "does not answer" in result.stderr
    assert "hunter2" not in text


def test_without_a_drill_a_page_needs_its_server(closed_url: str, tmp_path: Path) -> None:
    """There would be nothing in it."""
    result = run("postmortem", "--from", "-1h", "--prometheus", closed_url, "--out", str(tmp_path / "page.md"))
    assert result.exit_code == 1
    assert list(tmp_path.iterdir()) == []


def test_a_scorecard_without_times_needs_them(closed_url: str, tmp_path: Path) -> None:
    """They are optional in it."""
    drill = {key: value for key, value in SCORECARD["drills"][0].items() if key not in ("started", "ended")}
    card = tmp_path / "card.json"
    card.write_text(json.dumps({"drills": [drill]}))
    given = ["postmortem", "--drill", str(card), "--prometheus", closed_url, "--out", str(tmp_path / "page.md")]
    assert "does not say when it began: give --from" in run(*given).stderr
    assert run(*given, "--from", "-5m").exit_code == 0
