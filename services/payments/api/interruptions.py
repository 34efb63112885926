"""What goes wrong around an operation: by a fault that is switched on, or by a token that always does it.

No stall holds a thread for long: it ends shortly after the caller has stopped waiting, and after a few seconds anyway.
"""

import time
from collections.abc import Callable

from apiflask import HTTPError

from services.payments import fault_kinds
from services.payments.domain.methods import DO_NOT_HONOR, PaymentMethod, decline_code
from services.shared import deadline
from services.shared.faults import FaultBoard

# Where the caller has not said how long it waits.
STALL_SECONDS = 2.0
MAX_STALL_SECONDS = 5.0
# So that the caller is gone for sure.
BEYOND_SECONDS = 0.1
TOKEN_DELAY_SECONDS = 1.5
WEBHOOK_SECONDS = 2.0
_LOOK_AGAIN_SECONDS = 0.02


class Interruptions:
    """Asks *board*, and the payment's token, what is to go wrong.

    Args:    sleep: takes seconds.
    """

    def __init__(self, board: FaultBoard, *, sleep: Callable[[float], None] = time.sleep) -> None:
        self._board = board
        self._sleep = sleep

    def refuse_in_outage(self) -> None:
        """Return unless the gateway is down.

        Raises:  HTTPError: 503 with Retry-After.
        """
        if self._board.strikes(fault_kinds.OUTAGE):
            raise HTTPError(503, "The gateway is down.", headers={"Retry-After": "1"})

    def before_operation(self, method: PaymentMethod | None) -> None:
        """Delay an operation, or stop it before anything has happened.

        Raises:  HTTPError: 504.
        """
        delay = TOKEN_DELAY_SECONDS if method is PaymentMethod.SLOW else 0.0
        slow = self._board.value(fault_kinds.SLOW)
        if slow is not None and self._board.strikes(fault_kinds.SLOW):
            delay = max(delay, slow["delay_seconds"])
        if delay:
            self._sleep(delay)
        if method is PaymentMethod.TIMEOUT_BEFORE or self._board.strikes(fault_kinds.TIMEOUT_BEFORE_CHARGE):
            self._time_out()

    def decline_code(self, method: PaymentMethod) -> str | None:
        """Why *method* is declined this time; None if it is not."""
        if self._board.strikes(fault_kinds.DECLINED):
            return DO_NOT_HONOR
        return decline_code(method)

    def webhook_copies(self) -> int:
        """How often the webhook of an operation is to be sent."""
        return 2 if self._board.strikes(fault_kinds.DUPLICATE_WEBHOOK) else 1

    def after_operation(self, method: PaymentMethod | None, *, webhook_arrived: Callable[[], bool]) -> None:
        """Hold the answer to an operation that has happened, or drop it.

        Args:    webhook_arrived: whether all that is to be said of the payment has been.
        Raises:  HTTPError: 504.
        """
        if self._board.strikes(fault_kinds.WEBHOOK_BEFORE_RESPONSE):
            self._await(webhook_arrived)
        if method is PaymentMethod.TIMEOUT_AFTER or self._board.strikes(fault_kinds.TIMEOUT_AFTER_CHARGE):
            self._time_out()

    def _await(self, webhook_arrived: Callable[[], bool]) -> None:
        left = deadline.remaining()
        patience = WEBHOOK_SECONDS if left is None else min(left, WEBHOOK_SECONDS)
        for _ in range(int(patience / _LOOK_AGAIN_SECONDS)):
            if webhook_arrived():
                return
            self._sleep(_LOOK_AGAIN_SECONDS)

    def _time_out(self) -> None:
        left = deadline.remaining()
        self._sleep(STALL_SECONDS if left is None else min(left + BEYOND_SECONDS, MAX_STALL_SECONDS))
        raise HTTPError(504, "The gateway did not answer in time.", extra_data={"code": "gateway_timeout"})
