"""What holds for every run: Hypothesis' profiles, and that nothing secret is left in what services wrote."""

import os
from collections.abc import Iterator

import pytest
from hypothesis import settings

from tests.scan import findings

# Examples start processes and read files now and then, so that no time limit for one example is meaningful.
settings.register_profile("default", max_examples=200, deadline=None, derandomize=True)
settings.register_profile("full", max_examples=5000, deadline=None, print_blob=True)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE") or "default")
SHOWN = 20


@pytest.fixture(scope="session", autouse=True)
def _nothing_secret_is_left(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Set up first and so torn down last, when every service has ended: its logs, metrics and spans hold no secret."""
    yield
    # Only now: most runs start no service, and need nothing of theirs.
    from local.shop_run import SECRETS

    found = list(findings(tmp_path_factory.getbasetemp(), SECRETS.values()))
    lines = [f"{each.place}: {each.kind}: {each.around}" for each in found[:SHOWN]]
    assert not found, "\n".join((f"{len(found)} times something secret in what services wrote:", *lines))
