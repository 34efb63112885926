"""Many at once on one reference, on both databases: one charge, and never more given back than was taken."""

import itertools
import threading
from collections import Counter
from collections.abc import Callable, Sequence

import pytest

from services.shared.database import Database
from services.shared.issuer import Issuer
from tests.services.payments.clock import Clock
from tests.services.payments.running_gateway import Gateway

THREADS = 40


@pytest.fixture
def gateway(database: Database, issuer: Issuer, clock: Clock) -> Gateway:
    """A gateway on either database."""
    return Gateway(database, issuer, clock)


def at_once(acts: Sequence[Callable[[], object]]) -> list[object]:
    """What each of *acts* returned; all begin together."""
    barrier = threading.Barrier(len(acts), timeout=20)
    found: list[object] = [None] * len(acts)

    def run(number: int) -> None:
        barrier.wait()
        found[number] = acts[number]()

    threads = [threading.Thread(target=run, args=(number,)) for number in range(len(acts))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return found


def test_forty_authorise_one_reference(gateway: Gateway, reference: str) -> None:
    """Half with one key, half each with its own: all hear the same, the money is held once."""
    keys = ["same" if number % 2 else f"own-{number}" for number in range(THREADS)]
    codes = at_once([lambda key=key: gateway.authorise(reference, key=key).status_code for key in keys])
    assert codes == [201] * THREADS
    assert gateway.entries(reference) == [("AUTHORISE", 2490)]


def test_forty_capture_one_reference(gateway: Gateway, reference: str) -> None:
    """All are told that it is captured; it is, once."""
    gateway.authorise(reference)
    keys = ["same" if number % 2 else f"own-{number}" for number in range(THREADS)]
    codes = at_once([lambda key=key: gateway.capture(reference, key=key).status_code for key in keys])
    assert codes == [200] * THREADS
    assert gateway.entries(reference) == [("AUTHORISE", 2490), ("CAPTURE", 2490)]
    assert gateway.value("shop_payments_total", **_captures("done")) == 1


def test_forty_refunds_of_one_capture(gateway: Gateway, reference: str) -> None:
    """Of forty times 1.00 out of 24.90, exactly 24 are given back."""
    gateway.authorise(reference)
    gateway.capture(reference)
    codes = at_once([lambda: gateway.refund(reference, 100).status_code for _ in range(THREADS)])
    assert Counter(codes) == {201: 24, 409: 16}
    assert gateway.payment(reference)["refunded"] == 2400
    assert Counter(gateway.entries(reference))[("REFUND", 100)] == 24


def test_forty_repeats_of_one_refund(gateway: Gateway, reference: str) -> None:
    """One key is one refund."""
    gateway.authorise(reference)
    gateway.capture(reference)
    ids = at_once([lambda: gateway.refund(reference, 100, key="r").json["refund_id"] for _ in range(THREADS)])
    assert len(set(ids)) == 1
    assert gateway.payment(reference)["refunded"] == 100


def test_capture_and_void_exclude_one_another(gateway: Gateway, reference: str) -> None:
    """Of either sort twenty, on one reference: what wins is true for all."""
    gateway.authorise(reference)
    acts = [lambda: gateway.capture(reference).status_code, lambda: gateway.void(reference).status_code]
    codes = Counter(at_once(list(itertools.islice(itertools.cycle(acts), THREADS))))
    assert codes == {200: THREADS // 2, 409: THREADS // 2}
    kinds = [kind for kind, _ in gateway.entries(reference)]
    assert kinds in (["AUTHORISE", "CAPTURE"], ["AUTHORISE", "VOID"])


def test_authorise_and_void_leave_nothing_held(gateway: Gateway) -> None:
    """Whichever comes first on each of twenty references: after the void no money is held, and none can be."""
    references = [f"ord_{number:032x}" for number in range(THREADS // 2)]
    acts = [
        act
        for each in references
        for act in (
            lambda each=each: gateway.authorise(each).status_code,
            lambda each=each: gateway.void(each).status_code,
        )
    ]
    codes = at_once(acts)
    assert set(codes[1::2]) == {200}
    for each, code in zip(references, codes[::2], strict=True):
        kinds = [kind for kind, _ in gateway.entries(each)]
        assert (code, kinds) in ((201, ["AUTHORISE", "VOID"]), (409, ["VOID"]))
        assert gateway.payment(each)["state"] == "VOIDED"


def _captures(outcome: str) -> dict[str, str]:
    return {"operation": "capture", "outcome": outcome, "decline_code": "none", "traffic": "user"}
