"""The registry's way by page and by machine: a file applied by another, a walk from door to door, a proposal."""

from __future__ import annotations

import io
import re
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from core.actor import Role
from core.audit import AccessRow, AuditRow
from core.clock import FixedClock
from core.work import Work
from registry_link.households.models import Household
from registry_link.households.states import LinkAct, LinkState, Sex
from registry_link.links import counting
from registry_link.links.commands import SendVillage, send_village
from registry_link.links.jobs import count_links
from registry_link.privacy.queries import AskExposure, exposure
from registry_link.proposals import commands as proposals
from registry_link.proposals.states import ProposalKind, ProposalReason
from tests.registry_link.links.test_links import home, member, rows, state, to_field
from tests.registry_link.people import OFFICE, OLILIT, SAUM, merge, nik, with_regions
from tests.routes.asking import key, log_in, send
from tests.support.builders import PASSWORD, a_person, a_token, an_actor, an_office

PAPER = {"basis_no": "470/1/DKC", "basis_on": "02/11/2026"}
ON = date(2026, 11, 2)
WIRE = {"basis_no": "BA 3", "basis_on": "2026-11-02"}


@pytest.fixture
def registry(work: Work) -> Work:
    an_office(work)
    with_regions(work)
    merge(work, rows())
    return work


def shown(client: FlaskClient, address: str) -> str:
    answer = client.get(address)
    assert answer.status_code == 200, answer.status_code
    return answer.get_data(as_text=True)


def told(answer: TestResponse) -> dict[str, Any]:
    assert answer.json is not None
    found: dict[str, Any] = answer.json
    return found


def test_a_file_is_sent_by_one_and_applied_by_another(client: FlaskClient, registry: Work):
    a_person(registry, Role.LOGISTICS, username="logistik")
    a_person(registry, Role.HEAD, username="kepala")
    page = "/registri/dukcapil"
    log_in(client, "logistik")
    assert "Belum ada hasil Dukcapil" in shown(client, page)
    empty = send(client, page, {**PAPER, "basis_no": ""}, from_page=page)
    assert empty.status_code == 422
    content = f"NIK;Status\n{nik(10)};Padan\n{nik(500)};Padan\n".encode()
    answer = send(client, page, {**PAPER, "file": (io.BytesIO(content), "hasil.csv")}, from_page=page)
    assert answer.status_code == 303, answer.get_data(as_text=True)
    told = shown(client, answer.location)
    assert "Anda yang mengunggah berkas ini" in told
    assert nik(10) not in told
    assert f"••••{nik(10)[-4:]}" in told
    back = client.get(f"{answer.location}/ditolak").get_data(as_text=True)
    assert nik(500) in back and "Kesalahan" in back
    client = log_in(client.application.test_client(), "kepala")
    form_key = re.search(r'name="form_key" value="([0-9a-f]+)"', shown(client, answer.location))
    assert form_key
    done = send(client, f"{answer.location}/terapkan", {"form_key": form_key[1]})
    assert done.status_code == 303
    assert "Hasil 1 orang diterapkan pada 1 keluarga" in shown(client, answer.location)
    assert state(registry, home(registry)).value == "dukcapil_matched"
    assert "Dukcapil: padan" in shown(client, f"/registri/tautan/keluarga/{home(registry)}")


def test_the_file_for_the_civil_registry_wants_a_reason_and_the_password_and_comes_back(
    client: FlaskClient, registry: Work, fixed_clock: FixedClock
):
    """Only whom nobody has judged yet stands in it; the look and the purpose are kept, a machine gets counts alone."""
    a_person(registry, Role.LOGISTICS, username="logistik")
    page = "/registri/dukcapil"
    log_in(client, "logistik")
    assert "Tidak ada keluarga yang menunggu" in shown(client, page)
    nobody = send(client, f"{page}/permohonan", {"note": "Pemadanan triwulan", "bentuk": "csv"}, from_page=page)
    assert nobody.status_code == 422 and "Tidak ada NIK yang menunggu" in nobody.get_data(as_text=True)
    with registry.by(OFFICE) as tx:
        order = SendVillage(
            act=LinkAct.CHECK, village_code=SAUM, states=(LinkState.IMPORTED,), basis_no="1", basis_on=ON
        )
        assert send_village(tx, order) == 2
    assert "2 keluarga di 1 desa menunggu" in shown(client, page)
    fixed_clock.advance(timedelta(minutes=16))
    asked = {"note": "Pemadanan triwulan", "bentuk": "csv", "village_code": SAUM}
    for wrong in ({"password": "salah"}, {"password": PASSWORD, "note": "x"}, {"password": PASSWORD, "note": nik(1)}):
        refused = send(client, f"{page}/permohonan", {**asked, **wrong}, from_page=page)
        assert refused.status_code == 422
        assert nik(10) not in refused.get_data(as_text=True)
    given = send(client, f"{page}/permohonan", {**asked, "password": PASSWORD}, from_page=page)
    assert (given.status_code, given.headers["Cache-Control"]) == (200, "no-store")
    lines = given.get_data(as_text=True).splitlines()
    assert [one.split(";")[1].strip('"') for one in lines if "Contoh" in one] == [
        one for n in (10, 30) for one in (nik(n), nik(n + 1, date(1990, 5, 5), Sex.FEMALE))
    ]  # fmt: skip
    with registry.read_by(OFFICE) as tx:
        looks = tx.session.scalars(sa.select(AccessRow.count).where(AccessRow.purpose == "dukcapil_request")).all()
        noted = tx.session.scalars(sa.select(AuditRow.reason).where(AuditRow.action == "dukcapil.request")).all()
    assert (list(looks), list(noted)) == ([2], ["Pemadanan triwulan"])
    machine = client.get("/api/v1/registry/dukcapil-waiting", headers=a_token(registry, Role.LOGISTICS))
    assert machine.json == {"villages": [{"village_code": SAUM, "households": 2}]}


