"""Urges know whether their messages are made."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    alter_urges()


def downgrade() -> None:
    with op.batch_alter_table("urges", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_urges_subject_kind_subject_id"), ["subject_kind", "subject_id"], unique=False
        )
        batch_op.drop_index(batch_op.f("ix_urges_told_at_id"))
        batch_op.drop_column("told_at")


def alter_urges() -> None:
    with op.batch_alter_table("urges", schema=None) as batch_op:
        batch_op.add_column(sa.Column("told_at", sa.DateTime(timezone=True), nullable=True))
        batch_op.create_index(batch_op.f("ix_urges_told_at_id"), ["told_at", "id"], unique=False)
        # the unique key begins with the same columns
        batch_op.drop_index(batch_op.f("ix_urges_subject_kind_subject_id"))
