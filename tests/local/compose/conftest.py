"""What `render` writes, once for these tests."""

from pathlib import Path

import pytest

from local.compose.render import render
from local.settings import Settings


@pytest.fixture(scope="session")
def rendered(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that compose.yaml mounts."""
    folder = tmp_path_factory.mktemp("compose")
    render(Settings(run=folder / "state" / "run"), folder / "out")
    return folder / "out"
