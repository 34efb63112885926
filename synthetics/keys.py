"""The two keys of probes and load: one signs whose traffic theirs is, the other makes the passwords of their accounts.

Every service holds the first, to check claims. The second is known to probes, to load and to whoever makes the staff
account: what is read in a service makes nobody staff.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from synthetics.host import UsageError

TRAFFIC, PROBE = "TRAFFIC_KEY", "PROBE_KEY"
FILE = "_FILE"
# A key that can be guessed lets anybody hide an outage, or be staff; the services take none that is shorter.
LEAST = 16
_WHY = {
    TRAFFIC: "without the key of the shop's services these requests would be counted as users'",
    PROBE: "the passwords of probes' and load's accounts come of it",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Keys:
    """traffic: signs claims. probe: makes accounts."""

    traffic: str = field(repr=False)
    probe: str = field(repr=False)

    def environment(self) -> dict[str, str]:
        """Of a process that is to have them."""
        return {TRAFFIC: self.traffic, PROBE: self.probe}


def keys_of(environ: Mapping[str, str]) -> Keys:
    """Both keys, each in the variable of its name or in the file that its `…_FILE` names.

    Raises:  UsageError: one cannot be had or guessed too easily, or both are the same.
    """
    found = Keys(traffic=_key(environ, TRAFFIC), probe=probe_key(environ))
    if found.traffic == found.probe:
        raise UsageError(f"{PROBE} is the same as {TRAFFIC}, which every service holds: expected one of its own")
    return found


def probe_key(environ: Mapping[str, str]) -> str:
    """That of the accounts alone.

    Raises:  UsageError: it cannot be had, or guessed too easily.
    """
    return _key(environ, PROBE)


def _key(environ: Mapping[str, str], name: str) -> str:
    key = environ.get(name) or _content(environ, name)
    if len(key) < LEAST:
        said = f"has fewer than {LEAST} characters" if key else "is not set"
        raise UsageError(f"{name} {said}: {_WHY[name]}. Set it, or {name}{FILE} to a file that holds it")
    return key


def _content(environ: Mapping[str, str], name: str) -> str:
    file = environ.get(f"{name}{FILE}")
    if not file:
        return ""
    try:
        return Path(file).read_text(encoding="utf-8").strip()
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is no text"
        raise UsageError(f"{name}{FILE} cannot be read: {reason}") from error
