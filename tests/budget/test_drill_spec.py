"""budget/drill_spec.py, drill_shape.py: a drill's file, read; and everything that is wrong with one, at once."""

from pathlib import Path
from typing import Any

import pytest

from budget import drill_spec
from budget.drill_shape import MOST_FAULTS_SECONDS
from budget.drill_spec import Break, Drill, Effect, May, Page
from budget.series_selector import Selector
from slo.errors import SpecErrors
from tests.budget.drill_history import drills

GOOD = """\
version: tillwatch/drill/v1
title: The gateway is away
says: >-
  Nobody can
  pay.
short: true
faults:
  - {target: payments, fault: latency, share: 0.5, settings: {delay_seconds: 2, mode: "7"}}
  - {target: inventory, fault: halt, after: 20s}
mend:
  - {target: inventory-reconcile, fault: run, settings: {arguments: --repair}}
effects:
  - series: requests_total{job="payments",code!~"5.."}
    moves_to: {code: 503}
    share: 0.5
  - {series: a_total, keeps: 0}
  - {series: b_total, grows: 4}
  - {series: up, value: -1.5}
  - {series: c, ends: yes}
pages:
  - {alert: PaymentsAvailability, service: payments, slo: availability, when_busy: true}
  - {alert: Drift, service: inventory, severity: ticket}
may:
  - {alert: Other, service: orders, why: it says the same}
"""


def loaded(folder: Path, text: str = GOOD, name: str = "payment-outage.yaml") -> Drill:
    """The only drill of a folder."""
    (folder / name).write_text(text, encoding="utf-8")
    (found,) = drill_spec.load(folder)
    return found


