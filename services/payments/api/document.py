"""What the OpenAPI document cannot take from the code: the form of a reference in a path, the header with the key."""

from services.payments.domain.payment import REFERENCE_PATTERN
from services.shared.openapi import IDEMPOTENCY_KEY

PATTERNS = {"reference": REFERENCE_PATTERN}
# In each of these, a route of its own answers once a key.
KEYED = ("authorise_payment", "capture_payment", "void_payment", "refund_payment")
HEADERS = dict.fromkeys(KEYED, IDEMPOTENCY_KEY)
