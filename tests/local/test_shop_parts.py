"""The shop as parts of the platform."""

from local.choice import Choice
from local.settings import Settings
from local.shop_parts import processes, shop
from local.shop_run import SECRETS


def test_the_doors_access_log_is_kept_short(settings: Settings) -> None:
    """It is a line a request, and stays from run to run."""
    plan = processes(settings, Choice(), secrets=SECRETS, extra={})
    (door,) = [part for part in shop(settings, Choice(), plan, needs=()) if part.name == "front-door"]
    assert door.writes == (settings.front_door / "access.log",)
