"""A toy service with the shared parts around it, so that they are tested apart from any real one."""

from collections.abc import Callable
from dataclasses import dataclass, field

import pytest
from apiflask import APIBlueprint, APIFlask
from flask.testing import FlaskClient
from prometheus_client import CollectorRegistry
from pydantic import BaseModel, ConfigDict

from services.shared import service
from services.shared.config import Config
from services.shared.faults import FaultBoard
from services.shared.faults_api import expose_to


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
    """Makes toys: `fault_token` switches fault injection on, `check` is the readiness check."""

    def make(fault_token: str | None = None, check: Callable[[], None] = lambda: None) -> Toy:
        clock, registry, drawn = Clock(), CollectorRegistry(), [0.0]
        board = FaultBoard(clock=clock, random=lambda: drawn[0])
        blueprint = APIBlueprint("things", __name__)

        @blueprint.get("/things/<name>")
        def get_thing(name: str) -> dict[str, str]:
            clock.now += 0.2
            if name == "broken":
                raise RuntimeError("secret-detail")
            return {"name": name}

        @blueprint.post("/things")
        @blueprint.input(Note, arg_name="note")
        def add_thing(note: Note) -> dict[str, str]:
            return {"text": note.text}

        expose_to(blueprint, board)
        app = service.build(
            config=Config(service="toy", version="1.2.3", revision="abc", fault_token=fault_token),
            registry=registry,
            blueprints=(blueprint,),
            board=board,
            check=check,
            title="Toy",
            description="A toy.",
            clock=clock,
        )
        return Toy(app, registry, clock, board, drawn)

    return make


@pytest.fixture
def toy(make_toy: Callable[..., Toy]) -> Toy:
    """The toy without fault injection."""
    return make_toy()
