"""What a report says and how it is shown: verdicts, ranges, episodes, words, the page, Markdown, pictures and JSON."""

import base64
import json
import re
from xml.etree import ElementTree

import pytest

from budget import report_page, report_words
from budget.history_spending import Spending
from budget.markdown import escaped, link
from budget.pictures import Burndown, svg, thinned
from budget.report_json import as_json
from budget.report_model import month_begin, spans
from slo import conventions
from tests.budget.curves import DAY, END, HOUR, SCRIPT, curve, day, report_of, span

MINUTE = 60.0
KEPT = day((600, 580, 36.0))
BROKEN = day((300, 200, 40.0), (1500, 1480, 100.0), id="pay-up", service="pay")
UNKNOWN = curve([], id="old-up", service="old")
HOSTILE = {
    "id": f"x-{SCRIPT}",
    "service": f'"><img src=x onerror=alert(2)>{SCRIPT}',
    "slo": f"--> {SCRIPT} | `$x^2$` [a](javascript:alert(3)) & $\\alpha$",
    "labels": {"cluster": SCRIPT},
}


def pictures(page: str) -> list[str]:
    """The SVGs of a page."""
    return [base64.b64decode(each).decode() for each in re.findall(r"data:image/svg\+xml;base64,([^\"]+)", page)]


def hostile():
    """A report whose every name is an attack."""
    made = day((600, 580, 90.0), **HOSTILE)
    ids = {
        conventions.ID: HOSTILE["id"],
        conventions.SERVICE: HOSTILE["service"],
        conventions.SLO: HOSTILE["slo"],
        **HOSTILE["labels"],
    }
    name = f"{SCRIPT}|](javascript:alert(4))"
    alert = span(END - 590 * MINUTE, END - 500 * MINUTE, of=ids, name=name, severity=SCRIPT)
    runbook = 'https://runbooks.example/") onclick=alert(5) <b>|'
    return report_of(made, alerts=[alert], runbooks={name: runbook}, notes=(SCRIPT,), server=SCRIPT)


# --- what it says -----------------------------------------------------------------------------------------------


def test_the_worst_comes_first_and_what_is_not_known_last() -> None:
    """Services by the worst of theirs, too."""
    found = report_of(UNKNOWN, KEPT, BROKEN)
    assert [each.curve.id for each in found.slos] == ["pay-up", "shop-up", "old-up"]
    assert [service for service, _ in found.services] == ["pay", "shop", "old"]
    assert [each.verdict for each in found.slos] == ["not kept", "kept", "not known"]
    assert report_words.headline(found) == "1 of 3 promises was kept, 1 was not, and of 1 nothing is known."


def test_all_kept_is_said_in_so_many_words() -> None:
    """Nobody has to count."""
    assert report_words.headline(report_of(KEPT)) == "1 of 1 promise was kept."


def test_incidents_and_the_rest_add_up_on_the_page() -> None:
    """800 of 288 and nothing beside; what failed the day before is the day before's."""
    (slo,) = report_of(BROKEN).slos
    assert sum(each.share for each in slo.incidents) + slo.rest == pytest.approx(slo.now.spending.spent)
    assert slo.now.spending.bad == 800
    assert slo.accounts[1].spending.bad == 400


def test_ranges_are_the_period_the_one_before_and_calendar_months() -> None:
    """In UTC; at midnight of the first, the month that has just ended is this month."""
    assert [(name, (until - begin) / DAY) for name, begin, until in spans(END, 30 * DAY)] == [
        ("this period", 30),
        ("the one before", 30),
        ("this month so far", 17),
        ("last month", 30),
    ]
    first_of_may = month_begin(END)
    assert (END - first_of_may) / DAY == 17
    assert month_begin(first_of_may) == first_of_may - 30 * DAY


def test_the_verdict_is_of_events_and_not_of_rounding() -> None:
    """Exactly as many as are allowed keep it."""
    exactly = curve([(1.0, 100.0)] * 288)
    assert report_of(exactly).slos[0].verdict == "kept"


