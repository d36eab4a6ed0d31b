"""Rows of persons that each tell of their household too become one row of it: pure."""

from __future__ import annotations

from typing import Final

import polars as pl

from core.errors import Issue
from registry_link.households.frames import HOMES
from registry_link.households.states import Relation
from registry_link.importing.columns import Columns

_POSITION: Final = ("lon_deg", "lat_deg", "position_accuracy_m")
_OF_THE_PLACE: Final = ("rt", "rw", "hamlet", "address", *_POSITION)
"""What says something only within its village."""
_TEXTS: Final = ("head_name", "hamlet", "address")
"""Empty where they say nothing; the others are null."""
_FACTS: Final = {
    "village": ("village_code",), "head_name": ("head_name",), "rt": ("rt",), "rw": ("rw",), "hamlet": ("hamlet",),
    "address": ("address",), "size": ("size",), "decile": ("decile",), "lon": _POSITION, "kk": ("kk",),
}  # fmt: skip
"""By the field whose column tells them."""


def merged_homes(homes: pl.DataFrame, columns: Columns) -> tuple[pl.DataFrame, list[Issue]]:
    """Give each household once, with the first that its rows say of each fact, and a warning for each that differs.

    ``homes`` are as ``HOMES``, in the order of the file. A position counts as a whole, with its accuracy. What a row
    of another village than the first says of the place fills nothing.
    """
    if homes["external_id"].is_unique().all():
        return homes, []
    is_there = pl.col("village_code") == pl.col("village_code").first().over("external_id")
    told = homes.with_columns(pl.col(_TEXTS).replace("", None)).with_columns(
        pl.when(is_there).then(pl.col(name)).alias(name) for name in _OF_THE_PLACE
    )
    alone = [name for names in _FACTS.values() for name in names if name not in _POSITION]
    kept = told.group_by("external_id", maintain_order=True).agg(
        pl.col("file_row").first(),
        pl.col(alone).drop_nulls().first(),
        pl.col(_POSITION).filter(pl.col("lon_deg").is_not_null()).first(),
    )
    issues = _differing(told, kept, columns)
    return kept.with_columns(pl.col(_TEXTS).fill_null("")).select(HOMES.names()), issues


def differing_again(before: pl.DataFrame, again: pl.DataFrame, columns: Columns) -> list[Issue]:
    """Give a warning for each household that was read in an earlier piece and now says something else.

    ``before`` are the households of the piece before. What lies further back is not seen, nor what was empty there.
    """
    across = before.select(HOMES.names()).filter(pl.col("external_id").is_in(again["external_id"].to_list()))
    return merged_homes(across.vstack(again.select(HOMES.names())), columns)[1]


def two_heads(known: pl.DataFrame, people: pl.DataFrame, columns: Columns) -> list[Issue]:
    """Give a warning for each further head of a household, at its row; ``known`` holds ``people`` and who came before.

    Heads that stand more than a piece apart are not seen together.
    """
    heads = known.filter(pl.col("relation") == Relation.HEAD.value)
    if heads["external_id"].is_unique().all():
        return []
    firsts = heads.unique("external_id", keep="first").select("external_id", first="file_row")
    others = heads.join(firsts, on="external_id", maintain_order="left").filter(
        (pl.col("file_row") != pl.col("first")) & pl.col("file_row").is_in(people["file_row"].to_list())
    )
    return [
        Issue(code="registry.two_heads", row=row, column=columns.label("relation"), is_warning=True,
              facts={"first": first})
        for row, first in others.select("file_row", "first").rows()
    ]  # fmt: skip


def _differing(told: pl.DataFrame, kept: pl.DataFrame, columns: Columns) -> list[Issue]:
    both = told.join(kept, on="external_id", suffix="_kept", maintain_order="left")
    issues = []
    for field, names in _FACTS.items():
        odd = both.filter(
            pl.any_horizontal(
                pl.col(one).is_not_null() & pl.col(one).ne_missing(pl.col(f"{one}_kept")) for one in names
            )
        )
        if odd.is_empty():
            continue
        firsts = told.filter(pl.col(names[0]).is_not_null()).unique("external_id", keep="first").select(
            "external_id", first="file_row"
        )  # fmt: skip
        issues += [
            Issue(
                code="registry.household_differs", row=row, column=columns.label(field), is_warning=True,
                facts={"first": first},
            )
            for row, first in odd.select("file_row", "external_id").join(firsts, on="external_id")
            .select("file_row", "first").rows()
        ]  # fmt: skip
    return sorted(issues, key=lambda one: one.row)
