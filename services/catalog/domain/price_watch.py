"""How long changed prices take to be seen: watched in each process, as its own readers would see them.

A change counts as seen at the first look at which this process would answer with it. One that is never seen counts
too, as late as the watch has patience: a process that is stuck on old prices must not look well for want of figures.
"""

from collections.abc import Callable

from services.catalog.domain.cached_reads import CachedReads
from services.catalog.domain.ports import PriceBook
from services.catalog.domain.price_change import PriceChange

# Changes are stamped before they are committed, by clocks that differ: one found later may be stamped earlier.
OVERLAP_MS = 15_000
PATIENCE_MS = 300_000
MAX_CHANGES = 1000


class PriceWatch:
    """Tells *seen* how many seconds each change took; changes made before now are none of this process's.

    Args:    now: Unix seconds.
    """

    def __init__(
        self, book: PriceBook, reads: CachedReads, seen: Callable[[float], None], now: Callable[[], float]
    ) -> None:
        self._book = book
        self._reads = reads
        self._seen = seen
        self._now = now
        self._began_ms = self._from_ms = int(now() * 1000)
        self._waiting: dict[tuple[str, int], PriceChange] = {}
        # (sku, version) → when it was made; kept for as long as the storage brings it again.
        self._counted: dict[tuple[str, int], int] = {}

    def look(self) -> int:
        """Look once; the number of changes that were counted.

        Raises:  whatever the storage raises; nothing is lost or counted twice for that.
        """
        self._find()
        now_ms = int(self._now() * 1000)
        done = [
            (key, change)
            for key, change in self._waiting.items()
            if self._shows(change) or now_ms - change.at_ms > PATIENCE_MS
        ]
        for key, change in done:
            del self._waiting[key]
            self._counted[key] = change.at_ms
            self._seen(max(0.0, (now_ms - change.at_ms) / 1000))
        return len(done)

    def _find(self) -> None:
        found = self._book.changes_since(self._from_ms, limit=MAX_CHANGES)
        for change in found:
            key = change.sku, change.version
            if key not in self._counted:
                self._waiting.setdefault(key, change)
        if found:
            # A full page: more may stand right behind it, further than the overlap would let us come.
            back = 0 if len(found) == MAX_CHANGES else OVERLAP_MS
            self._from_ms = max(self._from_ms, found[-1].at_ms - back, self._began_ms)
        self._counted = {key: at_ms for key, at_ms in self._counted.items() if at_ms >= self._from_ms}

    def _shows(self, change: PriceChange) -> bool:
        copy = self._reads.copy_of(change.sku)
        return copy is None or copy.version >= change.version
