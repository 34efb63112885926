"""tools/install.py: what is found where, in which order, and what an installation leaves behind."""

import dataclasses
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tools import install, pins
from tools.errors import NotInstallable, StepFailed, UnknownTool

ROOT = Path(__file__).resolve().parents[2]
# Stands in for `go`: leaves what the arguments of `go build -o DIR/ …` ask for.
GO_THAT_BUILDS = 'echo "$@" >>"$CALLS"; printf "#!/bin/sh\\n" >"$GOBIN/sloth"; /bin/chmod +x "$GOBIN/sloth"'


def program(folder: Path, name: str, body: str) -> Path:
    """Write an executable shell script."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    path.write_text(f"#!/bin/sh\n{body}\n", encoding="utf-8")
    path.chmod(0o755)
    return path


def telling(folder: Path, name: str, version: str) -> Path:
    """A program that tells its version the way Prometheus does."""
    return program(folder, name, f"echo '{name}, version {version} (branch: HEAD, revision: unknown)'")


@pytest.fixture
def bin_dir(tmp_path, monkeypatch) -> Path:
    """The one folder on PATH, empty; the cache is in tmp_path too, and nobody is root."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    monkeypatch.setenv("TILLWATCH_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("CALLS", str(tmp_path / "calls"))
    monkeypatch.setattr(install.os, "geteuid", lambda: 1000)
    return folder


@pytest.fixture
def debians(tmp_path, monkeypatch) -> Path:
    """Stands in for Debian's /usr/lib/postgresql; the machine's own is not seen."""
    tools = pins.load()
    folder = tmp_path / "postgresql"
    for name in ("postgres", "initdb"):
        assert tools[name].folders == ("/usr/lib/postgresql/*/bin",)
        tools[name] = dataclasses.replace(tools[name], folders=(f"{folder}/*/bin",))
    monkeypatch.setattr(install.pins, "load", lambda: tools)
    return folder


@pytest.fixture
def cache(tmp_path) -> Path:
    """Where builds go."""
    return tmp_path / "cache" / "tools"


def cached(cache: Path, name: str) -> Path:
    """Put the pinned build of a tool into the cache."""
    tool = pins.load()[name]
    return program(cache / tool.build.label, tool.binary, "exit 0")


def entries(cache: Path) -> list[str]:
    """What is in the cache, the lock aside."""
    return sorted(path.name for path in cache.iterdir() if path.name != ".lock")


def test_every_pin_names_a_binary_of_its_build():
    """Each tool's binary is among those that its build leaves, and every build has an exact version."""
    for tool in pins.load().values():
        if tool.build is None:
            assert tool.apt, tool.name
            assert tool.minimum, tool.name
            continue
        assert tool.binary in tool.build.binaries, tool.name
        assert len(pins.version_key(tool.build.version)) == 3, tool.name
        assert bool(tool.build.folder) != bool(tool.build.module), tool.name


@pytest.mark.parametrize("name", ["sloth", "jaeger", "loki"])
def test_a_module_of_our_own_requires_the_pinned_version(name):
    """Its go.mod and pins.toml name the same version of what is built, and go.sum pins it."""
    build = pins.load()[name].build
    (package,) = build.packages
    module = package.partition("/cmd/")[0]
    folder = ROOT / "tools" / build.folder
    assert f"{module} v{build.version}" in (folder / "go.mod").read_text(encoding="utf-8")
    assert f"tool {package}\n" in (folder / "go.mod").read_text(encoding="utf-8")
    assert f"\n{module} v{build.version} h1:" in (folder / "go.sum").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("text", "key"),
    [("2.42.0+ds", (2, 42, 0)), ("v3.16", (3, 16)), ("2.9", (2, 9)), ("unknown", ())],
)
def test_versions_compare_by_number(text, key):
    """A version's key is its leading numbers, so that 2.9 is older than 2.42."""
    assert pins.version_key(text) == key


def test_a_new_enough_program_on_path_wins_over_the_cache(bin_dir, cache):
    """PATH comes first."""
    here = telling(bin_dir, "prometheus", "2.42.0+ds")
    cached(cache, "prometheus")
    assert install.find("prometheus") == here


