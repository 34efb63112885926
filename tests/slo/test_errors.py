"""How faults are spelt, ordered and counted."""

from __future__ import annotations

from slo.errors import MAX_SHOWN, Fault, SpecErrors


def test_a_fault_says_where_and_what() -> None:
    """path:line:column: where: what."""
    fault = Fault(path="a.yaml", line=3, column=7, where="slos[0].objective", message="101 is not in (0, 100)")
    assert str(fault) == "a.yaml:3:7: slos[0].objective: 101 is not in (0, 100)"


def test_a_fault_of_a_file_as_a_whole_has_no_line() -> None:
    """Where there is no line, none is invented."""
    assert str(Fault(path="a.yaml", message="does not exist")) == "a.yaml: does not exist"


def test_a_fault_is_one_line_that_no_terminal_obeys() -> None:
    """Line ends and control characters of names and keys are shown, not sent."""
    fault = Fault(path="a\nb\udcff.yaml", line=1, column=1, where="x\x1b[2J", message="é\u202e")
    assert str(fault) == "a\\nb\\udcff.yaml:1:1: x\\x1b[2J: é\\u202e"


def test_a_long_message_is_cut() -> None:
    """A query of thousands of characters does not fill the screen."""
    assert len(str(Fault(path="a", message="x" * 9_999))) == MAX_SHOWN + len("a: ")


def test_faults_come_in_the_order_of_their_places() -> None:
    """Files by name, then lines, then columns."""
    places = [("b", 1, 1), ("a", 10, 1), ("a", 9, 2), ("a", 9, 1)]
    faults = [Fault(path=path, line=line, column=column, message=f"{line}{column}") for path, line, column in places]
    assert [(f.path, f.line, f.column) for f in SpecErrors(tuple(faults)).faults] == sorted(places)


def test_what_aliases_repeat_is_one_fault() -> None:
    """The same words at the same place are told once; other words at that place, or no place, are not lost."""
    faults = (
        Fault(path="a", line=1, column=1, where="slos[0].x", message="same"),
        Fault(path="a", line=1, column=1, where="slos[1].x", message="same"),
        Fault(path="a", line=1, column=1, where="slos[1].x", message="other"),
        Fault(path="a", message="x"),
        Fault(path="b", message="x"),
    )
    assert [str(fault) for fault in SpecErrors(faults).faults] == [
        "a: x",
        "a:1:1: slos[0].x: same",
        "a:1:1: slos[1].x: other",
        "b: x",
    ]
