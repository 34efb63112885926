"""Asks the real promtool which of many expressions or templates it refuses, in one run for all of them."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Sequence
from pathlib import Path

from slo.rule import quoted
from tools import install

PROMTOOLS = ("promtool", "promtool3")
_REFUSAL = re.compile(r'group "(\d+)", rule \d+, "[^"]*": (.*)')


def of_expressions(name: str, expressions: Sequence[str], folder: Path) -> dict[int, str]:
    """Why the promtool called *name* refuses an expression, by its index; what it takes is not in it."""
    return _refusals(name, [f"  - record: a:b\n    expr: {quoted(text)}\n" for text in expressions], folder)


def of_templates(name: str, templates: Sequence[str], folder: Path) -> dict[int, str]:
    """The same for texts of annotations."""
    rules = [f"  - {{alert: A, expr: up, annotations: {{a: {quoted(text)}}}}}\n" for text in templates]
    return _refusals(name, rules, folder)


def _refusals(name: str, rules: Sequence[str], folder: Path) -> dict[int, str]:
    promtool = install.find(name)
    assert promtool is not None, f"{name} is not installed"
    path = folder / "asked.yaml"
    groups = "".join(f"- name: '{index}'\n  rules:\n{rule}" for index, rule in enumerate(rules))
    path.write_text(f"groups:\n{groups}", encoding="utf-8")
    asked = subprocess.run(
        [promtool, "check", "rules", "--lint=none", path], capture_output=True, text=True, check=False, encoding="utf-8"
    )
    found = {int(match[1]): match[2] for match in _REFUSAL.finditer(asked.stdout + asked.stderr)}
    assert found or asked.returncode == 0, asked.stderr  # anything else is a fault of the question
    return found
