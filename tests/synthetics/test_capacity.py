"""The capacity search: it finds the rate between what held and what did not, within its bounds."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from synthetics.capacity import MAX_TRIALS, PRECISION, Limit, Trial, search
from synthetics.commands_capacity import EXIT_CODES


class Shop:
    """Holds up to a rate, and remembers what was tried; *generator*: the rate from which that is too slow."""

    def __init__(self, bears: float, generator: float = float("inf")) -> None:
        self.bears, self.generator, self.tried = bears, generator, list[float]()

    def attempt(self, rate: float) -> Trial:
        """One trial."""
        self.tried.append(rate)
        held = rate <= self.bears and rate <= self.generator
        slow = rate > self.generator
        return Trial(rate=rate, held=held, generator=slow, bottleneck=None if held else {"where": f"at {rate}"})


@given(low=st.floats(0.1, 5), ratio=st.floats(1.5, 60), part=st.floats(0.05, 0.95))
def test_the_rate_that_is_found_held_and_a_tenth_more_did_not(low: float, ratio: float, part: float) -> None:
    """Wherever it lies between the lowest and the highest."""
    shop = Shop(bears=low * ratio**part)
    found = search(shop.attempt, low=low, high=low * ratio)
    assert found.rate is not None
    assert found.rate <= shop.bears * 1.0001
    if found.limit is Limit.SHOP:
        assert shop.bears < found.rate * PRECISION * 1.01
    else:
        assert found.limit is Limit.HIGHEST
    assert len(shop.tried) <= MAX_TRIALS


def test_the_usual_search_takes_seven_trials() -> None:
    """From 1 to 32 visits a second: five for the ratio of two, one or two for a tenth, one for the lowest."""
    shop = Shop(bears=9.0)
    found = search(shop.attempt, low=1, high=32)
    assert found.rate == pytest.approx(9, rel=0.1)
    assert len(shop.tried) <= 8


def test_a_shop_that_does_not_bear_the_lowest_has_no_capacity() -> None:
    """One trial tells, and the bottleneck is known."""
    shop = Shop(bears=0.5)
    found = search(shop.attempt, low=1, high=32)
    assert (found.rate, found.limit, shop.tried) == (None, Limit.SHOP, [1])
    assert found.first_failed is not None


def test_a_shop_that_bears_the_highest_is_not_said_to_bear_no_more() -> None:
    """The limit is what was to be tried; the highest itself was."""
    shop = Shop(bears=1000)
    found = search(shop.attempt, low=1, high=32)
    assert (found.rate, found.limit) == (32, Limit.HIGHEST)
    assert found.first_failed is None


def test_a_generator_that_is_too_slow_is_not_the_shops_limit() -> None:
    """What held is a lower bound, and no bottleneck of the shop is named."""
    found = search(Shop(bears=1000, generator=5).attempt, low=1, high=32)
    assert found.limit is Limit.GENERATOR
    assert found.rate is not None
    assert found.rate <= 5
    assert found.first_failed is None


def test_a_trial_that_proves_nothing_ends_the_search() -> None:
    """A Prometheus that died is no limit of the shop: what held until then is said, as what it is."""
    shop = Shop(bears=1000)

    def attempt(rate: float) -> Trial:
        if len(shop.tried) == 2:
            return Trial(rate=rate, held=False, unknown=True, why=("no verdict",))
        return shop.attempt(rate)

    found = search(attempt, low=1, high=32)
    assert (found.limit, len(found.trials), found.first_failed) == (Limit.UNKNOWN, 3, None)
    assert found.rate == shop.tried[-1]
    assert EXIT_CODES[found.limit] == 3


def test_the_bottleneck_is_that_of_the_first_rate_that_was_too_much() -> None:
    """Later ones are nearer to the capacity, where less is full."""
    found = search(Shop(bears=3).attempt, low=1, high=32)
    first = next(trial for trial in found.trials if not trial.held)
    assert found.first_failed is first


def test_no_trial_begins_without_time() -> None:
    """What is known by then is said, as what it is."""
    shop = Shop(bears=9)
    found = search(shop.attempt, low=1, high=32, more=lambda: len(shop.tried) < 3)
    assert (found.limit, len(found.trials)) == (Limit.TIME, 3)
    assert found.rate is not None


def test_a_search_that_is_stopped_says_what_it_knows() -> None:
    """The trial that was broken off is none."""
    shop = Shop(bears=9)
    found = search(lambda rate: shop.attempt(rate) if len(shop.tried) < 2 else None, low=1, high=32)
    assert (found.limit, len(found.trials)) == (Limit.STOPPED, 2)
