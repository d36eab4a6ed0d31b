"""The whole of stock proved: the books (``ledger/proof.py``) and the promises on them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import sqlalchemy as sa

from core.work import Tx
from stock.ledger.proof import ProofProblem, count_balances, ledger_problems, reserved_sums
from stock.reservations.models import Reservation
from stock.reservations.states import ReservationState


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    balances: int
    """How many (place, batch) were proved."""
    problems: tuple[ProofProblem, ...]

    @property
    def is_sound(self) -> bool:
        return not self.problems


def prove(tx: Tx) -> Proof:
    """Recompute L1, L2, L3, L5 and L8 from the moves and promises of the office; changes nothing."""
    return Proof(balances=count_balances(tx), problems=(*ledger_problems(tx), *_promises(tx)))


def _promises(tx: Tx) -> Iterator[ProofProblem]:
    rows = tx.session.execute(
        sa.select(Reservation.place_id, Reservation.batch_id, sa.func.sum(Reservation.quantity_milli))
        .where(Reservation.regency_code == tx.regency_code, Reservation.state == ReservationState.OPEN)
        .group_by(Reservation.place_id, Reservation.batch_id)
    )
    promised = {(place_id, batch_id): int(milli) for place_id, batch_id, milli in rows}
    reserved = reserved_sums(tx)
    for key in sorted(promised.keys() | reserved.keys()):
        if promised.get(key, 0) != reserved.get(key, 0):
            yield ProofProblem(
                invariant="L8", where=f"balance {key[0]} {key[1]}",
                found=f"open reservations {promised.get(key, 0)}, reserved {reserved.get(key, 0)} milli",
            )  # fmt: skip
    unended = sa.select(Reservation.id, Reservation.state).where(
        Reservation.regency_code == tx.regency_code,
        (Reservation.state == ReservationState.USED) != Reservation.document_id.is_not(None),
    )
    for row in tx.session.execute(unended):
        yield ProofProblem(invariant="L8", where=f"reservation {row.id}", found=f"{row.state}, document does not fit")
