"""Duplicate households by page and by machine: side by side, two people, undone; no number in any address or page."""

from __future__ import annotations

import re
from collections.abc import Iterator
from uuid import UUID

import pytest
from flask import Flask
from flask.testing import FlaskClient

from core.actor import Role
from core.work import Work
from registry_link.households.commands import HouseholdRow
from registry_link.identity import queries
from registry_link.identity.jobs import search_pairs
from tests.registry_link.identity.test_identity import OFFICE, ROWS
from tests.registry_link.people import SAUM, WOWON, kk, merge, nik, with_regions
from tests.routes.asking import key, log_in, send
from tests.support.builders import a_person, a_token, an_office

WHY = "KTP aslinya dilihat di kantor desa"


@pytest.fixture
def office(work: Work) -> Iterator[Work]:
    with_regions(work)
    an_office(work)
    rows: tuple[HouseholdRow, ...] = ROWS
    merge(work, rows)
    search_pairs(work, OFFICE)
    a_person(work, Role.LOGISTICS, username="satu")
    a_person(work, Role.LOGISTICS, username="dua")
    yield work


def pairs_on(page: str) -> list[UUID]:
    return [UUID(one) for one in dict.fromkeys(re.findall(r'/registri/ganda/([0-9a-f-]{36})"', page))]


def clicked(client: FlaskClient, pair: str, act: str) -> str:
    found = re.search(rf'action="(/registri/ganda/usulan/[0-9a-f-]+/{act})"', client.get(pair).get_data(as_text=True))
    assert found, act
    return found[1]


def test_two_people_merge_and_undo_on_the_page(app: Flask, office: Work) -> None:
    one, other = log_in(app.test_client(), "satu"), log_in(app.test_client(), "dua")
    listed = one.get("/registri/ganda").get_data(as_text=True)
    assert "NIK sama" in listed and "Nama mirip" in listed
    by_name = one.get("/registri/ganda?bukti=nama").get_data(as_text=True)
    (pair_id,) = pairs_on(by_name)
    pair = f"/registri/ganda/{pair_id}"
    side_by_side = one.get(pair).get_data(as_text=True)
    assert "nama dan tanggal lahir sama" in side_by_side and "Ani Contoh" in side_by_side
    assert not [number for number in (nik(2), kk(7)) if number in side_by_side + listed]
    stays = re.search(r'name="survivor_id" value="([0-9a-f-]+)"', side_by_side)
    assert stays
    wrong = send(one, f"{pair}/usul", {"verdict": "merge", "survivor_id": stays[1], "note": "ya"}, pair)
    assert wrong.status_code == 422
    typed = {"verdict": "merge", "survivor_id": stays[1], "note": WHY}
    assert send(one, f"{pair}/usul", typed, pair).status_code == 303
    assert "orang lain yang memutuskan" in one.get(pair).get_data(as_text=True)
    assert send(other, clicked(other, pair, "setujui"), {"note": ""}, pair).status_code == 303
    assert "Kini satu keluarga" in one.get(pair).get_data(as_text=True)
    assert pair_id in pairs_on(one.get("/registri/ganda?keadaan=digabung").get_data(as_text=True))
    assert send(one, f"{pair}/usul", {"verdict": "undo", "note": WHY}, pair).status_code == 303
    assert send(other, clicked(other, pair, "setujui"), {"note": ""}, pair).status_code == 303
    assert pair_id in pairs_on(one.get("/registri/ganda").get_data(as_text=True))


def test_naming_two_by_their_codes(app: Flask, office: Work) -> None:
    one = log_in(app.test_client(), "satu")
    codes = re.findall(r"KEL-[0-9]+-[0-9]", one.get("/registri/ganda").get_data(as_text=True))
    form = "/registri/ganda/bandingkan"
    made = send(one, form, {"first_code": codes[0], "second_code": codes[1]}, form)
    assert made.status_code == 303 and "/registri/ganda/" in made.headers["Location"]
    wrong = send(one, form, {"first_code": codes[0], "second_code": "KEL-999999-9"}, form)
    assert wrong.status_code == 422 and "KEL-999999-9" in wrong.get_data(as_text=True)


