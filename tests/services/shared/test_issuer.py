"""The test issuer and its command."""

import stat
import subprocess
import sys
from pathlib import Path

import pytest

from services.shared.errors import ConfigError
from services.shared.issuer import Issuer, main
from tests.services.running import ROOT


def test_keys_are_made_once(tmp_path: Path) -> None:
    """A second run keeps them, so that tokens stay good; a key that is missing is made again."""
    first = Issuer.create(tmp_path / "keys")
    (tmp_path / "keys" / "payments.key.json").unlink()
    second = Issuer.create(tmp_path / "keys")
    verifier = second.verifier("orders")
    assert verifier.verify(first.token("u-1", ["customer"], "orders")).subject == "u-1"
    assert verifier.verify(second.token("service:payments", ["service"], "orders")).subject == "service:payments"


def test_only_the_public_half_is_readable_by_others(tmp_path: Path) -> None:
    """Every key file is 0600, in a folder that is 0700, and the key set holds no private member."""
    issuer = Issuer.create(tmp_path / "keys")
    files = sorted(path.name for path in issuer.folder.iterdir())
    assert files == sorted(
        ["jwks.json", "issuer.key.json", *(f"{s}.key.json" for s in "catalog inventory orders payments users".split())]
    )
    for path in issuer.folder.glob("*.key.json"):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(issuer.folder.stat().st_mode) == 0o700
    assert '"d"' not in issuer.jwks_file.read_text(encoding="utf-8")


def test_an_unknown_service_has_no_token(issuer) -> None:
    """The error names those there are."""
    with pytest.raises(ConfigError, match="service:storefront: not one of catalog, inventory"):
        issuer.token("service:storefront", ["service"], "orders")


def test_the_command_makes_keys_and_a_token_that_counts(tmp_path: Path) -> None:
    """As in the README, in a process of its own."""

    def run(*arguments: str) -> str:
        command = [sys.executable, "-m", "services.shared.issuer", *arguments]
        return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True, timeout=30).stdout.strip()

    folder = str(tmp_path / "keys")
    assert run("keys", folder) == f"{folder}/jwks.json"
    said = ["--role", "customer", "--role", "staff", "--subject", "u-1", "--audience", "orders"]
    token = run("token", "--keys", folder, *said)
    found = Issuer.create(tmp_path / "keys").verifier("orders").verify(token)
    assert (found.subject, found.roles) == ("u-1", {"customer", "staff"})


def test_a_token_needs_a_folder_of_keys(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A wrong folder makes no new keys that nobody trusts."""
    said = ["--role", "customer", "--subject", "u-1", "--audience", "orders"]
    with pytest.raises(SystemExit):
        main(["token", "--keys", str(tmp_path / "none"), *said])
    assert "has to name the folder" in capsys.readouterr().err
    assert not (tmp_path / "none").exists()


def test_a_damaged_key_is_reported(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """It is not replaced: what it has signed may still be in use."""
    Issuer.create(tmp_path)
    (tmp_path / "orders.key.json").write_text("{}", encoding="utf-8")
    assert main(["keys", str(tmp_path)]) == 1
    assert "orders.key.json: not a readable private key" in capsys.readouterr().err
