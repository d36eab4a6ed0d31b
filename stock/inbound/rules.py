"""What may be said of goods at the gate. Pure."""

from __future__ import annotations

from datetime import date

from stock.ledger.rules import is_expired

MOST_LINES = 200


def split_problem(
    received_milli: int, good_milli: int, damaged_milli: int, expires_on: date | None, on: date
) -> str | None:
    """Say what is wrong with an inspection's split of a line, as the code of its sentence; None when nothing is."""
    if good_milli < 0 or damaged_milli < 0 or good_milli + damaged_milli != received_milli:
        return "consignment.split"
    if good_milli and is_expired(expires_on, on):
        return "consignment.expired_is_not_good"
    return None
