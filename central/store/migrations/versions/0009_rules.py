"""Rules of time as versions; papers know when their warning comes."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    create_rule_versions()
    alter_documents()


def downgrade() -> None:
    with op.batch_alter_table("documents", schema=None) as batch_op:
        batch_op.drop_column("warn_at")

    op.drop_table("rule_versions")


def create_rule_versions() -> None:
    op.create_table(
        "rule_versions",
        sa.Column("version", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("effective_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column(
            "body", sa.JSON().with_variant(postgresql.JSONB(astext_type=sa.Text()), "postgresql"), nullable=False
        ),
        sa.Column("why", sa.String(length=400), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by", sa.String(length=36), nullable=True),
        sa.ForeignKeyConstraint(["created_by"], ["people.id"], name=op.f("fk_rule_versions_created_by_people")),
        sa.PrimaryKeyConstraint("version", name=op.f("pk_rule_versions")),
    )


def alter_documents() -> None:
    with op.batch_alter_table("documents", schema=None) as batch_op:
        batch_op.add_column(sa.Column("warn_at", sa.DateTime(timezone=True), nullable=True))
    # until now every paper was warned of 12 hours before its end
    dialect = op.get_bind().dialect.name
    before = "due_at - interval '12 hours'"
    if dialect == "sqlite":
        before = "strftime('%Y-%m-%d %H:%M:%f', due_at, '-12 hours') || '000'"
    op.execute(f"UPDATE documents SET warn_at = {before} WHERE due_at IS NOT NULL")  # noqa: S608 - two literals
