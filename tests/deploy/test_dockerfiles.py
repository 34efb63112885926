"""The services' images: small, without root, without anything that only building needs, and complete."""

import json
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from services.shared.identity import USERS_ISSUER
from services.shared.issuer import Issuer, key_file

ROOT = Path(__file__).parents[2]
DOCKERFILES = sorted(ROOT.glob("services/*/Dockerfile"))
PORTS = {
    "catalog": "8001",
    "inventory": "8002",
    "orders": "8003",
    "users": "8004",
    "payments": "8005",
    "storefront": "8006",
}
HADOLINT = Path(sys.executable).with_name("hadolint")
BUILDS = re.compile(r"\b(pip|uv|apt-get|apk|gcc|make|curl|wget)\b")
SECRET = re.compile(r"(?i)(token|secret|password|key)\w*=\S")


@dataclass(frozen=True, slots=True)
class Stage:
    """What one stage is made from, and its instructions: each a word and the rest of it."""

    base: str
    instructions: tuple[tuple[str, str], ...]

    def all(self, word: str) -> list[str]:
        """The rest of each instruction *word*."""
        return [rest for each, rest in self.instructions if each == word]


def stages(text: str) -> list[Stage]:
    """The stages of a Dockerfile."""
    lines = re.sub(r"\\\n\s*", "", re.sub(r"(?m)^\s*#.*\n", "", text)).splitlines()
    pairs = [(word.upper(), rest.strip()) for word, _, rest in (line.partition(" ") for line in lines if line.strip())]
    starts = [number for number, (word, _) in enumerate(pairs) if word == "FROM"]
    return [
        Stage(pairs[start][1], tuple(pairs[start + 1 : end]))
        for start, end in zip(starts, [*starts[1:], len(pairs)], strict=True)
    ]


def faults(name: str, text: str) -> list[str]:
    """What is wrong with the Dockerfile *text* of the service *name*."""
    found = stages(text)
    last = found[-1]
    commands = last.all("CMD")
    checks = {
        "it has one stage": len(found) < 2,
        "a base image has no version, or the latest": any(not re.search(r":[\d.]+", each.base) for each in found),
        "nothing comes from the stage that builds": not any("--from=" in each for each in last.all("COPY")),
        "the last stage builds": any(BUILDS.search(each) for each in last.all("RUN")),
        "packages are not checked by their hashes": not any(
            "--require-hashes" in each and "services.txt" in each for stage in found[:-1] for each in stage.all("RUN")
        ),
        "it does not end as a user with a number that is not root's": not re.fullmatch(
            r"[1-9]\d{3,}:[1-9]\d{3,}", (last.all("USER") or [""])[-1]
        ),
        "something is done after the user is set": [word for word, _ in last.instructions if word in ("USER", "RUN")][
            -1:
        ]
        != ["USER"],
        "its command goes through a shell": not commands or not commands[-1].startswith("["),
        "it starts another service": f"services.{name}.wsgi:app" not in "".join(commands),
        "it listens elsewhere": last.all("EXPOSE") != [PORTS[name]]
        or f"PORT={PORTS[name]}" not in " ".join(last.all("ENV")),
        "it asks itself for its health": last.all("HEALTHCHECK") != ["NONE"],
        "something comes from the network or an archive": any(stage.all("ADD") for stage in found),
        "a secret is in it": any(
            SECRET.search(each) for stage in found for word in ("ENV", "ARG", "RUN") for each in stage.all(word)
        ),
    }
    return [fault for fault, is_there in checks.items() if is_there]


def copied(text: str) -> list[tuple[str, str]]:
    """What the last stage copies from the tree: from where to where, below the working directory."""
    found = [each.split() for each in stages(text)[-1].all("COPY") if "--from=" not in each]
    return [(source, target) for *sources, target in found for source in sources]


def test_every_service_has_one() -> None:
    """A service without an image cannot be deployed."""
    services = {path.parent for path in ROOT.glob("services/*/wsgi.py")}
    assert {path.parent for path in DOCKERFILES} >= services > set()


def test_hadolint_finds_nothing() -> None:
    """None of its rules is broken or switched off."""
    run = subprocess.run([HADOLINT, "--no-color", *DOCKERFILES], capture_output=True, text=True, check=False)
    assert (run.returncode, run.stdout) == (0, "")
    assert "hadolint ignore" not in "".join(path.read_text(encoding="utf-8") for path in DOCKERFILES)


