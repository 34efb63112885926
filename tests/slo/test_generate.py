"""generate.py as people run it: what it says, with which exit code, and what it needs."""

from __future__ import annotations

import json
import os
import random
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner, Result

import generate
from commands import own_files
from slo import emit
from slo.spec import json_schema
from tests.slo.spec_texts import slo, spec
from tools import install

ROOT = Path(generate.__file__).resolve().parent
BROKEN = spec(slo(objective="101"), slo("x"))
BROKEN_TOLD = (
    "{}:5:16: slos[0].objective: 101 is not in (0, 100)\n"
    "{}:8:11: slos[1].name: 'x' is not a name: two or more letters, digits, '-', '_' or '.',"
    " a letter or digit at both ends\n"
)
LAUGHS = "\n".join(
    ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    + [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 12)]
    + [spec().replace("orders", "*a11")]
)


def run(*arguments: str | Path, stdin: str = "") -> Result:
    """The command line in this process."""
    return CliRunner().invoke(generate.main, [str(argument) for argument in arguments], input=stdin)


def build(specs: Path, out: Path, *options: str) -> Result:
    """Build rules and routes, the quick kinds."""
    return run("build", "--specs", specs, "--out", out, "--only", "rules,alerts,routes", *options)


def tree(folder: Path) -> dict[str, bytes]:
    """Every file below *folder*."""
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.fixture
def specs(tmp_path: Path) -> Path:
    """A folder with one valid spec."""
    (tmp_path / "specs").mkdir()
    (tmp_path / "specs/orders.yaml").write_text(spec())
    return tmp_path / "specs"


# --- build ------------------------------------------------------------------------------------------------------


def test_build_says_what_it_did(specs: Path, tmp_path: Path) -> None:
    """SLOs, files, the folder and the time, in one line."""
    done = build(specs, tmp_path / "out")
    assert done.exit_code == 0
    assert done.output.startswith(f"1 SLO → 2 files in {tmp_path}/out, ")
    assert sorted(tree(tmp_path / "out")) == [
        ".manifest",
        "alertmanager/alertmanager.yaml",
        "prometheus/rules/orders.yaml",
    ]


def test_build_answers_in_json(specs: Path, tmp_path: Path) -> None:
    """--json gives the same to a machine."""
    answer = json.loads(build(specs, tmp_path / "out", "--json").output)
    assert answer.pop("seconds") >= 0
    files = ["alertmanager/alertmanager.yaml", "prometheus/rules/orders.yaml"]
    assert answer == {"slos": 1, "out": str(tmp_path / "out"), "files": files}


def test_build_is_the_default(specs: Path, tmp_path: Path) -> None:
    """Options alone build."""
    done = run("--specs", specs, "--out", tmp_path / "out", "--only", "routes")
    assert (done.exit_code, sorted(tree(tmp_path / "out"))) == (0, [".manifest", "alertmanager/alertmanager.yaml"])


def test_standard_input(tmp_path: Path) -> None:
    """`--specs -` reads a spec from a pipe, and calls it so."""
    done = run("--specs", "-", "--out", tmp_path / "out", "--only", "rules,alerts", stdin=spec())
    assert done.exit_code == 0
    rules = (tmp_path / "out/prometheus/rules/stdin.yaml").read_text()
    assert rules.startswith("# Generated from stdin by ./generate.py, do not edit.\n")
    assert run("--specs", "-", "--out", tmp_path / "out", stdin=BROKEN).output.startswith(BROKEN_TOLD.format("-", "-"))


def test_every_document_comes_out_in_one(specs: Path, tmp_path: Path) -> None:
    """A file of many documents becomes one YAML document, the only one that Prometheus reads, with all SLOs."""
    (specs / "orders.yaml").write_text(
        "---\n".join(spec(slo("one"), slo("two"), service=s) for s in ("aa", "bb", "cc"))
    )
    assert build(specs, tmp_path / "out").exit_code == 0
    [document] = yaml.safe_load_all((tmp_path / "out/prometheus/rules/orders.yaml").read_text())
    ids = {rule.get("labels", {}).get("sloth_id") for group in document["groups"] for rule in group["rules"]}
    assert {"aa-one", "aa-two", "bb-one", "bb-two", "cc-one", "cc-two"} <= ids


