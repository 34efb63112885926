"""The journeys there are, by name. What they are made of is in `browsing` and `buying`."""

from synthetics.browsing import BROWSE, CATALOG
from synthetics.buying import BUY
from synthetics.journey import Journey

JOURNEYS: dict[str, Journey] = {journey.name: journey for journey in (CATALOG, BROWSE, BUY)}
# What a shape may have shares of: these go through the front door.
VISITS = (BROWSE.name, BUY.name)
