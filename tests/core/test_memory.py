"""What a long work freed goes back to the system."""

from __future__ import annotations

import subprocess
import sys

import pytest

from core import memory

FREED = """
import os
from core.memory import give_back

def held():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") >> 20

blocks = [bytearray(100_000) for _ in range(1000)]
del blocks[:-1]
before = held()
give_back()
print(before - held())
"""
"""One block at the end keeps the C library from giving the others back by itself."""


@pytest.mark.skipif(memory._TRIM is None, reason="this C library keeps nothing that could be given back")
def test_freed_memory_goes_back_to_the_system():
    told = subprocess.run([sys.executable, "-c", FREED], check=True, capture_output=True, text=True)
    assert int(told.stdout) > 60
