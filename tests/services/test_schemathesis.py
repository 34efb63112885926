"""Each service under requests that schemathesis makes of its OpenAPI document, good ones and bad ones."""

import contextlib
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from services.shared.issuer import Issuer
from services.shared.openapi_document import names
from tests.services.running import ROOT, Service, serving

HERE = Path(__file__).parent
QUICK = "examples,coverage,fuzzing"
SCHEMATHESIS = Path(sys.executable).with_name("schemathesis")
# Whom a service asks: without them it would answer 503, as it should.
PEERS = {"orders": ("catalog", "inventory", "payments")}


@contextlib.contextmanager
def with_peers(name: str, issuer: Issuer) -> Iterator[Service]:
    """The service *name* under gunicorn, and whom it asks."""
    environ = {"JWKS_FILE": str(issuer.jwks_file)}
    with contextlib.ExitStack() as stack:
        for peer in PEERS.get(name, ()):
            service = stack.enter_context(serving(f"services.{peer}.wsgi:app", environ=environ))
            environ |= {f"{peer.upper()}_URL": service.url}
        environ |= {
            "SIGNING_KEY_FILE": str(issuer.folder / "issuer.key.json"),
            "SERVICE_KEY_FILE": str(issuer.folder / f"{name}.key.json"),
        }
        yield stack.enter_context(serving(f"services.{name}.wsgi:app", environ=environ))


@pytest.mark.parametrize("name", names())
@pytest.mark.parametrize(
    ("examples", "phases"), [(10, QUICK), pytest.param(50, f"{QUICK},stateful", marks=pytest.mark.full)]
)
def test_the_service_keeps_its_document(name: str, examples: int, phases: str, tmp_path: Path) -> None:
    """No server error, no answer that is not described, no bad request that is taken, none that fits and is not."""
    issuer = Issuer.create(tmp_path / "keys")
    with with_peers(name, issuer) as service:
        run = subprocess.run(
            [
                *(SCHEMATHESIS, "--config-file", HERE / "schemathesis.toml", "run"),
                f"{service.url}/api/openapi.json",
                *("--phases", phases, "--max-examples", str(examples), "--generation-deterministic"),
                *("--request-timeout", "10", "--no-color", "--no-shrink"),
            ],
            cwd=tmp_path,
            env=os.environ
            | {
                "PYTHONPATH": str(ROOT),
                "SCHEMATHESIS_HOOKS": "tests.services.schemathesis_hooks",
                "TILLWATCH_AUDIENCE": name,
                "TILLWATCH_KEYS": str(issuer.folder),
            },
            capture_output=True,
            text=True,
            timeout=600,
            check=False,
        )
        assert run.returncode == 0, run.stdout + run.stderr
        tested = re.search(r"Selected: +(\d+)/(\d+)", run.stdout)
        assert tested is not None, run.stdout
        assert tested[1] == tested[2]
        assert [line for line in service.lines() if "exc_info" in line] == []
