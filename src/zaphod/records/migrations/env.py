"""Runs the steps of one chain for `zaphod.records.migration`, on the connection that it hands over."""

from alembic import context

_given = context.config.attributes
context.configure(
    connection=_given["connection"],
    version_table=_given["version_table"],
    version_table_schema=_given["schema"],
    transactional_ddl=False,  # the caller's transaction is the one
)
context.run_migrations()
