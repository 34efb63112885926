"""scripts/bootstrap.sh: from a bare python3 to .venv, on machines that lack what others have."""

import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
USED = ["awk", "bash", "cat", "chmod", "cut", "dirname", "env", "grep", "mkdir", "mktemp", "rm", "sha256sum"]

# `python3` on Debian without python3-venv: venv, but neither pip nor ensurepip until apt brings it.
PYTHON = """#!/bin/sh
case "$*" in
  *version_info*) exit 0 ;;
  "--version") echo "Python 3.11.2" ;;
  "-m pip --version") exit 1 ;;
  "-m venv --without-pip "*) for target in "$@"; do :; done
    mkdir -p "$target/bin"
    cp "$0" "$target/bin/python"
    echo "command = python3 -m venv --without-pip $target" >"$target/pyvenv.cfg" ;;
  *ensurepip*) [ -e "$STATE/apt" ] ;;
  "-m pip install "*) printf '#!/bin/sh\\necho "$@" >>"$STATE/uv"\\n' >.venv/bin/uv; chmod +x .venv/bin/uv ;;
esac
"""


@pytest.fixture
def machine(tmp_path, monkeypatch) -> Path:
    """A clone beside a PATH that has the shell's own programs and a bare python3; the user is root."""
    programs = tmp_path / "bin"
    programs.mkdir()
    for name in [*USED, "cp"]:
        (programs / name).symlink_to(shutil.which(name))
    add(tmp_path, "python3", PYTHON)
    add(tmp_path, "id", "#!/bin/sh\necho 0\n")
    for folder in ("scripts", "requirements"):
        shutil.copytree(ROOT / folder, tmp_path / "clone" / folder)
    monkeypatch.setenv("PATH", str(programs))
    monkeypatch.setenv("STATE", str(tmp_path))
    monkeypatch.delenv("PYTHON", raising=False)
    return tmp_path


def add(machine: Path, name: str, body: str) -> None:
    """Put a program on the machine."""
    (machine / "bin" / name).write_text(body, encoding="utf-8")
    (machine / "bin" / name).chmod(0o755)


def bootstrap(machine: Path, clone: str = "clone") -> "subprocess.CompletedProcess[str]":
    """Run the script as `make` does."""
    command = ["scripts/bootstrap.sh"]
    return subprocess.run(command, cwd=machine / clone, text=True, capture_output=True, check=False)


def syncs(machine: Path) -> int:
    """How often uv installed the lock."""
    log = machine / "uv"
    return len(log.read_text().splitlines()) if log.exists() else 0


def test_apt_brings_ensurepip_where_debian_lacks_it(machine):
    """As root on Debian, a missing python3-venv is installed, and each step says how long it took."""
    add(machine, "apt-get", '#!/bin/sh\n[ "$1" != install ] || : >"$STATE/apt"\n')
    done = bootstrap(machine)
    assert (done.returncode, done.stderr) == (0, "")
    steps = done.stdout.splitlines()
    assert [step.split(" … ")[0].split(" (")[0] for step in steps[:3]] == [
        "==> python3-venv",
        "==> .venv",
        "==> uv",
    ]
    assert all(step.endswith(" s") for step in steps)


def test_without_apt_the_message_names_the_package(machine):
    """Where nothing can be installed, the reader learns what to install, and nothing is left half-made."""
    done = bootstrap(machine)
    assert done.returncode == 1
    assert "has neither pip nor ensurepip. Install one (Debian: apt-get install python3-venv)" in done.stderr
    assert not (machine / "clone/.venv").exists()


def test_a_python_that_is_too_old_is_named(machine):
    """No Python from 3.11 up is an error of one sentence."""
    add(machine, "python3", "#!/bin/sh\nexit 1\n")
    done = bootstrap(machine)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("setup: no Python >= 3.11 found. Install one")


def test_a_second_run_does_nothing(machine):
    """An environment that was made from this lock is left as it is, in silence."""
    (machine / "apt").touch()
    assert bootstrap(machine).returncode == 0
    done = bootstrap(machine)
    assert (done.returncode, done.stdout, syncs(machine)) == (0, "", 1)


def test_a_changed_lock_is_installed_into_the_same_environment(machine):
    """Another lock is another sync, not another environment."""
    (machine / "apt").touch()
    bootstrap(machine)
    with (machine / "clone/requirements/dev.txt").open("a") as lock:
        lock.write("# changed\n")
    (step,) = bootstrap(machine).stdout.splitlines()
    assert "packages of requirements/dev.txt (by uv)" in step
    assert syncs(machine) == 2


def test_an_environment_that_was_moved_is_made_anew(machine):
    """Its scripts name the old place, so a copied clone gets its own."""
    (machine / "apt").touch()
    bootstrap(machine)
    (machine / "clone").rename(machine / "moved")
    done = bootstrap(machine, "moved")
    assert done.returncode == 0
    assert "==> .venv" in done.stdout


def test_an_installation_that_failed_is_done_again(machine):
    """A sync that fails leaves no mark of success; its output is shown."""
    (machine / "apt").touch()
    bootstrap(machine)
    (machine / "clone/.venv/tillwatch-lock").unlink()
    uv = machine / "clone/.venv/bin/uv"
    working = uv.read_text()
    uv.write_text("#!/bin/sh\necho 'hash mismatch' >&2\nexit 1\n")
    done = bootstrap(machine)
    assert done.returncode == 1
    assert "hash mismatch" in done.stderr
    assert "setup: uv could not install requirements/dev.txt" in done.stderr
    uv.write_text(working)
    assert bootstrap(machine).returncode == 0
    assert syncs(machine) == 2
