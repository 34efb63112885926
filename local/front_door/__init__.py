"""The one way in: nginx in front of the shop, with the routes, limits and refusals that everybody outside meets."""

from local.front_door.process import OWN_PATH, OWN_STATUS, FrontDoor, running_front_door
from local.front_door.routes import SERVICES
from local.front_door.settings import PORT, DoorSettings

__all__ = ["OWN_PATH", "OWN_STATUS", "PORT", "SERVICES", "DoorSettings", "FrontDoor", "running_front_door"]
