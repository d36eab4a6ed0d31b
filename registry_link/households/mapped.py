"""An office's households as sorted, memory-mapped columns: ten times as fast to cut as the database's index.

The database alone is enough and is the truth. The columns lie in files beside it, as of an instant; whatever was
changed since is read from the database and put in their place, so that both ways give the same households. Files of
another database, or of this one before it was restored, carry another stamp than it and are not opened.
Source: speed.md §1.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any, Final, cast

import numpy as np
import numpy.typing as npt
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from core.actor import Actor
from core.work import Tx, Work
from registry_link.households.located import (
    Located,
    households_numbered,
    households_of_villages,
    located_of,
    located_query,
    numbers_at,
    texts_of,
    united,
)
from registry_link.households.merged import is_listed
from registry_link.households.models import Household, PositionColumns
from registry_link.households.positions import Bools, Floats, Ints

SETTLED: Final = timedelta(hours=2)
"""No transaction that changes households takes longer from its first to its last moment: the longest takes a snapshot
of millions over. Its rows carry the instant at which it began, and must not look older than the columns."""
MOST_CHANGED: Final = 20_000
"""With more changes than this the database alone is quicker."""
_AT_ONCE: Final = 50_000
_NAMES: Final = ("row_nos", "ids", "villages", "rws", "rts", "keys", "accuracy_m", "is_gps", "by_row", "by_village")
_HOME: Final = cast(sa.Table, Household.__table__).c


class Ground:
    """Where a transaction reads households from: the database, or the columns and what changed since."""

    cells_across = 128
    """How finely an outline is cut: rows read for nothing cost the database more than cells cost here."""

    def __init__(self, tx: Tx) -> None:
        self._tx = tx

    def of_villages(self, codes: Sequence[str]) -> Located:
        """Give the office's households of these villages or, for the code of a district, of all its villages."""
        return households_of_villages(self._tx, codes)

    def numbers_at(self, starts: Ints, stops: Ints) -> tuple[Ints, Ints]:
        """Give position number and ``row_no`` of every household in the half-open ranges, in no order.

        Of any office, merged ones too: whoever asks for them by ``numbered`` does not get them.
        """
        return numbers_at(self._tx, starts, stops)

    def numbered(self, row_nos: Ints) -> Located:
        """Give the office's households with these ``row_no``; others are left out."""
        return households_numbered(self._tx, row_nos)


@dataclass(frozen=True, slots=True)
class Columns:
    """The files of one office, opened. All columns have one length and are sorted by position number."""

    row_nos: Ints
    ids: npt.NDArray[np.void]
    """16 bytes each."""
    villages: Ints
    """Place in ``codes``."""
    rws: Ints
    rts: Ints
    """Place in ``units``."""
    keys: Ints
    """-1 without a position."""
    accuracy_m: Floats
    is_gps: Bools
    by_row: Ints
    """Where the households stand in the order of their ``row_no``."""
    by_village: Ints
    codes: tuple[str, ...]
    units: tuple[str | None, ...]

    def at(self, places: Ints) -> Located:
        """Give the households that stand at these places, in the order of their ``row_no``."""
        places = places[np.argsort(self.row_nos[places])]
        codes, units = texts_of(self.codes), texts_of(self.units)
        return Located(
            row_nos=self.row_nos[places], ids=self.ids[places], village_codes=codes[self.villages[places]],
            rws=units[self.rws[places]], rts=units[self.rts[places]], position_keys=self.keys[places],
            accuracy_m=self.accuracy_m[places], is_gps=self.is_gps[places],
        )  # fmt: skip

    def in_villages(self, codes: Sequence[str]) -> Ints:
        """Give the places of the households of these villages and districts."""
        wanted = set(codes)
        above = tuple(f"{code}." for code in wanted if code.count(".") < 3)
        chosen = [n for n, code in enumerate(self.codes) if code in wanted or (above and code.startswith(above))]
        in_order = self.villages[self.by_village]
        cuts = np.searchsorted(in_order, np.array([[n, n + 1] for n in chosen], dtype=np.int64).reshape(-1, 2))
        return np.concatenate([np.empty(0, np.int64), *(self.by_village[a:b] for a, b in cuts.tolist())])

    def in_ranges(self, starts: Ints, stops: Ints) -> Ints:
        """Give the places of the households in the half-open ranges of position numbers; ranges do not overlap."""
        first, last = np.searchsorted(self.keys, starts), np.searchsorted(self.keys, stops)
        counts = last - first
        which = np.repeat(np.arange(len(counts)), counts)
        places: Ints = first[which] + np.arange(len(which)) - np.repeat(np.cumsum(counts) - counts, counts)
        return places

    def of_rows(self, row_nos: Ints) -> Ints:
        """Give the places of the households with these ``row_no``, as far as they stand here."""
        in_order = self.row_nos[self.by_row]
        found = np.minimum(np.searchsorted(in_order, row_nos), max(len(in_order) - 1, 0))
        return self.by_row[found[in_order[found] == row_nos]] if len(in_order) else np.empty(0, np.int64)


