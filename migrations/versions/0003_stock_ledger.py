"""The ledger widened: variants, prices and conditions of batches, sums by day, counts, corrections, kits, consignments."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

NEW_APPEND_ONLY = ("count_mark", "kit_batch_component")
REMADE_APPEND_ONLY = ("batch", "stock_document", "move")
"""SQLite makes a table anew to change it; its triggers are lost with the old one."""
_EXPIRED = """
    NEW.flag = '' AND EXISTS (
      SELECT 1 FROM batch, place AS source, place AS target
      WHERE batch.id = NEW.batch_id AND source.id = NEW.from_place_id AND target.id = NEW.to_place_id
        AND batch.expires_on < NEW.event_on
        AND target.kind IN ('household', 'contested', 'post')
        AND source.kind IN ('supplier', 'warehouse', 'quarantine', 'vehicle', 'post', 'assembly'))
"""
SINKS = "kind IN ('household', 'contested', 'assembly', 'adjustment', 'loss')"
WHOLE = "{0} = CAST({0} AS BIGINT) AND {0} BETWEEN 0 AND 1000000000000000"


def triggers(dialect: str) -> list[str]:
    """Give the triggers of this version, frozen here: the models' own may change later."""
    if dialect == "sqlite":
        made = [
            f"CREATE TRIGGER {table}_no_{verb.lower()} BEFORE {verb} ON {table} "
            f"BEGIN SELECT RAISE(ABORT, 'append-only: {table}'); END"
            for table in (*NEW_APPEND_ONLY, *REMADE_APPEND_ONLY)
            for verb in ("UPDATE", "DELETE")
        ]
        return [
            *made,
            f"CREATE TRIGGER move_not_expired BEFORE INSERT ON move WHEN {_EXPIRED} "
            "BEGIN SELECT RAISE(ABORT, 'expired: move'); END",
        ]
    return [
        f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE ON {table} "
        "FOR EACH ROW EXECUTE FUNCTION tanggap_append_only()"
        for table in NEW_APPEND_ONLY
    ]


def _allow(table: str, column: str, values: tuple[str, ...]) -> None:
    """Let a state column hold these values from now on."""
    told = ", ".join(f"'{value}'" for value in values)
    name = op.f(f"ck_{table}_{column}")
    with op.batch_alter_table(table) as batch_op:
        batch_op.drop_constraint(name, type_="check")
        batch_op.create_check_constraint(name, f"{column} IN ({told})")


