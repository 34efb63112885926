"""Buying while the gateway takes the money and its answer is lost: for drills that have it do so.

Somebody switches the fault `timeout-after-charge` on at payments, walks this journey as probes do (`probes=True`), and
switches it off. The order's payment is unknown at first; the shop's worker asks the gateway by key. It passes when the
order is confirmed within a minute and there is one of it.
"""

from synthetics import reserved
from synthetics.browsing import THINK_SECONDS
from synthetics.cart import choosing, making_cart, putting, seeing_cart
from synthetics.cleaning_up import CLEAN_UP
from synthetics.journey import Journey, RunIn
from synthetics.ordering import checking_out, listing, only_order_of_cart, placed, seeing_order
from synthetics.signing_in import SIGN_IN

SETTLED_SECONDS = 60.0
# Above a minute, at two a second, so that an order that comes late is known to be late.
TRIES = 150

TIMEOUT_AFTER_CHARGE = Journey(
    name="timeout-after-charge",
    run_in=frozenset({RunIn.DRILL}),
    think_seconds=THINK_SECONDS,
    signs_in=True,
    steps=(
        choosing(reserved.TO_BUY),
        *SIGN_IN,
        making_cart(),
        putting(),
        seeing_cart(),
        checking_out(placed),
        seeing_order(within_seconds=SETTLED_SECONDS, tries=TRIES),
        listing(only_order_of_cart),
    ),
    clean_up=CLEAN_UP,
)
