"""The page that shows dashboards without a Grafana: what is on it, in which order, and that it stands for itself."""

from __future__ import annotations

import base64
import hashlib
import re
import subprocess
import sys
from html import unescape
from html.parser import HTMLParser
from pathlib import Path

import pytest
from click.testing import CliRunner

import generate
from budget.errors import QueryFailed
from dashboards.model import GREEN, RED, Column, Dashboard, Limit, Panel, Query, Row, Variable
from dashboards.preview import page, sheet, write
from dashboards.preview_parts import MOST_ROWS
from slo.errors import OutputError
from tests.dashboards.answers import END, Answers

ROOT = Path(__file__).parents[2]
LIMITS = (Limit(value=0.5, colour=RED),)


def panel(kind: str, *expressions: str, **more: object) -> Panel:
    """A panel of *kind* that asks these."""
    asked = tuple(Query(expression=each, legend="{{job}}", instant=kind in ("table", "stat")) for each in expressions)
    fields: dict[str, object] = {"title": f"A {kind}", "description": "d", "unit": "percentunit", "queries": asked}
    return Panel(kind=kind, **(fields | more))  # type: ignore[arg-type]


def board(*panels: Panel, variables: tuple[Variable, ...] = ()) -> Dashboard:
    """A page of one row."""
    return Dashboard(uid="tw-x", title="X", description="d", rows=(Row(title="R", panels=panels),), variables=variables)


def shown(dashboard: Dashboard, answers: Answers) -> str:
    """The HTML of *dashboard*."""
    found = sheet(answers, dashboard, end=END, named={}, refusals=(QueryFailed,))
    return page([found], end=END, address="http://prometheus.example")


class Addresses(HTMLParser):
    """Everything on a page that a browser would fetch or run."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Collect."""
        self.found += [tag] if tag in ("script", "link", "iframe", "object", "base") else []
        for name, value in attrs:
            if name in ("src", "href", "style", "action") or name.startswith("on"):
                self.found.append(f"{name}={value or ''}")


def test_it_stands_for_itself() -> None:
    """No script, nothing fetched, and a policy that lets a browser take its own style and pictures alone."""
    text = shown(board(panel("timeseries", "up"), panel("stat", "up")), Answers({"up": [({"job": "a"}, 1.0)]}))
    assert all(each.startswith(("src=data:image/svg+xml;base64,", "href=#")) for each in Addresses(text).found)
    policy = re.search(r'Content-Security-Policy" content="([^"]+)"', text)
    style = re.search(r"<style>(.*)</style>", text, re.DOTALL)
    assert policy
    assert style
    digest = base64.b64encode(hashlib.sha256(style[1].encode()).digest()).decode()
    assert unescape(policy[1]) == f"default-src 'none'; img-src data:; style-src 'sha256-{digest}'"


@pytest.mark.parametrize("kind", ["timeseries", "stat", "bar_gauge", "table", "state_timeline", "heatmap"])
def test_labels_cannot_become_markup(kind: str) -> None:
    """Whoever names a label writes text, whatever it looks like."""
    evil = '"><script>alert(1)</script>'
    columns = (Column(source="job", title="Job"), Column(source="A", title="Value"))
    series = [({"job": evil, "le": "1"}, 1.0), ({"job": "b", "le": "+Inf"}, 2.0)]
    text = shown(board(panel(kind, "up", columns=columns)), Answers({"up": series}))
    assert "<script" not in text
    for coded in re.findall(r"base64,([A-Za-z0-9+/=]+)", text):
        assert b"<script" not in base64.b64decode(coded)


