"""Memory of a process that does one long work after another: what the last one freed goes back to the system."""

from __future__ import annotations

import ctypes
import sys
from typing import Final

# Other systems, and other C libraries on Linux, give back by themselves or not at all.
_TRIM: Final = getattr(ctypes.CDLL(None), "malloc_trim", None) if sys.platform == "linux" else None


def give_back() -> None:
    """Give back what is free: the C library keeps it, a hundred megabytes after an import was compared."""
    if _TRIM is not None:
        _TRIM(0)
