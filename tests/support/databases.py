"""The databases of a run: a template of each engine made once, a copy of it for every test."""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import pkgutil
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any
from uuid import uuid4

import fasteners
from sqlalchemy import Table, event
from sqlalchemy.engine import Dialect, Engine
from sqlalchemy.util import LRUCache

from core.crypto import Keyring
from core.db import Base, open_engine
from tests.support.postgres import SETTINGS, Postgres

ROOT = Path(__file__).resolve().parent.parent.parent
PACKAGES = ("core", "registry_link", "stock", "logistics")
Fill = Callable[[Engine, "Run"], None]
PREFIX = "tanggap-tests-"


class Run:
    """What all processes of one pytest run share: a folder with the templates and the PostgreSQL server."""

    def __init__(self, folder: Path, settings: Mapping[str, str] = SETTINGS) -> None:
        self.folder = folder
        self.postgres = Postgres(folder / "pg", settings)
        self.keys_dir = folder / "keys"

    @classmethod
    def begin(cls, settings: Mapping[str, str] = SETTINGS) -> Run:
        """Make the folder of a new run, and clear away what a killed run left. ``settings``: PostgreSQL's."""
        for left in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
            with contextlib.suppress(OSError, ValueError):
                if not _is_alive(json.loads((left / "owner").read_text())):
                    cls(left).end()
        folder = Path(tempfile.mkdtemp(prefix=PREFIX))
        folder.chmod(0o755)  # the server's user must reach its own folder in it
        (folder / "owner").write_text(json.dumps(os.getpid()))
        return cls(folder, settings)

    def end(self) -> None:
        with contextlib.suppress(Exception):
            self.postgres.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def keys(self) -> Keyring:
        """Give the run's keys: a template that one process filled must open in the others."""
        with fasteners.InterProcessLock(self.folder / "keys.lock"):
            return Keyring.load_or_make(self.keys_dir)

    @contextlib.contextmanager
    def database(self, kind: str, folder: Path, fill: Fill | None = None) -> Iterator[str]:
        """Give the address of a fresh migrated database of one engine; a SQLite file lies in ``folder``.

        ``fill`` puts something into the template, once in the run for each engine; it must be a module's own function.
        """
        template = "empty" if fill is None else fill.__name__
        give = self._sqlite if kind == "sqlite" else self._postgresql
        with give(template, folder, fill) as url:
            yield url

    @contextlib.contextmanager
    def _sqlite(self, template: str, folder: Path, fill: Fill | None) -> Iterator[str]:
        made = self.folder / f"{template}.db"
        with self._lock():
            if not made.exists():
                making = self.folder / "making.db"
                making.unlink(missing_ok=True)  # left by a try that failed
                self._make(f"sqlite:///{making}", fill)
                making.rename(made)
        path = folder / f"{uuid4().hex}.db"
        shutil.copyfile(made, path)
        yield f"sqlite:///{path}"

    @contextlib.contextmanager
    def _postgresql(self, template: str, folder: Path, fill: Fill | None) -> Iterator[str]:
        made = self.folder / f"{template}.postgresql"
        with self._lock():
            if not self.postgres.is_running:
                self.postgres.start()
            if not made.exists():
                self.postgres.drop(f"template_{template}")  # left by a try that failed
                self.postgres.create(f"template_{template}")
                self._make(self.postgres.url(f"template_{template}"), fill)
                made.touch()
        name = f"t_{uuid4().hex}"
        self.postgres.create(name, f"template_{template}")
        try:
            yield self.postgres.url(name)
        finally:
            self.postgres.drop(name)

    def _make(self, url: str, fill: Fill | None) -> None:
        make_schema(url)
        if fill is not None:
            engine = open_for_test(url)
            fill(engine, self)
            engine.dispose()

    @contextlib.contextmanager
    def empty(self, kind: str, folder: Path) -> Iterator[str]:
        """Give the address of a database without any table (for the migrations' own tests)."""
        if kind == "sqlite":
            yield f"sqlite:///{folder / uuid4().hex}.db"
            return
        with self._lock():
            if not self.postgres.is_running:
                self.postgres.start()
        name = f"e_{uuid4().hex}"
        self.postgres.create(name)
        try:
            yield self.postgres.url(name)
        finally:
            self.postgres.drop(name)

    @contextlib.contextmanager
    def _lock(self) -> Iterator[None]:
        with fasteners.InterProcessLock(self.folder / "lock"):
            yield


def import_models() -> None:
    """Import every module that declares a table: ``core``'s own and each noun's ``models.py``."""
    for package in PACKAGES:
        for module in pkgutil.walk_packages([str(ROOT / package)], f"{package}."):
            if package == "core" or module.name.endswith(".models"):
                importlib.import_module(module.name)


def make_schema(url: str) -> None:
    """Bring an empty database to the newest schema, as an installation is brought there."""
    if list((ROOT / "migrations" / "versions").glob("*.py")):
        from alembic import command

        from routes.cli import alembic_config

        command.upgrade(alembic_config(url), "head")
        return
    engine = open_engine(url)
    import_models()
    Base.metadata.create_all(engine, tables=_whole_tables())
    engine.dispose()


def _whole_tables() -> list[Table]:
    """Give the tables whose foreign keys all lead to a declared table."""
    tables = dict(Base.metadata.tables)
    while True:
        lost = [
            name
            for name, table in tables.items()
            if any(key.target_fullname.split(".")[0] not in tables for key in table.foreign_keys)
        ]
        if not lost:
            return list(tables.values())
        for name in lost:
            del tables[name]


_compiled: dict[str, tuple[Dialect, LRUCache[Any, Any]]] = {}
"""Of each engine the dialect that knows its server, and the statements compiled for it."""


def open_for_test(url: str) -> Engine:
    """Open as the product does, only that SQLite does not wait for the disk.

    A statement compiled for one test's database serves the next one's: compiling takes longer than most of them run.
    """
    engine = open_engine(url)
    kind = engine.dialect.name
    if kind == "sqlite":
        event.listen(engine, "connect", lambda connection, _: connection.execute("PRAGMA synchronous=OFF"))
    if kind not in _compiled:
        engine.connect().close()  # asks the server for its version and abilities, which statements depend on
        _compiled[kind] = engine.dialect, LRUCache(5000)
    engine.dialect, cache = _compiled[kind]
    engine.update_execution_options(compiled_cache=cache)
    return engine


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True
