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
from core.ids import code_with_check, derived
from core.work import Tx
from logistics.packages.change_queries import LackNow, LineNow, PackageNow
from logistics.packages.commands import refuse_erased, take_numbers
from logistics.packages.models import Package, PackageLack, PackageLine, Round
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
    hours: str
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


@dataclass(frozen=True, slots=True, kw_only=True)
class AddedPackage:
    """A package that comes with a revision; without a post and day it waits."""

    beneficiary_kind: str
    beneficiary_id: UUID
    household_id: UUID
    standard_id: UUID
    village_code: str
    people: People
    post_id: UUID | None
    serve_on: date | None
    hours: str
    rank: int
    reason_code: str
    reason_facts: str
    lines: tuple[LineNow, ...]
    lacks: tuple[LackNow, ...]
    no: int = 1
    supplements_id: UUID | None = None
    """The package that was handed over without these lines."""


def add_changed(tx: Tx, round_id: UUID, plan_id: UUID, added: Sequence[AddedPackage]) -> tuple[UUID, ...]:
    """Make the packages that come with a revision, as drafts, and give their ids in the order of ``added``.

    The ids follow from round, beneficiary, standard and number, so a twin of this call cannot make a second package.
    Raises: Conflict "package.household_erased".
    """
    if not added:
        return ()
    refuse_erased(tx, {one.household_id for one in added})
    year = tx.session.execute(sa.select(Round.first_on).where(Round.id == round_id)).scalar_one().year
    first_no = take_numbers(tx, year, len(added)) - len(added) + 1
    ids = []
    rows: list[dict[str, Any]] = []
    for at, one in enumerate(added):
        parts = ("package", round_id, one.beneficiary_kind, one.beneficiary_id, one.standard_id)
        ids.append(derived(*parts) if one.no == 1 else derived(*parts, str(one.no)))
        is_waiting = one.post_id is None or one.serve_on is None
        rows.append(
            {
                "id": ids[-1], "regency_code": tx.regency_code, "round_id": round_id, "plan_id": plan_id,
                "public_ref": None, "code": code_with_check("PKT", year % 100, first_no + at), "created_at": tx.now,
                "state": PackageState.WAITING if is_waiting else PackageState.PLANNED,
                **{name: getattr(one, name) for name in _ADDED},
                **{name: getattr(one.people, name) for name in People.__dataclass_fields__},
            }
        )  # fmt: skip
    put_rows(tx, Package, list(rows[0]), [tuple(row.values()) for row in rows])
    _put_goods(tx, list(zip(ids, added, strict=True)))
    tx.note("package.add", "round", round_id, plan_id=str(plan_id), packages=len(added))
    return tuple(ids)


_ADDED: Final = (
    "beneficiary_kind", "beneficiary_id", "household_id", "standard_id", "no", "supplements_id", "village_code",
    "post_id", "serve_on", "hours", "rank", "reason_code", "reason_facts",
)  # fmt: skip


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
    _put_goods(tx, [(one.found.id, one) for one in goods])
    tx.session.expire_all()


def _put_goods(tx: Tx, packages: Sequence[tuple[UUID, PackageChange | AddedPackage]]) -> None:
    for model, kind, part in ((PackageLine, LineNow, "lines"), (PackageLack, LackNow, "lacks")):
        names = tuple(kind.__dataclass_fields__)
        put_rows(
            tx, model, ("package_id", *names),
            [
                (package_id, *(getattr(row, name) for name in names))
                for package_id, one in sorted(packages, key=lambda pair: pair[0].int)
                for row in getattr(one, part)
            ],
        )  # fmt: skip


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
        "hours": one.hours,
        **{name: getattr(one.people, name) for name in People.__dataclass_fields__},
    }


def _parts(ids: Sequence[UUID]) -> list[list[UUID]]:
    wanted = sorted(ids)
    return [wanted[start : start + _MANY] for start in range(0, len(wanted), _MANY)]
