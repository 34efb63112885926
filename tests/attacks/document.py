"""Writes docs/attacks.md from the tests themselves: each line of lines.py, what is tried, and the test that tries it.

python -m tests.attacks.document
"""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.attacks.lines import BEYOND, REFERENCE

ROOT = Path(__file__).resolve().parents[2]
FILE = ROOT / "docs" / "attacks.md"
_HEAD = """# Attacks

What an attacker would try on the shop, and the test that tries it on the running services, directly and through the
front door. Written by `python -m tests.attacks.document` from the tests' own words; a test holds it against them. What
stands in the way, and what is left, is in [threats.md](threats.md).

| Attack | What is tried, and what must come of it | Test |
|---|---|---|
"""


@dataclass(frozen=True, slots=True)
class Attack:
    """One test: its lines of lines.py, its first sentences, and where it is."""

    lines: tuple[str, ...]
    tried: str
    test: str


def attacks() -> Iterator[Attack]:
    """Every test function of this folder, also one that names no line."""
    for file in sorted(Path(__file__).parent.glob("test_*.py")):
        module = ast.parse(file.read_text(encoding="utf-8"))
        constants = {
            target.id: node.value.value
            for node in module.body
            if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant)
            for target in node.targets
            if isinstance(target, ast.Name)
        }
        for node in module.body:
            if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
                lines = tuple(_lines(node, constants))
                tried = " ".join((ast.get_docstring(node) or "").split())
                yield Attack(lines, tried, f"{file.relative_to(ROOT)}::{node.name}")


def _lines(function: ast.FunctionDef, constants: dict[str, object]) -> Iterator[str]:
    for each in function.decorator_list:
        if isinstance(each, ast.Call) and ast.unparse(each.func) == "pytest.mark.attack":
            argument = each.args[0]
            yield str(constants[argument.id] if isinstance(argument, ast.Name) else ast.literal_eval(argument))


def rendered() -> str:
    """The whole document."""
    found = list(attacks())
    rows = [
        f"| {_cell(line)} | {_cell(attack.tried)} | `{attack.test}` |"
        for line in (*REFERENCE, *BEYOND)
        for attack in found
        if line in attack.lines
    ]
    return _HEAD + "\n".join(rows) + "\n"


def _cell(text: str) -> str:
    for written in "\\|<>*_`":
        text = text.replace(written, f"\\{written}")
    return text


if __name__ == "__main__":
    FILE.write_text(rendered(), encoding="utf-8")
