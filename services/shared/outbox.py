"""Events that leave a service as surely as the change that they tell of: written in its transaction, sent after.

The relay delivers at least once, each subject's events in order; a receiver notes what it has handled in its inbox,
in the transaction of what it does, so that a repeat does nothing. No event is given up: the delay between attempts
grows to MAX_DELAY_MS and stays there, and the age of the oldest is a metric.
"""

import json
import random as random_module
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    delete,
    func,
    select,
    tuple_,
    update,
)

from services.shared.database import Database
from services.shared.upsert import insert_into

# Longer than a delivery may take: a relay that died holds nothing up for longer than this.
LEASE_MS = 15_000
FIRST_DELAY_MS = 200
MAX_DELAY_MS = 30_000
BATCH = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Something that happened. `subject` is what it happened to; its events are delivered in order.

    context: what goes on with it to the receiver: the request's `traceparent`, `baggage`.
    """

    event_id: str
    type: str
    subject: str
    occurred_at_ms: int
    data: Mapping[str, Any] = field(default_factory=dict)
    context: Mapping[str, str] = field(default_factory=dict)


def outbox_table(metadata: MetaData) -> Table:
    """The table of a sender, for its metadata and its first migration."""
    return Table(
        "outbox",
        metadata,
        Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True),
        Column("event_id", String(64), nullable=False, unique=True),
        Column("type", String(64), nullable=False),
        Column("subject", String(64), nullable=False),
        Column("data", Text, nullable=False),
        Column("context", Text, nullable=False),
        Column("occurred_at_ms", BigInteger, nullable=False),
        Column("next_attempt_at_ms", BigInteger, nullable=False),
        Column("attempts", Integer, nullable=False, server_default="0"),
        Column("delivered_at_ms", BigInteger),
        Index("outbox_waiting", "delivered_at_ms", "next_attempt_at_ms"),
        Index("outbox_subject", "subject", "id"),
    )


def inbox_table(metadata: MetaData) -> Table:
    """The table of a receiver, for its metadata and its first migration."""
    return Table(
        "inbox",
        metadata,
        Column("consumer", String(64), primary_key=True),
        Column("event_id", String(64), primary_key=True),
        Column("received_at_ms", BigInteger, nullable=False),
    )


_OUTBOX = outbox_table(MetaData())
_INBOX = inbox_table(MetaData())


def append(connection: Connection, event: Event) -> None:
    """Write *event* in the caller's transaction: it is sent if, and only if, that commits."""
    connection.execute(
        _OUTBOX.insert().values(
            event_id=event.event_id,
            type=event.type,
            subject=event.subject,
            data=json.dumps(dict(event.data)),
            context=json.dumps(dict(event.context)),
            occurred_at_ms=event.occurred_at_ms,
            next_attempt_at_ms=event.occurred_at_ms,
        )
    )


def first_time(connection: Connection, *, consumer: str, event_id: str, now_ms: int) -> bool:
    """Whether *consumer* sees this event for the first time; noted in the caller's transaction."""
    insert = insert_into(connection, _INBOX).on_conflict_do_nothing()
    row = {"consumer": consumer, "event_id": event_id, "received_at_ms": now_ms}
    return connection.execute(insert.values(**row).returning(_INBOX.c.event_id)).first() is not None


def forget_received(connection: Connection, *, before_ms: int, most: int) -> int:
    """Forget at most *most* receipts from before *before_ms*, longer ago than any sender repeats; how many."""
    old = select(_INBOX.c.consumer, _INBOX.c.event_id).where(_INBOX.c.received_at_ms < before_ms).limit(most)
    these = delete(_INBOX).where(tuple_(_INBOX.c.consumer, _INBOX.c.event_id).in_(old))
    return len(connection.execute(these.returning(_INBOX.c.event_id)).all())


