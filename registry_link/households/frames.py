"""Checked households and members as columns: what a piece of a registry file comes to."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final

import polars as pl

from registry_link.households.numbers import plain
from registry_link.households.rows import HouseholdRow, MemberRow

HOMES: Final = pl.Schema({
    "file_row": pl.Int64(), "external_id": pl.String(), "village_code": pl.String(), "head_name": pl.String(),
    "rt": pl.String(), "rw": pl.String(), "hamlet": pl.String(), "address": pl.String(), "size": pl.Int64(),
    "decile": pl.Int64(), "lon_deg": pl.Float64(), "lat_deg": pl.Float64(), "position_accuracy_m": pl.Float64(),
    "kk": pl.String(),
})  # fmt: skip
PEOPLE: Final = pl.Schema({
    "file_row": pl.Int64(), "external_id": pl.String(), "member_id": pl.String(), "name": pl.String(),
    "relation": pl.String(), "sex": pl.String(), "birth_on": pl.Date(), "age_years": pl.Int64(),
    "age_as_of_on": pl.Date(), "nik": pl.String(), "is_pregnant": pl.Boolean(), "is_nursing": pl.Boolean(),
    "has_disability": pl.Boolean(), "is_chronically_ill": pl.Boolean(),
})  # fmt: skip
"""As the fields of ``HouseholdRow`` and ``MemberRow``; numbers stand open in both, as long as they are in memory."""


def homes_of(rows: Iterable[HouseholdRow]) -> pl.DataFrame:
    """Give households as columns."""
    return _framed(HOMES, [
        (
            one.file_row, one.external_id, one.village_code, one.head_name, one.rt, one.rw, one.hamlet, one.address,
            one.size, one.decile, one.lon_deg, one.lat_deg, one.position_accuracy_m,
            plain(one.kk),
        )
        for one in rows
    ])  # fmt: skip


def people_of(rows: Iterable[tuple[str, MemberRow]]) -> pl.DataFrame:
    """Give members, each with the id of its household, as columns."""
    return _framed(PEOPLE, [
        (
            one.file_row, external_id, one.external_id, one.name, one.relation.value,
            None if one.sex is None else one.sex.value, one.birth_on, one.age_years, one.age_as_of_on,
            plain(one.nik), one.is_pregnant, one.is_nursing, one.has_disability,
            one.is_chronically_ill,
        )
        for external_id, one in rows
    ])  # fmt: skip


def _framed(schema: pl.Schema, rows: Sequence[tuple[Any, ...]]) -> pl.DataFrame:
    return pl.DataFrame(list(rows), schema=schema, orient="row") if rows else schema.to_frame()
