"""What can go wrong between a button and whoever is to do what it says."""

from budget.errors import BudgetError


class Refused(BudgetError):
    """The other side understood, and did nothing: it says why."""


class NotHere(BudgetError):
    """There is nobody who could do it: the page was started without."""


class WrongSetting(BudgetError):
    """What the page was started with cannot be: the message says what to change."""