def oldest_seconds(connection: Connection, *, now_ms: int) -> float:
    """Age of the oldest event that is not delivered; 0 when there is none."""
    statement = select(func.min(_OUTBOX.c.occurred_at_ms)).where(_OUTBOX.c.delivered_at_ms.is_(None))
    oldest = connection.execute(statement).scalar()
    return 0.0 if oldest is None else max(0.0, (now_ms - oldest) / 1000)


class Relay:
    """Sends what waits in the outbox of *database*; any number of them may run at once.

    Args:    deliver: sends one event, raising whatever went wrong; called outside any transaction.
             delivered: told of each event that arrived, with the seconds since it happened.
             failed: told of each attempt that failed, and why.
             now: Unix seconds. random: in [0, 1), spreads the attempts.
    """

    def __init__(
        self,
        database: Database,
        deliver: Callable[[Event], None],
        *,
        now: Callable[[], float],
        delivered: Callable[[Event, float], None] = lambda event, seconds: None,
        failed: Callable[[Event, Exception], None] = lambda event, error: None,
        random: Callable[[], float] = random_module.random,
    ) -> None:
        self._database = database
        self._deliver = deliver
        self._now = now
        self._delivered = delivered
        self._failed = failed
        self._random = random

    def run_once(self) -> int:
        """One batch; the number of events that were taken up. 0 means that nothing waits now.

        Raises:  DatabaseUnavailable: nothing is lost, the lease ends by itself.
        """
        taken = self._take()
        for row_id, attempts, event in taken:
            try:
                self._deliver(event)
            except Exception as error:  # whatever it was, the event stays and the others go on
                self._failed(event, error)
                self._put_back(row_id, attempts)
            else:
                self._done(row_id)
                self._delivered(event, max(0.0, self._now() - event.occurred_at_ms / 1000))
        return len(taken)

    def _take(self) -> list[tuple[int, int, Event]]:
        """Lease the next batch. The network is used after this transaction, never within it."""
        now_ms = self._now_ms()
        earlier = _OUTBOX.alias("earlier")
        waits_for_another = (
            select(earlier.c.id)
            .where(earlier.c.subject == _OUTBOX.c.subject, earlier.c.id < _OUTBOX.c.id)
            .where(earlier.c.delivered_at_ms.is_(None))
            .exists()
        )
        statement = (
            select(_OUTBOX)
            .where(_OUTBOX.c.delivered_at_ms.is_(None), _OUTBOX.c.next_attempt_at_ms <= now_ms, ~waits_for_another)
            .order_by(_OUTBOX.c.id)
            .limit(BATCH)
            .with_for_update(skip_locked=True)
        )
        with self._database.writing() as connection:
            rows = connection.execute(statement).all()
            if rows:
                leased = update(_OUTBOX).where(_OUTBOX.c.id.in_([row.id for row in rows]))
                connection.execute(leased.values(next_attempt_at_ms=now_ms + LEASE_MS, attempts=_OUTBOX.c.attempts + 1))
        return [(row.id, row.attempts, _event(row)) for row in rows]

    def _done(self, row_id: int) -> None:
        with self._database.writing() as connection:
            connection.execute(update(_OUTBOX).where(_OUTBOX.c.id == row_id).values(delivered_at_ms=self._now_ms()))

    def _put_back(self, row_id: int, attempts: int) -> None:
        longest = min(MAX_DELAY_MS, FIRST_DELAY_MS * 2 ** min(attempts, 20))
        at = self._now_ms() + int(longest * (0.5 + 0.5 * self._random()))
        with self._database.writing() as connection:
            connection.execute(update(_OUTBOX).where(_OUTBOX.c.id == row_id).values(next_attempt_at_ms=at))

    def _now_ms(self) -> int:
        return int(self._now() * 1000)


def _event(row: Any) -> Event:
    return Event(
        event_id=row.event_id,
        type=row.type,
        subject=row.subject,
        occurred_at_ms=row.occurred_at_ms,
        data=json.loads(row.data),
        context=json.loads(row.context),
    )
