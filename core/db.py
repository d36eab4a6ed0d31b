"""Both engines, and the column types that keep promises on both."""

from __future__ import annotations

import enum
import sqlite3
import time
from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Annotated, Any, Final, cast
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.engine import Connection, Engine
from sqlalchemy.orm import DeclarativeBase, mapped_column
from sqlalchemy.sql import operators
from sqlalchemy.types import TypeDecorator

from core.crypto import Secret, ring
from core.measures import LARGEST_MILLI

NAMES = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}
WRITING = "tanggap_writing"
BUSY_S: Final = 30
"""So long a writer of SQLite waits for the others."""
_LOOKS_MS: Final = 5
"""So often it looks whether its turn has come: left to itself SQLite looks ten times a second after a while, and who
writes many short transactions one after the other is hardly ever met between two of them."""


class UtcDateTime(TypeDecorator[datetime]):
    """An instant: aware in Python, UTC in the table (SQLite drops zones even when told to keep them)."""

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: sa.Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise TypeError("an instant without a zone")
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: datetime | None, dialect: sa.Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Sealed(TypeDecorator[Secret]):
    """A NIK, No. KK or account number: encrypted in the table, a ``Secret`` in Python, never comparable.

    Look it up by the blind index beside it: ``ring().blind_index(number, context)``.
    """

    impl = sa.LargeBinary
    cache_ok = True

    def __init__(self, context: str) -> None:
        super().__init__()
        self.context = context

    def process_bind_param(self, value: str | None, dialect: sa.Dialect) -> bytes | None:
        if value is None:
            return None
        plain = value.reveal() if isinstance(value, Secret) else value
        return ring().seal(plain, self.context)

    def sealed_all(self, values: Sequence[str | None]) -> list[bytes | None]:
        """Encrypt a whole column of new rows, as the binding of one value does."""
        plains = [value.reveal() if isinstance(value, Secret) else value for value in values]
        return ring().seal_all(plains, self.context)

    def process_result_value(self, value: bytes | None, dialect: sa.Dialect) -> Secret | None:
        return None if value is None else Secret(ring().open(bytes(value), self.context))

    class comparator_factory(TypeDecorator.Comparator[Secret]):  # noqa: N801 (SQLAlchemy's own name)
        def operate(self, op: Any, *other: Any, **kwargs: Any) -> Any:
            if op in (operators.is_, operators.is_not):
                return super().operate(op, *other, **kwargs)
            raise TypeError("compare by the blind index, not by the sealed column")


class Base(DeclarativeBase):
    metadata = sa.MetaData(naming_convention=NAMES)
    type_annotation_map = {
        datetime: UtcDateTime(),
        date: sa.Date(),
        UUID: sa.Uuid(),
        int: sa.Integer(),
        str: sa.Text(),
        bytes: sa.LargeBinary(),
    }


Big = Annotated[int, mapped_column(sa.BigInteger)]
"""A whole number that may outgrow 32 bits."""


def state_column(states: type[enum.StrEnum], name: str = "state", **kwargs: Any) -> Any:
    """Make a column that holds the enum's values as text, with a CHECK that allows no other."""
    kind = sa.Enum(
        states, name=name, native_enum=False, create_constraint=True, length=32,
        values_callable=lambda members: [member.value for member in members], validate_strings=True,
    )  # fmt: skip
    return mapped_column(kind, **kwargs)


def whole(column: str, *, least: int = 0, most: int = LARGEST_MILLI, name: str | None = None) -> sa.CheckConstraint:
    """Make the CHECK that a number is whole and in range on both engines.

    SQLite stores 'abc' or 1.5 in an integer column without a word; neither survives the comparison with its cast.
    """
    return sa.CheckConstraint(
        f"{column} = CAST({column} AS BIGINT) AND {column} BETWEEN {least} AND {most}", name=name or column
    )


def append_only(table: sa.Table | sa.FromClause) -> None:
    """Let the database itself refuse to change or delete this table's rows."""
    assert isinstance(table, sa.Table)
    for dialect in ("sqlite", "postgresql"):
        for statement in append_only_ddl(table.name, dialect):
            event.listen(table, "after_create", _ddl(statement, dialect))


