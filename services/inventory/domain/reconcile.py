"""Whether the books agree: found out first, and repaired only where that is asked for and safe."""

from dataclasses import dataclass

from services.inventory.domain.discrepancy import Fault, Finding, findings, newly_oversold
from services.inventory.domain.ports import UnitOfWork


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What a reconciliation found in the books of *skus* SKUs. newly_oversold: units since the one before."""

    skus: int
    findings: tuple[Finding, ...]
    newly_oversold: int

    def units(self, fault: Fault) -> int:
        """By how many units all SKUs together are wrong in this way."""
        return sum(finding.units for finding in self.findings if finding.fault is fault)


@dataclass(frozen=True, slots=True, kw_only=True)
class Repair:
    """The SKUs whose reserved units were set right, and those where that is not possible."""

    repaired: tuple[str, ...]
    left: tuple[str, ...]


def reconcile(unit_of_work: UnitOfWork, *, now_ms: int) -> Report:
    """Look at all books as they are at one moment, while traffic goes on, and record what is found."""
    with unit_of_work.writing() as transaction:
        books = transaction.audit.books()
        found = findings(books.entries)
        oversold = newly_oversold(transaction.audit.standing(), found)
        transaction.audit.record(found, newly_oversold=oversold, now_ms=now_ms)
    return Report(skus=books.skus, findings=found, newly_oversold=oversold)


def repair(unit_of_work: UnitOfWork, report: Report, *, now_ms: int) -> Repair:
    """Set what is reserved to what is held, where *report* says that they differ; a transaction a SKU.

    Units on hand are never touched: only somebody who counts them knows which of the two figures is wrong.
    """
    repaired: list[str] = []
    left: list[str] = []
    for finding in report.findings:
        if finding.fault is Fault.RESERVED_MISMATCH:
            with unit_of_work.writing() as transaction:
                done = transaction.audit.repair(finding.sku, now_ms=now_ms)
            (repaired if done else left).append(finding.sku)
    return Repair(repaired=tuple(repaired), left=tuple(left))
