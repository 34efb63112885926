"""How a run is shown: a bar that is drawn anew on a terminal, plain lines elsewhere."""

import io

import pytest

from synthetics.live import CLEAR, Live, bar, clock_of, numbers_line

LIVE = {
    "elapsed": 42.0,
    "running": True,
    "visits_per_s": 8.14,
    "requests_per_s": 44.0,
    "p50": 0.012,
    "p95": 0.06,
    "p99": None,
    "requests": 1848,
    "failures": 3,
    "left_out": 1,
    "under_way": 7,
    "lag_p99": 0.0031,
}


class Terminal(io.StringIO):
    """A stream that says it is one."""

    def isatty(self) -> bool:
        return True


def test_all_numbers_are_on_the_line() -> None:
    """What is not known yet is a dash."""
    assert numbers_line(LIVE, 300) == (
        "0:42/5:00  8.1 visits/s  44.0 requests/s  3 failed  p50 12 p95 60 p99 - ms  7 under way  1 left out  lag 3 ms"
    )


def test_a_terminal_has_a_bar_that_is_drawn_anew() -> None:
    """Without a line feed, and not wider than the terminal."""
    stream = Terminal()
    live = Live(stream=stream)
    live.numbers(LIVE, 300)
    live.numbers(LIVE | {"elapsed": 300.0}, 300)
    first, second = stream.getvalue().split(CLEAR)[1:]
    assert first.startswith("███░░░")
    assert second.startswith("█" * 20)
    assert "\n" not in stream.getvalue()
    assert len(first) < 80


def test_elsewhere_there_is_a_plain_line_every_ten_seconds() -> None:
    """A log that is read later holds no control characters."""
    stream, now = io.StringIO(), [0.0]
    live = Live(stream=stream, clock=lambda: now[0])
    for second in range(25):
        now[0] = float(second)
        live.numbers(LIVE | {"elapsed": float(second)}, 300)
    lines = stream.getvalue().splitlines()
    assert [line.split("/")[0] for line in lines] == ["0:00", "0:10", "0:20"]
    assert "\x1b" not in stream.getvalue()
    assert "█" not in stream.getvalue()


def test_a_line_that_stays_comes_after_the_bar() -> None:
    """Which is taken away first."""
    stream = Terminal()
    live = Live(stream=stream)
    live.progress(0.5, "half")
    live.say("done")
    assert stream.getvalue().endswith(f"{CLEAR}done\n")


@pytest.mark.parametrize(("seconds", "text"), [(0, "0:00"), (59.9, "0:59"), (3600, "1:00:00"), (14700, "4:05:00")])
def test_times_are_read_as_on_a_clock(seconds: float, text: str) -> None:
    """Hours only where there are some."""
    assert clock_of(seconds) == text


def test_a_bar_is_as_full_as_the_run() -> None:
    """From nothing to all."""
    assert (bar(0.0), bar(1.0)) == ("░" * 20, "█" * 20)
