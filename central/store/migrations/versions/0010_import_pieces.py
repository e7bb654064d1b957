"""Files of customers are kept as they were sent until they are read."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "import_pieces",
        sa.Column("import_id", sa.String(length=36), nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["import_id"], ["imports.id"], name=op.f("fk_import_pieces_import_id_imports")),
        sa.PrimaryKeyConstraint("import_id", "number", name=op.f("pk_import_pieces")),
    )
    # What the code of before was reading, it read in the request: that request is gone, and so is its file.
    op.execute("UPDATE imports SET state = 'receiving' WHERE state = 'staging'")


def downgrade() -> None:
    # The code of before can't read what came in, and has no word for what was refused.
    op.execute("UPDATE imports SET state = 'canceled' WHERE state IN ('receiving', 'staging', 'refused')")
    op.drop_table("import_pieces")
