"""Ready-made starting points for tests. Everything is made by the product's public commands, nothing by rows.

A noun's own builders stand beside its tests; what many tests need stands here.
"""

from __future__ import annotations

from uuid import UUID, uuid5

from core.accounts.commands import AddPerson, IssueToken, add_person, issue_token
from core.actor import Actor, Grant, Role, ScopeKind, system
from core.ids import NAMESPACE
from core.office.commands import OpenOffice, open_office
from core.work import Work

REGENCY = "99.01"
TIME_ZONE = "Asia/Jakarta"
PASSWORD = "kuda baterai staples benar"
SYSTEM = system(REGENCY, TIME_ZONE)


def an_office(work: Work, regency_code: str = REGENCY, *, time_zone: str = TIME_ZONE, is_demo: bool = True) -> str:
    """Open an office and give its regency code."""
    with work.by(system(regency_code, time_zone)) as tx:
        return open_office(
            tx,
            OpenOffice(
                regency_code=regency_code,
                regency_name=f"Kabupaten {regency_code}",
                name="Dinas Sosial",
                seat="Tanggap",
                time_zone=time_zone,
                is_demo=is_demo,
            ),
        )


def an_actor(role: Role, *, village: str = "", district: str = "", place_id: UUID | None = None) -> Actor:
    """Give somebody with one role, without an account: enough for commands and queries."""
    scope, scope_id = _scope(village, district, place_id)
    return Actor(
        kind="person",
        id=str(uuid5(NAMESPACE, f"test/{role}/{scope_id}")),
        name=f"{role} {scope_id}".strip(),
        regency_code=REGENCY,
        time_zone=TIME_ZONE,
        grants=(Grant(role, scope, scope_id),),
    )


def a_person(
    work: Work, role: Role, *, username: str = "", village: str = "", district: str = "", place_id: UUID | None = None
) -> str:
    """Add an account that can log in with ``PASSWORD``, and give its user name. The office must be open."""
    scope, scope_id = _scope(village, district, place_id)
    order = AddPerson(
        username=username or role.lower(),
        name=f"{role} {scope_id}".strip(),
        password=PASSWORD,
        grants=(Grant(role, scope, scope_id),),
        must_change_password=False,
    )
    with work.by(SYSTEM) as tx:
        add_person(tx, order)
    return order.username


def a_token(
    work: Work, role: Role, *, village: str = "", district: str = "", place_id: UUID | None = None
) -> dict[str, str]:
    """Issue a machine token and give the header that carries it. The office must be open."""
    scope, scope_id = _scope(village, district, place_id)
    with work.by(SYSTEM) as tx:
        issued = issue_token(tx, IssueToken(name=f"{role} {scope_id}", role=role, scope=scope, scope_id=scope_id))
    return {"Authorization": f"Bearer {issued.token}"}


def _scope(village: str, district: str, place_id: UUID | None) -> tuple[ScopeKind, str]:
    if place_id is not None:
        return ScopeKind.PLACE, str(place_id)
    if village:
        return ScopeKind.VILLAGE, village
    if district:
        return ScopeKind.DISTRICT, district
    return ScopeKind.OFFICE, ""
