"""First tables, and the triggers by which the database itself keeps the books."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


NOT_AHEAD = {
    "postgresql": "event_at <= recorded_at + interval '15 minutes'",
    "sqlite": "julianday(event_at) <= julianday(recorded_at, '+15 minutes', '+1 second')",
}
APPEND_ONLY = (
    "access_row",
    "audit_row",
    "batch",
    "document_print",
    "handover_event",
    "handover_line",
    "move",
    "stock_document",
    "zone_match",
)
_EXPIRED = """
    NEW.flag = '' AND EXISTS (
      SELECT 1 FROM batch, place AS source, place AS target
      WHERE batch.id = NEW.batch_id AND source.id = NEW.from_place_id AND target.id = NEW.to_place_id
        AND batch.expires_on < NEW.event_on
        AND target.kind IN ('household', 'contested', 'post')
        AND source.kind IN ('supplier', 'warehouse', 'quarantine', 'vehicle', 'post', 'assembly'))
"""


def triggers(dialect: str) -> list[str]:
    """Give the triggers of this version, frozen here: the models' own may change later."""
    if dialect == "sqlite":
        made = [
            f"CREATE TRIGGER {table}_no_{verb.lower()} BEFORE {verb} ON {table} "
            f"BEGIN SELECT RAISE(ABORT, 'append-only: {table}'); END"
            for table in APPEND_ONLY
            for verb in ("UPDATE", "DELETE")
        ]
        return [
            *made,
            f"CREATE TRIGGER move_not_expired BEFORE INSERT ON move WHEN {_EXPIRED} "
            "BEGIN SELECT RAISE(ABORT, 'expired: move'); END",
        ]
    return [
        "CREATE OR REPLACE FUNCTION tanggap_append_only() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION 'append-only: %', TG_TABLE_NAME; END $$",
        *(
            f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE ON {table} "
            "FOR EACH ROW EXECUTE FUNCTION tanggap_append_only()"
            for table in APPEND_ONLY
        ),
        "CREATE OR REPLACE FUNCTION tanggap_move_not_expired() RETURNS trigger LANGUAGE plpgsql AS "
        f"$$ BEGIN IF {_EXPIRED} THEN RAISE EXCEPTION 'expired: move'; END IF; RETURN NEW; END $$",
        "CREATE TRIGGER move_not_expired BEFORE INSERT ON move "
        "FOR EACH ROW EXECUTE FUNCTION tanggap_move_not_expired()",
    ]


