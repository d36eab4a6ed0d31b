"""Who waits in an approved plan is planned anew in the same package; without the draft it waits again as before."""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from typing import Any, Final, cast
from uuid import UUID

import sqlalchemy as sa

from core.work import Tx
from logistics.packages.models import Package, PackageBefore, PackageLack, PackageLine
from logistics.packages.rules import People
from logistics.packages.states import PackageState

_TOLD: Final = ("village_code", "rank", "reason_code", "reason_facts", *People.__dataclass_fields__)
_LINE: Final = ("item_id", "exact_milli", "quantity_milli", "is_once")
_LACK: Final = (*_LINE, "left_milli", "ahead_milli", "last_rank")
_MANY: Final = 500


def take_up(
    tx: Tx, round_id: UUID, standard_id: UUID, kind: str, beneficiary_ids: Collection[UUID]
) -> dict[UUID, UUID]:  # fmt: skip
    """Give the packages with which these wait, by beneficiary; how they wait is kept, for ``put_back``.

    They have no lines and no plan of their own after that: the caller writes both.
    """
    wanted = set(beneficiary_ids)
    found = [
        row
        for row in tx.session.execute(
            sa.select(*Package.__table__.columns).where(
                Package.round_id == round_id, Package.standard_id == standard_id, Package.beneficiary_kind == kind,
                Package.state == PackageState.WAITING, Package.supplements_id.is_(None),
            )
        )
        if row.beneficiary_id in wanted
    ]  # fmt: skip
    for start in range(0, len(found), _MANY):
        some = found[start : start + _MANY]
        ids = [row.id for row in some]
        lines, lacks = _rows(tx, PackageLine, _LINE, ids), _rows(tx, PackageLack, _LACK, ids)
        _clear(tx, (PackageBefore, PackageLine, PackageLack), ids)
        tx.session.execute(
            sa.insert(PackageBefore),
            [
                {
                    "package_id": row.id, "plan_id": row.plan_id, "household_id": row.household_id,
                    "told": json.dumps({name: getattr(row, name) for name in _TOLD}),
                    "lines": json.dumps(lines.get(row.id, [])), "lacks": json.dumps(lacks.get(row.id, [])),
                }
                for row in some
            ],
        )  # fmt: skip
    return {row.beneficiary_id: row.id for row in found}


def put_back(tx: Tx, *where: sa.ColumnElement[bool]) -> int:
    """Let the packages that a draft took up wait as they did before it, and give how many they were."""
    found = tx.session.execute(
        sa.select(*PackageBefore.__table__.columns)
        .join(Package, Package.id == PackageBefore.package_id)
        .where(Package.state.in_((PackageState.PLANNED, PackageState.WAITING)), *where)
    ).all()
    table = cast(sa.Table, Package.__table__)
    for start in range(0, len(found), _MANY):
        some = found[start : start + _MANY]
        tx.session.connection().execute(
            sa.update(table)
            .where(table.c.id == sa.bindparam("p_id"))
            .values(
                state=PackageState.WAITING, post_id=None, serve_on=None, hours="",
                **{name: sa.bindparam(f"p_{name}") for name in ("plan_id", "household_id", *_TOLD)},
            ),
            [
                {
                    "p_id": row.package_id, "p_plan_id": row.plan_id, "p_household_id": row.household_id,
                    **{f"p_{name}": value for name, value in json.loads(row.told).items()},
                }
                for row in some
            ],
        )  # fmt: skip
        _clear(tx, (PackageBefore, PackageLine, PackageLack), [row.package_id for row in some])
        for model, names, part in ((PackageLine, _LINE, "lines"), (PackageLack, _LACK, "lacks")):
            rows = [
                {"package_id": row.package_id, **dict(zip(names, one, strict=True)), "item_id": UUID(one[0])}
                for row in some
                for one in json.loads(getattr(row, part))
            ]
            if rows:
                tx.session.execute(sa.insert(model), rows)
    tx.session.expire_all()
    return len(found)


def taken_up_by(plan_id: UUID) -> sa.Select[UUID]:
    """Ask for the packages that a draft took up."""
    return (
        sa.select(PackageBefore.package_id)
        .join(Package, Package.id == PackageBefore.package_id)
        .where(Package.plan_id == plan_id)
    )


def forget_before(tx: Tx, plan_id: UUID) -> None:
    """Forget how a plan's packages waited before it: it is approved."""
    tx.session.execute(
        sa.delete(PackageBefore)
        .where(PackageBefore.package_id.in_(taken_up_by(plan_id)))
        .execution_options(synchronize_session=False)
    )  # fmt: skip


def _rows(
    tx: Tx, model: type[PackageLine | PackageLack], names: Sequence[str], ids: Sequence[UUID]
) -> dict[UUID, list[list[Any]]]:
    found: dict[UUID, list[list[Any]]] = {}
    columns = [getattr(model, name) for name in names]
    for row in tx.session.execute(sa.select(model.package_id, *columns).where(model.package_id.in_(ids))):
        found.setdefault(row[0], []).append([str(row[1]), *row[2:]])
    return found


def _clear(
    tx: Tx, models: Sequence[type[PackageBefore | PackageLine | PackageLack]], ids: Sequence[UUID]
) -> None:  # fmt: skip
    for model in models:
        tx.session.execute(
            sa.delete(model).where(model.package_id.in_(ids)).execution_options(synchronize_session=False)
        )
