"""What clients send and get, apart from queries."""

from pydantic import BaseModel, ConfigDict, Field

from services.catalog.domain.product import MAX_MINOR_UNITS, Category, Money, Product


class Price(BaseModel):
    """An amount in whole minor units (cents) of an ISO 4217 currency."""

    model_config = ConfigDict(extra="forbid", strict=True)

    minor_units: int = Field(gt=0, le=MAX_MINOR_UNITS, examples=[2490])
    currency: str = Field(pattern="^[A-Z]{3}$", examples=["EUR"])

    def money(self) -> Money:
        """The same in domain terms."""
        return Money(minor_units=self.minor_units, currency=self.currency)


class ProductBody(BaseModel):
    """A product."""

    model_config = ConfigDict(extra="forbid")

    sku: str = Field(examples=["KIT-1001"])
    name: str
    description: str
    category: str = Field(examples=["kitchen"])
    price: Price
    version: int = Field(ge=1, description="Grows with each change; the ETag of the product.")

    @classmethod
    def of(cls, product: Product) -> "ProductBody":
        """*product* as clients see it."""
        price = Price(minor_units=product.price.minor_units, currency=product.price.currency)
        return cls(
            sku=product.sku,
            name=product.name,
            description=product.description,
            category=product.category,
            price=price,
            version=product.version,
        )


class ProductPage(BaseModel):
    """Products in the order that was asked for, and how to ask for the rest."""

    model_config = ConfigDict(extra="forbid")

    items: list[ProductBody]
    next_cursor: str | None = Field(description="Asks for the next page; null on the last.")


class CategoryBody(BaseModel):
    """A category: `slug` is what lists are filtered by, `name` is for people."""

    model_config = ConfigDict(extra="forbid")

    slug: str = Field(examples=["kitchen"])
    name: str = Field(examples=["Kitchen"])
    products: int = Field(ge=0, description="How many products are in it.")

    @classmethod
    def of(cls, category: Category) -> "CategoryBody":
        """*category* as clients see it."""
        return cls(slug=category.slug, name=category.name, products=category.products)


class CategoryList(BaseModel):
    """All categories, by name."""

    model_config = ConfigDict(extra="forbid")

    items: list[CategoryBody]
