"""Alembic's entry: runs the revisions on the connection that `central.store.migrate` hands over."""

from __future__ import annotations

from alembic import context

from central.store.schema import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    # SQLite can't alter a table in place; Alembic then copies it.
    render_as_batch=True,
)
with context.begin_transaction():
    context.run_migrations()
