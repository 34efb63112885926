"""What people and programs get of a load run: lines on a terminal, and a folder with HTML, JSON and JUnit."""

import json
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any

from synthetics import junit
from synthetics.bookkeeper import percentiles
from synthetics.histogram import Histogram
from synthetics.host import UsageError
from synthetics.live import clock_of, milliseconds
from synthetics.outcome import left_out_share
from synthetics.record import Book

HTML, JSON, JUNIT = "report.html", "report.json", "junit.xml"
WORST = 5


def book_of(document: Mapping[str, Any]) -> Book:
    """The counts of the run."""
    book = Book()
    book.add(document["book"])
    return book


def writable(folder: Path, option: str) -> None:
    """Make *folder*, of *option*, and see that files can be made there: no run is to end without its report.

    Raises:  UsageError.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise UsageError(f"{option} {folder}: cannot be written: {error.strerror}") from error


def write(document: Mapping[str, Any], folder: Path) -> None:
    """Write all three into *folder*; each is there whole, or not at all."""
    from synthetics.page import page  # noqa: PLC0415  # it loads what draws pictures, which takes a second

    folder.mkdir(parents=True, exist_ok=True)
    texts = {JSON: json.dumps(document, indent=1) + "\n", JUNIT: junit.document(document), HTML: page(document)}
    for name, text in texts.items():
        partial = folder / f".{name}.partial"
        # Half a character, in a name that Prometheus holds, is no reason to have no report.
        partial.write_text(text, encoding="utf-8", errors="replace")
        partial.replace(folder / name)


def step_rows(document: Mapping[str, Any]) -> list[dict[str, Any]]:
    """A row of the table for each step: what it is, how many answers, failures, percentiles in seconds."""
    rows = []
    for name, (failures, pairs) in sorted(document["book"]["steps"].items()):
        found = Histogram.of(pairs)
        times = {f"p{percent}": found.percentile(percent) for percent in (50, 95, 99)}
        journey, _, step = name.partition("/")
        rows.append({"journey": journey, "step": step, "count": found.count, "failures": failures, **times})
    return rows


def journey_rows(document: Mapping[str, Any]) -> list[dict[str, Any]]:
    """A row for each journey: visits by how they ended."""
    found: dict[str, dict[str, Any]] = {}
    for journey, how, count in document["book"]["visits"]:
        empty = {"journey": journey, "begun": 0, "passed": 0, "slow": 0, "failed": 0}
        found.setdefault(journey, empty)[how] = count
    return [found[name] for name in sorted(found)]


def summary(document: Mapping[str, Any], folder: Path | None) -> str:
    """The run on a terminal, its outcome last."""
    return "\n".join([*_numbers(document), *_verdict(document), *_end(document, folder)])


def _numbers(document: Mapping[str, Any]) -> list[str]:
    if document["began"] is None:
        return _cleaned(document)
    total, seconds = book_of(document).sum(), max(1.0, document["ended"] - document["began"])
    lines = [f"{'journey':<12} {'step':<22} {'answers':>8} {'failed':>7} {'p50':>6} {'p95':>6} {'p99':>6} ms"]
    lines += [
        f"{row['journey']:<12} {row['step']:<22} {row['count']:>8} {row['failures']:>7} "
        + " ".join(f"{milliseconds(row[name]):>6}" for name in ("p50", "p95", "p99"))
        for row in step_rows(document)
    ]
    times = " ".join(f"{name} {milliseconds(value)}" for name, value in percentiles(total).items())
    share = left_out_share(total.begun, total.left_out)
    lines += [
        "",
        f"{clock_of(seconds)} of {document['model']} load ({document['shape']}): {total.begun} visits "
        f"({total.begun / seconds:.2f}/s), {total.requests} answers ({total.requests / seconds:.1f}/s), "
        f"{total.failures} failed, {times} ms; {total.left_out} visits left out ({share:.1%})",
    ]
    lines += [f"visits of {row['journey']}: {_counts(row)}" for row in journey_rows(document)]
    lines += [
        f"generator {each['name']}: CPU {_share(each['cpu_share_mean'])} of a core on average, "
        f"{_share(each['cpu_share_max'])} at most; lag p99 {milliseconds(each['lag_p99'])} ms, "
        f"at most {milliseconds(each['lag_max'])} ms"
        for each in document["generators"]
    ]
    errors = sorted(document["book"]["errors"].items(), key=lambda each: -each[1])
    lines += [f"{count} × {text}" for text, count in errors[:WORST]]
    if document["stampede"]:
        outcomes = document["stampede"]["outcomes"]
        said = ", ".join(f"{count} {name.replace('_', ' ')}" for name, count in sorted(outcomes.items()))
        lines.append(f"stampede of {document['stampede']['buyers']} for {document['stampede']['units']}: {said}")
    return [*lines, *_cleaned(document)]


def _cleaned(document: Mapping[str, Any]) -> list[str]:
    done = document["clean_up"]
    if not done:
        return []
    return [f"clean-up: {done['cancelled']} orders cancelled, {done['failed']} accounts not cleared"]


def _verdict(document: Mapping[str, Any]) -> list[str]:
    if document["no_verdict"] or document["began"] is None or document["asked"]["traffic"] != "load":
        return []
    if not document["verdict"]:
        times = f"--from {document['began']:.0f} --to {document['ended']:.0f}"
        return ["", f"whether the SLOs held: python -m budget verdict {times} --traffic load"]
    slos = document["verdict"]["slos"]
    lines = [""]
    for slo in slos:
        if slo["verdict"] != "no data":
            pages = "would page" if slo["would_page"] else ""
            lines.append(
                f"{slo['verdict']:<5} {slo['id']:<34} {percent(slo['sli'])} of {slo['total']:.0f}  {pages}".rstrip()
            )
    silent = sum(slo["verdict"] == "no data" for slo in slos)
    return [*lines, *([f"no data of {silent} other SLOs"] if silent else [])]


def _end(document: Mapping[str, Any], folder: Path | None) -> list[str]:
    lines = ["", *document["remarks"]]
    lines.append(document["outcome"] + (", broken off" if document["interrupted"] else ""))
    lines += [f"  {reason}" for reason in document["reasons"]]
    return [*lines, *([f"report: {folder / HTML}"] if folder is not None else [])]


def _counts(row: Mapping[str, Any]) -> str:
    return ", ".join(f"{row[name]} {name}" for name in ("begun", "passed", "slow", "failed"))


def _share(value: float | None) -> str:
    return "-" if value is None else f"{value:.0%}"


def percent(value: float | None) -> str:
    """A ratio as per cent, fine enough for an objective of 99.99."""
    return "-" if value is None else f"{value:.3%}"
