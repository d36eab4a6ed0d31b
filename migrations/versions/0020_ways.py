"""Transport areas, closed ways, said distances; hours and closed days of posts."""

from __future__ import annotations

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    pass
