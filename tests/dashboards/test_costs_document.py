"""docs/dashboards.md tells what the bench measured, of every dashboard that there is."""

from __future__ import annotations

import json
import re
from pathlib import Path

from bench.dashboards import MOST_QUESTIONS
from dashboards.model import Dashboard
from dashboards.queries import queries

ROOT = Path(__file__).parents[2]
LINE = re.compile(
    r"^\| (?P<title>[^|]+) \| `(?P<uid>[\w-]+)` \| (?P<questions>\d+) \| (?P<samples>[\d,]+) \|$", re.MULTILINE
)


def test_the_table_is_that_of_the_bench(dashboards: dict[str, Dashboard]) -> None:
    """Each dashboard has its line, with the figures of bench/results.json."""
    rows = {row["name"]: row["ours"] for row in json.loads((ROOT / "bench/results.json").read_text(encoding="utf-8"))}
    found = {match["uid"]: match for match in LINE.finditer((ROOT / "docs/dashboards.md").read_text(encoding="utf-8"))}
    assert found.keys() == dashboards.keys()
    for uid, line in found.items():
        name = uid.removeprefix("tw-").replace("-", "_")
        assert line["title"] == dashboards[uid].title
        assert int(line["questions"]) == rows[f"dashboard_questions_{name}"]
        assert int(line["samples"].replace(",", "")) == rows[f"dashboard_samples_{name}"]


def test_no_page_asks_more_than_was_set(dashboards: dict[str, Dashboard]) -> None:
    """What the bench holds its rows against holds for the pages as they are now."""
    for board in dashboards.values():
        asked = [each for each in queries([board]) if not each.collapsed and each.datasource == "prometheus"]
        assert len(asked) <= MOST_QUESTIONS


def test_pictures_are_there_and_small() -> None:
    """Each one that the document shows, and no more than 200 KB of it."""
    shown = set(
        re.findall(r"\]\((screenshots/[\w-]+\.png)\)", (ROOT / "docs/dashboards.md").read_text(encoding="utf-8"))
    )
    assert len(shown) == 4
    assert {name: (ROOT / "docs" / name).stat().st_size <= 200_000 for name in shown} == dict.fromkeys(shown, True)
