"""What holds for every run: Hypothesis' profiles, and that nothing secret is left in what services wrote."""

import logging
import os
import signal
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import settings

from tests.dealing import ByFile, longest_first, unit
from tests.scan import findings

# Examples start processes and read files now and then, so that no time limit for one example is meaningful.
settings.register_profile("default", max_examples=200, deadline=None, derandomize=True)
settings.register_profile("full", max_examples=5000, deadline=None, print_blob=True)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE") or "default")
SHOWN = 20


def pytest_configure() -> None:
    """A run in the background of a script is deaf to Ctrl-C, and so would be its workers and all that tests start."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """A worker is dealt the longest first; a run without workers keeps the order of the files."""
    if hasattr(config, "workerinput"):
        place = longest_first(item.nodeid for item in items)
        items.sort(key=lambda item: place[unit(item.nodeid)])


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> ByFile:
    """Workers get whole files, see `tests.dealing`."""
    config.option.loadscopereorder = False
    return ByFile(config, log)


@pytest.fixture(scope="session", autouse=True)
def _nothing_secret_is_left(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Set up first and so torn down last, when every service has ended: its logs, metrics and spans hold no secret."""
    yield
    # Only now: most runs start no service, and need nothing of theirs.
    from local.shop_run import SECRETS

    found = list(findings(tmp_path_factory.getbasetemp(), SECRETS.values()))
    lines = [f"{each.place}: {each.kind}: {each.around}" for each in found[:SHOWN]]
    assert not found, "\n".join((f"{len(found)} times something secret in what services wrote:", *lines))


@pytest.fixture(autouse=True)
def _logging_as_it_was() -> Iterator[None]:
    """A command that a test runs in this very process sets logging up as for one of its own: not for the next test."""
    root = logging.getLogger()
    level, before = root.level, [*root.handlers]
    yield
    root.setLevel(level)
    for handler in [*root.handlers]:
        if type(handler) is logging.StreamHandler and handler not in before:
            root.removeHandler(handler)
