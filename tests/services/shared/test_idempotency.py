"""services/shared/idempotency.py, on both databases."""

import threading
from collections.abc import Callable, Iterator

import pytest
from sqlalchemy import Connection, MetaData

from services.shared import idempotency
from services.shared.database import Database, open_database
from services.shared.errors import KeyInUse, KeyReused
from services.shared.idempotency import Answer, Claimed, Key, Replayed

NOW = 1_000_000
REFUSED = Answer(status=409, body={"code": "out_of_stock"})
CREATED = Answer(status=201, body={"order_id": "ord_1"}, headers={"Location": "/api/v1/orders/ord_1"})


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """A database with the table of keys."""
    found = open_database(database_url, pool_size=16)
    metadata = MetaData()
    idempotency.idempotency_table(metadata)
    with found.writing() as connection:
        metadata.create_all(connection)
    yield found
    found.close()


def key(name: str = "k", principal: str = "u-1", route: str = "POST /orders", body: bytes = b"{}") -> Key:
    """A key of one customer for orders, unless told otherwise."""
    return Key.of(principal=principal, route=route, key=name, body=body)


def claim(database: Database, wanted: Key, *, now_ms: int = NOW, resource: str | None = None) -> Claimed | Replayed:
    """Claim *wanted* in a transaction of its own."""
    with database.writing() as connection:
        return idempotency.claim(connection, wanted, now_ms=now_ms, resource=resource)


def fail_after(database: Database, work: Callable[[Connection], object]) -> None:
    """Do *work* in a transaction that then fails."""
    with database.writing() as connection:
        work(connection)
        raise ZeroDivisionError


def test_the_answer_is_stored_and_replayed(database: Database) -> None:
    """Status, body and headers come back as they were."""
    with database.writing() as connection:
        claimed = idempotency.claim(connection, key(), now_ms=NOW)
        assert isinstance(claimed, Claimed)
        idempotency.complete(connection, claimed, CREATED)
    assert claim(database, key()) == Replayed(answer=CREATED)


@pytest.mark.parametrize(
    "other",
    [
        pytest.param(key(principal="u-2"), id="of another principal"),
        pytest.param(key(route="POST /refunds"), id="of another route"),
        pytest.param(key("k2"), id="another key"),
    ],
)
def test_a_key_belongs_to_its_principal_and_route(database: Database, other: Key) -> None:
    """Nobody sees another's answer by guessing a key."""
    with database.writing() as connection:
        claimed = idempotency.claim(connection, key(), now_ms=NOW)
        assert isinstance(claimed, Claimed)
        idempotency.complete(connection, claimed, CREATED)
    assert claim(database, other) == Claimed(key=other, lease_until_ms=0)


def test_another_body_is_refused(database: Database) -> None:
    """The same key with another body is a mistake of the caller's, finished or not."""
    claim(database, key())
    with pytest.raises(KeyReused):
        claim(database, key(body=b'{"a": 1}'))


def test_a_key_in_use_says_when_to_come_back(database: Database) -> None:
    """While the lease lasts the caller is sent away for the rest of it."""
    claim(database, key())
    with pytest.raises(KeyInUse) as raised:
        claim(database, key(), now_ms=NOW + 10_500)
    assert raised.value.retry_after_seconds == 20


def test_a_lease_that_ran_out_is_taken_up_with_its_resource(database: Database) -> None:
    """The attempt after one that died learns what that one had begun, and holds the lease itself."""
    claim(database, key(), resource="ord_1")
    later = NOW + idempotency.LEASE_MS
    assert claim(database, key(), now_ms=later) == Claimed(key=key(), resource="ord_1", lease_until_ms=0)
    with pytest.raises(KeyInUse):
        claim(database, key(), now_ms=later + 1)


def test_an_abandoned_key_is_free(database: Database) -> None:
    """Where nothing has happened, a repeat starts anew, also with another body."""
    claimed = claim(database, key())
    assert isinstance(claimed, Claimed)
    with database.writing() as connection:
        idempotency.abandon(connection, claimed)
    assert claim(database, key(body=b"[]")) == Claimed(key=key(body=b"[]"), lease_until_ms=0)


def test_a_key_let_go_is_taken_up_at_once(database: Database) -> None:
    """The resource stays, the wait does not."""
    claimed = claim(database, key(), resource="ord_1")
    assert isinstance(claimed, Claimed)
    with database.writing() as connection:
        idempotency.let_go(connection, claimed, now_ms=NOW)
    assert claim(database, key()) == Claimed(key=key(), resource="ord_1", lease_until_ms=0)


@pytest.mark.parametrize("late", [idempotency.complete, idempotency.abandon, idempotency.let_go])
def test_who_comes_too_late_changes_nothing(database: Database, late: Callable[..., None]) -> None:
    """A lease that ran out and was taken up is the successor's: its key is not given away, its answer stands."""
    first = claim(database, key(), resource="ord_1")
    second = claim(database, key(), now_ms=NOW + idempotency.LEASE_MS)
    assert isinstance(first, Claimed)
    assert isinstance(second, Claimed)
    more = {idempotency.complete: ((REFUSED,), {}), idempotency.let_go: ((), {"now_ms": NOW})}
    arguments, named = more.get(late, ((), {}))
    with database.writing() as connection:
        late(connection, first, *arguments, **named)
    with pytest.raises(KeyInUse):
        claim(database, key(), now_ms=NOW + idempotency.LEASE_MS + 1)
    with database.writing() as connection:
        idempotency.complete(connection, second, CREATED)
        late(connection, first, *arguments, **named)
    assert claim(database, key(), now_ms=NOW + 2 * idempotency.LEASE_MS) == Replayed(answer=CREATED)


def test_a_rolled_back_claim_leaves_nothing(database: Database) -> None:
    """The claim goes with the work that it was for."""
    with pytest.raises(ZeroDivisionError):
        fail_after(database, lambda connection: idempotency.claim(connection, key(), now_ms=NOW))
    assert claim(database, key()) == Claimed(key=key(), lease_until_ms=0)


def test_of_many_at_once_one_works(database: Database) -> None:
    """16 threads with the same ten keys: each key's work is done once, all others get its answer."""
    done: list[str] = []
    answers: list[Answer] = []

    def work() -> None:
        for name in map(str, range(10)):
            with database.writing() as connection:
                found = idempotency.claim(connection, key(name), now_ms=NOW)
                if isinstance(found, Claimed):
                    done.append(name)
                    idempotency.complete(connection, found, Answer(status=201, body=name))
                else:
                    answers.append(found.answer)

    threads = [threading.Thread(target=work) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(done) == sorted(map(str, range(10)))
    assert len(answers) == 150


def test_keys_are_forgotten_after_a_day(database: Database) -> None:
    """A purge takes what is older than 24 h and nothing else."""
    claim(database, key("old"))
    claim(database, key("new"), now_ms=NOW + 1)
    with database.writing() as connection:
        assert idempotency.purge(connection, now_ms=NOW + idempotency.KEEP_MS + 1) == 1
    with pytest.raises(KeyInUse):
        claim(database, key("new"), now_ms=NOW + 2)
