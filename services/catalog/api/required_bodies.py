"""Says in the OpenAPI document that a body which is described has to be sent: the framework leaves it open."""

from typing import Any

from apiflask import APIFlask


def require_bodies(app: APIFlask) -> None:
    """Correct *app*'s document, after whatever else corrects it."""
    finish = app.spec_callback

    def correct(document: dict[str, Any] | str) -> dict[str, Any]:
        finished = document if finish is None else finish(document)
        assert isinstance(finished, dict)
        for operations in finished["paths"].values():
            for operation in operations.values():
                if "requestBody" in operation:
                    operation["requestBody"]["required"] = True
        return finished

    app.spec_processor(correct)
