"""What is dear to ask is asked once a minute; everything else each time."""

from budget.ops.thrifty import Thrifty
from tests.budget.canned import UP, sample
from tests.budget.ops.fakes import FakeServer

DEAR = 'min_over_time(timestamp(slo:current_burn_rate:ratio{sloth_id!=""})[90d:6h])'
CHEAP = 'slo:objective:ratio{sloth_id!=""}'


def test_what_looks_back_for_days_is_remembered_for_a_minute() -> None:
    """With its answer; an hour's window is asked anew."""
    now = [0.0]
    server = FakeServer({"min_over_time": (sample(UP, 5),)})
    thrifty = Thrifty(server, clock=lambda: now[0])
    for at in (0, 30, 59):
        now[0] = at
        assert thrifty.instant(DEAR)[0].value == 5
        thrifty.instant(CHEAP)
        thrifty.instant("max_over_time(x[6h:5m])")
    assert (server.asked.count(DEAR), server.asked.count(CHEAP)) == (1, 3)
    now[0] = 60
    thrifty.instant(DEAR)
    assert server.asked.count(DEAR) == 2


def test_a_window_in_seconds_is_known_as_what_it_is() -> None:
    """The gate sums whole periods so."""
    server = FakeServer()
    thrifty = Thrifty(server)
    for _ in range(3):
        thrifty.instant("sum_over_time(x[2592000s:120s])")
        thrifty.instant("sum_over_time(x[3600s:120s])")
    assert len(server.asked) == 4


def test_the_past_is_asked_as_it_was() -> None:
    """A question at a time is never answered from memory."""
    server = FakeServer()
    thrifty = Thrifty(server)
    for at in (1.0, 2.0):
        thrifty.instant(DEAR, at=at)
    assert len(server.asked) == 2


def test_memory_is_bounded() -> None:
    """Questions that have a time in them come once each."""
    server = FakeServer()
    thrifty = Thrifty(server)
    for seconds in range(1000):
        thrifty.instant(f"x[{86400 + seconds}s:60s]")
    assert len(thrifty._answers) <= 200


def test_rules_are_remembered_for_a_moment() -> None:
    """They are megabytes."""
    now = [0.0]
    server = FakeServer()
    thrifty = Thrifty(server, clock=lambda: now[0])
    for at in (0.0, 14.0, 15.0):
        now[0] = at
        thrifty.rules()
    assert server.asked == ["rules", "rules"]
