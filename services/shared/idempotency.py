"""One effect for one Idempotency-Key, however often the request arrives: the answer is stored with the effect.

A row belongs to (principal, route, key) and holds the hash of the body. Work that fits into one transaction claims
the key, acts and completes in it. Work that asks other services claims first, in a transaction of its own that also
stores which resource it is about, and completes later; a process that dies in between leaves a lease that runs out,
and the next request with that key takes the resource up where it was left.

Nothing here knows HTTP but the numbers of stored answers; see idempotent_requests.py.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    and_,
    delete,
    select,
    update,
)

from services.shared.errors import KeyInUse, KeyReused
from services.shared.upsert import insert_into

KEEP_MS = 24 * 3600 * 1000
# Longer than the longest request; after that its process is dead.
LEASE_MS = 30_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A stored answer: the body as JSON data, the headers that belong to it (Location, ETag)."""

    status: int
    body: Any
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """Whose key it is, for what, and the SHA-256 of the body that it came with."""

    principal: str
    route: str
    key: str
    body_sha256: str

    @classmethod
    def of(cls, *, principal: str, route: str, key: str, body: bytes) -> "Key":
        """The key of a request with *body*."""
        return cls(principal=principal, route=route, key=key, body_sha256=sha256(body).hexdigest())


@dataclass(frozen=True, slots=True, kw_only=True)
class Claimed:
    """The work is ours, until `lease_until_ms`: after that it may be another's.

    `resource` is what an attempt that died had begun; None when this is the first.
    """

    key: Key
    resource: str | None = None
    lease_until_ms: int = field(compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Replayed:
    """The work was done before; this was its answer."""

    answer: Answer


def idempotency_table(metadata: MetaData) -> Table:
    """The table, for a service's metadata and its first migration."""
    return Table(
        "idempotency",
        metadata,
        Column("principal", String(128), primary_key=True),
        Column("route", String(128), primary_key=True),
        Column("key", String(255), primary_key=True),
        Column("body_sha256", String(64), nullable=False),
        Column("resource", String(64)),
        Column("lease_until_ms", BigInteger, nullable=False),
        Column("status", Integer),
        Column("body", Text),
        Column("headers", Text),
        Column("created_at_ms", BigInteger, nullable=False, index=True),
    )


_TABLE = idempotency_table(MetaData())


def claim(connection: Connection, key: Key, *, now_ms: int, resource: str | None = None) -> Claimed | Replayed:
    """Take *key* for this request, in the caller's write transaction.

    Args:    resource: what this attempt is about, for the attempt after one that dies.
    Raises:  KeyReused: it came with another body before.  KeyInUse: the first request is still being answered.
    """
    insert = insert_into(connection, _TABLE).on_conflict_do_nothing()
    lease_until_ms = now_ms + LEASE_MS
    row = {
        "principal": key.principal,
        "route": key.route,
        "key": key.key,
        "body_sha256": key.body_sha256,
        "resource": resource,
        "lease_until_ms": lease_until_ms,
        "created_at_ms": now_ms,
    }
    # Where another transaction holds this key, PostgreSQL waits here until that one ends.
    if connection.execute(insert.values(**row).returning(_TABLE.c.key)).first() is not None:
        return Claimed(key=key, lease_until_ms=lease_until_ms)
    return _found(connection, key, now_ms, lease_until_ms)


def _found(connection: Connection, key: Key, now_ms: int, lease_until_ms: int) -> Claimed | Replayed:
    row = connection.execute(select(_TABLE).where(_is(key)).with_for_update()).one()
    if row.body_sha256 != key.body_sha256:
        raise KeyReused("this Idempotency-Key came with another body before")
    if row.status is not None:
        answer = Answer(status=row.status, body=json.loads(row.body), headers=json.loads(row.headers))
        return Replayed(answer=answer)
    if row.lease_until_ms > now_ms:
        raise KeyInUse(retry_after_seconds=-(-(row.lease_until_ms - now_ms) // 1000))
    connection.execute(update(_TABLE).where(_is(key)).values(lease_until_ms=lease_until_ms))
    return Claimed(key=key, resource=row.resource, lease_until_ms=lease_until_ms)


def complete(connection: Connection, claimed: Claimed, answer: Answer) -> None:
    """Store *answer*, in the transaction that makes it true. Only 2xx and answers that a repeat would get again.

    Whose lease has run out and been taken up changes nothing any more, here and below: the answer is its successor's.
    """
    connection.execute(
        update(_TABLE)
        .where(_held(claimed))
        .values(status=answer.status, body=json.dumps(answer.body), headers=json.dumps(dict(answer.headers)))
    )


def abandon(connection: Connection, claimed: Claimed) -> None:
    """Give the key back: nothing has happened, and a repeat may try anew."""
    connection.execute(delete(_TABLE).where(_held(claimed)))


def let_go(connection: Connection, claimed: Claimed, *, now_ms: int) -> None:
    """End the lease but keep the resource: a repeat takes it up at once."""
    connection.execute(update(_TABLE).where(_held(claimed)).values(lease_until_ms=now_ms))


def purge(connection: Connection, *, now_ms: int, most: int = 10_000) -> int:
    """Forget keys older than a day, at most *most* at once; the number of them."""
    old = select(_TABLE.c.principal, _TABLE.c.route, _TABLE.c.key).where(_TABLE.c.created_at_ms < now_ms - KEEP_MS)
    rows = connection.execute(old.limit(most)).all()
    for row in rows:
        connection.execute(delete(_TABLE).where(_is(Key(principal=row[0], route=row[1], key=row[2], body_sha256=""))))
    return len(rows)


def _held(claimed: Claimed) -> Any:
    held = _TABLE.c.lease_until_ms == claimed.lease_until_ms
    return and_(_is(claimed.key), _TABLE.c.status.is_(None), held)


def _is(key: Key) -> Any:
    return and_(_TABLE.c.principal == key.principal, _TABLE.c.route == key.route, _TABLE.c.key == key.key)
