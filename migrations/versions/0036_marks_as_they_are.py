"""PostgreSQL keeps marks as they are: it took half a second to try to press 20 MB of digests together, in vain.

What stands already is not written anew.
"""

from __future__ import annotations

from alembic import op

revision = "0036"
down_revision = "0035"
branch_labels = None
depends_on = None

_VALUES = (("snapshot_mark", "marks"), ("snapshot_mark", "again"), ("staged_mark", "content"))


def upgrade() -> None:
    _store("EXTERNAL")


def downgrade() -> None:
    _store("EXTENDED")


def _store(how: str) -> None:
    if op.get_bind().dialect.name == "postgresql":
        for table, column in _VALUES:
            op.execute(f"ALTER TABLE {table} ALTER COLUMN {column} SET STORAGE {how}")
