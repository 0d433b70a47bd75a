"""How Alembic runs inside the house: over the connection that db/migrate.py gives it."""

from alembic import context

from entrepot.db.schema import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    transactional_ddl=True,
    transaction_per_migration=False,
)
with context.begin_transaction():
    context.run_migrations()
