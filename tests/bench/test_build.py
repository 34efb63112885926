"""What a build costs, measured from outside."""

import os
import sys

import pytest

from bench import specs
from bench.cost import cost
from bench.errors import ProgramFailed
from slo.load import load
from slo.rule_context import is_additive


def test_the_peak_is_the_commands_own():
    """A large parent does not show in the child's memory, a large child does."""
    ballast = bytearray(300 * 1024 * 1024)
    ballast[::4096] = b"x" * len(ballast[::4096])
    assert cost([sys.executable, "-SIc", "pass"]).peak_mib < 60
    assert cost([sys.executable, "-SIc", "x = b'x' * (200 << 20)"]).peak_mib > 200


def test_cpu_time_includes_what_the_command_starts():
    """CPU seconds count the command's children, which sleep costs nothing."""
    burn = "import time; end = time.process_time() + 0.3\nwhile time.process_time() < end: pass"
    nested = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {burn!r}])"
    assert 0.3 <= cost([sys.executable, "-c", nested]).cpu_seconds < 3
    assert cost([sys.executable, "-SIc", "import time; time.sleep(0.5)"]).cpu_seconds < 0.3


def test_a_failing_command_is_an_error_with_its_words():
    """What it said is in the error."""
    with pytest.raises(ProgramFailed, match="no such luck"):
        cost([sys.executable, "-c", "raise SystemExit('no such luck')"])


@pytest.mark.parametrize("count", [5, 50])
def test_specs_are_valid_and_as_many_as_asked(tmp_path, count):
    """Five SLOs a file, all of the kind whose long windows can be summed."""
    folder = tmp_path / "specs"
    specs.write(folder, count)
    catalogue = load([os.fspath(folder)])
    assert len(catalogue.slos) == count
    assert len({slo.id for slo in catalogue.slos}) == count
    assert all(is_additive(slo.sli) for slo in catalogue.slos)
