"""Add who has a paper, what a page looks like, and indexes for what waits and what is wrong."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    create_paper_moves()
    alter_contents()
    alter_documents()
    alter_pages()
    alter_uploads()


def downgrade() -> None:
    with op.batch_alter_table("uploads", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_uploads_state_unit_id_uploaded_at"))

    with op.batch_alter_table("pages", schema=None) as batch_op:
        batch_op.drop_column("likeness")

    with op.batch_alter_table("documents", schema=None) as batch_op:
        batch_op.drop_column("copy_verified_at")

    with op.batch_alter_table("contents", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_contents_state"))

    with op.batch_alter_table("paper_moves", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_paper_moves_document_id_at"))

    op.drop_table("paper_moves")


def create_paper_moves() -> None:
    op.create_table(
        "paper_moves",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("document_id", sa.String(length=36), nullable=False),
        sa.Column("kind", sa.String(length=12), nullable=False),
        sa.Column("holder_id", sa.String(length=36), nullable=True),
        sa.Column("person_id", sa.String(length=36), nullable=False),
        sa.Column("acting_for", sa.String(length=36), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("note", sa.String(length=400), nullable=False),
        sa.ForeignKeyConstraint(["acting_for"], ["people.id"], name=op.f("fk_paper_moves_acting_for_people")),
        sa.ForeignKeyConstraint(["document_id"], ["documents.id"], name=op.f("fk_paper_moves_document_id_documents")),
        sa.ForeignKeyConstraint(["holder_id"], ["people.id"], name=op.f("fk_paper_moves_holder_id_people")),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_paper_moves_person_id_people")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_paper_moves")),
    )
    with op.batch_alter_table("paper_moves", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_paper_moves_document_id_at"), ["document_id", "at"], unique=False)


def alter_contents() -> None:
    with op.batch_alter_table("contents", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_contents_state"), ["state"], unique=False)


def alter_documents() -> None:
    with op.batch_alter_table("documents", schema=None) as batch_op:
        batch_op.add_column(sa.Column("copy_verified_at", sa.DateTime(timezone=True), nullable=True))


def alter_pages() -> None:
    with op.batch_alter_table("pages", schema=None) as batch_op:
        batch_op.add_column(sa.Column("likeness", sa.String(length=64), nullable=True))


def alter_uploads() -> None:
    with op.batch_alter_table("uploads", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_uploads_state_unit_id_uploaded_at"), ["state", "unit_id", "uploaded_at"], unique=False
        )