def test_a_table_joins_its_questions_and_begins_with_the_worst() -> None:
    """One line for each set of labels; what has no number first, as Grafana sorts it."""
    columns = (
        Column(source="job", title="Job"),
        Column(source="cluster", title="Cluster"),
        Column(source="A", title="Left", unit="percentunit", base=RED, limits=(Limit(value=0, colour=GREEN),)),
        Column(source="B", title="Of", unit="short"),
    )
    known = {"left": [({"job": "a"}, 0.5), ({"job": "b"}, -0.1)], "of": [({"job": job}, 7.0) for job in "abc"]}
    found = sheet(
        Answers(known),
        board(panel("table", "left", "of", columns=columns, sort_by="Left")),
        end=END,
        named={},
    )
    (part,) = found.parts
    assert [each.text for each in part.headings] == ["Job", "Left", "Of"], "no series has a cluster"
    assert [[cell.text for cell in row] for row in part.rows] == [
        ["c", "–", "7"],
        ["b", "-10 %", "7"],
        ["a", "50 %", "7"],
    ]
    assert [(tile.name, tile.colour) for tile in part.worst] == [("b Left", RED)]


def test_a_long_table_says_how_much_more_there_is() -> None:
    """And keeps the worst."""
    columns = (Column(source="job", title="Job"), Column(source="A", title="Value", unit="short"))
    known = {"up": [({"job": f"j{number}"}, float(number)) for number in range(MOST_ROWS + 5)]}
    text = shown(board(panel("table", "up", columns=columns, sort_by="Value", descending=True)), Answers(known))
    assert "and 5 more" in text
    assert f"j{MOST_ROWS + 4}" in text
    assert ">j0<" not in text


def test_what_is_beyond_its_limit_is_named_first() -> None:
    """At the head of a page, the red before the rest; nothing is said to be wrong where nothing is."""
    known = {"bad": [({"job": "a"}, 0.9)], "good": [({"job": "a"}, 0.1)]}
    panels = (
        panel("stat", "good", title="Fine", limits=LIMITS),
        panel("timeseries", "bad", title="Poor", limits=(Limit(value=0.5, colour="orange"),)),
        panel("stat", "bad", title="Worst", limits=LIMITS),
    )
    found = sheet(Answers(known), board(*panels), end=END, named={})
    assert [part.panel.title for part, _, _ in found.bad] == ["Worst", "Poor"]
    assert "Nothing is beyond its limit" not in shown(board(*panels), Answers(known))
    assert "Nothing is beyond its limit" in shown(board(panels[0]), Answers(known))


def test_panels_of_one_title_have_addresses_of_their_own() -> None:
    """What is beyond its limit leads to its own panel, and not to the first that is called the same."""
    known = {"good": [({"job": "a"}, 0.1)], "bad": [({"job": "a"}, 0.9)]}
    panels = [panel("stat", each, title="Budget left", limits=LIMITS) for each in ("good", "bad")]
    text = shown(board(*panels), Answers(known))
    first, second = re.findall(r'<article [^>]*id="([^"]+)"', text)
    assert first != second
    assert re.findall(r'href="#([^"]+)">Budget left', text) == [second]


def test_no_address_comes_twice(dashboards: dict[str, Dashboard]) -> None:
    """On a page of all dashboards."""
    sheets = [sheet(Answers({}), each, end=END, named={}) for each in dashboards.values()]
    found = re.findall(r'\bid="([^"]+)"', page(sheets, end=END, address="http://prometheus.example"))
    assert len(found) == len(set(found)) > 300


def test_an_empty_panel_says_so() -> None:
    """In the words of the panel where it has some."""
    text = shown(board(panel("timeseries", "up"), panel("table", "up", no_value="Nothing fires")), Answers({}))
    assert "No data" in text
    assert "Nothing fires" in text


def test_a_question_that_is_refused_is_told_in_its_panel() -> None:
    """And the others are shown."""
    answers = Answers({"up": [({"job": "a"}, 1.0)]}, refused="huge")
    text = shown(board(panel("stat", "huge"), panel("stat", "up", decimals=0)), answers)
    assert "refused the question: answered 422: too many samples" in text
    assert "100 %" in text


