"""The shop as parts of the platform."""

from local.choice import Choice
from local.front_door import DoorSettings
from local.settings import Settings
from local.shop_parts import DOOR_FOR_LOAD, doors, processes, shop
from local.shop_run import SECRETS


def test_the_doors_access_log_is_kept_short(settings: Settings) -> None:
    """It is a line a request, and stays from run to run."""
    plan = processes(settings, Choice(), secrets=SECRETS, extra={})
    (door,) = [part for part in shop(settings, Choice(), plan, needs=()) if part.name == "front-door"]
    assert door.writes == (settings.front_door / "access.log",)


def test_a_platform_for_load_lets_one_address_ask_as_often_as_thousands_do(settings: Settings) -> None:
    """The limits of the door and of users are raised; an ordinary platform keeps its own."""
    ordinary, loaded = Choice(), Choice(for_load=True)
    assert doors(settings, ordinary)[0].settings == DoorSettings()
    assert doors(settings, loaded)[0].settings == DOOR_FOR_LOAD
    assert DOOR_FOR_LOAD.requests_per_second >= 1_000
    users = processes(settings, loaded, secrets=SECRETS, extra={}).environment("users")
    assert (users["REGISTRATIONS_PER_HOUR"], users["ATTEMPTS_PER_ADDRESS"]) == ("100000", "100000")
    assert "REGISTRATIONS_PER_HOUR" not in processes(settings, ordinary, secrets=SECRETS, extra={}).environment("users")
