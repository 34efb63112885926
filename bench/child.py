"""Runs one command and says what it cost: CPU seconds, wall seconds, peak memory.

As a file (`python -SI child.py COMMAND…`) it is a small process between the bench and the command, and prints the
figures on its own standard output: a child that is started straight from a large process inherits that one's size
as its own peak. It must not import anything of the project.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time


def main(command: list[str]) -> int:
    """Run *command*, report on standard output, return its exit code; what it prints goes to standard error."""
    started = time.perf_counter()
    with subprocess.Popen(command, stdout=sys.stderr) as process:
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    figures = {
        "cpu_seconds": usage.ru_utime + usage.ru_stime,
        "wall_seconds": time.perf_counter() - started,
        "peak_mib": usage.ru_maxrss / 1024,  # KiB on Linux
    }
    print(json.dumps(figures))
    return process.returncode


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    sys.exit(main(sys.argv[1:]))
