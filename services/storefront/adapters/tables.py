"""The storefront's tables."""

from sqlalchemy import BigInteger, Boolean, Column, Index, Integer, MetaData, String, Table, Text, false

from services.shared.jobs import job_figures_table

METADATA = MetaData()
job_figures_table(METADATA)

SESSIONS = Table(
    "sessions",
    METADATA,
    # SHA-256 of the id in the cookie: whoever reads the table cannot be anybody.
    Column("key", String(64), primary_key=True),
    Column("user_id", String(64)),
    # Name and tokens, sealed.
    Column("customer", Text),
    # As JSON: they are read and written together.
    Column("lines", Text, nullable=False),
    Column("cart_id", String(64)),
    Column("items", Integer, nullable=False),
    Column("is_cart_sought", Boolean, nullable=False, server_default=false()),
    Column("notice", String(400), nullable=False),
    Column("created_at_ms", BigInteger, nullable=False),
    Column("seen_at_ms", BigInteger, nullable=False),
    Column("refreshing_until_ms", BigInteger, nullable=False, server_default="0"),
    Index("sessions_seen", "seen_at_ms"),
    Index("sessions_user", "user_id"),
)
