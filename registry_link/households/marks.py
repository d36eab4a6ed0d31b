"""What the rows of each household said in the current snapshot of a source, as one keyed number for each household.

Rows of the next file that say the same are not looked at, compared or written: most of a quarter's file. A household
has a mark only where its rows were taken without a word, none warned of or doubled, and where it lacks neither members
nor a head; one that anybody wrote to since is looked at all the same. Of its rows some may have been refused for what
they say themselves: they are known by what they say, and looked at again, to be given back with their reasons. Marks
are there for speed alone: without them every row is read.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
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
    "home": pl.UInt64(), "said": pl.UInt64(), "rows": pl.Int32(), "taken": pl.Int32(), "refused": pl.Int32(),
    "people": pl.Int32(),
})  # fmt: skip
"""Of a household's rows, or of some of them: the digest of its id, the sum of the digests of what they say, how many
they are, how many of them were taken without a word or refused for what they say themselves, and how many members
they list."""
MARKS: Final = pl.Schema({"home": pl.UInt64(), "said": pl.UInt64(), "rows": pl.Int16(), "people": pl.Int16()})
_PARTS: Final = 8
"""Whatever is done with all households of a registry is done with one in so many at a time, for the memory it takes. A
power of two: the last bits tell."""
_THREADS: Final = 2
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
    refused: Digests
    """What its refused rows said, as ``said_in``: such rows of these households are looked at."""

    @property
    def people(self) -> int:
        return int(self.marks["people"].sum() or 0)


def summed(parts: Sequence[pl.DataFrame]) -> pl.DataFrame:
    """Put parts of ``ROWS`` together, one row a household; sums of digests run over, as they are meant to."""
    every = pl.concat([ROWS.to_frame(), *parts])
    return every.group_by("home").agg(pl.exclude("home").sum()).cast(ROWS)


def said_in(file_no: int, rows: RowMarks) -> Digests:
    """Give what each row of a file says; the same words in another file are others."""
    return rows.said + _OTHER_KIND * np.uint64(file_no)


def said_by(file_no: int, rows: RowMarks) -> pl.DataFrame:
    """Give what rows of a file say, one row a household, where it is not known yet what becomes of them."""
    frame = pl.DataFrame({"home": rows.home, "said": said_in(file_no, rows)}).group_by("home").agg(
        pl.col("said").sum(), rows=pl.len()
    )  # fmt: skip
    return frame.with_columns(pl.lit(0).alias(name) for name in ("taken", "refused", "people")).select(
        ROWS.names()
    ).cast(ROWS)  # fmt: skip


def judged(file_no: int, rows: RowMarks, is_taken: Mask, is_refused: Mask, people: Digests) -> pl.DataFrame:
    """Give what rows of a file say, one row a household.

    ``is_taken``: which of them were taken without a word; ``is_refused``: which were refused for what they say
    themselves, whatever others say; ``people``: of each member they list, the household.
    """
    frame = pl.DataFrame({
        "home": rows.home, "said": said_in(file_no, rows), "taken": is_taken, "refused": is_refused,
    }).group_by("home").agg(pl.col("said", "taken", "refused").sum(), rows=pl.len())  # fmt: skip
    listed = pl.DataFrame({"home": people}).group_by("home").agg(people=pl.len())
    return frame.join(listed, on="home", how="left").with_columns(pl.col("people").fill_null(0)).select(
        ROWS.names()
    ).cast(ROWS)  # fmt: skip


def packed_rows(rows: pl.DataFrame) -> bytes:
    """Put what ``judged`` gives into one value; digests do not become shorter."""
    out = io.BytesIO()
    rows.write_ipc(out)
    return out.getvalue()


# ---------------------------------------------------------------- while a file is read


def keep_row_marks(tx: Tx, snapshot_id: UUID, no: int, content: bytes, refused: Digests, *, is_odd: bool) -> None:
    """Keep what a piece's rows said, packed, and each refused one. ``is_odd``: some had other cells than texts, and are
    not among them."""
    tx.session.execute(sa.insert(StagedMark).values(
        snapshot_id=snapshot_id, no=no, content=content, refused=refused.tobytes(), is_odd=is_odd
    ))  # fmt: skip


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
        again_refused=again.refused.tobytes() if again is not None else None,
        again_people=again.people if again is not None else 0, marks=None, made_at=tx.now,
    ))  # fmt: skip


def has_marks(tx: Tx, snapshot_id: UUID) -> bool:
    """Tell whether a snapshot on its way is to have marks."""
    query = sa.select(SnapshotMark.snapshot_id).where(SnapshotMark.snapshot_id == snapshot_id)
    return tx.session.scalar(query) is not None


def again_of(tx: Tx, snapshot_id: UUID) -> Again | None:
    """Give whose rows were not read, because they say what they said before; None where all were read."""
    row = tx.session.execute(
        sa.select(SnapshotMark.of_id, SnapshotMark.again, SnapshotMark.again_refused)
        .where(SnapshotMark.snapshot_id == snapshot_id)
    ).one_or_none()  # fmt: skip
    return None if row is None or row.of_id is None else Again(row.of_id, _opened(row.again), _plain(row.again_refused))


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
        sa.select(SnapshotMark.snapshot_id, SnapshotMark.marks, SnapshotMark.refused, SnapshotMark.made_at)
        .join(Snapshot, Snapshot.id == SnapshotMark.snapshot_id)
        .where(
            Snapshot.regency_code == tx.regency_code, Snapshot.source == source, Snapshot.state == "current",
            SnapshotMark.judged_by == judged_by, SnapshotMark.marks.is_not(None),
        )
    ).one_or_none()  # fmt: skip
    if row is None:
        return None
    touched = _touched(tx, source or "", Household.changed_at > row.made_at)
    marks = _opened(row.marks)
    return Again(row.snapshot_id, marks.filter(~pl.col("home").is_in(touched.implode())), _plain(row.refused))


def say_the_same(before: Again, now: pl.DataFrame) -> Again:
    """Give those of the marks whose household's rows, as ``summed``, are as many and say the same."""
    names = ["home", "said", "rows"]
    alike = now.select(names).cast({name: before.marks.schema[name] for name in names}, strict=False)
    return replace(before, marks=before.marks.join(alike, on=names, how="semi", maintain_order="left"))


