"""Where load may go: to this machine, or to a host that somebody has named."""

import ipaddress
import re
from collections.abc import Mapping
from urllib.parse import urlsplit

# Of the processes that make load: a worker believes its master no other host.
ALLOWED_HOSTS = "TILLWATCH_LOAD_HOSTS"
_SECONDS = {"s": 1, "min": 60, "h": 3600}


class UsageError(Exception):
    """An option that cannot be used; the message says what was expected."""


def parse_rate(text: str) -> float:
    """Requests per second of "2/s", "90/min" or "600/h".

    Raises:  UsageError: any other form, or nothing per time.
    """
    match = re.fullmatch(r"(\d{1,6}(?:\.\d{1,6})?)/(s|min|h)", text, re.ASCII)
    if match is None or float(match[1]) == 0:
        raise UsageError(f"{text!r} is not a rate: expected a number > 0 per s, min or h, like 2/s or 600/h")
    return float(match[1]) / _SECONDS[match[2]]


def check_host(url: str, allowed: tuple[str, ...]) -> str:
    """*url* without a trailing slash, if load may be sent there: to this machine, or to a host in *allowed*.

    Raises:  UsageError: another host, or no plain http(s) address.
    """
    try:
        parts = urlsplit(url)
        host = parts.hostname
        port = parts.port
    except ValueError as error:
        raise UsageError(f"{_shown(url)} is not an address: {error}") from error
    plain = parts.scheme in ("http", "https") and parts.path in ("", "/") and port != 0
    # What urlsplit leaves out, or takes for part of a name, others may not.
    strange = any(each.isspace() or not each.isprintable() or each == "\\" for each in url)
    if not plain or strange or not host or parts.query or parts.fragment or "@" in parts.netloc:
        raise UsageError(f"{_shown(url)} is not of the form http://HOST:PORT")
    if host not in map(str.lower, allowed) and not _is_loopback(host):
        raise UsageError(
            f"{host} is not this machine: load goes to loopback addresses alone, or to a host that you name "
            f"with --allow-host {host}"
        )
    return url.rstrip("/")


def _shown(url: str) -> str:
    """*url* for a message, without a name and a password that it may hold."""
    return repr(re.sub("//[^/]*@", "//…@", url))


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def allowed_by(environ: Mapping[str, str]) -> tuple[str, ...]:
    """The hosts beyond this machine that a process of the load was started for."""
    return tuple(filter(None, environ.get(ALLOWED_HOSTS, "").split(",")))


def is_loopback(url: str) -> bool:
    """Whether *url* leads to this machine."""
    return _is_loopback(urlsplit(url).hostname or "")
