"""A link lasts as long as its source lists the household, instead of being written anew for every file."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0031"
down_revision = "0030"
branch_labels = None
depends_on = None

SEEN = "('current', 'replaced')"
IS_SET = sa.text("until_snapshot_id IS NOT NULL")
NEXT = f"""
    (SELECT n.id FROM snapshot s JOIN snapshot n ON n.regency_code = s.regency_code AND n.source = s.source
      WHERE s.id = registry_link.snapshot_id AND n.state IN {SEEN} AND n.current_at > s.current_at
      ORDER BY n.current_at LIMIT 1)"""
CURRENT = """
    (SELECT c.id FROM snapshot s JOIN snapshot c ON c.regency_code = s.regency_code AND c.source = s.source
      WHERE s.id = registry_link.snapshot_id AND c.state = 'current')"""


def upgrade() -> None:
    with op.batch_alter_table("registry_link") as table:
        table.add_column(sa.Column("until_snapshot_id", sa.Uuid(), nullable=True))
        table.create_foreign_key(op.f("fk_registry_link_until_snapshot_id"), "snapshot", ["until_snapshot_id"], ["id"])
        table.drop_column("row_hash")
        table.drop_column("carried_from_id")
    op.create_index("ix_registry_link_until_snapshot_id", "registry_link", ["until_snapshot_id"],
                    sqlite_where=IS_SET, postgresql_where=IS_SET)  # fmt: skip
    # Until now there was one for each file: each goes to the next one, in which another follows it where it is listed.
    op.execute(
        f"UPDATE registry_link SET until_snapshot_id = {NEXT} "
        "WHERE snapshot_id IN (SELECT id FROM snapshot WHERE state = 'replaced')"
    )
    _begin_anew()


def downgrade() -> None:
    op.drop_index("ix_registry_link_until_snapshot_id", table_name="registry_link")
    # What lasts belongs to the current file.
    op.execute(
        f"UPDATE registry_link SET snapshot_id = {CURRENT} "
        "WHERE until_snapshot_id IS NULL AND snapshot_id IN (SELECT id FROM snapshot WHERE state = 'replaced')"
    )
    with op.batch_alter_table("registry_link") as table:
        table.add_column(sa.Column("row_hash", sa.LargeBinary(), server_default="", nullable=False))
        table.add_column(sa.Column("carried_from_id", sa.Uuid(), nullable=True))
        table.drop_constraint(op.f("fk_registry_link_until_snapshot_id"), type_="foreignkey")
        table.drop_column("until_snapshot_id")
    with op.batch_alter_table("registry_link") as table:
        table.alter_column("row_hash", server_default=None)
    _begin_anew()


def _begin_anew() -> None:
    """Let what is half filled in be taken back, and what waits be compared again: both are kept otherwise now."""
    op.execute("UPDATE taking_over SET stage = 'leaving', step = 0 WHERE stage = 'filling'")
    op.execute("UPDATE import_run SET weighed_at = NULL")
