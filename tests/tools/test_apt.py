"""tools/apt.py: packages come without their services, and policy-rc.d is afterwards what it was before."""

import contextlib
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tools import apt

ROOT = Path(__file__).resolve().parents[2]
ADMINS = "#!/bin/sh\n# an administrator's own policy\nexit 104\n"


@pytest.fixture
def system(tmp_path, monkeypatch) -> Path:
    """Stand-ins for apt and dpkg alone on PATH; they write what they saw into files of tmp_path."""
    stubs = {
        "apt-get": '[ "$1" = install ] || exit 0; echo "$@" >>"$SEEN/asked"; '
        '/bin/cp -p "$SEEN/policy-rc.d" "$SEEN/during"; '
        '/bin/cp "$SEEN/createcluster.d/tillwatch.conf" "$SEEN/clusters" 2>"$SEEN/no-clusters"; exit "${APT_CODE:-0}"',
        "apt-cache": '[ "$CANDIDATE" ] || exit 0; echo "$2:"; echo "  Candidate: $CANDIDATE"',
        "dpkg": 'case "$2" in 2.15*) exit 1;; esac',
        "dpkg-query": "printf not-installed",
        "systemctl": 'echo "$@" >>"$SEEN/systemctl"',
    }
    folder = tmp_path / "bin"
    folder.mkdir()
    for name, body in stubs.items():
        (folder / name).write_text(f"#!/bin/sh\n{body}\n", encoding="utf-8")
        (folder / name).chmod(0o755)
    monkeypatch.setenv("PATH", str(folder))
    monkeypatch.setenv("SEEN", str(tmp_path))
    monkeypatch.setenv("CANDIDATE", "2.42.0+ds-5")
    return tmp_path


@pytest.fixture
def policy(system) -> Path:
    """Where policy-rc.d is; not there yet."""
    return system / "policy-rc.d"


@pytest.fixture
def clusters(system) -> Path:
    """Where PostgreSQL's packages are told about their default cluster; the folder is not there yet."""
    return system / "createcluster.d" / "tillwatch.conf"


def deny(policy: Path) -> int:
    """What a package's script is answered when it asks to start a service."""
    return subprocess.run(["/bin/sh", policy, "prometheus", "start"], check=False).returncode


def test_services_are_denied_while_packages_are_installed(system, policy):
    """The policy that apt-get saw answers 101, and is gone afterwards."""
    apt.install(["prometheus>=2.42"], policy)
    assert deny(system / "during") == 101
    assert os.access(system / "during", os.X_OK)
    assert not policy.exists()
    assert (system / "asked").read_text().split()[-1] == "prometheus"


@pytest.mark.parametrize(
    ("code", "outcome"),
    [
        pytest.param("0", contextlib.nullcontext(), id="apt works"),
        pytest.param("100", pytest.raises(subprocess.CalledProcessError), id="apt fails"),
    ],
)
def test_an_existing_policy_is_put_back(system, policy, monkeypatch, code, outcome):
    """Bytes and mode are the administrator's again, whether or not the installation worked."""
    policy.write_text(ADMINS, encoding="utf-8")
    policy.chmod(0o750)
    monkeypatch.setenv("APT_CODE", code)
    with outcome:
        apt.install(["prometheus>=2.42"], policy)
    assert deny(system / "during") == 101
    assert policy.read_text(encoding="utf-8") == ADMINS
    assert policy.stat().st_mode & 0o777 == 0o750
    assert sorted(path.name for path in system.glob("policy-rc.d*")) == ["policy-rc.d"]


def test_a_link_that_leads_nowhere_is_put_back_too(policy):
    """A dangling link is somebody's policy as well."""
    policy.symlink_to("/nowhere/policy")
    with apt.services_denied(policy):
        assert deny(policy) == 101
    assert policy.readlink() == Path("/nowhere/policy")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_during_the_installation_restores_the_policy(system, policy, number):
    """Ctrl-C or a termination in the middle leaves the administrator's policy."""
    policy.write_text(ADMINS, encoding="utf-8")
    (system / "bin/apt-get").write_text(
        f'#!/bin/sh\n[ "$1" = install ] || exit 0\nkill -{int(number)} $PPID\nexec /bin/sleep 1\n'
    )
    run = f"import pathlib; from tools import apt; apt.main(['prometheus'], pathlib.Path({str(policy)!r}))"
    done = subprocess.run([sys.executable, "-c", run], cwd=ROOT, check=False, capture_output=True)
    assert done.returncode != 0
    assert policy.read_text(encoding="utf-8") == ADMINS


