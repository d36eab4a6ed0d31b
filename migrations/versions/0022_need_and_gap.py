"""Nothing of the tables changes for the need and its letter: both are read from what is there."""

from __future__ import annotations

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None


def upgrade() -> None:
    pass
