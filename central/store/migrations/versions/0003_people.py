"""Add organisation, roles in time, absences, audit log and approvals."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    create_audit_heads()
    create_audit_links()
    create_audit_rows()
    create_units()
    create_audit_pending()
    create_absences()
    create_approvals()
    alter_badges()
    alter_people()
    alter_person_roles()
    alter_rooms()
    alter_sessions()


def downgrade() -> None:
    lower_sessions()
    lower_person_roles()
    lower_people_and_rooms()
    for table in ("approvals", "absences", "audit_pending", "units", "audit_rows", "audit_links", "audit_heads"):
        op.drop_table(table)


def lower_sessions() -> None:
    op.drop_index("ix_sessions_former_hash", "sessions")
    with op.batch_alter_table("sessions", schema=None) as batch_op:
        for column in ("agent", "address", "rights", "rotated_at", "former_hash"):
            batch_op.drop_column(column)


def lower_person_roles() -> None:
    # What the older schema can't say is left out rather than turned into a role for ever and everywhere.
    op.execute("DELETE FROM person_roles WHERE unit_id IS NOT NULL OR until_at IS NOT NULL OR withdrawn_at IS NOT NULL")
    for name in ("unit_id", "room_id", "person_id"):
        op.drop_index(f"ix_person_roles_{name}", "person_roles")
    with op.batch_alter_table("person_roles", schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f("fk_person_roles_granted_by_people"), type_="foreignkey")
        batch_op.drop_constraint(batch_op.f("fk_person_roles_withdrawn_by_people"), type_="foreignkey")
        batch_op.drop_constraint(batch_op.f("fk_person_roles_unit_id_units"), type_="foreignkey")
        for column in ("withdrawn_by", "withdrawn_at", "granted_by", "until_at", "from_at", "unit_id"):
            batch_op.drop_column(column)
        batch_op.create_unique_constraint(
            batch_op.f("uq_person_roles_person_id_role_room_id"), ["person_id", "role", "room_id"]
        )


def lower_people_and_rooms() -> None:
    op.drop_index("ix_rooms_unit_id", "rooms")
    op.drop_column("rooms", "unit_id")
    op.drop_index("ix_people_unit_id", "people")
    op.drop_index("ix_people_name_id", "people")
    op.drop_column("people", "must_change_by")
    op.drop_column("people", "unit_id")
    for column in ("end_reason", "ended_at", "valid_until"):
        op.drop_column("badges", column)


def create_audit_heads() -> None:
    op.create_table(
        "audit_heads",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_heads")),
    )


def create_audit_links() -> None:
    op.create_table(
        "audit_links",
        sa.Column("seq", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("row_id", sa.String(length=36), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.Column("chained_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_audit_links")),
        sa.UniqueConstraint("row_id", name=op.f("uq_audit_links_row_id")),
    )


def create_audit_rows() -> None:
    op.create_table(
        "audit_rows",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("act", sa.String(length=40), nullable=False),
        sa.Column("person_id", sa.String(length=36), nullable=True),
        sa.Column("person_name", sa.String(length=200), nullable=False),
        sa.Column("acting_for", sa.String(length=36), nullable=True),
        sa.Column("subject_kind", sa.String(length=24), nullable=False),
        sa.Column("subject_id", sa.String(length=80), nullable=False),
        sa.Column("subject_name", sa.String(length=200), nullable=False),
        sa.Column("why", sa.String(length=500), nullable=False),
        sa.Column(
            "before", sa.JSON().with_variant(postgresql.JSONB(astext_type=sa.Text()), "postgresql"), nullable=False
        ),
        sa.Column(
            "after", sa.JSON().with_variant(postgresql.JSONB(astext_type=sa.Text()), "postgresql"), nullable=False
        ),
        sa.Column("address", sa.String(length=45), nullable=False),
        sa.Column("session_id", sa.String(length=36), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_rows")),
    )
    with op.batch_alter_table("audit_rows", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_audit_rows_at_id"), ["at", "id"], unique=False)
        batch_op.create_index(batch_op.f("ix_audit_rows_person_id_at"), ["person_id", "at"], unique=False)
        batch_op.create_index(
            batch_op.f("ix_audit_rows_subject_kind_subject_id_at"), ["subject_kind", "subject_id", "at"], unique=False
        )


def create_units() -> None:
    op.create_table(
        "units",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("kind", sa.String(length=12), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("parent_id", sa.String(length=36), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["parent_id"], ["units.id"], name=op.f("fk_units_parent_id_units")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_units")),
    )
    with op.batch_alter_table("units", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_units_parent_id"), ["parent_id"], unique=False)


def create_audit_pending() -> None:
    op.create_table(
        "audit_pending",
        sa.Column("row_id", sa.String(length=36), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["row_id"], ["audit_rows.id"], name=op.f("fk_audit_pending_row_id_audit_rows")),
        sa.PrimaryKeyConstraint("row_id", name=op.f("pk_audit_pending")),
    )


def create_absences() -> None:
    op.create_table(
        "absences",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("person_id", sa.String(length=36), nullable=False),
        sa.Column("deputy_id", sa.String(length=36), nullable=True),
        sa.Column("from_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("until_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reason", sa.String(length=200), nullable=False),
        sa.Column("entered_by", sa.String(length=36), nullable=True),
        sa.Column("entered_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["deputy_id"], ["people.id"], name=op.f("fk_absences_deputy_id_people")),
        sa.ForeignKeyConstraint(["entered_by"], ["people.id"], name=op.f("fk_absences_entered_by_people")),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_absences_person_id_people")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_absences")),
    )
    with op.batch_alter_table("absences", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_absences_deputy_id"), ["deputy_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_absences_person_id"), ["person_id"], unique=False)


def create_approvals() -> None:
    op.create_table(
        "approvals",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("act", sa.String(length=24), nullable=False),
        sa.Column("subject_id", sa.String(length=80), nullable=False),
        sa.Column("subject_name", sa.String(length=200), nullable=False),
        sa.Column("unit_id", sa.String(length=36), nullable=True),
        sa.Column(
            "payload", sa.JSON().with_variant(postgresql.JSONB(astext_type=sa.Text()), "postgresql"), nullable=False
        ),
        sa.Column("payload_digest", sa.String(length=64), nullable=False),
        sa.Column("why", sa.String(length=500), nullable=False),
        sa.Column("asked_by", sa.String(length=36), nullable=False),
        sa.Column("asked_for", sa.String(length=36), nullable=True),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("decided_by", sa.String(length=36), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decision_why", sa.String(length=500), nullable=False),
        sa.ForeignKeyConstraint(["asked_by"], ["people.id"], name=op.f("fk_approvals_asked_by_people")),
        sa.ForeignKeyConstraint(["asked_for"], ["people.id"], name=op.f("fk_approvals_asked_for_people")),
        sa.ForeignKeyConstraint(["decided_by"], ["people.id"], name=op.f("fk_approvals_decided_by_people")),
        sa.ForeignKeyConstraint(["unit_id"], ["units.id"], name=op.f("fk_approvals_unit_id_units")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_approvals")),
    )
    with op.batch_alter_table("approvals", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_approvals_act_subject_id"), ["act", "subject_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_approvals_asked_by"), ["asked_by"], unique=False)
        batch_op.create_index(batch_op.f("ix_approvals_state_expires_at"), ["state", "expires_at"], unique=False)


def alter_badges() -> None:
    op.add_column("badges", sa.Column("valid_until", sa.DateTime(timezone=True), nullable=True))
    op.add_column("badges", sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("badges", sa.Column("end_reason", sa.String(length=12), nullable=True))


def alter_people() -> None:
    add_unit_column("people")
    op.add_column("people", sa.Column("must_change_by", sa.DateTime(timezone=True), nullable=True))
    op.create_index(op.f("ix_people_name_id"), "people", ["name", "id"], unique=False)


def alter_person_roles() -> None:
    with op.batch_alter_table("person_roles", schema=None) as batch_op:
        batch_op.add_column(sa.Column("unit_id", sa.String(length=36), nullable=True))
        batch_op.add_column(sa.Column("from_at", sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column("until_at", sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column("granted_by", sa.String(length=36), nullable=True))
        batch_op.add_column(sa.Column("withdrawn_at", sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column("withdrawn_by", sa.String(length=36), nullable=True))
        batch_op.drop_constraint(batch_op.f("uq_person_roles_person_id_role_room_id"), type_="unique")
        batch_op.create_foreign_key(batch_op.f("fk_person_roles_unit_id_units"), "units", ["unit_id"], ["id"])
        batch_op.create_foreign_key(
            batch_op.f("fk_person_roles_withdrawn_by_people"), "people", ["withdrawn_by"], ["id"]
        )
        batch_op.create_foreign_key(batch_op.f("fk_person_roles_granted_by_people"), "people", ["granted_by"], ["id"])
    # Roles of before hold since their person was entered.
    op.execute(
        "UPDATE person_roles SET from_at = (SELECT created_at FROM people WHERE people.id = person_roles.person_id)"
    )
    with op.batch_alter_table("person_roles", schema=None) as batch_op:
        batch_op.alter_column("from_at", existing_type=sa.DateTime(timezone=True), nullable=False)
        batch_op.create_index(batch_op.f("ix_person_roles_person_id"), ["person_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_person_roles_room_id"), ["room_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_person_roles_unit_id"), ["unit_id"], unique=False)


def alter_rooms() -> None:
    add_unit_column("rooms")


def alter_sessions() -> None:
    with op.batch_alter_table("sessions", schema=None) as batch_op:
        batch_op.add_column(sa.Column("former_hash", sa.String(length=64), nullable=True))
        batch_op.add_column(sa.Column("rotated_at", sa.DateTime(timezone=True), nullable=True))
        # Empty rights differ from any: sessions of before get a new token when they are next used.
        batch_op.add_column(sa.Column("rights", sa.String(length=64), nullable=False, server_default=""))
        batch_op.add_column(sa.Column("address", sa.String(length=45), nullable=False, server_default=""))
        batch_op.add_column(sa.Column("agent", sa.String(length=200), nullable=False, server_default=""))
    with op.batch_alter_table("sessions", schema=None) as batch_op:
        for name, length in (("rights", 64), ("address", 45), ("agent", 200)):
            batch_op.alter_column(name, existing_type=sa.String(length=length), server_default=None)
        batch_op.create_index(batch_op.f("ix_sessions_former_hash"), ["former_hash"], unique=False)


def add_unit_column(table: str) -> None:
    """Add a reference to a unit without making the table anew: on SQLite others refer to it."""
    op.execute(
        f"ALTER TABLE {table} ADD COLUMN unit_id VARCHAR(36) CONSTRAINT fk_{table}_unit_id_units REFERENCES units (id)"
    )
    op.create_index(op.f(f"ix_{table}_unit_id"), table, ["unit_id"], unique=False)
