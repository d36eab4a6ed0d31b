"""A small invented office for the tests of the registry: two districts, four villages, people without a real number."""

from __future__ import annotations

import io
from collections.abc import Sequence
from datetime import date
from uuid import UUID

from core.actor import Actor, Grant, Role, ScopeKind, system
from core.crypto import Secret
from core.work import Tx, Work
from registry_link.households.commands import (
    HouseholdRow,
    MemberRow,
    RecordSnapshot,
    Weighed,
    merge_households,
    record_snapshot,
)
from registry_link.households.states import Relation, Sex
from registry_link.regions.commands import import_regions
from registry_link.regions.readers import RegionRow, read_region_csv

REGENCY = "99.01"
OFFICE = system(REGENCY)
LAUT, DARAT = "99.01.01", "99.01.02"
SAUM, OLILIT, WOWON, ILNGEI = "99.01.01.1001", "99.01.01.2002", "99.01.02.2001", "99.01.02.2002"
LIST = """code,name,parent_code,level,kind,bps_code,bps_name,tz
99,Contoh,,province,provinsi,98,CONTOH,
99.01,Kabupaten Nusa Contoh,99,regency,kabupaten,9803,NUSA CONTOH,Asia/Jayapura
99.01.01,Laut Utara,99.01,district,kecamatan,9803010,LAUT UTARA,
99.01.02,Darat,99.01,district,kecamatan,9803020,DARAT,
99.01.01.1001,Saum,99.01.01,village,kelurahan,,,
99.01.01.2002,Olilit,99.01.01,village,desa,,,
99.01.02.2001,Wowon,99.01.02,village,desa,,,
99.01.02.2002,Ilngei,99.01.02,village,desa,,,
"""


def nik(serial: int, born_on: date = date(1986, 4, 2), sex: Sex = Sex.MALE) -> str:
    """Write a valid synthetic NIK of the invented province 99."""
    day = born_on.day + (40 if sex is Sex.FEMALE else 0)
    return f"990101{day:02d}{born_on.month:02d}{born_on.year % 100:02d}{serial:04d}"


def kk(serial: int) -> str:
    return f"990101010120{serial:04d}"


def with_regions(work: Work) -> Work:
    with work.by(OFFICE) as tx:
        import_regions(tx, [one for one in read_region_csv(io.StringIO(LIST)) if isinstance(one, RegionRow)])
    return work


def person(role: Role, scope: ScopeKind = ScopeKind.OFFICE, scope_id: str = "") -> Actor:
    return Actor(
        kind="person", id=f"00000000-0000-7000-8000-0000000000{list(Role).index(role):02d}", name=role.value,
        regency_code=REGENCY, time_zone="Asia/Jayapura", grants=(Grant(role, scope, scope_id),),
    )  # fmt: skip


def nothing_waits(tx: Tx, household_ids: Sequence[UUID]) -> tuple[str, ...]:
    """Say for an erasure that these households have no package coming."""
    return ()


def head(name: str, serial: int, born_on: date = date(1986, 4, 2), sex: Sex = Sex.MALE) -> MemberRow:
    return MemberRow(
        name=name, external_id=f"m{serial}", relation=Relation.HEAD, sex=sex, birth_on=born_on,
        nik=Secret(nik(serial, born_on, sex)), file_row=serial,
    )  # fmt: skip


def merge(
    work: Work, rows: Sequence[HouseholdRow], *, as_of: date = date(2026, 1, 1), source: str = "dtsen",
    lists_members: bool = True,
) -> tuple[UUID, Weighed]:  # fmt: skip
    """Take rows over as one snapshot."""
    with work.by(OFFICE) as tx:
        order = RecordSnapshot(source=source, as_of_on=as_of, lists_members=lists_members)
        snapshot_id = record_snapshot(tx, order)
        return snapshot_id, merge_households(tx, snapshot_id, rows)
