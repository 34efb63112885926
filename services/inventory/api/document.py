"""What the OpenAPI document cannot take from the code: the form of ids in paths, and the header with the key."""

from services.inventory.domain.reservation import REF_PATTERN
from services.inventory.domain.stock import SKU_PATTERN
from services.shared.openapi import IDEMPOTENCY_KEY

PATTERNS = {"sku": SKU_PATTERN, "ref": REF_PATTERN}
HEADERS = {"record_movement": IDEMPOTENCY_KEY}
