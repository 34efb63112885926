"""services/inventory/domain: rules that need no storage."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.inventory.domain.discrepancy import Entry, Fault, Finding, findings, newly_oversold
from services.inventory.domain.errors import InvalidLine, InvalidMovement
from services.inventory.domain.reservation import EFFECTS, State
from services.inventory.domain.stock import MAX_UNITS, Kind, Line, Stock, check_quantity, merged

SKUS = st.sampled_from(["A-1", "A1", "B-2", "ZZ"])
LINES = st.lists(st.builds(Line, sku=SKUS, quantity=st.integers(1, 99)), min_size=1, max_size=20)


@given(LINES)
def test_merged_lines_are_one_a_sku_in_order(given_lines: list[Line]) -> None:
    """No unit is lost or gained, and the order is that of the SKUs' characters."""
    found = merged(given_lines)
    skus = [line.sku for line in found]
    assert skus == sorted(set(skus))
    assert {line.sku: line.quantity for line in found} == {
        sku: sum(line.quantity for line in given_lines if line.sku == sku) for sku in skus
    }


@given(LINES, st.randoms())
def test_the_order_of_lines_means_nothing(given_lines: list[Line], random) -> None:
    """A repeat that names the same lines in another order is the same request."""
    shuffled = list(given_lines)
    random.shuffle(shuffled)
    assert merged(shuffled) == merged(given_lines)


@pytest.mark.parametrize(
    ("sku", "quantity"),
    [
        pytest.param("A-1", 0, id="no unit"),
        pytest.param("A-1", -1, id="fewer than none"),
        pytest.param("A-1", MAX_UNITS + 1, id="more than anybody has"),
        pytest.param("a-1", 1, id="a small letter"),
        pytest.param("A", 1, id="too short"),
        pytest.param("A" * 33, 1, id="too long"),
        pytest.param("A-1\n", 1, id="a line's end"),
        pytest.param("", 1, id="nothing"),
    ],
)
def test_a_line_that_nobody_can_mean_is_refused(sku: str, quantity: int) -> None:
    """It never gets as far as a transaction."""
    with pytest.raises(InvalidLine):
        Line(sku=sku, quantity=quantity)


def test_no_lines_are_no_reservation() -> None:
    """There is nothing to hold."""
    with pytest.raises(InvalidLine, match="no lines"):
        merged([])


def test_merged_lines_stay_within_bounds() -> None:
    """Two lines of one SKU may not add up to what one may not say."""
    with pytest.raises(InvalidLine):
        merged([Line(sku="A-1", quantity=MAX_UNITS), Line(sku="A-1", quantity=1)])


def test_what_is_available_is_never_negative() -> None:
    """Broken books never promise fewer than no units."""
    assert Stock(sku="A-1", on_hand=1, reserved=3, version=1).available == 0


@pytest.mark.parametrize("effect", EFFECTS.items(), ids=lambda item: f"{item[0][0]} to {item[0][1]}")
def test_every_change_of_state_keeps_the_books(effect) -> None:
    """On hand moves exactly with a movement; reserved exactly with entering or leaving HELD."""
    (before, after), done = effect
    assert (done.on_hand != 0) == (done.movement is not None)
    assert done.reserved == (after is State.HELD) - (before is State.HELD)


@pytest.mark.parametrize(
    ("kind", "quantity", "allowed"),
    [
        (Kind.RECEIVE, 1, True),
        (Kind.RECEIVE, 0, False),
        (Kind.RECEIVE, -1, False),
        (Kind.RECEIVE, MAX_UNITS + 1, False),
        (Kind.ADJUST, -MAX_UNITS, True),
        (Kind.ADJUST, 0, False),
        (Kind.ADJUST, -MAX_UNITS - 1, False),
        (Kind.COUNT, 0, True),
        (Kind.COUNT, -1, False),
        (Kind.SELL, 1, False),
        (Kind.RETURN, 1, False),
    ],
)
def test_a_kind_allows_its_quantities(kind: Kind, quantity: int, allowed: bool) -> None:
    """What comes in is above 0, a correction is not 0, and nobody writes what reservations write."""
    if allowed:
        check_quantity(kind, quantity)
    else:
        with pytest.raises(InvalidMovement):
            check_quantity(kind, quantity)


@pytest.mark.parametrize(
    ("entry", "expected"),
    [
        pytest.param((10, 3, 3, 10), {}, id="books that agree"),
        pytest.param((10, 5, 3, 10), {Fault.RESERVED_MISMATCH: 2}, id="more reserved than held"),
        pytest.param((10, 1, 3, 10), {Fault.RESERVED_MISMATCH: 2}, id="less reserved than held"),
        pytest.param((12, 3, 3, 10), {Fault.ON_HAND_MISMATCH: 2}, id="more on hand than came in"),
        pytest.param((7, 3, 3, 10), {Fault.ON_HAND_MISMATCH: 3}, id="less on hand than came in"),
        pytest.param((-1, -2, -2, -1), {Fault.NEGATIVE: 3}, id="fewer than none, though the sums agree"),
        pytest.param((4, 4, 4, 1), {Fault.ON_HAND_MISMATCH: 3, Fault.OVERSOLD: 3}, id="held what never came in"),
        pytest.param((0, 0, 0, -2), {Fault.ON_HAND_MISMATCH: 2, Fault.OVERSOLD: 2}, id="sold what never came in"),
    ],
)
def test_books_that_disagree_are_named(entry: tuple[int, int, int, int], expected: dict[Fault, int]) -> None:
    """Each kind of fault with its units; books that agree with nothing."""
    on_hand, reserved, held, moved = entry
    found = findings([Entry(sku="A-1", on_hand=on_hand, reserved=reserved, held=held, moved=moved)])
    assert {finding.fault: finding.units for finding in found} == expected


def _oversold(**units: int) -> tuple[Finding, ...]:
    return tuple(Finding(sku=sku, fault=Fault.OVERSOLD, units=each) for sku, each in units.items())


@pytest.mark.parametrize(
    ("before", "now", "expected"),
    [
        pytest.param(_oversold(), _oversold(A=3), 3, id="all of it the first time"),
        pytest.param(_oversold(A=3), _oversold(A=3), 0, id="nothing while it stands"),
        pytest.param(_oversold(A=3), _oversold(A=5), 2, id="what is added"),
        pytest.param(_oversold(A=3), _oversold(), 0, id="nothing when it ends"),
        pytest.param(_oversold(A=3), _oversold(B=3), 3, id="another SKU, though the sum is the same"),
    ],
)
def test_an_oversold_unit_counts_once(before: tuple[Finding, ...], now: tuple[Finding, ...], expected: int) -> None:
    """The invariant's counter grows by what was not oversold at the reconciliation before."""
    assert newly_oversold(before, now) == expected
