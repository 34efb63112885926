"""How many retries a peer may get: a share of the calls, so that retries cannot multiply an overload.

Source:  Google SRE, "Handling Overload": a client's retries stay under 10 % of its requests.
"""

import threading

SHARE = 0.1
# So many retries are there at the start and at most: a quiet service may still retry.
RESERVE = 10.0


class RetryBudget:
    """Each call pays in a share of a retry; each retry costs a whole one."""

    def __init__(self, *, share: float = SHARE, reserve: float = RESERVE) -> None:
        self._share = share
        self._reserve = reserve
        self._balance = reserve
        self._lock = threading.Lock()

    def earn(self) -> None:
        """A call has begun."""
        with self._lock:
            self._balance = min(self._reserve, self._balance + self._share)

    def spend(self) -> bool:
        """Whether there is a retry to be had; it is then spent."""
        with self._lock:
            # Ten tenths must make a whole one, whatever floating point thinks of their sum.
            if self._balance < 1 - 1e-9:
                return False
            self._balance -= 1
            return True
