"""Amounts of money: whole minor units of one currency."""

import re
from dataclasses import dataclass

CURRENCY_PATTERN = r"[A-Z]{3}"
# The dearest full cart (50 lines of 99) stays below 2^53, which JSON numbers hold exactly everywhere.
MAX_MINOR_UNITS = 10**12


@dataclass(frozen=True, slots=True, kw_only=True)
class Money:
    """An amount in whole minor units (cents) of a currency (ISO 4217): never a fraction of binary halves.

    Raises:  ValueError: a malformed currency; an amount that is no whole number.
    """

    minor_units: int
    currency: str

    def __post_init__(self) -> None:
        if re.fullmatch(CURRENCY_PATTERN, self.currency) is None:
            raise ValueError(f"currency {self.currency!r} is not three capital letters")
        if type(self.minor_units) is not int:
            raise ValueError(f"{self.minor_units!r} is not a whole number of minor units")

    def times(self, count: int) -> "Money":
        """*count* of it."""
        return Money(minor_units=self.minor_units * count, currency=self.currency)
