"""Which rows of a file are looked at: short files have marks, too, and nobody helps beside."""

from __future__ import annotations

from contextlib import nullcontext
from typing import Any

import pytest

from registry_link.importing import jobs
from registry_link.importing.looking import Looker


def count_looked(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Let short files have marks; gives how many rows of each piece are looked at, as they are."""
    found: list[int] = []
    looked = Looker.looked

    def counted(self: Looker, lines: bytes) -> Any:
        found.append(lines.count(b"\n"))
        return looked(self, lines)

    monkeypatch.setattr(jobs, "LONG", 0)
    monkeypatch.setattr(jobs, "beside", lambda *_, **__: nullcontext())
    monkeypatch.setattr(Looker, "looked", counted)
    return found
