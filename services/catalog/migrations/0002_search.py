"""Products are searched and sorted: a folded text of each, empty where the release before has added a product."""

import unicodedata

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

_IGNORED = str.maketrans("", "", "'’ʼ`")


def upgrade() -> None:
    """Add the column, fill it, and index the new orders."""
    op.add_column("products", sa.Column("search_text", sa.Text))
    products = sa.table("products", *(sa.column(name) for name in ("sku", "name", "description", "category")))
    connection = op.get_bind()
    for sku, *texts in connection.execute(
        sa.select(products.c.sku, products.c.name, products.c.description, products.c.category)
    ).all():
        fill = sa.text("UPDATE products SET search_text = :text WHERE sku = :sku")
        connection.execute(fill, {"text": _folded(" ".join((*texts, sku))), "sku": sku})
    op.create_index("products_by_name", "products", ["name", "sku"])
    op.create_index("products_by_price", "products", ["minor_units", "sku"])


def _folded(text: str) -> str:
    """As the domain folds it in this release; written out, for what has happened does not change with the code."""
    decomposed = unicodedata.normalize("NFKD", text.translate(_IGNORED))
    return " ".join("".join(each for each in decomposed if not unicodedata.combining(each)).casefold().split())
