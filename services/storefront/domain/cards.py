"""The payment methods of a shop that takes no money: the test cards of the gateway simulator."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """A test card. token: the gateway's word for it. hint: what it does."""

    token: str
    label: str
    hint: str


CARDS = (
    Card(token="tok_visa", label="Visa test card ····4242", hint="Is accepted."),
    Card(token="tok_mastercard", label="Mastercard test card ····4444", hint="Is accepted."),
    Card(token="tok_declined", label="Declined test card ····0002", hint="Is always declined."),
    Card(token="tok_insufficient_funds", label="Empty test card ····9995", hint="Is declined for lack of funds."),
    Card(token="tok_expired_card", label="Expired test card ····0069", hint="Is declined as expired."),
    Card(token="tok_slow", label="Slow test card ····0077", hint="Is accepted after a while."),
    Card(
        token="tok_timeout_after",
        label="Silent test card ····0119",
        hint="Is charged, but the answer gets lost: the order is checked for a while.",
    ),
)
TOKENS = frozenset(card.token for card in CARDS)
