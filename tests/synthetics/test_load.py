"""The platform's shoppers: how Locust is started for a day."""

from itertools import pairwise
from pathlib import Path
from unittest.mock import patch

import pytest

from synthetics.claim import Traffic
from synthetics.keys import Keys
from synthetics.load import DayPlan, command, run


def test_a_day_is_bounded_on_the_command_line(tmp_path: Path) -> None:
    """One user begins all visits; without --for, no time ends them."""
    line = command(DayPlan(host="http://127.0.0.1:1", shape=tmp_path / "flat.yaml", scale=2, at_once=7))
    pairs = dict(pairwise(line))
    assert (pairs["--shape-file"], float(pairs["--scale"]), pairs["--at-once"]) == (str(tmp_path / "flat.yaml"), 2, "7")
    assert (pairs["--users"], line[-1], "--run-time" in line) == ("1", "Crowd", False)
    assert "--headless" in line


def test_no_key_is_on_the_command_line(tmp_path: Path) -> None:
    """Everybody on a machine may read those."""
    keys = Keys(traffic="a-secret-of-the-shop", probe="a-secret-of-the-probes")
    plan = DayPlan(host="http://127.0.0.1:1", shape=tmp_path, traffic=Traffic.LOAD, keys=keys)
    assert "a-secret-of-the" not in " ".join(command(plan)) + repr(plan)


@pytest.mark.parametrize(("ended", "code"), [(0, 0), (1, 1), (2, 1), (130, 130), (143, 143)])
def test_its_end_is_an_exit_code(tmp_path: Path, ended: int, code: int) -> None:
    """Whatever Locust means by its own, it is a failure."""
    with patch("synthetics.load.child.run", return_value=ended):
        assert run(DayPlan(host="http://127.0.0.1:1", shape=tmp_path)) == code
