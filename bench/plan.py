"""How a run of the bench is to be done: in full or short, and where it says what it is at."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sized
from dataclasses import dataclass
from typing import TypeVar

T = TypeVar("T")


def _silent(_text: str) -> None:
    return None


@dataclass(frozen=True, slots=True)
class Plan:
    """What every measurement is given. `say` tells people what is going on."""

    quick: bool = False
    say: Callable[[str], None] = _silent

    def counted(self, what: str, items: Iterable[T], every: int) -> Iterator[T]:
        """*items*, telling after each *every* of them how many are done."""
        total = f" of {len(items)}" if isinstance(items, Sized) else ""
        for number, item in enumerate(items):
            if number % every == 0:
                self.say(f"{what}: {number}{total}")
            yield item
