"""The rows of one household in every table, as ``core/data_classes.toml`` says they are found: copied, or erased."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from core.crypto import Secret, ring
from core.db import Sealed
from core.privacy.classes import TableClass, classes, needs_entry, table
from core.privacy.numbers import numbers_in

NOBODY: Final = "(dihapus)"
"""Stands where a name stood."""
ERASED: Final = "erased:"
"""Begins what stands where a key of somebody's stood."""
_AT_ONCE: Final = 800
_PAPERS: Final = "document_person"
_LINE_KEYS: Final = ("no", "key", "number")
"""By which the persons of a list are joined to the lines of its facts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """What one table holds of a household."""

    table: str
    purpose: str
    basis: str
    retention: str
    rows: tuple[Mapping[str, object], ...]


@dataclass(frozen=True, slots=True)
class _Paper:
    """What a paper about several says of persons, and how the household's lines are known in it."""

    document_id: UUID
    view: Any
    names: tuple[str, ...]
    numbers: frozenset[str]
    """Of its lines in the facts, where the persons are told by nothing else."""

    def is_own(self, line: object) -> bool:
        if not isinstance(line, dict):
            return False
        is_named = any(one in self.names for one in line.values() if isinstance(one, str))
        return is_named or any(str(line[key]) in self.numbers for key in _LINE_KEYS if key in line)

    def own(self, told: Any) -> list[Any]:
        """Give the lines of the household."""
        several = told if isinstance(told, list) else list(told.values()) if isinstance(told, dict) else []
        return [part for one in several for part in ([one] if self.is_own(one) else self.own(one))]

    def without(self, told: Any) -> Any:
        """Give the same without the lines of the household."""
        if isinstance(told, list):
            return [self.without(one) for one in told if not self.is_own(one)]
        return {key: self.without(one) for key, one in told.items()} if isinstance(told, dict) else told


class Subject:
    """One household, with those that were merged into it, as the tables know it.

    What leads to its rows is read once, at the first question, so that rows may go in any order afterwards.
    """

    def __init__(self, session: Session, ids: Sequence[UUID]) -> None:
        self._session = session
        self._values: dict[tuple[str, str], list[Any]] = {("household", "id"): list(ids)}
        self.rows: Mapping[str, sa.ColumnElement[bool]] = {
            name: self._where(told) for name, told in classes().items() if told.is_of_households
        }
        """The condition of its rows in each table; rows that only opening shows to be its are not among them."""
        self.names = self._names()
        """What papers call it: its codes, those of its packages."""

    def count(self, name: str) -> int:
        """Tell how many rows of a table are its."""
        query = sa.select(sa.func.count()).select_from(table(name)).where(self.rows[name])
        return self._session.scalar(query) or 0

    def papers(self) -> tuple[_Paper, ...]:
        """Give the persons' parts of papers about several households, where they or their facts name this one."""
        persons, facts = table(_PAPERS), table("document")
        found: dict[UUID, _Paper] = {}
        for name in self.names:
            query = (
                sa.select(persons.c.document_id, persons.c.view, facts.c.view.label("facts"))
                .join(facts, facts.c.id == persons.c.document_id)
                .where(sa.or_(persons.c.view.contains(f'"{name}"'), facts.c.view.contains(f'"{name}"')))
            )
            for row in self._session.execute(query):
                lines = _parts_of(json.loads(row.facts), self.names)
                numbers = {str(one[key]) for one in lines for key in _LINE_KEYS if key in one}
                found[row.document_id] = _Paper(row.document_id, json.loads(row.view), self.names, frozenset(numbers))
        return tuple(found.values())

    def _where(self, told: TableClass) -> sa.ColumnElement[bool]:
        here = table(told.name)
        conditions: list[sa.ColumnElement[bool]] = []
        for path in told.paths:
            first, *narrowing = (part.strip() for part in path.split(";"))
            left, _, right = (part.strip() for part in first.partition("="))
            other, _, column = right.partition(".")
            values = self._of(other, column) if right else self._of("household", "id")
            found: sa.ColumnElement[bool] = sa.or_(
                sa.false(), *(here.c[left].in_(values[at : at + _AT_ONCE]) for at in range(0, len(values), _AT_ONCE))
            )
            for one in narrowing:
                name, _, word = (part.strip() for part in one.partition("="))
                found = sa.and_(found, here.c[name] == word)
            conditions.append(found)
        return sa.or_(sa.false(), *conditions)

    def _of(self, name: str, column: str) -> list[Any]:
        """Read a column of the household's rows in a table that others lead to it by."""
        if (name, column) not in self._values:
            query = sa.select(table(name).c[column]).where(self._where(classes()[name])).distinct()
            self._values[name, column] = [one for one in self._session.scalars(query) if one is not None]
        return self._values[name, column]

    def _names(self) -> tuple[str, ...]:
        found: set[str] = set()
        for name, told in classes().items():
            for column in told.known_by:
                query = sa.select(table(name).c[column]).where(self.rows[name])
                found.update(str(one) for one in self._session.scalars(query) if one)
        return tuple(sorted(found))


# ---------------------------------------------------------------- a copy


