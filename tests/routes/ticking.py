"""A process of the clock with one slow job that says when it is in the middle of it; made to be killed."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from uuid import uuid4

from core.clock import SystemClock
from core.crypto import Keyring, use_ring
from core.db import open_engine
from core.jobs import Every, Job
from core.settings import Settings
from core.work import Tx, Work
from routes.context import Runtime
from routes.scheduler import serve

SECONDS = 1
NAME = "test.tick"


def tick(tx: Tx) -> str:
    """Leave one mark of this very run, slowly."""
    mark = uuid4().hex
    tx.note(NAME, "office", tx.regency_code, mark=mark)
    print(mark, flush=True)
    time.sleep(0.4)
    return mark


def main(url: str, keys_dir: str, data_dir: str) -> None:
    ring = Keyring.load_or_make(Path(keys_dir))
    use_ring(ring)
    settings = Settings.from_env(database_url=url, keys_dir=Path(keys_dir), data_dir=Path(data_dir))
    work = Work(open_engine(url), SystemClock())
    serve(Runtime(settings, work, ring), [Job(name=NAME, trigger=Every(SECONDS), act=tick)])


if __name__ == "__main__":
    main(*sys.argv[1:])
