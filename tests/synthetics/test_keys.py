"""The keys of probes and load: where they are, what is refused, and that a service's key makes no account."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from synthetics.__main__ import main
from synthetics.accounts import Account, staff
from synthetics.host import UsageError
from synthetics.keys import Keys, keys_of

TRAFFIC, PROBE = "a-traffic-key-of-this-test", "a-probe-key-of-this-test"
BOTH = {"TRAFFIC_KEY": TRAFFIC, "PROBE_KEY": PROBE}


def test_each_is_in_the_environment_or_in_a_file(tmp_path: Path) -> None:
    """Where no list of processes shows it; the variable comes first."""
    (tmp_path / "key").write_text(f"{PROBE}\n", encoding="utf-8")
    found = keys_of({**BOTH, "TRAFFIC_KEY_FILE": "/nowhere", "PROBE_KEY": "", "PROBE_KEY_FILE": str(tmp_path / "key")})
    assert (found.traffic, found.probe) == (TRAFFIC, PROBE)
    assert keys_of(found.environment()) == found


@pytest.mark.parametrize(
    ("environ", "said"),
    [
        ({"TRAFFIC_KEY": ""}, "TRAFFIC_KEY is not set: without the key of the shop's services"),
        ({"PROBE_KEY": ""}, "PROBE_KEY is not set: the passwords of"),
        ({"PROBE_KEY": "short"}, "PROBE_KEY has fewer than 16 characters"),
        ({"PROBE_KEY": "", "PROBE_KEY_FILE": "/nowhere"}, "PROBE_KEY_FILE cannot be read: No such file"),
        ({"PROBE_KEY": "", "PROBE_KEY_FILE": "empty"}, "PROBE_KEY is not set"),
        ({"PROBE_KEY": "", "PROBE_KEY_FILE": "binary"}, "PROBE_KEY_FILE cannot be read: it is no text"),
        ({"PROBE_KEY": TRAFFIC}, "PROBE_KEY is the same as TRAFFIC_KEY, which every service holds"),
    ],
)
def test_what_is_no_key_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, environ: dict[str, str], said: str
) -> None:
    """By its name, without what it holds."""
    monkeypatch.chdir(tmp_path)
    Path("empty").write_text("\n", encoding="utf-8")
    Path("binary").write_bytes(b"\xff\xfe\xff")
    with pytest.raises(UsageError, match=said) as refused:
        keys_of({**BOTH, **environ})
    assert all(key not in str(refused.value) for key in (TRAFFIC, PROBE))


def test_they_are_shown_nowhere() -> None:
    """Not in a trace of an error either."""
    shown = repr(Keys(traffic=TRAFFIC, probe=PROBE))
    assert all(key not in shown for key in (TRAFFIC, PROBE))


def test_what_every_service_holds_makes_no_account() -> None:
    """Whoever reads TRAFFIC_KEY in a service can neither log in as staff nor guess where a probe does."""
    assert staff(TRAFFIC).password != staff(PROBE).password
    assert Account.of("probe-buy", TRAFFIC).email != Account.of("probe-buy", PROBE).email


def test_the_staff_password_goes_into_a_file_for_its_owner_alone(tmp_path: Path) -> None:
    """In place of what was there; what is printed is the address of the account."""
    file = tmp_path / "password"
    file.write_text("an older one, for all to read", encoding="utf-8")
    done = CliRunner().invoke(main, ["staff-password", "--to", str(file)], env={"PROBE_KEY": PROBE})
    assert (done.exit_code, done.output) == (0, "probe-staff@probe.tillwatch.invalid\n")
    assert file.read_text(encoding="utf-8") == staff(PROBE).password
    assert file.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    ("key", "to", "said"),
    [("", "password", "PROBE_KEY is not set"), (PROBE, "nowhere/password", "cannot be written: No such file")],
)
def test_without_a_key_or_a_place_there_is_no_password(tmp_path: Path, key: str, to: str, said: str) -> None:
    """It says which."""
    unset = {"PROBE_KEY": key or None, "PROBE_KEY_FILE": None}
    done = CliRunner().invoke(main, ["staff-password", "--to", str(tmp_path / to)], env=unset)
    assert done.exit_code == 2
    assert said in " ".join(done.output.split())
