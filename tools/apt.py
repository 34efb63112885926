"""Install Debian packages without starting their services. Run as root, alone: `apt.py NAME>=VERSION…`.

A package whose candidate is older than asked for is left out: the caller looks for its program again.
Needs nothing else of this repository, so that sudo can run it as a file.
"""

import contextlib
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

POLICY = Path("/usr/sbin/policy-rc.d")
CLUSTERS = Path("/etc/postgresql-common/createcluster.d/tillwatch.conf")
MARK = "# Written by Tillwatch while it installs packages; removed afterwards."
# 101: "action forbidden", the answer that invoke-rc.d takes for "do not start it".
DENY = f"#!/bin/sh\n{MARK}\nexit 101\n"


@contextlib.contextmanager
def services_denied(policy: Path = POLICY) -> Iterator[None]:
    """Keep packages from starting services; afterwards *policy* is what it was before, whatever happened."""
    restore(policy)
    ours = policy.with_name(policy.name + ".new")
    ours.write_text(DENY, encoding="utf-8")
    ours.chmod(0o755)
    if os.path.lexists(policy):
        policy.rename(_kept(policy))
    try:
        ours.rename(policy)
        yield
    finally:
        restore(policy)


def restore(policy: Path) -> None:
    """Undo `services_denied`, also one that was killed before it could."""
    if policy.is_file() and MARK in policy.read_text(encoding="utf-8", errors="replace"):
        policy.unlink()
    if os.path.lexists(_kept(policy)):
        _kept(policy).rename(policy)


@contextlib.contextmanager
def clusters_denied(file: Path = CLUSTERS) -> Iterator[None]:
    """Keep Debian's PostgreSQL from making its default cluster, which nobody here would use, at its installation."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(f"{MARK}\ncreate_main_cluster = false\n", encoding="utf-8")
    try:
        yield
    finally:
        file.unlink(missing_ok=True)


def _kept(policy: Path) -> Path:
    return policy.with_name(policy.name + ".before-tillwatch")


def install(wanted: Sequence[str], policy: Path = POLICY, clusters: Path = CLUSTERS) -> None:
    """Install each `NAME>=VERSION` that apt can satisfy.

    Raises:  subprocess.CalledProcessError: apt-get failed.
    """
    # A stale list may still have the package; its absence shows below.
    subprocess.run(["apt-get", "update", "-qq"], check=False)
    packages = [name for name, minimum in map(_split, wanted) if _offers(name, minimum)]
    if not packages:
        return
    fresh = [name for name in packages if not _installed(name)]
    command = [
        "apt-get",
        "install",
        "--yes",
        "--no-install-recommends",
        "-o",
        "DPkg::Lock::Timeout=300",
        *packages,
    ]
    with contextlib.ExitStack() as denied:
        denied.enter_context(services_denied(policy))
        if "postgresql" in fresh:
            denied.enter_context(clusters_denied(clusters))
        subprocess.run(command, check=True, env={**os.environ, "DEBIAN_FRONTEND": "noninteractive"})
    _leave_off_at_boot(fresh)


def _split(wanted: str) -> tuple[str, str]:
    name, _, minimum = wanted.partition(">=")
    return name, minimum or "0"


def _offers(name: str, minimum: str) -> bool:
    policy = _output("apt-cache", "policy", name)
    candidate = next((line.split()[1] for line in policy.splitlines() if line.strip().startswith("Candidate:")), "")
    # Without the epoch, of which the program knows nothing: Debian's Redis 7.0 is 5:7.0.15.
    version = candidate.rpartition(":")[2]
    newer = subprocess.run(["dpkg", "--compare-versions", version, "ge", minimum], check=False).returncode == 0
    if candidate in ("", "(none)") or not newer:
        print(f"apt offers {name} {candidate or '(none)'}, {minimum} or newer is needed")
        return False
    return True


def _installed(name: str) -> bool:
    return _output("dpkg-query", "--show", "--showformat=${db:Status-Status}", name) == "installed"


def _output(*command: str) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout


def _leave_off_at_boot(packages: Sequence[str]) -> None:
    """policy-rc.d stops a start now; the unit would still start at the next boot, and take a port."""
    if shutil.which("systemctl"):
        for package in packages:  # one by one: a package without a unit fails alone
            subprocess.run(["systemctl", "disable", "--quiet", package], stderr=subprocess.DEVNULL, check=False)


def _stop(number: int, _frame: object) -> None:
    sys.exit(128 + number)


def main(wanted: Sequence[str], policy: Path = POLICY) -> int:
    """Install *wanted*; returns apt-get's exit code."""
    signal.signal(signal.SIGTERM, _stop)  # so that a termination, too, puts the policy back
    try:
        install(wanted, policy)
    except subprocess.CalledProcessError as error:
        return error.returncode
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