def test_what_a_killed_installation_left_is_put_back_by_the_next(policy):
    """After SIGKILL the policy is ours and the administrator's lies beside it; one more run mends that."""
    policy.write_text(ADMINS, encoding="utf-8")
    killed = apt.services_denied(policy)
    killed.__enter__()
    assert deny(policy) == 101
    with apt.services_denied(policy):
        pass
    assert policy.read_text(encoding="utf-8") == ADMINS


@pytest.mark.parametrize(
    "candidate",
    [
        pytest.param("2.15.2+ds-2", id="an old release"),
        pytest.param("(none)", id="known, not to be had"),
        pytest.param("", id="not known at all"),
    ],
)
def test_a_package_that_is_too_old_is_left_out(system, policy, monkeypatch, candidate):
    """apt-get install is not run for a version that would not be used."""
    monkeypatch.setenv("CANDIDATE", candidate)
    apt.install(["prometheus>=2.42"], policy)
    assert not (system / "asked").exists()


@pytest.mark.parametrize(
    ("candidate", "compared"),
    [
        pytest.param("5:7.0.15-1~deb12u10", "7.0.15-1~deb12u10", id="Debian's Redis has an epoch"),
        pytest.param("15+248+deb12u2", "15+248+deb12u2", id="Debian's PostgreSQL has none"),
    ],
)
def test_an_epoch_does_not_make_a_package_new(system, policy, monkeypatch, candidate, compared):
    """5:6.0 is newer than 7 to dpkg; the program of that package is not."""
    (system / "bin/dpkg").write_text('#!/bin/sh\necho "$@" >>"$SEEN/dpkg"; exit 1\n')
    monkeypatch.setenv("CANDIDATE", candidate)
    apt.install(["redis-server>=7"], policy)
    assert (system / "dpkg").read_text() == f"--compare-versions {compared} ge 7\n"


@pytest.mark.parametrize(
    ("code", "outcome"),
    [
        pytest.param("0", contextlib.nullcontext(), id="apt works"),
        pytest.param("100", pytest.raises(subprocess.CalledProcessError), id="apt fails"),
    ],
)
def test_postgresql_comes_without_its_default_cluster(system, policy, clusters, monkeypatch, code, outcome):
    """Its package is told so while it is installed, and afterwards makes clusters as it always did."""
    monkeypatch.setenv("APT_CODE", code)
    with outcome:
        apt.install(["postgresql>=15", "redis-server>=7"], policy, clusters)
    assert "create_main_cluster = false\n" in (system / "clusters").read_text()
    assert not clusters.exists()


@pytest.mark.parametrize(
    ("package", "status"),
    [
        pytest.param("prometheus>=2.42", "not-installed", id="another package"),
        pytest.param("postgresql>=15", "installed", id="a PostgreSQL that somebody has already"),
    ],
)
def test_without_a_new_postgresql_its_settings_are_not_touched(system, policy, clusters, package, status):
    """Not even the folder is made."""
    (system / "bin/dpkg-query").write_text(f"#!/bin/sh\nprintf {status}\n")
    apt.install([package], policy, clusters)
    assert (system / "asked").exists()
    assert not clusters.parent.exists()


def test_new_units_do_not_start_at_the_next_boot(system, policy):
    """A unit that this installation brought is disabled, so that it does not take Prometheus's port."""
    apt.install(["prometheus>=2.42"], policy)
    assert (system / "systemctl").read_text() == "disable --quiet prometheus\n"


def test_a_package_without_a_unit_keeps_no_other_from_being_disabled(system, policy):
    """One by one: systemctl refuses a whole list for one name in it that it does not know."""
    (system / "bin/systemctl").write_text(
        '#!/bin/sh\necho "$@" >>"$SEEN/systemctl"; [ $# -eq 3 ] && [ $3 != chromium ]\n'
    )
    apt.install(["chromium>=120", "nginx>=1.22"], policy)
    assert (system / "systemctl").read_text() == "disable --quiet chromium\ndisable --quiet nginx\n"


def test_a_unit_that_was_there_before_is_left_alone(system, policy):
    """Whoever runs Debian's Prometheus already keeps it."""
    (system / "bin/dpkg-query").write_text("#!/bin/sh\nprintf installed\n")
    apt.install(["prometheus>=2.42"], policy)
    assert not (system / "systemctl").exists()