def alike(before: Again, files: Sequence[RowMarks]) -> Again:
    """Give those of the marks whose household says the same in these files, a part of the households at a time."""

    def same(part: int) -> pl.DataFrame:
        some = replace(before, marks=before.marks.filter(pl.col("home") % _PARTS == part))
        rows = [_of_part(one, part) for one in files]
        return say_the_same(some, summed([said_by(no, one) for no, one in enumerate(rows)])).marks

    with ThreadPoolExecutor(_THREADS) as pool:
        return replace(before, marks=pl.concat(pool.map(same, range(_PARTS))))


def _of_part(rows: RowMarks, part: int) -> RowMarks:
    mine = rows.home & np.uint64(_PARTS - 1) == part
    return RowMarks(rows.home[mine], rows.said[mine])


# ---------------------------------------------------------------- when it is read, and when it is current


@dataclass(frozen=True, slots=True)
class Marks:
    """As the table holds them: ``MARKS`` packed, and what refused rows said."""

    marks: bytes
    refused: bytes


def made_marks(tx: Tx, snapshot_id: UUID, odd: Digests) -> Marks | None:
    """Make the marks of a snapshot whose rows are all read; None where it is to have none.

    ``odd``: households of which more is to be said than their rows tell by themselves; they are looked at again.
    """
    if not has_marks(tx, snapshot_id):
        return None
    mine = StagedMark.snapshot_id == snapshot_id
    if tx.session.scalar(sa.select(StagedMark.no).where(mine, StagedMark.is_odd).limit(1)) is not None:
        return None
    again = again_of(tx, snapshot_id)
    marks = [] if again is None else [again.marks]
    parts: list[list[pl.DataFrame]] = [[] for _ in range(_PARTS)]
    refused: list[bytes] = []
    staged = sa.select(StagedMark.content, StagedMark.refused).where(mine).order_by(StagedMark.no)
    for contents, said in columns_of(tx, staged, _FEW):
        refused += said
        for content in contents:
            rows = _opened(content).with_columns(part=pl.col("home") % _PARTS)
            for (no,), those in rows.partition_by("part", as_dict=True, include_key=False).items():
                parts[no].append(those)
    while parts:
        rows = summed(parts.pop()).filter(
            pl.col("taken") + pl.col("refused") == pl.col("rows"), pl.col("taken") > 0,
            pl.col("rows") < np.iinfo(np.int16).max, ~pl.col("home").is_in(pl.Series(odd).implode()),
        )  # fmt: skip
        marks.append(rows.select(MARKS.names()).cast(MARKS))
    return Marks(packed_rows(pl.concat(marks)), b"".join(refused))


