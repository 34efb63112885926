"""Letters that wait, each written by one replica at a time, and when an account was last written to."""

from sqlalchemy import Connection, delete, insert, select, update

from services.shared.upsert import insert_into
from services.users.adapters.tables import LAST_LETTERS, LETTERS
from services.users.domain.ports import Letter, WaitingLetter


class SqlLetters:
    """The part of a `Transaction` that keeps the post."""

    def __init__(self, connection: Connection) -> None:
        self._letters_connection = connection

    def queue(self, kind: Letter, email: str, *, now_ms: int) -> None:
        row = {"kind": kind.value, "email": email, "next_attempt_at_ms": now_ms}
        self._letters_connection.execute(insert(LETTERS).values(**row))

    def letters(self, *, now_ms: int, most: int) -> tuple[WaitingLetter, ...]:
        due = select(LETTERS).where(LETTERS.c.next_attempt_at_ms <= now_ms).order_by(LETTERS.c.number).limit(most)
        return tuple(
            WaitingLetter(
                number=row.number,
                kind=Letter(row.kind),
                email=row.email,
                attempts=row.attempts,
                next_attempt_at_ms=row.next_attempt_at_ms,
            )
            for row in self._letters_connection.execute(due)
        )

    def claim(self, letter: WaitingLetter, *, until_ms: int) -> bool:
        as_read = (LETTERS.c.number == letter.number, LETTERS.c.next_attempt_at_ms == letter.next_attempt_at_ms)
        statement = update(LETTERS).where(*as_read).values(next_attempt_at_ms=until_ms, attempts=letter.attempts + 1)
        return self._letters_connection.execute(statement.returning(LETTERS.c.number)).first() is not None

    def may_write(self, kind: Letter, user_id: str, *, now_ms: int, pause_ms: int) -> bool:
        row = {"user_id": user_id, "kind": kind.value, "at_ms": now_ms}
        statement = (
            insert_into(self._letters_connection, LAST_LETTERS)
            .values(**row)
            .on_conflict_do_update(
                index_elements=[LAST_LETTERS.c.user_id, LAST_LETTERS.c.kind],
                set_={"at_ms": now_ms},
                where=LAST_LETTERS.c.at_ms <= now_ms - pause_ms,
            )
        )
        return self._letters_connection.execute(statement.returning(LAST_LETTERS.c.at_ms)).first() is not None

    def later(self, number: int, *, until_ms: int) -> None:
        statement = update(LETTERS).where(LETTERS.c.number == number)
        self._letters_connection.execute(statement.values(next_attempt_at_ms=until_ms))

    def sent(self, number: int) -> None:
        self._letters_connection.execute(delete(LETTERS).where(LETTERS.c.number == number))
