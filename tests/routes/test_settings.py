"""People, roles, tokens, the office: who may change them, and what is shown once."""

from __future__ import annotations

import re
from uuid import UUID

import pytest
from flask.testing import FlaskClient

from core.accounts.queries import people
from core.actor import Role
from core.office.queries import office, signatory, templates
from core.work import Work
from stock.places.commands import AddPlace, add_place, ensure_sinks
from stock.places.kinds import PlaceKind
from tests.routes.asking import log_in, send
from tests.support.builders import SYSTEM, a_person, an_office


@pytest.fixture
def warehouse(work: Work) -> UUID:
    an_office(work)
    with work.by(SYSTEM) as tx:
        ensure_sinks(tx)
        made = add_place(tx, AddPlace(kind=PlaceKind.WAREHOUSE, code="G1", name="Gudang Satu"))
    a_person(work, Role.ADMIN, username="admin")
    return made


def person_id(work: Work, username: str) -> UUID:
    with work.read_by(SYSTEM) as tx:
        return next(one.id for one in people(tx) if one.username == username)


def roles_of(work: Work, username: str) -> set[tuple[str, str]]:
    with work.read_by(SYSTEM) as tx:
        found = next(one for one in people(tx) if one.username == username)
    return {(grant.role.value, grant.scope_id) for grant in found.grants}


def shown_once(page: str) -> str:
    found = re.search(r'<p class="big-code">([^<]+)</p>', page)
    assert found
    return found[1]


def test_an_account_is_made_with_a_password_shown_once(client: FlaskClient, work: Work, warehouse: UUID):
    log_in(client, "admin")
    order = {"username": "siti.gudang", "name": "Siti Contoh", "warehouse": str(warehouse)}
    made = send(client, "/pengaturan/orang/baru", order)
    assert made.status_code == 200
    password = shown_once(made.get_data(as_text=True))
    assert roles_of(work, "siti.gudang") == {("WHK", str(warehouse))}
    assert password not in client.get(f"/pengaturan/orang/{person_id(work, 'siti.gudang')}").get_data(as_text=True)
    other = client.application.test_client()
    log_in(other, "siti.gudang", password)
    assert other.get("/stok").headers.get("Location", "").endswith("/akun/sandi"), "the first password is changed first"


def test_an_account_without_a_role_or_with_roles_that_clash_is_refused(
    client: FlaskClient, work: Work, warehouse: UUID
):
    log_in(client, "admin")
    bare = send(client, "/pengaturan/orang/baru", {"username": "tanpa.peran", "name": "Tanpa Peran"})
    assert bare.status_code == 422
    both = {"username": "dua.peran", "name": "Dua Peran", "role": ["HEAD", "LOG"]}
    clash = send(client, "/pengaturan/orang/baru", both)
    assert clash.status_code == 422
    assert 'id="e-role"' in clash.get_data(as_text=True)
    with work.read_by(SYSTEM) as tx:
        assert {one.username for one in people(tx)} == {"admin"}


def test_roles_change_and_a_closed_account_is_out_at_once(client: FlaskClient, work: Work, warehouse: UUID):
    a_person(work, Role.LOGISTICS, username="logistik")
    other = client.application.test_client()
    log_in(other, "logistik")
    assert other.get("/stok").status_code == 200
    log_in(client, "admin")
    address = f"/pengaturan/orang/{person_id(work, 'logistik')}"
    assert send(client, f"{address}/peran", {"role": "BPBD"}).status_code == 303
    assert roles_of(work, "logistik") == {("BPBD", "")}
    assert other.get("/registri").status_code == 403
    assert send(client, f"{address}/aktif", {"is_active": "0"}).status_code == 303
    assert "/masuk" in other.get("/stok").headers["Location"]


def test_nobody_changes_their_own_roles(client: FlaskClient, work: Work, warehouse: UUID):
    log_in(client, "admin")
    address = f"/pengaturan/orang/{person_id(work, 'admin')}"
    assert "Simpan peran" not in client.get(address).get_data(as_text=True)
    assert send(client, f"{address}/peran", {"role": ["ADM", "LOG"]}).status_code == 403
    assert roles_of(work, "admin") == {("ADM", "")}