class MappedGround(Ground):
    """The columns, with the households that changed since taken from the database."""

    cells_across = 32

    def __init__(self, tx: Tx, columns: Columns, changed: Ints, now: Located) -> None:
        super().__init__(tx)
        self._columns = columns
        self._changed = changed
        self._now = now

    def of_villages(self, codes: Sequence[str]) -> Located:
        wanted = set(codes)
        above = tuple(f"{code}." for code in wanted if code.count(".") < 3)
        own = self._now.village_codes.tolist()
        is_wanted = np.array([code in wanted or bool(above and code.startswith(above)) for code in own], dtype=bool)
        return self._with(self._columns.in_villages(codes), is_wanted)

    def numbers_at(self, starts: Ints, stops: Ints) -> tuple[Ints, Ints]:
        places = self._unchanged(self._columns.in_ranges(starts, stops))
        keys = self._now.position_keys
        last = np.searchsorted(starts, keys, side="right") - 1
        is_within = (last >= 0) & (keys < stops[np.maximum(last, 0)]) if len(starts) else np.zeros(len(keys), bool)
        return (
            np.concatenate([self._columns.keys[places], keys[is_within]]),
            np.concatenate([self._columns.row_nos[places], self._now.row_nos[is_within]]),
        )

    def numbered(self, row_nos: Ints) -> Located:
        return self._with(self._columns.of_rows(np.sort(row_nos)), np.isin(self._now.row_nos, row_nos))

    def _with(self, places: Ints, is_wanted: Bools) -> Located:
        kept = self._columns.at(self._unchanged(places))
        if not is_wanted.any():
            return kept
        now = self._now.only(is_wanted)
        return united(kept, now)

    def _unchanged(self, places: Ints) -> Ints:
        return places[~np.isin(self._columns.row_nos[places], self._changed)] if len(self._changed) else places


def ground_of(tx: Tx) -> Ground:
    """Choose where to read from: the columns where they are this database's and not far behind it."""
    if tx.folder is None:
        return Ground(tx)
    kept = tx.session.get(PositionColumns, tx.regency_code)
    folder = _folder(tx.folder, tx.regency_code)
    columns = _opened(folder, str(kept.stamp)) if kept else None
    if kept is None or columns is None:
        return Ground(tx)
    rows = _changed_since(tx, kept.as_of)
    if len(rows) > MOST_CHANGED:
        return Ground(tx)
    changed = np.array(sorted(row.row_no for row in rows), dtype=np.int64)
    return MappedGround(tx, columns, changed, located_of(tx, [row for row in rows if row.is_listed]))


