"""What an order's state means, in words for the person who waits for it."""

from dataclasses import dataclass

from services.storefront.domain.views import Order


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """A state in words. tone: good, bad, waiting or quiet. settled: nothing more happens by itself."""

    label: str
    text: str
    tone: str
    settled: bool = True


_CHECKING = Status(
    label="Checking payment",
    text="We do not know yet whether your payment went through, and we are asking the bank. You will be charged once "
    "or not at all. This page looks again every few seconds.",
    tone="waiting",
    settled=False,
)
_UNDER_WAY = Status(
    label="In progress", text="Your order is being worked on at this moment.", tone="waiting", settled=False
)
_STATES = {
    "PENDING": _UNDER_WAY,
    "RESERVED": _UNDER_WAY,
    "PAYING": _UNDER_WAY,
    "PAYMENT_UNKNOWN": _CHECKING,
    "CONFIRMED": Status(label="Confirmed", text="Paid, and being prepared for shipping.", tone="good"),
    "FULFILLED": Status(label="Sent", text="On its way to you.", tone="good"),
    "DECLINED": Status(label="Payment declined", text="The card was declined. Nothing was charged.", tone="bad"),
    "CANCELLED": Status(label="Cancelled", text="This order was cancelled. Nothing is owed.", tone="quiet"),
    "EXPIRED": Status(label="Expired", text="This order was not paid in time. Nothing was charged.", tone="quiet"),
    "REFUND_PENDING": Status(
        label="Refund under way", text="Your money is on its way back.", tone="waiting", settled=False
    ),
    "REFUNDED": Status(label="Refunded", text="Your money has been paid back in full.", tone="quiet"),
}
_REASONS = {
    "out_of_stock": "Something in it was no longer available. Nothing was charged.",
    "price_changed": "A price had changed. Nothing was charged.",
    "unavailable": "A part of our shop did not answer. Nothing was charged.",
    "hold_expired": "The units could not be held any longer. Nothing was charged.",
}
_DECLINES = {
    "insufficient_funds": "The card does not have enough funds.",
    "expired_card": "The card has expired.",
}
# Nothing came of it: its cart can be ordered again.
FAILED = frozenset({"DECLINED", "CANCELLED", "EXPIRED"})
# In these an owner may cancel, and be paid back.
_CANCELLABLE = frozenset({"PENDING", "RESERVED", "CONFIRMED"})


def status_of(order: Order) -> Status:
    """What to say of *order*; a state that is new here is work under way."""
    found = _STATES.get(order.state, _UNDER_WAY)
    text = found.text
    if order.state == "CANCELLED" and order.reason in _REASONS:
        text = _REASONS[order.reason]
    elif order.state == "DECLINED":
        text = f"{decline_text(order.decline_code)} Nothing was charged."
    return Status(label=found.label, text=text, tone=found.tone, settled=found.settled)


def decline_text(decline_code: str | None) -> str:
    """Why a card was declined, as far as banks say."""
    return _DECLINES.get(decline_code or "", "The bank declined the card, without saying why.")


def can_be_cancelled(order: Order) -> bool:
    """Whether its owner may cancel it now; orders has the last word."""
    return order.state in _CANCELLABLE
