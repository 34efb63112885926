"""Each service under requests that schemathesis makes of its OpenAPI document, good ones and bad ones."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from services.shared.issuer import Issuer
from services.shared.openapi_document import names
from tests.services.running import ROOT, serving

HERE = Path(__file__).parent
QUICK = "examples,coverage,fuzzing"
SCHEMATHESIS = Path(sys.executable).with_name("schemathesis")


@pytest.mark.parametrize("name", names())
@pytest.mark.parametrize(
    ("examples", "phases"), [(10, QUICK), pytest.param(50, f"{QUICK},stateful", marks=pytest.mark.full)]
)
def test_the_service_keeps_its_document(name: str, examples: int, phases: str, tmp_path: Path) -> None:
    """No server error, no answer that is not described, no bad request that is taken, none that fits and is not."""
    issuer = Issuer.create(tmp_path / "keys")
    with serving(f"services.{name}.wsgi:app", environ={"JWKS_FILE": str(issuer.jwks_file)}) as service:
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
