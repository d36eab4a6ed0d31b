"""What personal data each table holds, read from ``core/data_classes.toml``.

The file is the only list of its kind: export, erasure and their tests follow it, so that a table that stands in it is
neither forgotten in a copy nor left behind by an erasure.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final, Literal

import sqlalchemy as sa

from core.db import Base, Sealed

FILE: Final = Path(__file__).parents[1] / "data_classes.toml"
NUMBERS: Final = "numbers"
"""Rows whose sealed text is opened and searched, because no column says whose they are."""
Erase = Literal["clear", "pseudonym", "keep"]
_BY_ITSELF: Final = re.compile(r"(^|_)(id|at|by|by_name)$|^(regency_code|village_code|state)$")
"""Columns that need no entry: keys, instants, the office's own people, where and in which state."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TableClass:
    """What one table holds of persons."""

    name: str
    whose: str
    """household, staff or nobody."""
    purpose: str
    basis: str
    retention: str
    subject: tuple[str, ...]
    known_by: tuple[str, ...]
    general: Mapping[str, Erase]
    specific: Mapping[str, Erase]
    plain: frozenset[str]
    ages_by: str
    """The instant from which a retention in days counts: a column, or "column = other.column" of another table."""
    deletes_rows: bool

    @property
    def personal(self) -> Mapping[str, Erase]:
        return {**self.general, **self.specific}

    @property
    def is_of_households(self) -> bool:
        return self.whose == "household"

    @property
    def is_searched(self) -> bool:
        return NUMBERS in self.subject

    @property
    def paths(self) -> tuple[str, ...]:
        return tuple(one for one in self.subject if one != NUMBERS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Retention:
    words: str
    days: int | None


@cache
def _file() -> dict[str, Any]:
    return tomllib.loads(FILE.read_text(encoding="utf-8"))


@cache
def classes() -> Mapping[str, TableClass]:
    """Give every table that holds something of persons, by its name."""
    return {
        name: TableClass(
            name=name, whose=told.get("whose", "household"), purpose=told["purpose"], basis=told["basis"],
            retention=told["retention"], subject=tuple(told.get("subject", ())),
            known_by=tuple(told.get("known_by", ())), general=told.get("general", {}),
            specific=told.get("specific", {}), plain=frozenset(told.get("plain", ())),
            ages_by=told.get("ages_by", ""), deletes_rows=told.get("rows") == "delete",
        )
        for name, told in _file()["table"].items()
    }  # fmt: skip


def without_persons() -> frozenset[str]:
    """Give the tables that say nothing of a recipient."""
    return frozenset(_file()["without_persons"]["tables"])


@cache
def retentions() -> Mapping[str, Retention]:
    """Give how long what is kept, by the name that the tables use."""
    return {name: Retention(words=one["words"], days=one.get("days")) for name, one in _file()["retention"].items()}


def needs_entry(column: sa.Column[Any]) -> bool:
    """Tell whether a column must be named in the section of its table."""
    if isinstance(column.type, Sealed):
        return True
    return not (column.foreign_keys or isinstance(column.type, sa.Uuid) or _BY_ITSELF.search(column.name))


def table(name: str) -> sa.Table:
    """Give a table by its name."""
    return Base.metadata.tables[name]


def sealed_columns() -> tuple[sa.Column[Any], ...]:
    """Give every sealed column of every table: found from the models, so that none is forgotten."""
    return tuple(
        column
        for name in sorted(Base.metadata.tables)
        for column in Base.metadata.tables[name].columns
        if isinstance(column.type, Sealed)
    )
