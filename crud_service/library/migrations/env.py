"""What Alembic runs: the migrations over the connection that the caller opened, all in one transaction."""

from alembic import context

from crud_service.library.sqlmodel_tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata(),
    # SQLite can roll back DDL as well; a start that dies half-way must leave nothing.
    transactional_ddl=True,
)
with context.begin_transaction():
    context.run_migrations()
