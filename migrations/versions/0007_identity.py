"""Households that are one and the same: suspected pairs, what two people decided of them, and how to undo it."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

SELECTION = ["regency_code", "village_code", "code", "decile", "size", "id"]


def _choice(name: str, *values: str) -> sa.Column[str]:
    kind = sa.Enum(*values, name=name, native_enum=False, create_constraint=True, length=32)
    return sa.Column(name, kind, nullable=False)


def _id(name: str, *, nullable: bool = False) -> sa.Column[UUID]:
    return sa.Column(name, sa.Uuid(), nullable=nullable)


def _text(name: str, *, nullable: bool = False) -> sa.Column[str]:
    return sa.Column(name, sa.Text(), nullable=nullable)


def _at(name: str, *, nullable: bool = False) -> sa.Column[datetime]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def _key(table: str, column: str, other: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [f"{other}.id"], name=op.f(f"fk_{table}_{column}"))


def _whole(table: str, name: str, rule: str) -> sa.CheckConstraint:
    return sa.CheckConstraint(rule, name=op.f(f"ck_{table}_{name}"))


def _partial(name: str, table: str, column: str, where: str, *, unique: bool = False) -> None:
    told = sa.text(where)
    op.create_index(name, table, [column], unique=unique, sqlite_where=told, postgresql_where=told)


def upgrade() -> None:
    kind = "CHAR(32)" if op.get_bind().dialect.name == "sqlite" else "UUID"
    # Not by op.add_column, which would remake the table on SQLite for the sake of the foreign key.
    op.execute(
        f"ALTER TABLE household ADD COLUMN merged_into_id {kind} "
        "CONSTRAINT fk_household_merged_into_id REFERENCES household (id)"
    )
    _partial("ix_household_merged", "household", "merged_into_id", "merged_into_id IS NOT NULL")
    op.drop_index("ix_household_selection", table_name="household")
    op.create_index("ix_household_selection", "household", [*SELECTION, "merged_into_id", "erased_at"], unique=False)

    op.create_table(
        "duplicate_pair",
        _id("id"), _text("regency_code"), _id("first_id"), _id("second_id"),
        sa.Column("shares_nik", sa.Boolean(), nullable=False), sa.Column("shares_kk", sa.Boolean(), nullable=False),
        sa.Column("name_permille", sa.Integer(), nullable=False), _choice("evidence", "nik", "name", "told", "kk"),
        sa.Column("score", sa.Integer(), nullable=False), _choice("state", "open", "merged", "distinct"),
        _at("found_at"), _text("settled"), _at("decided_at", nullable=True),
        _whole("duplicate_pair", "is_ordered", "first_id < second_id"),
        _whole("duplicate_pair", "has_evidence", "shares_nik OR shares_kk OR name_permille > 0 OR evidence = 'told'"),
        _whole("duplicate_pair", "name_permille", "name_permille BETWEEN 0 AND 1000"),
        _whole("duplicate_pair", "score", "score BETWEEN 1 AND 1000"),
        _whole("duplicate_pair", "decided", "(state = 'open') = (decided_at IS NULL)"),
        _key("duplicate_pair", "first_id", "household"), _key("duplicate_pair", "second_id", "household"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_duplicate_pair")),
        sa.UniqueConstraint("first_id", "second_id", name=op.f("uq_duplicate_pair_first_id_second_id")),
    )  # fmt: skip
    op.create_index("ix_duplicate_pair_regency_code_state_evidence", "duplicate_pair",
                    ["regency_code", "state", "evidence"], unique=False)  # fmt: skip
    op.create_index("ix_duplicate_pair_second_id", "duplicate_pair", ["second_id"], unique=False)

    op.create_table(
        "identity_proposal",
        _id("id"), _text("regency_code"), _id("pair_id"), _choice("verdict", "merge", "distinct", "undo"),
        _id("survivor_id", nullable=True), _choice("state", "proposed", "approved", "refused", "withdrawn"),
        _text("reason"), _text("proposed_by"), _text("proposed_by_name"), _at("proposed_at"),
        _text("decided_by", nullable=True), _text("decided_by_name"), _at("decided_at", nullable=True),
        _text("decision_note"),
        _whole("identity_proposal", "two_persons", "decided_by <> proposed_by OR state = 'withdrawn'"),
        _whole("identity_proposal", "decided_once", "(state = 'proposed') = (decided_at IS NULL)"),
        _whole("identity_proposal", "says_who_stays", "(verdict = 'merge') = (survivor_id IS NOT NULL)"),
        _key("identity_proposal", "pair_id", "duplicate_pair"), _key("identity_proposal", "survivor_id", "household"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_identity_proposal")),
    )  # fmt: skip
    op.create_index("ix_identity_proposal_pair_id_proposed_at", "identity_proposal", ["pair_id", "proposed_at"],
                    unique=False)  # fmt: skip
    _partial("uq_identity_proposal_open", "identity_proposal", "pair_id", "state = 'proposed'", unique=True)

    op.create_table(
        "household_merge",
        _id("id"), _text("regency_code"), _id("pair_id"), _id("survivor_id"), _id("merged_id"),
        sa.Column("size_before", sa.Integer(), nullable=False), sa.Column("size_after", sa.Integer(), nullable=False),
        _at("merged_at"), _at("undone_at", nullable=True),
        _whole("household_merge", "two_households", "survivor_id <> merged_id"),
        _key("household_merge", "pair_id", "duplicate_pair"), _key("household_merge", "survivor_id", "household"),
        _key("household_merge", "merged_id", "household"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_household_merge")),
    )  # fmt: skip
    op.create_index("ix_household_merge_pair_id", "household_merge", ["pair_id"], unique=False)
    op.create_index("ix_household_merge_survivor_id", "household_merge", ["survivor_id"], unique=False)
    _partial("uq_household_merge_in_effect", "household_merge", "merged_id", "undone_at IS NULL", unique=True)

    op.create_table(
        "household_merge_member",
        _id("merge_id"), _id("member_id"), _choice("fate", "moved", "filled"), _text("member_key"),
        sa.Column("position", sa.Integer(), nullable=False),
        _choice("relation", "head", "spouse", "child", "child_in_law", "grandchild", "parent", "servant", "other"),
        sa.Column("row_hash", sa.LargeBinary(), nullable=True),
        _key("household_merge_member", "merge_id", "household_merge"),
        _key("household_merge_member", "member_id", "member"),
        sa.PrimaryKeyConstraint("merge_id", "member_id", name=op.f("pk_household_merge_member")),
    )  # fmt: skip

    op.create_table(
        "duplicate_search",
        _text("regency_code"), sa.Column("version", sa.BigInteger(), nullable=False), _at("searched_at"),
        sa.Column("left_out", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("regency_code", name=op.f("pk_duplicate_search")),
    )  # fmt: skip


def downgrade() -> None:
    raise RuntimeError("merged households cannot be told in the old form: undo them, or restore a backup")