@pytest.mark.parametrize(
    "version",
    [
        pytest.param("2.41.9", id="one release too old"),
        pytest.param("2.9.0", id="older by number, newer by text"),
        pytest.param("", id="a build that tells no version"),
    ],
)
def test_a_program_on_path_that_is_not_new_enough_is_passed_over(bin_dir, cache, version):
    """A version that is too old or not told falls through to the cache."""
    telling(bin_dir, "promtool", version)
    assert install.find("promtool") is None
    built = cached(cache, "promtool")
    assert install.find("promtool") == built


def test_debians_name_of_alertmanager_is_known(bin_dir):
    """Debian calls the binary prometheus-alertmanager."""
    here = telling(bin_dir, "prometheus-alertmanager", "0.25.0")
    assert install.find("alertmanager") == here


@pytest.mark.parametrize(
    ("name", "tells"),
    [
        pytest.param("postgres", "postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)", id="postgres"),
        pytest.param("initdb", "initdb (PostgreSQL) 17.2", id="initdb"),
        pytest.param("redis-server", "Redis server v=7.0.15 sha=00000000:0 malloc=jemalloc-5.3.0", id="redis"),
        pytest.param("chromium", "Chromium 156.0.8078.79 built on Debian GNU/Linux 12 (bookworm)", id="chromium"),
    ],
)
def test_programs_tell_their_versions_each_in_its_way(bin_dir, debians, name, tells):
    """What PostgreSQL, Redis and Chromium print is understood."""
    here = program(bin_dir, name, f"echo '{tells}'")
    assert install.find(name) == here


@pytest.mark.parametrize("name", ["chromium", "chromium-browser", "google-chrome"])
def test_chromium_has_several_names(bin_dir, name):
    """Debian's, Ubuntu's, and the one of Google's own build."""
    tells = "Google Chrome 120.0.6099.71" if name == "google-chrome" else "Chromium 120.0.6099.71 snap"
    here = program(bin_dir, name, f"echo '{tells}'")
    assert install.find("chromium") == here


@pytest.fixture
def sbin(tmp_path, monkeypatch) -> Path:
    """Stands in for /usr/sbin; the machine's own nginx is not seen."""
    tools = pins.load()
    assert tools["nginx"].folders == ("/usr/sbin",)
    tools["nginx"] = dataclasses.replace(tools["nginx"], folders=(f"{tmp_path}/sbin",))
    monkeypatch.setattr(install.pins, "load", lambda: tools)
    return tmp_path / "sbin"


# It takes --version for `-- version`, and fails.
NGINX = '[ "$*" = -v ] || { echo "invalid option" >&2; exit 1; }; echo "nginx version: nginx/%s" >&2'


@pytest.mark.parametrize(("version", "found"), [("1.22.1", True), ("1.100.0", True), ("1.18.0", False)])
def test_nginx_is_asked_in_its_own_way_where_debian_keeps_it(bin_dir, sbin, version, found):
    """By -v, answered on standard error; one on PATH comes first; one that is too old is none."""
    there = program(sbin, "nginx", NGINX % version)
    assert install.find("nginx") == (there if found else None)
    here = program(bin_dir, "nginx", NGINX % "1.24.0")
    assert install.find("nginx") == here


@pytest.mark.parametrize(
    ("name", "tells"),
    [
        pytest.param("postgres", "postgres (PostgreSQL) 14.20", id="postgres 14"),
        pytest.param("redis-server", "Redis server v=6.2.14 sha=00000000:0", id="redis 6.2"),
        pytest.param("redis-server", "Segmentation fault", id="no version"),
        pytest.param("chromium", "Chromium 119.0.6045.199 ", id="chromium 119"),
    ],
)
def test_servers_that_are_too_old_are_passed_over(bin_dir, debians, name, tells):
    """The minimum of pins.toml holds for them too."""
    program(bin_dir, name, f"echo '{tells}'")
    assert install.find(name) is None


def test_postgresql_is_found_where_debian_keeps_it(bin_dir, debians):
    """Of several releases off PATH the newest is taken, by number; one on PATH comes first."""
    for version in ("9.6", "13.4", "15.18", "100.1"):
        program(debians / version / "bin", "postgres", f"echo 'postgres (PostgreSQL) {version}'")
    assert install.find("postgres") == debians / "100.1" / "bin" / "postgres"
    here = program(bin_dir, "postgres", "echo 'postgres (PostgreSQL) 15.1'")
    assert install.find("postgres") == here


