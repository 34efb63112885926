"""The one way in: nginx in front of the shop, with the routes, limits and refusals that everybody outside meets."""

from local.front_door.process import FrontDoor, command, prepare, running_front_door
from local.front_door.routes import SERVICES
from local.front_door.settings import PORT, DoorSettings

__all__ = ["PORT", "SERVICES", "DoorSettings", "FrontDoor", "command", "prepare", "running_front_door"]
