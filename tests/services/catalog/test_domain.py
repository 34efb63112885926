"""Products and pages: what cannot be sold is refused, and paging loses and repeats nothing."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.catalog.adapters.memory import InMemoryProducts
from services.catalog.domain.browse import list_products
from services.catalog.domain.errors import InvalidProduct, ProductNotFound
from services.catalog.domain.product import Money, Product
from tests.services.catalog.conftest import a_product

PRODUCTS = st.lists(
    st.builds(
        Product,
        sku=st.from_regex(r"[A-Z]{2}-[0-9]{1,3}", fullmatch=True),
        name=st.just("Thing"),
        description=st.just(""),
        category=st.sampled_from(["kitchen", "garden", "office"]),
        price=st.just(Money(minor_units=1, currency="EUR")),
    ),
    max_size=40,
    unique_by=lambda product: product.sku,
)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        pytest.param({"minor_units": 0}, "price 0 is not above 0", id="for nothing"),
        pytest.param({"minor_units": -1}, "price -1 is not above 0", id="for less than nothing"),
        pytest.param({"minor_units": 10**30}, "is above 100000000", id="for more than there is"),
        pytest.param({"currency": "euro"}, "currency 'euro'", id="in no currency"),
        pytest.param({"sku": "kit 1"}, "SKU 'kit 1'", id="a malformed SKU"),
        pytest.param({"sku": "KIT-1\n"}, "SKU 'KIT-1", id="a SKU with a line end"),
        pytest.param({"category": "Kitchen!"}, "category 'Kitchen!'", id="a malformed category"),
        pytest.param({"sku": "PROBE-1"}, "PROBE-… and the category probe", id="a probe among what is sold"),
        pytest.param({"category": "probe"}, "PROBE-… and the category probe", id="what is sold among probes"),
        pytest.param({"name": "  "}, "the name is empty", id="without a name"),
    ],
)
def test_what_cannot_be_sold_is_no_product(change: dict, message: str) -> None:
    """The error names what is wrong."""
    with pytest.raises(InvalidProduct, match=message):
        a_product(**change)


@given(PRODUCTS, st.integers(1, 12), st.sampled_from([None, "kitchen", "garden", "none-such"]))
def test_walking_all_pages_gives_every_product_once(products, limit: int, category: str | None) -> None:
    """In SKU order, whatever the page size and the filter; only the last page ends the walk."""
    repository = InMemoryProducts(products)
    walked, after = [], None
    while True:
        page = list_products(repository, category=category, after=after, limit=limit)
        assert len(page.products) <= limit
        walked += [product.sku for product in page.products]
        if page.next_after is None:
            break
        assert len(page.products) == limit
        after = page.next_after
    assert walked == sorted(product.sku for product in products if category in (None, product.category))


def test_a_page_begins_after_a_product_that_is_gone() -> None:
    """A cursor stays good when its product is taken off sale meanwhile."""
    repository = InMemoryProducts([a_product(sku="KIT-1"), a_product(sku="KIT-3")])
    page = list_products(repository, category=None, after="KIT-2", limit=5)
    assert [product.sku for product in page.products] == ["KIT-3"]


def test_two_products_cannot_share_a_sku() -> None:
    """The second would never be found."""
    with pytest.raises(InvalidProduct, match="KIT-1: is there twice"):
        InMemoryProducts([a_product(), a_product(name="Pot")])


def test_an_unknown_sku_is_told_from_a_known_one() -> None:
    """get finds the product or says that there is none."""
    repository = InMemoryProducts([a_product()])
    assert repository.get("KIT-1").name == "Pan"
    with pytest.raises(ProductNotFound):
        repository.get("KIT-2")
