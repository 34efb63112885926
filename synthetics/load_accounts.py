"""Accounts of load for one of several processes: two that shared one would use up each other's tokens."""

from dataclasses import dataclass, field

from synthetics.accounts import STAFF, Account, staff


@dataclass(slots=True, kw_only=True)
class EveryNth:
    """Of the accounts `load-1`, `load-2`, … those that process *process* (from 0) of *processes* may use."""

    key: str = field(repr=False)
    process: int = 0
    processes: int = 1
    free: list[Account] = field(default_factory=list)
    made: int = 0

    @property
    def last(self) -> int:
        """The highest number in use; 0: none."""
        return 0 if self.made == 0 else self.process + 1 + (self.made - 1) * self.processes

    def borrow(self, part: str = "") -> Account:
        """The one that was used last, whose tokens are good; or the next one. Staff's is always the same."""
        if part == STAFF:
            return staff(self.key)
        if self.free:
            return self.free.pop()
        self.made += 1
        return account(self.last, self.key)

    def give_back(self, account: Account) -> None:
        """*account* is free again."""
        if account.registers:
            self.free.append(account)


def account(number: int, key: str) -> Account:
    """The account of load that has *number*."""
    return Account.of(f"load-{number}", key)