def test_a_village_operator_is_told_how_many_stand_where_in_the_own_village_alone(
    client: FlaskClient, registry: Work
) -> None:
    a_person(registry, Role.VILLAGE, username="desa", village=SAUM)
    a_person(registry, Role.LOGISTICS, username="logistik")
    page = "/registri/tautan"

    def figures(answer: str) -> int:
        """Add up the households of the table of steps."""
        body = answer.split('id="stages"')[1].split("</table>")[0] if 'id="stages"' in answer else ""
        return sum(int(one) for one in re.findall(r'data-label="Keluarga"><div>(\d+)<', body))

    log_in(client, "desa")
    assert figures(shown(client, page)) == 2
    assert figures(shown(client, f"{page}?desa={OLILIT}")) == 0
    assert "Olilit" not in shown(client, page)
    office = log_in(client.application.test_client(), "logistik")
    assert figures(shown(office, page)) == 3
    assert figures(shown(office, f"{page}?desa={OLILIT}")) == 1
    token = a_token(registry, Role.VILLAGE, village=SAUM)
    machine = client.application.test_client().get("/api/v1/registry/links", headers=token)
    assert [one["households"] for one in told(machine)["counts"]] == [2]
    assert told(machine)["counted_at"].startswith("2026-11-16T")


def test_the_counts_of_a_very_large_office_say_when_they_were_made(
    client: FlaskClient, registry: Work, monkeypatch: pytest.MonkeyPatch
) -> None:
    a_person(registry, Role.LOGISTICS, username="logistik")
    log_in(client, "logistik")
    assert "Dihitung" not in shown(client, "/registri/tautan")
    monkeypatch.setattr(counting, "COUNTED_AT_ONCE", 0)
    assert count_links(registry, OFFICE) == "2 counts"
    assert "Dihitung 16 November 2026" in shown(client, "/registri/tautan")
    assert "Dihitung" not in shown(client, f"/registri/tautan?desa={SAUM}")


def test_a_field_officer_walks_his_village_and_sees_no_other(client: FlaskClient, registry: Work):
    to_field(registry)
    a_person(registry, Role.FIELD, username="lapangan", village=SAUM)
    log_in(client, "lapangan")
    assert "Kel. Saum" in shown(client, "/registri/verifikasi")
    walk = shown(client, f"/registri/verifikasi/{SAUM}")
    doors = list(dict.fromkeys(re.findall(rf"/registri/verifikasi/{SAUM}/[0-9a-f-]+", walk)))
    assert len(doors) == 2
    door = shown(client, doors[0])
    assert "Yohanes Contoh1" in door and "Rumah 1 dari 2" in door and "NIK" not in door.replace("Jangan tulis NIK", "")
    number = send(client, doors[0], {"outcome": "moved", "note": f"NIK {nik(10)}"}, from_page=doors[0])
    assert number.status_code == 422
    done = send(client, doors[0], {"outcome": "verified", "note": ""}, from_page=doors[0])
    assert (done.status_code, done.location) == (303, doors[1])
    done = send(client, doors[1], {"outcome": "deceased", "note": ""}, from_page=doors[1])
    assert done.location == f"/registri/verifikasi/{SAUM}"
    assert "Semua sudah didatangi" in shown(client, done.location)
    other = home(registry, "h2")
    assert client.get(f"/registri/verifikasi/{SAUM}/{other}").status_code == 404
    assert client.get("/registri/tautan").status_code == 403


