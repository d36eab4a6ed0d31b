"""Where households stand, very many at a time, as columns for the matching."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain
from uuid import UUID

import numpy as np
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY

from core.work import Tx
from registry_link.households.models import Household
from registry_link.households.positions import Bools, Floats, Ints
from registry_link.households.states import PositionSource

_CODES_AT_ONCE = 500
_Query = sa.Select[int, UUID, str, str | None, str | None, int | None, float | None, int, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Located:
    """Households as columns, in the order of ``row_no``. All have the same length."""

    row_nos: Ints
    ids: tuple[UUID, ...]
    village_codes: tuple[str, ...]
    rws: tuple[str | None, ...]
    rts: tuple[str | None, ...]
    position_keys: Ints
    """-1 without a position."""
    accuracy_m: Floats
    """nan where none was given."""
    is_gps: Bools


def households_of_villages(tx: Tx, codes: Sequence[str]) -> Located:
    """Give the office's households of these villages or, for the code of a district, of all its villages."""
    queries = []
    wanted = sorted(set(codes))
    for start in range(0, len(wanted), _CODES_AT_ONCE):
        piece = wanted[start : start + _CODES_AT_ONCE]
        villages = [code for code in piece if code.count(".") >= 3]
        # "/" is the sign after ".": everything that starts with the district's code and a point.
        below = [Household.village_code.between(f"{code}.", f"{code}/") for code in piece if code.count(".") < 3]
        queries.append(
            _columns().where(
                Household.regency_code == tx.regency_code, sa.or_(Household.village_code.in_(villages), *below)
            )
        )
    return _located(tx, queries)


def households_at(tx: Tx, starts: Ints, stops: Ints) -> Located:
    """Give the office's households whose position number lies in one of the half-open ranges."""
    ranges = _ranges(tx, starts, stops)
    # The office is not asked for in SQL: SQLite without statistics would walk through all of its households instead.
    return _located(tx, [_columns().join_from(ranges, Household, _lies_in(ranges))])


def numbers_at(tx: Tx, starts: Ints, stops: Ints) -> tuple[Ints, Ints]:
    """Give position numbers and ``row_no`` of every household in the ranges, of any office, in no order.

    Read from the index alone and brought over as text: a third of the time of rows.
    """
    ranges = _ranges(tx, starts, stops)
    pair = sa.cast(Household.position_key, sa.Text) + "," + sa.cast(Household.row_no, sa.Text)
    query = (
        sa.select(sa.func.aggregate_strings(pair, ","))
        .select_from(ranges.join(Household, _lies_in(ranges)))
        .group_by(ranges.c.start)
    )
    found = tx.session.execute(query).scalars().all()
    numbers = np.fromstring(",".join(found), dtype=np.int64, sep=",") if found else np.empty(0, np.int64)
    return numbers[0::2], numbers[1::2]


def _columns() -> _Query:
    return sa.select(
        Household.row_no, Household.id, Household.village_code, Household.rw, Household.rt, Household.position_key,
        Household.position_accuracy_m, sa.case((Household.position_source == PositionSource.GPS, 1), else_=0),
        Household.regency_code,
    )  # fmt: skip


def _ranges(tx: Tx, starts: Ints, stops: Ints) -> sa.FromClause:
    """Give the ranges as a table of one bound value: a thousand VALUES cost more to write down than to search."""
    if tx.session.get_bind().dialect.name == "sqlite":
        pairs = sa.func.json_each(json.dumps(list(zip(starts.tolist(), stops.tolist(), strict=True))))
        pair = pairs.table_valued("value", name="pairs").c.value
        start, stop = sa.func.json_extract(pair, "$[0]"), sa.func.json_extract(pair, "$[1]")
        return sa.select(start.label("start"), stop.label("stop")).subquery("ranges")
    columns = [sa.cast(one.tolist(), ARRAY(sa.BigInteger)) for one in (starts, stops)]
    return sa.func.unnest(*columns).table_valued("start", "stop", name="ranges").render_derived()


def _lies_in(ranges: sa.FromClause) -> sa.ColumnElement[bool]:
    return sa.and_(Household.position_key >= ranges.c.start, Household.position_key < ranges.c.stop)


def _located(tx: Tx, queries: Sequence[_Query]) -> Located:
    found = chain.from_iterable(tx.session.execute(query).all() for query in queries)
    rows = sorted({row[0]: row for row in found if row[8] == tx.regency_code}.values(), key=lambda row: row[0])
    if not rows:
        return Located(
            row_nos=np.empty(0, np.int64), ids=(), village_codes=(), rws=(), rts=(),
            position_keys=np.empty(0, np.int64), accuracy_m=np.empty(0), is_gps=np.empty(0, bool),
        )  # fmt: skip
    numbers, ids, villages, rws, rts, keys, accuracies, is_gps, _ = zip(*rows, strict=True)
    return Located(
        row_nos=np.array(numbers, dtype=np.int64),
        ids=ids,
        village_codes=villages,
        rws=rws,
        rts=rts,
        position_keys=np.array([-1 if key is None else key for key in keys], dtype=np.int64),
        accuracy_m=np.array([np.nan if one is None else one for one in accuracies], dtype=np.float64),
        is_gps=np.array(is_gps, dtype=bool),
    )
