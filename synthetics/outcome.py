"""What a load run says in the end: it passed, it failed, or nothing can be said, each with its reasons."""

from collections.abc import Mapping
from typing import Any

from synthetics import generator, verdict
from synthetics.ordering import OUT_OF_STOCK
from synthetics.record import Book, Row

PASSED, FAILED, INVALID = "passed", "failed", "invalid"
EXIT_CODES = {PASSED: 0, FAILED: 1, INVALID: 3}
# Visits that did not begin are missing from every number of the run: one in a hundred is as much as a p99 bears.
MAX_LEFT_OUT_SHARE = 0.01
TOO_MANY = "status 429"


def judge(run: Mapping[str, Any]) -> tuple[str, list[str]]:
    """The outcome of the document *run*, and why. A run that nobody can believe has neither passed nor failed."""
    if faults := _invalid(run):
        return INVALID, faults
    if faults := _failed(run):
        return FAILED, faults
    return PASSED, []


def left_out_share(begun: int, left_out: int) -> float:
    """Of the visits that were to begin, how many did not."""
    return left_out / (begun + left_out) if left_out else 0.0


def _invalid(run: Mapping[str, Any]) -> list[str]:
    total = _total(run)
    if total.requests == 0:
        return unknown(run)
    found, share = unknown(run), left_out_share(total.begun, total.left_out)
    if share > MAX_LEFT_OUT_SHARE:
        found.append(
            f"{total.left_out} visits ({share:.1%}) were left out, as too many were under way (at most "
            f"{MAX_LEFT_OUT_SHARE:.0%}): more --at-once, or a lower --rate"
        )
    return found + generator.faults(run["generators"])


def unknown(run: Mapping[str, Any]) -> list[str]:
    """Why nothing is known of the shop, though neither it nor the generator was too slow."""
    found = [*run["faults"]]
    if _total(run).requests == 0:
        return [*found, "no request was made: nothing is known about the journeys"]
    if run["no_verdict"]:
        found.append(run["no_verdict"])
    elif run["verdict"] and run["verdict"]["verdict"] == verdict.NO_DATA:
        found.append("no verdict: Prometheus has no data of the run for any SLO")
    return found


def _total(run: Mapping[str, Any]) -> Row:
    book = Book()
    book.add(run["book"])
    return book.sum()


def _failed(run: Mapping[str, Any]) -> list[str]:
    found = []
    failures = {name: count for name, (count, _) in run["book"]["steps"].items() if count}
    if failures:
        worst = ", ".join(
            f"{name} ({count})" for name, count in sorted(failures.items(), key=lambda each: -each[1])[:3]
        )
        found.append(f"{sum(failures.values())} steps failed: {worst}")
    if any(TOO_MANY in text for text in run["book"]["errors"]):
        found.append("one address was let through so often only (429): start the platform with `up --for-load`")
    if run["stampede"]:
        found += _of_stampede(run["stampede"])
    for slo in (run["verdict"] or {}).get("slos", ()):
        if slo["verdict"] == verdict.FAIL:
            well, promised = f"{slo['sli']:.3%}", f"{slo['objective']:.3%}"
            found.append(f"SLO {slo['id']}: {well} of what was asked went well, promised are {promised}")
    if run["clean_up"] and run["clean_up"]["failed"]:
        found.append(f"what {run['clean_up']['failed']} accounts bought could not be cancelled")
    return found


def _of_stampede(stampede: Mapping[str, Any]) -> list[str]:
    """Exactly as many units are sold as there are, and everybody else is told that there are none."""
    if stampede["fault"]:
        return [f"stampede: {stampede['fault']}"]
    expected = {"confirmed": stampede["units"], OUT_OF_STOCK: max(0, stampede["buyers"] - stampede["units"])}
    came = stampede["outcomes"]
    if came == {name: count for name, count in expected.items() if count}:
        return []
    return [f"stampede: expected {_words(expected)}; came {_words(came) or 'nothing'}"]


def _words(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{count} {name.replace('_', ' ')}" for name, count in sorted(counts.items()))