def test_deaths_and_moves_are_recorded_with_a_paper(client: FlaskClient, registry: Work):
    a_person(registry, Role.VILLAGE, username="desa", village=SAUM)
    log_in(client, "desa")
    way = f"/registri/tautan/keluarga/{home(registry)}"
    head = re.search(r'<option value="([0-9a-f-]+)">Yohanes', shown(client, way))
    heir = re.search(r'<option value="([0-9a-f-]+)">Maria', shown(client, way))
    assert head and heir
    fields = {**PAPER, "member_id": head[1], "event_on": "01/11/2026"}
    refused = send(client, f"{way}/meninggal", fields, from_page=way)
    assert refused.status_code == 422
    page = refused.get_data(as_text=True)
    assert "Pilih kepala keluarga yang baru" in page
    dialog = page[page.index('<dialog id="die"') : page.index("</dialog>", page.index('<dialog id="die"'))]
    assert "data-reopen" in dialog and f'value="{head[1]}" selected' in dialog and 'value="01/11/2026"' in dialog
    assert page.count("data-reopen") == 1 and page.count('value="01/11/2026"') == 1, "the other dialogs stay empty"
    assert send(client, f"{way}/meninggal", {**fields, "successor_id": heir[1]}, from_page=way).status_code == 303
    with registry.read_by(OFFICE) as tx:
        name = tx.session.scalar(sa.select(Household.head_name).where(Household.id == home(registry)))
    assert name == "Maria Contoh1"
    data = f"/registri/keluarga/{home(registry)}"
    assert "tidak tinggal di sini lagi" not in shown(client, data)
    moved = send(client, f"{way}/pindah", {**PAPER, "kind": "moved_out", "event_on": "01/11/2026"}, from_page=way)
    assert moved.status_code == 303
    assert "tidak tinggal di sini lagi" in shown(client, data)
    page = shown(client, way)
    assert "Tidak tinggal di sini lagi" in page
    last = re.search(r'name="departure_id" value="([0-9a-f-]+)"', page)
    assert last
    for key_ in ("klik-satu-dua", "klik-satu-dua", "tab-yang-lain"):  # two clicks, and a page that was open before
        undone = {"departure_id": last[1], "form_key": key_}
        assert send(client, f"{way}/batal", undone, from_page=way).status_code == 303
    page = shown(client, way)
    assert "Tidak tinggal di sini lagi" not in page and "Meninggal" in page
    assert page.count("dibatalkan</") == 1, "the death before the move stands"
    assert client.get(f"/registri/tautan/keluarga/{home(registry, 'h2')}").status_code == 404


def test_one_person_moves_into_a_household_of_his_own_by_page_and_machine(client: FlaskClient, registry: Work):
    a_person(registry, Role.LOGISTICS, username="logistik")
    log_in(client, "logistik")
    way = f"/registri/tautan/keluarga/{home(registry)}"
    page = shown(client, way)
    wife = re.search(r'<option value="([0-9a-f-]+)">Maria', page)
    code = re.search(r"KEL-[0-9]+-[0-9]", shown(client, f"/registri/tautan/keluarga/{home(registry, 'h3')}"))
    assert wife and code and "Pindahkan satu anggota" in page
    fields = {**PAPER, "member_id": wife[1], "event_on": "01/11/2026", "relation": "other"}
    refused = send(client, f"{way}/pindah-anggota", {**fields, "to_code": "KEL-999999-9"}, from_page=way)
    assert refused.status_code == 422 and "tidak ditemukan" in refused.get_data(as_text=True)
    moved = send(client, f"{way}/pindah-anggota", {**fields, "address": "Jalan Baru 7"}, from_page=way)
    assert moved.status_code == 303
    new = shown(client, moved.location)
    assert "Datang dari keluarga lain" in new and "Jalan Baru 7" in new and "Maria Contoh1" in new
    assert "Pindah ke keluarga lain" in shown(client, way)
    body = {"member_id": str(member(registry, "w2")), "event_on": "2026-11-01", "to_code": code[0], **WIRE}
    answer = client.post(
        f"/api/v1/registry/households/{home(registry, 'h2')}/departures/member", json=body,
        headers={**a_token(registry, Role.LOGISTICS), **key()},
    )  # fmt: skip
    assert (answer.status_code, told(answer)["to_code"], told(answer)["is_new"]) == (201, code[0], False)
    assert "Maria Contoh2" in shown(client, f"/registri/tautan/keluarga/{home(registry, 'h3')}")