def frozen_but(table: sa.Table | sa.FromClause, *changing: str) -> None:
    """Let the database itself refuse to delete this table's rows, and to change what stands in them.

    Only the ``changing`` columns may be set again.
    """
    assert isinstance(table, sa.Table)
    frozen = tuple(column.name for column in table.columns if column.name not in changing)
    for dialect in ("sqlite", "postgresql"):
        for statement in frozen_ddl(table.name, frozen, dialect):
            event.listen(table, "after_create", _ddl(statement, dialect))


def frozen_ddl(table: str, frozen: Sequence[str], dialect: str) -> tuple[str, ...]:
    """Give the statements that keep the ``frozen`` columns of ``table`` as they are, and its rows from going."""
    named = ", ".join(frozen)
    if dialect == "sqlite":
        abort = f"BEGIN SELECT RAISE(ABORT, 'append-only: {table}'); END"
        return (
            f"CREATE TRIGGER {table}_no_update BEFORE UPDATE OF {named} ON {table} {abort}",
            f"CREATE TRIGGER {table}_no_delete BEFORE DELETE ON {table} {abort}",
        )
    return (
        append_only_ddl(table, dialect)[0],
        f"CREATE TRIGGER {table}_append_only BEFORE DELETE OR UPDATE OF {named} ON {table} "
        "FOR EACH ROW EXECUTE FUNCTION tanggap_append_only()",
    )


def kept_unpressed(table: sa.Table | sa.FromClause, *columns: str) -> None:
    """Let PostgreSQL keep these values as they are: to try to press 20 MB of digests takes it half a second."""
    assert isinstance(table, sa.Table)
    for column in columns:
        statement = f"ALTER TABLE {table.name} ALTER COLUMN {column} SET STORAGE EXTERNAL"
        event.listen(table, "after_create", _ddl(statement, "postgresql"))


KEPT_DAYS: Final = 1826
"""Five years of the access log; source: safety.md 4, retention defaults."""


def kept_for_years(table: sa.Table | sa.FromClause) -> None:
    """Let the database itself refuse to change this table's rows, and to delete those of the last five years."""
    assert isinstance(table, sa.Table)
    for dialect in ("sqlite", "postgresql"):
        for statement in kept_for_years_ddl(table.name, dialect):
            event.listen(table, "after_create", _ddl(statement, dialect))


def kept_for_years_ddl(table: str, dialect: str) -> tuple[str, ...]:
    """Give the statements of ``kept_for_years``; the table has an instant ``at``."""
    if dialect == "sqlite":
        abort = f"BEGIN SELECT RAISE(ABORT, 'append-only: {table}'); END"
        return (
            f"CREATE TRIGGER {table}_no_update BEFORE UPDATE ON {table} {abort}",
            f"CREATE TRIGGER {table}_no_delete BEFORE DELETE ON {table} "
            f"WHEN OLD.at > datetime('now', '-{KEPT_DAYS} days') {abort}",
        )
    return (
        "CREATE OR REPLACE FUNCTION tanggap_kept_for_years() RETURNS trigger LANGUAGE plpgsql AS "
        f"$$ BEGIN IF TG_OP = 'DELETE' AND OLD.at < now() - interval '{KEPT_DAYS} days' THEN RETURN OLD; END IF; "
        "RAISE EXCEPTION 'append-only: %', TG_TABLE_NAME; END $$",
        f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE ON {table} "
        "FOR EACH ROW EXECUTE FUNCTION tanggap_kept_for_years()",
    )


def _ddl(statement: str, dialect: str) -> Any:
    ddl: Any = sa.DDL
    return ddl(statement.replace("%", "%%")).execute_if(dialect=dialect)


def append_only_ddl(table: str, dialect: str) -> tuple[str, ...]:
    """Give the statements that make ``table`` append-only (used by the models and by migrations alike)."""
    if dialect == "sqlite":
        return tuple(
            f"CREATE TRIGGER {table}_no_{verb.lower()} BEFORE {verb} ON {table} "
            f"BEGIN SELECT RAISE(ABORT, 'append-only: {table}'); END"
            for verb in ("UPDATE", "DELETE")
        )
    return (
        "CREATE OR REPLACE FUNCTION tanggap_append_only() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION 'append-only: %', TG_TABLE_NAME; END $$",
        f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE ON {table} "
        "FOR EACH ROW EXECUTE FUNCTION tanggap_append_only()",
    )


