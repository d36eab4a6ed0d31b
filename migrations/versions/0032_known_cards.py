"""Households are found by No. KK through the narrow table of numbers too, instead of an index in no order."""

from __future__ import annotations

from alembic import op

revision = "0032"
down_revision = "0031"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        "INSERT INTO known_number (number_index, row_no)"
        " SELECT substr(kk_bidx, 1, 16), row_no FROM household WHERE kk_bidx IS NOT NULL ORDER BY 1, 2"
        " ON CONFLICT DO NOTHING"
    )
    op.drop_index("ix_household_regency_code_kk_bidx", table_name="household")
    _begin_anew()


def downgrade() -> None:
    op.create_index("ix_household_regency_code_kk_bidx", "household", ["regency_code", "kk_bidx"])
    op.execute(
        "DELETE FROM known_number WHERE (number_index, row_no) IN"
        " (SELECT substr(kk_bidx, 1, 16), row_no FROM household WHERE kk_bidx IS NOT NULL)"
    )
    _begin_anew()


def _begin_anew() -> None:
    """Let what is half filled in be taken back: its steps are counted otherwise from now on."""
    op.execute("UPDATE taking_over SET stage = 'leaving', step = 0 WHERE stage = 'filling'")
