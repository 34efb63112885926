"""Payment methods: test tokens, each of which always behaves the same. There are no card numbers here."""

from enum import StrEnum


class PaymentMethod(StrEnum):
    """The tokens that the gateway knows."""

    VISA = "tok_visa"
    MASTERCARD = "tok_mastercard"
    DECLINED = "tok_declined"
    INSUFFICIENT_FUNDS = "tok_insufficient_funds"
    EXPIRED_CARD = "tok_expired_card"
    SLOW = "tok_slow"
    TIMEOUT_BEFORE = "tok_timeout_before"
    TIMEOUT_AFTER = "tok_timeout_after"


GENERIC_DECLINE = "generic_decline"
# What the drill `declined` answers: no token does, so that the two can be told apart.
DO_NOT_HONOR = "do_not_honor"
_DECLINES = {
    PaymentMethod.DECLINED: GENERIC_DECLINE,
    PaymentMethod.INSUFFICIENT_FUNDS: "insufficient_funds",
    PaymentMethod.EXPIRED_CARD: "expired_card",
}
DECLINE_CODES = (*_DECLINES.values(), DO_NOT_HONOR)


def decline_code(method: PaymentMethod) -> str | None:
    """Why *method* is always declined; None for one that is not."""
    return _DECLINES.get(method)
