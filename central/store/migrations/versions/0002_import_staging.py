"""Stage imports of rooms."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    create_room_import_boxes()
    create_room_import_places()
    create_room_imports()


def downgrade() -> None:
    with op.batch_alter_table("room_imports", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_room_imports_room_id_started_at"))

    op.drop_table("room_imports")
    op.drop_table("room_import_places")
    with op.batch_alter_table("room_import_boxes", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_room_import_boxes_import_id_code"))

    op.drop_table("room_import_boxes")


def create_room_import_boxes() -> None:
    op.create_table(
        "room_import_boxes",
        sa.Column("import_id", sa.String(length=36), nullable=False),
        sa.Column("no", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("code", sa.String(length=16), nullable=False),
        sa.Column("fresh", sa.Boolean(), nullable=False),
        sa.Column("title", sa.String(length=200), nullable=False),
        sa.Column("customer_no", sa.String(length=40), nullable=False),
        sa.Column("customer_name", sa.String(length=120), nullable=False),
        sa.Column("search_text", sa.String(length=600), nullable=False),
        sa.Column("old_title", sa.String(length=200), nullable=True),
        sa.Column("old_customer_no", sa.String(length=40), nullable=True),
        sa.Column("old_customer_name", sa.String(length=120), nullable=True),
        sa.Column("old_search_text", sa.String(length=600), nullable=True),
        sa.Column("place_key", sa.String(length=40), nullable=True),
        sa.Column("movement_id", sa.String(length=36), nullable=False),
        sa.Column("undo_id", sa.String(length=36), nullable=False),
        sa.PrimaryKeyConstraint("import_id", "no", name=op.f("pk_room_import_boxes")),
    )
    with op.batch_alter_table("room_import_boxes", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_room_import_boxes_import_id_code"), ["import_id", "code"], unique=False)


def create_room_import_places() -> None:
    op.create_table(
        "room_import_places",
        sa.Column("import_id", sa.String(length=36), nullable=False),
        sa.Column("no", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("key", sa.String(length=40), nullable=False),
        sa.Column("code", sa.String(length=16), nullable=False),
        sa.Column("bank", sa.String(length=8), nullable=False),
        sa.Column("column_no", sa.Integer(), nullable=False),
        sa.Column("face", sa.String(length=1), nullable=False),
        sa.Column("section", sa.Integer(), nullable=False),
        sa.Column("tier", sa.Integer(), nullable=False),
        sa.Column("slot", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("import_id", "no", name=op.f("pk_room_import_places")),
    )


def create_room_imports() -> None:
    op.create_table(
        "room_imports",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("room_id", sa.String(length=32), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("rows", sa.Integer(), nullable=False),
        sa.Column("staged", sa.Integer(), nullable=False),
        sa.Column("published", sa.Integer(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("applied_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reversed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column(
            "people", sa.JSON().with_variant(postgresql.JSONB(astext_type=sa.Text()), "postgresql"), nullable=False
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_room_imports")),
    )
    with op.batch_alter_table("room_imports", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_room_imports_room_id_started_at"), ["room_id", "started_at"], unique=False)
