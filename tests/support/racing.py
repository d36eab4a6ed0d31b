"""Several who act at the very same moment, each in a thread of their own."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

from core.errors import Refused


def at_once(acts: Sequence[Callable[[], object]]) -> list[object]:
    """Do all of it at once; give what each returned, or the refusal it met, in the order of ``acts``."""
    gate = threading.Barrier(len(acts))

    def one(act: Callable[[], object]) -> object:
        gate.wait()
        try:
            return act()
        except Refused as told:
            return told

    with ThreadPoolExecutor(len(acts)) as pool:
        return list(pool.map(one, acts))


def codes(results: Sequence[object]) -> list[str]:
    """Give the code of each refusal, sorted; empty for what was done."""
    return sorted(one.code if isinstance(one, Refused) else "" for one in results)
