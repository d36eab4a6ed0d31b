"""The application of a test: built once in a process, since only the installation behind it differs between tests."""

from __future__ import annotations

import contextlib
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

from flask import Flask

from core.crypto import Keyring, use_ring
from core.settings import Settings
from core.work import Work
from routes.app import create_app
from routes.context import Runtime
from routes.limiter import limiter

_Built = tuple[bool, int, Path]
_idle: dict[_Built, list[Flask]] = defaultdict(list)
"""Built ones that no test is using, by what of the settings was built into them. Building one costs more than most
tests: every route is compiled and described."""


@contextlib.contextmanager
def application(settings: Settings, work: Work, **config: object) -> Iterator[Flask]:
    """Give an application on this installation, with nothing left of the test before it."""
    idle = _idle[settings.is_production, settings.proxies, settings.keys_dir]
    app = idle.pop() if idle else create_app(settings, work=work)
    ring = Keyring.load_or_make(settings.keys_dir)
    use_ring(ring)
    app.extensions["tanggap"] = Runtime(settings, work, ring)
    before = dict(app.config)
    addresses = len(list(app.url_map.iter_rules()))
    app.config.update({"TESTING": True, **config})
    settings.data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    limiter.reset()
    try:
        yield app
    finally:
        app.config.clear()
        app.config.update(before)
        # The next test gets the same one: what adds to it, does so to an application of its own.
        is_as_built = len(list(app.url_map.iter_rules())) == addresses
        if is_as_built:
            idle.append(app)
    assert is_as_built, "this test added to an application that others use"
