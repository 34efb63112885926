"""`no-store` where a view or a service asks for it."""

import pytest

from services.shared.auth import public
from services.shared.caching import no_store


def add(blueprint, _) -> None:
    """Two views: one for its caller alone, one that knows better."""

    @blueprint.get("/mine")
    @public
    @no_store
    def mine() -> dict[str, int]:
        return {}

    @blueprint.get("/known")
    @public
    def known() -> tuple[dict[str, int], int, dict[str, str]]:
        return {}, 200, {"Cache-Control": "no-cache"}


@pytest.mark.parametrize(("path", "said"), [("/mine", "no-store"), ("/known", "no-cache"), ("/things/a", None)])
def test_a_view_asks(make_toy, path: str, said: str | None) -> None:
    """Others say what they said before."""
    assert make_toy(add=add).client.get(path).headers.get("Cache-Control") == said


@pytest.mark.parametrize(("path", "said"), [("/mine", "no-store"), ("/known", "no-cache"), ("/things/a", "no-store")])
def test_a_service_asks_for_all_views(make_toy, path: str, said: str) -> None:
    """But for those that say something themselves."""
    assert make_toy(add=add, no_store=True).client.get(path).headers["Cache-Control"] == said
