"""What the scheduled jobs of orders do; each returns its report, and leaves its figures for /metrics."""

import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from services.orders.adapters.delivery import on_behalf_of
from services.orders.adapters.housekeeping import purge
from services.orders.assembly import Parts
from services.orders.domain import expiry, reconciliation
from services.orders.domain.reconciliation import FINE, GRACE_SECONDS, Verdict
from services.orders.figures import (
    BACKUP,
    CAPTURES,
    DISCREPANCY,
    EXPIRE,
    MATCH,
    MISMATCH,
    OK,
    PURGE,
    RECONCILE,
    RECONCILIATIONS,
    RESOLVE,
)
from services.shared import jobs
from services.shared.backup import backup
from services.shared.config import Config
from services.shared.database import Database

# References in a report; the counts are of all.
MAX_SHOWN = 100
# A job ends, whatever comes in while it runs: the next one goes on.
MAX_ROUNDS = 1000
Report = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Shop:
    """What a job works with."""

    config: Config
    database: Database
    parts: Parts
    now: Callable[[], float] = time.time

    def succeeded(self, job: str, figures: Mapping[tuple[str, str], float] | None = None) -> None:
        """Note that *job* has done its work, with what it adds to the counters: (name, result) → amount."""
        with self.database.writing() as connection:
            for (name, result), amount in (figures or {}).items():
                jobs.add(connection, name, amount, {"result": result})
            jobs.succeeded(connection, job, now=self.now())


def run_expire(shop: Shop) -> Report:
    """Expire orders that nobody has begun to pay."""
    done = _all(lambda: expiry.expire(shop.parts.book, on_behalf_of))
    shop.succeeded(EXPIRE)
    return {"ok": True, "expired": done}


def run_resolve(shop: Shop) -> Report:
    """Settle orders whose payment is not known, and pay back those that wait for it."""
    looked_at = _all(shop.parts.settlement.settle_due)
    paid_back = _all(shop.parts.after_sales.pay_back_due)
    shop.succeeded(RESOLVE)
    return {"ok": True, "settled": looked_at, "paid_back": paid_back}


def run_reconcile(shop: Shop, *, grace_seconds: float = GRACE_SECONDS) -> Report:
    """Compare every order with the gateway; `ok` is false where anything differs.

    Args:    grace_seconds: orders that have changed since are not judged.
    """
    counts: Counter[Verdict] = Counter()
    shown: list[Report] = []
    for each in reconciliation.compare(
        shop.parts.payments.page,
        lambda after, upto, limit: shop.parts.orders.between(after, upto, limit=limit),
        now_ms=shop.parts.book.now_ms,
        grace_seconds=grace_seconds,
    ):
        counts[each.verdict] += 1
        if each.verdict not in FINE and len(shown) < MAX_SHOWN:
            shown.append(
                {
                    "reference": each.reference,
                    "verdict": each.verdict.value,
                    "state": each.state and each.state.value,
                    "total": each.total,
                    "captured": each.captured,
                    "refunded": each.refunded,
                }
            )
    wrong = sum(count for verdict, count in counts.items() if verdict not in FINE)
    figures = {
        (CAPTURES.name, MATCH): counts[Verdict.MATCH],
        (CAPTURES.name, MISMATCH): wrong,
        (RECONCILIATIONS.name, DISCREPANCY if wrong else OK): 1,
    }
    shop.succeeded(RECONCILE, figures)
    return {
        "ok": wrong == 0,
        "checked": sum(counts.values()),
        **{verdict.value: counts[verdict] for verdict in Verdict},
        "differing": shown,
    }


def run_backup(shop: Shop, folder: Path) -> Report:
    """Copy the database while it is used."""
    copy = backup(shop.config.database_url, folder, "orders", now=shop.now())
    shop.succeeded(BACKUP)
    return {"ok": True, "copy": str(copy)}


def run_purge(shop: Shop) -> Report:
    """Forget old keys, delivered events, receipts and carts."""
    done = _all(lambda: purge(shop.database, now_ms=shop.parts.book.now_ms()))
    shop.succeeded(PURGE)
    return {"ok": True, "forgotten": done}


def _all(work: Callable[[], int]) -> int:
    total = 0
    for _ in range(MAX_ROUNDS):
        done = work()
        total += done
        if done == 0:
            break
    return total
