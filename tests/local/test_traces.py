"""Spans are kept in files of bounded size and number, whole line by whole line, and a trace is found among them."""

import json
import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from local.traces import NAME, SpanFiles, find_trace

TRACE = "0af7651916cd43dd8448eb211c80319c"
OTHER = "1af7651916cd43dd8448eb211c80319c"


def span(trace_id: str, number: int, **more: Any) -> dict[str, Any]:
    """One span in OTLP's JSON form."""
    times = {"startTimeUnixNano": str(10**18 + number), "endTimeUnixNano": str(10**18 + number + 5 * 10**8)}
    return {"traceId": trace_id, "spanId": f"{number:016x}", "name": f"step {number}", **times, **more}


def batch(*spans: dict[str, Any], service: str = "orders") -> str:
    """A line of them."""
    attributes = [{"key": "service.name", "value": {"stringValue": service}}]
    resource_spans = {"resource": {"attributes": attributes}, "scopeSpans": [{"spans": list(spans)}]}
    return json.dumps({"resourceSpans": [resource_spans]})


def files(folder: Path) -> list[str]:
    """Names of what *folder* keeps."""
    return sorted(path.name for path in folder.iterdir())


def test_a_trace_is_found_in_the_order_of_its_spans(tmp_path: Path) -> None:
    """With what each span says, over batches of several services, without spans of other traces."""
    kept = SpanFiles(tmp_path / NAME)
    failed = {"status": {"code": 2}, "parentSpanId": "01" * 8}
    attributes = [
        {"key": "http.response.status_code", "value": {"intValue": "503"}},
        {"key": "http.route", "value": {"stringValue": "/x"}},
    ]
    kept.keep(batch(span(TRACE, 3, attributes=attributes, **failed), span(OTHER, 1), service="payments"))
    kept.keep(batch(span(TRACE, 2)))
    first, second = find_trace(tmp_path, TRACE)
    assert (first.service, first.name, first.failed, first.parent_id) == ("orders", "step 2", False, "")
    assert (second.service, second.failed, second.parent_id, second.seconds) == ("payments", True, "01" * 8, 0.5)
    assert second.attributes == {"http.response.status_code": 503, "http.route": "/x"}


@pytest.mark.parametrize("trace_id", ["", "x", TRACE.upper(), TRACE + "\n", '"', "../spans", OTHER])
def test_an_unknown_id_finds_nothing(tmp_path: Path, trace_id: str) -> None:
    """Nor does one that is none; nor a folder that is not there."""
    SpanFiles(tmp_path / NAME).keep(batch(span(TRACE, 1)))
    assert find_trace(tmp_path, trace_id) == ()
    assert find_trace(tmp_path / "none", TRACE) == ()


def test_the_oldest_file_goes(tmp_path: Path) -> None:
    """So many files, each of so many bytes at most; what is in the others is still found."""
    line = batch(span(TRACE, 1))
    kept = SpanFiles(tmp_path / NAME, most_bytes=3 * len(line), files=3)
    for number in range(20):
        kept.keep(batch(span(f"{number:032x}", 1)))
        assert sum(path.stat().st_size for path in tmp_path.iterdir()) <= 9 * len(line)
    assert files(tmp_path) == [NAME, f"{NAME}.1", f"{NAME}.2"]
    there = [number for number in range(20) if find_trace(tmp_path, f"{number:032x}")]
    assert there == list(range(there[0], 20))
    assert len(there) >= 5


def test_a_single_file_begins_anew(tmp_path: Path) -> None:
    """Where there is to be no other."""
    kept = SpanFiles(tmp_path / NAME, most_bytes=10, files=1)
    kept.keep("first")
    kept.keep("other one")
    assert (files(tmp_path), (tmp_path / NAME).read_text()) == ([NAME], "other one\n")


def test_a_torn_line_costs_itself_alone(tmp_path: Path) -> None:
    """What a killed writer left is ended, so that the next line is read."""
    (tmp_path / NAME).write_text(batch(span(TRACE, 1))[:-20])
    SpanFiles(tmp_path / NAME).keep(batch(span(TRACE, 2)))
    assert [each.name for each in find_trace(tmp_path, TRACE)] == ["step 2"]


def test_a_folder_that_was_removed_is_made_again(tmp_path: Path) -> None:
    """`clean` may take it away."""
    kept = SpanFiles(tmp_path / "traces" / NAME)
    kept.keep("one")
    (tmp_path / "traces" / NAME).unlink()
    (tmp_path / "traces").rmdir()
    kept.keep("two")
    assert (tmp_path / "traces" / NAME).read_text() == "two\n"


@contextmanager
def files_of_at_most(size: int) -> Iterator[None]:
    """No file of this process may be longer than so many bytes: writing stops in the middle, as on a full disk.

    Not a fixture: pytest itself writes between a test's end and its fixtures' ends, perhaps to a longer file.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_line_that_does_not_fit_leaves_nothing(tmp_path: Path) -> None:
    """Its beginning is taken back, and what fits is still kept."""
    kept = SpanFiles(tmp_path / NAME)
    with files_of_at_most(1000):
        kept.keep("a" * 600)
        with pytest.raises(OSError, match="File too large"):
            kept.keep("b" * 600)
        kept.keep("c" * 300)
    assert (tmp_path / NAME).read_text() == "a" * 600 + "\n" + "c" * 300 + "\n"
