"""How `make test` deals the tests out: what it names is there, a unit goes to one worker, the longest come first."""

from pathlib import Path

from tests.dealing import LONGEST, TOGETHER, longest_first, unit

ROOT = Path(__file__).resolve().parents[2]


def test_what_is_named_is_there():
    """A file that has another name now would be begun late, and nobody would see why a run takes longer."""
    assert [name for name in (*TOGETHER, *LONGEST) if not (ROOT / name).exists()] == []
    assert [name for name in TOGETHER if name not in LONGEST] == []


def test_a_folder_that_shares_what_it_starts_is_one_unit():
    """Else each worker starts a shop of its own."""
    assert unit("tests/e2e/test_platform.py::test_shoppers_buy") == "tests/e2e"
    assert unit("tests/slo/test_rules.py::test_rules[tests/e2e/a]") == "tests/slo/test_rules.py"


def test_the_longest_are_begun_first():
    """What is known to be long, then what has many tests."""
    few, many = ["tests/a.py::test_1"], [f"tests/b.py::test_{number}" for number in range(3)]
    long = [f"{LONGEST[1]}::test_1", f"{LONGEST[0]}/test_a.py::test_1"]
    assert [*longest_first([*few, *many, *long])] == [LONGEST[0], LONGEST[1], "tests/b.py", "tests/a.py"]
