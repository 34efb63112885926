"""The journeys there are, by name. What they are made of is in the module of each family."""

from synthetics.account_journey import ACCOUNT
from synthetics.browsing import BROWSE, CATALOG
from synthetics.buying import BUY
from synthetics.cancelling import CANCEL_REFUND
from synthetics.declining import DECLINE_RETRY, OUT_OF_STOCK_JOURNEY
from synthetics.double_submit import DOUBLE_SUBMIT
from synthetics.foreign_order import FOREIGN_ORDER
from synthetics.freshness import FRESHNESS
from synthetics.journey import Journey, RunIn
from synthetics.lost_answers import TIMEOUT_AFTER_CHARGE
from synthetics.searching import SEARCH
from synthetics.stampede import STAMPEDE

_ALL = (
    CATALOG,
    BROWSE,
    SEARCH,
    ACCOUNT,
    BUY,
    DECLINE_RETRY,
    OUT_OF_STOCK_JOURNEY,
    DOUBLE_SUBMIT,
    CANCEL_REFUND,
    FOREIGN_ORDER,
    FRESHNESS,
    STAMPEDE,
    TIMEOUT_AFTER_CHARGE,
)
JOURNEYS: dict[str, Journey] = {journey.name: journey for journey in _ALL}
# What a shape may have shares of: these go through the front door.
VISITS = (BROWSE.name, SEARCH.name, BUY.name)


def of(where: RunIn) -> tuple[Journey, ...]:
    """The journeys that may be walked there, in their order."""
    return tuple(journey for journey in JOURNEYS.values() if where in journey.run_in)