def keep_columns(work: Work, actor: Actor) -> str:
    """Write the office's columns where there are none, or too many changes have come together; gives what was done.

    The new files stand beside the old ones until the database names their stamp: whoever reads meanwhile has either.
    """
    if work.folder is None:
        return ""
    with work.read_by(actor) as tx:
        kept = tx.session.get(PositionColumns, tx.regency_code)
        folder = _folder(work.folder, tx.regency_code)
        before = str(kept.stamp) if kept else ""
        if kept and _opened(folder, before) and len(_changed_since(tx, kept.as_of)) <= MOST_CHANGED // 4:
            return ""
        as_of = tx.now - SETTLED
        if kept and len(_changed_since(tx, as_of)) > MOST_CHANGED:
            return ""  # an import is on its way: what is written now would not be used
        stamp = tx.new_id()
        count = _write(tx, folder / str(stamp))

    def name(tx: Tx) -> None:
        insert = postgresql.insert if tx.session.get_bind().dialect.name == "postgresql" else sqlite.insert
        values = {"stamp": stamp, "as_of": as_of, "built_at": tx.now, "households": count}
        query = insert(PositionColumns).values(regency_code=tx.regency_code, **values)
        tx.session.execute(query.on_conflict_do_update(index_elements=["regency_code"], set_=values))

    work.run(actor, name)
    for other in folder.iterdir():
        if other.name not in (str(stamp), before):
            shutil.rmtree(other, ignore_errors=True)
    return f"{count} households"


def _folder(folder: Path, regency_code: str) -> Path:
    return folder / "positions" / regency_code


def _changed_since(tx: Tx, as_of: datetime) -> Sequence[sa.Row[Any]]:
    query = (
        located_query()
        .add_columns(sa.case((is_listed(), 1), else_=0).label("is_listed"))
        .where(_HOME.regency_code == tx.regency_code, _HOME.changed_at > as_of)
        .limit(MOST_CHANGED + 1)
    )
    return tx.session.connection().execute(query).all()


@lru_cache(maxsize=64)
def _opened(folder: Path, stamp: str) -> Columns | None:
    here = folder / stamp
    try:
        texts = json.loads((here / "texts.json").read_text("utf-8"))
        arrays = {name: np.load(here / f"{name}.npy", mmap_mode="r", allow_pickle=False) for name in _NAMES}
    except FileNotFoundError:
        return None
    return Columns(**arrays, codes=tuple(texts["codes"]), units=tuple(texts["units"]))


def _write(tx: Tx, folder: Path) -> int:
    pieces: list[tuple[Any, ...]] = []
    codes: dict[str, int] = {}
    units: dict[str | None, int] = {}
    after = -1
    while True:
        query = located_query().where(_HOME.regency_code == tx.regency_code, _HOME.row_no > after, is_listed())
        rows = tx.session.connection().execute(query.order_by(_HOME.row_no).limit(_AT_ONCE)).all()
        if not rows:
            break
        after = rows[-1].row_no
        row_nos, ids, villages, rws, rts, keys, accuracy, is_gps, _ = zip(*rows, strict=True)
        pieces.append((
            np.array(row_nos, np.int64),
            np.frombuffer(b"".join(one.bytes for one in ids), "V16"),
            np.array([codes.setdefault(one, len(codes)) for one in villages], np.int32),
            np.array([units.setdefault(one, len(units)) for one in rws], np.int32),
            np.array([units.setdefault(one, len(units)) for one in rts], np.int32),
            np.array(keys, np.int64),
            np.array(accuracy, np.float64),
            np.array(is_gps, bool),
        ))  # fmt: skip
    empty = (np.empty(0, np.int64), np.empty(0, "V16"), *[np.empty(0, np.int32)] * 3, np.empty(0, np.int64),
             np.empty(0, np.float64), np.empty(0, bool))  # fmt: skip
    columns = [np.concatenate(many) for many in zip(*(pieces or [empty]), strict=True)]
    order = np.lexsort((columns[0], columns[5]))
    columns = [one[order] for one in columns]
    columns[6] = np.where(columns[6] >= 0, columns[6], np.nan)
    columns += [np.argsort(columns[0], kind="stable"), np.argsort(columns[2], kind="stable")]
    folder.mkdir(parents=True, mode=0o700)
    for name, column in zip(_NAMES, columns, strict=True):
        np.save(folder / f"{name}.npy", column, allow_pickle=False)
    texts = {"codes": list(codes), "units": list(units)}
    (folder / "texts.json").write_text(json.dumps(texts), "utf-8")
    return len(order)
