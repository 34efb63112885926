"""The storefront's jobs and settings."""

from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry

from services.shared import jobs as job_figures
from services.shared.database import open_database
from services.shared.errors import ConfigError
from services.storefront import jobs
from services.storefront.adapters.figures import JOBS
from services.storefront.settings import from_environ


@pytest.mark.parametrize("job", JOBS)
def test_a_job_does_its_work_and_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str], job: str) -> None:
    """Also on a database that is new; when it last did shows in the metrics."""
    assert jobs.main([job], {"DATA_DIR": str(tmp_path)}) == 0
    assert capsys.readouterr().out.startswith(f"{job}: ")
    registry = CollectorRegistry()
    database = open_database(f"sqlite:///{tmp_path / 'storefront.db'}")
    job_figures.show_in(registry, database, (), JOBS)
    done = registry.get_sample_value("job_last_success_timestamp_seconds", {"job": job})
    assert done is not None
    assert done > 0


def test_a_job_that_cannot_says_why(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Exit code 1, without the address of the database."""
    url = "postgresql+psycopg://ada:secret@127.0.0.1:1/shop"
    assert jobs.main(["purge"], {"DATA_DIR": str(tmp_path), "DATABASE_URL": url}) == 1
    assert "secret" not in capsys.readouterr().err


def test_settings_that_cannot_be_are_told() -> None:
    """A key too short, a switch that is neither; the key is not quoted."""
    with pytest.raises(ConfigError) as short:
        from_environ({"SESSION_KEY": "too-short"})
    assert "too-short" not in str(short.value)
    with pytest.raises(ConfigError):
        from_environ({"COOKIE_SECURE": "yes"})
    assert from_environ({}).cookie == "__Host-session"
    assert from_environ({"COOKIE_SECURE": "0"}).cookie == "session"
