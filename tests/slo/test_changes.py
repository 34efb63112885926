"""What `diff` says of a changed spec, in on-call's words."""

from __future__ import annotations

from pathlib import Path

import pytest

from slo.catalogue import Catalogue
from slo.changes import Change, compare
from slo.load import load
from tests.slo.spec_texts import BAD, loaded, slo, spec

ROUTING = "teams:\n  shop: {description: The shop.}\n"


def _effects(folder: Path, old: str, new: str) -> list[str]:
    changes = compare(loaded(old, folder), loaded(new, folder))
    assert [(change.slo, change.what) for change in changes] in ([], [("orders-availability", "changed")])
    return [effect for change in changes for effect in change.effects]


def _alerting(more: str) -> str:
    return spec().replace("{name: Orders}", f"{{name: Orders, {more}}}")


def test_nothing_changed(tmp_path: Path) -> None:
    """Comments, order of keys and descriptions change nothing that on-call would notice."""
    assert _effects(tmp_path, spec(), f"# new\n{spec(slo(more='    description: new' + chr(10)))}") == []


def test_an_objective(tmp_path: Path) -> None:
    """Budget, thresholds and the time until a page are told before and after."""
    assert _effects(tmp_path, spec(), spec(slo(objective="99.5"))) == [
        "99.9 % over 30 days becomes 99.5 % over 30 days",
        "the budget was 43m12s of full outage, or 1000 of a million events, and becomes 3h36m of full outage,"
        " or 5000 of a million events",
        "page: > 1.44 % bad over 1h or > 0.6 % bad over 6h becomes > 7.2 % bad over 1h or > 3 % bad over 6h",
        "ticket: > 0.3 % bad over 1d or > 0.1 % bad over 3d becomes > 1.5 % bad over 1d or > 0.5 % bad over 3d",
        "a full outage paged after about 52s, and will page after about 4m19s",
    ]


def test_a_period(tmp_path: Path) -> None:
    """A shorter period has a smaller budget and other thresholds."""
    found = _effects(tmp_path, spec(), spec(slo(more="    window: 7d\n")))
    assert found[0] == "99.9 % over 30 days becomes 99.9 % over 7 days"
    assert found[1].endswith("and becomes 10m05s of full outage, or 1000 of a million events")
    assert found[2].endswith("becomes > 1.344 % bad over 1h or > 0.35 % bad over 6h")


def test_a_page_that_can_never_fire(tmp_path: Path) -> None:
    """A budget so large that a full outage does not page is said as it is."""
    found = _effects(tmp_path, spec(), spec(slo(objective="80")))
    assert found[-1] == "a full outage paged after about 52s, and will never page"


@pytest.mark.parametrize(
    ("new", "expected"),
    [
        (
            spec().replace("5..", "5..|429"),
            [
                "what counts as good or bad changes; for the rest of the period the budget holds events of both kinds",
                f"bad events before: {BAD.replace('{{.window}}', '5m')}",
                f"bad events now: {BAD.replace('{{.window}}', '5m').replace('5..', '5..|429')}",
            ],
        ),
        (
            spec(slo(sli="{raw: {error_ratio_query: 'job:errors{{.window}}'}}")),
            [
                "what counts as good or bad changes; for the rest of the period the budget holds events of both kinds",
                "error ratio before: not asked",
                "error ratio now: job:errors5m",
            ],
        ),
        (_alerting("page_alert: {disable: true}"), ["the page is no longer sent"]),
        (
            _alerting("ticket_alert: {labels: {severity: slack}}"),
            ["ticket labels: +severity=slack; routes may match differently"],
        ),
        (_alerting("labels: {a: b}"), ["alert labels: +a=b; routes may match differently"]),
        (_alerting("annotations: {a: b}"), ["annotations: +a=b"]),
        (_alerting("page_alert: {annotations: {a: b}}"), ["page annotations: +a=b"]),
        (_alerting("min_failures: 10"), ["wakes nobody below 10 bad events (was 3; 0 is no guard)"]),
        (_alerting("absent_after: 0"), ["a vanished SLI is never told (was told after 10m)"]),
        (_alerting("absent_after: 1h"), ["a vanished SLI is told after 1h (was told after 10m)"]),
        (
            spec(slo(alert="Other")),
            [
                "the alert Orders is now called Other: what is open under the old name ends within five minutes, and"
                " opens anew"
            ],
        ),
        (spec(head="team: shop\n"), ["goes to shop instead of whoever watches what nobody owns"]),
        (spec(head="labels: {tier: 2}\n"), ["labels: +tier=2; long windows keep their history"]),
    ],
)
def test_one_change(tmp_path: Path, new: str, expected: list[str]) -> None:
    """Each kind of change is told by what it does."""
    assert _effects(tmp_path, spec(), new) == expected


def test_a_changed_label(tmp_path: Path) -> None:
    """The old value goes, the new one comes."""
    old, new = (spec(head=f"labels: {{tier: {tier}, x: y}}\n") for tier in "12")
    assert _effects(tmp_path, old, new) == ["labels: -tier=1 +tier=2; long windows keep their history"]


def test_added_and_removed(tmp_path: Path) -> None:
    """A renamed SLO is one that goes and one that comes."""
    found = compare(loaded(spec(slo("one")), tmp_path), loaded(spec(slo("two"), head="team: shop\n"), tmp_path))
    assert found == (
        Change(
            "orders-one",
            "removed",
            ("its series end: budgets and alerts of this SLO are gone from the next reload on",),
        ),
        Change(
            "orders-two",
            "added",
            (
                "promises 99.9 % over 30 days: 43m12s of full outage, or 1000 of a million events",
                "Orders pages shop: a full outage pages after about 52s",
                "Orders opens tickets for slow burns",
            ),
        ),
    )


def test_copies_are_told_apart(tmp_path: Path) -> None:
    """Of two copies, the one that changed is named with what tells it apart."""
    old, new = (
        "---\n".join(
            spec(slo(objective=o), head=f"labels: {{cluster: {c}}}\n") for c, o in (("a", "99"), ("b", objective))
        )
        for objective in ("99", "98")
    )
    assert [change.slo for change in compare(loaded(old, tmp_path), loaded(new, tmp_path))] == [
        "orders-availability cluster=b"
    ]


def _routed(folder: Path, routing: str) -> Catalogue:
    (folder / "routing.yaml").write_text(routing)
    (folder / "orders.yaml").write_text(spec())
    return load([str(folder / "orders.yaml")], str(folder / "routing.yaml"))


def test_teams(tmp_path: Path) -> None:
    """Who can be woken is told as well."""
    old, new = _routed(tmp_path, ROUTING), _routed(tmp_path, ROUTING.replace("shop:", "pay:"))
    assert compare(old, new) == (
        Change("team pay", "added", ("its alerts go to a PagerDuty key of their own",)),
        Change("team shop", "removed", ("nobody has its PagerDuty key any more",)),
    )
