"""The test issuer: makes the keys of people's and services' tokens, and tokens of anybody for tests and drills.

    python -m services.shared.issuer keys FOLDER
    python -m services.shared.issuer token --keys FOLDER --role customer --subject u-1 --audience orders

Whoever can read its folder can be anybody. Production has the users service, and one key a service, in its place.
"""

import argparse
import json
import os
import sys
import time
from collections.abc import Callable, Collection, Sequence
from pathlib import Path
from typing import Any

from services.shared.errors import ConfigError
from services.shared.identity import ROLES, SERVICE_PREFIX, USERS_ISSUER
from services.shared.service_tokens import ServiceTokens
from services.shared.signing import SigningKey
from services.shared.tokens import JwksVerifier

__all__ = ["SERVICES", "Issuer", "ServiceTokens", "key_file"]

SERVICES = ("catalog", "inventory", "orders", "payments", "users")
JWKS_FILE = "jwks.json"
TTL_SECONDS = 600.0


def key_file(folder: Path, issuer: str) -> Path:
    """Where *folder* holds the private key of *issuer*: `issuer.key.json`, `orders.key.json`."""
    stem = issuer.removeprefix(SERVICE_PREFIX) if issuer.startswith(SERVICE_PREFIX) else "issuer"
    return folder / f"{stem}.key.json"


class Issuer:
    """Keys of the users' issuer and of each service, in *folder*, and tokens that they sign.

    Args:    now: Unix seconds.
    """

    def __init__(self, folder: Path, keys: Collection[SigningKey], now: Callable[[], float]) -> None:
        self.folder = folder
        self.jwks_file = folder / JWKS_FILE
        self._keys = {key.issuer: key for key in keys}
        self._now = now

    @classmethod
    def create(cls, folder: Path, *, now: Callable[[], float] = time.time) -> "Issuer":
        """The issuer that keeps its keys in *folder*: those that are there, and new ones for the rest.

        Raises:  ConfigError: a key that is there cannot be read.  OSError: the folder cannot be used.
        """
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        keys = [_kept_or_new(folder, name) for name in (USERS_ISSUER, *(SERVICE_PREFIX + each for each in SERVICES))]
        document = json.dumps({"keys": [key.public() for key in keys]}, indent=1)
        # Replaced whole: services that run read the file whenever it changes.
        unfinished = folder / f".{JWKS_FILE}.{os.getpid()}"
        unfinished.write_text(document + "\n", encoding="utf-8")
        unfinished.replace(folder / JWKS_FILE)
        return cls(folder, keys, now)

    def token(
        self, subject: str, roles: Collection[str], audience: str, ttl: float = TTL_SECONDS, **claims: Any
    ) -> str:
        """A token of *subject* for the service *audience*, for *ttl* seconds: `service:NAME` signs for itself.

        Args:    claims: others in place of what it would say; for tests of what must be refused.
        Raises:  ConfigError: a service that has no key here.
        """
        issuer = subject if subject.startswith(SERVICE_PREFIX) else USERS_ISSUER
        if issuer not in self._keys:
            raise ConfigError(f"{subject}: not one of {', '.join(SERVICES)}")
        key = self._keys[issuer]
        return key.sign(subject=subject, roles=roles, audience=audience, ttl=ttl, now=self._now(), **claims)

    def bearer(self, subject: str, roles: Collection[str], audience: str) -> dict[str, str]:
        """The request header with such a token."""
        return {"Authorization": f"Bearer {self.token(subject, roles, audience)}"}

    def verifier(self, audience: str) -> JwksVerifier:
        """A verifier that trusts every key of this issuer."""
        return JwksVerifier(self.jwks_file, audience, self._keys.keys(), now=self._now)

    def service_tokens(self, service: str) -> ServiceTokens:
        """The tokens that *service* makes with its key."""
        return ServiceTokens(key_file(self.folder, SERVICE_PREFIX + service), service, now=self._now)


def _kept_or_new(folder: Path, issuer: str) -> SigningKey:
    path = key_file(folder, issuer)
    if path.exists():
        return SigningKey.load(path)
    key = SigningKey.create(issuer)
    key.save(path)
    return key


def _parse(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m services.shared.issuer", description="The test issuer.")
    commands = parser.add_subparsers(dest="command", required=True)
    keys = commands.add_parser("keys", help="make the keys that are missing in FOLDER")
    keys.add_argument("folder", type=Path, metavar="FOLDER")
    token = commands.add_parser("token", help="print a token")
    token.add_argument("--keys", type=Path, default=os.environ.get("KEYS_DIR"), help="the folder; else KEYS_DIR")
    token.add_argument("--role", action="append", required=True, choices=sorted(ROLES), help="may be repeated")
    token.add_argument("--subject", required=True)
    token.add_argument("--audience", required=True, choices=SERVICES)
    token.add_argument("--ttl", type=float, default=TTL_SECONDS, help="seconds")
    parsed = parser.parse_args(arguments)
    if parsed.command == "token" and (parsed.keys is None or not parsed.keys.is_dir()):
        parser.error("token: --keys FOLDER (or KEYS_DIR) has to name the folder that `keys FOLDER` made")
    return parsed


def main(arguments: Sequence[str]) -> int:
    """The command. Returns its exit code."""
    parsed = _parse(arguments)
    try:
        if parsed.command == "keys":
            print(Issuer.create(parsed.folder).jwks_file)
        else:
            print(Issuer.create(parsed.keys).token(parsed.subject, parsed.role, parsed.audience, parsed.ttl))
    except (ConfigError, OSError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