def keep_marks(tx: Tx, snapshot_id: UUID, made: Marks | None) -> None:
    """Keep what ``made_marks`` made."""
    if made is not None:
        kept = sa.update(SnapshotMark).where(SnapshotMark.snapshot_id == snapshot_id)
        tx.session.execute(kept.values(marks=made.marks, refused=made.refused))


def settle_marks(tx: Tx, snapshot: Any) -> None:
    """Let the marks of a snapshot that becomes current stand in the place of those before."""
    others = sa.select(Snapshot.id).where(
        Snapshot.regency_code == tx.regency_code, Snapshot.source == snapshot.source, Snapshot.state == "replaced"
    )
    tx.session.execute(sa.delete(SnapshotMark).where(SnapshotMark.snapshot_id.in_(others)))
    if erased_since(tx, snapshot.recorded_at):
        # Whoever was erased meanwhile may be among them.
        drop_marks(tx, snapshot.id)
    _leave_out_touched(tx, snapshot)
    tx.session.execute(
        sa.update(SnapshotMark)
        .where(SnapshotMark.snapshot_id == snapshot.id)
        .values(of_id=None, again=None, again_refused=None, again_people=0, made_at=tx.now)
    )


def _leave_out_touched(tx: Tx, snapshot: Any) -> None:
    """Take the marks away of those who were written to since the rows were read, but by the snapshot itself."""
    mine = SnapshotMark.snapshot_id == snapshot.id
    row = tx.session.execute(sa.select(SnapshotMark.made_at, SnapshotMark.marks.is_not(None)).where(mine)).one_or_none()
    if row is None or not row[1]:
        return
    touched = _touched(
        tx, snapshot.source, Household.changed_at >= row[0], Household.changed_at < tx.now,
        Household.snapshot_id.is_distinct_from(snapshot.id),
    )  # fmt: skip
    if len(touched):
        marks = _opened(tx.session.scalar(sa.select(SnapshotMark.marks).where(mine)))
        left = marks.filter(~pl.col("home").is_in(touched.implode()))
        tx.session.execute(sa.update(SnapshotMark).where(mine).values(marks=packed_rows(left)))


def _touched(tx: Tx, source: str, *when: sa.ColumnElement[bool]) -> pl.Series:
    """Give the digests of the ids of a source's households that were written to."""
    names = sa.select(Household.external_id).where(
        Household.regency_code == tx.regency_code, Household.source == source, Household.external_id.is_not(None), *when
    )
    return pl.concat([
        pl.Series([], dtype=pl.UInt64()), *(pl.Series(digests(pl.Series(some))) for some, in columns_of(tx, names))
    ])  # fmt: skip


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


def _plain(content: Any) -> Digests:
    return np.frombuffer(content or b"", dtype=np.uint64)
