"""What can go wrong between a button and whoever is to do what it says."""

from budget.errors import BudgetError


class Refused(BudgetError):
    """The other side understood, and did nothing: it says why."""


class NotAnswered(BudgetError):
    """It was told, and has not answered: nobody knows whether it did it."""


class PartlyDone(BudgetError):
    """Of those who were to do it some did: the message says who, and what became of the others."""


class NotHere(BudgetError):
    """There is nobody who could do it: the page was started without."""


class WrongSetting(BudgetError):
    """What the page was started with cannot be: the message says what to change."""
