"""What a payment operation can be refused for, in the gateway's own terms."""


class PaymentError(Exception):
    """Base of the errors below; never raised itself.

    final: a repeat of the same operation is refused for ever, whatever happens in between.
    """

    final = True


class PaymentNotFound(PaymentError):
    """Nobody has asked for a payment with this reference yet; somebody still may."""

    final = False


class PaymentMismatch(PaymentError):
    """The reference, or the operation, is known with another amount, currency or payment method."""


class PaymentClosed(PaymentError):
    """It was voided or declined: no money can come of it any more."""


class PaymentCaptured(PaymentError):
    """The money has been taken: what is wanted is a refund, not a void."""


class RefundExceedsCapture(PaymentError):
    """More than what is captured and not refunded yet."""

    def __init__(self, *, final: bool) -> None:
        super().__init__("more than what is captured and not refunded")
        self.final = final


class LedgerConflict(PaymentError):
    """The ledger has an entry for a change that the payment has not seen: one of the two is wrong."""

    final = False
