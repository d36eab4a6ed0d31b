"""A revision takes effect on the packages that have not left; what reserves or frees their goods is the caller's."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final, cast
from uuid import UUID

import sqlalchemy as sa

from core.crypto import new_ref
from core.errors import Conflict
from core.work import Tx
from logistics.packages.change_queries import LackNow, LineNow, PackageNow
from logistics.packages.models import Package, PackageLack, PackageLine
from logistics.packages.rules import People
from logistics.packages.states import PACKAGE_MOVES, PackageAct, PackageState
from registry_link.households.bulk import put_rows

_MANY: Final = 500
_WAYS: Final = {
    "out": (PackageAct.CANCEL,),
    "wait": (PackageAct.RESTORE, PackageAct.RELEASE, PackageAct.WAIT),
    "serve": (PackageAct.RESTORE, PackageAct.PLAN, PackageAct.RESERVE),
    "ready": (PackageAct.RESTORE, PackageAct.PLAN, PackageAct.RESERVE, PackageAct.LOAD),
}
"""The acts that lead a package to its new state, those left out that its present state does not need."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PackageChange:
    """One package as it was found and as it is to be; without a post and day it waits."""

    found: PackageNow
    post_id: UUID | None
    serve_on: date | None
    slot: int | None
    rank: int
    reason_code: str
    reason_facts: str
    people: People
    lines: tuple[LineNow, ...]
    lacks: tuple[LackNow, ...]
    is_out: bool = False
    """It is taken out: its goods are written down as they were."""
    is_ready: bool = False
    """It holds nothing that a lorry has to bring."""

    @property
    def after(self) -> PackageState:
        """The state it comes to. Raises: KeyError where no act leads there."""
        is_placed = self.post_id is not None and self.serve_on is not None
        state = self.found.state
        for act in _WAYS["out" if self.is_out else "wait" if not is_placed else "ready" if self.is_ready else "serve"]:
            state = PACKAGE_MOVES.get((state, act), state)
        return state


def change_packages(tx: Tx, changes: Sequence[PackageChange]) -> None:
    """Change all of these packages, whose state the caller has just read while it holds the round.

    Raises: Conflict("revision.outdated") when one of them is in another state meanwhile.
    """
    if not changes:
        return
    table = cast(sa.Table, Package.__table__)
    before: Counter[PackageState] = Counter(one.found.state for one in changes)
    ids = [one.found.id for one in changes]
    for some in _parts(ids):
        for state, count in tx.session.execute(
            sa.select(Package.state, sa.func.count()).where(Package.id.in_(some)).group_by(Package.state)
        ):
            before[state] -= count
    if any(before.values()):
        raise Conflict("revision.outdated")
    values: dict[str, Any] = {
        name: sa.bindparam(f"p_{name}") for name in _row(changes[0]) if name not in ("id", "public_ref")
    }
    tx.session.connection().execute(
        sa.update(table)
        .where(table.c.id == sa.bindparam("p_id"))
        # Whoever has printed its reference keeps it.
        .values(**values, public_ref=sa.func.coalesce(table.c.public_ref, sa.bindparam("p_public_ref"))),
        [{f"p_{name}": value for name, value in _row(one).items()} for one in changes],
    )
    goods = [one for one in changes if not one.is_out]
    for some in _parts([one.found.id for one in goods]):
        for model in (PackageLine, PackageLack):
            tx.session.execute(
                sa.delete(model).where(model.package_id.in_(some)).execution_options(synchronize_session=False)
            )
    for model, part in ((PackageLine, "lines"), (PackageLack, "lacks")):
        names = ("package_id", *(LineNow if part == "lines" else LackNow).__dataclass_fields__)
        put_rows(
            tx,
            model,
            names,
            [
                (one.found.id, *(getattr(row, name) for name in names[1:]))
                for one in goods
                for row in getattr(one, part)
            ],
        )
    tx.session.expire_all()


def _row(one: PackageChange) -> dict[str, Any]:
    is_waiting = one.after in (PackageState.WAITING, PackageState.CANCELLED)
    return {
        "id": one.found.id,
        "state": one.after,
        "public_ref": None if is_waiting else new_ref(),
        "rank": one.rank,
        "reason_code": one.reason_code,
        "reason_facts": one.reason_facts,
        "post_id": one.post_id,
        "serve_on": one.serve_on,
        "slot": one.slot,
        **{name: getattr(one.people, name) for name in People.__dataclass_fields__},
    }


def _parts(ids: Sequence[UUID]) -> list[list[UUID]]:
    wanted = sorted(ids)
    return [wanted[start : start + _MANY] for start in range(0, len(wanted), _MANY)]
