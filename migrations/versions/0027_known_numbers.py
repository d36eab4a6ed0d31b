"""Members are found by NIK through a narrow table that is written in order, instead of an index that never is."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "known_number",
        sa.Column("number_index", sa.LargeBinary(), nullable=False),
        sa.Column("row_no", sa.Integer(), autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("number_index", "row_no", name=op.f("pk_known_number")),
        sqlite_with_rowid=False,
    )
    op.execute(
        "INSERT INTO known_number (number_index, row_no)"
        " SELECT DISTINCT substr(member.nik_bidx, 1, 16), household.row_no"
        " FROM member JOIN household ON household.id = member.household_id"
        " WHERE member.nik_bidx IS NOT NULL ORDER BY 1, 2"
    )
    op.drop_index("ix_member_nik_bidx", table_name="member")
    _begin_anew()


def downgrade() -> None:
    op.create_index("ix_member_nik_bidx", "member", ["nik_bidx"])
    op.drop_table("known_number")
    _begin_anew()


def _begin_anew() -> None:
    """Let what is half filled in be taken back: its steps are counted otherwise from now on."""
    op.execute("UPDATE taking_over SET stage = 'leaving', step = 0 WHERE stage = 'filling'")
