"""What the registry's links keep beside what they kept: judged numbers, why a proposal ended, who moved where."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("dukcapil_row", sa.Column("nik_bidx", sa.LargeBinary(), nullable=True))
    op.add_column("link_proposal", sa.Column("closing_code", sa.Text(), nullable=False, server_default=""))
    op.create_index("ix_link_proposal_link_id", "link_proposal", ["link_id"], unique=False)
    op.add_column("household_merge", sa.Column("filled", sa.Text(), nullable=False, server_default=""))
    kind = "CHAR(32)" if op.get_bind().dialect.name == "sqlite" else "UUID"
    # Not by op.add_column, which would remake the table on SQLite for the sake of the foreign keys.
    for column, other in (("to_household_id", "household"), ("arrived_id", "member")):
        op.execute(
            f"ALTER TABLE departure ADD COLUMN {column} {kind} CONSTRAINT fk_departure_{column} REFERENCES {other} (id)"
        )
    op.create_index("ix_departure_to_household_id", "departure", ["to_household_id"], unique=False)