def test_an_auditor_reads_and_changes_nothing(client: FlaskClient, work: Work, warehouse: UUID):
    a_person(work, Role.AUDITOR, username="auditor")
    log_in(client, "auditor")
    page = client.get("/pengaturan").get_data(as_text=True)
    assert "Simpan data kantor" not in page
    assert "Token mesin" not in page
    people_page = client.get("/pengaturan/orang").get_data(as_text=True)
    assert "auditor" in people_page
    assert "Tambah orang" not in people_page
    assert send(client, "/pengaturan/orang/baru", {"username": "baru", "name": "Baru"}).status_code == 403
    assert send(client, "/pengaturan/kantor", {"name": "Lain"}).status_code == 403
    assert client.get("/pengaturan/token").status_code == 403


def test_a_token_works_until_it_is_revoked(client: FlaskClient, work: Work, warehouse: UUID):
    log_in(client, "admin")
    order = {"name": "Gudang Otomatis", "role": "WHK", "scope-WHK": str(warehouse), "days": "30"}
    issued = send(client, "/pengaturan/token", order)
    assert issued.status_code == 200
    token = shown_once(issued.get_data(as_text=True))
    header = {"Authorization": f"Bearer {token}"}
    machine = client.application.test_client()
    assert machine.get("/api/v1/stock/balances", headers=header).status_code == 200
    page = client.get("/pengaturan/token").get_data(as_text=True)
    assert token not in page
    revoke = re.search(r'action="(/pengaturan/token/[^"]+/cabut)"', page)
    assert revoke
    assert send(client, revoke[1], {}).status_code == 303
    assert machine.get("/api/v1/stock/balances", headers=header).status_code == 401


def test_a_token_without_its_place_or_for_the_administrator_is_not_issued(
    client: FlaskClient, work: Work, warehouse: UUID
):
    log_in(client, "admin")
    for order in ({"role": "WHK"}, {"role": "ADM"}):
        answer = send(client, "/pengaturan/token", {"name": "Mesin", "days": "30", **order})
        assert answer.status_code == 422, order
        assert "big-code" not in answer.get_data(as_text=True)


def test_the_office_its_signatories_and_numbers_are_changed(client: FlaskClient, work: Work, warehouse: UUID):
    log_in(client, "admin")
    order = {
        "name": "Dinas Sosial Baru", "short_name": "Dinsos", "address": "Jalan Baru 2", "contact": "", "seat": "Kota",
        "unit_code": "DS", "classification": "400.9", "paper_size": "F4",
    }  # fmt: skip
    assert send(client, "/pengaturan/kantor", order).status_code == 303
    signs = {"duty": "head", "signatory_name": "Hana Contoh, S.Sos.", "position": "Kepala Dinas",
             "employee_no": "19700101 199501 1 001"}  # fmt: skip
    assert send(client, "/pengaturan/penanda-tangan", signs).status_code == 303
    assert send(client, "/pengaturan/nomor", {"kind": "TT", "template": "{number}/TT/{year}"}).status_code == 303
    wrong = send(client, "/pengaturan/nomor", {"kind": "TT", "template": "TT tanpa nomor"})
    assert wrong.status_code == 422
    with work.read_by(SYSTEM) as tx:
        assert office(tx).name == "Dinas Sosial Baru"
        assert office(tx).paper_size == "F4"
        assert signatory(tx, "head").employee_no == "197001011995011001"
        assert {one.kind: one.template for one in templates(tx)} == {"TT": "{number}/TT/{year}"}


def test_whoever_changes_the_language_stays_on_the_page(client: FlaskClient, work: Work, warehouse: UUID):
    log_in(client, "admin")
    at = "/pengaturan/orang?peran=WHK"
    page = client.get(at).get_data(as_text=True)
    switch = re.search(r'action="/bahasa".*?name="next" value="([^"]+)"', page, re.DOTALL)
    assert switch and switch[1] == at
    changed = send(client, "/bahasa", {"lang": "en", "next": switch[1]})
    assert changed.location == at
    assert 'lang="en"' in client.get(at).get_data(as_text=True)
    answered = send(client, "/pengaturan/orang/baru", {"username": "tanpa.peran", "name": "Tanpa Peran"})
    assert answered.status_code == 422
    # This page is the answer to a form; its address shows nothing to whoever only opens it.
    assert 'name="next" value="/"' in answered.get_data(as_text=True)
    assert send(client, "/bahasa", {"lang": "id", "next": "//contoh.example"}).location == "/"
