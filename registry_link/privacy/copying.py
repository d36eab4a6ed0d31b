"""The copy of everything that is held about a household: articles 6 to 8 and 32 of UU PDP."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from core.privacy.classes import retentions
from core.privacy.held import Held, Subject, copy_of
from core.work import Tx
from registry_link.privacy.looking import Look, looks_at

BASES: Final = {
    "c": "kewajiban hukum (Pasal 20 ayat 2 huruf c UU 27/2022)",
    "d": "kepentingan vital (Pasal 20 ayat 2 huruf d UU 27/2022)",
    "e": "tugas pelayanan publik (Pasal 20 ayat 2 huruf e UU 27/2022)",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """One kind of data as the letter names it."""

    purpose: str
    basis: str
    retention: str
    rows: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Copy:
    code: str
    content: bytes
    """JSON."""
    rows: int
    kept: tuple[Kept, ...]
    looks: tuple[Look, ...]


def make_bundle(tx: Tx, code: str, ids: Sequence[UUID]) -> Copy:
    """Gather everything; nothing is kept of it."""
    held = copy_of(Subject(tx.session, ids), tx.session)
    looks = looks_at(tx, ids)
    told = {
        "household": code,
        "office": tx.regency_code,
        "made_at": tx.now.isoformat(),
        "law": "UU 27/2022",
        "data": [
            {
                "table": one.table, "purpose": one.purpose, "basis": BASES[one.basis],
                "retention": retentions()[one.retention].words, "rows": list(one.rows),
            }
            for one in held
        ],
        "looks": [
            {"at": one.at.isoformat(), "who": one.actor_name, "purpose": one.purpose, "among": one.count}
            for one in looks
        ],
    }  # fmt: skip
    return Copy(
        code=code, content=json.dumps(told, ensure_ascii=False, indent=1).encode(),
        rows=sum(len(one.rows) for one in held), kept=_kept(held), looks=looks,
    )  # fmt: skip


def _kept(held: Sequence[Held]) -> tuple[Kept, ...]:
    """Join the tables that serve one purpose."""
    counts: dict[tuple[str, str, str], int] = {}
    for one in held:
        key = (one.purpose, BASES[one.basis], retentions()[one.retention].words)
        counts[key] = counts.get(key, 0) + len(one.rows)
    return tuple(Kept(purpose=p, basis=b, retention=r, rows=count) for (p, b, r), count in counts.items())