@pytest.mark.parametrize("path", DOCKERFILES, ids=lambda path: path.parent.name)
def test_an_image_is_as_it_should_be(path: Path) -> None:
    """Several stages, no root, no builder left, one port, one process."""
    assert faults(path.parent.name, path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize("path", DOCKERFILES, ids=lambda path: path.parent.name)
def test_what_is_copied_is_enough(path: Path, tmp_path: Path) -> None:
    """The service can be imported from the copied files alone, and no other service's are among them."""
    name, tree = path.parent.name, tmp_path / "app"
    for source, target in copied(path.read_text(encoding="utf-8")):
        place = tree / target / Path(source).name if target.endswith("/") else tree / target
        place.parent.mkdir(parents=True, exist_ok=True)
        if (ROOT / source).is_dir():
            shutil.copytree(ROOT / source, place, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(ROOT / source, place)
    assert {each.name for each in (tree / "services").iterdir() if each.is_dir()} == {name, "shared"}
    # Nothing is written, but what the packages were compiled to is read.
    environ = {name: os.environ[name] for name in ("PATH", "PYTHONPYCACHEPREFIX") if name in os.environ}
    environ |= {"DATA_DIR": str(tmp_path / "data"), "PYTHONDONTWRITEBYTECODE": "1"}
    issuer = Issuer.create(tmp_path / "keys")
    environ |= {"SIGNING_KEY_FILE": str(key_file(issuer.folder, USERS_ISSUER))}
    code = f"import services.{name}.wsgi as wsgi; print(wsgi.__file__, callable(wsgi.app))"
    run = subprocess.run(
        [sys.executable, "-c", code], cwd=tree, env=environ, capture_output=True, text=True, timeout=60, check=False
    )
    assert run.stdout.split() == [str(tree / f"services/{name}/wsgi.py"), "True"], run.stderr
    assert not list(tree.rglob("*.db"))


def test_the_builder_gets_nothing_else() -> None:
    """.dockerignore starts by leaving all out, and lets in what the Dockerfiles copy."""
    lines = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    rules = [line for line in lines if line and not line.startswith("#")]
    let_in = [rule.removeprefix("!") for rule in rules if rule.startswith("!")]
    assert rules[0] == "*"
    assert let_in == ["requirements/services.txt", "services"]
    for path in DOCKERFILES:
        for stage in stages(path.read_text(encoding="utf-8")):
            for source in (each.split()[0] for each in stage.all("COPY") if "--from=" not in each):
                assert any(Path(source).is_relative_to(each) for each in let_in), f"{path}: {source}"
                assert (ROOT / source).exists()


GOOD = (ROOT / "services/catalog/Dockerfile").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ("AS packages", "AS packages\nENV FAULT_TOKEN=abc", "a secret is in it"),
        ("python:3.13-slim AS", "python:latest AS", "a base image has no version, or the latest"),
        ("COPY --from=packages /opt/venv /opt/venv\n", "", "nothing comes from the stage that builds"),
        ("RUN install", "RUN pip install x && install", "the last stage builds"),
        ("--require-hashes ", "", "packages are not checked by their hashes"),
        ("USER 10001:10001\n", "", "it does not end as a user with a number that is not root's"),
        ("USER 10001:10001", "USER root", "it does not end as a user with a number that is not root's"),
        ("USER 10001:10001", "USER 0:0", "it does not end as a user with a number that is not root's"),
        ("USER 10001:10001", "USER 10001:10001\nRUN chmod 777 /app", "something is done after the user is set"),
        ('CMD ["gunicorn", ', "CMD gunicorn ", "its command goes through a shell"),
        ("services.catalog.wsgi", "services.orders.wsgi", "it starts another service"),
        ("EXPOSE 8001", "EXPOSE 80", "it listens elsewhere"),
        ("HEALTHCHECK NONE", "HEALTHCHECK CMD curl localhost", "it asks itself for its health"),
        (
            "WORKDIR /app",
            "WORKDIR /app\nADD https://example.com/x /x",
            "something comes from the network or an archive",
        ),
        (GOOD[GOOD.index("FROM") : GOOD.rindex("FROM")], "", "it has one stage"),
    ],
)
def test_each_fault_is_found(old: str, new: str, fault: str) -> None:
    """One change of a good file, one fault."""
    changed = GOOD.replace(old, new)
    assert changed != GOOD
    assert fault in faults("catalog", changed)


def test_hadolint_can_fail(tmp_path: Path) -> None:
    """What it finds ends it with an error."""
    bad = tmp_path / "Dockerfile"
    bad.write_text("FROM python\nRUN cd /tmp && pip install flask\n", encoding="utf-8")
    run = subprocess.run([HADOLINT, bad], capture_output=True, text=True, check=False)
    assert run.returncode == 1
    assert "DL3006" in run.stdout


def test_commands_are_lists_that_can_be_read() -> None:
    """JSON, as Docker wants it; single quotes would make it a shell's."""
    for path in DOCKERFILES:
        (command,) = stages(path.read_text(encoding="utf-8"))[-1].all("CMD")
        assert json.loads(command)[0] == "gunicorn"