def open_engine(url: str) -> Engine:
    """Open either engine so that writers queue instead of failing, and commits survive a power cut."""
    if url.startswith("sqlite"):
        engine = sa.create_engine(
            url, connect_args={"check_same_thread": False, "timeout": BUSY_S}, pool_size=16, max_overflow=16,
            hide_parameters=True,
        )  # fmt: skip
        event.listen(engine, "connect", _sqlite_connect)
        event.listen(engine, "begin", _sqlite_begin)
        return engine
    if url.startswith("postgresql://"):
        url = "postgresql+psycopg://" + url.removeprefix("postgresql://")
    # Without preserve_rowcount an INSERT … ON CONFLICT DO NOTHING says -1 rows here, and every guard by rowcount fails.
    engine = sa.create_engine(
        url, pool_pre_ping=True, pool_size=10, max_overflow=10, execution_options={"preserve_rowcount": True},
        hide_parameters=True,
    )  # fmt: skip
    event.listen(engine, "connect", _postgresql_connect)
    event.listen(engine, "handle_error", _quote_no_row)
    return engine


SERVER_LOG: Final = {
    "log_error_verbosity": "terse",
    "log_min_error_statement": "panic",
    "log_parameter_max_length": "0",
    "log_parameter_max_length_on_error": "0",
}
"""With these PostgreSQL's own log repeats neither the row that broke a rule nor the values of a statement."""


def _postgresql_connect(connection: Any, _record: object) -> None:
    """Let the server's log say less of this session, as far as our role may; asking for more would be logged itself."""
    may = (
        "has_parameter_privilege(name, 'SET')"
        if connection.info.server_version >= 150000
        else "(SELECT rolsuper FROM pg_roles WHERE rolname = current_user)"
    )
    connection.execute(
        "SELECT set_config(name, wanted, false) FROM unnest(%s::text[], %s::text[]) AS ours(name, wanted) "  # noqa: S608 (its other part is one of two texts of ours)
        f"JOIN pg_settings USING (name) WHERE context = 'user' OR {may}",
        (list(SERVER_LOG), list(SERVER_LOG.values())),
    )
    connection.commit()


def talkative_settings(connection: Connection) -> dict[str, str]:
    """Give the settings by which PostgreSQL's log may repeat a row, as they are for our sessions; none on SQLite."""
    if connection.dialect.name != "postgresql":
        return {}
    found = connection.execute(
        sa.text("SELECT name, setting FROM pg_settings WHERE name = ANY(:names)"), {"names": list(SERVER_LOG)}
    )
    return {name: value for name, value in sorted(map(tuple, found)) if value != SERVER_LOG[name]}


def _quote_no_row(context: sa.ExceptionContext) -> None:
    for error in (context.original_exception, context.sqlalchemy_exception):
        if error is not None:
            without_row(error)


def without_row(error: BaseException) -> None:
    """Leave of what PostgreSQL says of an error its first line: the others quote the row, and rows are people.

    Errors end in logs. What is wrong with a connection quotes nobody and stays whole.
    """
    said = getattr(error, "orig", None) or error
    if getattr(said, "sqlstate", None) and error.args and isinstance(error.args[0], str):
        error.args = (error.args[0].partition("\n")[0], *error.args[1:])


def _sqlite_connect(connection: Any, _record: object) -> None:
    connection.isolation_level = None  # we say BEGIN ourselves
    cursor = connection.cursor()
    for pragma in (
        "journal_mode=WAL",
        "synchronous=FULL",
        "foreign_keys=ON",
        f"busy_timeout={BUSY_S * 1000}",
        "temp_store=MEMORY",
        "cache_size=-32000",
    ):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _sqlite_begin(connection: Connection) -> None:
    # A plain BEGIN that later writes fails at once when another writer was faster: 114 of 180 did when tried.
    if not connection.get_execution_options().get(WRITING, False):
        connection.exec_driver_sql("BEGIN")
        return
    raw = cast(sqlite3.Connection, connection.connection.driver_connection)
    raw.execute(f"PRAGMA busy_timeout={_LOOKS_MS}")
    try:
        until = time.monotonic() + BUSY_S
        while not _is_begun(raw) and time.monotonic() < until:
            time.sleep(_LOOKS_MS / 1000)
        if not raw.in_transaction:
            # Says as any other statement what is the matter.
            connection.exec_driver_sql("BEGIN IMMEDIATE")
    finally:
        raw.execute(f"PRAGMA busy_timeout={BUSY_S * 1000}")


def _is_begun(raw: sqlite3.Connection) -> bool:
    try:
        raw.execute("BEGIN IMMEDIATE")
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY:
            raise
        return False
    return True
