"""A service's settings come from the environment, are checked, and keep their secret."""

import pytest

from services.shared.config import from_environ
from services.shared.errors import ConfigError

TOKEN = "correct-horse-battery"


def test_an_empty_environment_is_enough() -> None:
    """Nothing has to be set, and fault injection is off."""
    config = from_environ("catalog", {})
    assert (config.service, config.log_level, config.fault_token) == ("catalog", "info", None)


@pytest.mark.parametrize("token", ["", "short", "x" * 15])
def test_a_weak_fault_token_never_switches_faults_on(token: str) -> None:
    """An empty token is none; a short one stops the service from starting, without being shown."""
    if token == "":
        assert from_environ("catalog", {"FAULT_TOKEN": token}).fault_token is None
        return
    with pytest.raises(ConfigError, match=r"^FAULT_TOKEN: expected 16 characters") as raised:
        from_environ("catalog", {"FAULT_TOKEN": token})
    assert token not in str(raised.value)


def test_the_token_is_not_printed_with_the_settings() -> None:
    """A settings object in a log or a traceback does not give the token away."""
    assert TOKEN not in repr(from_environ("catalog", {"FAULT_TOKEN": TOKEN}))


def test_an_unknown_log_level_is_refused() -> None:
    """The message names the variable, the value and the choice."""
    with pytest.raises(ConfigError, match=r"^LOG_LEVEL: 'loud' is not one of debug, info, warning, error$"):
        from_environ("catalog", {"LOG_LEVEL": "LOUD"})
