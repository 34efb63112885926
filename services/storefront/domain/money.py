"""Amounts of money, and how people read them."""

from dataclasses import dataclass

# Currencies whose smallest unit is not a hundredth. Source: ISO 4217, the column "minor unit".
_DIGITS = {"JPY": 0, "KRW": 0, "ISK": 0, "KWD": 3, "BHD": 3}
_SIGNS = {"EUR": "€", "GBP": "£", "USD": "$"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Money:
    """An amount in whole minor units (cents) of an ISO 4217 currency."""

    minor_units: int
    currency: str

    def times(self, quantity: int) -> "Money":
        """What *quantity* of it cost."""
        return Money(minor_units=self.minor_units * quantity, currency=self.currency)

    def __str__(self) -> str:
        digits = _DIGITS.get(self.currency, 2)
        whole, rest = divmod(abs(self.minor_units), 10**digits)
        amount = f"{whole:,}" + (f".{rest:0{digits}d}" if digits else "")
        shown = f"{_SIGNS[self.currency]}{amount}" if self.currency in _SIGNS else f"{amount} {self.currency}"
        return f"−{shown}" if self.minor_units < 0 else shown