def copy_of(subject: Subject, session: Session) -> tuple[Held, ...]:
    """Give everything that is held of a household, table by table, its numbers open; the caller logs the look.

    Keys, hashes and the office's own people are left out: they say nothing of the household.
    """
    found: list[Held] = []
    for name, condition in subject.rows.items():
        told = classes()[name]
        columns = [one for one in table(name).columns if _is_told(one)]
        keys = list(table(name).primary_key.columns)
        rows = session.execute(sa.select(*columns).where(condition).order_by(*keys)) if columns else ()
        copied = tuple({one.name: _plain(value) for one, value in zip(columns, row, strict=True)} for row in rows)
        if name == _PAPERS:
            copied = (*copied, *({"view": part} for paper in subject.papers() for part in paper.own(paper.view)))
        if copied:
            found.append(Held(
                table=name, purpose=told.purpose, basis=told.basis, retention=told.retention, rows=copied,
            ))  # fmt: skip
    return tuple(found)


def _is_told(column: sa.Column[Any]) -> bool:
    if isinstance(column.type, Sealed):
        return True
    if isinstance(column.type, sa.LargeBinary | sa.Uuid) or column.foreign_keys:
        return column.name == "village_code"
    is_staff = column.name.endswith(("_by", "_by_name", "actor_id"))
    is_key = column.name.endswith(("sha256", "hash", "_key", "regency_code"))
    return not is_staff and not is_key and (needs_entry(column) or column.name.endswith(("_at", "code", "state")))


def _plain(value: object) -> object:
    if isinstance(value, Secret):
        return value.reveal()
    if isinstance(value, datetime | date):
        return value.isoformat()
    return str(value) if value is not None and not isinstance(value, bool | int | float | str) else value


def _parts_of(told: object, names: Sequence[str]) -> list[dict[str, Any]]:
    """Give the smallest parts of a paper that name the household."""
    if isinstance(told, list):
        return [part for one in told for part in _parts_of(one, names)]
    if isinstance(told, dict):
        inner = [part for one in told.values() for part in _parts_of(one, names)]
        return inner or ([told] if any(one in names for one in told.values() if isinstance(one, str)) else [])
    return []


# ---------------------------------------------------------------- erasure


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What an erasure does to the rows that are found without opening any."""

    deletes: int
    clears: int
    keeps: int


def plan_of(subject: Subject) -> Plan:
    """Count what an erasure would delete, empty, and leave."""
    counts = {"delete": 0, "clear": 0, "keep": 0}
    for name in subject.rows:
        counts[_fate(classes()[name])] += subject.count(name)
    return Plan(deletes=counts["delete"], clears=counts["clear"], keeps=counts["keep"])


def erase(subject: Subject, session: Session) -> int:
    """Take out of every table what it holds of a household; gives the number of rows that were deleted or emptied.

    Books keep their amounts, papers their numbers and hashes. The caller has checked that it may be.
    """
    papers = subject.papers()
    done = 0
    for name, condition in subject.rows.items():
        told, here = classes()[name], table(name)
        fate = _fate(told)
        if fate == "keep":
            continue
        statement: Any = sa.delete(here) if fate == "delete" else sa.update(here).values(_emptied(told, here))
        done += session.connection().execute(statement.where(condition)).rowcount
    persons = table(_PAPERS)
    for paper in papers:
        left = json.dumps(paper.without(paper.view), ensure_ascii=False, separators=(",", ":"))
        change = sa.update(persons).where(persons.c.document_id == paper.document_id).values(view=left)
        done += session.connection().execute(change).rowcount
    session.expire_all()
    return done


def clear_rows(session: Session, name: str, keys: Sequence[tuple[Any, ...]]) -> int:
    """Erase single rows of a table, named by their primary keys; gives how many there were."""
    told, here = classes()[name], table(name)
    statement: Any = sa.delete(here) if _fate(told) == "delete" else sa.update(here).values(_emptied(told, here))
    done = 0
    for key in keys:
        mine = [column == value for column, value in zip(here.primary_key.columns, key, strict=True)]
        done += session.connection().execute(statement.where(*mine)).rowcount
    return done


def _fate(told: TableClass) -> str:
    if told.deletes_rows:
        return "delete"
    return "clear" if any(how != "keep" for how in told.personal.values()) else "keep"


def _emptied(told: TableClass, here: sa.Table) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for name, how in told.personal.items():
        column = here.c[name]
        if how == "pseudonym":
            key = list(here.primary_key.columns)[-1]
            values[name] = NOBODY if name.endswith("name") else sa.literal(ERASED).concat(sa.cast(key, sa.Text))
        elif how == "clear":
            values[name] = None if column.nullable else _nothing(column)
    return values


def _nothing(column: sa.Column[Any]) -> object:
    if isinstance(column.type, Sealed):
        return Secret("[]")  # sealed texts are JSON lists of cells
    if isinstance(column.type, sa.LargeBinary):
        return b""
    if isinstance(column.type, sa.Boolean):
        return False
    return 0 if isinstance(column.type, sa.Integer | sa.Double) else ""


# ---------------------------------------------------------------- rows that must be opened


def mentions(text: Secret, indexes: frozenset[bytes], contexts: Sequence[str]) -> bool:
    """Tell whether a sealed text holds one of the numbers, by the keyed hash of every run of sixteen digits in it."""
    return any(
        ring().blind_index(number, context) in indexes for number in numbers_in(text.reveal()) for context in contexts
    )


__all__ = ["ERASED", "NOBODY", "Held", "Plan", "Subject", "clear_rows", "copy_of", "erase", "mentions", "plan_of"]