def test_a_choice_that_must_be_made_is_the_first_that_there_is() -> None:
    """Or what was named."""
    service = Variable(name="service", label="Service", query="label_values(info{}, sloth_service)")
    page_of_one = board(panel("stat", 'up{job="$service"}'), variables=(service,))
    answers = Answers({"group by": [({"sloth_service": "users"}, 1.0), ({"sloth_service": "catalog"}, 1.0)]})
    assert sheet(answers, page_of_one, end=END, named={}).chosen == (("service", "catalog"),)
    assert answers.asked[-1] == 'up{job="catalog"}'
    assert sheet(answers, page_of_one, end=END, named={"service": "users"}).chosen == (("service", "users"),)


def test_the_same_answers_are_the_same_page() -> None:
    """Nothing of the moment or of chance is in it."""
    known = {"up": [({"job": "a"}, 1.0), ({"job": "b"}, 0.3)]}
    one, other = (shown(board(panel("timeseries", "up", limits=LIMITS)), Answers(known)) for _ in range(2))
    assert one == other


def test_every_dashboard_can_be_drawn(dashboards: dict[str, Dashboard]) -> None:
    """Whatever its panels are, with data and without."""
    everything = Answers(
        {"": [({"job": "a", "le": "0.1", "service": "orders"}, 0.4), ({"job": "b", "le": "+Inf"}, 2.0)]}
    )
    for answers in (everything, Answers({})):
        sheets = [sheet(answers, each, end=END, named={}) for each in (dashboards["tw-oncall"], dashboards["tw-mesh"])]
        text = page(sheets, end=END, address="http://prometheus.example")
        assert all(part.shape != "refused" for each in sheets for part in each.parts)
        assert "tw-mesh" in text


def test_text_is_markdown_without_html() -> None:
    """Words of ours in bold; what looks like a tag stays words."""
    text = shown(
        board(Panel(kind="text", title="T", description="d", unit="short", text="**a** <b>c</b>")), Answers({})
    )
    assert "<strong>a</strong> &lt;b&gt;c&lt;/b&gt;" in text


def test_a_page_that_cannot_be_written_leaves_what_was_there(tmp_path: Path) -> None:
    """And nothing half-written beside it."""
    write(tmp_path / "page.html", "old")
    with pytest.raises(OutputError, match="No such file"):
        write(tmp_path / "nowhere" / "page.html", "new")
    assert [each.name for each in tmp_path.iterdir()] == ["page.html"]


def command(*arguments: str) -> tuple[int, str]:
    """Exit code and output of `generate.py preview`."""
    done = CliRunner().invoke(generate.main, ["preview", *arguments])
    return done.exit_code, done.output


def test_a_prometheus_that_does_not_answer_is_told(tmp_path: Path) -> None:
    """Exit code 1, with its address; the old page stays."""
    out = tmp_path / "page.html"
    out.write_text("old")
    code, said = command("--prometheus", "http://127.0.0.1:9", "--out", str(out))
    assert code == 1
    assert "http://127.0.0.1:9 does not answer" in said
    assert out.read_text() == "old"


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (("--prometheus", "nonsense"), "expected an address such as"),
        (("--prometheus", "http://127.0.0.1:9", "--dashboard", "tw-x"), "no dashboard is tw-x; known: tw-slo-overview"),
        (("--prometheus", "http://127.0.0.1:9", "--variable", "service"), "'service' is not NAME=VALUE"),
        (
            ("--prometheus", "http://127.0.0.1:9", "--variable", "servic=x"),
            "no dashboard has servic; known: cluster, service, slo",
        ),
        (
            ("--prometheus", "http://127.0.0.1:9", "--dashboard", "tw-oncall", "--variable", "service=x"),
            "no dashboard has service; known: cluster",
        ),
        ((), "Missing option '--prometheus'"),
    ],
)
def test_wrong_usage_is_told(arguments: tuple[str, ...], expected: str) -> None:
    """Exit code 2, with what was expected."""
    code, said = command(*arguments)
    assert code == 2
    assert expected in " ".join(said.split())


def test_a_build_needs_no_pictures() -> None:
    """What draws them takes half a second to load, and need not be installed."""
    code = (
        "import sys; from dashboards import config_maps, index, render; import generate;"
        "print([name for name in ('matplotlib', 'numpy', 'urllib3', 'budget') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
