"""The products that are reserved for probes, so that nothing which they do is in a shopper's way. Each has its own use.

Whoever compares the units of a product before and after must be alone with it.
"""

# Their category, which no page of the shop leads to.
CATEGORY = "probe"
TO_BUY = "PROBE-BUY"
TO_DECLINE = "PROBE-DECLINE"
TO_REFUND = "PROBE-REFUND"
PRICE = "PROBE-PRICE"
SOLD_OUT = "PROBE-SOLD-OUT"
STAMPEDE = "PROBE-STAMPEDE"