def test_one_bad_spec_touches_nothing(specs: Path, tmp_path: Path) -> None:
    """With one broken file among good ones the output is, to the byte, what it was."""
    build(specs, tmp_path / "out")
    before = {path: path.stat().st_ino for path in (tmp_path / "out").rglob("*")}
    (specs / "zz.yaml").write_text(BROKEN)
    (specs / "another.yaml").write_text(spec(service="another"))
    done = build(specs, tmp_path / "out")
    assert done.exit_code == 1
    assert done.stderr == BROKEN_TOLD.format(*[specs / "zz.yaml"] * 2) + "2 faults in 1 file; nothing was written\n"
    assert done.stdout == ""
    assert {path: path.stat().st_ino for path in (tmp_path / "out").rglob("*")} == before


def test_nothing_is_written_for_the_first_time_either(specs: Path, tmp_path: Path) -> None:
    """With a fault there is no output folder afterwards."""
    (specs / "zz.yaml").write_text(BROKEN)
    assert build(specs, tmp_path / "out").exit_code == 1
    assert sorted(path.name for path in tmp_path.iterdir()) == ["specs"]


def test_faults_in_json(specs: Path, tmp_path: Path) -> None:
    """--json answers with every fault, its place in fields."""
    (specs / "orders.yaml").write_text(BROKEN)
    done = build(specs, tmp_path / "out", "--json")
    path = str(specs / "orders.yaml")
    assert done.exit_code == 1
    first, second = json.loads(done.stdout)["faults"]
    assert first == {
        "path": path,
        "line": 5,
        "column": 16,
        "where": "slos[0].objective",
        "message": "101 is not in (0, 100)",
    }
    assert (second["line"], second["column"], second["where"]) == (8, 11, "slos[1].name")


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({}, "{specs}: holds no spec; expected files named *.yaml, *.yml or *.json"),
        ({"a.txt": "x", ".b.yaml": "x"}, "{specs}: holds no spec; expected files named *.yaml, *.yml or *.json"),
        ({"a.yaml": ""}, "{specs}/a.yaml:1:1: is empty; expected a spec that starts with version: prometheus/v1"),
        ({"a.json": '{"a": ['}, "{specs}/a.json:1:8: is not JSON: Expecting value"),
    ],
)
def test_folders_without_a_spec(tmp_path: Path, files: dict[str, str], expected: str) -> None:
    """Producing nothing is an error."""
    (tmp_path / "specs").mkdir()
    for name, text in files.items():
        (tmp_path / "specs" / name).write_text(text)
    done = build(tmp_path / "specs", tmp_path / "out")
    assert (done.exit_code, done.stdout) == (1, "")
    assert done.stderr.startswith(expected.format(specs=tmp_path / "specs"))
    assert done.stderr.endswith("1 fault in 1 file; nothing was written\n")


def test_specs_that_do_not_exist(tmp_path: Path) -> None:
    """A folder that is not there is told, not made."""
    done = build(tmp_path / "no", tmp_path / "out")
    assert (done.exit_code, done.stderr.splitlines()[0]) == (1, f"{tmp_path}/no: does not exist")


def test_an_output_that_cannot_be_written(specs: Path, tmp_path: Path) -> None:
    """One line, exit code 1, in text and in JSON."""
    (tmp_path / "out").write_text("mine")
    done = build(specs, tmp_path / "out")
    assert (done.exit_code, done.stderr) == (1, f"{tmp_path}/out is a file; name a folder\n")
    done = build(specs, tmp_path / "out", "--json")
    assert json.loads(done.stdout) == {"faults": [{"message": f"{tmp_path}/out is a file; name a folder"}]}


