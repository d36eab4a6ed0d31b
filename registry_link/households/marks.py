"""What the rows of each household said in the current snapshot of a source, as one keyed number for each household.

Rows of the next file that say the same are not looked at, compared or written: most of a quarter's file. A household
has a mark only where all its rows were taken without a word, none refused, warned of or doubled, and where it lacks
neither members nor a head; one that anybody wrote to since is looked at all the same. Marks are there for speed alone:
without them every row is read.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

import numpy as np
import numpy.typing as npt
import polars as pl
import sqlalchemy as sa

from core.work import Tx
from registry_link.households.bulk import columns_of
from registry_link.households.erased import erased_since
from registry_link.households.models import Household, Snapshot, SnapshotMark, StagedMark
from registry_link.households.pieces import Digests, Mask, digests

ROWS: Final = pl.Schema({
    "home": pl.UInt64(), "said": pl.UInt64(), "rows": pl.Int32(), "taken": pl.Int32(), "people": pl.Int32(),
})  # fmt: skip
"""Of a household's rows, or of some of them: the digest of its id, the sum of the digests of what they say, how many
they are, how many of them were taken without a word, and how many members they list."""
MARKS: Final = pl.Schema({"home": pl.UInt64(), "said": pl.UInt64(), "rows": pl.Int16(), "people": pl.Int16()})
_PARTS: Final = 8
"""Whatever is done with all households of a registry is done with one in so many at a time, for the memory it takes."""
_FEW: Final = 16
_OTHER_KIND: Final = np.uint64(0xD1B54A32D192ED03)


@dataclass(frozen=True, slots=True)
class RowMarks:
    """Of each row the digest of its household's id, and of all that it says; in the order of the rows."""

    home: npt.NDArray[np.uint64]
    said: npt.NDArray[np.uint64]


@dataclass(frozen=True, slots=True)
class Again:
    """Households of a snapshot on its way whose rows say what they said in the one before: their rows were not read."""

    of_id: UUID
    """The snapshot before."""
    marks: pl.DataFrame

    @property
    def people(self) -> int:
        return int(self.marks["people"].sum() or 0)


def summed(parts: Sequence[pl.DataFrame]) -> pl.DataFrame:
    """Put parts of ``ROWS`` together, one row a household; sums of digests run over, as they are meant to."""
    every = pl.concat([ROWS.to_frame(), *parts])
    return every.group_by("home").agg(pl.exclude("home").sum()).cast(ROWS)


def said_by(file_no: int, rows: RowMarks, is_taken: Mask | None = None, people: Digests | None = None) -> pl.DataFrame:
    """Give what rows of a file say, one row a household; the same words in another file are others.

    ``is_taken``: which of them were taken without a word; ``people``: of each member they list, the household.
    """
    frame = pl.DataFrame({
        "home": rows.home, "said": rows.said + _OTHER_KIND * np.uint64(file_no),
        "taken": np.zeros(len(rows.home), dtype=np.bool_) if is_taken is None else is_taken,
    }).group_by("home").agg(pl.col("said", "taken").sum(), rows=pl.len())  # fmt: skip
    if people is None:
        return frame.select("home", "said", "rows", "taken", people=pl.lit(0)).cast(ROWS)
    listed = pl.DataFrame({"home": people}).group_by("home").agg(people=pl.len())
    return frame.join(listed, on="home", how="left").select(
        "home", "said", "rows", "taken", pl.col("people").fill_null(0)
    ).cast(ROWS)  # fmt: skip


def packed_rows(rows: pl.DataFrame) -> bytes:
    """Put what ``said_by`` gives into one value; digests do not become shorter."""
    out = io.BytesIO()
    rows.write_ipc(out)
    return out.getvalue()


# ---------------------------------------------------------------- while a file is read


def keep_row_marks(tx: Tx, snapshot_id: UUID, no: int, content: bytes, *, is_odd: bool) -> None:
    """Keep what a piece's rows said, packed. ``is_odd``: some had other cells than texts, and are not among them."""
    tx.session.execute(sa.insert(StagedMark).values(snapshot_id=snapshot_id, no=no, content=content, is_odd=is_odd))


