"""The faults that only the inventory has."""

from typing import Annotated, Literal

from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

from services.inventory.api.fields import Sku
from services.shared.fault_models import Fault

STOCK_DRIFT = "stock-drift"
MAX_UNITS = 1000


def _is_some(units: int) -> int:
    if units == 0:
        raise PydanticCustomError("units", "Expected some units")
    return units


class StockDriftFault(Fault):
    """*units* of *sku* come (above 0) or go without a movement, once; by default of the SKU that there is most of.

    The fault ends with its time, the drift does not: as a real one, it stays until somebody finds it.
    """

    fault: Literal["stock-drift"]
    units: Annotated[int, AfterValidator(_is_some)] = Field(ge=-MAX_UNITS, le=MAX_UNITS)
    sku: Sku | None = None


KINDS: tuple[type[Fault], ...] = (StockDriftFault,)
