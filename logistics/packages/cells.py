"""Packages are put at another post, day or hour; what reserves or frees their goods is the caller's."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

import sqlalchemy as sa

from core.errors import Conflict
from core.work import Tx
from logistics.packages.commands import Reason
from logistics.packages.models import Package
from logistics.packages.states import PackageState

MOVABLE = (PackageState.PLANNED, PackageState.RESERVED)
"""What has not left yet."""
_MANY = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Spot:
    """Where and when packages are handed out."""

    post_id: UUID
    serve_on: date


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """A reason as it was kept before."""

    package_id: UUID
    code: str
    facts: str


def put_packages(tx: Tx, before: Spot, after: Spot, hours: Mapping[UUID, str], reason: Reason | Sequence[Told]) -> None:
    """Put packages of one post and day elsewhere, each into its hours, and write why; or what each said before.

    Raises: Conflict when one of them is not there any more, or has left.
    """
    together: dict[str, list[UUID]] = defaultdict(list)
    for package_id, each in hours.items():
        together[each].append(package_id)
    for each, ids in together.items():
        for some in _parts(ids):
            done = tx.session.execute(
                sa.update(Package)
                .where(
                    Package.id.in_(some), Package.regency_code == tx.regency_code, Package.state.in_(MOVABLE),
                    Package.post_id == before.post_id, Package.serve_on == before.serve_on,
                )
                .values(post_id=after.post_id, serve_on=after.serve_on, hours=each)
                .execution_options(synchronize_session=False)
            )  # fmt: skip
            if done.rowcount != len(some):  # type: ignore[attr-defined]
                raise Conflict("board.changed_meanwhile")
    if isinstance(reason, Reason):
        facts = json.dumps(dict(reason.facts), sort_keys=True, ensure_ascii=False)
        told: dict[tuple[str, str], list[UUID]] = {(reason.code, facts): list(hours)}
    else:
        told = defaultdict(list)
        for one in reason:
            told[one.code, one.facts].append(one.package_id)
    for (code, facts), ids in told.items():
        for some in _parts(ids):
            tx.session.execute(
                sa.update(Package)
                .where(Package.id.in_(some))
                .values(reason_code=code, reason_facts=facts)
                .execution_options(synchronize_session=False)
            )


def _parts(ids: Sequence[UUID]) -> list[list[UUID]]:
    wanted = sorted(ids)
    return [wanted[start : start + _MANY] for start in range(0, len(wanted), _MANY)]