def next_mark_no(tx: Tx, snapshot_id: UUID) -> int:
    """Give the number of the next piece whose rows are kept."""
    return (
        tx.session.scalar(sa.select(sa.func.max(StagedMark.no)).where(StagedMark.snapshot_id == snapshot_id)) or 0
    ) + 1


def begin_marks(tx: Tx, snapshot_id: UUID, judged_by: str, again: Again | None) -> None:
    """Let a snapshot have marks. ``judged_by`` names everything but the row itself that decides what a row says."""
    tx.session.execute(sa.insert(SnapshotMark).values(
        snapshot_id=snapshot_id, judged_by=judged_by, of_id=again.of_id if again is not None else None,
        again=packed_rows(again.marks) if again is not None else None,
        again_people=again.people if again is not None else 0, marks=None, made_at=tx.now,
    ))  # fmt: skip


def has_marks(tx: Tx, snapshot_id: UUID) -> bool:
    """Tell whether a snapshot on its way is to have marks."""
    query = sa.select(SnapshotMark.snapshot_id).where(SnapshotMark.snapshot_id == snapshot_id)
    return tx.session.scalar(query) is not None


def again_of(tx: Tx, snapshot_id: UUID) -> Again | None:
    """Give whose rows were not read, because they say what they said before; None where all were read."""
    row = tx.session.execute(
        sa.select(SnapshotMark.of_id, SnapshotMark.again).where(SnapshotMark.snapshot_id == snapshot_id)
    ).one_or_none()
    return None if row is None or row.of_id is None else Again(row.of_id, _opened(row.again))


def people_again(tx: Tx, snapshot_id: UUID) -> int:
    """Tell how many members stand in rows that were not read."""
    return tx.session.scalar(sa.select(SnapshotMark.again_people).where(SnapshotMark.snapshot_id == snapshot_id)) or 0


def read_against(tx: Tx, snapshot_id: UUID) -> UUID | None:
    """Give the snapshot with whose marks a snapshot's rows were compared; None where all were read."""
    return tx.session.scalar(sa.select(SnapshotMark.of_id).where(SnapshotMark.snapshot_id == snapshot_id))


def may_have_marks(tx: Tx, snapshot_id: UUID) -> bool:
    """Tell whether a snapshot has none yet and is to have some: rows that complete another are few."""
    completes_id = tx.session.scalar(sa.select(Snapshot.completes_id).where(Snapshot.id == snapshot_id))
    return completes_id is None and not has_marks(tx, snapshot_id)


def marks_before(tx: Tx, snapshot_id: UUID, judged_by: str) -> Again | None:
    """Give the marks of the snapshot that one is to take the place of, but of those who were written to since; None
    where it has none that were made alike."""
    source = tx.session.scalar(sa.select(Snapshot.source).where(Snapshot.id == snapshot_id))
    row = tx.session.execute(
        sa.select(SnapshotMark.snapshot_id, SnapshotMark.marks, SnapshotMark.made_at)
        .join(Snapshot, Snapshot.id == SnapshotMark.snapshot_id)
        .where(
            Snapshot.regency_code == tx.regency_code, Snapshot.source == source, Snapshot.state == "current",
            SnapshotMark.judged_by == judged_by, SnapshotMark.marks.is_not(None),
        )
    ).one_or_none()  # fmt: skip
    if row is None:
        return None
    since = sa.select(Household.external_id).where(
        Household.regency_code == tx.regency_code, Household.changed_at > row.made_at, Household.source == source,
        Household.external_id.is_not(None),
    )  # fmt: skip
    touched = pl.concat([
        pl.Series([], dtype=pl.UInt64()), *(pl.Series(digests(pl.Series(names))) for names, in columns_of(tx, since))
    ])  # fmt: skip
    marks = _opened(row.marks)
    return Again(row.snapshot_id, marks.filter(~pl.col("home").is_in(touched.implode())))


def say_the_same(before: Again, now: pl.DataFrame) -> Again:
    """Give those of the marks whose household's rows, as ``summed``, are as many and say the same."""
    names = ["home", "said", "rows"]
    alike = now.select(names).cast({name: before.marks.schema[name] for name in names}, strict=False)
    return Again(before.of_id, before.marks.join(alike, on=names, how="semi", maintain_order="left"))


