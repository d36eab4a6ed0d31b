"""Rencana → Bandingkan pilihan: before a plan, beside a draft, after approval; by page and by machine."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from core.actor import Role
from core.measures import Period
from core.work import Work
from logistics.planning.priorities import declare_rule, put_rule_in_force
from logistics.planning.priority import BUILT_IN
from logistics.planning.queries import plans_of
from logistics.programmes.queries import term_by_id
from logistics.zones import week
from routes.term import plan_the_term
from stock.places.kinds import PlaceKind
from stock.places.queries import places
from tests.flows import line, term_line
from tests.logistics.planning.test_priorities import POOREST
from tests.routes.asking import log_in, send
from tests.support.builders import a_person, a_token
from tests.support.databases import Run


@pytest.fixture
def database_url(engine_kind: str, run: Run, tmp_path: Path) -> Iterator[str]:
    with run.database(engine_kind, tmp_path, line.district_only) as url:
        yield url


@pytest.fixture
def flood(work: Work) -> line.Flood:
    """A flood whose certain households are confirmed; nothing is planned."""
    made = line.open_flood(work)
    line.post(work, line.an_area(made, work.clock.now()))
    line.confirm_certain(work, made.incident_id)
    return made


@pytest.fixture
def officer(app: Flask, work: Work) -> FlaskClient:
    return log_in(app.test_client(), a_person(work, Role.LOGISTICS))


def text(client: FlaskClient, address: str) -> str:
    answer = client.get(address, follow_redirects=True)
    assert answer.status_code == 200, answer.get_data(as_text=True)[:2000]
    return re.sub(r"\s+", " ", answer.get_data(as_text=True))


def home(flood: line.Flood) -> str:
    return f"/kejadian/{flood.slug}/rencana/bandingkan"


def warehouse(work: Work) -> str:
    with work.read_by(line.OFFICER) as tx:
        return places(tx, kinds=(PlaceKind.WAREHOUSE,))[0].code


def test_alternatives_stand_in_the_address_before_there_is_a_plan(officer: FlaskClient, work: Work, flood: line.Flood):
    page = text(officer, home(flood))
    assert "Keluarga dengan paket lengkap" in page
    asked = {"tambah": "1", "gudang": warehouse(work)}
    answer = officer.get(home(flood), query_string=asked)
    assert answer.status_code == 303
    assert "coba=gudang" in answer.headers["Location"]
    page = text(officer, answer.headers["Location"])
    assert "Pilihan A" in page and "tidak dapat dipakai" in page and "lebih buruk" in page
    assert "Stok, gudang, titik, dan bagian desa di sini andaian" in page
    assert ">Pakai pilihan ini<" not in page
    more = {**asked, "gudang": "", "coba": f"gudang={warehouse(work)}", "barang": "beras", "jumlah": "500",
            "gudang_stok": warehouse(work), "pada": "0"}  # fmt: skip
    joined = officer.get(home(flood), query_string=more)
    assert joined.headers["Location"].count("coba=") == 1, "one alternative may change several things"
    who = text(officer, f"{answer.headers['Location']}&siapa=A")
    assert "Siapa yang berubah dengan pilihan A" in who
    assert re.search(r"KEL-|UJI|K\d", who)


@pytest.mark.parametrize(
    "wrong", [
        "coba=entah", "coba=aturan%3D2026-99", "coba=stok%3DG1%2Aberas%2Ax", "coba=standar%3Dbukan",
        f"coba=bagian%3D{'0' * 8}5{'9' * 6}", f"coba=bagian%3D{'9' * 5000}", f"coba=daya%3DT1%2A{'9' * 5000}",
        f"tambah=1&pada={'9' * 5000}&coba=bagian%3D300",
    ], ids=range(8),
)  # fmt: skip
def test_an_address_that_says_nothing_known_is_refused_in_words(officer: FlaskClient, flood: line.Flood, wrong: str):
    assert officer.get(f"{home(flood)}?{wrong}").status_code in (404, 422)


def test_what_is_typed_wrong_is_said_at_its_field(officer: FlaskClient, flood: line.Flood):
    empty = officer.get(home(flood), query_string={"tambah": "1"})
    assert empty.status_code == 422 and "Pilih sedikitnya satu hal" in empty.get_data(as_text=True)
    half = officer.get(home(flood), query_string={"tambah": "1", "jumlah": "banyak"})
    assert half.status_code == 422 and "f-barang" in half.get_data(as_text=True)


def test_the_draft_is_planned_anew_with_a_version_that_a_second_person_approved(
    officer: FlaskClient, work: Work, flood: line.Flood
):
    planned = line.plan(work, flood.incident_id)
    with work.by(line.OFFICER) as tx:
        rule_id = declare_rule(tx, POOREST)
        version = f"{tx.today.year}-1"
    page = text(officer, f"{home(flood)}?coba=aturan%3D{version}")
    assert "Urutan ini baru usulan" in page
    refused = send(officer, f"{home(flood)}/pakai", {"coba": f"aturan={version}"})
    assert refused.status_code == 303 and "bandingkan" in refused.headers["Location"]
    with work.by(line.HEAD) as tx:
        put_rule_in_force(tx, rule_id)
    page = text(officer, f"{home(flood)}?coba=aturan%3D{version}")
    assert ">Pakai pilihan ini<" in page
    done = send(officer, f"{home(flood)}/pakai", {"coba": f"aturan={version}"})
    assert done.status_code == 303 and done.headers["Location"].endswith("/rencana")
    with work.read_by(line.OFFICER) as tx:
        (plan,) = plans_of(tx, planned.round_id)
    assert plan.rule_version == version and plan.is_fitted


def test_an_approved_plan_is_worked_out_again_and_its_alternatives_are_for_study(
    officer: FlaskClient, work: Work, flood: line.Flood
):
    planned = line.plan(work, flood.incident_id)
    line.approve(work, planned.round_id)
    page = text(officer, f"{home(flood)}?coba=gudang%3D{warehouse(work)}")
    assert "Rencana ini disetujui" in page
    assert "Sama untuk" in page
    assert "untuk dipelajari saja" in page


def test_a_machine_asks_for_the_proof_of_an_approved_plan(app: Flask, work: Work, flood: line.Flood):
    planned = line.plan(work, flood.incident_id)
    line.approve(work, planned.round_id)
    address = f"/api/v1/rounds/{planned.round_id}/proof"
    answer = app.test_client().get(address, headers=a_token(work, Role.AUDITOR))
    assert answer.status_code == 200, answer.text
    ((run,),) = (plan["runs"] for plan in answer.get_json()["plans"])
    assert run["is_same"] and run["is_untouched"]


def test_a_terms_distribution_is_compared_as_a_week_is(officer: FlaskClient, work: Work):
    term_id = term_line.open_term(work)
    term_line.put_on_list(work, term_id, most=3)
    term_line.determine(work, term_id)
    with work.read_by(line.OFFICER) as tx:
        term = term_by_id(tx, term_id)
        days = Period(tx.today, tx.today + timedelta(days=2))
    here = f"/bansos/{term.programme_slug}/{term.no}/rencana"
    assert "Hari pembagiannya belum dipilih" in text(officer, f"{here}/bandingkan")
    with work.by(line.OFFICER) as tx:
        plan_the_term(tx, term, days)
    page = text(officer, f"{here}/bandingkan?coba=gudang%3D{warehouse(work)}")
    assert "lebih buruk" in page and "Pilihan A" in page
    assert "Bandingkan pilihan" in text(officer, here)
    done = send(officer, f"{here}/bandingkan/pakai", {"coba": f"aturan={BUILT_IN.version}"})
    assert done.status_code == 303 and done.headers["Location"].endswith("/rencana")


def test_who_only_serves_does_not_compare(app: Flask, work: Work, flood: line.Flood):
    village = log_in(app.test_client(), a_person(work, Role.VILLAGE, username="desa", village=line.F))
    assert village.get(home(flood)).status_code == 403


def test_a_machine_compares_and_nothing_is_written(app: Flask, work: Work, flood: line.Flood):
    token, code = a_token(work, Role.LOGISTICS), warehouse(work)
    address = f"/api/v1/incidents/{flood.incident_id}/plan-comparisons"
    body = {
        "alternatives": [
            {"closed_warehouse_codes": [code]},
            {"stock": [{"place_code": code, "item_code": "beras", "quantity": "500", "is_less": True}], "floor": 250},
        ]
    }
    answer = app.test_client().post(address, json=body, headers=token)
    assert answer.status_code == 200, answer.text
    told = answer.get_json()
    base, (first, second) = told["base"], told["alternatives"]
    assert base["outcome"]["households"] == first["outcome"]["households"] == base["outcome"]["whole"]
    assert first["outcome"]["waits"] == first["comparison"]["worse"] == base["outcome"]["households"]
    assert second["outcome"]["floor_permille"] == 250 and not second["can_be_taken"]
    with work.read_by(line.OFFICER) as tx:
        assert week.current_round(tx, flood.incident_id) is None
    assert (
        app.test_client().post(address, json={"alternatives": [{"rule_version": "1999-1"}]}, headers=token).status_code
        == 404
    )
