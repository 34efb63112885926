"""What can go wrong between the budget's figures and the Prometheus that holds them."""


class BudgetError(Exception):
    """Base of this package's errors; never raised itself."""


class Unreachable(BudgetError):
    """Nothing answered at the address: the caller may wait and ask again."""


class QueryFailed(BudgetError):
    """Prometheus answered, but not with a result: asking the same again gives the same."""
