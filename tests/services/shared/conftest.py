"""A toy service with the shared parts around it, so that they are tested apart from any real one."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from apiflask import APIBlueprint, APIFlask
from flask.testing import FlaskClient
from prometheus_client import CollectorRegistry
from pydantic import BaseModel, ConfigDict

from services.shared import service
from services.shared.auth import public
from services.shared.config import Config
from services.shared.faults import FaultBoard
from services.shared.faults_api import expose_to
from services.shared.issuer import Issuer
from tests.services.shared.peer_server import PeerServer


class Clock:
    """Seconds that pass when a test says so."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


class Note(BaseModel):
    """A body with fields that may be wrong."""

    model_config = ConfigDict(extra="forbid", strict=True)

    text: str
    tags: dict[str, int] = {}


@dataclass
class Toy:
    """The toy service and everything that a test may turn."""

    app: APIFlask
    registry: CollectorRegistry
    clock: Clock
    board: FaultBoard
    drawn: list[float] = field(default_factory=list)

    @property
    def client(self) -> FlaskClient:
        """A client of the whole WSGI application, the observer around it included."""
        return self.app.test_client()

    def value(self, name: str, **labels: str) -> float | None:
        """A sample of the registry; None where there is no such series."""
        return self.registry.get_sample_value(name, labels)


@pytest.fixture
def make_toy() -> Callable[..., Toy]:
    """Makes toys: *settings* are of its Config, *options* of service.build; *add* puts more views on its blueprint."""

    def make(
        check: Callable[[], None] = lambda: None,
        add: Callable[[APIBlueprint, FaultBoard], None] = lambda _, __: None,
        settings: dict[str, Any] | None = None,
        **options: Any,
    ) -> Toy:
        clock, registry, drawn = Clock(), CollectorRegistry(), [0.0]
        board = FaultBoard(clock=clock, random=lambda: drawn[0])
        blueprint = APIBlueprint("things", __name__)

        @blueprint.get("/things/<name>")
        @public
        def get_thing(name: str) -> dict[str, str]:
            clock.now += 0.2
            if name == "broken":
                raise RuntimeError("secret-detail")
            return {"name": name}

        @blueprint.post("/things")
        @public
        @blueprint.input(Note, arg_name="note")
        def add_thing(note: Note) -> dict[str, str]:
            return {"text": note.text}

        add(blueprint, board)
        expose_to(blueprint, board)
        app = service.build(
            config=Config(service="toy", version="1.2.3", revision="abc", **(settings or {})),
            registry=registry,
            blueprints=(blueprint,),
            board=board,
            check=check,
            title="Toy",
            description="A toy.",
            clock=clock,
            **options,
        )
        return Toy(app, registry, clock, board, drawn)

    return make


@pytest.fixture
def toy(make_toy: Callable[..., Toy]) -> Toy:
    """The toy without fault injection."""
    return make_toy()


@pytest.fixture(scope="session")
def issuer(tmp_path_factory: pytest.TempPathFactory) -> Issuer:
    """Keys and tokens of anybody."""
    return Issuer.create(tmp_path_factory.mktemp("keys"))


@pytest.fixture
def peer_server() -> Iterator[PeerServer]:
    """A server on a real socket that answers, stalls or breaks as a test says."""
    with PeerServer() as server:
        yield server
