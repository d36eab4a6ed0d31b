"""How a register and the snapshots a list was drawn from are named on pages."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from core.i18n import say
from core.permissions import may
from core.work import Tx
from registry_link.households.drawn import drawn_from

KNOWN = ("dtsen", "dtks", "bdt", "office", "demo")


def source_name(source: str, lang: str) -> str:
    return say(f"source.{source}", lang) if source in KNOWN else source


def drawn_lines(tx: Tx, subject: str, ids: Sequence[UUID], lang: str) -> list[dict[str, Any]]:
    """Name the snapshots that these lists were drawn from, for ``registry/_drawn_from.html``."""
    return [
        {"view": one, "source": source_name(one.source, lang), "is_open": may(tx.actor, "snapshot.see")}
        for one in drawn_from(tx, subject, ids)
    ]
