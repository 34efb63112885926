"""services/shared/outbox.py, on both databases."""

import random
import threading
from collections.abc import Callable, Iterator
from itertools import pairwise

import pytest
from sqlalchemy import Connection, MetaData

from services.shared import outbox
from services.shared.database import Database, open_database
from services.shared.outbox import Event, Relay


class Clock:
    """Unix seconds that a test moves."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """A database with both tables."""
    found = open_database(database_url, pool_size=8)
    metadata = MetaData()
    outbox.outbox_table(metadata)
    outbox.inbox_table(metadata)
    with found.writing() as connection:
        metadata.create_all(connection)
    yield found
    found.close()


def event(number: int, subject: str = "ord_1") -> Event:
    """One of several events of *subject*."""
    return Event(
        event_id=f"evt_{number}",
        type="OrderConfirmed",
        subject=subject,
        occurred_at_ms=1_000_000,
        data={"order_id": subject},
        context={"traceparent": "00-1-2-01"},
    )


def write(database: Database, *events: Event) -> None:
    """Write *events* in one transaction."""
    with database.writing() as connection:
        for each in events:
            outbox.append(connection, each)


class Down(Exception):
    """The receiver does not answer."""


def fail_after(database: Database, work: Callable[[Connection], object]) -> None:
    """Do *work* in a transaction that then fails."""
    with database.writing() as connection:
        work(connection)
        raise ZeroDivisionError


def test_an_event_arrives_as_it_was_written(database: Database) -> None:
    """Every field survives the table, and the event is sent once."""
    arrived: list[Event] = []
    write(database, event(1))
    relay = Relay(database, arrived.append, now=Clock())
    assert [relay.run_once(), relay.run_once()] == [1, 0]
    assert arrived == [event(1)]


def test_an_event_of_a_rolled_back_change_is_never_sent(database: Database) -> None:
    """What did not happen is told to nobody."""
    with pytest.raises(ZeroDivisionError):
        fail_after(database, lambda connection: outbox.append(connection, event(1)))
    assert Relay(database, pytest.fail, now=Clock()).run_once() == 0


def test_a_failed_delivery_is_repeated_later_and_later(database: Database) -> None:
    """Nothing is sent before its time; the delay doubles up to its limit and stays there."""
    clock = Clock()
    attempts: list[float] = []

    def fail(sent: Event) -> None:
        attempts.append(clock.now)
        raise Down

    relay = Relay(database, fail, now=clock, random=lambda: 1.0)
    write(database, event(1))
    while clock.now < 1_200:
        relay.run_once()
        clock.now = round(clock.now + 0.1, 1)
    gaps = [round(later - earlier, 1) for earlier, later in pairwise(attempts)]
    assert gaps[:7] == [0.2, 0.4, 0.8, 1.6, 3.2, 6.4, 12.8]
    assert set(gaps[8:]) == {30.0}


def test_the_events_of_a_subject_arrive_in_order(database: Database) -> None:
    """A failed event holds back the later ones of its subject, and nobody else's."""
    clock = Clock()
    arrived: list[str] = []
    failing = [True]

    def deliver(sent: Event) -> None:
        if sent.event_id == "evt_1" and failing[0]:
            raise Down
        arrived.append(sent.event_id)

    relay = Relay(database, deliver, now=clock)
    write(database, event(1), event(2), event(3, "ord_2"))
    relay.run_once()
    assert arrived == ["evt_3"]
    failing[0] = False
    clock.now += 1
    while relay.run_once():
        pass
    assert arrived == ["evt_3", "evt_1", "evt_2"]


def test_a_relay_that_died_holds_nothing_up(database: Database) -> None:
    """What it had taken is taken by another once the lease has run out: sent twice perhaps, lost never."""
    clock = Clock()
    arrived: list[Event] = []

    def die(sent: Event) -> None:
        raise KeyboardInterrupt

    write(database, event(1))
    with pytest.raises(KeyboardInterrupt):
        Relay(database, die, now=clock).run_once()
    second = Relay(database, arrived.append, now=clock)
    assert second.run_once() == 0
    clock.now += outbox.LEASE_MS / 1000
    assert second.run_once() == 1
    assert arrived == [event(1)]


def test_relays_side_by_side_share_the_work(database: Database) -> None:
    """Four relays over a receiver that fails now and then: each event arrives once, each subject's in order."""
    draw = random.Random(7)
    arrived: list[int] = []
    clock = Clock()
    lock = threading.Lock()

    def deliver(sent: Event) -> None:
        with lock:
            if draw.random() < 0.2:
                raise Down
            arrived.append(int(sent.event_id.removeprefix("evt_")))

    write(database, *(event(number, f"ord_{number % 7}") for number in range(120)))
    # The clock stands still but for the waits: a lease never runs out under a relay that is only slow.
    for _ in range(200):
        relays = [Relay(database, deliver, now=clock) for _ in range(4)]
        threads = [threading.Thread(target=relay.run_once) for relay in relays]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        clock.now += 0.5
        if len(arrived) == 120:
            break
    assert sorted(arrived) == list(range(120))
    for subject in range(7):
        numbers = [number for number in arrived if number % 7 == subject]
        assert numbers == sorted(numbers)


def test_the_age_of_the_oldest_event_is_known(database: Database) -> None:
    """0 without events, its age while it waits, 0 again once it arrived."""
    clock = Clock()
    clock.now = 1_042.0

    def oldest() -> float:
        with database.reading() as connection:
            return outbox.oldest_seconds(connection, now_ms=int(clock.now * 1000))

    assert oldest() == 0.0
    write(database, event(1))
    assert oldest() == 42.0
    Relay(database, lambda sent: None, now=clock).run_once()
    assert oldest() == 0.0


def test_delivery_times_are_told(database: Database) -> None:
    """Whoever measures learns the seconds from the event to its arrival, and each failure."""
    clock = Clock()
    clock.now = 1_003.5
    told: list[float] = []
    write(database, event(1))
    Relay(database, lambda sent: None, now=clock, delivered=lambda sent, seconds: told.append(seconds)).run_once()
    assert told == [3.5]


def test_a_receiver_acts_once(database: Database) -> None:
    """The inbox knows an event again, for the same consumer alone."""
    seen = []
    for consumer, event_id in (("a", "evt_1"), ("a", "evt_1"), ("b", "evt_1"), ("a", "evt_2")):
        with database.writing() as connection:
            seen.append(outbox.first_time(connection, consumer=consumer, event_id=event_id, now_ms=1))
    assert seen == [True, False, True, True]


def test_a_rolled_back_receipt_is_forgotten(database: Database) -> None:
    """What failed in the receiver comes again and is handled then."""
    with pytest.raises(ZeroDivisionError):
        fail_after(database, lambda connection: outbox.first_time(connection, consumer="a", event_id="evt_1", now_ms=1))
    with database.writing() as connection:
        assert outbox.first_time(connection, consumer="a", event_id="evt_1", now_ms=1)


def test_old_receipts_are_forgotten(database: Database) -> None:
    """So many at once; what a sender may still repeat is kept."""
    with database.writing() as connection:
        for number in range(4):
            outbox.first_time(connection, consumer="c", event_id=f"evt_{number}", now_ms=number * 1000)
        assert outbox.forget_received(connection, before_ms=3000, most=2) == 2
        assert outbox.forget_received(connection, before_ms=3000, most=2) == 1
        assert outbox.forget_received(connection, before_ms=3000, most=2) == 0
        assert not outbox.first_time(connection, consumer="c", event_id="evt_3", now_ms=9000)
        assert outbox.first_time(connection, consumer="c", event_id="evt_0", now_ms=9000)
