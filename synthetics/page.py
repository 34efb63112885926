"""The report of a load run as one HTML page, which asks nobody for anything else."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from synthetics.bookkeeper import percentiles
from synthetics.live import clock_of, milliseconds
from synthetics.outcome import left_out_share
from synthetics.pictures import Picture, svg
from synthetics.report import book_of, journey_rows, percent, step_rows
from synthetics.run import moment

# Of each kind, the fullest: a picture with forty lines shows nothing.
LINES = 5
_ENVIRONMENT = Environment(
    loader=FileSystemLoader(Path(__file__).with_name("templates")),
    undefined=StrictUndefined,
    autoescape=True,
    trim_blocks=True,
    lstrip_blocks=True,
)
_ENVIRONMENT.filters |= {"milliseconds": milliseconds, "percent": percent, "moment": moment, "clock": clock_of}


def page(document: Mapping[str, Any]) -> str:
    """The whole page; every name in it is escaped."""
    total = book_of(document).sum()
    began, ended = document["began"], document["ended"]
    return _ENVIRONMENT.get_template("load_report.html.j2").render(
        run=document,
        total=total,
        times=percentiles(total),
        seconds=0.0 if began is None else max(1.0, ended - began),
        left_out=left_out_share(total.begun, total.left_out),
        steps=step_rows(document),
        journeys=journey_rows(document),
        errors=sorted(document["book"]["errors"].items(), key=lambda each: -each[1]),
        # matplotlib writes XML, with names escaped.
        pictures=[Markup(svg(each)) for each in pictures(document)],
    )


def pictures(document: Mapping[str, Any]) -> list[Picture]:
    """Throughput, errors, latency, and how full the shop was, over time; none of a run that never began."""
    began = document["began"]
    if began is None:
        return []
    rows = sorted(book_of(document).rows.items())
    every, seconds = document["row_seconds"], document["ended"] - began
    windows = [(each["begin"] - began, each["end"] - began, each["name"]) for each in document["fault_windows"]]

    def drawn(title: str, unit: str, lines: list[tuple[str, list[tuple[float, float | None]]]]) -> Picture:
        return Picture(title=title, unit=unit, lines=lines, seconds=seconds, windows=windows)

    latency = [
        (name, [(at - began, _milliseconds(percentiles(row)[name])) for at, row in rows])
        for name in ("p50", "p95", "p99")
    ]
    counts = {
        "visits": [(at - began, row.begun / every) for at, row in rows],
        "answers": [(at - began, row.requests / every) for at, row in rows],
    }
    wrong = {
        "failed": [(at - began, row.failures / every) for at, row in rows],
        "left out": [(at - began, row.left_out / every) for at, row in rows],
    }
    return [
        drawn("Latency of steps", "ms", latency),
        drawn("Throughput", "per second", list(counts.items())),
        drawn("Errors, and visits left out", "per second", list(wrong.items())),
        *(drawn(title, "share", lines) for title, lines in _saturation(document, began)),
    ]


def _saturation(document: Mapping[str, Any], began: float) -> list[tuple[str, Any]]:
    found: dict[str, list[tuple[str, list[tuple[float, float]]]]] = {}
    for line in document["saturation"]:
        lines = found.setdefault(line["title"], [])
        if len(lines) < LINES:
            lines.append((line["where"], [(at - began, value) for at, value in line["points"]]))
    return [(f"Saturation: {title}", lines) for title, lines in found.items()]


def _milliseconds(seconds: float | None) -> float | None:
    return None if seconds is None else seconds * 1000
