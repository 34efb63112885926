"""What a request to inject a fault may say: one pydantic model a kind, told apart by `fault`.

A service adds kinds of its own: subclasses of `Fault` whose `fault` is a Literal of one name.

    class StockDrift(Fault):
        fault: Literal["stock-drift"]
        units: int = Field(ge=1, le=100)
"""

from collections.abc import Sequence
from typing import Any, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field, create_model

from services.shared.faults import MAX_SECONDS

MAX_DELAY_SECONDS = 30.0


class Fault(BaseModel):
    """The base of all kinds: how long, and which share of what it is about; by default all of it."""

    model_config = ConfigDict(extra="forbid", strict=True)

    fault: str
    share: float = Field(1.0, ge=0, le=1, allow_inf_nan=False)
    seconds: int = Field(ge=1, le=MAX_SECONDS)

    def value(self) -> dict[str, Any]:
        """What only this kind says."""
        return self.model_dump(exclude=set(Fault.model_fields))


class ErrorsFault(Fault):
    """A share of the requests answers 500."""

    fault: Literal["errors"]
    share: float = Field(ge=0, le=1, allow_inf_nan=False)


class LatencyFault(Fault):
    """A share of the requests is answered *delay_seconds* later."""

    fault: Literal["latency"]
    delay_seconds: float = Field(gt=0, le=MAX_DELAY_SECONDS, allow_inf_nan=False)


class DependencyTimeoutFault(Fault):
    """Calls to the service *peer* get no answer in their time."""

    fault: Literal["dependency-timeout"]
    peer: str = Field(pattern=r"^[a-z][a-z0-9-]{0,31}$")


class DatabaseDownFault(Fault):
    """The service's own database cannot be reached."""

    fault: Literal["database-down"]


class DatabaseSlowFault(Fault):
    """A share of the statements takes *delay_seconds* longer, the connection held meanwhile."""

    fault: Literal["database-slow"]
    delay_seconds: float = Field(gt=0, le=MAX_DELAY_SECONDS, allow_inf_nan=False)


SHARED: tuple[type[Fault], ...] = (
    ErrorsFault,
    LatencyFault,
    DependencyTimeoutFault,
    DatabaseDownFault,
    DatabaseSlowFault,
)


class Kinds:
    """The kinds that one service knows: those of every service and *own* ones.

    Raises:  ValueError: two with one name, or one without a name.
    """

    def __init__(self, own: Sequence[type[Fault]] = ()) -> None:
        self._models: dict[str, type[Fault]] = {}
        for model in (*SHARED, *own):
            names = get_args(model.model_fields["fault"].annotation)
            if len(names) != 1 or names[0] in self._models:
                raise ValueError(f"{model.__name__}.fault: expected a Literal of one name that no other kind has")
            self._models[names[0]] = model
        self.names = tuple(self._models)
        one_of_them: Any = Literal[self.names]
        self._named: type[BaseModel] = create_model("Named", fault=(one_of_them, ...))

    def parse(self, body: Any) -> Fault:
        """The fault that *body* asks for.

        Raises:  ValidationError
        """
        name = self._named.model_validate(body).fault  # type: ignore[attr-defined]  # made two lines above
        return self._models[name].model_validate(body)
