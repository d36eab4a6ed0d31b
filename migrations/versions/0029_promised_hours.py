"""A package holds the hours that it was promised, no longer a place in the hours of a plan's post."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0029"
down_revision = "0028"
branch_labels = None
depends_on = None

SLOTS = sa.table("_slot_hours", sa.column("plan_id", sa.Uuid()), sa.column("post_id", sa.Uuid()),
                 sa.column("slot", sa.Integer()), sa.column("hours", sa.Text()))  # fmt: skip
TEXTS = (("package", "hours"), ("plan_change", "before_hours"), ("plan_change", "hours"),
         ("group_move_package", "hours_before"), ("group_move_package", "hours_after"))  # fmt: skip
OWN = "(SELECT p.plan_id FROM package p WHERE p.id = {table}.package_id)"
END = "(SELECT m.{end} FROM group_move m WHERE m.id = group_move_package.move_id)"


def upgrade() -> None:
    for table, column in TEXTS:
        op.add_column(table, sa.Column(column, sa.Text(), server_default="", nullable=False))
    _lay_out()
    # What every reader told until now, word for word: the hours of the package's own plan.
    _fill("package", "hours", "slot", "package.plan_id", "package.post_id")
    _fill("plan_change", "before_hours", "before_slot", OWN.format(table="plan_change"), "plan_change.before_post_id")
    _fill("plan_change", "hours", "slot", "plan_change.plan_id", "plan_change.post_id")
    own = OWN.format(table="group_move_package")
    _fill("group_move_package", "hours_before", "slot_before", own, END.format(end="from_post_id"))
    _fill("group_move_package", "hours_after", "slot_after", own, END.format(end="to_post_id"))
    op.execute("DROP TABLE _slot_hours")
    for table, column in (("package", "slot"), ("plan_change", "before_slot"), ("plan_change", "slot"),
                          ("group_move_package", "slot_before"), ("group_move_package", "slot_after")):  # fmt: skip
        op.drop_column(table, column)


def _lay_out() -> None:
    """Write the hours of every plan's posts as a table, for as long as the columns are filled."""
    op.execute(
        "CREATE TEMPORARY TABLE _slot_hours (plan_id {uuid}, post_id {uuid}, slot INTEGER, hours TEXT, "
        "PRIMARY KEY (plan_id, post_id, slot))".format(uuid=sa.Uuid().compile(op.get_bind().dialect))
    )
    kept = sa.table("plan_post", sa.column("plan_id", sa.Uuid()), sa.column("post_id", sa.Uuid()), sa.column("slots"))
    rows = [
        {"plan_id": row.plan_id, "post_id": row.post_id, "slot": slot, "hours": one.partition("=")[0]}
        for row in op.get_bind().execute(sa.select(*kept.c).where(kept.c.slots != ""))
        for slot, one in enumerate(row.slots.split())
    ]
    if rows:
        op.bulk_insert(SLOTS, rows)


def _fill(table: str, column: str, slot: str, plan: str, post: str) -> None:
    """Write the hours that a slot stands for; where the plan froze none, those that the post tells now."""
    op.execute(
        f"UPDATE {table} SET {column} = COALESCE("
        f"(SELECT s.hours FROM _slot_hours s WHERE s.plan_id = {plan} AND s.post_id = {post} "
        f"AND s.slot = {table}.{slot}), "
        f"(SELECT n.starts_at || '-' || n.ends_at FROM post_slot n WHERE n.post_id = {post} "
        f"AND n.no = {table}.{slot} + 1 AND NOT EXISTS "
        f"(SELECT 1 FROM _slot_hours s WHERE s.plan_id = {plan} AND s.post_id = {post})), '') "
        f"WHERE {slot} IS NOT NULL"
    )
