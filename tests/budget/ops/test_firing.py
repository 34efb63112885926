"""What fires is what Alertmanager tells; where it cannot, what Prometheus evaluates; and else not known."""

from budget.answers import Sample
from budget.ops.alertmanager import Alert, Silence, Told
from budget.ops.firing import firing, read_evaluated
from budget.ops.kept import Seen
from budget.ops.summary import headline
from tests.budget.canned import NOW, sample
from tests.budget.ops.fakes import (
    FakeAlertmanagers,
    FakeServer,
    alert,
    desk,
    figures,
    unreachable,
)

WATCHDOG = alert("Watchdog", labels={"severity": "info"}, fingerprint="w")


def told(*alerts: object, **changes: object) -> Seen[Told]:
    """What Alertmanagers say."""
    return Seen(value=Told(alerts=alerts, **changes), at=NOW)  # type: ignore[arg-type]


def test_pages_come_first_and_what_is_held_back_last() -> None:
    """What tells nobody anything is left out; the alert that always fires shows that alerts arrive."""
    found = firing(
        told(
            WATCHDOG,
            alert("DependencyDown", labels={"severity": "info"}, fingerprint="d"),
            alert("Ticket", labels={"severity": "ticket"}, fingerprint="t"),
            alert("Silenced", silenced=("s1",), fingerprint="s"),
            alert("HeldBack", inhibited=("f1",), fingerprint="h"),
            alert("Old", since=NOW - 999, fingerprint="o"),
            alert("New", since=NOW - 5, fingerprint="n"),
        ),
        Seen(),
        asked=True,
    )
    assert [each.name for each in found.alerts] == ["New", "Old", "HeldBack", "Silenced", "Ticket"]
    assert [each.name for each in found.pages] == ["New", "Old"]
    assert [each.name for each in found.tickets] == ["Ticket"]
    assert [each.name for each in found.held] == ["HeldBack", "Silenced"]
    assert (found.known, found.arrives, found.by_prometheus) == (True, True, False)


def test_where_the_alert_that_always_fires_has_not_come_alerts_do_not_arrive() -> None:
    """That is worse than none that fires. Where Prometheus has no such alert, nobody can tell."""
    evaluated: Seen[tuple[Alert, ...]] = Seen(value=(WATCHDOG,), at=NOW)
    assert firing(told(), evaluated, asked=True).arrives is False
    assert firing(told(WATCHDOG), Seen(value=(), at=NOW), asked=True).arrives is True
    assert firing(told(), Seen(value=(), at=NOW), asked=True).arrives is None


def test_prometheus_says_it_where_alertmanager_cannot() -> None:
    """Nobody then knows what is silenced."""
    seen = firing(Seen(fault="gone"), Seen(value=(alert(fingerprint=""),), at=NOW), asked=True)
    assert ([each.name for each in seen.alerts], seen.known, seen.by_prometheus) == (["ShopUp"], True, True)
    assert seen.arrives is None
    assert firing(told(), Seen(value=(), at=NOW), asked=False).by_prometheus


def test_nobody_knows_where_neither_can_say_it() -> None:
    """And old answers are not shown as if they were of now."""
    old = Seen(value=Told(alerts=(alert(),)), at=NOW - 60, fault="gone", since=NOW - 30)
    found = firing(old, Seen(value=(), at=NOW - 60, fault="gone", since=NOW - 30), asked=True)
    assert (found.known, found.alerts) == (False, ())


def test_silences_end_in_order() -> None:
    """The one that ends first is first."""
    silences = [
        Silence(id=str(end), matchers=(), by="", comment="", starts=0, ends=end, state="active") for end in (9, 3)
    ]
    assert [each.ends for each in firing(told(silences=tuple(silences)), Seen(), asked=True).silences] == [3, 9]


def test_prometheus_own_series_are_alerts() -> None:
    """Those that fire, each with the moment at which its condition became true."""
    labels = {"alertname": "ShopUp", "severity": "page", "service": "shop"}
    answers: dict[str, tuple[Sample, ...]] = {
        "ALERTS_FOR_STATE": (sample({"__name__": "ALERTS_FOR_STATE", **labels}, NOW - 90),),
        'ALERTS{alertstate="firing"}': (sample({"__name__": "ALERTS", "alertstate": "firing", **labels}),),
    }
    (found,) = read_evaluated(FakeServer(answers))
    assert (found.labels, found.since, found.fingerprint) == (labels, NOW - 90, "")


def test_the_first_line_says_what_fires() -> None:
    """In a sentence, and how grave it is."""

    def says(given: object) -> tuple[str, str]:
        line = headline(given.board().look())[0]  # type: ignore[attr-defined]
        return line.says, line.tone

    assert says(desk(alertmanagers=FakeAlertmanagers(WATCHDOG))) == ("No page fires.", "good")
    two = FakeAlertmanagers(WATCHDOG, alert(), alert("Other", labels={"severity": "ticket"}, fingerprint="2"))
    assert says(desk(alertmanagers=two)) == ("1 page fires: ShopUp. 1 ticket waits.", "bad")
    many = FakeAlertmanagers(*[alert(f"A{number}", fingerprint=str(number)) for number in range(5)])
    assert says(desk(alertmanagers=many)) == ("5 pages fire: A0, A1, A2 and 2 more.", "bad")
    assert says(desk()) == ("No page fires.", "good")
    always = {"alertname": "Watchdog", "alertstate": "firing", "severity": "info"}
    evaluates = FakeServer(figures() | {'ALERTS{alertstate="firing"}': (sample(always),)})
    assert says(desk(evaluates))[0].endswith("alerts do not arrive.")
    server, gone = FakeServer(figures()), FakeAlertmanagers()
    server.fault, gone.fault = unreachable(), unreachable("http://alertmanager.example:9093")
    assert says(desk(server, alertmanagers=gone)) == ("What fires is not known.", "warn")
