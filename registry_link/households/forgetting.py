"""Whoever was erased is taken out of what still waits of imports: of sealed pieces, and of rows written out of them."""

from __future__ import annotations

from uuid import UUID

import polars as pl
import sqlalchemy as sa

from core.actor import Actor
from core.work import Tx, Work
from registry_link.households.erased import erased_in, known_erased
from registry_link.households.models import Snapshot, StagedHousehold, StagedMember, StagedPiece
from registry_link.households.pieces import Piece, piece_counts, piece_of, sealed
from registry_link.households.states import SnapshotState

_AT_ONCE = 800


def forget_staged(work: Work, actor: Actor) -> int:
    """Take the rows of erased households out of the office's waiting snapshots; gives how many.

    A transaction for each piece; one that was cut off is done again.
    """
    done = 0
    with work.read_by(actor) as tx:
        known = known_erased(tx)
        waiting = list(tx.session.scalars(sa.select(Snapshot.id).where(
            Snapshot.regency_code == tx.regency_code, Snapshot.state == SnapshotState.STAGED
        ))) if known else []  # fmt: skip
        pieces = {one: [no for no, _, _ in piece_counts(tx, one)] for one in waiting}
    for snapshot_id, numbers in pieces.items():
        with work.read_by(actor) as tx:
            names = {name for no in numbers for name in _named(tx, snapshot_id, no, known)}
        for no in numbers:

            def step(tx: Tx, no: int = no, snapshot_id: UUID = snapshot_id, names: set[str] = names) -> int:
                return _forget(tx, snapshot_id, no, names)

            done += work.run(actor, step) if names else 0
    return done


def _named(tx: Tx, snapshot_id: UUID, no: int, known: frozenset[tuple[str, bytes]]) -> set[str]:
    piece = piece_of(tx, snapshot_id, no)
    of_homes, of_people = erased_in(tx, snapshot_id, known, piece.homes, piece.people)
    return {*piece.homes.filter(of_homes)["external_id"], *piece.people.filter(of_people)["external_id"]}


def _forget(tx: Tx, snapshot_id: UUID, no: int, names: set[str]) -> int:
    key = (StagedPiece.snapshot_id == snapshot_id, StagedPiece.no == no)
    if tx.session.scalar(sa.select(StagedPiece.no).where(*key).with_for_update()) is None:
        return 0
    piece, is_theirs = piece_of(tx, snapshot_id, no), pl.col("external_id").is_in(sorted(names))
    left = Piece(piece.homes.filter(~is_theirs), piece.people.filter(~is_theirs))
    gone = len(piece.homes) + len(piece.people) - len(left.homes) - len(left.people)
    if not gone:
        return 0
    secret, content = sealed(snapshot_id, no, left)
    tx.session.execute(
        sa.update(StagedPiece)
        .where(*key)
        .values(key=secret, content=content, homes=len(left.homes), people=len(left.people))
        .execution_options(synchronize_session=False)
    )
    theirs = sorted(names)
    for start in range(0, len(theirs), _AT_ONCE):
        chunk = theirs[start : start + _AT_ONCE]
        for model in (StagedMember, StagedHousehold):
            tx.session.execute(
                sa.delete(model)
                .where(model.snapshot_id == snapshot_id, model.external_id.in_(chunk))
                .execution_options(synchronize_session=False)
            )
    return gone
