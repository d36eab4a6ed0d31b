"""One draft of the priority rule waits at a time, also where two declare one in the same moment on PostgreSQL.

Where two wait, the newest stays; those before it are taken back as of the moment it was declared.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0037"
down_revision = "0036"
branch_labels = None
depends_on = None

_DRAFT = sa.text("state = 'draft'")


def upgrade() -> None:
    op.execute("""
        UPDATE priority_rule SET state = 'retired', retired_at = (
            SELECT MAX(newer.proposed_at) FROM priority_rule newer
            WHERE newer.regency_code = priority_rule.regency_code AND newer.state = 'draft'
        )
        WHERE state = 'draft' AND EXISTS (
            SELECT 1 FROM priority_rule newer
            WHERE newer.regency_code = priority_rule.regency_code AND newer.state = 'draft'
            AND (newer.proposed_at, newer.id) > (priority_rule.proposed_at, priority_rule.id)
        )
    """)
    op.create_index(
        "uq_priority_rule_draft", "priority_rule", ["regency_code"], unique=True, sqlite_where=_DRAFT,
        postgresql_where=_DRAFT,
    )  # fmt: skip


def downgrade() -> None:
    op.drop_index("uq_priority_rule_draft", table_name="priority_rule")