def alike(before: Again, files: Sequence[RowMarks]) -> Again:
    """Give those of the marks whose household says the same in these files, a part of the households at a time."""
    found: list[pl.DataFrame] = []
    for part in range(_PARTS):
        some = Again(before.of_id, before.marks.filter(pl.col("home") % _PARTS == part))
        rows = [_of_part(one, part) for one in files]
        found.append(say_the_same(some, summed([said_by(no, one) for no, one in enumerate(rows)])).marks)
    return Again(before.of_id, pl.concat(found))


def _of_part(rows: RowMarks, part: int) -> RowMarks:
    mine = rows.home % np.uint64(_PARTS) == part
    return RowMarks(rows.home[mine], rows.said[mine])


# ---------------------------------------------------------------- when it is read, and when it is current


def made_marks(tx: Tx, snapshot_id: UUID, lacking: Digests) -> bytes | None:
    """Make the marks of a snapshot whose rows are all read; None where it is to have none.

    Households that are ``lacking`` have none: they are warned of once all rows are read.
    """
    if not has_marks(tx, snapshot_id):
        return None
    mine = StagedMark.snapshot_id == snapshot_id
    if tx.session.scalar(sa.select(StagedMark.no).where(mine, StagedMark.is_odd).limit(1)) is not None:
        return None
    again = again_of(tx, snapshot_id)
    marks = [] if again is None else [again.marks]
    parts: list[list[pl.DataFrame]] = [[] for _ in range(_PARTS)]
    for (contents,) in columns_of(tx, sa.select(StagedMark.content).where(mine).order_by(StagedMark.no), _FEW):
        for content in contents:
            rows = _opened(content).with_columns(part=pl.col("home") % _PARTS)
            for (no,), those in rows.partition_by("part", as_dict=True, include_key=False).items():
                parts[no].append(those)
    while parts:
        said = summed(parts.pop())
        said = said.filter(
            pl.col("taken") == pl.col("rows"), pl.col("rows") < np.iinfo(np.int16).max,
            ~pl.col("home").is_in(pl.Series(lacking).implode()),
        )  # fmt: skip
        marks.append(said.select(MARKS.names()).cast(MARKS))
    return packed_rows(pl.concat(marks))


def keep_marks(tx: Tx, snapshot_id: UUID, marks: bytes | None) -> None:
    """Keep what ``made_marks`` made."""
    tx.session.execute(sa.update(SnapshotMark).where(SnapshotMark.snapshot_id == snapshot_id).values(marks=marks))


def settle_marks(tx: Tx, snapshot: Any) -> None:
    """Let the marks of a snapshot that becomes current stand in the place of those before."""
    others = sa.select(Snapshot.id).where(
        Snapshot.regency_code == tx.regency_code, Snapshot.source == snapshot.source, Snapshot.state == "replaced"
    )
    tx.session.execute(sa.delete(SnapshotMark).where(SnapshotMark.snapshot_id.in_(others)))
    if erased_since(tx, snapshot.recorded_at):
        # Whoever was erased meanwhile may be among them.
        drop_marks(tx, snapshot.id)
    tx.session.execute(
        sa.update(SnapshotMark)
        .where(SnapshotMark.snapshot_id == snapshot.id)
        .values(of_id=None, again=None, again_people=0, made_at=tx.now)
    )


def drop_marks(tx: Tx, snapshot_id: UUID) -> None:
    """Remove all marks of a snapshot."""
    for model in (StagedMark, SnapshotMark):
        tx.session.execute(sa.delete(model).where(model.snapshot_id == snapshot_id))


def forget_marks(tx: Tx) -> None:
    """Remove the marks of the office's current snapshots: an erasure leaves none of anybody."""
    current = sa.select(Snapshot.id).where(Snapshot.regency_code == tx.regency_code, Snapshot.state == "current")
    tx.session.execute(sa.delete(SnapshotMark).where(SnapshotMark.snapshot_id.in_(current)))


def _opened(content: Any) -> pl.DataFrame:
    return pl.read_ipc(bytes(content))
