"""The routes that read: one payment, payments a page at a time, the ledger entries of one."""

from contextlib import AbstractContextManager
from typing import Protocol

from apiflask import APIBlueprint
from flask import Response
from pydantic import BaseModel

from services.payments.api import refusals
from services.payments.api.bodies import (
    EntryBody,
    LedgerPage,
    LedgerQuery,
    PaymentBody,
    PaymentPage,
    PaymentQuery,
    as_json,
)
from services.payments.api.guard import check_reference, guard
from services.payments.api.interruptions import Interruptions
from services.payments.domain.errors import PaymentNotFound
from services.payments.domain.ports import Transaction
from services.shared import cursor
from services.shared.auth import SERVICE, STAFF, allow
from services.shared.idempotency import Answer
from services.shared.idempotent_requests import to_response

READ_ANSWERS = {422: "Invalid", 503: "Not now: come again"}


class Reader(Protocol):
    """Where payments and entries are read."""

    def reading(self) -> AbstractContextManager[Transaction]:
        """The repositories in a transaction that only reads."""
        ...


def add_reads(blueprint: APIBlueprint, reader: Reader) -> None:
    """Add to *blueprint*, `/api/v1/payments`, the routes that change nothing."""

    @blueprint.get("/<reference>")
    @allow(SERVICE, STAFF)
    @blueprint.output(PaymentBody)
    @blueprint.doc(operation_id="get_payment", responses={404: "No such payment"} | READ_ANSWERS)
    def get_payment(reference: str) -> Response:
        """Get what has become of a payment"""
        check_reference(reference)
        try:
            with reader.reading() as tx:
                payment = tx.payments.find(reference)
        except PaymentNotFound as error:
            raise refusals.as_error(refusals.answer_to(error).body) from error
        return _shown(PaymentBody.of(payment))

    @blueprint.get("")
    @allow(SERVICE)
    @blueprint.input(PaymentQuery, location="query", arg_name="query")
    @blueprint.output(PaymentPage)
    @blueprint.doc(operation_id="list_payments", responses=READ_ANSWERS)
    def list_payments(query: PaymentQuery) -> Response:
        """List payments by reference"""
        after = None if query.cursor is None else cursor.decode(query.cursor)
        with reader.reading() as tx:
            # One more than asked for tells whether there is a next page.
            found = tx.payments.page(state=query.state, after=after, limit=query.limit + 1)
        items = [PaymentBody.of(payment) for payment in found[: query.limit]]
        more = cursor.encode(items[-1].reference) if len(found) > query.limit else None
        return _shown(PaymentPage(items=items, next_cursor=more))


def ledger_pages(reader: Reader, interruptions: Interruptions) -> APIBlueprint:
    """The route of the ledger."""
    blueprint = APIBlueprint("ledger", __name__, url_prefix="/api/v1/ledger", tag="Ledger")
    guard(blueprint, interruptions)

    @blueprint.get("")
    @allow(SERVICE)
    @blueprint.input(LedgerQuery, location="query", arg_name="query")
    @blueprint.output(LedgerPage)
    @blueprint.doc(operation_id="list_ledger_entries", responses=READ_ANSWERS)
    def list_entries(query: LedgerQuery) -> Response:
        """List the ledger entries of a payment, in their order"""
        after = 0 if query.cursor is None else int(cursor.decode(query.cursor))
        with reader.reading() as tx:
            found = tx.ledger.page(query.reference, after=after, limit=query.limit + 1)
        items = [EntryBody.of(entry) for entry in found[: query.limit]]
        more = cursor.encode(str(items[-1].id)) if len(found) > query.limit else None
        return _shown(LedgerPage(items=items, next_cursor=more))

    return blueprint


def _shown(body: BaseModel) -> Response:
    return to_response(Answer(status=200, body=as_json(body)))