def test_incidents_at_the_same_time_are_one_episode() -> None:
    """The dearest first, though it began later; what happened at another time is another."""
    first, second = day((300, 200, 20.0), (900, 890, 40.0)), day((310, 205, 2.0), id="pay-up", service="pay")
    one, other = report_of(first, second).episodes
    assert [(slo.curve.id, round(incident.share, 2)) for slo, incident in one.parts] == [
        ("shop-up", 1.39),
        ("pay-up", 0.15),
    ]
    assert (one.start, one.end) == (END - 310 * MINUTE, END - 200 * MINUTE)
    assert len(other.parts) == 1


def test_a_seeded_past_is_told_by_its_share_of_each_range() -> None:
    """Half of this period, and all of the one before."""
    found = report_of(KEPT, past=(END - 10 * DAY, END - DAY / 2))
    (slo,) = found.slos
    assert [each.seeded for each in slo.accounts[:2]] == [0.5, 1.0]
    assert slo.seeded == (END - DAY, END - DAY / 2)


# --- in words ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("budget", "said"),
    [
        (0.001, "1 in 1,000"),
        (0.005, "1 in 200"),
        (0.03, "3 in 100"),
        (0.0001, "1 in 10,000"),
        (0.123456, "12.35 in 100"),
    ],
)
def test_a_budget_is_told_as_odds(budget: float, said: str) -> None:
    """Which people can picture."""
    assert report_words.odds(budget) == said


@pytest.mark.parametrize(
    ("ratio", "said"),
    [(None, "not known"), (0.5, "50 %"), (-0.0934, "−9.3 %"), (-1e-12, "0 %"), (0.0, "0 %"), (12.5, "1,250 %")],
)
def test_shares_are_rounded_for_people(ratio: float | None, said: str) -> None:
    """Never −0."""
    assert report_words.percent(ratio).replace("\u00a0", " ") == said


@pytest.mark.parametrize(("ratio", "said"), [(1.0, "100 %"), (0.99999999, "99.9999 %"), (0.9995, "99.95 %")])
def test_good_is_never_rounded_up_to_all(ratio: float, said: str) -> None:
    """One failure of a hundred million is one."""
    assert report_words.quality(ratio).replace("\u00a0", " ") == said


def test_a_promise_and_its_result_are_told_in_plain_words() -> None:
    """What was promised, what became of it, what spent it, and how it was before."""
    (slo,) = report_of(BROKEN).slos
    said = " ".join(each(slo) for each in (report_words.promise, report_words.result, report_words.spenders))
    assert f"{said} {report_words.change(slo)}".replace("\u00a0", " ") == (
        "99 % of all events shall be good within 24 hours, so that 1 in 100 may fail. 97.2222 % were good: 800 of "
        "28,800 failed, and 288 were allowed to. The promise was not kept: its budget was spent 2.78 times over. One "
        "incident spent 278 % of the budget, and nothing else did. In the 24 hours before, −39 % was left."
    )


def test_what_nobody_measured_is_said_to_be_unknown() -> None:
    """And is no success."""
    (slo,) = report_of(UNKNOWN).slos
    assert "nobody knows whether it was kept" in report_words.result(slo)


@pytest.mark.parametrize(
    ("events", "allowed", "measured", "seeded", "said"),
    [
        (1e6, 1e3, 1.0, 0.0, ""),
        (1e6, 1e3, 0.5, 0.0, "50 % of it is known"),
        (1e6, 1e3, 1.0, 0.25, "25 % of it made up"),
        (50, 0.5, 1.0, 0.0, "so few events that one failure breaks it"),
    ],
    ids=["nothing limits it", "gaps", "seeded", "few events"],
)
def test_limits_of_a_range(events: float, allowed: float, measured: float, seeded: float, said: str) -> None:
    """What a reader must know before believing a figure."""
    from budget.report_model import Account

    told = Spending(start=0, end=DAY, bad=0, total=events, allowed=allowed, measured=measured)
    found = report_words.limits(Account(name="x", spending=told, seeded=seeded))
    assert found.replace("\u00a0", " ") == said


