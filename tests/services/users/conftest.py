"""The service of users over a database, with time that passes when a test says so and mail that is kept."""

import re
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from prometheus_client import CollectorRegistry
from sqlalchemy import make_url

from services.shared import migrate
from services.shared.config import Config
from services.shared.database import SQLITE, Database, open_database
from services.shared.identity import USERS_ISSUER
from services.shared.issuer import Issuer, key_file
from services.users.adapters.hashing import Argon2Hasher
from services.users.adapters.signing import AccountSigner
from services.users.app import POST, create_app
from services.users.settings import Settings

EMAIL, PASSWORD = "ada@example.com", "tulip-lantern-42"
AUTH = "/api/v1/auth"


class Clock:
    """Unix seconds that a test moves. They begin late enough for tokens to be good by the wall clock, too."""

    def __init__(self) -> None:
        self.now = 1_700_000_000.0

    def __call__(self) -> float:
        return self.now


@dataclass
class Mailbox:
    """A mailer that keeps what it is given, or refuses it."""

    letters: list[dict[str, str]] = field(default_factory=list)
    down: bool = False

    def send(self, **letter: str) -> None:
        if self.down:
            raise ConnectionRefusedError
        self.letters.append(letter)


@dataclass(frozen=True)
class World:
    """One running service."""

    client: FlaskClient
    database: Database
    registry: CollectorRegistry
    clock: Clock
    mailbox: Mailbox
    issuer: Issuer
    send_mail: Callable[[], int]

    def post(self, path: str, body: Any, **options: Any) -> Any:
        """POST to a route of `/api/v1/auth`."""
        return self.client.post(f"{AUTH}{path}", json=body, **options)

    def register(self, email: str = EMAIL, password: str = PASSWORD, name: str = "Ada") -> Any:
        """Register somebody."""
        return self.post("/register", {"email": email, "password": password, "name": name})

    def log_in(self, email: str = EMAIL, password: str = PASSWORD, **options: Any) -> Any:
        """Log somebody in."""
        return self.post("/login", {"email": email, "password": password}, **options)

    def refresh(self, token: str) -> Any:
        """Use a refresh token."""
        return self.post("/refresh", {"refresh_token": token})

    def ask(self, method: str, path: str, token: str, body: Any = None) -> Any:
        """Ask under `/api/v1/users` with an access token."""
        headers = {"Authorization": f"Bearer {token}"}
        return self.client.open(f"/api/v1/users{path}", method=method, json=body, headers=headers)

    def count(self, name: str, **labels: str) -> float:
        """A counter's value."""
        return self.registry.get_sample_value(name, labels) or 0.0


def link(world: World) -> str:
    """The token in the last mail."""
    found = re.search(r"https://shop\.example/password-reset/(\S+)", world.mailbox.letters[-1]["text"])
    assert found is not None
    return found[1]


@pytest.fixture(scope="session")
def migrated_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty SQLite database at the newest revision; tests get copies, which are made in no time."""
    path = tmp_path_factory.mktemp("migrated") / "users.db"
    made = open_database(f"sqlite:///{path}")
    migrate.upgrade(made, "users")
    made.close()
    return path


@pytest.fixture
def database(database_url: str, migrated_file: Path) -> Iterator[Database]:
    """The database of users at its newest revision, once on SQLite and once on PostgreSQL."""
    if (url := make_url(database_url)).get_backend_name() == SQLITE:
        shutil.copy(migrated_file, str(url.database))
    found = open_database(database_url, pool_size=16, sqlite_synchronous="OFF")
    if found.dialect != SQLITE:
        migrate.upgrade(found, "users")
    yield found
    found.close()


@pytest.fixture(scope="session")
def hasher() -> Argon2Hasher:
    """As in production but for its cost."""
    return Argon2Hasher(memory_kib=8, passes=1)


@pytest.fixture
def make_world(database: Database, hasher: Argon2Hasher, tmp_path: Path) -> Callable[..., World]:
    """Makes the service over the database; *settings* are in place of the ordinary ones."""

    def make(settings: Settings | None = None, hasher: Argon2Hasher = hasher, **options: Any) -> World:
        clock, registry, mailbox = Clock(), CollectorRegistry(), Mailbox()
        issuer = Issuer.create(tmp_path / "keys", now=clock)
        app = create_app(
            database=database,
            registry=registry,
            config=Config(service="users", **options),
            settings=settings or Settings(public_url="https://shop.example"),
            hasher=hasher,
            signer=AccountSigner(key_file(issuer.folder, USERS_ISSUER), issuer.jwks_file, now=clock),
            mailer=mailbox,
            common=frozenset({"password1", "hülsenfrüchte"}),
            verifier=issuer.verifier("users"),
            clock=clock,
            now=clock,
        )
        post = app.extensions[POST]
        return World(app.test_client(), database, registry, clock, mailbox, issuer, post.send_waiting)

    return make


@pytest.fixture
def world(make_world: Callable[..., World]) -> World:
    """The service as it is by itself."""
    return make_world()


@pytest.fixture
def ada(world: World) -> dict[str, Any]:
    """Somebody who is registered and logged in: the answer to her login."""
    world.register()
    answer: dict[str, Any] = world.log_in().json
    return answer
