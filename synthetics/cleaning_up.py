"""Cancels what a probe has bought: the visit that ends, and those before it that could not."""

from urllib.parse import quote, urlencode

from synthetics import expect
from synthetics.expect import Answer
from synthetics.journey import Step, Visit
from synthetics.ordering import ORDERS

CONFIRMED = "CONFIRMED"
PAGE, PAGES = 100, 20
CANCELS = 100
# Being paid or sent meanwhile: the next visit sees to what is left of it.
NOT_NOW = 409


def _list_path(visit: Visit) -> str:
    query = {"limit": PAGE} | ({"cursor": visit.cursor} if visit.cursor else {})
    return f"{ORDERS}?{urlencode(query)}"


def _note(visit: Visit, answer: Answer) -> None:
    """Note the orders that stand. Where there are more than the visit's own, older ones may be on the next page."""
    found = expect.json_answer(answer)
    standing = [expect.text(each, "order_id") for each in expect.rows(found, "items") if each.get("state") == CONFIRMED]
    visit.left += standing
    others = set(standing) - {visit.order_id}
    following = found.get("next_cursor")
    visit.cursor = following if others and isinstance(following, str) else ""


def _cancel_path(visit: Visit) -> str:
    return f"{ORDERS}/{quote(visit.left[-1], safe='')}/cancel"


def _cancelled(visit: Visit, answer: Answer) -> None:
    order_id = visit.left.pop()
    if answer.status != NOT_NOW:
        found = expect.json_answer(answer)
        expect.is_true(found.get("order_id") == order_id, "cancelled an order, got another")
        undone = found.get("state") in ("REFUND_PENDING", "REFUNDED", "CANCELLED")
        expect.is_true(undone, "the order is not cancelled")


CLEAN_UP = (
    Step(
        name="list what is left",
        path=_list_path,
        headers=lambda visit: visit.account.bearer,
        check=_note,
        when=lambda visit: visit.probes,
        settled=lambda visit: not visit.cursor,
        tries=PAGES,
    ),
    # The oldest first: where there are too many for one visit, those of the next ones are still on the first page.
    Step(
        name="cancel what is left",
        method="POST",
        path=_cancel_path,
        headers=lambda visit: {**visit.account.bearer, "Idempotency-Key": f"cancel-{visit.left[-1]}"},
        expected=(200, 202, NOT_NOW),
        check=_cancelled,
        when=lambda visit: visit.probes and len(visit.left) > 0,
        settled=lambda visit: not visit.left,
        tries=CANCELS,
    ),
)