def faults(folder: Path, text: str) -> list[str]:
    """What is told of a file, each with its place in it."""
    (folder / "bad.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(SpecErrors) as caught:
        drill_spec.load(folder)
    return [line.removeprefix(f"{folder}/") for line in str(caught.value).splitlines()]


def test_a_good_file_is_read(tmp_path: Path) -> None:
    """Named for its file; its text in one line; a fault for as long as a service takes it."""
    assert loaded(tmp_path) == Drill(
        name="payment-outage",
        title="The gateway is away",
        says="Nobody can pay.",
        short=True,
        faults=(
            Break(
                target="payments",
                fault="latency",
                body={"fault": "latency", "share": 0.5, "seconds": 900, "delay_seconds": 2, "mode": "7"},
            ),
            Break(
                target="inventory",
                fault="halt",
                body={"fault": "halt", "share": 1.0, "seconds": 880},
                after_seconds=20,
            ),
        ),
        mend=(
            Break(
                target="inventory-reconcile",
                fault="run",
                body={"fault": "run", "share": 1.0, "seconds": 900, "arguments": "--repair"},
            ),
        ),
        effects=(
            Effect(
                series=Selector("requests_total", (("job", "=", "payments"), ("code", "!~", "5.."))),
                moves_to={"code": "503"},
                share=0.5,
            ),
            Effect(series=Selector("a_total", ()), keeps=0.0),
            Effect(series=Selector("b_total", ()), grows=4.0),
            Effect(series=Selector("up", ()), value=-1.5),
            Effect(series=Selector("c", ()), ends=True),
        ),
        pages=(
            Page(alert="PaymentsAvailability", service="payments", slo="availability", when_busy=True),
            Page(alert="Drift", service="inventory", severity="ticket"),
        ),
        may=(May(alert="Other", service="orders", why="it says the same"),),
    )


@pytest.mark.parametrize(
    ("fault", "asked"),
    [("latency", True), ("halt", False), ("kill", False), ("run", False), ("guess-passwords", False)],
)
def test_what_a_service_can_be_asked_for_is_told_from_what_is_done_to_it(fault: str, asked: bool) -> None:
    """The page of /ops begins the first kind, and `local drill` both."""
    made = Break(target="payments", fault=fault, body={})
    assert (made.asked, made.service) == (asked, "payments")


def test_a_drill_of_one_fault_that_a_service_takes_is_begun_by_asking_it(tmp_path: Path) -> None:
    """One of two faults takes more than that, and one from outside as well."""
    second = "  - {target: inventory, fault: halt, after: 20s}\n"
    alone = loaded(tmp_path, GOOD.replace(second, ""))
    assert alone.break_ == alone.faults[0]
    assert loaded(tmp_path).break_ is None
    assert loaded(tmp_path, GOOD.replace(second, "").replace("fault: latency", "fault: halt")).break_ is None


def test_drills_come_in_order_of_their_names(tmp_path: Path) -> None:
    """Files of other kinds are somebody else's."""
    for name in ("b.yaml", "a.yml", "c.txt"):
        (tmp_path / name).write_text(GOOD)
    assert [each.name for each in drill_spec.load(tmp_path)] == ["a", "b"]


def test_ours_are_read() -> None:
    """All of them, each with what it says of itself."""
    assert len(drills()) >= 10
    assert all(each.title and each.says and each.pages and each.effects for each in drills().values())


# --- what is wrong ----------------------------------------------------------------------------------------------------


def test_every_fault_is_told_at_once_with_its_place(tmp_path: Path) -> None:
    """Of two files, line and column, and what was expected."""
    (tmp_path / "other.yaml").write_text("version: tillwatch/drill/v9\n")
    bad = GOOD.replace("title: The", "titel: The").replace("share: 0.5, settings", "share: 1.5, settings")
    bad = bad.replace("keeps: 0}", "keeps: 0, value: 1}").replace("alert: Drift", "alert: no alert")
    told = faults(tmp_path, bad)
    assert [line.split(" ")[0].rstrip(":") for line in told if line.startswith("bad.yaml")] == [
        "bad.yaml:2:1",
        "bad.yaml:8:47",
        "bad.yaml:16:5",
        "bad.yaml:22:13",
    ]
    text = "\n".join(told)
    assert "titel" in text
    assert "1.5 is not a share: expected 0 to 1" in text
    assert "expected exactly one of moves_to, keeps, grows, value, ends" in text
    assert sum(line.startswith("other.yaml") for line in told) >= 4


@pytest.mark.parametrize(
    ("line", "instead", "says"),
    [
        pytest.param("version: tillwatch/drill/v1", "version: 2", "version: ", id="another version"),
        pytest.param("share: 0.5, settings", "share: lots, settings", "share", id="a share in words"),
        pytest.param("share: 0.5, settings", "share: .nan, settings", "is not a decimal number", id="no number"),
        pytest.param("share: 0.5, settings", "share: .inf, settings", "is not a decimal number", id="no end"),
        pytest.param("share: 0.5, settings", "share: -0.1, settings", "is not a share", id="less than nothing"),
        pytest.param("share: 0.5, settings", "share: 1e99, settings", "is out of range", id="much too much"),
        pytest.param("settings: {delay_seconds: 2", "settings: [2], x: {y: 2", "expected a mapping", id="a list"),
        pytest.param("after: 20s", "after: soon", "soon", id="no time"),
        pytest.param("after: 20s", "after: 15m", "a drill has 900 s at most", id="when it is over"),
        pytest.param("after: 20s", "after: -1s", "-1s", id="before it begins"),
        pytest.param(
            "share: 0.5, settings", "after: 5s, settings", "the first fault comes at once", id="the first late"
        ),
        pytest.param("target: payments, ", "", "target", id="nobody"),
        pytest.param("target: payments", "target: ''", "target", id="nobody's name"),
        pytest.param('requests_total{job="payments",code!~"5.."}', "rate(a[5m])", "is no selector", id="a function"),
        pytest.param('requests_total{job="payments",code!~"5.."}', '"{a="', "is no selector", id="half a selector"),
        pytest.param("moves_to: {code: 503}", "moves_to: 503", "moves_to", id="no labels"),
        pytest.param("moves_to: {code: 503}", "moves_to: {}", "expected exactly one of", id="to nowhere"),
        pytest.param("grows: 4}", "grows: fast}", "grows", id="a rate in words"),
        pytest.param("ends: yes", "ends: perhaps", "expected true or false", id="perhaps"),
        pytest.param("ends: yes", "ends: no", "expected exactly one of", id="it does not end"),
        pytest.param("severity: ticket", "severity: info", "severity", id="nobody is told"),
        pytest.param("why: it says the same", "why: ''", "why", id="no reason"),
        pytest.param("short: true", "short: true\nshort: false", "duplicate key", id="said twice"),
        pytest.param("short: true", "short: true\nlong: false", "long", id="a key that there is not"),
        pytest.param("short: true", "short: !!python/object:os.system true", "tag", id="a tag that does something"),
        pytest.param("title: The gateway is away", f"title: {'x' * 81}", "title", id="a title that is none"),
    ],
)
def test_a_wrong_value_is_told(tmp_path: Path, line: str, instead: str, says: str) -> None:
    """In one line, with its place, and never as a traceback."""
    assert GOOD.count(line) == 1
    told = faults(tmp_path, GOOD.replace(line, instead))
    assert any(each.startswith("bad.yaml:") and says in each for each in told), told


@pytest.mark.parametrize("key", ["version", "title", "says", "faults", "pages"])
def test_what_must_be_there_is_missed(tmp_path: Path, key: str) -> None:
    """By its name."""
    lines = iter(GOOD.splitlines(keepends=True))
    kept, skipping = "", False
    for line in lines:
        skipping = line.startswith(f"{key}:") or (skipping and line.startswith(" "))
        kept += "" if skipping else line
    (told,) = faults(tmp_path, kept)
    assert key in told


@pytest.mark.parametrize(
    ("text", "says"),
    [
        pytest.param("", "holds 0 documents", id="nothing"),
        pytest.param(f"{GOOD}---\n{GOOD}", "holds 2 documents", id="two of them"),
        pytest.param("- a\n", "expected a mapping", id="a list"),
        pytest.param("a: [", "is not YAML", id="no YAML"),
        pytest.param("\0", "control character", id="no text"),
        pytest.param("a: &a [*a]", "names nothing", id="what holds itself"),
        pytest.param("version: &a [" + "[" * 100 + "]" * 100 + "]", "levels deep", id="deep"),
    ],
)
def test_what_is_no_drill_is_told(tmp_path: Path, text: str, says: str) -> None:
    """In one line."""
    (told,) = faults(tmp_path, text)
    assert told.startswith("bad.yaml")
    assert says in told


def test_a_folder_that_is_not_there_is_told(tmp_path: Path) -> None:
    """With its name."""
    with pytest.raises(SpecErrors, match="nowhere: does not exist"):
        drill_spec.load(tmp_path / "nowhere")


@pytest.mark.parametrize("value", [0, 1, "0.25"])
def test_a_share_may_be_all_or_nothing(tmp_path: Path, value: Any) -> None:
    """Both ends are in it."""
    made = loaded(tmp_path, GOOD.replace("share: 0.5, settings", f"share: {value}, settings"))
    assert made.faults[0].body["share"] == float(value)


def test_no_fault_lasts_longer_than_a_service_takes_it() -> None:
    """Nor does the last one begin when it would be over."""
    assert drill_spec.LONGEST_SECONDS == MOST_FAULTS_SECONDS == 900