def upgrade() -> None:
    op.create_table(
        "stock_file",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("regency_code", sa.Text(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum("opening", "movements", name="kind", native_enum=False, create_constraint=True, length=32),
            nullable=False,
        ),
        sa.Column(
            "state",
            sa.Enum(
                "reading",
                "read",
                "approved",
                "booked",
                "discarded",
                name="state",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("file_name", sa.Text(), nullable=False),
        sa.Column("file_sha256", sa.Text(), nullable=False),
        sa.Column("header", sa.Text(), nullable=False),
        sa.Column("delimiter", sa.Text(), nullable=False),
        sa.Column("as_of_on", sa.Date(), nullable=True),
        sa.Column("rows", sa.Integer(), nullable=False),
        sa.Column("refused", sa.Integer(), nullable=False),
        sa.Column("value_rp", sa.BigInteger(), nullable=False),
        sa.Column("read_by", sa.Text(), nullable=False),
        sa.Column("read_by_name", sa.Text(), nullable=False),
        sa.Column("read_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("booked_by", sa.Text(), nullable=True),
        sa.Column("booked_by_name", sa.Text(), nullable=False),
        sa.Column("booked_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("booked_by <> read_by", name=op.f("ck_stock_file_two_persons")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_stock_file")),
    )
    with op.batch_alter_table("stock_file", schema=None) as batch_op:
        batch_op.create_index(
            "uq_stock_file_sha256",
            ["regency_code", "file_sha256"],
            unique=True,
            sqlite_where=sa.text("state <> 'discarded'"),
            postgresql_where=sa.text("state <> 'discarded'"),
        )

    op.create_table(
        "consignment",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("regency_code", sa.Text(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("giver_id", sa.Uuid(), nullable=False),
        sa.Column("place_id", sa.Uuid(), nullable=False),
        sa.Column("incoming_document", sa.Text(), nullable=False),
        sa.Column(
            "funding_source",
            sa.Enum(
                "apbn",
                "apbd_provinsi",
                "apbd",
                "hibah",
                "csr",
                "campuran",
                name="funding_source",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column(
            "release_condition",
            sa.Enum("", "decree", name="release_condition", native_enum=False, create_constraint=True, length=32),
            nullable=False,
        ),
        sa.Column("expected_on", sa.Date(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "expected",
                "received",
                "inspected",
                "stocked",
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
        sa.Column("received_by", sa.Text(), nullable=True),
        sa.Column("received_by_name", sa.Text(), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("receipt_id", sa.Uuid(), nullable=True),
        sa.Column("inspected_by", sa.Text(), nullable=True),
        sa.Column("inspected_by_name", sa.Text(), nullable=False),
        sa.Column("inspected_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("stocked_by", sa.Text(), nullable=True),
        sa.Column("stocked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("stocking_id", sa.Uuid(), nullable=True),
        sa.Column("cancelled_reason", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "(state IN ('expected', 'cancelled')) = (receipt_id IS NULL)", name=op.f("ck_consignment_received_once")
        ),
        sa.ForeignKeyConstraint(["giver_id"], ["place.id"], name=op.f("fk_consignment_giver_id")),
        sa.ForeignKeyConstraint(["place_id"], ["place.id"], name=op.f("fk_consignment_place_id")),
        sa.ForeignKeyConstraint(["receipt_id"], ["stock_document.id"], name=op.f("fk_consignment_receipt_id")),
        sa.ForeignKeyConstraint(["stocking_id"], ["stock_document.id"], name=op.f("fk_consignment_stocking_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_consignment")),
        sa.UniqueConstraint("regency_code", "code", name=op.f("uq_consignment_regency_code_code")),
    )
    with op.batch_alter_table("consignment", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_consignment_regency_code_state_expected_on"),
            ["regency_code", "state", "expected_on"],
            unique=False,
        )

    op.create_table(
        "correction",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("regency_code", sa.Text(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "adjustment", "write_off", "reversal", name="kind", native_enum=False, create_constraint=True, length=32
            ),
            nullable=False,
        ),
        sa.Column(
            "state",
            sa.Enum(
                "asked",
                "approved",
                "refused",
                "withdrawn",
                name="state",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("place_id", sa.Uuid(), nullable=True),
        sa.Column("reversed_document_id", sa.Uuid(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("minutes_no", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("subject_id", sa.Text(), nullable=False),
        sa.Column("value_rp", sa.BigInteger(), nullable=False),
        sa.Column("event_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("asked_by", sa.Text(), nullable=False),
        sa.Column("asked_by_name", sa.Text(), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("decided_by", sa.Text(), nullable=True),
        sa.Column("decided_by_name", sa.Text(), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decision_note", sa.Text(), nullable=False),
        sa.Column("document_id", sa.Uuid(), nullable=True),
        sa.CheckConstraint(
            "(kind = 'reversal') = (reversed_document_id IS NOT NULL)",
            name=op.f("ck_correction_names_what_it_reverses"),
        ),
        sa.CheckConstraint(
            "(state = 'approved') = (document_id IS NOT NULL)", name=op.f("ck_correction_booked_when_approved")
        ),
        sa.CheckConstraint("(state = 'asked') = (decided_at IS NULL)", name=op.f("ck_correction_decided_once")),
        sa.CheckConstraint("decided_by <> asked_by OR state = 'withdrawn'", name=op.f("ck_correction_two_persons")),
        sa.CheckConstraint(
            "value_rp = CAST(value_rp AS BIGINT) AND value_rp BETWEEN 0 AND 1000000000000000",
            name=op.f("ck_correction_value_rp"),
        ),
        sa.ForeignKeyConstraint(["document_id"], ["stock_document.id"], name=op.f("fk_correction_document_id")),
        sa.ForeignKeyConstraint(["place_id"], ["place.id"], name=op.f("fk_correction_place_id")),
        sa.ForeignKeyConstraint(
            ["reversed_document_id"], ["stock_document.id"], name=op.f("fk_correction_reversed_document_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_correction")),
        sa.UniqueConstraint("document_id", name=op.f("uq_correction_document_id")),
    )
    with op.batch_alter_table("correction", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_correction_regency_code_state_asked_at"), ["regency_code", "state", "asked_at"], unique=False
        )
        batch_op.create_index(batch_op.f("ix_correction_subject_subject_id"), ["subject", "subject_id"], unique=False)

    op.create_table(
        "item_variant",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("item_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column(
            "sex",
            sa.Enum("", "male", "female", name="sex", native_enum=False, create_constraint=True, length=32),
            nullable=False,
        ),
        sa.Column("size", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["item_id"], ["item.id"], name=op.f("fk_item_variant_item_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_item_variant")),
        sa.UniqueConstraint("item_id", "name", name=op.f("uq_item_variant_item_id_name")),
    )
    op.create_table(
        "kit_component",
        sa.Column("kit_item_id", sa.Uuid(), nullable=False),
        sa.Column("item_id", sa.Uuid(), nullable=False),
        sa.Column("quantity_milli", sa.BigInteger(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.CheckConstraint("kit_item_id <> item_id", name=op.f("ck_kit_component_not_itself")),
        sa.CheckConstraint(
            "quantity_milli = CAST(quantity_milli AS BIGINT) AND quantity_milli BETWEEN 1 AND 1000000000000000",
            name=op.f("ck_kit_component_quantity_milli"),
        ),
        sa.ForeignKeyConstraint(["item_id"], ["item.id"], name=op.f("fk_kit_component_item_id")),
        sa.ForeignKeyConstraint(["kit_item_id"], ["item.id"], name=op.f("fk_kit_component_kit_item_id")),
        sa.PrimaryKeyConstraint("kit_item_id", "item_id", name=op.f("pk_kit_component")),
    )
    op.create_table(
        "minimum_level",
        sa.Column("place_id", sa.Uuid(), nullable=False),
        sa.Column("item_id", sa.Uuid(), nullable=False),
        sa.Column("regency_code", sa.Text(), nullable=False),
        sa.Column("quantity_milli", sa.BigInteger(), nullable=False),
        sa.Column("set_by", sa.Text(), nullable=False),
        sa.Column("set_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "quantity_milli = CAST(quantity_milli AS BIGINT) AND quantity_milli BETWEEN 1 AND 1000000000000000",
            name=op.f("ck_minimum_level_quantity_milli"),
        ),
        sa.ForeignKeyConstraint(["item_id"], ["item.id"], name=op.f("fk_minimum_level_item_id")),
        sa.ForeignKeyConstraint(["place_id"], ["place.id"], name=op.f("fk_minimum_level_place_id")),
        sa.PrimaryKeyConstraint("place_id", "item_id", name=op.f("pk_minimum_level")),
    )
    op.create_table(
        "shipment",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("regency_code", sa.Text(), nullable=False),
        sa.Column("from_place_id", sa.Uuid(), nullable=False),
        sa.Column("via_place_id", sa.Uuid(), nullable=False),
        sa.Column("to_place_id", sa.Uuid(), nullable=False),
        sa.Column(
            "state",
            sa.Enum("sent", "partly", "arrived", name="state", native_enum=False, create_constraint=True, length=32),
            nullable=False,
        ),
        sa.Column("carrier", sa.Text(), nullable=False),
        sa.Column("expected_on", sa.Date(), nullable=True),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("sent_document_id", sa.Uuid(), nullable=False),
        sa.Column("sent_by", sa.Text(), nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("arrived_by", sa.Text(), nullable=True),
        sa.Column("arrived_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("from_place_id <> to_place_id", name=op.f("ck_shipment_two_places")),
        sa.ForeignKeyConstraint(["from_place_id"], ["place.id"], name=op.f("fk_shipment_from_place_id")),
        sa.ForeignKeyConstraint(["sent_document_id"], ["stock_document.id"], name=op.f("fk_shipment_sent_document_id")),
        sa.ForeignKeyConstraint(["to_place_id"], ["place.id"], name=op.f("fk_shipment_to_place_id")),
        sa.ForeignKeyConstraint(["via_place_id"], ["place.id"], name=op.f("fk_shipment_via_place_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_shipment")),
        sa.UniqueConstraint("sent_document_id", name=op.f("uq_shipment_sent_document_id")),
    )
    with op.batch_alter_table("shipment", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_shipment_regency_code_state"), ["regency_code", "state"], unique=False)

    op.create_table(
        "stock_count",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("regency_code", sa.Text(), nullable=False),
        sa.Column("place_id", sa.Uuid(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "planned",
                "counting",
                "recounting",
                "submitted",
                "approved",
                "cancelled",
                name="state",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("is_blind", sa.Boolean(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("made_by", sa.Text(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("started_by", sa.Text(), nullable=True),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("submitted_by", sa.Text(), nullable=True),
        sa.Column("submitted_by_name", sa.Text(), nullable=False),
        sa.Column("submitted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("approved_by", sa.Text(), nullable=True),
        sa.Column("approved_by_name", sa.Text(), nullable=False),
        sa.Column("approved_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("cancelled_reason", sa.Text(), nullable=False),
        sa.Column("document_id", sa.Uuid(), nullable=True),
        sa.CheckConstraint(
            "(state = 'approved') = (approved_at IS NOT NULL)", name=op.f("ck_stock_count_approved_once")
        ),
        sa.CheckConstraint("approved_by <> submitted_by", name=op.f("ck_stock_count_two_persons")),
        sa.ForeignKeyConstraint(["document_id"], ["stock_document.id"], name=op.f("fk_stock_count_document_id")),
        sa.ForeignKeyConstraint(["place_id"], ["place.id"], name=op.f("fk_stock_count_place_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_stock_count")),
        sa.UniqueConstraint("document_id", name=op.f("uq_stock_count_document_id")),
        sa.UniqueConstraint("regency_code", "code", name=op.f("uq_stock_count_regency_code_code")),
    )
    with op.batch_alter_table("stock_count", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_stock_count_regency_code_state"), ["regency_code", "state"], unique=False)
        batch_op.create_index(
            "uq_stock_count_open",
            ["place_id"],
            unique=True,
            sqlite_where=sa.text("state IN ('planned', 'counting', 'recounting', 'submitted')"),
            postgresql_where=sa.text("state IN ('planned', 'counting', 'recounting', 'submitted')"),
        )

    op.create_table(
        "stock_file_row",
        sa.Column("file_id", sa.Uuid(), nullable=False),
        sa.Column("row_no", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column(
            "outcome",
            sa.Enum(
                "waiting",
                "ready",
                "refused",
                "booked",
                name="outcome",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("reason_code", sa.Text(), nullable=False),
        sa.Column("facts", sa.Text(), nullable=False),
        sa.Column("cells", sa.Text(), nullable=False),
        sa.Column("order", sa.Text(), nullable=False),
        sa.Column("document_id", sa.Uuid(), nullable=True),
        sa.ForeignKeyConstraint(["document_id"], ["stock_document.id"], name=op.f("fk_stock_file_row_document_id")),
        sa.ForeignKeyConstraint(["file_id"], ["stock_file.id"], name=op.f("fk_stock_file_row_file_id")),
        sa.PrimaryKeyConstraint("file_id", "row_no", name=op.f("pk_stock_file_row")),
    )
    op.create_table(
        "balance_day",
        sa.Column("place_id", sa.Uuid(), nullable=False),
        sa.Column("batch_id", sa.Uuid(), nullable=False),
        sa.Column("event_on", sa.Date(), nullable=False),
        sa.Column("change_milli", sa.BigInteger(), nullable=False),
        sa.Column("change_rp", sa.BigInteger(), nullable=False),
        sa.CheckConstraint(
            "change_milli = CAST(change_milli AS BIGINT) AND change_milli BETWEEN -1000000000000000 AND 1000000000000000",
            name=op.f("ck_balance_day_change_milli"),
        ),
        sa.CheckConstraint(
            "change_rp = CAST(change_rp AS BIGINT) AND change_rp BETWEEN -1000000000000000 AND 1000000000000000",
            name=op.f("ck_balance_day_change_rp"),
        ),
        sa.ForeignKeyConstraint(["batch_id"], ["batch.id"], name=op.f("fk_balance_day_batch_id")),
        sa.ForeignKeyConstraint(["place_id"], ["place.id"], name=op.f("fk_balance_day_place_id")),
        sa.PrimaryKeyConstraint("place_id", "batch_id", "event_on", name=op.f("pk_balance_day")),
    )
    with op.batch_alter_table("balance_day") as batch_op:
        batch_op.create_index(batch_op.f("ix_balance_day_place_id_event_on"), ["place_id", "event_on"], unique=False)

    op.create_table(
        "balance_month",
        sa.Column("place_id", sa.Uuid(), nullable=False),
        sa.Column("batch_id", sa.Uuid(), nullable=False),
        sa.Column("first_on", sa.Date(), nullable=False),
        sa.Column("change_milli", sa.BigInteger(), nullable=False),
        sa.Column("change_rp", sa.BigInteger(), nullable=False),
        sa.CheckConstraint(
            "change_milli = CAST(change_milli AS BIGINT) AND change_milli BETWEEN -1000000000000000 AND 1000000000000000",
            name=op.f("ck_balance_month_change_milli"),
        ),
        sa.CheckConstraint(
            "change_rp = CAST(change_rp AS BIGINT) AND change_rp BETWEEN -1000000000000000 AND 1000000000000000",
            name=op.f("ck_balance_month_change_rp"),
        ),
        sa.ForeignKeyConstraint(["batch_id"], ["batch.id"], name=op.f("fk_balance_month_batch_id")),
        sa.ForeignKeyConstraint(["place_id"], ["place.id"], name=op.f("fk_balance_month_place_id")),
        sa.PrimaryKeyConstraint("place_id", "batch_id", "first_on", name=op.f("pk_balance_month")),
    )
    op.create_table(
        "consignment_line",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("consignment_id", sa.Uuid(), nullable=False),
        sa.Column("no", sa.Integer(), nullable=False),
        sa.Column("item_id", sa.Uuid(), nullable=False),
        sa.Column("variant_id", sa.Uuid(), nullable=True),
        sa.Column("expected_milli", sa.BigInteger(), nullable=False),
        sa.Column("received_milli", sa.BigInteger(), nullable=True),
        sa.Column("good_milli", sa.BigInteger(), nullable=True),
        sa.Column("damaged_milli", sa.BigInteger(), nullable=True),
        sa.Column("unit_price_rp", sa.BigInteger(), nullable=False),
        sa.Column("expires_on", sa.Date(), nullable=True),
        sa.Column("batch_id", sa.Uuid(), nullable=True),
        sa.Column("note", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "(batch_id IS NULL) = (received_milli IS NULL OR received_milli = 0)",
            name=op.f("ck_consignment_line_batch_of_goods"),
        ),
        sa.CheckConstraint(
            "(good_milli IS NULL) = (damaged_milli IS NULL) AND (good_milli IS NULL OR good_milli + damaged_milli = received_milli)",
            name=op.f("ck_consignment_line_split_adds_up"),
        ),
        sa.CheckConstraint(
            "damaged_milli = CAST(damaged_milli AS BIGINT) AND damaged_milli BETWEEN 0 AND 1000000000000000",
            name=op.f("ck_consignment_line_damaged_milli"),
        ),
        sa.CheckConstraint(
            "expected_milli = CAST(expected_milli AS BIGINT) AND expected_milli BETWEEN 0 AND 1000000000000000",
            name=op.f("ck_consignment_line_expected_milli"),
        ),
        sa.CheckConstraint(
            "good_milli = CAST(good_milli AS BIGINT) AND good_milli BETWEEN 0 AND 1000000000000000",
            name=op.f("ck_consignment_line_good_milli"),
        ),
        sa.CheckConstraint(
            "received_milli = CAST(received_milli AS BIGINT) AND received_milli BETWEEN 0 AND 1000000000000000",
            name=op.f("ck_consignment_line_received_milli"),
        ),
        sa.CheckConstraint(
            "unit_price_rp = CAST(unit_price_rp AS BIGINT) AND unit_price_rp BETWEEN 0 AND 1000000000000000",
            name=op.f("ck_consignment_line_unit_price_rp"),
        ),
        sa.ForeignKeyConstraint(["batch_id"], ["batch.id"], name=op.f("fk_consignment_line_batch_id")),
        sa.ForeignKeyConstraint(
            ["consignment_id"], ["consignment.id"], name=op.f("fk_consignment_line_consignment_id")
        ),
        sa.ForeignKeyConstraint(["item_id"], ["item.id"], name=op.f("fk_consignment_line_item_id")),
        sa.ForeignKeyConstraint(["variant_id"], ["item_variant.id"], name=op.f("fk_consignment_line_variant_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_consignment_line")),
        sa.UniqueConstraint("consignment_id", "no", name=op.f("uq_consignment_line_consignment_id_no")),
    )
    op.create_table(
        "correction_line",
        sa.Column("correction_id", sa.Uuid(), nullable=False),
        sa.Column("batch_id", sa.Uuid(), nullable=False),
        sa.Column("difference_milli", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("difference_milli <> 0", name=op.f("ck_correction_line_differs")),
        sa.CheckConstraint(
            "difference_milli = CAST(difference_milli AS BIGINT) AND difference_milli BETWEEN -1000000000000000 AND 1000000000000000",
            name=op.f("ck_correction_line_difference_milli"),
        ),
        sa.ForeignKeyConstraint(["batch_id"], ["batch.id"], name=op.f("fk_correction_line_batch_id")),
        sa.ForeignKeyConstraint(["correction_id"], ["correction.id"], name=op.f("fk_correction_line_correction_id")),
        sa.PrimaryKeyConstraint("correction_id", "batch_id", name=op.f("pk_correction_line")),
    )
    op.create_table(
        "count_mark",
        sa.Column("place_id", sa.Uuid(), nullable=False),
        sa.Column("batch_id", sa.Uuid(), nullable=False),
        sa.Column("counted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("regency_code", sa.Text(), nullable=False),
        sa.Column("counted_milli", sa.BigInteger(), nullable=False),
        sa.Column("count_id", sa.Uuid(), nullable=False),
        sa.CheckConstraint(
            "counted_milli = CAST(counted_milli AS BIGINT) AND counted_milli BETWEEN 0 AND 1000000000000000",
            name=op.f("ck_count_mark_counted_milli"),
        ),
        sa.ForeignKeyConstraint(["batch_id"], ["batch.id"], name=op.f("fk_count_mark_batch_id")),
        sa.ForeignKeyConstraint(["place_id"], ["place.id"], name=op.f("fk_count_mark_place_id")),
        sa.PrimaryKeyConstraint("place_id", "batch_id", "counted_at", name=op.f("pk_count_mark")),
    )
    op.create_table(
        "kit_batch_component",
        sa.Column("batch_id", sa.Uuid(), nullable=False),
        sa.Column("component_batch_id", sa.Uuid(), nullable=False),
        sa.Column("quantity_milli", sa.BigInteger(), nullable=False),
        sa.CheckConstraint(
            "quantity_milli = CAST(quantity_milli AS BIGINT) AND quantity_milli BETWEEN 1 AND 1000000000000000",
            name=op.f("ck_kit_batch_component_quantity_milli"),
        ),
        sa.ForeignKeyConstraint(["batch_id"], ["batch.id"], name=op.f("fk_kit_batch_component_batch_id")),
        sa.ForeignKeyConstraint(
            ["component_batch_id"], ["batch.id"], name=op.f("fk_kit_batch_component_component_batch_id")
        ),
        sa.PrimaryKeyConstraint("batch_id", "component_batch_id", name=op.f("pk_kit_batch_component")),
    )
    op.create_table(
        "shipment_line",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("shipment_id", sa.Uuid(), nullable=False),
        sa.Column("batch_id", sa.Uuid(), nullable=False),
        sa.Column("sent_milli", sa.BigInteger(), nullable=False),
        sa.Column("arrived_milli", sa.BigInteger(), nullable=False),
        sa.Column("damaged_milli", sa.BigInteger(), nullable=False),
        sa.Column("lost_milli", sa.BigInteger(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "arrived_milli + damaged_milli + lost_milli <= sent_milli",
            name=op.f("ck_shipment_line_never_more_than_sent"),
        ),
        sa.CheckConstraint(
            "arrived_milli = CAST(arrived_milli AS BIGINT) AND arrived_milli BETWEEN 0 AND 1000000000000000",
            name=op.f("ck_shipment_line_arrived_milli"),
        ),
        sa.CheckConstraint(
            "damaged_milli = CAST(damaged_milli AS BIGINT) AND damaged_milli BETWEEN 0 AND 1000000000000000",
            name=op.f("ck_shipment_line_damaged_milli"),
        ),
        sa.CheckConstraint(
            "lost_milli = CAST(lost_milli AS BIGINT) AND lost_milli BETWEEN 0 AND 1000000000000000",
            name=op.f("ck_shipment_line_lost_milli"),
        ),
        sa.CheckConstraint(
            "sent_milli = CAST(sent_milli AS BIGINT) AND sent_milli BETWEEN 1 AND 1000000000000000",
            name=op.f("ck_shipment_line_sent_milli"),
        ),
        sa.ForeignKeyConstraint(["batch_id"], ["batch.id"], name=op.f("fk_shipment_line_batch_id")),
        sa.ForeignKeyConstraint(["shipment_id"], ["shipment.id"], name=op.f("fk_shipment_line_shipment_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_shipment_line")),
        sa.UniqueConstraint("shipment_id", "batch_id", name=op.f("uq_shipment_line_shipment_id_batch_id")),
    )
    op.create_table(
        "stock_count_line",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("count_id", sa.Uuid(), nullable=False),
        sa.Column("batch_id", sa.Uuid(), nullable=False),
        sa.Column("counted_milli", sa.BigInteger(), nullable=True),
        sa.Column("counted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("counted_by", sa.Text(), nullable=False),
        sa.Column("must_recount", sa.Boolean(), nullable=False),
        sa.Column("recounted_milli", sa.BigInteger(), nullable=True),
        sa.Column("recounted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("recounted_by", sa.Text(), nullable=False),
        sa.Column("booked_milli", sa.BigInteger(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "(counted_milli IS NULL) = (counted_at IS NULL)", name=op.f("ck_stock_count_line_counted_when")
        ),
        sa.CheckConstraint(
            "(recounted_milli IS NULL) = (recounted_at IS NULL)", name=op.f("ck_stock_count_line_recounted_when")
        ),
        sa.CheckConstraint(
            "booked_milli = CAST(booked_milli AS BIGINT) AND booked_milli BETWEEN 0 AND 1000000000000000",
            name=op.f("ck_stock_count_line_booked_milli"),
        ),
        sa.CheckConstraint(
            "counted_milli = CAST(counted_milli AS BIGINT) AND counted_milli BETWEEN 0 AND 1000000000000000",
            name=op.f("ck_stock_count_line_counted_milli"),
        ),
        sa.CheckConstraint(
            "recounted_milli = CAST(recounted_milli AS BIGINT) AND recounted_milli BETWEEN 0 AND 1000000000000000",
            name=op.f("ck_stock_count_line_recounted_milli"),
        ),
        sa.ForeignKeyConstraint(["batch_id"], ["batch.id"], name=op.f("fk_stock_count_line_batch_id")),
        sa.ForeignKeyConstraint(["count_id"], ["stock_count.id"], name=op.f("fk_stock_count_line_count_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_stock_count_line")),
        sa.UniqueConstraint("count_id", "batch_id", name=op.f("uq_stock_count_line_count_id_batch_id")),
    )

    if op.get_bind().dialect.name == "sqlite":
        # It names a table that is about to be made anew; it comes back below.
        op.execute("DROP TRIGGER move_not_expired")
    with op.batch_alter_table("balance") as batch_op:
        batch_op.add_column(sa.Column("last_on", sa.Date(), nullable=True))
        batch_op.add_column(sa.Column("counted_at", sa.DateTime(timezone=True), nullable=True))
    release = sa.Enum("", "decree", name="release_condition", native_enum=False, create_constraint=True, length=32)
    with op.batch_alter_table("batch") as batch_op:
        batch_op.add_column(sa.Column("variant_id", sa.Uuid(), nullable=True))
        batch_op.add_column(sa.Column("unit_price_rp", sa.BigInteger(), nullable=True))
        batch_op.add_column(sa.Column("release_condition", release, nullable=False, server_default=""))
        batch_op.create_foreign_key(batch_op.f("fk_batch_variant_id"), "item_variant", ["variant_id"], ["id"])
        batch_op.create_check_constraint(batch_op.f("ck_batch_unit_price_rp"), WHOLE.format("unit_price_rp"))
    with op.batch_alter_table("batch") as batch_op:
        batch_op.alter_column("release_condition", existing_type=release, server_default=None)
    with op.batch_alter_table("office") as batch_op:
        batch_op.add_column(sa.Column("approval_limit_rp", sa.BigInteger(), nullable=False, server_default="5000000"))
        batch_op.create_check_constraint(batch_op.f("ck_office_approval_limit_rp"), WHOLE.format("approval_limit_rp"))
    with op.batch_alter_table("office") as batch_op:
        batch_op.alter_column("approval_limit_rp", existing_type=sa.BigInteger(), server_default=None)
    _allow("batch", "funding_source", ("apbn", "apbd_provinsi", "apbd", "hibah", "csr", "campuran"))
    _allow(
        "stock_document", "kind",
        ("receipt", "transfer", "dispatch", "handover", "return", "reversal", "adjustment", "write_off", "assembly"),
    )  # fmt: skip
    _allow("move", "flag", ("", "expired", "early", "counted"))
    with op.batch_alter_table("place") as batch_op:
        batch_op.drop_index("uq_place_regency_code_kind_sink")
        batch_op.create_index(
            "uq_place_regency_code_kind_sink", ["regency_code", "kind"], unique=True, sqlite_where=sa.text(SINKS),
            postgresql_where=sa.text(SINKS),
        )  # fmt: skip
    op.execute(
        """
        INSERT INTO balance_day (place_id, batch_id, event_on, change_milli, change_rp)
        SELECT place_id, batch_id, event_on, SUM(milli), SUM(rp) FROM (
            SELECT to_place_id AS place_id, batch_id, event_on, quantity_milli AS milli, value_rp AS rp FROM move
            UNION ALL
            SELECT from_place_id, batch_id, event_on, -quantity_milli, -value_rp FROM move
        ) AS sides GROUP BY place_id, batch_id, event_on
        """
    )
    month = "date(event_on, 'start of month')"
    if op.get_bind().dialect.name != "sqlite":
        month = "CAST(date_trunc('month', event_on) AS DATE)"
    op.execute(
        f"""
        INSERT INTO balance_month (place_id, batch_id, first_on, change_milli, change_rp)
        SELECT place_id, batch_id, {month}, SUM(change_milli), SUM(change_rp) FROM balance_day
        GROUP BY place_id, batch_id, {month}
        """
    )
    op.execute(
        """
        UPDATE balance SET last_on = (
            SELECT MAX(event_on) FROM balance_day
            WHERE balance_day.place_id = balance.place_id AND balance_day.batch_id = balance.batch_id
        )
        """
    )
    for statement in triggers(op.get_bind().dialect.name):
        op.execute(statement)


def downgrade() -> None:
    raise RuntimeError("counts and corrections cannot be told without their tables: restore a backup instead")