def upgrade() -> None:
    op.create_table(
        "access_row",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("regency_code", sa.Text(), nullable=False),
        sa.Column("actor_kind", sa.Text(), nullable=False),
        sa.Column("actor_id", sa.Text(), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("subject_ids", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_access_row")),
    )
    with op.batch_alter_table("access_row", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_access_row_actor_id"), ["actor_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_access_row_at"), ["at"], unique=False)

    op.create_table(
        "audit_row",
        sa.Column("seq", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("regency_code", sa.Text(), nullable=False),
        sa.Column("actor_kind", sa.Text(), nullable=False),
        sa.Column("actor_id", sa.Text(), nullable=False),
        sa.Column("roles", sa.Text(), nullable=False),
        sa.Column("request_id", sa.Text(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("subject_id", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("facts", sa.Text(), nullable=False),
        sa.Column("prev", sa.Text(), nullable=False),
        sa.Column("hash", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_audit_row")),
        sa.UniqueConstraint("hash", name=op.f("uq_audit_row_hash")),
    )
    with op.batch_alter_table("audit_row", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_audit_row_subject_subject_id"), ["subject", "subject_id"], unique=False)

    op.create_table(
        "batch_series",
        sa.Column("regency_code", sa.Text(), nullable=False),
        sa.Column("year", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("last_no", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("regency_code", "year", name=op.f("pk_batch_series")),
    )
    op.create_table(
        "handover_event",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("regency_code", sa.Text(), nullable=False),
        sa.Column("payload", sa.LargeBinary(), nullable=False),
        sa.Column("payload_sha256", sa.Text(), nullable=False),
        sa.Column("signature", sa.LargeBinary(), nullable=True),
        sa.Column("device_id", sa.Uuid(), nullable=True),
        sa.Column("device_seq", sa.Integer(), nullable=True),
        sa.Column("prev_sha256", sa.Text(), nullable=True),
        sa.Column("happened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("received_by", sa.Text(), nullable=False),
        sa.Column(
            "outcome",
            sa.Enum(
                "accepted",
                "duplicate",
                "double",
                "not_on_list",
                "revoked",
                "late",
                "quarantined",
                "parked",
                name="outcome",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_handover_event")),
        sa.UniqueConstraint("device_id", "device_seq", name=op.f("uq_handover_event_device_id_device_seq")),
    )
    op.create_table(
        "household_counter",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("last_no", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_household_counter")),
    )
    op.create_table(
        "household_word",
        sa.Column("word", sa.Text(), nullable=False),
        sa.Column("row_no", sa.Integer(), autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("word", "row_no", name=op.f("pk_household_word")),
        sqlite_with_rowid=False,
    )
    with op.batch_alter_table("household_word", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_household_word_row_no"), ["row_no"], unique=False)

    op.create_table(
        "idempotency",
        sa.Column("actor_id", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("route", sa.Text(), nullable=False),
        sa.Column("body_sha256", sa.Text(), nullable=False),
        sa.Column("status", sa.Integer(), nullable=True),
        sa.Column("answer", sa.Text(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("actor_id", "key", name=op.f("pk_idempotency")),
    )
    with op.batch_alter_table("idempotency", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_idempotency_at"), ["at"], unique=False)

    op.create_table(
        "item",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("name_id", sa.Text(), nullable=False),
        sa.Column("name_en", sa.Text(), nullable=False),
        sa.Column(
            "category",
            sa.Enum(
                "pangan",
                "sandang_nonpangan",
                "papan",
                "paket",
                "bansos",
                name="category",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("base_unit", sa.Text(), nullable=False),
        sa.Column("step_milli", sa.BigInteger(), nullable=False),
        sa.Column("does_expire", sa.Boolean(), nullable=False),
        sa.Column("is_durable", sa.Boolean(), nullable=False),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "step_milli = CAST(step_milli AS BIGINT) AND step_milli BETWEEN 1 AND 1000000000000000",
            name=op.f("ck_item_step_milli"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_item")),
        sa.UniqueConstraint("code", name=op.f("uq_item_code")),
    )
    op.create_table(
        "job_run",
        sa.Column("job", sa.Text(), nullable=False),
        sa.Column("slot", sa.Text(), nullable=False),
        sa.Column("regency_code", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("job", "slot", "regency_code", name=op.f("pk_job_run")),
    )
    op.create_table(
        "login_attempt",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("username_sha256", sa.Text(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("did_succeed", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_login_attempt")),
    )
    with op.batch_alter_table("login_attempt", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_login_attempt_address_at"), ["address", "at"], unique=False)
        batch_op.create_index(
            batch_op.f("ix_login_attempt_username_sha256_at"), ["username_sha256", "at"], unique=False
        )

    op.create_table(
        "number_reveal",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("regency_code", sa.Text(), nullable=False),
        sa.Column("actor_id", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("subject_id", sa.Uuid(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_number_reveal")),
    )
    with op.batch_alter_table("number_reveal", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_number_reveal_actor_id_at"), ["actor_id", "at"], unique=False)

    op.create_table(
        "office",
        sa.Column("regency_code", sa.Text(), nullable=False),
        sa.Column("regency_name", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("short_name", sa.Text(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("contact", sa.Text(), nullable=False),
        sa.Column("seat", sa.Text(), nullable=False),
        sa.Column("time_zone", sa.Text(), nullable=False),
        sa.Column("unit_code", sa.Text(), nullable=False),
        sa.Column("classification", sa.Text(), nullable=False),
        sa.Column("paper_size", sa.Text(), nullable=False),
        sa.Column("is_demo", sa.Boolean(), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("regency_code", name=op.f("pk_office")),
    )
    op.create_table(
        "package_series",
        sa.Column("regency_code", sa.Text(), nullable=False),
        sa.Column("year", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("last_no", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("regency_code", "year", name=op.f("pk_package_series")),
    )
    op.create_table(
        "package_standard",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("regency_code", sa.Text(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("name_id", sa.Text(), nullable=False),
        sa.Column("name_en", sa.Text(), nullable=False),
        sa.Column("days", sa.Integer(), nullable=False),
        sa.Column(
            "state",
            sa.Enum("draft", "approved", "retired", name="state", native_enum=False, create_constraint=True, length=32),
            nullable=False,
        ),
        sa.Column("legal_source", sa.Text(), nullable=False),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.Column("created_by_name", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("approved_by", sa.Text(), nullable=True),
        sa.Column("approved_by_name", sa.Text(), nullable=True),
        sa.Column("approved_on", sa.Date(), nullable=True),
        sa.CheckConstraint(
            "days = CAST(days AS BIGINT) AND days BETWEEN 1 AND 31", name=op.f("ck_package_standard_days")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_package_standard")),
        sa.UniqueConstraint(
            "regency_code", "code", "version", name=op.f("uq_package_standard_regency_code_code_version")
        ),
    )
    op.create_table(
        "place",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("regency_code", sa.Text(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "supplier",
                "warehouse",
                "quarantine",
                "vehicle",
                "post",
                "assembly",
                "household",
                "contested",
                "adjustment",
                "loss",
                name="kind",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("village_code", sa.Text(), nullable=True),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("lon_deg", sa.Double(), nullable=True),
        sa.Column("lat_deg", sa.Double(), nullable=True),
        sa.Column("parent_id", sa.Uuid(), nullable=True),
        sa.Column("is_closed", sa.Boolean(), nullable=False),
        sa.CheckConstraint("(lon_deg IS NULL) = (lat_deg IS NULL)", name=op.f("ck_place_position_whole")),
        sa.CheckConstraint(
            "lon_deg BETWEEN -180 AND 180 AND lat_deg BETWEEN -90 AND 90", name=op.f("ck_place_position_range")
        ),
        sa.ForeignKeyConstraint(["parent_id"], ["place.id"], name=op.f("fk_place_parent_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_place")),
        sa.UniqueConstraint("regency_code", "code", name=op.f("uq_place_regency_code_code")),
    )
    with op.batch_alter_table("place", schema=None) as batch_op:
        batch_op.create_index(
            "uq_place_regency_code_kind_sink",
            ["regency_code", "kind"],
            unique=True,
            sqlite_where=sa.text("kind IN ('household', 'contested', 'adjustment', 'loss')"),
            postgresql_where=sa.text("kind IN ('household', 'contested', 'adjustment', 'loss')"),
        )

    op.create_table(
        "region",
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("parent_code", sa.Text(), nullable=True),
        sa.Column(
            "level",
            sa.Enum(
                "province",
                "regency",
                "district",
                "village",
                name="level",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("bps_code", sa.Text(), nullable=True),
        sa.Column("bps_name", sa.Text(), nullable=True),
        sa.Column("regency_code", sa.Text(), nullable=True),
        sa.Column("time_zone", sa.Text(), nullable=True),
        sa.Column("name_key", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["parent_code"], ["region.code"], name=op.f("fk_region_parent_code")),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_region")),
    )
    with op.batch_alter_table("region", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_region_bps_code"), ["bps_code"], unique=False)
        batch_op.create_index(batch_op.f("ix_region_parent_code"), ["parent_code"], unique=False)
        batch_op.create_index(batch_op.f("ix_region_regency_code_level"), ["regency_code", "level"], unique=False)

    op.create_table(
        "registry_stamp",
        sa.Column("regency_code", sa.Text(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("regency_code", name=op.f("pk_registry_stamp")),
    )
    op.create_table(
        "snapshot",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("regency_code", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("as_of_on", sa.Date(), nullable=False),
        sa.Column("agreement_no", sa.Text(), nullable=False),
        sa.Column("file_sha256", sa.Text(), nullable=False),
        sa.Column("file_name", sa.Text(), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "staged",
                "current",
                "replaced",
                "discarded",
                name="state",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("households", sa.Integer(), nullable=False),
        sa.Column("members", sa.Integer(), nullable=False),
        sa.Column("lists_members", sa.Boolean(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("current_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_snapshot")),
    )
    with op.batch_alter_table("snapshot", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_snapshot_regency_code_file_sha256"), ["regency_code", "file_sha256"], unique=False
        )
        batch_op.create_index(
            batch_op.f("ix_snapshot_regency_code_source_state"), ["regency_code", "source", "state"], unique=False
        )

    op.create_table(
        "stock_document",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("regency_code", sa.Text(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "receipt",
                "transfer",
                "dispatch",
                "handover",
                "return",
                "reversal",
                "adjustment",
                "write_off",
                name="kind",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("number", sa.Text(), nullable=True),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("subject_id", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("event_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("event_on", sa.Date(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor_id", sa.Text(), nullable=False),
        sa.CheckConstraint(NOT_AHEAD[op.get_bind().dialect.name], name=op.f("ck_stock_document_event_not_ahead")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_stock_document")),
        sa.UniqueConstraint("regency_code", "kind", "number", name=op.f("uq_stock_document_regency_code_kind_number")),
    )
    with op.batch_alter_table("stock_document", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_stock_document_regency_code_recorded_at"), ["regency_code", "recorded_at"], unique=False
        )
        batch_op.create_index(
            batch_op.f("ix_stock_document_subject_subject_id"), ["subject", "subject_id"], unique=False
        )
        batch_op.create_index(
            "uq_stock_document_handover",
            ["subject_id"],
            unique=True,
            sqlite_where=sa.text("kind = 'handover'"),
            postgresql_where=sa.text("kind = 'handover'"),
        )

    op.create_table(
        "api_token",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("regency_code", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("token_sha256", sa.Text(), nullable=False),
        sa.Column(
            "role",
            sa.Enum(
                "ADM",
                "LOG",
                "HEAD",
                "WHK",
                "BPBD",
                "VOL",
                "VIL",
                "AUD",
                name="role",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column(
            "scope",
            sa.Enum(
                "office",
                "district",
                "village",
                "place",
                name="scope",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("scope_id", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["regency_code"], ["office.regency_code"], name=op.f("fk_api_token_regency_code")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_api_token")),
        sa.UniqueConstraint("token_sha256", name=op.f("uq_api_token_token_sha256")),
    )
    op.create_table(
        "batch",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("regency_code", sa.Text(), nullable=False),
        sa.Column("item_id", sa.Uuid(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column(
            "funding_source",
            sa.Enum(
                "apbn",
                "apbd_provinsi",
                "apbd",
                "hibah",
                "csr",
                name="funding_source",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("incoming_document", sa.Text(), nullable=False),
        sa.Column("expires_on", sa.Date(), nullable=True),
        sa.Column("received_on", sa.Date(), nullable=False),
        sa.Column("quantity_milli", sa.BigInteger(), nullable=False),
        sa.Column("value_rp", sa.BigInteger(), nullable=False),
        sa.CheckConstraint(
            "quantity_milli = CAST(quantity_milli AS BIGINT) AND quantity_milli BETWEEN 1 AND 1000000000000000",
            name=op.f("ck_batch_quantity_milli"),
        ),
        sa.CheckConstraint(
            "value_rp = CAST(value_rp AS BIGINT) AND value_rp BETWEEN 0 AND 1000000000000000",
            name=op.f("ck_batch_value_rp"),
        ),
        sa.ForeignKeyConstraint(["item_id"], ["item.id"], name=op.f("fk_batch_item_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_batch")),
        sa.UniqueConstraint("regency_code", "code", name=op.f("uq_batch_regency_code_code")),
    )
    with op.batch_alter_table("batch", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_batch_item_id_expires_on"), ["item_id", "expires_on"], unique=False)

    op.create_table(
        "boundary",
        sa.Column("region_code", sa.Text(), nullable=False),
        sa.Column("regency_code", sa.Text(), nullable=False),
        sa.Column(
            "level",
            sa.Enum(
                "province",
                "regency",
                "district",
                "village",
                name="level",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("geojson", sa.Text(), nullable=False),
        sa.Column("west", sa.Double(), nullable=False),
        sa.Column("south", sa.Double(), nullable=False),
        sa.Column("east", sa.Double(), nullable=False),
        sa.Column("north", sa.Double(), nullable=False),
        sa.Column("area_km2", sa.Double(), nullable=False),
        sa.Column("loaded_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["region_code"], ["region.code"], name=op.f("fk_boundary_region_code")),
        sa.PrimaryKeyConstraint("region_code", name=op.f("pk_boundary")),
    )
    with op.batch_alter_table("boundary", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_boundary_regency_code_level"), ["regency_code", "level"], unique=False)

    op.create_table(
        "document",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("regency_code", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column(
            "state",
            sa.Enum("issued", "void", name="state", native_enum=False, create_constraint=True, length=32),
            nullable=False,
        ),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("subject_id", sa.Uuid(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("view", sa.Text(), nullable=False),
        sa.Column("view_sha256", sa.Text(), nullable=False),
        sa.Column("person_sha256", sa.Text(), nullable=False),
        sa.Column("public_ref", sa.LargeBinary(length=10), nullable=True),
        sa.Column("village_code", sa.Text(), nullable=True),
        sa.Column("place_id", sa.Uuid(), nullable=True),
        sa.Column("issued_on", sa.Date(), nullable=False),
        sa.Column("issued_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("issued_by", sa.Text(), nullable=False),
        sa.Column("voided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("void_reason", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["regency_code"], ["office.regency_code"], name=op.f("fk_document_regency_code")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_document")),
        sa.UniqueConstraint("public_ref", name=op.f("uq_document_public_ref")),
        sa.UniqueConstraint("regency_code", "kind", "number", name=op.f("uq_document_regency_code_kind_number")),
    )
    with op.batch_alter_table("document", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_document_regency_code_issued_at"), ["regency_code", "issued_at"], unique=False
        )
        batch_op.create_index(batch_op.f("ix_document_subject_subject_id"), ["subject", "subject_id"], unique=False)

    op.create_table(
        "handover_person",
        sa.Column("event_id", sa.Uuid(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["event_id"], ["handover_event.id"], name=op.f("fk_handover_person_event_id")),
        sa.PrimaryKeyConstraint("event_id", name=op.f("pk_handover_person")),
    )
    op.create_table(
        "household",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("row_no", sa.Integer(), nullable=False),
        sa.Column("regency_code", sa.Text(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("village_code", sa.Text(), nullable=False),
        sa.Column("rt", sa.Text(), nullable=True),
        sa.Column("rw", sa.Text(), nullable=True),
        sa.Column("hamlet", sa.Text(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("head_name", sa.Text(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("decile", sa.Integer(), nullable=True),
        sa.Column("lon_deg", sa.Double(), nullable=True),
        sa.Column("lat_deg", sa.Double(), nullable=True),
        sa.Column("position_key", sa.BigInteger(), nullable=True),
        sa.Column(
            "position_source",
            sa.Enum(
                "gps", "map", "registry", name="position_source", native_enum=False, create_constraint=True, length=32
            ),
            nullable=True,
        ),
        sa.Column("position_accuracy_m", sa.Double(), nullable=True),
        sa.Column("kk", sa.LargeBinary(), nullable=True),
        sa.Column("kk_bidx", sa.LargeBinary(), nullable=True),
        sa.Column("is_provisional", sa.Boolean(), nullable=False),
        sa.Column("snapshot_id", sa.Uuid(), nullable=True),
        sa.Column("source", sa.Text(), nullable=True),
        sa.Column("external_id", sa.Text(), nullable=True),
        sa.Column("row_hash", sa.LargeBinary(), nullable=True),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("(lon_deg IS NULL) = (position_key IS NULL)", name=op.f("ck_household_position_key")),
        sa.CheckConstraint("decile BETWEEN 1 AND 10", name=op.f("ck_household_decile")),
        sa.CheckConstraint(
            "lon_deg BETWEEN -180 AND 180 AND lat_deg BETWEEN -90 AND 90", name=op.f("ck_household_position")
        ),
        sa.CheckConstraint("size >= 1", name=op.f("ck_household_size")),
        sa.ForeignKeyConstraint(["snapshot_id"], ["snapshot.id"], name=op.f("fk_household_snapshot_id")),
        sa.ForeignKeyConstraint(["village_code"], ["region.code"], name=op.f("fk_household_village_code")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_household")),
        sa.UniqueConstraint("code", name=op.f("uq_household_code")),
        sa.UniqueConstraint(
            "regency_code", "source", "external_id", name=op.f("uq_household_regency_code_source_external_id")
        ),
        sa.UniqueConstraint("row_no", name=op.f("uq_household_row_no")),
    )
    with op.batch_alter_table("household", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_household_position_key_row_no"), ["position_key", "row_no"], unique=False)
        batch_op.create_index(
            "ix_household_provisional",
            ["regency_code"],
            unique=False,
            sqlite_where=sa.text("is_provisional = 1"),
            postgresql_where=sa.text("is_provisional"),
        )
        batch_op.create_index(
            batch_op.f("ix_household_regency_code_kk_bidx"), ["regency_code", "kk_bidx"], unique=False
        )
        batch_op.create_index(
            batch_op.f("ix_household_regency_code_village_code_rw_rt"),
            ["regency_code", "village_code", "rw", "rt"],
            unique=False,
        )

    op.create_table(
        "import_run",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("regency_code", sa.Text(), nullable=False),
        sa.Column("snapshot_id", sa.Uuid(), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "reading",
                "ready",
                "approved",
                "applied",
                "refused",
                "discarded",
                name="state",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column(
            "code_system",
            sa.Enum("kemendagri", "bps", name="code_system", native_enum=False, create_constraint=True, length=32),
            nullable=False,
        ),
        sa.Column("file_sha256", sa.Text(), nullable=False),
        sa.Column("files", sa.Text(), nullable=False),
        sa.Column("file_no", sa.Integer(), nullable=False),
        sa.Column("at_byte", sa.BigInteger(), nullable=False),
        sa.Column("at_row", sa.Integer(), nullable=False),
        sa.Column("bytes_read", sa.BigInteger(), nullable=False),
        sa.Column("bytes_total", sa.BigInteger(), nullable=False),
        sa.Column("rows", sa.Integer(), nullable=False),
        sa.Column("refused", sa.Integer(), nullable=False),
        sa.Column("warned", sa.Integer(), nullable=False),
        sa.Column("doubled", sa.Integer(), nullable=False),
        sa.Column("niks", sa.Integer(), nullable=False),
        sa.Column("niks_ending_zero", sa.Integer(), nullable=False),
        sa.Column("new", sa.Integer(), nullable=False),
        sa.Column("changed", sa.Integer(), nullable=False),
        sa.Column("unchanged", sa.Integer(), nullable=False),
        sa.Column("suspected", sa.Integer(), nullable=False),
        sa.Column("problem", sa.Text(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("started_by", sa.Text(), nullable=False),
        sa.Column("started_by_name", sa.Text(), nullable=False),
        sa.Column("approved_by", sa.Text(), nullable=True),
        sa.Column("approved_by_name", sa.Text(), nullable=True),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["snapshot_id"], ["snapshot.id"], name=op.f("fk_import_run_snapshot_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_import_run")),
    )
    with op.batch_alter_table("import_run", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_import_run_regency_code_file_sha256"), ["regency_code", "file_sha256"], unique=False
        )
        batch_op.create_index(batch_op.f("ix_import_run_regency_code_state"), ["regency_code", "state"], unique=False)

    op.create_table(
        "incident",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("regency_code", sa.Text(), nullable=False),
        sa.Column("slug", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column(
            "hazard",
            sa.Enum(
                "flood",
                "flash_flood",
                "landslide",
                "tidal_surge_abrasion",
                "whirlwind",
                "drought",
                "forest_land_fire",
                "earthquake",
                "tsunami",
                "volcanic_eruption",
                "settlement_fire",
                "social_conflict",
                "other",
                name="hazard",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column(
            "state",
            sa.Enum(
                "alert",
                "response",
                "transition",
                "closed",
                name="state",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("place_text", sa.Text(), nullable=False),
        sa.Column("chronology", sa.Text(), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("opened_by", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["regency_code"], ["office.regency_code"], name=op.f("fk_incident_regency_code")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_incident")),
        sa.UniqueConstraint("regency_code", "slug", name=op.f("uq_incident_regency_code_slug")),
    )
    with op.batch_alter_table("incident", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_incident_regency_code_state"), ["regency_code", "state"], unique=False)

    op.create_table(
        "item_alias",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("item_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["item_id"], ["item.id"], name=op.f("fk_item_alias_item_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_item_alias")),
        sa.UniqueConstraint("item_id", "name", name=op.f("uq_item_alias_item_id_name")),
    )
    op.create_table(
        "item_pack",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("item_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("quantity_milli", sa.BigInteger(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "quantity_milli = CAST(quantity_milli AS BIGINT) AND quantity_milli BETWEEN 1 AND 1000000000000000",
            name=op.f("ck_item_pack_quantity_milli"),
        ),
        sa.ForeignKeyConstraint(["item_id"], ["item.id"], name=op.f("fk_item_pack_item_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_item_pack")),
        sa.UniqueConstraint("item_id", "name", name=op.f("uq_item_pack_item_id_name")),
    )
    op.create_table(
        "number_series",
        sa.Column("regency_code", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column("last_no", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "last_no = CAST(last_no AS BIGINT) AND last_no BETWEEN 0 AND 1000000000000000",
            name=op.f("ck_number_series_last_no"),
        ),
        sa.ForeignKeyConstraint(["regency_code"], ["office.regency_code"], name=op.f("fk_number_series_regency_code")),
        sa.PrimaryKeyConstraint("regency_code", "kind", "year", name=op.f("pk_number_series")),
    )
    op.create_table(
        "number_template",
        sa.Column("regency_code", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("template", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["regency_code"], ["office.regency_code"], name=op.f("fk_number_template_regency_code")
        ),
        sa.PrimaryKeyConstraint("regency_code", "kind", name=op.f("pk_number_template")),
    )
    op.create_table(
        "package_standard_line",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("standard_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("item_id", sa.Uuid(), nullable=False),
        sa.Column(
            "basis",
            sa.Enum(
                "household",
                "person",
                "adult",
                "child",
                "infant",
                "woman",
                "elderly",
                "pregnant",
                "nursing",
                "disabled",
                name="basis",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("is_daily", sa.Boolean(), nullable=False),
        sa.Column("rate_milli", sa.BigInteger(), nullable=False),
        sa.Column("per_n", sa.Integer(), nullable=False),
        sa.Column(
            "condition",
            sa.Enum(
                "household",
                "person",
                "adult",
                "child",
                "infant",
                "woman",
                "elderly",
                "pregnant",
                "nursing",
                "disabled",
                name="condition",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=True,
        ),
        sa.Column("condition_least", sa.Integer(), nullable=False),
        sa.Column("from_day", sa.Integer(), nullable=False),
        sa.Column("to_day", sa.Integer(), nullable=True),
        sa.Column("round_step_milli", sa.BigInteger(), nullable=False),
        sa.Column("is_once", sa.Boolean(), nullable=False),
        sa.Column("source_id", sa.Text(), nullable=False),
        sa.Column("source_en", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "from_day = CAST(from_day AS BIGINT) AND from_day BETWEEN 1 AND 366",
            name=op.f("ck_package_standard_line_from_day"),
        ),
        sa.CheckConstraint(
            "per_n = CAST(per_n AS BIGINT) AND per_n BETWEEN 1 AND 10000", name=op.f("ck_package_standard_line_per_n")
        ),
        sa.CheckConstraint(
            "rate_milli = CAST(rate_milli AS BIGINT) AND rate_milli BETWEEN 1 AND 1000000000000000",
            name=op.f("ck_package_standard_line_rate_milli"),
        ),
        sa.CheckConstraint(
            "round_step_milli = CAST(round_step_milli AS BIGINT) AND round_step_milli BETWEEN 1 AND 1000000000000000",
            name=op.f("ck_package_standard_line_round_step_milli"),
        ),
        sa.ForeignKeyConstraint(["item_id"], ["item.id"], name=op.f("fk_package_standard_line_item_id")),
        sa.ForeignKeyConstraint(
            ["standard_id"], ["package_standard.id"], name=op.f("fk_package_standard_line_standard_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_package_standard_line")),
        sa.UniqueConstraint("standard_id", "position", name=op.f("uq_package_standard_line_standard_id_position")),
    )
    with op.batch_alter_table("package_standard_line", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_package_standard_line_item_id"), ["item_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_package_standard_line_standard_id"), ["standard_id"], unique=False)

    op.create_table(
        "person",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("regency_code", sa.Text(), nullable=False),
        sa.Column("username", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("employee_no", sa.Text(), nullable=False),
        sa.Column("password_hash", sa.Text(), nullable=False),
        sa.Column("must_change_password", sa.Boolean(), nullable=False),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["regency_code"], ["office.regency_code"], name=op.f("fk_person_regency_code")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_person")),
        sa.UniqueConstraint("username", name=op.f("uq_person_username")),
    )
    op.create_table(
        "post",
        sa.Column("place_id", sa.Uuid(), nullable=False),
        sa.Column("regency_code", sa.Text(), nullable=False),
        sa.Column("village_code", sa.Text(), nullable=True),
        sa.Column("capacity_per_day", sa.Integer(), nullable=False),
        sa.Column("opening", sa.Text(), nullable=False),
        sa.Column(
            "state",
            sa.Enum("open", "closed", name="state", native_enum=False, create_constraint=True, length=32),
            nullable=False,
        ),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "capacity_per_day = CAST(capacity_per_day AS BIGINT) AND capacity_per_day BETWEEN 1 AND 1000000",
            name=op.f("ck_post_capacity_per_day"),
        ),
        sa.ForeignKeyConstraint(["place_id"], ["place.id"], name=op.f("fk_post_place_id")),
        sa.PrimaryKeyConstraint("place_id", name=op.f("pk_post")),
    )
    with op.batch_alter_table("post", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_post_regency_code"), ["regency_code"], unique=False)

    op.create_table(
        "signatory",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("regency_code", sa.Text(), nullable=False),
        sa.Column("duty", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("position", sa.Text(), nullable=False),
        sa.Column("employee_no", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["regency_code"], ["office.regency_code"], name=op.f("fk_signatory_regency_code")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_signatory")),
        sa.UniqueConstraint("regency_code", "duty", name=op.f("uq_signatory_regency_code_duty")),
    )
    op.create_table(
        "staged_household",
        sa.Column("snapshot_id", sa.Uuid(), nullable=False),
        sa.Column("external_id", sa.Text(), nullable=False),
        sa.Column("link_id", sa.Uuid(), nullable=False),
        sa.Column("household_id", sa.Uuid(), nullable=False),
        sa.Column("file_row", sa.Integer(), nullable=False),
        sa.Column("village_code", sa.Text(), nullable=False),
        sa.Column("rt", sa.Text(), nullable=True),
        sa.Column("rw", sa.Text(), nullable=True),
        sa.Column("hamlet", sa.Text(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("head_name", sa.Text(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("decile", sa.Integer(), nullable=True),
        sa.Column("lon_deg", sa.Double(), nullable=True),
        sa.Column("lat_deg", sa.Double(), nullable=True),
        sa.Column("position_key", sa.BigInteger(), nullable=True),
        sa.Column("position_source", sa.Text(), nullable=True),
        sa.Column("position_accuracy_m", sa.Double(), nullable=True),
        sa.Column("kk", sa.LargeBinary(), nullable=True),
        sa.Column("kk_bidx", sa.LargeBinary(), nullable=True),
        sa.Column("row_hash", sa.LargeBinary(), nullable=False),
        sa.Column("bound_id", sa.Uuid(), nullable=True),
        sa.Column(
            "outcome",
            sa.Enum(
                "new", "changed", "unchanged", name="outcome", native_enum=False, create_constraint=True, length=32
            ),
            nullable=False,
        ),
        sa.Column("suspect_id", sa.Uuid(), nullable=True),
        sa.ForeignKeyConstraint(["snapshot_id"], ["snapshot.id"], name=op.f("fk_staged_household_snapshot_id")),
        sa.PrimaryKeyConstraint("snapshot_id", "external_id", name=op.f("pk_staged_household")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "staged_member",
        sa.Column("snapshot_id", sa.Uuid(), nullable=False),
        sa.Column("external_id", sa.Text(), nullable=False),
        sa.Column("member_key", sa.Text(), nullable=False),
        sa.Column("member_id", sa.Uuid(), nullable=False),
        sa.Column("file_row", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("sex", sa.Text(), nullable=True),
        sa.Column("birth_on", sa.Date(), nullable=True),
        sa.Column("age_years", sa.Integer(), nullable=True),
        sa.Column("age_as_of_on", sa.Date(), nullable=True),
        sa.Column("relation", sa.Text(), nullable=False),
        sa.Column("nik", sa.LargeBinary(), nullable=True),
        sa.Column("nik_bidx", sa.LargeBinary(), nullable=True),
        sa.Column("is_pregnant", sa.Boolean(), nullable=False),
        sa.Column("is_nursing", sa.Boolean(), nullable=False),
        sa.Column("has_disability", sa.Boolean(), nullable=False),
        sa.Column("is_chronically_ill", sa.Boolean(), nullable=False),
        sa.Column("row_hash", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["snapshot_id"], ["snapshot.id"], name=op.f("fk_staged_member_snapshot_id")),
        sa.PrimaryKeyConstraint("snapshot_id", "external_id", "member_key", name=op.f("pk_staged_member")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "stored_file",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("regency_code", sa.Text(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("stored_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("stored_by", sa.Text(), nullable=False),
        sa.Column("delete_on", sa.Date(), nullable=True),
        sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["regency_code"], ["office.regency_code"], name=op.f("fk_stored_file_regency_code")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_stored_file")),
    )
    with op.batch_alter_table("stored_file", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_stored_file_sha256"), ["sha256"], unique=False)

    op.create_table(
        "balance",
        sa.Column("place_id", sa.Uuid(), nullable=False),
        sa.Column("batch_id", sa.Uuid(), nullable=False),
        sa.Column("is_bounded", sa.Boolean(), nullable=False),
        sa.Column("on_hand_milli", sa.BigInteger(), nullable=False),
        sa.Column("reserved_milli", sa.BigInteger(), nullable=False),
        sa.Column("value_rp", sa.BigInteger(), nullable=False),
        sa.CheckConstraint(
            "NOT is_bounded OR (value_rp >= 0 AND (on_hand_milli > 0 OR value_rp = 0))",
            name=op.f("ck_balance_value_with_goods"),
        ),
        sa.CheckConstraint("NOT is_bounded OR on_hand_milli >= 0", name=op.f("ck_balance_never_negative")),
        sa.CheckConstraint(
            "NOT is_bounded OR reserved_milli <= on_hand_milli", name=op.f("ck_balance_never_promised_twice")
        ),
        sa.CheckConstraint("is_bounded OR reserved_milli = 0", name=op.f("ck_balance_reserved_where_bounded")),
        sa.CheckConstraint(
            "on_hand_milli = CAST(on_hand_milli AS BIGINT) AND on_hand_milli BETWEEN -1000000000000000 AND 1000000000000000",
            name=op.f("ck_balance_on_hand_milli"),
        ),
        sa.CheckConstraint(
            "reserved_milli = CAST(reserved_milli AS BIGINT) AND reserved_milli BETWEEN 0 AND 1000000000000000",
            name=op.f("ck_balance_reserved_milli"),
        ),
        sa.CheckConstraint(
            "value_rp = CAST(value_rp AS BIGINT) AND value_rp BETWEEN -1000000000000000 AND 1000000000000000",
            name=op.f("ck_balance_value_rp"),
        ),
        sa.ForeignKeyConstraint(["batch_id"], ["batch.id"], name=op.f("fk_balance_batch_id")),
        sa.ForeignKeyConstraint(["place_id"], ["place.id"], name=op.f("fk_balance_place_id")),
        sa.PrimaryKeyConstraint("place_id", "batch_id", name=op.f("pk_balance")),
    )
    with op.batch_alter_table("balance", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_balance_batch_id"), ["batch_id"], unique=False)

    op.create_table(
        "decree",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("incident_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("dated_on", sa.Date(), nullable=False),
        sa.Column(
            "phase",
            sa.Enum(
                "alert",
                "response",
                "transition",
                "closed",
                name="phase",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("first_on", sa.Date(), nullable=False),
        sa.Column("last_on", sa.Date(), nullable=False),
        sa.Column("days_said", sa.Integer(), nullable=True),
        sa.Column("area_text", sa.Text(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("recorded_by", sa.Text(), nullable=False),
        sa.CheckConstraint("last_on >= first_on", name=op.f("ck_decree_period")),
        sa.ForeignKeyConstraint(["incident_id"], ["incident.id"], name=op.f("fk_decree_incident_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_decree")),
        sa.UniqueConstraint("incident_id", "number", name=op.f("uq_decree_incident_id_number")),
    )
    op.create_table(
        "document_person",
        sa.Column("document_id", sa.Uuid(), nullable=False),
        sa.Column("view", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["document_id"], ["document.id"], name=op.f("fk_document_person_document_id")),
        sa.PrimaryKeyConstraint("document_id", name=op.f("pk_document_person")),
    )
    op.create_table(
        "document_print",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("document_id", sa.Uuid(), nullable=False),
        sa.Column("copy_no", sa.Integer(), nullable=False),
        sa.Column("printed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("printed_by", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["document_id"], ["document.id"], name=op.f("fk_document_print_document_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_document_print")),
        sa.UniqueConstraint("document_id", "copy_no", name=op.f("uq_document_print_document_id_copy_no")),
    )
    op.create_table(
        "import_issue",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("run_id", sa.Uuid(), nullable=False),
        sa.Column("file_no", sa.Integer(), nullable=False),
        sa.Column("row", sa.Integer(), nullable=False),
        sa.Column("column", sa.Text(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("is_warning", sa.Boolean(), nullable=False),
        sa.Column("facts", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["run_id"], ["import_run.id"], name=op.f("fk_import_issue_run_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_import_issue")),
    )
    with op.batch_alter_table("import_issue", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_import_issue_run_id_file_no_row"), ["run_id", "file_no", "row"], unique=False
        )

    op.create_table(
        "import_row",
        sa.Column("run_id", sa.Uuid(), nullable=False),
        sa.Column("file_no", sa.Integer(), nullable=False),
        sa.Column("row", sa.Integer(), nullable=False),
        sa.Column("cells", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["run_id"], ["import_run.id"], name=op.f("fk_import_row_run_id")),
        sa.PrimaryKeyConstraint("run_id", "file_no", "row", name=op.f("pk_import_row")),
    )
    op.create_table(
        "login_session",
        sa.Column("token_sha256", sa.Text(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("proved_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_login_session_person_id")),
        sa.PrimaryKeyConstraint("token_sha256", name=op.f("pk_login_session")),
    )
    with op.batch_alter_table("login_session", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_login_session_person_id"), ["person_id"], unique=False)

    op.create_table(
        "member",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("household_id", sa.Uuid(), nullable=False),
        sa.Column("regency_code", sa.Text(), nullable=False),
        sa.Column("member_key", sa.Text(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column(
            "sex",
            sa.Enum("male", "female", name="sex", native_enum=False, create_constraint=True, length=32),
            nullable=True,
        ),
        sa.Column("birth_on", sa.Date(), nullable=True),
        sa.Column("age_years", sa.Integer(), nullable=True),
        sa.Column("age_as_of_on", sa.Date(), nullable=True),
        sa.Column(
            "relation",
            sa.Enum(
                "head",
                "spouse",
                "child",
                "child_in_law",
                "grandchild",
                "parent",
                "servant",
                "other",
                name="relation",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("nik", sa.LargeBinary(), nullable=True),
        sa.Column("nik_bidx", sa.LargeBinary(), nullable=True),
        sa.Column("is_pregnant", sa.Boolean(), nullable=False),
        sa.Column("is_nursing", sa.Boolean(), nullable=False),
        sa.Column("has_disability", sa.Boolean(), nullable=False),
        sa.Column("is_chronically_ill", sa.Boolean(), nullable=False),
        sa.Column("row_hash", sa.LargeBinary(), nullable=True),
        sa.Column("is_present", sa.Boolean(), nullable=False),
        sa.CheckConstraint("age_years BETWEEN 0 AND 150", name=op.f("ck_member_age")),
        sa.ForeignKeyConstraint(["household_id"], ["household.id"], name=op.f("fk_member_household_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_member")),
        sa.UniqueConstraint("household_id", "member_key", name=op.f("uq_member_household_id_member_key")),
    )
    with op.batch_alter_table("member", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_member_nik_bidx"), ["nik_bidx"], unique=False)

    op.create_table(
        "move",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("regency_code", sa.Text(), nullable=False),
        sa.Column("document_id", sa.Uuid(), nullable=False),
        sa.Column("from_place_id", sa.Uuid(), nullable=False),
        sa.Column("to_place_id", sa.Uuid(), nullable=False),
        sa.Column("batch_id", sa.Uuid(), nullable=False),
        sa.Column("quantity_milli", sa.BigInteger(), nullable=False),
        sa.Column("value_rp", sa.BigInteger(), nullable=False),
        sa.Column("reverses_id", sa.Uuid(), nullable=True),
        sa.Column(
            "flag",
            sa.Enum("", "expired", name="flag", native_enum=False, create_constraint=True, length=32),
            nullable=False,
        ),
        sa.Column("event_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("event_on", sa.Date(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor_id", sa.Text(), nullable=False),
        sa.CheckConstraint(NOT_AHEAD[op.get_bind().dialect.name], name=op.f("ck_move_event_not_ahead")),
        sa.CheckConstraint("from_place_id <> to_place_id", name=op.f("ck_move_two_places")),
        sa.CheckConstraint(
            "quantity_milli = CAST(quantity_milli AS BIGINT) AND quantity_milli BETWEEN 1 AND 1000000000000000",
            name=op.f("ck_move_quantity_milli"),
        ),
        sa.CheckConstraint("reverses_id IS NULL OR reverses_id <> id", name=op.f("ck_move_reverses_another")),
        sa.CheckConstraint(
            "value_rp = CAST(value_rp AS BIGINT) AND value_rp BETWEEN 0 AND 1000000000000000",
            name=op.f("ck_move_value_rp"),
        ),
        sa.ForeignKeyConstraint(["batch_id"], ["batch.id"], name=op.f("fk_move_batch_id")),
        sa.ForeignKeyConstraint(["document_id"], ["stock_document.id"], name=op.f("fk_move_document_id")),
        sa.ForeignKeyConstraint(["from_place_id"], ["place.id"], name=op.f("fk_move_from_place_id")),
        sa.ForeignKeyConstraint(["reverses_id"], ["move.id"], name=op.f("fk_move_reverses_id")),
        sa.ForeignKeyConstraint(["to_place_id"], ["place.id"], name=op.f("fk_move_to_place_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_move")),
        sa.UniqueConstraint("reverses_id", name=op.f("uq_move_reverses_id")),
    )
    with op.batch_alter_table("move", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_move_batch_id_event_at"), ["batch_id", "event_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_move_document_id"), ["document_id"], unique=False)
        batch_op.create_index(
            batch_op.f("ix_move_from_place_id_batch_id_event_at"),
            ["from_place_id", "batch_id", "event_at"],
            unique=False,
        )
        batch_op.create_index(
            batch_op.f("ix_move_to_place_id_batch_id_event_at"), ["to_place_id", "batch_id", "event_at"], unique=False
        )

    op.create_table(
        "person_grant",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column(
            "role",
            sa.Enum(
                "ADM",
                "LOG",
                "HEAD",
                "WHK",
                "BPBD",
                "VOL",
                "VIL",
                "AUD",
                name="role",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column(
            "scope",
            sa.Enum(
                "office",
                "district",
                "village",
                "place",
                name="scope",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("scope_id", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_person_grant_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_person_grant")),
        sa.UniqueConstraint(
            "person_id", "role", "scope", "scope_id", name=op.f("uq_person_grant_person_id_role_scope_scope_id")
        ),
    )
    with op.batch_alter_table("person_grant", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_person_grant_person_id"), ["person_id"], unique=False)

    op.create_table(
        "registry_link",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("regency_code", sa.Text(), nullable=False),
        sa.Column("household_id", sa.Uuid(), nullable=False),
        sa.Column("snapshot_id", sa.Uuid(), nullable=False),
        sa.Column("external_id", sa.Text(), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "imported", "duplicate_suspected", name="state", native_enum=False, create_constraint=True, length=32
            ),
            nullable=False,
        ),
        sa.Column("row_hash", sa.LargeBinary(), nullable=False),
        sa.Column("suspect_household_id", sa.Uuid(), nullable=True),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["household_id"], ["household.id"], name=op.f("fk_registry_link_household_id")),
        sa.ForeignKeyConstraint(["snapshot_id"], ["snapshot.id"], name=op.f("fk_registry_link_snapshot_id")),
        sa.ForeignKeyConstraint(
            ["suspect_household_id"], ["household.id"], name=op.f("fk_registry_link_suspect_household_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_registry_link")),
        sa.UniqueConstraint("snapshot_id", "external_id", name=op.f("uq_registry_link_snapshot_id_external_id")),
    )
    with op.batch_alter_table("registry_link", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_registry_link_household_id"), ["household_id"], unique=False)
        batch_op.create_index(
            batch_op.f("ix_registry_link_suspect_household_id"), ["suspect_household_id"], unique=False
        )

    op.create_table(
        "round",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("regency_code", sa.Text(), nullable=False),
        sa.Column("incident_id", sa.Uuid(), nullable=False),
        sa.Column("no", sa.Integer(), nullable=False),
        sa.Column("first_on", sa.Date(), nullable=False),
        sa.Column("last_on", sa.Date(), nullable=False),
        sa.Column("first_day", sa.Integer(), nullable=False),
        sa.Column("standard_id", sa.Uuid(), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "draft",
                "planned",
                "approved",
                "closed",
                "cancelled",
                name="state",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("approved_by", sa.Text(), nullable=True),
        sa.Column("approved_by_name", sa.Text(), nullable=True),
        sa.Column("approved_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "first_day = CAST(first_day AS BIGINT) AND first_day BETWEEN 1 AND 1000", name=op.f("ck_round_first_day")
        ),
        sa.CheckConstraint("last_on >= first_on", name=op.f("ck_round_period")),
        sa.ForeignKeyConstraint(["incident_id"], ["incident.id"], name=op.f("fk_round_incident_id")),
        sa.ForeignKeyConstraint(["standard_id"], ["package_standard.id"], name=op.f("fk_round_standard_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_round")),
        sa.UniqueConstraint("incident_id", "no", name=op.f("uq_round_incident_id_no")),
    )
    with op.batch_alter_table("round", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_round_incident_id"), ["incident_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_round_standard_id"), ["standard_id"], unique=False)

    op.create_table(
        "stated_counts",
        sa.Column("household_id", sa.Uuid(), nullable=False),
        sa.Column("infants", sa.Integer(), nullable=False),
        sa.Column("toddlers", sa.Integer(), nullable=False),
        sa.Column("children", sa.Integer(), nullable=False),
        sa.Column("adults", sa.Integer(), nullable=False),
        sa.Column("elderly", sa.Integer(), nullable=False),
        sa.Column("women", sa.Integer(), nullable=False),
        sa.Column("pregnant", sa.Integer(), nullable=False),
        sa.Column("nursing", sa.Integer(), nullable=False),
        sa.Column("disabled", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["household_id"], ["household.id"], name=op.f("fk_stated_counts_household_id")),
        sa.PrimaryKeyConstraint("household_id", name=op.f("pk_stated_counts")),
    )
    op.create_table(
        "zone",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("regency_code", sa.Text(), nullable=False),
        sa.Column("incident_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("current_no", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["incident_id"], ["incident.id"], name=op.f("fk_zone_incident_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_zone")),
        sa.UniqueConstraint("incident_id", "name", name=op.f("uq_zone_incident_id_name")),
    )
    op.create_table(
        "dispatch_load",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("regency_code", sa.Text(), nullable=False),
        sa.Column("round_id", sa.Uuid(), nullable=False),
        sa.Column("post_id", sa.Uuid(), nullable=False),
        sa.Column("warehouse_id", sa.Uuid(), nullable=False),
        sa.Column("serve_on", sa.Date(), nullable=False),
        sa.Column("no", sa.Integer(), nullable=False),
        sa.Column(
            "state",
            sa.Enum("sent", "returned", name="state", native_enum=False, create_constraint=True, length=32),
            nullable=False,
        ),
        sa.Column("vehicle", sa.Text(), nullable=False),
        sa.Column("plate", sa.Text(), nullable=False),
        sa.Column("driver", sa.Text(), nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("sent_by", sa.Text(), nullable=False),
        sa.Column("stock_document_id", sa.Uuid(), nullable=True),
        sa.Column("document_id", sa.Uuid(), nullable=True),
        sa.ForeignKeyConstraint(["document_id"], ["document.id"], name=op.f("fk_dispatch_load_document_id")),
        sa.ForeignKeyConstraint(["post_id"], ["place.id"], name=op.f("fk_dispatch_load_post_id")),
        sa.ForeignKeyConstraint(["round_id"], ["round.id"], name=op.f("fk_dispatch_load_round_id")),
        sa.ForeignKeyConstraint(
            ["stock_document_id"], ["stock_document.id"], name=op.f("fk_dispatch_load_stock_document_id")
        ),
        sa.ForeignKeyConstraint(["warehouse_id"], ["place.id"], name=op.f("fk_dispatch_load_warehouse_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_dispatch_load")),
        sa.UniqueConstraint(
            "round_id",
            "post_id",
            "serve_on",
            "warehouse_id",
            "no",
            name=op.f("uq_dispatch_load_round_id_post_id_serve_on_warehouse_id_no"),
        ),
    )
    with op.batch_alter_table("dispatch_load", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_dispatch_load_post_id_serve_on"), ["post_id", "serve_on"], unique=False)
        batch_op.create_index(batch_op.f("ix_dispatch_load_warehouse_id"), ["warehouse_id"], unique=False)

    op.create_table(
        "plan",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("regency_code", sa.Text(), nullable=False),
        sa.Column("round_id", sa.Uuid(), nullable=False),
        sa.Column("no", sa.Integer(), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "draft", "approved", "discarded", name="state", native_enum=False, create_constraint=True, length=32
            ),
            nullable=False,
        ),
        sa.Column("is_fitted", sa.Boolean(), nullable=False),
        sa.Column("rule_version", sa.Text(), nullable=False),
        sa.Column("planned_by", sa.Text(), nullable=False),
        sa.Column("planned_by_name", sa.Text(), nullable=False),
        sa.Column("planned_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("approved_by", sa.Text(), nullable=True),
        sa.Column("approved_by_name", sa.Text(), nullable=True),
        sa.Column("approved_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["round_id"], ["round.id"], name=op.f("fk_plan_round_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_plan")),
        sa.UniqueConstraint("round_id", "no", name=op.f("uq_plan_round_id_no")),
    )
    with op.batch_alter_table("plan", schema=None) as batch_op:
        batch_op.create_index(
            "uq_plan_draft",
            ["round_id"],
            unique=True,
            sqlite_where=sa.text("state = 'draft'"),
            postgresql_where=sa.text("state = 'draft'"),
        )

    op.create_table(
        "reservation",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("regency_code", sa.Text(), nullable=False),
        sa.Column("place_id", sa.Uuid(), nullable=False),
        sa.Column("batch_id", sa.Uuid(), nullable=False),
        sa.Column("quantity_milli", sa.BigInteger(), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("purpose_id", sa.Uuid(), nullable=False),
        sa.Column("group_key", sa.Text(), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "open",
                "used",
                "released",
                "expired",
                name="state",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("ends_on", sa.Date(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("document_id", sa.Uuid(), nullable=True),
        sa.CheckConstraint("(state = 'open') = (ended_at IS NULL)", name=op.f("ck_reservation_ends_once")),
        sa.CheckConstraint(
            "quantity_milli = CAST(quantity_milli AS BIGINT) AND quantity_milli BETWEEN 1 AND 1000000000000000",
            name=op.f("ck_reservation_quantity_milli"),
        ),
        sa.ForeignKeyConstraint(["document_id"], ["stock_document.id"], name=op.f("fk_reservation_document_id")),
        sa.ForeignKeyConstraint(
            ["place_id", "batch_id"],
            ["balance.place_id", "balance.batch_id"],
            name=op.f("fk_reservation_place_id_batch_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reservation")),
    )
    with op.batch_alter_table("reservation", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_reservation_place_id_batch_id_state"), ["place_id", "batch_id", "state"], unique=False
        )
        batch_op.create_index(
            batch_op.f("ix_reservation_purpose_purpose_id_group_key"),
            ["purpose", "purpose_id", "group_key"],
            unique=False,
        )
        batch_op.create_index(batch_op.f("ix_reservation_state_ends_on"), ["state", "ends_on"], unique=False)

    op.create_table(
        "zone_version",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("regency_code", sa.Text(), nullable=False),
        sa.Column("zone_id", sa.Uuid(), nullable=False),
        sa.Column("incident_id", sa.Uuid(), nullable=False),
        sa.Column("no", sa.Integer(), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "current", "superseded", "withdrawn", name="state", native_enum=False, create_constraint=True, length=32
            ),
            nullable=False,
        ),
        sa.Column("outline", sa.Text(), nullable=True),
        sa.Column("area_km2", sa.Double(), nullable=True),
        sa.Column("repairs", sa.Text(), nullable=False),
        sa.Column(
            "severity",
            sa.Enum("heavy", "medium", "light", name="severity", native_enum=False, create_constraint=True, length=32),
            nullable=False,
        ),
        sa.Column(
            "access",
            sa.Enum("road", "boat", "cut_off", name="access", native_enum=False, create_constraint=True, length=32),
            nullable=False,
        ),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("observed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("posted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("posted_by", sa.Text(), nullable=False),
        sa.Column("withdrawn_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("withdraw_reason", sa.Text(), nullable=False),
        sa.Column("matched_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("certain", sa.Integer(), nullable=False),
        sa.Column("probable", sa.Integer(), nullable=False),
        sa.Column("to_verify", sa.Integer(), nullable=False),
        sa.CheckConstraint("no = CAST(no AS BIGINT) AND no BETWEEN 1 AND 100000", name=op.f("ck_zone_version_no")),
        sa.ForeignKeyConstraint(["incident_id"], ["incident.id"], name=op.f("fk_zone_version_incident_id")),
        sa.ForeignKeyConstraint(["zone_id"], ["zone.id"], name=op.f("fk_zone_version_zone_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_zone_version")),
        sa.UniqueConstraint("zone_id", "no", name=op.f("uq_zone_version_zone_id_no")),
    )
    with op.batch_alter_table("zone_version", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_zone_version_incident_id_state"), ["incident_id", "state"], unique=False)
        batch_op.create_index(
            "ix_zone_version_unmatched",
            ["regency_code"],
            unique=False,
            sqlite_where=sa.text("matched_at IS NULL"),
            postgresql_where=sa.text("matched_at IS NULL"),
        )

    op.create_table(
        "affected_household",
        sa.Column("incident_id", sa.Uuid(), nullable=False),
        sa.Column("household_id", sa.Uuid(), nullable=False),
        sa.Column("regency_code", sa.Text(), nullable=False),
        sa.Column("village_code", sa.Text(), nullable=False),
        sa.Column("version_id", sa.Uuid(), nullable=True),
        sa.Column(
            "confidence",
            sa.Enum(
                "certain",
                "probable",
                "to_verify",
                name="confidence",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("evidence", sa.Text(), nullable=False),
        sa.Column("share_permille", sa.Integer(), nullable=True),
        sa.Column("neighbours", sa.Integer(), nullable=True),
        sa.Column("distance_m", sa.Integer(), nullable=True),
        sa.Column("is_inside", sa.Boolean(), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "proposed",
                "confirmed",
                "rejected",
                "left",
                name="state",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column(
            "reject_reason",
            sa.Enum(
                "not_affected",
                "moved",
                "deceased",
                "listed_twice",
                "other",
                name="reject_reason",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=True,
        ),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decided_by", sa.Text(), nullable=True),
        sa.Column("joined_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "(state IN ('confirmed', 'rejected')) = (decided_at IS NOT NULL)",
            name=op.f("ck_affected_household_decided"),
        ),
        sa.ForeignKeyConstraint(["household_id"], ["household.id"], name=op.f("fk_affected_household_household_id")),
        sa.ForeignKeyConstraint(["incident_id"], ["incident.id"], name=op.f("fk_affected_household_incident_id")),
        sa.ForeignKeyConstraint(["version_id"], ["zone_version.id"], name=op.f("fk_affected_household_version_id")),
        sa.PrimaryKeyConstraint("incident_id", "household_id", name=op.f("pk_affected_household")),
    )
    with op.batch_alter_table("affected_household", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_affected_household_household_id"), ["household_id"], unique=False)
        batch_op.create_index(
            batch_op.f("ix_affected_household_incident_id_state_confidence"),
            ["incident_id", "state", "confidence"],
            unique=False,
        )
        batch_op.create_index(
            batch_op.f("ix_affected_household_incident_id_village_code"), ["incident_id", "village_code"], unique=False
        )

    op.create_table(
        "dispatch_load_line",
        sa.Column("load_id", sa.Uuid(), nullable=False),
        sa.Column("batch_id", sa.Uuid(), nullable=False),
        sa.Column("item_id", sa.Uuid(), nullable=False),
        sa.Column("quantity_milli", sa.BigInteger(), nullable=False),
        sa.CheckConstraint(
            "quantity_milli = CAST(quantity_milli AS BIGINT) AND quantity_milli BETWEEN 1 AND 1000000000000000",
            name=op.f("ck_dispatch_load_line_quantity_milli"),
        ),
        sa.ForeignKeyConstraint(["batch_id"], ["batch.id"], name=op.f("fk_dispatch_load_line_batch_id")),
        sa.ForeignKeyConstraint(["item_id"], ["item.id"], name=op.f("fk_dispatch_load_line_item_id")),
        sa.ForeignKeyConstraint(["load_id"], ["dispatch_load.id"], name=op.f("fk_dispatch_load_line_load_id")),
        sa.PrimaryKeyConstraint("load_id", "batch_id", name=op.f("pk_dispatch_load_line")),
    )
    op.create_table(
        "package",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("regency_code", sa.Text(), nullable=False),
        sa.Column("round_id", sa.Uuid(), nullable=False),
        sa.Column("plan_id", sa.Uuid(), nullable=False),
        sa.Column("beneficiary_kind", sa.Text(), nullable=False),
        sa.Column("beneficiary_id", sa.Uuid(), nullable=False),
        sa.Column("standard_id", sa.Uuid(), nullable=False),
        sa.Column("no", sa.Integer(), nullable=False),
        sa.Column("supplements_id", sa.Uuid(), nullable=True),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("public_ref", sa.LargeBinary(), nullable=True),
        sa.Column(
            "state",
            sa.Enum(
                "waiting",
                "planned",
                "reserved",
                "loaded",
                "handed_over",
                "cancelled",
                name="state",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("post_id", sa.Uuid(), nullable=True),
        sa.Column("serve_on", sa.Date(), nullable=True),
        sa.Column("village_code", sa.Text(), nullable=False),
        sa.Column("rank", sa.Integer(), nullable=False),
        sa.Column("reason_code", sa.Text(), nullable=False),
        sa.Column("reason_facts", sa.Text(), nullable=False),
        sa.Column("persons", sa.Integer(), nullable=False),
        sa.Column("adults", sa.Integer(), nullable=False),
        sa.Column("children", sa.Integer(), nullable=False),
        sa.Column("infants", sa.Integer(), nullable=False),
        sa.Column("elderly", sa.Integer(), nullable=False),
        sa.Column("women", sa.Integer(), nullable=False),
        sa.Column("pregnant", sa.Integer(), nullable=False),
        sa.Column("nursing", sa.Integer(), nullable=False),
        sa.Column("disabled", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "state = 'waiting' OR state = 'cancelled' OR (post_id IS NOT NULL AND serve_on IS NOT NULL)",
            name=op.f("ck_package_placed"),
        ),
        sa.CheckConstraint(
            "persons = CAST(persons AS BIGINT) AND persons BETWEEN 0 AND 1000", name=op.f("ck_package_persons")
        ),
        sa.ForeignKeyConstraint(["plan_id"], ["plan.id"], name=op.f("fk_package_plan_id")),
        sa.ForeignKeyConstraint(["post_id"], ["place.id"], name=op.f("fk_package_post_id")),
        sa.ForeignKeyConstraint(["round_id"], ["round.id"], name=op.f("fk_package_round_id")),
        sa.ForeignKeyConstraint(["standard_id"], ["package_standard.id"], name=op.f("fk_package_standard_id")),
        sa.ForeignKeyConstraint(["supplements_id"], ["package.id"], name=op.f("fk_package_supplements_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_package")),
        sa.UniqueConstraint("public_ref", name=op.f("uq_package_public_ref")),
        sa.UniqueConstraint("regency_code", "code", name=op.f("uq_package_regency_code_code")),
    )
    with op.batch_alter_table("package", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_package_beneficiary_kind_beneficiary_id"),
            ["beneficiary_kind", "beneficiary_id"],
            unique=False,
        )
        batch_op.create_index(batch_op.f("ix_package_plan_id"), ["plan_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_package_post_id"), ["post_id"], unique=False)
        batch_op.create_index(
            batch_op.f("ix_package_round_id_post_id_serve_on"), ["round_id", "post_id", "serve_on"], unique=False
        )
        batch_op.create_index(batch_op.f("ix_package_standard_id"), ["standard_id"], unique=False)
        batch_op.create_index(
            "uq_package_open",
            ["round_id", "beneficiary_kind", "beneficiary_id", "standard_id"],
            unique=True,
            sqlite_where=sa.text("state IN ('waiting', 'planned', 'reserved', 'loaded')"),
            postgresql_where=sa.text("state IN ('waiting', 'planned', 'reserved', 'loaded')"),
        )

    op.create_table(
        "plan_post",
        sa.Column("plan_id", sa.Uuid(), nullable=False),
        sa.Column("post_id", sa.Uuid(), nullable=False),
        sa.Column("capacity_per_day", sa.Integer(), nullable=False),
        sa.Column("village_code", sa.Text(), nullable=True),
        sa.Column("lon_deg", sa.Float(), nullable=True),
        sa.Column("lat_deg", sa.Float(), nullable=True),
        sa.CheckConstraint(
            "capacity_per_day = CAST(capacity_per_day AS BIGINT) AND capacity_per_day BETWEEN 1 AND 1000000",
            name=op.f("ck_plan_post_capacity_per_day"),
        ),
        sa.ForeignKeyConstraint(["plan_id"], ["plan.id"], name=op.f("fk_plan_post_plan_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["post_id"], ["place.id"], name=op.f("fk_plan_post_post_id")),
        sa.PrimaryKeyConstraint("plan_id", "post_id", name=op.f("pk_plan_post")),
    )
    op.create_table(
        "reported_count",
        sa.Column("version_id", sa.Uuid(), nullable=False),
        sa.Column("village_code", sa.Text(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "households", "persons", "displaced", name="kind", native_enum=False, create_constraint=True, length=32
            ),
            nullable=False,
        ),
        sa.Column(
            "state",
            sa.Enum("number", "zero", "pending", name="state", native_enum=False, create_constraint=True, length=32),
            nullable=False,
        ),
        sa.Column("value", sa.Integer(), nullable=True),
        sa.CheckConstraint("(state = 'number') = (value IS NOT NULL)", name=op.f("ck_reported_count_three_valued")),
        sa.CheckConstraint("value IS NULL OR value > 0", name=op.f("ck_reported_count_positive")),
        sa.ForeignKeyConstraint(["version_id"], ["zone_version.id"], name=op.f("fk_reported_count_version_id")),
        sa.ForeignKeyConstraint(["village_code"], ["region.code"], name=op.f("fk_reported_count_village_code")),
        sa.PrimaryKeyConstraint("version_id", "village_code", "kind", name=op.f("pk_reported_count")),
    )
    op.create_table(
        "zone_match",
        sa.Column("version_id", sa.Uuid(), nullable=False),
        sa.Column("household_id", sa.Uuid(), nullable=False),
        sa.Column("village_code", sa.Text(), nullable=False),
        sa.Column(
            "confidence",
            sa.Enum(
                "certain",
                "probable",
                "to_verify",
                name="confidence",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("evidence", sa.Text(), nullable=False),
        sa.Column("share_permille", sa.Integer(), nullable=True),
        sa.Column("neighbours", sa.Integer(), nullable=True),
        sa.Column("distance_m", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["household_id"], ["household.id"], name=op.f("fk_zone_match_household_id")),
        sa.ForeignKeyConstraint(["version_id"], ["zone_version.id"], name=op.f("fk_zone_match_version_id")),
        sa.PrimaryKeyConstraint("version_id", "household_id", name=op.f("pk_zone_match")),
    )
    with op.batch_alter_table("zone_match", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_zone_match_household_id"), ["household_id"], unique=False)

    op.create_table(
        "zone_version_region",
        sa.Column("version_id", sa.Uuid(), nullable=False),
        sa.Column("region_code", sa.Text(), nullable=False),
        sa.Column("rw", sa.Text(), nullable=False),
        sa.Column("rt", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["region_code"], ["region.code"], name=op.f("fk_zone_version_region_region_code")),
        sa.ForeignKeyConstraint(["version_id"], ["zone_version.id"], name=op.f("fk_zone_version_region_version_id")),
        sa.PrimaryKeyConstraint("version_id", "region_code", "rw", "rt", name=op.f("pk_zone_version_region")),
    )
    op.create_table(
        "handover",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("event_id", sa.Uuid(), nullable=False),
        sa.Column("regency_code", sa.Text(), nullable=False),
        sa.Column("round_id", sa.Uuid(), nullable=False),
        sa.Column("package_id", sa.Uuid(), nullable=False),
        sa.Column("package_no", sa.Integer(), nullable=False),
        sa.Column("beneficiary_kind", sa.Text(), nullable=False),
        sa.Column("beneficiary_id", sa.Uuid(), nullable=False),
        sa.Column("standard_id", sa.Uuid(), nullable=False),
        sa.Column("village_code", sa.Text(), nullable=False),
        sa.Column("post_id", sa.Uuid(), nullable=False),
        sa.Column(
            "state",
            sa.Enum("valid", "voided", "double", name="state", native_enum=False, create_constraint=True, length=32),
            nullable=False,
        ),
        sa.Column(
            "recipient_kind",
            sa.Enum("self", "proxy", name="recipient_kind", native_enum=False, create_constraint=True, length=32),
            nullable=False,
        ),
        sa.Column("is_partial", sa.Boolean(), nullable=False),
        sa.Column("partial_reason", sa.Text(), nullable=False),
        sa.Column("event_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("event_on", sa.Date(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("recorded_by", sa.Text(), nullable=False),
        sa.Column("receipt_id", sa.Uuid(), nullable=True),
        sa.Column(
            "stock_state",
            sa.Enum("booked", "pending", name="stock_state", native_enum=False, create_constraint=True, length=32),
            nullable=False,
        ),
        sa.Column(
            "void_reason",
            sa.Enum(
                "wrong_household",
                "wrong_quantity",
                "not_handed_over",
                "other",
                name="void_reason",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=True,
        ),
        sa.Column("void_note", sa.Text(), nullable=False),
        sa.Column("voided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("voided_by", sa.Text(), nullable=True),
        sa.CheckConstraint("event_at <= recorded_at", name=op.f("ck_handover_not_in_future")),
        sa.ForeignKeyConstraint(["event_id"], ["handover_event.id"], name=op.f("fk_handover_event_id")),
        sa.ForeignKeyConstraint(["package_id"], ["package.id"], name=op.f("fk_handover_package_id")),
        sa.ForeignKeyConstraint(["post_id"], ["place.id"], name=op.f("fk_handover_post_id")),
        sa.ForeignKeyConstraint(["receipt_id"], ["document.id"], name=op.f("fk_handover_receipt_id")),
        sa.ForeignKeyConstraint(["round_id"], ["round.id"], name=op.f("fk_handover_round_id")),
        sa.ForeignKeyConstraint(["standard_id"], ["package_standard.id"], name=op.f("fk_handover_standard_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_handover")),
        sa.UniqueConstraint("event_id", name=op.f("uq_handover_event_id")),
    )
    with op.batch_alter_table("handover", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_handover_beneficiary_kind_beneficiary_id"),
            ["beneficiary_kind", "beneficiary_id"],
            unique=False,
        )
        batch_op.create_index(batch_op.f("ix_handover_package_id"), ["package_id"], unique=False)
        batch_op.create_index(
            batch_op.f("ix_handover_round_id_post_id_event_on"), ["round_id", "post_id", "event_on"], unique=False
        )
        batch_op.create_index(
            "uq_handover_valid",
            ["round_id", "beneficiary_kind", "beneficiary_id", "standard_id", "package_no"],
            unique=True,
            sqlite_where=sa.text("state = 'valid'"),
            postgresql_where=sa.text("state = 'valid'"),
        )

    op.create_table(
        "package_line",
        sa.Column("package_id", sa.Uuid(), nullable=False),
        sa.Column("item_id", sa.Uuid(), nullable=False),
        sa.Column("exact_milli", sa.BigInteger(), nullable=False),
        sa.Column("quantity_milli", sa.BigInteger(), nullable=False),
        sa.Column("is_once", sa.Boolean(), nullable=False),
        sa.CheckConstraint(
            "exact_milli = CAST(exact_milli AS BIGINT) AND exact_milli BETWEEN 0 AND 1000000000000000",
            name=op.f("ck_package_line_exact_milli"),
        ),
        sa.CheckConstraint(
            "quantity_milli = CAST(quantity_milli AS BIGINT) AND quantity_milli BETWEEN 0 AND 1000000000000000",
            name=op.f("ck_package_line_quantity_milli"),
        ),
        sa.CheckConstraint("quantity_milli >= exact_milli", name=op.f("ck_package_line_rounded_up")),
        sa.ForeignKeyConstraint(["item_id"], ["item.id"], name=op.f("fk_package_line_item_id")),
        sa.ForeignKeyConstraint(
            ["package_id"], ["package.id"], name=op.f("fk_package_line_package_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("package_id", "item_id", name=op.f("pk_package_line")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "handover_line",
        sa.Column("handover_id", sa.Uuid(), nullable=False),
        sa.Column("item_id", sa.Uuid(), nullable=False),
        sa.Column("due_milli", sa.BigInteger(), nullable=False),
        sa.Column("quantity_milli", sa.BigInteger(), nullable=False),
        sa.CheckConstraint(
            "due_milli = CAST(due_milli AS BIGINT) AND due_milli BETWEEN 0 AND 1000000000000000",
            name=op.f("ck_handover_line_due_milli"),
        ),
        sa.CheckConstraint("quantity_milli <= due_milli", name=op.f("ck_handover_line_not_more_than_due")),
        sa.CheckConstraint(
            "quantity_milli = CAST(quantity_milli AS BIGINT) AND quantity_milli BETWEEN 0 AND 1000000000000000",
            name=op.f("ck_handover_line_quantity_milli"),
        ),
        sa.ForeignKeyConstraint(["handover_id"], ["handover.id"], name=op.f("fk_handover_line_handover_id")),
        sa.ForeignKeyConstraint(["item_id"], ["item.id"], name=op.f("fk_handover_line_item_id")),
        sa.PrimaryKeyConstraint("handover_id", "item_id", name=op.f("pk_handover_line")),
    )

    for statement in triggers(op.get_bind().dialect.name):
        op.execute(statement)


def downgrade() -> None:
    raise RuntimeError("the first version has nothing before it: restore a backup instead")
