"""Build a pinned Go module into the cache: in a folder of its own, then renamed; none is found half-built."""

import contextlib
import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from tools.errors import NotInstallable
from tools.pins import Build
from tools.steps import say, step

STAGE = ".building-"
HERE = Path(__file__).parent


@contextlib.contextmanager
def locked(cache: Path) -> Iterator[None]:
    """Hold the cache's lock: one installation at a time. It goes with the process, however that ends."""
    cache.mkdir(parents=True, exist_ok=True)
    with (cache / ".lock").open("w") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("==> another installation is running: waiting for it")
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def build(wanted: Build, cache: Path, environ: Mapping[str, str] = os.environ) -> None:
    """Put the binaries of *wanted* into its folder of *cache*; the caller holds the lock.

    Raises:  NotInstallable: there is no Go here.  StepFailed: the build failed; the cache is as it was.
    """
    go = shutil.which("go", path=environ.get("PATH", ""))
    if go is None:
        raise NotInstallable(
            f"{wanted.label} is built from its Go module, and there is no Go on PATH: "
            "install Go 1.26 or newer and run this again"
        )
    _remove_leftovers(cache)
    stage = Path(tempfile.mkdtemp(prefix=STAGE, dir=cache))
    try:
        step(
            f"{wanted.label}: building from its Go module (about {wanted.minutes} min of one core when cold)",
            [go, *_arguments(wanted, stage)],
            env={**environ, "CGO_ENABLED": "0", "GOBIN": str(stage), "GOFLAGS": "", "GOWORK": "off"},
            cwd=HERE / wanted.folder if wanted.folder else stage,
        )
        _publish(wanted, stage, cache / wanted.label)
    finally:
        shutil.rmtree(stage, ignore_errors=True)


def _arguments(wanted: Build, stage: Path) -> Sequence[str]:
    if wanted.folder:
        return ["build", "-trimpath", "-o", f"{stage}{os.sep}", *wanted.packages]
    sources = [f"{wanted.module}/{package}@v{wanted.version}" for package in wanted.packages]
    return ["install", *(["-tags", ",".join(wanted.tags)] if wanted.tags else []), *sources]


def _publish(wanted: Build, stage: Path, target: Path) -> None:
    missing = [name for name in wanted.binaries if not os.access(stage / name, os.X_OK)]
    if missing:
        raise NotInstallable(f"{wanted.label}: the build left no {', '.join(missing)}; see tools/pins.toml")
    stage.chmod(0o755)
    shutil.rmtree(target, ignore_errors=True)
    stage.rename(target)


def _remove_leftovers(cache: Path) -> None:
    """A killed installation cannot clean up after itself; under the lock, every stage is such a leftover."""
    for leftover in cache.glob(f"{STAGE}*"):
        shutil.rmtree(leftover, ignore_errors=True)
