"""The images that compose builds beside the services': small, without root, and complete."""

import ast
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.local.compose.composed import ROOT

HADOLINT = Path(sys.executable).with_name("hadolint")
# By the file: what is imported to start it, and what that has to find.
IMAGES = {
    "local/compose/ops.Dockerfile": ("budget", "budget.serve_command", "serve"),
    "local/compose/pagerduty.Dockerfile": ("local", "local.pagerduty", "from_environment"),
    "synthetics/Dockerfile": ("synthetics", "synthetics.__main__", "main"),
}
# The distribution of a module, where the names differ.
DISTRIBUTIONS = {
    "yaml": "pyyaml",
    "prometheus_client": "prometheus-client",
    "markdown_it": "markdown-it-py",
    "promql_parser": "promql-parser",
}


def test_hadolint_finds_nothing() -> None:
    """None of its rules is broken or switched off."""
    files = [ROOT / name for name in IMAGES]
    run = subprocess.run([HADOLINT, "--no-color", *files], capture_output=True, text=True, check=False)
    assert (run.returncode, run.stdout) == (0, "")
    assert "hadolint ignore" not in "".join(path.read_text(encoding="utf-8") for path in files)


@pytest.mark.parametrize("name", IMAGES)
def test_it_is_built_as_the_services_are(name: str) -> None:
    """From the same base, with hashes, as the same user, and with nothing that only building needs."""
    text = (ROOT / name).read_text(encoding="utf-8")
    services = (ROOT / "services/catalog/Dockerfile").read_text(encoding="utf-8")
    assert re.findall(r"(?m)^FROM .*", text) == re.findall(r"(?m)^FROM .*", services)
    assert "--require-hashes --no-deps --only-binary :all:" in text
    assert "USER 10001:10001" in text
    assert "HEALTHCHECK NONE" in text
    assert "pip" not in text.rpartition("FROM ")[2]


@pytest.mark.parametrize("name", IMAGES)
def test_the_builder_is_given_what_it_copies_and_no_more(name: str) -> None:
    """By a list of its own beside it, which begins by leaving all out."""
    rules = (ROOT / f"{name}.dockerignore").read_text(encoding="utf-8").splitlines()
    rules = [rule for rule in rules if rule and not rule.startswith("#")]
    copied = [*_copied(name), *_listed(name)]
    assert rules[0] == "*"
    assert sorted(rule.removeprefix("!") for rule in rules if rule.startswith("!")) == sorted(copied)
    assert all((ROOT / each).exists() for each in copied)


@pytest.mark.parametrize("name", IMAGES)
def test_what_is_copied_is_enough(name: str, tmp_path: Path) -> None:
    """It can be imported from the copied files alone."""
    package, module, attribute = IMAGES[name]
    left_out = shutil.ignore_patterns("__pycache__", "compose", "front_door")
    for copied in _copied(name):
        shutil.copytree(ROOT / copied, tmp_path / "app" / copied, ignore=left_out)
    assert package in _copied(name)
    code = f"import {module} as found; print(found.__file__, callable(found.{attribute}))"
    run = subprocess.run(
        [sys.executable, "-B", "-c", code],
        cwd=tmp_path / "app",
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert run.stdout.split() == [str(tmp_path / "app" / f"{module.replace('.', '/')}.py"), "True"], run.stderr


@pytest.mark.parametrize("name", IMAGES)
def test_each_package_that_is_imported_is_installed(name: str) -> None:
    """By the list that the image is built from."""
    package, module, _ = IMAGES[name]
    (listed,) = _listed(name)
    locked = set(re.findall(r"(?m)^([a-z0-9-]+)==", (ROOT / listed).read_text(encoding="utf-8")))
    for imported in _imported(package, module):
        if imported not in sys.stdlib_module_names and imported not in _copied(name):
            assert DISTRIBUTIONS.get(imported, imported) in locked, imported


def _copied(name: str) -> list[str]:
    """Folders of the tree that the image *name* holds."""
    found = re.findall(r"(?m)^COPY (?!--from|requirements)(\S+) ", (ROOT / name).read_text(encoding="utf-8"))
    assert all((ROOT / each).is_dir() for each in found)
    return found


def _listed(name: str) -> list[str]:
    """The list of packages that it is built from."""
    return re.findall(r"COPY (requirements/\S+)", (ROOT / name).read_text(encoding="utf-8"))


def _imported(package: str, start: str) -> set[str]:
    """Top-level names that *start*, or what it imports of *package*, imports; all of synthetics, for Locust's file."""
    paths = {ROOT / f"{start.replace('.', '/')}.py"}
    if package == "synthetics":
        paths = set((ROOT / package).glob("*.py"))
    found: set[str] = set()
    done: set[Path] = set()
    while paths:
        path = paths.pop()
        done.add(path)
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [each.name for each in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom) and node.module:
                names = [node.module]
            found |= {each.partition(".")[0] for each in names}
            ours = {ROOT / f"{each.replace('.', '/')}.py" for each in names if each.startswith(f"{package}.")}
            paths |= {each for each in ours if each.exists()} - done
    return found