def test_machines_go_the_whole_way_of_a_proposal(client: FlaskClient, registry: Work):
    api, here = "/api/v1/registry", str(home(registry))
    officer, village = a_token(registry, Role.LOGISTICS), a_token(registry, Role.VILLAGE, village=SAUM)
    body = {"act": "visit", "village_code": SAUM, "states": ["imported"], **WIRE}
    sent = client.post(f"{api}/links/sending", json=body, headers={**officer, **key()})
    assert sent.json == {"households": 2}
    visit = {"household_id": here, "outcome": "verified"}
    seen = client.post(f"{api}/field-visits", json=visit, headers={**village, **key()})
    assert seen.json == {"state": "field_verified"}
    order = {"kind": "add", "household_id": here, "reason": "poor", **WIRE}
    assert client.post(f"{api}/proposals", json=order, headers={**officer, **key()}).status_code == 403
    once = key()
    made = client.post(f"{api}/proposals", json=order, headers={**village, **once})
    assert (made.status_code, told(made)["state"]) == (201, "proposed")
    again = client.post(f"{api}/proposals", json=order, headers={**village, **once})
    assert told(again)["id"] == told(made)["id"]
    second = client.post(f"{api}/proposals", json=order, headers={**village, **key()})
    assert (second.status_code, told(second)["code"]) == (409, "link_proposal.open")
    proposal = f"{api}/proposals/{UUID(told(made)['id'])}"
    assert told(client.post(f"{proposal}/verification", headers={**officer, **key()}))["state"] == "verified"
    listed = told(client.get(f"{api}/links?state=accepted", headers=officer))
    assert [one["household_id"] for one in listed["households"]] == [here]
    way = told(client.get(f"{api}/households/{here}/links", headers=village))
    assert [one["act"] for one in way["steps"]] == ["accept", "propose", "verify", "visit"]
    refused = client.post(f"{api}/submissions", headers={**officer, **key()})
    assert told(refused)["code"] == "link_proposal.none_determined"


def test_the_ministrys_file_takes_a_reason_and_the_password_and_is_logged_as_whole_numbers(
    client: FlaskClient, registry: Work, fixed_clock: FixedClock
):
    for role, name in ((Role.LOGISTICS, "logistik"), (Role.AUDITOR, "pemeriksa")):
        a_person(registry, role, username=name)
    village, officer, head = an_actor(Role.VILLAGE, village=SAUM), an_actor(Role.LOGISTICS), an_actor(Role.HEAD)
    with registry.by(village) as tx:
        proposed = proposals.propose(tx, proposals.Propose(
            kind=ProposalKind.REMOVE, household_id=home(registry), reason=ProposalReason.GRADUATED,
            basis_no="BA 3", basis_on=ON,
        ))  # fmt: skip
    with registry.by(officer) as tx:
        proposals.verify(tx, proposed)
    with registry.by(head) as tx:
        proposals.determine(tx, proposals.Determine(proposal_ids=(proposed,), decree_no="SK 4", decree_on=ON))
    with registry.by(officer) as tx:
        sent = proposals.submit(tx)
    log_in(client, "logistik")
    page = f"/registri/usulan/daftar/{sent.id}"
    assert "Kata sandi Anda" not in shown(client, page)
    fixed_clock.advance(timedelta(minutes=16))
    assert "Kata sandi Anda" in shown(client, page)
    asked = {"note": "Dikirim ke Pusdatin", "reason": "csv"}
    refused = send(client, f"{page}/berkas", {**asked, "password": "bukan sandinya"}, from_page=page)
    assert refused.status_code == 422
    assert nik(10) not in refused.get_data(as_text=True)
    given = send(client, f"{page}/berkas", {**asked, "password": PASSWORD}, from_page=page)
    assert (given.status_code, given.mimetype) == (200, "text/csv")
    assert nik(10) in given.get_data(as_text=True)
    assert given.headers["Cache-Control"] == "no-store"
    with registry.read_by(an_actor(Role.AUDITOR)) as tx:
        who = tx.session.scalars(sa.select(AccessRow.actor_id).where(AccessRow.purpose == "submission")).one()
        since = registry.clock.now() - timedelta(hours=1)
        seen = exposure(tx, AskExposure(actor_id=who, since=since, until=since + timedelta(hours=2))).seen
    assert [one.is_revealed for one in seen if one.household_id == home(registry)] == [True]
    machine = a_token(registry, Role.LOGISTICS)
    for gone in (f"/api/v1/registry/submissions/{sent.id}/file", "/api/v1/privacy/copies"):
        assert client.post(gone, json={}, headers={**machine, **key()}).status_code == 404
