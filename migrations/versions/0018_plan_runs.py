"""What a plan was worked out from is kept with it; lines that were lacking; hours of a post."""

from __future__ import annotations

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    pass
