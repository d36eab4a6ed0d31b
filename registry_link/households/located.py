"""Where households stand, very many at a time, as columns for the matching."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any, Final, cast
from uuid import UUID

import numpy as np
import numpy.typing as npt
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY

from core.work import Tx
from registry_link.households.merged import is_listed
from registry_link.households.models import Household
from registry_link.households.positions import Bools, Floats, Ints
from registry_link.households.states import PositionSource

_CODES_AT_ONCE: Final = 500
_RANGES_AT_ONCE: Final = 1_000
_HOME: Final = cast(sa.Table, Household.__table__).c
Texts = npt.NDArray[np.object_]


@dataclass(frozen=True, slots=True, kw_only=True)
class Located:
    """Households as columns of the same length, in the order of ``row_nos``, each household once."""

    row_nos: Ints
    ids: Texts | npt.NDArray[np.void]
    """A UUID each, or its 16 bytes: ``uuids_of`` gives the UUIDs of those that are wanted."""
    village_codes: Texts
    rws: Texts
    """Text or None."""
    rts: Texts
    position_keys: Ints
    """-1 without a position."""
    accuracy_m: Floats
    """nan where none was given."""
    is_gps: Bools

    def only(self, is_wanted: Bools) -> Located:
        """Leave out the others. Shape: (n,)."""
        return Located(**{one.name: getattr(self, one.name)[is_wanted] for one in fields(self)})


def uuids_of(ids: Texts | npt.NDArray[np.void]) -> tuple[UUID, ...]:
    """Give the UUIDs that a column of ids names."""
    if ids.dtype == object:
        return tuple(ids.tolist())
    text = ids.tobytes()
    return tuple(UUID(bytes=text[at : at + 16]) for at in range(0, len(text), 16))


def households_of_villages(tx: Tx, codes: Sequence[str]) -> Located:
    """Give the office's households of these villages or, for the code of a district, of all its villages."""
    rows: list[sa.Row[Any]] = []
    wanted = sorted(set(codes))
    for start in range(0, len(wanted), _CODES_AT_ONCE):
        piece = wanted[start : start + _CODES_AT_ONCE]
        villages = [code for code in piece if code.count(".") >= 3]
        below = [_HOME.village_code.startswith(f"{code}.", autoescape=True) for code in piece if code.count(".") < 3]
        query = located_query().where(
            _HOME.regency_code == tx.regency_code, is_listed(), sa.or_(_HOME.village_code.in_(villages), *below)
        )
        rows += tx.session.connection().execute(query).all()
    return located_of(tx, rows)


def households_numbered(tx: Tx, row_nos: Ints) -> Located:
    """Give the office's households with these ``row_no``; others are left out."""
    if not len(row_nos):
        return located_of(tx, [])
    wanted = _listed(tx, row_nos)
    query = located_query().join_from(wanted, Household.__table__, _HOME.row_no == wanted.c.start).where(is_listed())
    return located_of(tx, tx.session.connection().execute(query).all())


def numbers_at(tx: Tx, starts: Ints, stops: Ints) -> tuple[Ints, Ints]:
    """Give position number and ``row_no`` of every household in the half-open ranges, of any office, in no order.

    Merged ones too: whoever asks for them by ``households_numbered`` does not get them.
    Read from the index alone and brought over as text: a third of the time of rows.
    """
    pair = sa.cast(_HOME.position_key, sa.Text) + "," + sa.cast(_HOME.row_no, sa.Text)
    found: list[str] = []
    for start in range(0, len(starts), _RANGES_AT_ONCE):
        ranges = _listed(tx, starts[start : start + _RANGES_AT_ONCE], stops[start : start + _RANGES_AT_ONCE])
        # The office is not asked for: SQLite without statistics would walk through all of its households instead.
        lies_in = sa.and_(_HOME.position_key >= ranges.c.start, _HOME.position_key < ranges.c.stop)
        query = sa.select(sa.func.aggregate_strings(pair, ",")).select_from(ranges.join(Household.__table__, lies_in))
        found.append(tx.session.connection().execute(query).scalar() or "")
    numbers = np.concatenate(
        [np.empty(0, np.int64), *(np.fromstring(text, np.int64, sep=",") for text in found if text)]
    )
    return numbers[0::2], numbers[1::2]


