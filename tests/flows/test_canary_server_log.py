"""The canary of the database server: its own log repeats neither the row that breaks a rule nor a value."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest
import sqlalchemy as sa
from psycopg import sql

from core.db import SERVER_LOG, open_engine, talkative_settings
from core.settings import Settings
from core.work import Work
from routes.checks import what_the_server_logs
from routes.context import Runtime
from tests.support.databases import Run

pytestmark = pytest.mark.engines("postgresql")
NIK, NAME = "9901010101200001", "Budi Uji"
TALKS = {
    "log_error_verbosity": "default", "log_min_error_statement": "error", "log_parameter_max_length": "-1",
    "log_parameter_max_length_on_error": "-1",
}  # fmt: skip
"""PostgreSQL's own settings, and the last one as an administrator may set it who looks for a mistake."""
INSERT = "INSERT INTO uji VALUES ({}, {})"


@pytest.fixture
def server(database_url: str) -> Iterator[psycopg.Connection]:
    """The administrator's own session, beside ours."""
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute("CREATE TABLE uji (nik TEXT CONSTRAINT ck_uji_canary CHECK (nik = ''), nama TEXT)")
        yield connection


def let_talk(server: psycopg.Connection) -> None:
    """Let the server say all it can of whoever connects to this database from now on."""
    name = sql.Identifier(server.info.dbname)
    for setting, value in TALKS.items():
        server.execute(sql.SQL("ALTER DATABASE {} SET {} = {}").format(name, sql.Identifier(setting), value))


def break_rule(url: str) -> None:
    """Send a row that breaks a rule, as the product sends rows."""
    engine = open_engine(url)
    with pytest.raises(sa.exc.IntegrityError), engine.begin() as connection:
        connection.execute(sa.text(INSERT.format(":nik", ":nama")), {"nik": NIK, "nama": NAME})
    engine.dispose()


def said_since(run: Run, at: int) -> str:
    said = run.postgres.log.read_bytes()[at:].decode()
    assert "ck_uji_canary" in said, "the log was heard"
    return said


def test_the_servers_own_settings_repeat_no_row(server: psycopg.Connection, run: Run):
    at = run.postgres.log.stat().st_size
    with pytest.raises(psycopg.errors.CheckViolation):
        server.execute(INSERT.format("%s", "%s"), (NIK, NAME))
    with pytest.raises(psycopg.errors.CheckViolation):
        server.execute(sql.SQL(INSERT).format(NIK, NAME))
    said = said_since(run, at)
    assert NIK not in said and NAME not in said


def test_our_sessions_repeat_no_row_on_a_server_that_would(server: psycopg.Connection, database_url: str, run: Run):
    let_talk(server)
    at = run.postgres.log.stat().st_size
    with psycopg.connect(database_url) as theirs, pytest.raises(psycopg.errors.CheckViolation):
        theirs.execute(INSERT.format("%s", "%s"), (NIK, NAME))
    said = said_since(run, at)
    assert NIK in said and NAME in said and "Failing row" in said, "another session shows what there is to hide"
    at = run.postgres.log.stat().st_size
    break_rule(database_url)
    said = said_since(run, at)
    assert NIK not in said and NAME not in said


def test_a_role_that_may_not_say_so_is_told_by_the_check(
    server: psycopg.Connection, database_url: str, settings: Settings, work: Work, run: Run, tmp_path: Path
):
    let_talk(server)
    role = sql.Identifier(name := f"canary_{uuid4().hex}")
    server.execute(sql.SQL("CREATE ROLE {} LOGIN").format(role))
    try:
        server.execute(sql.SQL("GRANT INSERT ON uji TO {}").format(role))
        url = database_url.replace("postgres@", f"{name}@")
        at = run.postgres.log.stat().st_size
        engine = open_engine(url)
        with engine.connect() as connection:
            found = talkative_settings(connection)
        assert found == {one: TALKS[one] for one in TALKS if one != "log_parameter_max_length_on_error"}
        assert "permission denied" not in run.postgres.log.read_bytes()[at:].decode()
        told = what_the_server_logs(Runtime(settings, Work(engine, work.clock), None))  # type: ignore[arg-type]
        assert told[0] == "PostgreSQL: log_error_verbosity = default (→ terse)" and len(told) == 3
        engine.dispose()
        for setting, value in SERVER_LOG.items():
            server.execute(sql.SQL("ALTER ROLE {} SET {} = {}").format(role, sql.Identifier(setting), value))
        at = run.postgres.log.stat().st_size
        break_rule(url)
        assert NIK not in said_since(run, at)
        engine = open_engine(url)
        assert what_the_server_logs(Runtime(settings, Work(engine, work.clock), None)) == []  # type: ignore[arg-type]
        engine.dispose()
    finally:
        server.execute(sql.SQL("DROP OWNED BY {}").format(role))
        server.execute(sql.SQL("DROP ROLE {}").format(role))
