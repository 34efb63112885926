"""The tables of users at the latest revision; the migrations make them."""

from sqlalchemy import BigInteger, Column, ForeignKey, Index, Integer, MetaData, String, Table

from services.shared.jobs import job_figures_table

METADATA = MetaData()

USERS = Table(
    "users",
    METADATA,
    Column("user_id", String(40), primary_key=True),
    Column("email", String(254), nullable=False, unique=True),
    Column("name", String(100), nullable=False),
    Column("roles", String(100), nullable=False),
    Column("password_hash", String(255), nullable=False),
    Column("created_at_ms", BigInteger, nullable=False),
    Column("disabled_at_ms", BigInteger),
)

# All refresh tokens that came of one login.
FAMILIES = Table(
    "families",
    METADATA,
    Column("family", String(32), primary_key=True),
    Column("user_id", String(40), ForeignKey("users.user_id"), nullable=False, index=True),
    Column("expires_at_ms", BigInteger, nullable=False, index=True),
    Column("revoked_at_ms", BigInteger),
    Column("refreshes", Integer, nullable=False, server_default="0"),
    Column("refreshes_since_ms", BigInteger, nullable=False, server_default="0"),
)

REFRESH_TOKENS = Table(
    "refresh_tokens",
    METADATA,
    Column("token_sha256", String(64), primary_key=True),
    Column("family", String(32), ForeignKey("families.family", ondelete="CASCADE"), nullable=False),
    Column("expires_at_ms", BigInteger, nullable=False),
    Column("used_at_ms", BigInteger),
    Index("refresh_tokens_by_family", "family"),
    Index("refresh_tokens_by_expiry", "expires_at_ms"),
)

# At passwords, by account and by client address.
ATTEMPTS = Table(
    "attempts",
    METADATA,
    Column("key", String(64), primary_key=True),
    Column("failures", Integer, nullable=False),
    Column("since_ms", BigInteger, nullable=False),
    Column("last_ms", BigInteger, nullable=False, index=True),
    Column("blocked_until_ms", BigInteger, nullable=False),
)

RESET_TOKENS = Table(
    "reset_tokens",
    METADATA,
    Column("token_sha256", String(64), primary_key=True),
    Column("user_id", String(40), ForeignKey("users.user_id"), nullable=False, index=True),
    Column("expires_at_ms", BigInteger, nullable=False, index=True),
)

LETTERS = Table(
    "letters",
    METADATA,
    Column("number", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True),
    Column("kind", String(32), nullable=False),
    Column("email", String(254), nullable=False),
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("next_attempt_at_ms", BigInteger, nullable=False, index=True),
)

# When an account was last written to, for each kind of letter that strangers can bring about.
LAST_LETTERS = Table(
    "last_letters",
    METADATA,
    Column("user_id", String(40), ForeignKey("users.user_id"), primary_key=True),
    Column("kind", String(32), primary_key=True),
    Column("at_ms", BigInteger, nullable=False),
)

JOB_FIGURES = job_figures_table(METADATA)