def test_old_releases_where_debian_keeps_them_are_passed_over(bin_dir, debians):
    """A PostgreSQL 13 alone is none."""
    program(debians / "13" / "bin", "postgres", "echo 'postgres (PostgreSQL) 13.4'")
    assert install.find("postgres") is None


def test_prometheus_3_is_never_taken_from_path(bin_dir, cache):
    """The second Prometheus is the pinned build and nothing else."""
    telling(bin_dir, "prometheus", "3.16.0")
    assert install.find("prometheus3") is None
    built = cached(cache, "prometheus3")
    assert install.find("prometheus3") == built


def test_an_unknown_name_is_an_error_that_lists_the_known_ones(bin_dir):
    """A misspelt name is not merely 'absent'."""
    with pytest.raises(UnknownTool, match=r"promtol: no such tool; there are .*promtool"):
        install.find("promtol")


def test_a_build_lands_in_the_cache_and_is_found_again(bin_dir, cache, tmp_path):
    """The second installation builds nothing."""
    program(bin_dir, "go", GO_THAT_BUILDS)
    for _ in range(2):
        (found,) = install.install(["sloth"])
        assert (found.path, found.source) == (cache / "sloth-0.16.0" / "sloth", "cache")
    assert len((tmp_path / "calls").read_text().splitlines()) == 1


def test_a_failed_build_leaves_nothing_and_shows_its_last_words(bin_dir, cache):
    """What the compiler said reaches the reader; the cache is as before."""
    program(bin_dir, "go", "echo 'no space left on device' >&2; exit 3")
    with pytest.raises(StepFailed, match="no space left on device"):
        install.install(["sloth"])
    assert entries(cache) == []


def test_a_build_that_lacks_a_binary_is_refused(bin_dir, cache):
    """A build of two binaries that leaves one is not published."""
    program(bin_dir, "go", '/bin/touch "$GOBIN/prometheus"; /bin/chmod +x "$GOBIN/prometheus"')
    with pytest.raises(NotInstallable, match="left no promtool"):
        install.install(["promtool3"])
    assert entries(cache) == []


