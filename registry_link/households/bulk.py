"""Very many rows into one table and out of it: COPY and arrays on PostgreSQL, prepared statements on SQLite."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import chain, islice
from typing import Any, Final, TypeVar, cast

import polars as pl
import psycopg
import sqlalchemy as sa
from psycopg import sql

from core.db import Base, Sealed, UtcDateTime, without_row
from core.work import Tx

MOST_NAMED: Final = 800
"""Values that one statement asks for by name; builds of SQLite before 3.32 allow 999."""
T = TypeVar("T")


def chunked(values: Iterable[T], at_once: int = MOST_NAMED) -> Iterator[list[T]]:
    """Give as many values at a time as one statement may name."""
    ready = iter(values)
    while some := list(islice(ready, at_once)):
        yield some


def one_of(tx: Tx, column: Any, values: Sequence[object]) -> sa.ColumnElement[bool]:
    """Ask for the rows of values that ``chunked`` gives.

    Of hundreds of values PostgreSQL reads one array sooner than as many parameters.
    """
    if tx.session.get_bind().dialect.name == "postgresql":
        return cast(sa.ColumnElement[bool], column == sa.any_(sa.literal(values, sa.ARRAY(column.type))))
    return cast(sa.ColumnElement[bool], column.in_(values))


def put_rows(tx: Tx, model: type[Base], columns: Sequence[str], rows: Iterable[Sequence[object]]) -> int:
    """Insert rows given as values in the order of ``columns``; gives how many.

    Column types do their work (sealing, enums), defaults and the ORM do not.
    """
    table = cast(sa.Table, model.__table__)
    connection = tx.session.connection()
    values = list(zip(*rows, strict=True))
    if not values:
        return 0
    # Column by column: half the time of row by row.
    ready = [_made(table.c[name], connection.dialect, column) for name, column in zip(columns, values, strict=True)]
    if connection.dialect.name == "postgresql":
        names = sql.SQL(", ").join(sql.Identifier(name) for name in columns)
        statement = sql.SQL("COPY {} ({}) FROM STDIN").format(sql.Identifier(table.name), names)
        with _copying(connection, statement) as copy:
            for row in zip(*ready, strict=True):
                copy.write_row(row)
    else:
        _put_columns(connection, table, columns, ready)
    return len(values[0])


def columns_of(tx: Tx, query: sa.Select[*tuple[Any, ...]], at_once: int = 50_000) -> Iterator[tuple[Any, ...]]:
    """Read very many rows some thousands at a time, column by column; on SQLite with values as they stand there."""
    connection = tx.session.connection()
    if connection.dialect.name == "sqlite":
        # Its cursor reads as it goes; SQLAlchemy's own rows take longer to make than the reading.
        cursor = connection.execute(query).cursor
        batches: Iterable[Sequence[Any]] = iter(lambda: cursor.fetchmany(at_once), [])
    else:
        batches = connection.execute(query.execution_options(yield_per=at_once)).partitions()
    for rows in batches:
        yield tuple(zip(*rows, strict=True))


def put_frame(tx: Tx, model: type[Base], frame: pl.DataFrame) -> None:
    """Insert columns whose values are as the table keeps them: ids as 32 digits, days as texts, numbers sealed."""
    if not len(frame):
        return
    table, connection = cast(sa.Table, model.__table__), tx.session.connection()
    if connection.dialect.name == "sqlite":
        _put_columns(connection, table, frame.columns, [one.to_list() for one in frame.get_columns()])
        return
    binary = [pl.concat_str(pl.lit("\\x"), pl.col(name).bin.encode("hex")).alias(name)
              for name, kind in frame.schema.items() if kind == pl.Binary]  # fmt: skip
    # Texts in quotation marks, so that nothing but a missing value is the sign for one.
    text = frame.with_columns(binary).write_csv(include_header=False, quote_style="non_numeric", null_value="\\N")
    names = sql.SQL(", ").join(sql.Identifier(name) for name in frame.columns)
    statement = sql.SQL("COPY {} ({}) FROM STDIN WITH (FORMAT csv, NULL '\\N')").format(
        sql.Identifier(table.name), names
    )
    with _copying(connection, statement) as copy:
        copy.write(text.encode())


@contextmanager
def _copying(connection: sa.Connection, statement: sql.Composed) -> Iterator[Any]:
    driver: Any = connection.connection.driver_connection
    try:
        with driver.cursor() as cursor, cursor.copy(statement) as copy:
            yield copy
    except psycopg.Error as error:
        without_row(error)
        raise


def _put_columns(
    connection: sa.Connection, table: sa.Table, names: Sequence[str], columns: Sequence[Sequence[object]]
) -> None:
    """Insert many rows by each statement: SQLite begins every one anew, its constraints' lists of values too."""
    quoted = ", ".join(f'"{name}"' for name in names)
    places = f"({', '.join('?' * len(names))})"
    insert = f'INSERT INTO "{table.name}" ({quoted}) VALUES '  # noqa: S608 (names of our own table)
    at_once, count = _MOST_PLACES // len(names), len(columns[0])
    groups = [
        tuple(chain.from_iterable(zip(*(column[at : at + at_once] for column in columns), strict=True)))
        for at in range(0, count, at_once)
    ]
    last = groups.pop() if count % at_once else ()
    if groups:
        connection.exec_driver_sql(insert + ", ".join([places] * at_once), cast(Any, groups))
    if last:
        connection.exec_driver_sql(insert + ", ".join([places] * (count % at_once)), cast(Any, last))


_MOST_PLACES: Final = 900
"""Values in one statement; builds of SQLite before 3.32 allow 999."""


def _made(column: sa.Column[Any], dialect: sa.Dialect, values: Sequence[Any]) -> Sequence[object]:
    if isinstance(column.type, Sealed):
        return column.type.sealed_all(values)
    if isinstance(column.type, sa.LargeBinary):
        return values
    make = column.type.dialect_impl(dialect).bind_processor(dialect)
    if make is None:
        return values
    if isinstance(column.type, _FEW):
        made = {value: None if value is None else make(value) for value in set(values)}
        return [made[value] for value in values]
    return [None if value is None else make(value) for value in values]


_FEW = (sa.Enum, sa.Boolean, sa.Date, UtcDateTime)
"""Types of which a column holds few values, many times."""
