"""A service's settings come from the environment, are checked, and keep their secret."""

from pathlib import Path

import pytest

from services.shared.config import PEERS, Config, from_environ
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


def test_the_whole_environment_is_read() -> None:
    """Every variable has its place."""
    secret = "s" * 16
    environ = {
        "APP_VERSION": "1.2.3",
        "APP_REVISION": "abc",
        "LOG_LEVEL": "WARNING",
        "FAULT_TOKEN": secret,
        "DATA_DIR": "/var/lib/shop",
        "DATABASE_URL": "postgresql+psycopg://shop:hunter2@db/orders",
        "REDIS_URL": "redis://:hunter2@cache:6379/0",
        "JWKS_FILE": "/keys/jwks.json",
        "SERVICE_KEY_FILE": "/keys/orders.key.json",
        "SIGNING_KEY_FILE": "/keys/issuer.key.json",
        "PROXIES": "2",
        "TRACES_PER_SECOND": "7",
        "CATALOG_URL": "https://catalog.shop/",
        "INVENTORY_URL": "http://inventory:8002",
        "WEBHOOK_URL": "http://orders:8003/hook",
        "WEBHOOK_KEY": secret,
        "TRAFFIC_KEY": secret,
        "OTEL_EXPORTER_OTLP_ENDPOINT": "http://collector:4318/",
    }
    config = from_environ("orders", environ)
    assert config == Config(
        service="orders",
        version="1.2.3",
        revision="abc",
        log_level="warning",
        fault_token=secret,
        data_dir=Path("/var/lib/shop"),
        database_url="postgresql+psycopg://shop:hunter2@db/orders",
        redis_url="redis://:hunter2@cache:6379/0",
        jwks_file=Path("/keys/jwks.json"),
        service_key_file=Path("/keys/orders.key.json"),
        signing_key_file=Path("/keys/issuer.key.json"),
        proxies=2,
        peers=PEERS | {"catalog": "https://catalog.shop", "inventory": "http://inventory:8002"},
        webhook_url="http://orders:8003/hook",
        webhook_key=secret,
        traffic_key=secret,
        otlp_endpoint="http://collector:4318",
        traces_per_second=7,
    )
    assert not [word for word in (secret, "hunter2") if word in repr(config)]


def test_without_an_environment_a_service_trusts_and_tells_nobody() -> None:
    """No keys, no collector, no Redis; its database is a file of its own, its peers are on this machine."""
    config = from_environ("orders", {})
    assert (config.jwks_file, config.service_key_file, config.redis_url, config.otlp_endpoint) == (None,) * 4
    assert (config.webhook_key, config.traffic_key) == (None, None)
    assert config.database_url == "sqlite:///data/orders.db"
    assert from_environ("orders", {"DATA_DIR": "/d"}).database_url == "sqlite:////d/orders.db"
    assert config.peers["payments"] == "http://127.0.0.1:8005"


@pytest.mark.parametrize("name", ["WEBHOOK_KEY", "TRAFFIC_KEY"])
def test_a_weak_key_is_refused(name: str) -> None:
    """As the fault token is, and not shown either."""
    with pytest.raises(ConfigError, match=rf"^{name}: expected 16 characters") as raised:
        from_environ("orders", {name: "guessable"})
    assert "guessable" not in str(raised.value)


@pytest.mark.parametrize("name", ["CATALOG_URL", "PAYMENTS_URL", "WEBHOOK_URL", "OTEL_EXPORTER_OTLP_ENDPOINT"])
@pytest.mark.parametrize(
    "address",
    ["catalog:8001", "ftp://catalog", "http://", "http://u:hunter2@catalog", "http://c:port", "http://c/?a=1"],
)
def test_an_address_that_is_none_is_refused(name: str, address: str) -> None:
    """The variable is named; the address is not, as it may hold a password."""
    with pytest.raises(ConfigError, match=rf"^{name}: expected http://HOST") as raised:
        from_environ("orders", {name: address})
    assert "hunter2" not in str(raised.value)


@pytest.mark.parametrize(("name", "text"), [("PROXIES", "-1"), ("PROXIES", "9"), ("TRACES_PER_SECOND", "many")])
def test_a_number_that_is_none_is_refused(name: str, text: str) -> None:
    """With the range that it must be in."""
    with pytest.raises(ConfigError, match=rf"^{name}: '{text}' is not a whole number from 0 to \d+$"):
        from_environ("orders", {name: text})
