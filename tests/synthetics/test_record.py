"""What processes did, told in parts, adds up to the whole run."""

import json

from synthetics.journey import Outcome
from synthetics.record import MAX_ERRORS, Book, Record


def test_parts_of_several_processes_add_up() -> None:
    """Rows by their second, steps, visits and errors, after a way over the wire."""
    book = Book()
    for number in range(2):
        record = Record(row_seconds=10)
        record.begun("buy", 1003.0)
        record.step("buy", "check out", at=1009.9, seconds=0.2, error=None)
        book.add(json.loads(json.dumps(record.take())))
        record.step("buy", "check out", at=1010.0, seconds=0.4, error="buy: status 500, expected 201")
        record.ended("buy", Outcome.FAILED)
        record.left_out(1010.0, 3 + number)
        book.add(json.loads(json.dumps(record.take())))
    assert (book.rows[1000].begun, book.rows[1000].requests, book.rows[1000].failures) == (2, 2, 0)
    assert (book.rows[1010].left_out, book.rows[1010].requests, book.rows[1010].failures) == (7, 2, 2)
    assert book.steps["buy/check out"].failures == 2
    assert book.steps["buy/check out"].latency.count == 4
    assert book.visits == {("buy", "begun"): 2, ("buy", "failed"): 2}
    assert book.errors == {"buy: status 500, expected 201": 2}


def test_what_was_told_is_not_told_again() -> None:
    """The second part of a process that did nothing more is empty."""
    record = Record()
    record.begun("buy", 5.0)
    record.take()
    assert record.take() == {"rows": {}, "steps": {}, "visits": [], "errors": {}, "cut_off": 0}


def test_a_shop_that_answers_ever_new_errors_fills_no_memory() -> None:
    """Their texts are limited, the count of failures is not."""
    record = Record()
    for number in range(MAX_ERRORS * 3):
        record.step("buy", "check out", at=1.0, seconds=0.1, error=f"error {number}")
    assert len(record.errors) == MAX_ERRORS
    assert record.steps["buy/check out"].failures == MAX_ERRORS * 3


def test_the_whole_run_is_a_document_of_the_same_form() -> None:
    """A report is read with the code that adds up."""
    record, book, again = Record(), Book(), Book()
    record.step("buy", "check out", at=1.0, seconds=0.1, error="odd")
    record.cut_off = 2
    book.add(record.take())
    again.add(book.document())
    assert again.sum().latency.count == again.sum().failures == 1
    assert again.cut_off == 2
