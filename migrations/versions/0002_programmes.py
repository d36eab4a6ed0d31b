"""Programmes, terms and their lists; a round may belong to a term; money as an item; misses."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


APPEND_ONLY = ("handover_miss", "term_entry_frozen")


def triggers(dialect: str) -> list[str]:
    """Give the triggers of this version, frozen here: the models' own may change later."""
    if dialect == "sqlite":
        return [
            f"CREATE TRIGGER {table}_no_{verb.lower()} BEFORE {verb} ON {table} "
            f"BEGIN SELECT RAISE(ABORT, 'append-only: {table}'); END"
            for table in APPEND_ONLY
            for verb in ("UPDATE", "DELETE")
        ]
    return [
        f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE ON {table} "
        "FOR EACH ROW EXECUTE FUNCTION tanggap_append_only()"
        for table in APPEND_ONLY
    ]


def upgrade() -> None:
    op.create_table(
        "programme",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("regency_code", sa.Text(), nullable=False),
        sa.Column("slug", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "pkh",
                "sembako",
                "bst",
                "pbi",
                "kompor",
                "own",
                name="kind",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column(
            "form",
            sa.Enum("goods", "cash", name="form", native_enum=False, create_constraint=True, length=32),
            nullable=False,
        ),
        sa.Column(
            "unit",
            sa.Enum("household", "person", "card", name="unit", native_enum=False, create_constraint=True, length=32),
            nullable=False,
        ),
        sa.Column(
            "cadence",
            sa.Enum(
                "once",
                "monthly",
                "two_monthly",
                "quarterly",
                "yearly",
                name="cadence",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("supplier", sa.Text(), nullable=False),
        sa.Column("distributor", sa.Text(), nullable=False),
        sa.Column("funding_source", sa.Text(), nullable=False),
        sa.Column("legal_source", sa.Text(), nullable=False),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_programme")),
        sa.UniqueConstraint("regency_code", "slug", name=op.f("uq_programme_regency_code_slug")),
    )
    op.create_table(
        "term",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("regency_code", sa.Text(), nullable=False),
        sa.Column("programme_id", sa.Uuid(), nullable=False),
        sa.Column("no", sa.Integer(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("first_on", sa.Date(), nullable=False),
        sa.Column("last_on", sa.Date(), nullable=False),
        sa.Column("standard_id", sa.Uuid(), nullable=False),
        sa.Column("criteria", sa.Text(), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "draft",
                "verified",
                "determined",
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
        sa.Column("created_by_name", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("verified_by", sa.Text(), nullable=True),
        sa.Column("verified_by_name", sa.Text(), nullable=True),
        sa.Column("verified_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("determined_by", sa.Text(), nullable=True),
        sa.Column("determined_by_name", sa.Text(), nullable=True),
        sa.Column("determined_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decree_no", sa.Text(), nullable=False),
        sa.Column("decree_on", sa.Date(), nullable=True),
        sa.Column("list_sha256", sa.Text(), nullable=False),
        sa.Column("closed_by", sa.Text(), nullable=True),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("minutes_no", sa.Text(), nullable=False),
        sa.Column("minutes", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "state NOT IN ('determined', 'closed') OR (decree_no <> '' AND decree_on IS NOT NULL)",
            name=op.f("ck_term_decree"),
        ),
        sa.CheckConstraint("last_on >= first_on", name=op.f("ck_term_period")),
        sa.CheckConstraint("verified_by <> determined_by", name=op.f("ck_term_two_persons")),
        sa.ForeignKeyConstraint(["programme_id"], ["programme.id"], name=op.f("fk_term_programme_id")),
        sa.ForeignKeyConstraint(["standard_id"], ["package_standard.id"], name=op.f("fk_term_standard_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_term")),
        sa.UniqueConstraint("programme_id", "no", name=op.f("uq_term_programme_id_no")),
    )
    with op.batch_alter_table("term", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_term_regency_code"), ["regency_code"], unique=False)
        batch_op.create_index(batch_op.f("ix_term_standard_id"), ["standard_id"], unique=False)

    op.create_table(
        "term_entry",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("regency_code", sa.Text(), nullable=False),
        sa.Column("term_id", sa.Uuid(), nullable=False),
        sa.Column(
            "beneficiary_kind",
            sa.Enum(
                "household",
                "person",
                "card",
                name="beneficiary_kind",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("beneficiary_id", sa.Uuid(), nullable=False),
        sa.Column("household_id", sa.Uuid(), nullable=False),
        sa.Column("village_code", sa.Text(), nullable=False),
        sa.Column("card_last4", sa.Text(), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "candidate",
                "proposed",
                "verified",
                "determined",
                "excluded",
                name="state",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column(
            "origin",
            sa.Enum("criteria", "file", "added", name="origin", native_enum=False, create_constraint=True, length=32),
            nullable=False,
        ),
        sa.Column("rank", sa.Integer(), nullable=False),
        sa.Column("reason_code", sa.Text(), nullable=False),
        sa.Column("reason_text", sa.Text(), nullable=False),
        sa.Column("proposed_by", sa.Text(), nullable=True),
        sa.Column("proposed_by_name", sa.Text(), nullable=True),
        sa.Column("proposed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("basis", sa.Text(), nullable=False),
        sa.Column("verified_by", sa.Text(), nullable=True),
        sa.Column("determined_by", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "state <> 'determined' OR (proposed_by IS NOT NULL AND verified_by IS NOT NULL AND determined_by IS NOT NULL)",
            name=op.f("ck_term_entry_three_persons"),
        ),
        sa.CheckConstraint("state <> 'excluded' OR reason_code <> ''", name=op.f("ck_term_entry_reason")),
        sa.CheckConstraint("proposed_by <> determined_by", name=op.f("ck_term_entry_proposer_determines")),
        sa.CheckConstraint("proposed_by <> verified_by", name=op.f("ck_term_entry_proposer_verifies")),
        sa.CheckConstraint("verified_by <> determined_by", name=op.f("ck_term_entry_verifier_determines")),
        sa.ForeignKeyConstraint(["household_id"], ["household.id"], name=op.f("fk_term_entry_household_id")),
        sa.ForeignKeyConstraint(["term_id"], ["term.id"], name=op.f("fk_term_entry_term_id")),
        sa.ForeignKeyConstraint(["village_code"], ["region.code"], name=op.f("fk_term_entry_village_code")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_term_entry")),
        sa.UniqueConstraint(
            "term_id",
            "beneficiary_kind",
            "beneficiary_id",
            name=op.f("uq_term_entry_term_id_beneficiary_kind_beneficiary_id"),
        ),
    )
    with op.batch_alter_table("term_entry", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_term_entry_household_id"), ["household_id"], unique=False)
        batch_op.create_index(
            batch_op.f("ix_term_entry_term_id_village_code_state"), ["term_id", "village_code", "state"], unique=False
        )

    op.create_table(
        "term_file",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("regency_code", sa.Text(), nullable=False),
        sa.Column("term_id", sa.Uuid(), nullable=False),
        sa.Column("file_name", sa.Text(), nullable=False),
        sa.Column("file_sha256", sa.Text(), nullable=False),
        sa.Column("header", sa.Text(), nullable=False),
        sa.Column("rows", sa.Integer(), nullable=False),
        sa.Column("recorded_by", sa.Text(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["term_id"], ["term.id"], name=op.f("fk_term_file_term_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_term_file")),
        sa.UniqueConstraint("term_id", "file_sha256", name=op.f("uq_term_file_term_id_file_sha256")),
    )
    op.create_table(
        "term_quota",
        sa.Column("term_id", sa.Uuid(), nullable=False),
        sa.Column("district_code", sa.Text(), nullable=False),
        sa.Column("beneficiaries", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "beneficiaries = CAST(beneficiaries AS BIGINT) AND beneficiaries BETWEEN 1 AND 10000000",
            name=op.f("ck_term_quota_beneficiaries"),
        ),
        sa.ForeignKeyConstraint(["district_code"], ["region.code"], name=op.f("fk_term_quota_district_code")),
        sa.ForeignKeyConstraint(["term_id"], ["term.id"], name=op.f("fk_term_quota_term_id")),
        sa.PrimaryKeyConstraint("term_id", "district_code", name=op.f("pk_term_quota")),
    )
    op.create_table(
        "term_entry_frozen",
        sa.Column("entry_id", sa.Uuid(), nullable=False),
        sa.Column("term_id", sa.Uuid(), nullable=False),
        sa.Column("village_code", sa.Text(), nullable=False),
        sa.Column("decile", sa.Integer(), nullable=True),
        sa.Column("persons", sa.Integer(), nullable=False),
        sa.Column("person_sha256", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["entry_id"], ["term_entry.id"], name=op.f("fk_term_entry_frozen_entry_id")),
        sa.ForeignKeyConstraint(["term_id"], ["term.id"], name=op.f("fk_term_entry_frozen_term_id")),
        sa.PrimaryKeyConstraint("entry_id", name=op.f("pk_term_entry_frozen")),
    )
    with op.batch_alter_table("term_entry_frozen", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_term_entry_frozen_term_id"), ["term_id"], unique=False)

    op.create_table(
        "term_entry_person",
        sa.Column("entry_id", sa.Uuid(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["entry_id"], ["term_entry.id"], name=op.f("fk_term_entry_person_entry_id")),
        sa.PrimaryKeyConstraint("entry_id", name=op.f("pk_term_entry_person")),
    )
    op.create_table(
        "term_file_row",
        sa.Column("file_id", sa.Uuid(), nullable=False),
        sa.Column("row_no", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column(
            "outcome",
            sa.Enum(
                "matched",
                "already_listed",
                "twice_in_file",
                "name_differs",
                "other_village",
                "outside_quota",
                "not_found",
                "ambiguous",
                "malformed",
                name="outcome",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("facts", sa.Text(), nullable=False),
        sa.Column("cells", sa.LargeBinary(), nullable=False),
        sa.Column("entry_id", sa.Uuid(), nullable=True),
        sa.ForeignKeyConstraint(["entry_id"], ["term_entry.id"], name=op.f("fk_term_file_row_entry_id")),
        sa.ForeignKeyConstraint(["file_id"], ["term_file.id"], name=op.f("fk_term_file_row_file_id")),
        sa.PrimaryKeyConstraint("file_id", "row_no", name=op.f("pk_term_file_row")),
    )
    with op.batch_alter_table("term_file_row", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_term_file_row_entry_id"), ["entry_id"], unique=False)

    op.create_table(
        "handover_miss",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("regency_code", sa.Text(), nullable=False),
        sa.Column("package_id", sa.Uuid(), nullable=False),
        sa.Column("round_id", sa.Uuid(), nullable=False),
        sa.Column("household_id", sa.Uuid(), nullable=False),
        sa.Column("post_id", sa.Uuid(), nullable=True),
        sa.Column(
            "kind",
            sa.Enum(
                "absent",
                "refused",
                "deceased",
                "moved",
                "not_found",
                name="kind",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column(
            "next_step",
            sa.Enum(
                "invite_again",
                "collect_at_post",
                "visit_home",
                "village_decides",
                "return_goods",
                name="next_step",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("happened_on", sa.Date(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("recorded_by", sa.Text(), nullable=False),
        sa.Column("recorded_by_name", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["household_id"], ["household.id"], name=op.f("fk_handover_miss_household_id")),
        sa.ForeignKeyConstraint(["package_id"], ["package.id"], name=op.f("fk_handover_miss_package_id")),
        sa.ForeignKeyConstraint(["post_id"], ["place.id"], name=op.f("fk_handover_miss_post_id")),
        sa.ForeignKeyConstraint(["round_id"], ["round.id"], name=op.f("fk_handover_miss_round_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_handover_miss")),
    )
    with op.batch_alter_table("handover_miss", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_handover_miss_package_id"), ["package_id"], unique=False)
        batch_op.create_index(
            batch_op.f("ix_handover_miss_round_id_recorded_at"), ["round_id", "recorded_at"], unique=False
        )

    for table in ("package", "handover"):
        with op.batch_alter_table(table) as batch_op:
            batch_op.add_column(sa.Column("household_id", sa.Uuid(), nullable=True))
        # Until now the beneficiary of every package was a household.
        op.execute(sa.text(f"UPDATE {table} SET household_id = beneficiary_id"))
        with op.batch_alter_table(table) as batch_op:
            batch_op.alter_column("household_id", existing_type=sa.Uuid(), nullable=False)
            batch_op.create_index(batch_op.f(f"ix_{table}_household_id"), ["household_id"], unique=False)
            batch_op.create_foreign_key(batch_op.f(f"fk_{table}_household_id"), "household", ["household_id"], ["id"])
    with op.batch_alter_table("item") as batch_op:
        batch_op.add_column(sa.Column("is_stocked", sa.Boolean(), nullable=False, server_default=sa.true()))
    with op.batch_alter_table("item") as batch_op:
        batch_op.alter_column("is_stocked", existing_type=sa.Boolean(), server_default=None)
    purpose = sa.Enum("relief", "term", name="purpose", native_enum=False, create_constraint=True, length=32)
    with op.batch_alter_table("package_standard") as batch_op:
        batch_op.add_column(sa.Column("purpose", purpose, nullable=False, server_default="relief"))
    with op.batch_alter_table("package_standard") as batch_op:
        batch_op.alter_column("purpose", existing_type=purpose, server_default=None)
    with op.batch_alter_table("round") as batch_op:
        batch_op.add_column(sa.Column("term_id", sa.Uuid(), nullable=True))
        batch_op.alter_column("incident_id", existing_type=sa.Uuid(), nullable=True)
        batch_op.create_index(batch_op.f("ix_round_term_id"), ["term_id"], unique=False)
        batch_op.create_unique_constraint(batch_op.f("uq_round_term_id_no"), ["term_id", "no"])
        batch_op.create_foreign_key(batch_op.f("fk_round_term_id"), "term", ["term_id"], ["id"])
        batch_op.create_check_constraint(batch_op.f("ck_round_occasion"), "(incident_id IS NULL) <> (term_id IS NULL)")
    with op.batch_alter_table("household") as batch_op:
        batch_op.create_index(
            "ix_household_selection",
            ["regency_code", "village_code", "code", "decile", "size", "id"],
            unique=False,
        )
    with op.batch_alter_table("member") as batch_op:
        batch_op.create_index(
            "ix_member_selection",
            [
                "household_id",
                "is_present",
                "birth_on",
                "age_years",
                "age_as_of_on",
                "is_pregnant",
                "is_nursing",
                "has_disability",
                "is_chronically_ill",
            ],
            unique=False,
        )
    for statement in triggers(op.get_bind().dialect.name):
        op.execute(statement)


def downgrade() -> None:
    raise RuntimeError("what terms have handed out cannot be told without their tables: restore a backup instead")
