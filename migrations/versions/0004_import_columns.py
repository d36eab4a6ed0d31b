"""Imports of the registry are unpacked first, and a person may say which column is what."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

STATES = ("unpacking", "mapping", "reading", "ready", "approved", "applied", "refused", "discarded")
HALF_READ = "SELECT {} FROM import_run WHERE state = 'reading'"


def upgrade() -> None:
    told = ", ".join(f"'{value}'" for value in STATES)
    name = op.f("ck_import_run_state")
    with op.batch_alter_table("import_run") as batch_op:
        batch_op.add_column(sa.Column("asks_columns", sa.Boolean(), nullable=False, server_default=sa.false()))
        batch_op.drop_constraint(name, type_="check")
        batch_op.create_check_constraint(name, f"state IN ({told})")
    with op.batch_alter_table("import_run") as batch_op:
        batch_op.alter_column("asks_columns", existing_type=sa.Boolean(), server_default=None)
    # What was half read was read in another form: it begins again, from the file that came.
    for table, key, of_run in (
        ("staged_member", "snapshot_id", "snapshot_id"), ("staged_household", "snapshot_id", "snapshot_id"),
        ("import_row", "run_id", "id"), ("import_issue", "run_id", "id"),
    ):  # fmt: skip
        op.execute(f"DELETE FROM {table} WHERE {key} IN ({HALF_READ.format(of_run)})")
    counts = ("file_no", "at_byte", "at_row", "bytes_read", "rows", "refused", "warned", "doubled", "niks",
              "niks_ending_zero")  # fmt: skip
    zeros = ", ".join(f"{one} = 0" for one in counts)
    op.execute(f"UPDATE import_run SET state = 'unpacking', {zeros} WHERE state = 'reading'")


def downgrade() -> None:
    raise RuntimeError("an import whose columns wait for a person cannot be told in the old form: restore a backup")
