"""Where load may go, and how a rate is written."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from synthetics.host import UsageError, check_host, is_loopback, parse_rate


@pytest.mark.parametrize(
    ("text", "per_second"), [("2/s", 2), ("0.5/s", 0.5), ("90/min", 1.5), ("600/h", 1 / 6), ("1000/s", 1000)]
)
def test_rates_are_numbers_per_time(text: str, per_second: float) -> None:
    """Per second, minute or hour."""
    assert parse_rate(text) == pytest.approx(per_second)


@pytest.mark.parametrize(
    "text", ["", "2", "2/", "/s", "0/s", "-1/s", "2/day", "2 /s", "1e9/s", "nan/s", "inf/s", "٢/s"]
)
def test_anything_else_is_no_rate(text: str) -> None:
    """The message says what was expected."""
    with pytest.raises(UsageError, match=r"expected a number > 0 per s, min or h"):
        parse_rate(text)


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:8001",
        "http://localhost:8001/",
        "http://[::1]:8001",
        "http://127.8.9.1",
        "https://127.0.0.1",
    ],
)
def test_this_machine_may_be_loaded(url: str) -> None:
    """Loopback addresses of both kinds."""
    assert check_host(url, ()) == url.rstrip("/")


@pytest.mark.parametrize(
    "url",
    [
        pytest.param("http://192.168.1.4", id="a neighbour"),
        pytest.param("http://10.0.0.1:8001", id="a private network"),
        pytest.param("https://shop.example", id="a name"),
        pytest.param("http://127.0.0.1.evil.example", id="a name that begins like this machine"),
        pytest.param("http://127.0.0.1@evil.example", id="this machine as a user name"),
        pytest.param("http://evil.example#@127.0.0.1", id="this machine behind a fragment"),
        pytest.param("http://localhost.evil.example", id="a name that begins like localhost"),
        pytest.param("http://0.0.0.0:8001", id="every address"),
        pytest.param("http://2130706433", id="a number for an address"),
    ],
)
def test_no_other_machine_may_be(url: str) -> None:
    """Names, tricks and private addresses are refused."""
    with pytest.raises(UsageError):
        check_host(url, ())


@pytest.mark.parametrize(
    "url",
    [
        "127.0.0.1:8001",
        "ftp://127.0.0.1",
        "http://",
        "http://127.0.0.1:99999",
        "http://127.0.0.1/path",
        "http://user:secret@127.0.0.1",
        "http://[::1",
        "http://127.0.0.1:8001\n",
        "http://127.0.0\t.1",
        "http://127.0.0.1\\@evil.example",
        "",
    ],
)
def test_what_is_no_address_is_named(url: str) -> None:
    """The message quotes it."""
    with pytest.raises(UsageError, match="is not"):
        check_host(url, ())


def test_a_named_host_may_be_loaded_and_no_other() -> None:
    """--allow-host opens one door, not all; names of hosts have no case."""
    assert check_host("http://catalog.staging:8001", ("Catalog.Staging",)) == "http://catalog.staging:8001"
    assert check_host("http://catalog.staging:8001", ("catalog.staging",)) == "http://catalog.staging:8001"
    with pytest.raises(UsageError, match=r"orders\.staging is not this machine.*--allow-host orders\.staging"):
        check_host("http://orders.staging:8001", ("catalog.staging",))


@given(st.text(max_size=60))
def test_any_text_is_an_address_or_refused(text: str) -> None:
    """Nothing but UsageError comes out of a strange address."""
    try:
        check_host(f"http://{text}", ())
    except UsageError:
        return
    assert check_host(f"http://{text}", ())


def test_this_machine_is_known_by_its_addresses() -> None:
    """What is measured of this machine belongs to a shop that is here."""
    assert is_loopback("http://127.0.0.1:8000")
    assert not is_loopback("http://shop.example:8000")
