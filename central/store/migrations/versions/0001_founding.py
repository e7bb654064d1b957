"""Found the schema: rooms, boxes, movements, people, and the link to the gateways."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    create_link_centre()
    create_people()
    create_rooms()
    create_badges()
    create_banks()
    create_box_locations()
    create_boxes()
    create_feed_heads()
    create_feed_rows()
    create_gateways()
    create_link_cursors()
    create_link_quarantine()
    create_movements()
    create_person_roles()
    create_sessions()
    create_settings()
    create_columns()
    create_labels()
    create_link_records()
    create_places()
    create_segments()


def downgrade() -> None:
    op.drop_table("segments")
    op.drop_table("places")
    op.drop_table("link_records")
    op.drop_table("labels")
    op.drop_table("columns")
    op.drop_table("settings")
    op.drop_table("sessions")
    op.drop_table("person_roles")
    op.drop_table("movements")
    op.drop_table("link_quarantine")
    op.drop_table("link_cursors")
    op.drop_table("gateways")
    op.drop_table("feed_rows")
    op.drop_table("feed_heads")
    op.drop_table("boxes")
    op.drop_table("box_locations")
    op.drop_table("banks")
    op.drop_table("badges")
    op.drop_table("rooms")
    op.drop_table("people")
    op.drop_table("link_centre")


def create_link_centre() -> None:
    op.create_table(
        "link_centre",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("epoch", sa.String(length=32), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_link_centre")),
    )


def create_people() -> None:
    op.create_table(
        "people",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("login", sa.String(length=60), nullable=True),
        sa.Column("password_hash", sa.String(length=200), nullable=True),
        sa.Column("language", sa.String(length=8), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("failed_tries", sa.Integer(), nullable=False),
        sa.Column("locked_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_people")),
        sa.UniqueConstraint("login", name=op.f("uq_people_login")),
    )


def create_rooms() -> None:
    op.create_table(
        "rooms",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("number", sa.String(length=2), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rooms")),
        sa.UniqueConstraint("number", name=op.f("uq_rooms_number")),
    )


def create_badges() -> None:
    op.create_table(
        "badges",
        sa.Column("code", sa.String(length=16), nullable=False),
        sa.Column("person_id", sa.String(length=36), nullable=False),
        sa.Column("room_id", sa.String(length=32), nullable=False),
        sa.Column("pin_hash", sa.String(length=200), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_badges_person_id_people")),
        sa.ForeignKeyConstraint(["room_id"], ["rooms.id"], name=op.f("fk_badges_room_id_rooms")),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_badges")),
    )
    op.create_index(op.f("ix_badges_person_id"), "badges", ["person_id"], unique=False)
    op.create_index(op.f("ix_badges_room_id"), "badges", ["room_id"], unique=False)


def create_banks() -> None:
    op.create_table(
        "banks",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("room_id", sa.String(length=32), nullable=False),
        sa.Column("key", sa.String(length=8), nullable=False),
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("passable_gap_mm", sa.Integer(), nullable=False),
        sa.Column("speed_mm_s", sa.Integer(), nullable=False),
        sa.Column("sections", sa.Integer(), nullable=False),
        sa.Column("tiers", sa.Integer(), nullable=False),
        sa.Column("slots", sa.Integer(), nullable=False),
        sa.Column(
            "numbering", sa.JSON().with_variant(postgresql.JSONB(astext_type=sa.Text()), "postgresql"), nullable=False
        ),
        sa.CheckConstraint("passable_gap_mm >= 600", name=op.f("ck_banks_passable_gap")),
        sa.ForeignKeyConstraint(["room_id"], ["rooms.id"], name=op.f("fk_banks_room_id_rooms")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_banks")),
        sa.UniqueConstraint("room_id", "key", name=op.f("uq_banks_room_id_key")),
    )


def create_box_locations() -> None:
    op.create_table(
        "box_locations",
        sa.Column("box_code", sa.String(length=16), nullable=False),
        sa.Column("room_id", sa.String(length=32), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("place_key", sa.String(length=40), nullable=True),
        sa.Column("holder_code", sa.String(length=16), nullable=True),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("conflict", sa.String(length=24), nullable=True),
        sa.Column("movement_id", sa.String(length=36), nullable=False),
        sa.Column("order_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["room_id"], ["rooms.id"], name=op.f("fk_box_locations_room_id_rooms")),
        sa.PrimaryKeyConstraint("box_code", name=op.f("pk_box_locations")),
    )
    op.create_index(op.f("ix_box_locations_room_id_place_key"), "box_locations", ["room_id", "place_key"], unique=False)
    op.create_index(op.f("ix_box_locations_room_id_state"), "box_locations", ["room_id", "state"], unique=False)


def create_boxes() -> None:
    op.create_table(
        "boxes",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("room_id", sa.String(length=32), nullable=False),
        sa.Column("code", sa.String(length=16), nullable=False),
        sa.Column("title", sa.String(length=200), nullable=False),
        sa.Column("customer_no", sa.String(length=40), nullable=False),
        sa.Column("customer_name", sa.String(length=120), nullable=False),
        sa.Column("search_text", sa.String(length=600), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["room_id"], ["rooms.id"], name=op.f("fk_boxes_room_id_rooms")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_boxes")),
        sa.UniqueConstraint("code", name=op.f("uq_boxes_code")),
    )
    op.create_index(
        op.f("ix_boxes_customer_no"),
        "boxes",
        ["customer_no"],
        unique=False,
        postgresql_ops={"customer_no": "text_pattern_ops"},
    )
    op.create_index(op.f("ix_boxes_room_id_code"), "boxes", ["room_id", "code"], unique=False)


def create_feed_heads() -> None:
    op.create_table(
        "feed_heads",
        sa.Column("room_id", sa.String(length=32), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(["room_id"], ["rooms.id"], name=op.f("fk_feed_heads_room_id_rooms")),
        sa.PrimaryKeyConstraint("room_id", name=op.f("pk_feed_heads")),
    )


def create_feed_rows() -> None:
    op.create_table(
        "feed_rows",
        sa.Column("room_id", sa.String(length=32), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("body", sa.Text(), nullable=True),
        sa.Column("part", sa.String(length=64), nullable=True),
        sa.Column("up_epoch", sa.String(length=32), nullable=True),
        sa.Column("up_seq", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["room_id"], ["rooms.id"], name=op.f("fk_feed_rows_room_id_rooms")),
        sa.PrimaryKeyConstraint("room_id", "kind", "key", name=op.f("pk_feed_rows")),
    )
    op.create_index(op.f("ix_feed_rows_room_id_revision"), "feed_rows", ["room_id", "revision"], unique=True)


def create_gateways() -> None:
    op.create_table(
        "gateways",
        sa.Column("room_id", sa.String(length=32), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("state_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.String(length=40), nullable=True),
        sa.Column(
            "detail", sa.JSON().with_variant(postgresql.JSONB(astext_type=sa.Text()), "postgresql"), nullable=False
        ),
        sa.ForeignKeyConstraint(["room_id"], ["rooms.id"], name=op.f("fk_gateways_room_id_rooms")),
        sa.PrimaryKeyConstraint("room_id", name=op.f("pk_gateways")),
    )


def create_link_cursors() -> None:
    op.create_table(
        "link_cursors",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("room_id", sa.String(length=32), nullable=False),
        sa.Column("epoch", sa.String(length=32), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("state_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("decided_by", sa.String(length=36), nullable=True),
        sa.Column("through", sa.Integer(), nullable=False),
        sa.Column("through_hash", sa.String(length=64), nullable=False),
        sa.Column("safe", sa.Integer(), nullable=False),
        sa.Column("published", sa.Integer(), nullable=False),
        sa.Column("head", sa.Integer(), nullable=False),
        sa.Column("order_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("forked_at", sa.Integer(), nullable=True),
        sa.Column("heard_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["room_id"], ["rooms.id"], name=op.f("fk_link_cursors_room_id_rooms")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_link_cursors")),
        sa.UniqueConstraint("room_id", "epoch", name=op.f("uq_link_cursors_room_id_epoch")),
    )


def create_link_quarantine() -> None:
    op.create_table(
        "link_quarantine",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("room_id", sa.String(length=32), nullable=False),
        sa.Column("epoch", sa.String(length=32), nullable=False),
        sa.Column("first", sa.Integer(), nullable=False),
        sa.Column("fork_at", sa.Integer(), nullable=True),
        sa.Column("reason", sa.String(length=200), nullable=False),
        sa.Column("records_hash", sa.String(length=64), nullable=False),
        sa.Column("records", sa.LargeBinary(), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["room_id"], ["rooms.id"], name=op.f("fk_link_quarantine_room_id_rooms")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_link_quarantine")),
        sa.UniqueConstraint("room_id", "records_hash", name=op.f("uq_link_quarantine_room_id_records_hash")),
    )


def create_movements() -> None:
    op.create_table(
        "movements",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("room_id", sa.String(length=32), nullable=False),
        sa.Column("box_code", sa.String(length=16), nullable=False),
        sa.Column("action", sa.String(length=16), nullable=False),
        sa.Column("place_key", sa.String(length=40), nullable=True),
        sa.Column("staff_code", sa.String(length=16), nullable=True),
        sa.Column("occurred_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("order_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("source", sa.String(length=16), nullable=False),
        sa.Column("up_epoch", sa.String(length=36), nullable=True),
        sa.Column("up_seq", sa.Integer(), nullable=True),
        sa.Column("late", sa.Boolean(), nullable=False),
        sa.Column("undo_of", sa.String(length=36), nullable=True),
        sa.ForeignKeyConstraint(["room_id"], ["rooms.id"], name=op.f("fk_movements_room_id_rooms")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_movements")),
    )
    op.create_index(
        op.f("ix_movements_box_code_order_at_id"), "movements", ["box_code", "order_at", "id"], unique=False
    )


def create_person_roles() -> None:
    op.create_table(
        "person_roles",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("person_id", sa.String(length=36), nullable=False),
        sa.Column("role", sa.String(length=24), nullable=False),
        sa.Column("room_id", sa.String(length=32), nullable=True),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_person_roles_person_id_people")),
        sa.ForeignKeyConstraint(["room_id"], ["rooms.id"], name=op.f("fk_person_roles_room_id_rooms")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_person_roles")),
        sa.UniqueConstraint("person_id", "role", "room_id", name=op.f("uq_person_roles_person_id_role_room_id")),
    )


def create_sessions() -> None:
    op.create_table(
        "sessions",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("person_id", sa.String(length=36), nullable=False),
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=8), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_sessions_person_id_people")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sessions")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_sessions_token_hash")),
    )
    op.create_index(op.f("ix_sessions_person_id"), "sessions", ["person_id"], unique=False)


def create_settings() -> None:
    op.create_table(
        "settings",
        sa.Column("key", sa.String(length=60), nullable=False),
        sa.Column(
            "value", sa.JSON().with_variant(postgresql.JSONB(astext_type=sa.Text()), "postgresql"), nullable=False
        ),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_by", sa.String(length=36), nullable=True),
        sa.ForeignKeyConstraint(["changed_by"], ["people.id"], name=op.f("fk_settings_changed_by_people")),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_settings")),
    )


def create_columns() -> None:
    op.create_table(
        "columns",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("bank_id", sa.String(length=36), nullable=False),
        sa.Column("no", sa.Integer(), nullable=False),
        sa.Column("fixed", sa.Boolean(), nullable=False),
        sa.Column("width_mm", sa.Integer(), nullable=False),
        sa.Column("faces", sa.String(length=2), nullable=False),
        sa.ForeignKeyConstraint(["bank_id"], ["banks.id"], name=op.f("fk_columns_bank_id_banks")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_columns")),
        sa.UniqueConstraint("bank_id", "no", name=op.f("uq_columns_bank_id_no")),
    )


def create_labels() -> None:
    op.create_table(
        "labels",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("room_id", sa.String(length=32), nullable=False),
        sa.Column("box_id", sa.String(length=36), nullable=False),
        sa.Column("code", sa.String(length=16), nullable=False),
        sa.Column("copy_no", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("state_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("detail", sa.String(length=200), nullable=True),
        sa.Column("issued_by", sa.String(length=36), nullable=False),
        sa.Column("issued_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["box_id"], ["boxes.id"], name=op.f("fk_labels_box_id_boxes")),
        sa.ForeignKeyConstraint(["issued_by"], ["people.id"], name=op.f("fk_labels_issued_by_people")),
        sa.ForeignKeyConstraint(["room_id"], ["rooms.id"], name=op.f("fk_labels_room_id_rooms")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_labels")),
        sa.UniqueConstraint("code", "copy_no", name=op.f("uq_labels_code_copy_no")),
    )
    op.create_index(op.f("ix_labels_box_id"), "labels", ["box_id"], unique=False)


def create_link_records() -> None:
    op.create_table(
        "link_records",
        sa.Column("cursor_id", sa.Integer(), nullable=False),
        sa.Column("seq", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.Column("line", sa.LargeBinary(), nullable=False),
        sa.Column("trouble", sa.String(length=80), nullable=True),
        sa.ForeignKeyConstraint(
            ["cursor_id"], ["link_cursors.id"], name=op.f("fk_link_records_cursor_id_link_cursors")
        ),
        sa.PrimaryKeyConstraint("cursor_id", "seq", name=op.f("pk_link_records")),
    )
    op.create_index(
        "ix_link_records_trouble",
        "link_records",
        ["cursor_id", "seq"],
        unique=False,
        sqlite_where=sa.text("trouble IS NOT NULL"),
        postgresql_where=sa.text("trouble IS NOT NULL"),
    )


def create_places() -> None:
    op.create_table(
        "places",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("room_id", sa.String(length=32), nullable=False),
        sa.Column("bank_id", sa.String(length=36), nullable=False),
        sa.Column("key", sa.String(length=40), nullable=False),
        sa.Column("code", sa.String(length=16), nullable=False),
        sa.Column("column_no", sa.Integer(), nullable=False),
        sa.Column("face", sa.String(length=1), nullable=False),
        sa.Column("section", sa.Integer(), nullable=False),
        sa.Column("tier", sa.Integer(), nullable=False),
        sa.Column("slot", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["bank_id"], ["banks.id"], name=op.f("fk_places_bank_id_banks")),
        sa.ForeignKeyConstraint(["room_id"], ["rooms.id"], name=op.f("fk_places_room_id_rooms")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_places")),
        sa.UniqueConstraint("code", name=op.f("uq_places_code")),
        sa.UniqueConstraint("room_id", "key", name=op.f("uq_places_room_id_key")),
    )
    op.create_index(
        op.f("ix_places_bank_id_column_no_face_section_tier_slot"),
        "places",
        ["bank_id", "column_no", "face", "section", "tier", "slot"],
        unique=True,
    )


def create_segments() -> None:
    op.create_table(
        "segments",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("bank_id", sa.String(length=36), nullable=False),
        sa.Column("no", sa.Integer(), nullable=False),
        sa.Column("first_column", sa.Integer(), nullable=False),
        sa.Column("last_column", sa.Integer(), nullable=False),
        sa.Column("free_aisles", sa.Integer(), nullable=False),
        sa.Column("free_width_mm", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["bank_id"], ["banks.id"], name=op.f("fk_segments_bank_id_banks")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_segments")),
        sa.UniqueConstraint("bank_id", "no", name=op.f("uq_segments_bank_id_no")),
    )
