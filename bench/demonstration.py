"""What the benches share: a demonstration to measure on, the machine in one line, and two clocks."""

from __future__ import annotations

import os
import platform
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TypeVar

from alembic import command
from flask import Flask

from core.settings import Settings
from routes.app import create_app
from routes.cli import alembic_config
from routes.demo.load import make_demo

Result = TypeVar("Result")
SEED = 9901


@dataclass(frozen=True, slots=True)
class Took:
    """Seconds: ``wall`` is what a person waited, ``cpu`` what this process worked (other processes' load left out)."""

    wall: float
    cpu: float


def timed(act: Callable[[], Result]) -> tuple[Result, Took]:
    """Do it once and give what it gave and took."""
    wall, cpu = time.perf_counter(), time.process_time()
    result = act()
    return result, Took(time.perf_counter() - wall, time.process_time() - cpu)


def machine() -> str:
    """Name the machine and how busy it was, for the head of a table.

    The yardstick is a fixed piece of work: two tables may be compared after dividing by it.
    """
    _, took = timed(lambda: sum(number * number for number in range(5_000_000)))
    names = [line for line in _cpu_info() if line.startswith("model name")]
    model = names[0].split(":", 1)[1].strip() if names else platform.machine()
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else 0.0
    return (
        f"{os.cpu_count()} cores ({model}), Python {platform.python_version()}, load {load:.1f}, "
        f"yardstick {took.cpu:.2f} s cpu"
    )


def _cpu_info() -> list[str]:
    path = Path("/proc/cpuinfo")
    return path.read_text().splitlines() if path.exists() else []


@contextmanager
def demonstration(households: int, url: str = "") -> Iterator[tuple[Flask, Took]]:
    """Make the demonstration in a folder of its own (or in the empty database at ``url``); tells how long it took."""
    with TemporaryDirectory(prefix="tanggap-bench-") as name:
        folder = Path(name)
        settings = Settings.from_env(
            data_dir=folder / "var", keys_dir=folder / "keys", database_url=url or f"sqlite:///{folder / 'bench.db'}"
        )
        command.upgrade(alembic_config(settings.database_url), "head")
        app = create_app(settings)
        runtime = app.extensions["tanggap"]
        _, took = timed(lambda: list(make_demo(runtime, households=households, seed=SEED)))
        yield app, took
        runtime.work.engine.dispose()