def test_machines_do_the_same(app: Flask, office: Work) -> None:
    client = app.test_client()
    one, other, village = (
        a_token(office, Role.LOGISTICS), a_token(office, Role.LOGISTICS), a_token(office, Role.VILLAGE, village=WOWON)
    )  # fmt: skip
    address = "/api/v1/household-pairs"
    found = client.get(address, headers=one, query_string={"evidence": "nik"}).get_json()
    assert found["total"] == 1
    pair = found["pairs"][0]
    assert client.get(f"{address}/{pair['id']}", headers=village).status_code == 404
    order = {"verdict": "merge", "survivor_id": pair["first"]["id"], "reason": f"NIK {nik(2)}"}
    refused = client.post(f"{address}/{pair['id']}/proposals", headers={**one, **key()}, json=order)
    assert refused.status_code == 422 and refused.get_json()["code"] == "privacy.number_in_text"
    made = client.post(
        f"{address}/{pair['id']}/proposals", headers={**one, **key()}, json={**order, "reason": WHY}
    ).get_json()
    proposal = f"{address}/proposals/{made['proposals'][0]['id']}"
    own = client.post(f"{proposal}/approval", headers={**one, **key()}, json={})
    assert own.status_code == 409 and own.get_json()["code"] == "identity.own"
    done = client.post(f"{proposal}/approval", headers={**other, **key()}, json={"note": "Sesuai"})
    assert done.status_code == 200 and done.get_json()["survivor_id"] == pair["first"]["id"]
    again = client.post(f"{proposal}/refusal", headers={**other, **key()}, json={"note": "Ternyata bukan"})
    assert again.status_code == 409
    asked = client.post(f"{address}/searches", headers={**one, **key()})
    assert asked.status_code == 202
    named = client.post(
        address, headers={**village, **key()}, json={"first_code": pair["first"]["code"], "second_code": "X"}
    )
    assert named.status_code == 422
    assert client.get(address, headers=a_token(office, Role.VILLAGE, village=SAUM)).get_json()["total"] == 1


def test_a_further_card_is_noted_and_never_shown_whole(app: Flask, office: Work) -> None:
    one, number = log_in(app.test_client(), "satu"), kk(77)
    with office.read_by(OFFICE) as tx:
        household_id = queries.pairs(tx).lines[0].first.id
    page = f"/registri/ganda/kartu/{household_id}"
    assert page in one.get(f"/registri/keluarga/{household_id}").get_data(as_text=True)
    wrong = send(one, page, {"kk": number[:15]}, page)
    assert wrong.status_code == 422 and number[:15] not in wrong.get_data(as_text=True)
    for _twice in range(2):
        assert send(one, page, {"kk": number, "form_key": "kartu-pertama"}, page).status_code == 303
    shown = one.get(page).get_data(as_text=True)
    assert number[-4:] in shown and number not in shown
    other = {"kk": kk(78), "form_key": "kartu-pertama"}
    assert send(one, page, other, page).status_code == 422, "a key tells one number from another"
    client, header = app.test_client(), a_token(office, Role.LOGISTICS)
    address = f"/api/v1/households/{household_id}/cards"
    again = client.post(address, headers={**header, **key()}, json={"kk": number})
    assert again.status_code == 409 and again.get_json()["code"] == "card.known"
    (card,) = client.get(address, headers=header).get_json()["cards"]
    dropped = client.post(
        f"/api/v1/households/cards/{card['id']}/removal", headers={**header, **key()}, json={"note": "Salah ketik"}
    )
    assert dropped.get_json() == {"id": str(household_id)}
    assert send(one, page, {"kk": number, "form_key": "kartu-kedua"}, page).status_code == 303
    drop = re.search(r"/registri/ganda/kartu/hapus/[0-9a-f-]{36}", one.get(page).get_data(as_text=True))
    assert drop
    short = send(one, drop[0], {"note": "eh", "form_key": "lepas-pertama"}, page)
    assert short.status_code == 422 and "data-reopen" in short.get_data(as_text=True)
    for _twice in range(2):
        gone = send(one, drop[0], {"note": "Salah ketik", "form_key": "lepas-kedua"}, page)
        assert (gone.status_code, gone.location) == (303, page)
    assert client.get(address, headers=header).get_json() == {"cards": []}