# --- as a page --------------------------------------------------------------------------------------------------


def test_the_page_holds_what_a_manager_needs_first() -> None:
    """The sentence, then what was not kept, then what spent most, before any detail."""
    page = report_page.html(report_of(UNKNOWN, KEPT, BROKEN))
    places = [
        page.index(each) for each in ("promises was kept", "Not kept", "What spent most", "Every promise", "<article")
    ]
    assert places == sorted(places)


def test_every_picture_says_its_figures() -> None:
    """To whom does not see it; one that would show nothing is not there."""
    page = report_page.html(report_of(UNKNOWN, BROKEN))
    (alt,) = re.findall(r'<img [^>]*alt="([^"]+)"', page)
    assert "from 100\u00a0% to −178\u00a0%. It fell most on 2033-05-17 19:00 by 278\u00a0%." in alt


def test_alerts_of_an_incident_link_to_their_runbooks() -> None:
    """By name, with every severity in which they fired."""
    begin = END - 600 * MINUTE
    alerts = [span(begin, begin + HOUR), span(begin, begin + HOUR, severity="ticket")]
    runbook = "https://runbooks.example/ShopUp"
    found = report_of(KEPT, alerts=alerts, runbooks={"ShopUp": runbook})
    assert f'<a href="{runbook}" rel="noreferrer">ShopUp</a> (page, ticket)' in report_page.html(found)
    assert f"[ShopUp]({runbook}) (page, ticket)" in report_page.markdown(found)


def test_what_is_seeded_says_so_wherever_it_shows() -> None:
    """On the first page, in tables, at each promise and incident, in its picture and its alternative text."""
    found = report_of(KEPT, BROKEN, past=(END - 40 * DAY, END))
    page = report_page.html(found)
    assert "is seeded: made up by the local platform" in page
    # Each promise in the table and at its heading, and each incident in the first table and its own.
    assert page.count("made up</span>") >= 2 * 2 + 2 * 2
    assert all(">made up<" in each for each in pictures(page))
    assert page.count("it is made up.") == 2
    assert report_page.markdown(found).count("(100 % made up)") >= 8
    assert "made up" not in report_page.html(report_of(KEPT, BROKEN))


def test_a_seeded_incident_does_not_say_that_nobody_was_told() -> None:
    """The made-up past holds events, and no alerts."""
    cell = re.compile(r"<td>\s*not known\s*</td>")
    assert len(cell.findall(report_page.html(report_of(KEPT, past=(END - DAY, END))))) == 2
    assert not cell.search(report_page.html(report_of(KEPT)))


def test_names_stay_text_in_the_page() -> None:
    """Tags, attributes and addresses alike."""
    page = report_page.html(hostile())
    assert "<script" not in page
    assert "<img src=x" not in page
    assert "&lt;script&gt;" in page
    assert "onclick=alert(5) <b" not in page
    assert not re.search(r'href="(?!#|https://runbooks\.example)', page)
    assert page.count("<a href=") == page.count('rel="noreferrer"') + page.count('href="#')


def test_names_stay_text_in_pictures() -> None:
    """Their titles are XML like all else."""
    (picture,) = pictures(report_page.html(hostile()))
    root = ElementTree.fromstring(picture)
    assert not [each for each in root.iter() if each.tag.endswith("script")]
    assert SCRIPT in "".join(root.itertext())
    name = "$x^2$ <script>--></script> ]]>"
    drawn = svg(Burndown(title=name, course=[(0, 1.0), (DAY, 0.5)], start=0, end=DAY))
    assert name in "".join(ElementTree.fromstring(drawn).itertext())


