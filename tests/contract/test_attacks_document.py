"""docs/attacks.md lists every attack of the reference and every test that tries one, and nothing else."""

import pytest

from tests.attacks.document import FILE, attacks, rendered
from tests.attacks.lines import BEYOND, REFERENCE

FOUND = list(attacks())


@pytest.mark.parametrize("line", [*REFERENCE, *BEYOND])
def test_each_attack_is_tried(line: str) -> None:
    """By one test or more."""
    assert any(line in attack.lines for attack in FOUND)


@pytest.mark.parametrize("attack", FOUND, ids=lambda attack: attack.test)
def test_each_test_names_its_attack(attack) -> None:
    """One or more lines that there are, and it says what it tries."""
    assert attack.lines
    assert {*attack.lines} <= {*REFERENCE, *BEYOND}
    assert attack.tried.endswith(".")


def test_the_document_is_as_the_tests_are() -> None:
    """Else: `python -m tests.attacks.document`."""
    assert FILE.read_text(encoding="utf-8") == rendered()
