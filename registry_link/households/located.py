"""Where households stand, very many at a time, as columns for the matching."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from uuid import UUID

import numpy as np
import sqlalchemy as sa

from core.work import Tx
from registry_link.households.models import Household
from registry_link.households.positions import Bools, Floats, Ints
from registry_link.households.states import PositionSource

_RANGES_AT_ONCE = 500
_CODES_AT_ONCE = 500


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
    return _located(
        tx,
        [
            _columns().join(ranges, _lies_in(ranges)).where(Household.regency_code == tx.regency_code)
            for ranges in _ranges(starts, stops)
        ],
    )


def numbers_at(tx: Tx, starts: Ints, stops: Ints) -> tuple[Ints, Ints]:
    """Give position numbers and ``row_no`` of every household in the ranges, of any office, in no order.

    Read from the index alone and brought over as text: a third of the time of rows.
    """
    numbers: list[Ints] = []
    for ranges in _ranges(starts, stops):
        pair = sa.cast(Household.position_key, sa.Text) + "," + sa.cast(Household.row_no, sa.Text)
        query = (
            sa.select(sa.func.aggregate_strings(pair, ","))
            .select_from(ranges.join(Household, _lies_in(ranges)))
            .group_by(ranges.c.start)
        )
        found = tx.session.execute(query).scalars().all()
        numbers.append(np.fromstring(",".join(found), dtype=np.int64, sep=",") if found else np.empty(0, np.int64))
    both = np.concatenate(numbers).reshape(-1, 2) if numbers else np.empty((0, 2), np.int64)
    return both[:, 0], both[:, 1]


def _columns() -> sa.Select[tuple[int, UUID, str, str | None, str | None, int | None, float | None, int]]:
    return sa.select(
        Household.row_no, Household.id, Household.village_code, Household.rw, Household.rt, Household.position_key,
        Household.position_accuracy_m, sa.case((Household.position_source == PositionSource.GPS, 1), else_=0),
    )  # fmt: skip


def _ranges(starts: Ints, stops: Ints) -> Iterator[sa.CTE]:
    """Give the ranges as tables of the statement itself, a bounded number at a time."""
    pairs = list(zip(starts.tolist(), stops.tolist(), strict=True))
    for first in range(0, len(pairs), _RANGES_AT_ONCE):
        yield (
            sa.values(sa.column("start", sa.BigInteger), sa.column("stop", sa.BigInteger), literal_binds=True)
            .data(pairs[first : first + _RANGES_AT_ONCE])
            .cte("ranges")
        )


def _lies_in(ranges: sa.CTE) -> sa.ColumnElement[bool]:
    return sa.and_(Household.position_key >= ranges.c.start, Household.position_key < ranges.c.stop)


def _located(
    tx: Tx, queries: Sequence[sa.Select[tuple[int, UUID, str, str | None, str | None, int | None, float | None, int]]]
) -> Located:
    rows = sorted(
        {row[0]: row for row in chain.from_iterable(tx.session.execute(query).all() for query in queries)}.values(),
        key=lambda row: row[0],
    )
    if not rows:
        return Located(
            row_nos=np.empty(0, np.int64), ids=(), village_codes=(), rws=(), rts=(),
            position_keys=np.empty(0, np.int64), accuracy_m=np.empty(0), is_gps=np.empty(0, bool),
        )  # fmt: skip
    numbers, ids, villages, rws, rts, keys, accuracies, is_gps = zip(*rows, strict=True)
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