def test_a_picture_with_everything_has_room_for_its_course() -> None:
    """Names of all kinds stand above it in one line, and do not push it aside."""
    shaded = [(DAY / 4, DAY / 3)]
    drawn = svg(
        Burndown(
            title="x",
            course=[(0, 1.0), (DAY, -0.5)],
            incidents=shaded,
            pages=shaded,
            tickets=shaded,
            gaps=shaded,
            seeded=(0, DAY / 4),
            start=0,
            end=DAY,
        )
    )
    root = ElementTree.fromstring(drawn)
    words = [each.text for each in root.iter("{http://www.w3.org/2000/svg}text")]
    assert [each for each in words if each in ("made up", "no data", "incident", "ticket", "page")] == [
        "made up",
        "no data",
        "incident",
        "ticket",
        "page",
    ]
    rooms = [float(each[0].get("width")) for each in root.iter("{http://www.w3.org/2000/svg}clipPath")]
    assert max(rooms) > 0.8 * float(root.get("viewBox").split()[2])


def test_names_stay_text_in_markdown() -> None:
    """No tag, no link but that of the runbook, and no cell that ends too early."""
    text = report_page.markdown(hostile())
    assert "<script" not in text
    assert "<img" not in text
    links = re.findall(r"(?<!\\)\]\((.*?)\)", text)
    assert set(links) == {'https://runbooks.example/"%29%20onclick=alert%285%29%20%3Cb%3E%7C'}
    for rows in re.findall(r"(?:^\|.*\n)+", text, re.MULTILINE):
        assert len({len(re.findall(r"(?<!\\)\|", row)) for row in rows.splitlines()}) == 1, rows


def test_escaped_text_and_links() -> None:
    """What is Markdown already stays so; a line break ends no line."""
    assert escaped("a_b|c\n<d>") == r"a\_b\|c?&lt;d&gt;"
    assert escaped(escaped("a_b")) == r"a\_b"
    assert link("a]", "https://x.example/a b)") == r"[a\]](https://x.example/a%20b%29)"


def test_nothing_of_the_page_comes_from_elsewhere() -> None:
    """Its policy forbids it as well; whoever reads a runbook is sent there without a referrer."""
    page = report_page.html(report_of(KEPT, BROKEN))
    assert "default-src 'none'; img-src data:; style-src 'sha256-" in page
    assert not re.findall(r"<(?:script|link|iframe|object|embed|base|form)\b", page)
    assert not re.findall(r"url\(|@import|srcset", page)
    assert all("href" not in each or 'href="#' in each for each in pictures(page))


def test_the_same_report_is_the_same_page() -> None:
    """Nothing of the clock or of chance is in it."""
    assert report_page.html(report_of(BROKEN)) == report_page.html(report_of(BROKEN))


def test_a_server_without_slos_is_told_what_to_do() -> None:
    """An empty page would look as if all was well."""
    assert "has no SLO rules" in report_page.html(report_of())
    assert "has no SLO rules" in report_page.markdown(report_of())


def test_a_thinned_course_loses_no_fall() -> None:
    """A month has more five minutes than a picture has columns."""
    course = [(float(place), 1.0 if place < 5000 else 0.2) for place in range(8640)]
    course[4000] = (4000.0, -3.0)
    kept = thinned(course, 700)
    assert len(kept) < 800
    assert (kept[0], kept[-1]) == (course[0], course[-1])
    assert (4000.0, -3.0) in kept


def test_json_has_the_same_figures() -> None:
    """And is JSON: no NaN, null where nothing is known."""
    found = json.loads(json.dumps(as_json(report_of(UNKNOWN, BROKEN)), allow_nan=False))
    broken, unknown = found["slos"]
    assert (broken["verdict"], unknown["verdict"], unknown["budget_left"]) == ("not kept", "not known", None)
    assert broken["incidents"][0]["from"] == "2033-05-17T19:00:00Z"
    spent = sum(each["budget_spent"] for each in broken["incidents"]) + broken["spent_beside"]
    assert 1 - spent == pytest.approx(broken["budget_left"])
