"""The page as it is read: what is well, what is not, who does not answer; and strangers' text stays text."""

import re
import threading
import time
from typing import Any
from urllib.parse import quote

import pytest

from budget.answers import Series
from budget.drill_spec import Break, Drill, May, Page
from budget.ops.alertmanager import Silence, Told
from budget.ops.faults import Active, Broken
from budget.ops.journeys import ATTEMPTS
from slo import conventions
from tests.budget.canned import NOW, UP, group, sample
from tests.budget.ops.fakes import (
    HOUR,
    FakeAlertmanagers,
    FakeFaults,
    FakeIncidents,
    FakeServer,
    alert,
    client,
    desk,
    drills,
    figures,
    incident,
    never_answering,
    press,
    signed_in,
    together,
    unreachable,
)

SCRIPT = '<script>alert("1")</script>'
# Without a slash, where the name of something is one part of a path.
IMAGE = '<img src=x onerror="alert(1)">'
BURNING = {conventions.ID: "pay-up", conventions.SERVICE: "pay", conventions.SLO: "up"}


def rows(text: str) -> list[tuple[str, str]]:
    """Service with SLO, and how it stands, of each row of the table."""
    found = re.findall(r'<tr role="row" class="\w+">(.*?)</tr>', text, re.DOTALL)
    marks = [re.findall(r'<span class="mark.*?</span>', each)[0] for each in found]
    return [(_plain(each.split("</a>")[0]), _plain(mark)) for each, mark in zip(found, marks, strict=True)]


