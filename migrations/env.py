"""Alembic's way in: every model, one transaction, both engines."""

from __future__ import annotations

import importlib
import pkgutil
from typing import Literal

from alembic import context
from sqlalchemy import event

import core
import logistics
import registry_link
import stock
from core.db import WRITING, Base, Sealed, UtcDateTime, open_engine
from core.settings import Settings


def load_models() -> None:
    """Import every module that defines tables (models, and the few tables of core that stand beside their rules)."""
    for package in (core, registry_link, stock, logistics):
        for info in pkgutil.walk_packages(package.__path__, package.__name__ + "."):
            if info.name.endswith(".models") or info.name in (
                "core.audit", "core.jobs", "core.idempotency", "core.numbering",
            ):  # fmt: skip
                importlib.import_module(info.name)


def render_item(kind: str, item: object, _context: object) -> str | Literal[False]:
    """Write our column types as what they are in the table, so that a migration never needs our code."""
    if kind == "type" and isinstance(item, UtcDateTime):
        return "sa.DateTime(timezone=True)"
    if kind == "type" and isinstance(item, Sealed):
        return "sa.LargeBinary()"
    return False


load_models()
url = context.config.attributes.get("url") or Settings.from_env().database_url
given = context.config.attributes.get("connection")


def run(connection: object) -> None:
    context.configure(
        connection=connection,  # type: ignore[arg-type]
        target_metadata=Base.metadata,
        render_as_batch=True,
        compare_type=True,
        render_item=render_item,
        transaction_per_migration=True,
    )
    with context.begin_transaction():
        context.run_migrations()


if given is not None:
    run(given)
else:
    engine = open_engine(url)
    if engine.dialect.name == "sqlite":
        # Tables are rebuilt to change them: dropping the old one must not carry its children away.
        event.listen(engine, "connect", lambda raw, _record: raw.execute("PRAGMA foreign_keys=OFF"))
    with engine.execution_options(**{WRITING: True}).connect() as connection:
        run(connection)
        if engine.dialect.name == "sqlite" and connection.exec_driver_sql("PRAGMA foreign_key_check").first():
            raise RuntimeError("After the migration a row names another that does not exist; nothing else was changed.")
    engine.dispose()