def united(one: Located, other: Located) -> Located:
    """Join the columns of two, each household once."""
    row_nos, first = np.unique(np.concatenate([one.row_nos, other.row_nos]), return_index=True)
    return Located(
        row_nos=row_nos,
        ids=np.concatenate([_same_kind(one.ids, other.ids), _same_kind(other.ids, one.ids)])[first],
        village_codes=np.concatenate([one.village_codes, other.village_codes])[first],
        rws=np.concatenate([one.rws, other.rws])[first],
        rts=np.concatenate([one.rts, other.rts])[first],
        position_keys=np.concatenate([one.position_keys, other.position_keys])[first],
        accuracy_m=np.concatenate([one.accuracy_m, other.accuracy_m])[first],
        is_gps=np.concatenate([one.is_gps, other.is_gps])[first],
    )


def _same_kind(ids: Texts | npt.NDArray[np.void], other: Texts | npt.NDArray[np.void]) -> Texts | npt.NDArray[np.void]:
    return ids if ids.dtype == other.dtype or ids.dtype == object else texts_of(uuids_of(ids))


def located_query() -> sa.Select[Any]:
    """Select what ``located_of`` reads, of every household there is."""
    return sa.select(
        _HOME.row_no, _HOME.id, _HOME.village_code, _HOME.rw, _HOME.rt,
        sa.func.coalesce(_HOME.position_key, -1), sa.func.coalesce(_HOME.position_accuracy_m, -1.0),
        sa.case((_HOME.position_source == PositionSource.GPS, 1), else_=0), _HOME.regency_code,
    )  # fmt: skip


def _listed(tx: Tx, starts: Ints, stops: Ints | None = None) -> sa.FromClause:
    """Give numbers as a table of one bound value: a thousand VALUES cost more to write down than to search."""
    stops = starts if stops is None else stops
    if tx.session.get_bind().dialect.name == "sqlite":
        pairs = sa.func.json_each(json.dumps(list(zip(starts.tolist(), stops.tolist(), strict=True))))
        pair = pairs.table_valued("value", name="pairs").c.value
        start, stop = sa.func.json_extract(pair, "$[0]"), sa.func.json_extract(pair, "$[1]")
        return sa.select(start.label("start"), stop.label("stop")).subquery("listed")
    columns = [sa.cast(one.tolist(), ARRAY(sa.BigInteger)) for one in (starts, stops)]
    return sa.func.unnest(*columns).table_valued("start", "stop", name="listed").render_derived()


def located_of(tx: Tx, rows: Sequence[sa.Row[Any]]) -> Located:
    """Make columns of rows of ``located_query``; of another office's nothing."""
    columns = list(zip(*(row[:9] for row in rows if row.regency_code == tx.regency_code), strict=True)) or [()] * 9
    row_nos, first = np.unique(np.array(columns[0], dtype=np.int64), return_index=True)
    accuracy = np.array(columns[6], dtype=np.float64)[first]
    return Located(
        row_nos=row_nos,
        ids=texts_of(columns[1])[first],
        village_codes=texts_of(columns[2])[first],
        rws=texts_of(columns[3])[first],
        rts=texts_of(columns[4])[first],
        position_keys=np.array(columns[5], dtype=np.int64)[first],
        accuracy_m=np.where(accuracy >= 0, accuracy, np.nan),
        is_gps=np.array(columns[7], dtype=bool)[first],
    )


def texts_of(values: Sequence[object]) -> Texts:
    """Make a column of texts, or of anything else that is no number."""
    made = np.empty(len(values), dtype=object)
    made[:] = values
    return made
