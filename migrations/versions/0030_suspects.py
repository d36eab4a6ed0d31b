"""Links that suspect nobody stand in no index of suspects: of a million nearly all."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0030"
down_revision = "0029"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.drop_index("ix_registry_link_suspect_household_id", table_name="registry_link")
    op.create_index(
        "ix_registry_link_suspect_household_id", "registry_link", ["suspect_household_id"],
        sqlite_where=sa.text("suspect_household_id IS NOT NULL"),
        postgresql_where=sa.text("suspect_household_id IS NOT NULL"),
    )  # fmt: skip


def downgrade() -> None:
    op.drop_index("ix_registry_link_suspect_household_id", table_name="registry_link")
    op.create_index("ix_registry_link_suspect_household_id", "registry_link", ["suspect_household_id"])
