"""The by-name list as a file: by role and village, with a reason that is kept, and every look recorded."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from flask import Flask

from core.actor import Role
from core.audit import AccessRow, AuditRow
from core.work import Work
from tests.flows import line
from tests.flows.district import a_district
from tests.routes.asking import log_in, send
from tests.support.builders import a_person


@pytest.fixture
def flood(work: Work) -> line.Flood:
    a_district(work)
    flood = line.open_flood(work)
    line.post(work, line.an_area(flood))
    return flood


def file_for(app: Flask, work: Work, flood: line.Flood, role: Role, village: str = "", **fields: str) -> str:
    client = log_in(app.test_client(), a_person(work, role, village=village))
    address = f"/kejadian/{flood.slug}/keluarga/unduh"
    answer = send(client, address, {"reason": "Rapat posko", "form": "csv", **fields})
    return answer.get_data(as_text=True) if answer.status_code == 200 else str(answer.status_code)


def test_the_officer_gets_everything_but_numbers_and_the_look_is_recorded(app: Flask, work: Work, flood: line.Flood):
    text = file_for(app, work, flood, Role.LOGISTICS)
    lines = text.strip().splitlines()
    assert "Alamat" in lines[0]
    assert len(lines) > 12
    assert not any(word.isdigit() and len(word) == 16 for one in lines for word in one.split(";"))
    with work.engine.connect() as connection:
        looks = connection.execute(sa.select(AccessRow.purpose)).scalars().all()
        reasons = connection.execute(
            sa.select(AuditRow.reason).where(AuditRow.action == "affected.export")
        ).scalars().all()  # fmt: skip
    assert "affected_export" in looks
    assert reasons == ["Rapat posko"]


def test_each_role_gets_its_own_part(app: Flask, work: Work, flood: line.Flood):
    head = file_for(app, work, flood, Role.HEAD)
    assert "Alamat" not in head.splitlines()[0]
    village = file_for(app, work, flood, Role.VILLAGE, village=line.A).strip().splitlines()
    assert len(village) == 13
    assert {one.split(";")[2] for one in village[1:]} == {"Desa Contoh A"}
    assert file_for(app, work, flood, Role.BPBD) == "403"


def test_without_a_reason_there_is_no_file(app: Flask, work: Work, flood: line.Flood):
    assert file_for(app, work, flood, Role.LOGISTICS, reason="x") == "303"