def _plain(html: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", html).split())


def shown(given: Any, path: str = "/ops") -> str:
    """The text of a page."""
    answer = client(given).get(path)
    assert answer.status_code == 200, answer.text
    return str(answer.text)


def test_the_worst_promise_is_first() -> None:
    """What fires, what burns, then by the budget that is left."""
    low = {**BURNING, conventions.ID: "low-up", conventions.SERVICE: "low"}
    fires = {**BURNING, conventions.ID: "fires-up", conventions.SERVICE: "fires"}
    answers = together(
        figures(burn=0.1, hour=0.0),
        figures(BURNING, burn=9.0, hour=0.009, left=0.9),
        figures(low, burn=0.1, hour=0.0, left=0.2),
        figures(fires, burn=20, hour=0.02, left=0.8),
    )
    page = {**fires, "alertname": "FiresUp", "alertstate": "firing", conventions.SEVERITY: "page"}
    answers["ALERTS{"] = (sample(page),)
    standing = rows(shown(desk(FakeServer(answers))))
    assert standing == [("fires up", "page fires"), ("pay up", "burning"), ("low up", "ok"), ("shop up", "ok")]


def test_figures_are_those_of_the_status() -> None:
    """In its words."""
    text = shown(desk(FakeServer(figures())))
    cells = dict(re.findall(r'data-name="([^"]+)">([^<]+)<', text))
    assert cells == {
        "left": "75.0%",
        "burn 5m": "2.50",
        "1h": "not known",
        "6h": "not known",
        "spent": "not known",
        "objective": "99.9%",
    }


def test_a_server_that_is_away_leaves_nothing_well() -> None:
    """The page says who, since when, and of when its figures are; no promise is called ok, nothing held for 0."""
    server, moment = FakeServer(figures()), [NOW]
    given = desk(server, clock=lambda: moment[0], alertmanagers=FakeAlertmanagers(alert("Watchdog")))
    browser = client(given)
    assert ("shop up", "ok") in rows(browser.get("/ops").text)
    server.fault = unreachable()
    moment[0] += 60
    browser.get("/ops")
    moment[0] += 60
    text = browser.get("/ops").text
    assert "Prometheus cannot be asked since 03:34:20 UTC" in text
    assert "its figures are those of 03:33:20" in text
    assert rows(text) == [("shop up", "not known")]
    assert "is not known: http://prometheus.example:9090 does not answer" in text
    assert "No page fires, by what Alertmanager was told before." in text
    assert 'class="good"' not in text
    assert "mark good" not in text
    assert browser.get("/ops.json").json["slos"] is None
    assert browser.get("/ops.json").json["invariants"] is None
    assert browser.get("/ops.json").json["faults_of_sources"]["prometheus"]["since"] == "2033-05-18T03:34:20Z"


def test_the_first_look_after_hours_is_of_now(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody asked meanwhile: an answer of a second is waited for, and where none comes nothing is known."""
    server, moment, answered = FakeServer(figures()), [NOW], threading.Event()
    instant = server.instant
    browser = client(desk(server, clock=lambda: moment[0]))
    assert browser.get("/ops.json").json["slos"][0]["budget_left"] == 0.75
    monkeypatch.setattr(server, "instant", lambda *given, **named: answered.wait(20) and instant(*given, **named))
    moment[0] += 4 * HOUR
    server.instants |= figures(left=0.1)
    soon = threading.Timer(1.0, answered.set)
    soon.start()
    assert browser.get("/ops.json").json["slos"][0]["budget_left"] == 0.1
    answered.clear()
    moment[0] += 24 * HOUR
    try:
        found = browser.get("/ops.json").json
        assert (found["slos"], found["invariants"], found["gate"]) == (None, None, None)
        moment[0] += 3  # once it has been waited for, nobody waits again
        text = browser.get("/ops").text
        assert "there is no answer yet; its figures are those of 18 May 07:33." in text
        assert rows(text) == [("shop up", "not known")]
    finally:
        answered.set()


def test_lines_that_are_not_of_now_say_so() -> None:
    """With why, and of when they are; as data there are none."""
    server, moment = FakeServer(figures()), [NOW]
    broken: list[str] = []
    range_ = server.range

    def fails(query: str, **given: float) -> Any:
        if broken and conventions.total_average("2m") in query:
            raise unreachable()
        return range_(query, **given)

    server.instants |= {conventions.OBJECTIVE: figures()[f"{conventions.OBJECTIVE}{{"]}
    server.instants |= {conventions.PERIOD_DAYS: figures()[f"{conventions.PERIOD_DAYS}{{"]}
    server.__dict__["range"] = fails
    browser = client(desk(server, clock=lambda: moment[0]))
    assert "The lines are" not in browser.get("/ops").text
    broken.append("range")
    moment[0] += 61
    text = browser.get("/ops").text
    assert "The lines are those of 03:33:20 UTC: http://prometheus.example:9090 does not answer" in text
    assert ("shop up", "ok") in rows(text)
    assert browser.get("/ops.json").json["burndowns"] is None


def test_an_alertmanager_that_is_away_is_named() -> None:
    """What fires is then as Prometheus evaluates it."""
    gone = FakeAlertmanagers()
    gone.fault = unreachable("http://alertmanager.example:9093")
    labels = {"alertname": "ShopUp", "alertstate": "firing", "severity": "page", "service": "shop"}
    server = FakeServer(figures() | {'ALERTS{alertstate="firing"}': (sample(labels),)})
    text = shown(desk(server, alertmanagers=gone))
    assert "Alertmanager cannot be asked since 03:33:20 UTC: http://alertmanager.example:9093 does not answer" in text
    assert "As Prometheus evaluates them" in text
    assert "ShopUp" in text


def test_one_of_two_that_is_away_is_named_too() -> None:
    """The other one says what fires."""
    text = shown(
        desk(alertmanagers=FakeAlertmanagers(told=Told(alerts=(alert(),), down=("http://b does not answer",))))
    )
    assert "One of the Alertmanagers: http://b does not answer." in text
    assert "<h3>ShopUp" in text


def test_everything_away_is_still_a_page() -> None:
    """With every heading, and nothing known on it."""
    server, alertmanagers, incidents = FakeServer(), FakeAlertmanagers(), FakeIncidents()
    server.fault = alertmanagers.fault = incidents.fault = unreachable()
    text = shown(desk(server, alertmanagers=alertmanagers, incidents=incidents))
    assert len(re.findall("<h2", text)) == 7
    assert "What fires is not known." in text
    assert "Which promises are kept is not known." in text
    assert "PagerDuty stand-in cannot be asked" in text
    assert ">hold<" in text
    assert "ok</span>" not in text


def test_a_server_that_never_answers_does_not_hold_the_page_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is drawn within a few seconds, and then at once, saying that there is no answer yet."""
    over, server = threading.Event(), FakeServer()
    monkeypatch.setattr(server, "instant", never_answering(over))
    monkeypatch.setattr(server, "range", never_answering(over))
    browser = client(desk(server, clock=time.time))
    try:
        began = time.monotonic()
        assert browser.get("/ops").status_code == 200
        assert time.monotonic() - began < 5
        began = time.monotonic()
        text = browser.get("/ops").text
        assert time.monotonic() - began < 2
        assert re.search(r"Prometheus cannot be asked since [\d:]+ UTC: there is no answer yet", text)
    finally:
        over.set()


def test_names_from_anywhere_stay_text() -> None:
    """Of SLOs, services, labels, rules, alerts, runbooks' links, silences, incidents, journeys, faults and drills."""
    labels = {conventions.ID: SCRIPT, conventions.SERVICE: SCRIPT, conventions.SLO: SCRIPT, "cluster": SCRIPT}
    server = FakeServer(
        figures(labels),
        {
            ATTEMPTS: (
                Series(labels={"journey": SCRIPT, "outcome": "passed"}, points=((NOW - 20, 1.0), (NOW - 80, 1.0))),
            ),
            "shop_fault_active": (Series(labels={"job": SCRIPT, "fault": SCRIPT}, points=((NOW - 20, 1.0),)),),
        },
        groups=(group(labels, health="err"),),
    )
    evil = alert(
        SCRIPT,
        labels={"service": SCRIPT, "slo": SCRIPT, "severity": SCRIPT, SCRIPT: SCRIPT},
        annotations={"summary": SCRIPT, "runbook_url": "javascript:alert(1)"},
        fingerprint=IMAGE,
    )
    silence = Silence(id=SCRIPT, matchers=(SCRIPT,), by=SCRIPT, comment=SCRIPT, starts=0, ends=NOW + 60, state="active")
    drill = Drill(
        name=IMAGE,
        title=SCRIPT,
        says=SCRIPT,
        short=False,
        faults=(Break(target=SCRIPT, fault=SCRIPT, body={"fault": SCRIPT, "share": 1.0, "seconds": 60}),),
        mend=(),
        effects=(),
        pages=(Page(alert=SCRIPT, service=SCRIPT),),
        may=(May(alert=SCRIPT, service=SCRIPT, why=SCRIPT),),
    )
    given = desk(
        server,
        alertmanagers=FakeAlertmanagers(told=Told(alerts=(evil,), silences=(silence,), down=(SCRIPT,))),
        incidents=FakeIncidents(incident(alert=SCRIPT, summary=SCRIPT, team=SCRIPT)),
        faults=FakeFaults(Active(target=SCRIPT, fault=SCRIPT, share=1, seconds_left=9)),
        drills=drills(drill),
        environment=SCRIPT,
    )
    browser = signed_in(client(given))
    there = [f"/ops/promises/{quote(SCRIPT)}", f"/ops/drills/{quote(IMAGE)}", f"/ops/alerts/{quote(IMAGE)}/silence"]
    gone = [f"/ops/promises/{quote(IMAGE)}", f"/ops/runbooks/{quote(IMAGE)}", f"/ops/drills/x{quote(IMAGE)}"]
    for path in ("/ops", "/ops/parts", *there, *gone):
        answer = browser.get(path)
        assert answer.status_code == (404 if path in gone else 200), path
        assert "&lt;script&gt;" in answer.text or path in gone, path
        for unsafe in ("<script>alert", "<img", "javascript:"):
            assert unsafe not in answer.text, path
    assert browser.get("/ops").text.count("&lt;script&gt;") > 30
    assert browser.get("/ops.json").content_type == "application/json"


def test_an_alert_offers_what_can_be_done_about_it() -> None:
    """Its runbook and a silence to everybody; acknowledging its incident to whoever is signed in."""
    given = desk(alertmanagers=FakeAlertmanagers(alert("CatalogAvailability")), incidents=FakeIncidents(_of_catalog()))
    browser = client(given)
    text = browser.get("/ops").text
    assert 'href="/ops/runbooks/CatalogAvailability"' in text
    assert 'href="/ops/alerts/f1/silence"' in text
    assert "Incident 3 of shop: triggered" in text
    assert "/acknowledge" not in text
    assert 'action="/ops/incidents/3/acknowledge"' in signed_in(browser).get("/ops").text


@pytest.mark.parametrize(
    ("changes", "about"),
    [
        ({}, True),
        ({"labels": {"severity": "ticket"}}, False),
        ({"labels": {"slo": "down"}}, False),
        ({"labels": {"service": "other"}}, False),
        ({"name": "Other"}, False),
    ],
)
def test_an_incident_is_about_the_alert_that_opened_it(changes: dict[str, Any], about: bool) -> None:
    """By name, service, promise and severity; one of no promise by its name twice."""
    assert incident().is_about(alert(**changes)) is about
    bare = alert("JobLate", labels={"slo": ""})
    assert incident(alert="JobLate", group="JobLate").is_about(bare)


def _of_catalog() -> Any:
    return incident(alert="CatalogAvailability")


def test_an_incident_whose_alert_is_over_is_still_there() -> None:
    """Until somebody, or the alert, resolves it."""
    text = shown(desk(incidents=FakeIncidents(incident(7, summary="it burnt"))))
    assert "Incident 7 of shop, triggered: it burnt" in text


def test_where_nobody_says_what_fires_no_alert_is_called_over() -> None:
    """The incidents are open, and that is all that is known of them."""
    server, alertmanagers = FakeServer(), FakeAlertmanagers()
    server.fault = alertmanagers.fault = unreachable()
    text = shown(desk(server, alertmanagers=alertmanagers, incidents=FakeIncidents(incident())))
    assert "<h3>Open incidents</h3>" in text
    assert "fires no more" not in text
    assert "fires no more" in shown(desk(incidents=FakeIncidents(incident())))


def test_incidents_of_before_are_not_shown() -> None:
    """Where the stand-in is away, as the page says: nobody can acknowledge them there."""
    incidents, moment = FakeIncidents(incident()), [NOW]
    given = desk(alertmanagers=FakeAlertmanagers(alert()), incidents=incidents, clock=lambda: moment[0])
    browser = signed_in(client(given))
    assert "/acknowledge" in browser.get("/ops").text
    incidents.fault = unreachable("http://pagerduty.example:8081")
    moment[0] += 4
    text = browser.get("/ops").text
    assert "incidents are not shown" in text
    assert "Incident 3" not in text
    assert "/acknowledge" not in text


def test_without_a_stand_in_nobody_is_acknowledged_here() -> None:
    """The page says where that is done."""

    class Nobody(FakeIncidents):
        def __bool__(self) -> bool:
            return False

    assert "In PagerDuty itself that is done in its own app" in shown(desk(incidents=Nobody()))


def test_a_silence_needs_a_length_and_a_reason() -> None:
    """Both are asked for again, with what was written; then Alertmanager gets all labels of the alert."""
    alertmanagers = FakeAlertmanagers(alert())
    browser = signed_in(client(desk(alertmanagers=alertmanagers)))
    for fields, says in (
        ({"minutes": "15", "comment": " "}, "Why?"),
        ({"minutes": "7", "comment": "planned"}, "For how long?"),
        ({"minutes": "15", "comment": "x" * 501}, "At most 500 characters"),
        ({}, "For how long?"),
    ):
        answer = press(browser, "/ops/alerts/f1/silence", **fields)
        assert (answer.status_code, says in answer.text, fields.get("comment", "") in answer.text) == (422, True, True)
    assert alertmanagers.done == []
    assert press(browser, "/ops/alerts/f1/silence", minutes="240", comment="planned work").status_code == 303
    assert alertmanagers.done == [("silence", dict(alert().labels), 14_400, "planned work", NOW)]
    assert "ShopUp of shop is silenced for 4 hours." in browser.get("/ops").text


def test_an_alert_that_is_over_cannot_be_silenced() -> None:
    """There is nothing to hold back."""
    browser = signed_in(client(desk()))
    assert browser.get("/ops/alerts/f1/silence").status_code == 404
    assert press(browser, "/ops/alerts/f1/silence", minutes="15", comment="x").status_code == 404


def test_an_action_that_fails_says_that_nothing_was_done() -> None:
    """And why."""
    alertmanagers = FakeAlertmanagers(alert())
    browser = signed_in(client(desk(alertmanagers=alertmanagers)))
    browser.get("/ops")
    alertmanagers.fault = unreachable("http://alertmanager.example:9093")
    assert press(browser, "/ops/alerts/f1/silence", minutes="15", comment="planned").status_code == 303
    text = browser.get("/ops").text
    assert "Nothing was done: http://alertmanager.example:9093 does not answer" in text
    assert 'role="alert"' in text


def test_a_promise_by_itself_says_what_spent_it() -> None:
    """Its figures and the gate's word; and that its past is not known where the records hold none."""
    text = shown(desk(), "/ops/promises/shop-up")
    assert "99.9% of 30d" in text
    assert "Incidents that spent it" in text
    assert client(desk()).get("/ops/promises/nobody").status_code == 404


def test_a_runbook_that_is_not_there_is_not_there() -> None:
    """Nor is any other file."""
    browser = client(desk())
    for name in ("Nobody", "..%2f..%2fREADME", "README.md", "%00"):
        assert browser.get(f"/ops/runbooks/{name}").status_code == 404
    assert "Oversold</h1>" in browser.get("/ops/runbooks/Oversold").text


def test_without_faults_nothing_can_be_broken() -> None:
    """Neither by a section of the page nor by an address."""
    browser = signed_in(client(desk()))
    assert "Break it" not in browser.get("/ops").text
    assert press(browser, "/ops/drills/catalog-errors/break").status_code == 404
    assert press(browser, "/ops/faults/catalog/mend").status_code == 404
    assert browser.get("/ops.json").json["drills"] is None


def test_the_same_as_data() -> None:
    """For programs: null where nobody knows, problems as documents."""
    faults = FakeFaults(Active(target="catalog", fault="errors", share=0.5, seconds_left=60))
    given = desk(alertmanagers=FakeAlertmanagers(alert()), incidents=FakeIncidents(incident()), faults=faults)
    browser = client(given)
    found = browser.get("/ops.json").json
    assert (found["slos"][0]["id"], found["slos"][0]["budget_left"]) == ("shop-up", 0.75)
    assert (found["alerts"][0]["name"], found["alerts_by"], found["incidents"][0]["number"]) == (
        "ShopUp",
        "alertmanager",
        3,
    )
    nobody = {"count": None, "checked": None, "stale": False, "note": "no service exports it"}
    assert found["invariants"]["lost"] == nobody
    assert found["broken"] == [{"target": "catalog", "fault": "errors", "share": 0.5, "seconds_left": 60}]
    assert set(found["gate"]) == {"catalog", "inventory", "journeys", "orders", "payments", "storefront", "users"}
    assert (found["broken_not_known"], found["alertmanagers_down"]) == ([], [])
    assert found["faults_of_sources"] == {}
    assert found["burndowns"] == []
    problem = browser.get("/nothing.json")
    assert (problem.status_code, problem.content_type) == (404, "application/problem+json")


def test_data_says_who_is_not_known() -> None:
    """Services that do not say what is broken, Alertmanagers that are down, and zeros of books of long ago."""
    faults = FakeFaults()
    faults.says = Broken(silent=("catalog",))
    books = {f'job="{job}"': (sample({}, NOW - 3 * 24 * HOUR),) for job in ("inventory", "orders")}
    figures_ = {"shop_oversold_units_total": (sample({}, 0.0),), 'result="mismatch"': (sample({}, 3.0),)}
    given = desk(
        FakeServer(books | figures_),
        alertmanagers=FakeAlertmanagers(told=Told(alerts=(), down=("http://b does not answer",))),
        faults=faults,
    )
    found = client(given).get("/ops.json").json
    assert (found["broken"], found["broken_not_known"]) == ([], ["catalog"])
    assert found["alertmanagers_down"] == ["http://b does not answer"]
    counts = {name: (each["count"], each["stale"]) for name, each in found["invariants"].items()}
    assert counts == {"oversold": (None, True), "double charged or lost": (3, True), "unknown": (None, False)}
    assert found["invariants"]["oversold"]["checked"] == "2033-05-15T03:33:20Z"
    faults.says = Broken(silent=faults.names)
    found = client(given).get("/ops.json").json
    assert (found["broken"], found["broken_not_known"]) == (None, ["catalog", "orders"])


def test_what_is_open_of_the_gate_goes_by_the_service() -> None:
    """A live page opens it again by its id, whatever place it has by then."""
    assert re.findall(r'<details id="([^"]+)"><summary>(\w+)<', shown(desk()))[0] == ("gate-of-catalog", "catalog")


def test_data_has_no_number_that_is_none() -> None:
    """NaN and infinity are no JSON."""
    answers = figures(left=float("nan"), burn=float("inf"))
    assert "NaN" not in shown(desk(FakeServer(answers)), "/ops.json")


def test_the_parts_alone_are_those_of_the_page() -> None:
    """A live page asks for them alone, and finds each by its name."""
    given = desk()
    whole, parts = (re.findall(r'data-part="([\w-]+)"', shown(given, path)) for path in ("/ops", "/ops/parts"))
    assert parts == whole
    assert len(set(parts)) == len(parts) >= 8


def test_without_scripts_a_page_can_show_itself_again() -> None:
    """On demand, every fifteen seconds."""
    assert '<meta http-equiv="refresh" content="15">' in shown(desk(), "/ops?refresh=on")
    assert "http-equiv" not in shown(desk())


def test_a_page_costs_prometheus_as_much_with_many_promises_as_with_one() -> None:
    """So many questions, however many SLOs there are; a second look within seconds asks nothing."""

    def asked(count: int) -> tuple[int, int]:
        every = [{**UP, conventions.ID: f"slo-{number}", conventions.SLO: f"s{number}"} for number in range(count)]
        server = FakeServer(together(*map(figures, every)))
        browser = client(desk(server))
        assert browser.get("/ops").text.count('<tr role="row" class="') == count
        first = len(server.asked)
        browser.get("/ops")
        return first, len(server.asked) - first

    assert asked(1) == asked(26)
    assert asked(26)[1] == 0


def test_26_promises_are_drawn_in_a_moment() -> None:
    """Warm, less than a fifth of a second of a core."""
    every = [{**UP, conventions.ID: f"slo-{number}", conventions.SLO: f"s{number}"} for number in range(26)]
    browser = client(desk(FakeServer(together(*map(figures, every)))))
    browser.get("/ops")
    began = time.process_time()
    for _ in range(5):
        browser.get("/ops")
    assert (time.process_time() - began) / 5 < 0.2
