"""What every new office starts with: the ends of stock's way, catalogue and kits, the default package standard."""

from __future__ import annotations

from core.work import Tx
from logistics.packages.standards import seed_default_standard
from stock.items.commands import seed_items
from stock.kits.commands import seed_kits
from stock.places.commands import ensure_sinks


def seed_office(tx: Tx) -> None:
    """Fill a new office with its seed data; safe to repeat."""
    ensure_sinks(tx)
    seed_items(tx)
    seed_kits(tx)
    seed_default_standard(tx)
