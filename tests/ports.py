"""Free ports: one, or those of a whole platform, which lie side by side and are given to no other test meanwhile."""

import contextlib
import fcntl
import itertools
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

from local.preflight import is_free
from local.settings import BASE, PORTS

# No two have a port in common, at this distance; all are below those that the system gives away by itself, and beyond
# those of the platforms that a drill starts, from 20000 on: it asks for no lock.
BASES = range(23000, 31000, 139)
# Below those that the system gives away, too: a connection that somebody opens takes none of them.
SINGLE = range(10000, 20000)
_given = itertools.count()


def free_port() -> int:
    """A port that is free now; this process gets it once, and another one begins elsewhere."""
    for _ in SINGLE:
        port = SINGLE[(os.getpid() * 97 + next(_given)) % len(SINGLE)]
        if is_free(port):
            return port
    raise RuntimeError(f"no port from {SINGLE[0]} to {SINGLE[-1]} is free")


@contextlib.contextmanager
def free_base() -> Iterator[int]:
    """A PORT_BASE with which every port is free, until the block ends.

    A platform takes its ports some time after it was looked whether they are free: other workers, and other runs of the
    same user, are kept from them by a lock.
    """
    folder = Path(tempfile.gettempdir(), f"tillwatch-ports-{os.getuid()}")
    folder.mkdir(exist_ok=True)
    for base in BASES:
        with (folder / str(base)).open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                continue
            if all(is_free(port + base - BASE) for port in PORTS.values()):
                yield base
                return
    raise RuntimeError(f"there is no PORT_BASE from {BASES[0]} to {BASES[-1]} with which every port is free")
