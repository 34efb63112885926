"""Retries stay a tenth of the calls."""

import threading

from services.shared.retry_budget import RESERVE, RetryBudget


def spend_all(budget: RetryBudget) -> int:
    """How many retries there are."""
    spent = 0
    while budget.spend():
        spent += 1
    return spent


def test_a_quiet_service_may_retry() -> None:
    """The reserve is there from the start, and no more than that."""
    budget = RetryBudget()
    for _ in range(1000):
        budget.earn()
    assert spend_all(budget) == RESERVE == 10


def test_ten_calls_pay_for_one_retry() -> None:
    """Nine do not."""
    budget = RetryBudget()
    spend_all(budget)
    for _ in range(9):
        budget.earn()
    assert not budget.spend()
    budget.earn()
    assert budget.spend()
    assert not budget.spend()


def test_in_an_outage_the_load_grows_by_a_tenth() -> None:
    """Of a thousand calls that all fail, some hundred are tried again, not two thousand."""
    budget, retries = RetryBudget(), 0
    for _ in range(1000):
        budget.earn()
        retries += budget.spend() + budget.spend()
    assert 100 <= retries <= 110


def test_many_threads_spend_no_retry_twice() -> None:
    """The balance is shared."""
    budget, spent = RetryBudget(), []
    threads = [threading.Thread(target=lambda: spent.append(spend_all(budget))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=5)
    assert sum(spent) == RESERVE
