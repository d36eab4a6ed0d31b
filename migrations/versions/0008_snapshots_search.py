"""What a snapshot changed, the snapshots a list was drawn from, and a search that forgives typing errors."""

from __future__ import annotations

import re
import unicodedata

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

KINDS = (
    "new", "gone", "returned", "decile", "member_added", "member_gone", "member_changed", "village", "unit", "address",
    "head", "size", "kk", "nik", "position",
)  # fmt: skip
FILLERS = frozenset(
    (
        "jalan", "jl", "jln", "gang", "gg", "nomor", "no", "nomer", "rt", "rw", "dusun", "dsn", "banjar", "br",
        "lingkungan", "lingk", "link", "kampung", "kp", "kampong", "desa", "ds", "kelurahan", "kel", "kecamatan",
        "kec", "blok", "dn",
    )
)  # fmt: skip
AT_ONCE = 5000


def _kind() -> sa.Enum:
    return sa.Enum(*KINDS, name="kind", native_enum=False, create_constraint=True, length=32)


def upgrade() -> None:
    op.create_table(
        "search_text",
        sa.Column("row_no", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("regency_code", sa.Text(), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("folded", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("row_no", name=op.f("pk_search_text")),
    )
    op.create_index(
        "ix_search_text_pending",
        "search_text",
        ["regency_code"],
        unique=False,
        sqlite_where=sa.text("folded IS NOT NULL"),
        postgresql_where=sa.text("folded IS NOT NULL"),
    )
    op.create_table(
        "search_posting",
        sa.Column("regency_code", sa.Text(), nullable=False),
        sa.Column(
            "place",
            sa.Enum("name", "address", "region", name="place", native_enum=False, create_constraint=True, length=32),
            nullable=False,
        ),
        sa.Column("word", sa.Text(), nullable=False),
        sa.Column("block", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("rows", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("regency_code", "place", "word", "block", name=op.f("pk_search_posting")),
    )
    op.create_table(
        "search_form",
        sa.Column("form", sa.Text(), nullable=False),
        sa.Column("word", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("form", "word", name=op.f("pk_search_form")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "snapshot_difference",
        sa.Column("snapshot_id", sa.Uuid(), nullable=False),
        sa.Column("kind", _kind(), nullable=False),
        sa.Column("subject_id", sa.Uuid(), nullable=False),
        sa.Column("household_id", sa.Uuid(), nullable=False),
        sa.Column("village_code", sa.Text(), nullable=False),
        sa.Column("before", sa.Text(), nullable=False),
        sa.Column("after", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["household_id"], ["household.id"], name=op.f("fk_snapshot_difference_household_id")),
        sa.ForeignKeyConstraint(["snapshot_id"], ["snapshot.id"], name=op.f("fk_snapshot_difference_snapshot_id")),
        sa.PrimaryKeyConstraint("snapshot_id", "kind", "subject_id", name=op.f("pk_snapshot_difference")),
        sqlite_with_rowid=False,
    )
    for columns in (("household_id",), ("snapshot_id", "kind", "village_code"), ("snapshot_id", "village_code")):
        op.create_index(
            op.f(f"ix_snapshot_difference_{'_'.join(columns)}"), "snapshot_difference", list(columns), unique=False
        )
    op.create_table(
        "snapshot_difference_count",
        sa.Column("snapshot_id", sa.Uuid(), nullable=False),
        sa.Column("kind", _kind(), nullable=False),
        sa.Column("differences", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["snapshot_id"], ["snapshot.id"], name=op.f("fk_snapshot_difference_count_snapshot_id")
        ),
        sa.PrimaryKeyConstraint("snapshot_id", "kind", name=op.f("pk_snapshot_difference_count")),
    )
    op.create_table(
        "drawn_from",
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("subject_id", sa.Uuid(), nullable=False),
        sa.Column("snapshot_id", sa.Uuid(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["snapshot_id"], ["snapshot.id"], name=op.f("fk_drawn_from_snapshot_id")),
        sa.PrimaryKeyConstraint("subject", "subject_id", "snapshot_id", name=op.f("pk_drawn_from")),
    )
    _write_texts()
    op.drop_table("household_word")


def _write_texts() -> None:
    """Give every household its words; the job folds them in, and until then they are looked at one by one."""
    connection = op.get_bind()
    metadata = sa.MetaData()
    household = sa.Table("household", metadata, autoload_with=connection)
    member = sa.Table("member", metadata, autoload_with=connection)
    text = sa.Table("search_text", metadata, autoload_with=connection)
    last = 0
    while True:
        columns = (household.c[name] for name in (
            "row_no", "id", "regency_code", "village_code", "head_name", "address", "hamlet"
        ))  # fmt: skip
        rows = connection.execute(
            sa.select(*columns).where(household.c.row_no > last).order_by(household.c.row_no).limit(AT_ONCE)
        ).all()
        if not rows:
            return
        last = rows[-1].row_no
        these = sa.select(household.c.id).where(household.c.row_no.between(rows[0].row_no, last))
        people: dict[object, list[str]] = {}
        for row in connection.execute(
            sa.select(member.c.household_id, member.c.name).where(member.c.household_id.in_(these), member.c.is_present)
        ):
            people.setdefault(row.household_id, []).append(row.name)
        connection.execute(
            sa.insert(text),
            [
                {"row_no": row.row_no, "regency_code": row.regency_code, "folded": "",
                 "words": _words([row.head_name, *people.get(row.id, ())], f"{row.address} {row.hamlet}",
                                 row.village_code)}
                for row in rows
            ],
        )  # fmt: skip


def _words(names: list[str], address: str, village_code: str) -> str:
    """Write the words as they are written today; frozen here, since the product's own way may change later."""
    found = dict.fromkeys(word for name in names for word in _split(name))
    found.update(dict.fromkeys(f"@{word}" for word in _split(address) if word not in FILLERS))
    found["#" + village_code.replace(".", "")] = None
    return " ".join(found)


def _split(text: str) -> list[str]:
    plain = "".join(one for one in unicodedata.normalize("NFKD", text) if one != "’" and not unicodedata.combining(one))
    return re.findall("[a-z0-9]+", plain.lower().replace("'", ""))


def downgrade() -> None:
    raise RuntimeError("what snapshots changed cannot be told without their tables: restore a backup instead")
