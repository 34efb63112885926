"""What Alembic runs for every service: the migrations of one service on the connection that it is given."""

from alembic import context

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=None,
    # All or nothing, also on SQLite, whose DDL is transactional once the driver's own transactions are off.
    transactional_ddl=True,
    transaction_per_migration=False,
)
context.run_migrations()
