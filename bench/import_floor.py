"""What writing alone costs of a registry's first import: the rows that it wrote, copied by the database itself.

No Python makes, seals or hands over a row here: the database reads the finished tables in the order in which they were
written and puts them into empty ones with the same keys, indexes, checks and references, by the same short
transactions. Whatever else an import does comes on top: this is what no way of importing into these tables stays below
on the machine at hand, one writer at a time. On SQLite, where a program hands over every value, the same is measured
with values that Python has ready: by the statements of an import, but for their making, as nobody can leave out.

    python -m bench.import_floor --households 1000000 --engine sqlite
"""

from __future__ import annotations

import argparse
import sqlite3
import sys
import tempfile
import time
from contextlib import closing
from datetime import date
from functools import partial
from pathlib import Path
from typing import Final

import sqlalchemy as sa

from bench.import_registry import (
    HOUSEHOLDS,
    MEMBERS,
    NOW,
    apart,
    household_lines,
    imported,
    member_lines,
    settle,
    written,
)
from bench.writers import database
from core.clock import FixedClock
from core.crypto import use_ring
from core.db import Base, open_engine
from core.work import Work
from registry_link.households.bulk import _put_columns
from tests.registry_link.people import with_regions
from tests.support.databases import Run
from tests.support.postgres import OFFICE_SETTINGS

TABLES: Final = ("household", "registry_link", "member", "known_number", "search_text", "search_posting")
FIRST: Final = ("region", "snapshot")
AT_ONCE: Final = 20_000


def copied_sqlite(url: str, other: str) -> dict[str, float]:
    """Copy every table into another database's empty one; gives seconds by table."""
    found: dict[str, float] = {}
    engine = open_engine(other)
    with engine.connect() as connection:
        cursor = connection.connection.driver_connection
        assert cursor is not None
        cursor.execute("ATTACH ? AS source", (str(sa.make_url(url).database),))
        cursor.execute("PRAGMA main.cache_size=-128000")
        for table in (*FIRST, *TABLES):
            columns = ", ".join(f'"{row[1]}"' for row in cursor.execute(f"PRAGMA source.table_info({table})"))
            has_rows = cursor.execute(
                "SELECT sql NOT LIKE '%WITHOUT ROWID%' FROM source.sqlite_master WHERE name = ?", (table,)
            ).fetchone()[0]
            last = cursor.execute(f"SELECT MAX(rowid) FROM source.{table}").fetchone()[0] if has_rows else 0
            copy = f"INSERT INTO main.{table} ({columns}) SELECT {columns} FROM source.{table}"
            began = time.perf_counter()
            if table in FIRST or not has_rows:
                cursor.execute(copy)
                cursor.commit()
            else:
                for at in range(0, last, AT_ONCE):
                    cursor.execute(f"{copy} WHERE rowid > ? AND rowid <= ?", (at, at + AT_ONCE))
                    cursor.commit()
            if table in TABLES:
                found[table] = time.perf_counter() - began
    engine.dispose()
    return found


def handed_over_sqlite(url: str, other: str) -> dict[str, float]:
    """Put every row into another database's empty tables as ``put_frame`` does; gives seconds by table.

    What reading the rows takes is not among them.
    """
    found = dict.fromkeys(TABLES, 0.0)
    engine = open_engine(other)
    with engine.connect() as connection, closing(sqlite3.connect(str(sa.make_url(url).database))) as source:
        for name in (*FIRST, *TABLES):
            rows = source.execute(f"SELECT * FROM {name}")
            columns = [one[0] for one in rows.description]
            while some := rows.fetchmany(AT_ONCE):
                values = list(zip(*some, strict=True))
                began = time.perf_counter()
                _put_columns(connection, Base.metadata.tables[name], columns, values)
                connection.commit()
                if name in found:
                    found[name] += time.perf_counter() - began
    engine.dispose()
    return found


def copied_postgresql(url: str) -> dict[str, float]:
    """Copy every table into an empty one beside it; gives seconds by table."""
    found: dict[str, float] = {}
    engine = sa.create_engine(url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        for table in TABLES:
            connection.exec_driver_sql(f"CREATE TABLE floor_{table} (LIKE {table} INCLUDING ALL)")
            keys = connection.execute(sa.text(
                "SELECT pg_get_constraintdef(oid) FROM pg_constraint "
                "WHERE contype = 'f' AND conrelid = CAST(:name AS regclass)"
            ), {"name": table}).scalars().all()  # fmt: skip
            for key in keys:
                connection.exec_driver_sql(f"ALTER TABLE floor_{table} ADD {key}")
            pages = connection.exec_driver_sql(f"SELECT pg_relation_size('{table}') / 8192").scalar_one()
            rows = connection.exec_driver_sql(f"SELECT COUNT(*) FROM {table}").scalar_one()
            step = max(1, AT_ONCE * pages // max(rows, 1))
            began = time.perf_counter()
            for at in range(0, pages, step):
                connection.exec_driver_sql(
                    f"INSERT INTO floor_{table} SELECT * FROM {table} "
                    f"WHERE ctid >= '({at},0)'::tid AND ctid < '({at + step},0)'::tid"
                )
            found[table] = time.perf_counter() - began
            copied = connection.exec_driver_sql(f"SELECT COUNT(*) FROM floor_{table}").scalar_one()
            assert copied == rows, (table, copied, rows)
    engine.dispose()
    return found


def told(seconds: dict[str, float]) -> str:
    parts = ", ".join(f"{table} {one:.1f}" for table, one in seconds.items())
    return f"{sum(seconds.values()):.1f} s: {parts}"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--households", type=int, default=1_000_000)
    parser.add_argument("--engine", choices=("sqlite", "postgresql"), action="append")
    asked = parser.parse_args()
    run = Run.begin(OFFICE_SETTINGS)
    use_ring(run.keys())
    try:
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            files = (
                written(folder / "keluarga.csv", HOUSEHOLDS, household_lines(asked.households, is_next=False)),
                written(folder / "anggota.csv", MEMBERS, member_lines(asked.households)),
            )
            for kind in asked.engine or ("sqlite", "postgresql"):
                with database(run, kind) as url, database(run, kind) as other:
                    prepared = with_regions(Work(open_engine(url), FixedClock(NOW)))
                    prepared.engine.dispose()
                    done = apart(partial(imported, url, files, date(2026, 1, 1), NOW))
                    print(f"{kind}: imported in {done['seconds']:.1f} s, {done['told']['apply']:.1f} s of it applying")
                    settle(url)
                    seconds = copied_sqlite(url, other) if kind == "sqlite" else copied_postgresql(url)
                    print(f"{kind}: the same rows written by the database alone in {told(seconds)}", flush=True)
                    if kind == "sqlite":
                        with database(run, kind) as third:
                            settle(third)
                            seconds = handed_over_sqlite(url, third)
                            print(f"{kind}: handed over by Python, which had them ready, in {told(seconds)}")
    finally:
        run.end()
    return 0


if __name__ == "__main__":
    sys.exit(main())
