"""What completes a package is found by that package: the need asks it of every line that was lacking."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None


def upgrade() -> None:
    completes = sa.text("supplements_id IS NOT NULL")
    op.create_index(
        "ix_package_supplements_id", "package", ["supplements_id"], sqlite_where=completes, postgresql_where=completes
    )
