"""What refused rows said is known, too: only they are read again of a household that says the same.

Pieces in which nobody is new are no steps of a taking over any more: one that is on its way begins anew.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0035"
down_revision = "0034"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("staged_mark") as table:
        table.add_column(sa.Column("refused", sa.LargeBinary(), nullable=True))
    with op.batch_alter_table("snapshot_mark") as table:
        table.add_column(sa.Column("again_refused", sa.LargeBinary(), nullable=True))
        table.add_column(sa.Column("refused", sa.LargeBinary(), nullable=True))
    # What an import on its way kept of its rows does not say which were refused: it ends without marks.
    op.execute("UPDATE staged_mark SET is_odd = true")
    _begin_anew()


def downgrade() -> None:
    _begin_anew()
    # Marks of households with refused rows mean nothing where nobody knows which rows these are.
    op.execute(
        "UPDATE import_run SET state = 'refused', finished_at = started_at, "
        'problem = \'{"code": "snapshot.read_against_another", "facts": {}}\' '
        "WHERE state IN ('reading', 'ready', 'approved') "
        "AND snapshot_id IN (SELECT snapshot_id FROM snapshot_mark WHERE of_id IS NOT NULL)"
    )
    op.execute("DELETE FROM staged_mark")
    op.execute("DELETE FROM snapshot_mark")
    with op.batch_alter_table("snapshot_mark") as table:
        table.drop_column("refused")
        table.drop_column("again_refused")
    with op.batch_alter_table("staged_mark") as table:
        table.drop_column("refused")


def _begin_anew() -> None:
    op.execute("UPDATE taking_over SET stage = 'leaving', step = 0 WHERE stage = 'filling'")
