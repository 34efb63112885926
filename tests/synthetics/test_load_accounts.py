"""Accounts of load: no two processes share one, and the last number is known."""

from hypothesis import given
from hypothesis import strategies as st

from synthetics.accounts import STAFF
from synthetics.load_accounts import EveryNth, account

KEY = "a-probe-key-for-tests-alone"


@given(processes=st.integers(1, 5), lent=st.integers(1, 20))
def test_processes_share_no_account_and_leave_no_gap(processes: int, lent: int) -> None:
    """Together they use the first so many."""
    lenders = [EveryNth(key=KEY, process=number, processes=processes) for number in range(processes)]
    emails = [lender.borrow().email for lender in lenders for _ in range(lent)]
    assert len(set(emails)) == processes * lent
    assert max(lender.last for lender in lenders) == processes * lent
    assert set(emails) == {account(number, KEY).email for number in range(1, processes * lent + 1)}


def test_the_one_that_was_given_back_last_is_lent_first() -> None:
    """Its tokens are good; so few accounts are used as there are visits at one time."""
    lender = EveryNth(key=KEY)
    first, second = lender.borrow(), lender.borrow()
    lender.give_back(first)
    lender.give_back(second)
    assert lender.borrow() is second
    assert lender.last == 2


def test_staff_is_nobody_who_buys() -> None:
    """The same account each time, and not among those that are lent."""
    lender = EveryNth(key=KEY)
    staff = lender.borrow(STAFF)
    lender.give_back(staff)
    assert (staff.registers, lender.free, lender.last) == (False, [], 0)
