"""The migrations alone make what the models say, on both engines."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from core.db import Base, open_engine
from routes.cli import alembic_config
from tests.support import tree
from tests.support.databases import Run, import_models


def test_there_is_one_head():
    assert len(ScriptDirectory(str(tree.ROOT / "migrations")).get_heads()) == 1


@pytest.fixture
def migrated(empty_database_url: str) -> Iterator[sa.Engine]:
    command.upgrade(alembic_config(empty_database_url), "head")
    engine = open_engine(empty_database_url)
    yield engine
    engine.dispose()


@pytest.fixture
def modelled(migrated: sa.Engine, run: Run, tmp_path: Path) -> Iterator[sa.Engine]:
    """A second database of the same engine, made by the models alone."""
    with run.empty(migrated.dialect.name, tmp_path) as url:
        engine = open_engine(url)
        import_models()
        Base.metadata.create_all(engine)
        yield engine
        engine.dispose()


def test_the_migrations_make_exactly_the_models(migrated: sa.Engine):
    import_models()
    with migrated.connect() as connection:
        context = MigrationContext.configure(
            connection,
            opts={"compare_type": True, "include_name": lambda name, kind, _: name != "alembic_version"},
        )
        assert compare_metadata(context, Base.metadata) == []


def test_the_migrations_make_the_same_checks_and_triggers_as_the_models(migrated: sa.Engine, modelled: sa.Engine):
    """What alembic's own comparison does not look at: CHECKs, triggers, partial indexes."""
    assert described(migrated) == described(modelled)


def described(engine: sa.Engine) -> dict[str, object]:
    inspector = sa.inspect(engine)
    tables = set(inspector.get_table_names()) - {"alembic_version"}
    checks = {
        (table, check["name"]): " ".join(check["sqltext"].split())
        for table in tables
        for check in inspector.get_check_constraints(table)
    }
    indexes = {
        (table, index["name"]): (tuple(index["column_names"]), index["unique"], _told(index.get("dialect_options")))
        for table in tables
        for index in inspector.get_indexes(table)
    }
    with engine.connect() as connection:
        if engine.dialect.name == "sqlite":
            triggers = set(connection.scalars(sa.text("SELECT name FROM sqlite_master WHERE type = 'trigger'")))
        else:
            triggers = set(connection.scalars(sa.text("SELECT tgname FROM pg_trigger WHERE NOT tgisinternal")))
    return {"tables": tables, "checks": checks, "indexes": indexes, "triggers": triggers}


def _told(options: Mapping[str, object] | None) -> str:
    """Write an index's own options; a WHERE comes as an object whose repr is its place in memory."""
    return str({name: str(value) for name, value in sorted((options or {}).items())})