def started(tmp_path: Path) -> "subprocess.Popen[str]":
    """Start an installation of sloth in a process of its own, and wait until its build runs."""
    process = subprocess.Popen(
        [sys.executable, ROOT / "tools/install.py", "install", "sloth"],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    deadline = time.monotonic() + 20
    while not (tmp_path / "calls").exists():
        assert time.monotonic() < deadline, process.stdout
        time.sleep(0.02)
    return process


@pytest.mark.parametrize(
    ("number", "code"),
    [pytest.param(signal.SIGTERM, 143, id="terminated"), pytest.param(signal.SIGINT, 130, id="Ctrl-C")],
)
def test_an_interrupted_build_leaves_nothing(bin_dir, cache, tmp_path, number, code):
    """A signal in the middle of a build ends the compiler and removes the half-built folder."""
    program(bin_dir, "go", 'echo $$ >"$CALLS"; /bin/touch "$GOBIN/sloth"; exec /bin/sleep 60')
    process = started(tmp_path)
    process.send_signal(number)
    output, _ = process.communicate(timeout=20)
    assert process.returncode == code, output
    assert entries(cache) == []
    with pytest.raises(ProcessLookupError):
        os.kill(int((tmp_path / "calls").read_text()), 0)


def test_an_interruption_while_the_compiler_starts_ends_it_too(bin_dir, cache, monkeypatch):
    """It comes when the compiler runs, and before the installation knows of it."""
    begun = []

    class Interrupted(subprocess.Popen):
        def __init__(self, *arguments, **options):
            super().__init__(*arguments, **options)
            if Path(self.args[0]).name == "go":
                begun.append(self.pid)
                signal.raise_signal(signal.SIGINT)

    program(bin_dir, "go", "exec /bin/sleep 60")
    monkeypatch.setattr(subprocess, "Popen", Interrupted)
    assert install.main(["install", "sloth"]) == 130
    assert entries(cache) == []
    for number in begun:
        with pytest.raises(ProcessLookupError):
            os.kill(number, 0)
    assert begun


def test_the_next_installation_removes_what_a_killed_one_left(bin_dir, cache, tmp_path):
    """SIGKILL leaves a staging folder, never a tool; the next run clears it away and builds."""
    program(bin_dir, "go", 'echo $$ >"$CALLS"; exec /bin/sleep 60')
    process = started(tmp_path)
    process.kill()
    process.communicate(timeout=20)
    os.kill(int((tmp_path / "calls").read_text()), signal.SIGKILL)
    assert [name.startswith(".building-") for name in entries(cache)] == [True]
    program(bin_dir, "go", GO_THAT_BUILDS)
    install.install(["sloth"])
    assert entries(cache) == ["sloth-0.16.0"]


def test_two_installations_at_once_build_once(bin_dir, cache, tmp_path):
    """The second waits for the first, then finds what it built."""
    program(bin_dir, "go", f"{GO_THAT_BUILDS}; /bin/sleep 1")
    first = started(tmp_path)
    (found,) = install.install(["sloth"])
    output, _ = first.communicate(timeout=20)
    assert first.returncode == 0, output
    assert found.path.exists()
    assert len((tmp_path / "calls").read_text().splitlines()) == 1


def test_apt_is_asked_before_go(bin_dir, monkeypatch):
    """As root with apt-get on PATH, one apt run brings what it can, and nothing is built."""
    asked = []

    def apt(text, command):
        asked.append(command)
        telling(bin_dir, "prometheus", "2.42.0")
        telling(bin_dir, "promtool", "2.42.0")

    program(bin_dir, "apt-get", "exit 1")
    monkeypatch.setattr(install.os, "geteuid", lambda: 0)
    monkeypatch.setattr(install, "step", apt)
    assert [found.source for found in install.install(["prometheus", "promtool"])] == ["PATH", "PATH"]
    assert [command[2:] for command in asked] == [["prometheus>=2.42"]]


def test_when_apt_fails_the_go_build_is_still_tried(bin_dir, cache, monkeypatch):
    """A broken apt costs time, not the installation."""

    def apt(text, command):
        raise StepFailed("apt: no network")

    program(bin_dir, "apt-get", "exit 1")
    program(bin_dir, "go", 'for b in prometheus promtool; do /bin/cp "$0" "$GOBIN/$b"; done')
    monkeypatch.setattr(install.os, "geteuid", lambda: 0)
    monkeypatch.setattr(install, "step", apt)
    assert install.install(["promtool"])[0].path == cache / "prometheus-0.316.0" / "promtool"


def test_with_no_way_left_the_message_says_what_to_do(bin_dir, capsys):
    """Without root, apt and Go the command ends with 1 and one sentence."""
    assert install.main(["install", "prometheus"]) == 1
    assert capsys.readouterr().err == (
        "tools: prometheus-0.316.0 is built from its Go module, and there is no Go on PATH: "
        "install Go 1.26 or newer and run this again (or, on Debian, as root: apt-get install prometheus)\n"
    )


def test_what_no_build_brings_is_refused_before_anything_is_built(bin_dir, debians, tmp_path, capsys):
    """One sentence names the packages; the Go builds that were asked for too have not cost their minutes."""
    program(bin_dir, "go", GO_THAT_BUILDS)
    assert install.main(["install", "sloth", "postgres", "initdb", "redis-server"]) == 1
    assert capsys.readouterr().err == (
        "tools: not found: postgres ≥ 15, initdb ≥ 15, redis-server ≥ 7. On Debian, as root: "
        "apt-get install --no-install-recommends postgresql redis-server; elsewhere put them on PATH\n"
    )
    assert not (tmp_path / "calls").exists()


def test_which_prints_the_path_alone(bin_dir, capsys):
    """`which` is for scripts: the path on standard output, nothing else."""
    here = telling(bin_dir, "amtool", "0.25.0")
    assert install.main(["which", "amtool"]) == 0
    assert capsys.readouterr() == (f"{here}\n", "")


def test_which_of_an_absent_tool_exits_1_and_says_how_to_get_it(bin_dir, capsys):
    """Standard output stays empty."""
    assert install.main(["which", "sloth"]) == 1
    assert capsys.readouterr() == ("", "sloth is not installed: run tools/install.py install sloth\n")


def test_json_names_path_version_and_source(bin_dir, capsys):
    """`--json` prints a list of records."""
    here = telling(bin_dir, "amtool", "0.27.1")
    assert install.main(["install", "amtool", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == [
        {"name": "amtool", "path": str(here), "version": "0.27.1", "source": "PATH"}
    ]