def test_a_missing_engine(specs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the real sloth its engine says how to get it."""
    monkeypatch.setattr(install, "find", lambda _name: None)
    done = build(specs, tmp_path / "out", "--engine", "sloth")
    assert (done.exit_code, done.stderr) == (1, "sloth is not installed: run tools/install.py install sloth\n")


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["bild"], "No such command 'bild'. Did you mean 'build'?"),
        (["--spec", "x"], "No such option '--spec'."),
        (["validate", "--nope"], "No such option '--nope'."),
        (["--only", "rulez"], "Invalid value for --only: 'rulez' is not a kind, did you mean rules?"),
        (["--only", ","], "Invalid value for --only: names no kind; known: rules, alerts, tests, routes"),
        (
            ["--only", "tests"],
            "Invalid value for --only: tests run both rules and alerts; say --only rules,alerts,tests",
        ),
        (
            ["--only", "tests", "--engine", "sloth"],
            "Invalid value for --only: this engine writes no unit tests; leave tests out, or take --engine native",
        ),
        (["--engine", "sloff"], "Invalid value for '--engine': 'sloff' is not one of 'native', 'sloth'."),
        (["diff", "one", "two"], "Got unexpected extra argument (two)"),
    ],
)
def test_wrong_usage(arguments: Sequence[str], expected: str) -> None:
    """A slip on the command line is exit code 2, with what was meant."""
    done = run(*arguments)
    assert done.exit_code == 2
    assert expected in done.stderr


def test_only_keeps_the_rest(specs: Path, tmp_path: Path) -> None:
    """Kinds that are not asked for stay as they were."""
    run("--specs", specs, "--out", tmp_path / "out")
    before = tree(tmp_path / "out")
    (specs / "orders.yaml").write_text(spec(slo(objective="99")))
    assert run("--specs", specs, "--out", tmp_path / "out", "--only", "rules,alerts").exit_code == 0
    after = tree(tmp_path / "out")
    assert {name for name in before if before[name] != after[name]} == {"prometheus/rules/orders.yaml"}
    assert set(before) == set(after)


@pytest.mark.parametrize("engine", ["native", "sloth"])
@pytest.mark.parametrize(("half", "other"), [("rules", "alerts"), ("alerts", "rules")])
def test_one_half_does_not_replace_both(specs: Path, tmp_path: Path, half: str, other: str, engine: str) -> None:
    """Rules or alerts alone are written where the folder does not hold the other ones; else nothing is changed."""
    options = ("--specs", specs, "--engine", engine, "--out", tmp_path / "out", "--only")
    for _ in range(2):
        done = run(*options, half)
        assert (done.exit_code, done.stderr) == (0, "")

    def refused(only: str, lost: str, advised: str) -> None:
        before = tree(tmp_path / "out")
        done = run(*options, only)
        assert done.exit_code == 2
        assert done.stderr.splitlines()[-1] == (
            f"Error: Invalid value for --only: {tmp_path}/out/prometheus/rules/orders.yaml also holds {lost};"
            f" say --only {advised}, or another --out"
        )
        assert tree(tmp_path / "out") == before

    refused(other, half, "rules,alerts")
    assert run(*options, "rules,alerts").exit_code == 0
    refused(half, other, "rules,alerts")
    refused(f"{half},routes", other, "rules,alerts,routes")


def test_a_spec_that_goes_does_not_take_the_other_half_along(specs: Path, tmp_path: Path) -> None:
    """A rule file that would be removed is looked at as well."""
    build(specs, tmp_path / "out")
    (specs / "orders.yaml").rename(specs / "shop.yaml")
    done = run("--specs", specs, "--out", tmp_path / "out", "--only", "rules")
    assert done.exit_code == 2
    assert "/out/prometheus/rules/orders.yaml also holds alerts" in done.stderr


@pytest.mark.parametrize("command", ["build", "check"])
@pytest.mark.parametrize("given", ["a folder", "a file of ours", "standard input"])
def test_other_specs_need_a_folder_of_their_own(
    specs: Path, command: str, given: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without --out, specs of somebody else would replace what the project's own say."""
    written: list[Path] = []
    monkeypatch.setattr(emit, "write", lambda out, *_arguments: written.append(out) or ())
    named = {"a folder": str(specs), "a file of ours": "slo/specs/catalog.yaml", "standard input": "-"}[given]
    done = run(command, "--specs", named, stdin=spec())
    assert (done.exit_code, written) == (2, [])
    assert done.stderr.splitlines()[-1] == (
        f"Error: --specs {named} needs --out too: {own_files.OUT} holds what {own_files.SPECS} says"
    )


def test_our_own_specs_need_none(monkeypatch: pytest.MonkeyPatch) -> None:
    """However their folder is spelt."""
    written: list[Path] = []
    monkeypatch.setattr(emit, "write", lambda out, *_arguments: written.append(out) or ())
    for own in ("slo/specs", f"{ROOT}/slo/../slo/specs/"):
        assert run("--specs", own, "--only", "routes").exit_code == 0
    assert written == [Path(own_files.OUT)] * 2


def test_a_spec_that_goes_takes_its_rules_along(specs: Path, tmp_path: Path) -> None:
    """Renaming a spec leaves no stale rules behind; somebody's own rules stay."""
    build(specs, tmp_path / "out")
    (tmp_path / "out/prometheus/rules/mine.yaml").write_text("groups: []\n")
    (specs / "orders.yaml").rename(specs / "shop.yaml")
    build(specs, tmp_path / "out")
    assert sorted(path.name for path in (tmp_path / "out/prometheus/rules").iterdir()) == ["mine.yaml", "shop.yaml"]


# --- check, validate, diff, schema ------------------------------------------------------------------------------


def test_check(specs: Path, tmp_path: Path) -> None:
    """After a build there is no drift; after a hand edit exit code 1 with the diff."""
    options = ("--specs", specs, "--out", tmp_path / "out")
    run(*options)
    done = run("check", *options)
    assert (done.exit_code, done.output) == (0, f"{tmp_path}/out is what the specs say\n")
    rules = tmp_path / "out/prometheus/rules/orders.yaml"
    rules.write_text(rules.read_text().replace("vector(0.999)", "vector(0.99)"))
    done = run("check", *options)
    assert done.exit_code == 1
    assert "-          vector(0.99)\n+          vector(0.999)\n" in done.stdout
    assert done.stderr == f"1 file differs from what the specs say; run ./generate.py build and commit {tmp_path}/out\n"


def test_check_in_json(specs: Path, tmp_path: Path) -> None:
    """Each drift with its file and its diff; faults as in build."""
    options = ("--specs", specs, "--out", tmp_path / "out", "--json")
    run(*options)
    (tmp_path / "out/alertmanager/alertmanager.yaml").unlink()
    done = run("check", *options)
    [found] = json.loads(done.stdout)["drifts"]
    assert (done.exit_code, found["path"]) == (1, f"{tmp_path}/out/alertmanager/alertmanager.yaml")
    assert "+route:\n" in found["diff"]
    (specs / "orders.yaml").write_text(BROKEN)
    done = run("check", *options)
    assert (done.exit_code, len(json.loads(done.stdout)["faults"])) == (1, 2)


def test_our_own_output_is_what_our_specs_say() -> None:
    """The committed output is up to date."""
    done = run("check")
    assert done.exit_code == 0, done.output


def test_validate(specs: Path) -> None:
    """Valid specs are counted, remarks told, and nothing is written."""
    (specs / "users.yaml").write_text(spec(slo(objective="90", alert="Users"), service="users"))
    done = run("validate", specs)
    assert done.exit_code == 0
    assert done.output == (
        f"{specs}/users.yaml: users-availability: note: the page can only fire on its slow windows: 14.4 × a budget of"
        " 10 % is more than all events\n"
        "valid: 2 SLOs in 2 files\n"
    )
    answer = json.loads(run("validate", specs, "--json").output)
    assert (answer["slos"], answer["faults"], [note["slo"] for note in answer["notes"]]) == (
        2,
        [],
        ["users-availability"],
    )


def test_validate_tells_the_faults_of_all_paths(tmp_path: Path) -> None:
    """Files and folders are looked at together."""
    (tmp_path / "a.yaml").write_text(BROKEN)
    (tmp_path / "b").mkdir()
    (tmp_path / "b/c.yaml").write_text("- x")
    done = run("validate", tmp_path / "a.yaml", tmp_path / "b", tmp_path / "none")
    assert done.exit_code == 1
    assert [line.split(": ")[0].removeprefix(f"{tmp_path}/") for line in done.stderr.splitlines()] == [
        *("a.yaml:5:16", "a.yaml:8:11", "b/c.yaml:1:1", "none", "4 faults in 3 files")
    ]


def test_schema() -> None:
    """`schema` prints what slo.spec says."""
    assert json.loads(run("schema").output) == json_schema()


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """A git repository whose specs `diff` compares; returns what runs git in it."""
    for name, text in {
        "slo/specs/orders.yaml": spec(),
        "alerts/routing.yaml": "teams:\n  shop: {description: The shop.}\n",
    }.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    monkeypatch.setattr(own_files, "ROOT", tmp_path)
    monkeypatch.setattr(own_files, "SPECS", str(tmp_path / "slo/specs"))
    monkeypatch.setattr(own_files, "ROUTING", str(tmp_path / "alerts/routing.yaml"))
    monkeypatch.setattr(own_files, "ALERTS", str(tmp_path / "alerts/specs"))

    def git(*arguments: str) -> None:
        settings = ["-c", "user.name=A", "-c", "user.email=a@localhost", "-c", "init.defaultBranch=main"]
        subprocess.run(["git", "-C", tmp_path, *settings, *arguments], check=True, capture_output=True)

    git("init")
    git("add", "-A")
    git("commit", "-m", "specs")
    return git


def _edit(repository_root: Path, text: str) -> None:
    (repository_root / "slo/specs/orders.yaml").write_text(text)


def test_diff(repository: Callable[..., None], tmp_path: Path) -> None:
    """An edited objective is told in on-call's words, against the last commit or any other."""
    assert run("diff").output == "nothing that on-call would notice has changed since HEAD\n"
    _edit(tmp_path, spec(slo(objective="99.5")))
    told = run("diff").output.splitlines()
    assert told[:2] == ["orders-availability: changed", "  99.9 % over 30 days becomes 99.5 % over 30 days"]
    repository("commit", "-am", "edit")
    assert run("diff").output == "nothing that on-call would notice has changed since HEAD\n"
    assert run("diff", "HEAD~1").output.splitlines() == told
    answer = json.loads(run("diff", "HEAD~1", "--json").output)
    assert answer["since"] == "HEAD~1"
    assert [(change["slo"], change["what"]) for change in answer["changes"]] == [("orders-availability", "changed")]


@pytest.mark.parametrize("ref", ["nope", "HEAD~9", "--output=x", "", "HEAD:slo"])
@pytest.mark.usefixtures("repository")
def test_diff_against_what_is_no_commit(ref: str, tmp_path: Path) -> None:
    """A ref that git does not know is one line and exit code 1; it cannot smuggle an option in."""
    done = run("diff", "--", ref)
    assert (done.exit_code, done.stderr) == (1, f"git has no specs at {ref!r}\n")
    assert not (tmp_path / "x").exists()


def test_diff_against_a_commit_without_specs(repository: Callable[..., None]) -> None:
    """So is a commit that has none."""
    repository("checkout", "--orphan", "empty")
    repository("rm", "-r", "--cached", ".")
    repository("commit", "--allow-empty", "-m", "empty")
    done = run("diff")
    assert done.exit_code == 1
    assert done.stderr.startswith("git has no specs at 'HEAD': fatal: pathspec 'slo/specs' did not match any files")


def test_diff_outside_of_a_repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without git, or without a repository, it says so."""
    monkeypatch.setattr(own_files, "ROOT", tmp_path)
    done = run("diff")
    assert (done.exit_code, len(done.stderr.splitlines())) == (1, 1)
    assert "not a git repository" in done.stderr or done.stderr == "git has no specs at 'HEAD'\n"
    monkeypatch.setenv("PATH", "")
    done = run("diff")
    assert done.stderr == "git is not installed; diff reads the specs of an earlier commit from it\n"


def test_faults_of_an_earlier_commit(repository: Callable[..., None], tmp_path: Path) -> None:
    """A commit whose specs are broken is told as git names its files."""
    _edit(tmp_path, BROKEN)
    repository("commit", "-am", "broken")
    _edit(tmp_path, spec())
    done = run("diff", "HEAD")
    assert done.exit_code == 1
    assert done.stderr == BROKEN_TOLD.format(*["HEAD:slo/specs/orders.yaml"] * 2) + "2 faults in 1 file\n"


# --- the process ------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Done:
    """A finished process: what it said, and what it took."""

    code: int
    out: str
    err: str
    cpu_seconds: float
    peak_mib: float


# A child's peak counts from the fork on, so that a large pytest would be measured: a small process starts it instead.
MEASURED = """import os, sys
pid = os.posix_spawnp(sys.argv[2], sys.argv[2:], os.environ)
_, status, used = os.wait4(pid, 0)
os.write(int(sys.argv[1]), str(used.ru_maxrss).encode())
os._exit(os.waitstatus_to_exitcode(status) & 255)
"""


def process(
    *arguments: str | Path,
    env: dict[str, str] | None = None,
    limits: Sequence[str] = (),
    stdin: str = "",
    python: Sequence[str | Path] = (sys.executable,),
    script: Path = ROOT / "generate.py",
    cwd: Path = ROOT,
) -> Done:
    """generate.py as a process of its own."""

    outputs = [Path(f"/proc/self/fd/{os.memfd_create(name)}") for name in ("out", "err")]
    with outputs[0].open("w+b") as out, outputs[1].open("w+b") as err:
        peak = os.memfd_create("peak")
        started = subprocess.Popen(
            [
                *(["prlimit", *limits] if limits else []),
                *([sys.executable, "-I", "-S", "-c", MEASURED, str(peak)] if not limits else []),
                *python,
                script,
                *arguments,
            ],
            pass_fds=[peak],
            cwd=cwd,
            env=os.environ | {"PYTHONWARNINGS": "error"} if env is None else env,
            stdin=subprocess.PIPE,
            stdout=out,
            stderr=err,
        )
        assert started.stdin is not None
        with started.stdin:
            started.stdin.write(stdin.encode())
        _, status, used = os.wait4(started.pid, 0)
        started.returncode = os.waitstatus_to_exitcode(status)
        out.seek(0)
        err.seek(0)
        return Done(
            code=started.returncode,
            out=out.read().decode(),
            err=err.read().decode(),
            cpu_seconds=used.ru_utime + used.ru_stime,
            peak_mib=int(os.pread(peak, 32, 0) or b"0") / 1024,
        )


def many(folder: Path, slos: int, per_file: int = 5) -> Path:
    """A folder of so many SLOs, as the bench measures them."""
    folder.mkdir()
    for number in range(slos // per_file):
        of_file = [slo(f"slo-{index}", alert=f"Alert{number}x{index}") for index in range(per_file)]
        (folder / f"s{number:04}.yaml").write_text(spec(*of_file, service=f"service{number}"))
    return folder


def test_billion_laughs(tmp_path: Path) -> None:
    """Aliases that stand for 300 thousand million values are refused at once, in little memory."""
    (tmp_path / "laughs.yaml").write_text(LAUGHS)
    done = process("--specs", tmp_path / "laughs.yaml", "--out", tmp_path / "out")
    assert done.code == 1
    assert "holds more than 400000 values once its aliases are expanded" in done.err
    assert done.cpu_seconds < 1.5  # some 0.4 on an idle machine
    assert done.peak_mib < 200


def test_the_largest_file_takes_bounded_memory(tmp_path: Path) -> None:
    """10 MiB of one-letter values are refused in less than 200 MiB as well."""
    (tmp_path / "large.yaml").write_text("- a\n" * (10 * 1024 * 1024 // 4))
    done = process("--specs", tmp_path / "large.yaml", "--out", tmp_path / "out")
    assert done.code == 1
    assert f"{tmp_path}/large.yaml:400000:3: holds more than 400000 values" in done.err
    assert done.peak_mib < 200


def test_memory_of_a_thousand_slos(tmp_path: Path) -> None:
    """1,000 SLOs are built in full within 150 MiB, and within bounded time."""
    done = process("--specs", many(tmp_path / "specs", 1_000), "--out", tmp_path / "out")
    assert (done.code, done.err) == (0, "")
    assert done.peak_mib < 150


@pytest.mark.full
def test_memory_of_five_thousand_slos(tmp_path: Path) -> None:
    """5,000 SLOs are built in full within 150 MiB."""
    done = process("--specs", many(tmp_path / "specs", 5_000), "--out", tmp_path / "out")
    assert (done.code, done.err) == (0, "")
    assert done.peak_mib < 150


def test_file_handles_are_bounded(tmp_path: Path) -> None:
    """200 specs are built by a process that may hold 64 files open, and a second time over what is there."""
    specs = many(tmp_path / "specs", 200, per_file=1)
    for _ in range(2):
        done = process("--specs", specs, "--out", tmp_path / "out", limits=["--nofile=64"])
        assert (done.code, done.err) == (0, "")
    assert len(list((tmp_path / "out/prometheus/rules").iterdir())) == 200


def test_the_same_bytes_everywhere(tmp_path: Path) -> None:
    """Neither hash seed, locale nor the order in which specs were written and their labels stand changes a byte."""
    labels = [f"l{number}: v{number}" for number in range(9)]
    trees = []
    for seed, locale in (("0", "C"), ("1", "C.UTF-8"), ("12345", "tr_TR.UTF-8"), ("7", "POSIX")):
        chance = random.Random(seed)
        folder = tmp_path / f"specs{seed}" / "specs"
        folder.mkdir(parents=True)
        names = ["ä", "b", "C", "i", "I9"]
        chance.shuffle(names)
        for name in names:
            chance.shuffle(labels)
            head = f"labels: {{{', '.join(labels)}}}\n"
            (folder / f"{name}.yaml").write_text(spec(service=f"svc{ord(name[0])}", head=head), encoding="utf-8")
        env = os.environ | {"PYTHONHASHSEED": seed, "LC_ALL": locale, "LANG": locale}
        done = process("--specs", "specs", "--out", "../out", env=env, cwd=folder.parent)
        assert (done.code, done.err) == (0, "")
        trees.append(tree(tmp_path / "out"))
        shutil.rmtree(tmp_path / "out")
    assert trees[0].keys() >= {"prometheus/rules/ä.yaml", "prometheus/rules/I9.yaml"}
    assert all(found == trees[0] for found in trees)


@pytest.mark.parametrize(("encoding", "arrow"), [("ascii", "→"), ("latin-1", "\\u2192"), ("utf-8", "→")])
def test_a_terminal_that_lacks_a_sign(specs: Path, tmp_path: Path, encoding: str, arrow: str) -> None:
    """A sign that an encoding lacks is replaced; ASCII is not believed."""
    env = os.environ | {"PYTHONIOENCODING": encoding}
    done = process("--specs", specs, "--out", tmp_path / "out", "--only", "routes", env=env)
    assert (done.code, done.err) == (0, "")
    assert done.out.startswith(f"1 SLO {arrow} ")


def test_without_a_home(specs: Path, tmp_path: Path) -> None:
    """A container's user without a home folder builds as well, and nothing is left in the current folder."""
    env = {name: value for name, value in os.environ.items() if name not in ("HOME", "XDG_CACHE_HOME")}
    (tmp_path / "empty").mkdir()
    done = process("--specs", specs, "--out", tmp_path / "out", env=env, cwd=tmp_path / "empty")
    assert (done.code, done.err) == (0, "")
    assert list((tmp_path / "empty").iterdir()) == []


def test_a_closed_pipe(specs: Path, tmp_path: Path) -> None:
    """`… | head -1` ends without a traceback."""
    script = f"{sys.executable} {ROOT / 'generate.py'} check --specs {specs} --out {tmp_path}/out | head -1"
    done = subprocess.run(["sh", "-c", script], capture_output=True, text=True, check=False, cwd=ROOT)
    assert "Traceback" not in done.stderr


# --- the environment --------------------------------------------------------------------------------------------


def _elsewhere(tmp_path: Path) -> Path:
    """generate.py alone, in a folder without an environment."""
    return Path(shutil.copy(ROOT / "generate.py", tmp_path / "generate.py"))


def _bare_python() -> list[str]:
    """The python below the environment, without any packages."""
    return [os.path.realpath(sys.executable), "-S", "-E"]


def test_without_an_environment(tmp_path: Path) -> None:
    """A python that lacks the packages is told what to do."""
    done = process("--help", python=_bare_python(), script=_elsewhere(tmp_path))
    assert (done.code, done.out) == (1, "")
    assert done.err == f"generate.py: click is not installed here; run `make setup` in {tmp_path} first\n"


def test_goes_on_in_the_environment(tmp_path: Path) -> None:
    """Any python goes on in .venv, with the same arguments."""
    python = tmp_path / ".venv/bin/python"
    python.parent.mkdir(parents=True)
    python.write_text('#!/bin/sh\nprintf "%s|" "$@"\n')
    python.chmod(0o755)
    script = _elsewhere(tmp_path)
    done = process("build", "--specs", "a b", python=_bare_python(), script=script)
    assert (done.code, done.out) == (0, f"{script}|build|--specs|a b|")


@pytest.mark.parametrize("made", ["nothing in it", "a dangling link", "no packages", "another python"])
def test_with_half_an_environment(tmp_path: Path, made: str) -> None:
    """An environment that was never finished ends in the same advice, and is not entered for ever."""
    python = tmp_path / ".venv/bin/python"
    python.parent.mkdir(parents=True)
    if made == "a dangling link":
        python.symlink_to(tmp_path / "gone")
    elif made == "no packages":
        python.symlink_to(os.path.realpath(sys.executable))
        (tmp_path / ".venv/pyvenv.cfg").write_text(f"home = {Path(os.path.realpath(sys.executable)).parent}\n")
    elif made == "another python":
        python.write_text(f'#!/bin/sh\nexec {" ".join(_bare_python())} "$@"\n')
        python.chmod(0o755)
    started = time.monotonic()
    done = process("--help", python=_bare_python(), script=_elsewhere(tmp_path))
    assert (done.code, done.out) == (1, "")
    assert re.fullmatch(rf"generate.py: \w+ is not installed here; run `make setup` in {tmp_path} first\n", done.err)
    assert time.monotonic() - started < 10


def test_help_names_every_command() -> None:
    """--help says what there is, each command in a line."""
    told = run("--help").output
    assert all(f"  {name} " in told for name in ("build", "check", "diff", "schema", "validate"))
    assert run("-h").output == told


def test_new_runbook_begins_those_of_anybodys_alerts(specs: Path, tmp_path: Path) -> None:
    """In the folder that their routing file names, which a build then finds, unwritten; what is there stays."""
    routing = tmp_path / "routing.yaml"
    routing.write_text(
        "teams: {shop: {description: It.}}\n"
        "links: {runbook: 'https://a.example/{alert}', dashboards: 'https://g.example', folder: books}\n"
    )
    options = ("--specs", specs, "--routing", routing)
    assert run("new-runbook", *options, "Nothing").exit_code == 2
    begun = run("new-runbook", *options, "Orders")
    assert (begun.exit_code, [path.name for path in (tmp_path / "books").iterdir()]) == (0, ["Orders.md"])
    (tmp_path / "books/Orders.md").write_text("mine")
    assert run("new-runbook", *options, "--missing").exit_code == 0
    assert {path.name for path in (tmp_path / "books").iterdir()} == {"Orders.md", "OrdersAbsent.md"}
    assert (tmp_path / "books/Orders.md").read_text() == "mine"
    refused = build(specs, tmp_path / "out", "--routing", str(routing))
    assert (refused.exit_code, (tmp_path / "out").exists()) == (1, False)
    assert "OrdersAbsent.md:9:1: is not written yet" in refused.output


def test_new_runbook_asks_where_runbooks_are(specs: Path) -> None:
    """With other specs than the project's there is no folder of them."""
    refused = run("new-runbook", "--specs", specs, "Orders")
    assert refused.exit_code == 2
    assert "where runbooks are is said by no --routing file" in refused.output
