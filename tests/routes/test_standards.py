"""Pengaturan → Standar paket: a draft from an old version line by line, examples, coverage, import, age classes."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from io import BytesIO
from uuid import UUID

import pytest
from flask import Flask
from flask.testing import FlaskClient

from core.actor import Role
from core.work import Work
from logistics.packages.standard_queries import StandardView, standard, standards, versions
from logistics.packages.standards import approve_standard, seed_default_standard
from logistics.packages.states import StandardState
from registry_link.households.ages import thresholds_at
from stock.items.commands import seed_items
from stock.kits.commands import seed_kits
from tests.routes.asking import key, log_in, send
from tests.support.builders import SYSTEM, a_person, a_token, an_actor, an_office

HOME = "/pengaturan/standar"
LOOKER = an_actor(Role.LOGISTICS)
PROFILE = {
    "profile": "uji", "provenance": "Profil uji",
    "resources": [
        {"Resource name": "Rice", "Default": "2.8", "Unit": "kilogram", "Unit abbreviation": "kg",
         "Frequency": "weekly"},
        {"Resource name": "Piranti pokok Keluarga", "Default": 0.2, "Unit": "", "Frequency": "mingguan"},
        {"Resource name": "Toilet", "Default": "0.05", "Unit": "", "Frequency": "tunggal"},
        {"Resource name": "Drinking Water", "Default": "17.5", "Unit": "litre", "Unit abbreviation": "l",
         "Frequency": "weekly"},
        {"Resource name": "Lampu sihir", "Default": "1", "Unit": "buah", "Frequency": "once"},
    ],
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Desk:
    officer: FlaskClient
    head: FlaskClient
    first: UUID


@pytest.fixture
def desk(app: Flask, work: Work) -> Desk:
    an_office(work)
    with work.by(SYSTEM) as tx:
        seed_items(tx)
        seed_kits(tx)
        first = seed_default_standard(tx)
    with work.by(an_actor(Role.HEAD)) as tx:
        approve_standard(tx, first)
    officer, head = (
        log_in(app.test_client(), a_person(work, role, username=role.lower())) for role in (Role.LOGISTICS, Role.HEAD)
    )
    return Desk(officer, head, first)


def fields_of(page: str) -> dict[str, str]:
    """Read a form's fields as a browser sends them."""
    found = {}
    for tag in re.findall(r"<input [^>]*>", page):
        name, value = re.search(r' name="([^"]+)"', tag), re.search(r' value="([^"]*)"', tag)
        kind = re.search(r' type="([^"]+)"', tag)
        if name and not (kind and kind[1] in ("checkbox", "radio") and " checked" not in tag):
            found[name[1]] = value[1] if value else ""
    for name, inside in re.findall(r'<select [^>]*name="([^"]+)"[^>]*>(.*?)</select>', page, re.DOTALL):
        chosen = re.search(r'value="([^"]*)" selected', inside)
        found[name] = chosen[1] if chosen else ""
    return {name: value.replace("&#39;", "'").replace("&amp;", "&") for name, value in found.items()}


def newest(work: Work) -> StandardView:
    with work.read_by(LOOKER) as tx:
        return versions(tx, "darurat-7")[0]


def test_a_new_version_is_made_from_an_old_one_in_packs_and_approved_by_another(desk: Desk, work: Work):
    page = desk.officer.get(f"{HOME}/baru?dari={desk.first}").get_data(as_text=True)
    sent = fields_of(page)
    rice = next(name for name, value in sent.items() if name.startswith("goods-") and value == "Beras")
    no = rice.rpartition("-")[2]
    sent[f"packing-{no}"] = "karung 5 kg + karung 10 kg"
    assert "remove" not in sent
    told = send(desk.officer, f"{HOME}/baru", {**sent, "preview": "1"}).get_data(as_text=True)
    assert "1 karung 10 kg + 1 karung 5 kg" in told
    assert newest(work).version == 1
    done = send(desk.officer, f"{HOME}/baru", sent)
    assert done.status_code == 303
    made = newest(work)
    assert (made.version, made.state, len(made.lines)) == (2, StandardState.DRAFT, 15)
    assert [pack.name for line in made.lines for pack in line.packs] == ["karung 10 kg", "karung 5 kg"]
    shown = desk.officer.get(done.headers["Location"]).get_data(as_text=True)
    assert "5 jiwa × 0,4 kg × 7 hari = 14 kg" in shown
    assert "Yang berubah terhadap versi 1" in shown
    assert "Setujui standar" not in shown
    assert send(desk.officer, f"{HOME}/{made.id}/setujui", {}).status_code == 403
    assert send(desk.head, f"{HOME}/{made.id}/setujui", {}).status_code == 303
    with work.read_by(LOOKER) as tx:
        assert standard(tx, desk.first).state is StandardState.RETIRED
        assert standard(tx, made.id).state is StandardState.APPROVED
    assert send(desk.officer, f"{HOME}/{made.id}/tarik", {}).status_code == 403
    assert send(desk.head, f"{HOME}/{made.id}/tarik", {}).status_code == 303


def test_a_wrong_line_is_named_at_its_field_and_lines_come_and_go_without_a_script(desk: Desk, work: Work):
    sent = fields_of(desk.officer.get(f"{HOME}/baru?dari={desk.first}").get_data(as_text=True))
    sent |= {"goods-2": "Xyzzyq", "rate-3": "banyak", "packing-4": "peti emas", "to-5": "0"}
    wrong = send(desk.officer, f"{HOME}/baru", sent)
    page = wrong.get_data(as_text=True)
    assert wrong.status_code == 422
    for field in ("goods-2", "rate-3", "packing-4", "to-5"):
        assert f'href="#f-{field}"' in page
        assert f'id="e-{field}"' in page
    assert "Xyzzyq" in page
    more = fields_of(send(desk.officer, f"{HOME}/baru", {**sent, "more": "1"}).get_data(as_text=True))
    assert more["lines"] == "16"
    fewer = fields_of(send(desk.officer, f"{HOME}/baru", {**sent, "remove": "2"}).get_data(as_text=True))
    assert (fewer["lines"], fewer["rate-2"]) == ("14", "banyak")
    # A line of one item that rounds otherwise than the first: named where it can be mended.
    good = fields_of(desk.officer.get(f"{HOME}/baru?dari={desk.first}").get_data(as_text=True))
    other = send(desk.officer, f"{HOME}/baru", {**good, "once-3": ""}).get_data(as_text=True)
    assert 'id="e-packing-3"' in other
    assert newest(work).version == 1


def test_a_household_is_composed_on_screen_with_its_total_surplus(desk: Desk):
    with_people = {"adults": "4", "example_households": "3"}
    asked = "&".join(f"{name}={value}" for name, value in with_people.items())
    page = desk.officer.get(f"{HOME}/{desk.first}?{asked}").get_data(as_text=True)
    assert "4 jiwa × 0,4 kg × 7 hari = 11,2 kg" in page
    assert "Untuk 3 keluarga seperti ini" in page
    assert "33,6 kg" in page and "36 kg" in page
    part = desk.officer.get(f"{HOME}/{desk.first}?{asked}", headers={"HX-Request": "true"}).get_data(as_text=True)
    assert part.lstrip().startswith('<div id="contoh"') and "<html" not in part
    wrong = desk.officer.get(f"{HOME}/{desk.first}?adults=1&elderly=2").get_data(as_text=True)
    assert 'id="e-elderly"' in wrong


def test_a_fixed_package_is_told_as_coverage_by_size(desk: Desk):
    page = desk.officer.get(f"{HOME}/{desk.first}/cakupan").get_data(as_text=True)
    rice = re.search(r"Beras.*?</tr>", page, re.DOTALL)
    assert rice is not None
    assert "71 %" in rice[0] and "59 %" in rice[0]


def test_a_profile_is_imported_row_by_row_and_nothing_is_dropped(desk: Desk, work: Work):
    assert send(desk.officer, f"{HOME}/impor", {"file": (BytesIO(b"[]"), "x.json")}).status_code == 422
    sent = send(desk.officer, f"{HOME}/impor", {"file": (BytesIO(json.dumps(PROFILE).encode()), "BNPB.json")})
    assert sent.status_code == 303
    there = sent.headers["Location"]
    page = desk.officer.get(there).get_data(as_text=True)
    assert "0,4 kg per jiwa per hari" in page
    assert "1 paket untuk setiap 5 jiwa" in page
    assert "Sarana di lokasi" in page
    refused = send(desk.officer, there, {"name_id": "Profil BNPB", "days": "7"})
    assert refused.status_code == 422
    assert 'id="e-item-4"' in refused.get_data(as_text=True) and 'id="e-item-5"' in refused.get_data(as_text=True)
    done = send(
        desk.officer, there,
        {"name_id": "Profil BNPB", "days": "7", "item-4": "-", "item-5": "kasur"},
    )  # fmt: skip
    assert done.status_code == 303
    with work.read_by(LOOKER) as tx:
        made = next(one for one in standards(tx) if one.code == "profil-bnpb")
    assert [line.item_code for line in made.lines] == ["beras", "family_kit", "kasur"]
    assert made.lines[0].source_id.startswith("Profil uji: 2.8")
    assert made.lines[2].is_once


def test_the_ages_of_the_office_change_with_a_reason_and_the_examples_follow(desk: Desk, work: Work):
    before = desk.officer.get(f"{HOME}/{desk.first}").get_data(as_text=True)
    assert "1 bayi × 1 lembar" in before
    years = {"infant_below": "1", "toddler_below": "5", "child_below": "18", "elderly_from": "60"}
    assert send(desk.officer, "/pengaturan/umur", {**years, "reason": ""}).status_code == 422
    assert send(desk.officer, "/pengaturan/umur", {**years, "reason": "Formulir BPBD"}).status_code == 303
    with work.read_by(LOOKER) as tx:
        assert thresholds_at(tx).infant_below == 1
    assert "1 bayi × 1 lembar" not in desk.officer.get(f"{HOME}/{desk.first}").get_data(as_text=True)


def test_all_of_it_by_api(app: Flask, work: Work, desk: Desk):
    officer, head = (
        a_token(work, role) for role in (Role.LOGISTICS, Role.HEAD)
    )  # fmt: skip
    client = app.test_client()
    base = "/api/v1/standards"
    line = {
        "item_code": "beras", "basis": "person", "rate": "0.4", "is_daily": True, "source_id": "uji",
        "packs": ["karung 5 kg", "karung 10 kg"],
    }  # fmt: skip
    order = {"code": "uji", "name_id": "Standar uji", "days": 7, "lines": [line]}
    unknown = client.post(base, json={**order, "lines": [{**line, "packs": ["peti"]}]}, headers={**officer, **key()})
    assert (unknown.status_code, unknown.get_json()["code"]) == (422, "standard.pack_unknown")
    made = client.post(base, json=order, headers={**officer, **key()})
    assert made.status_code == 201, made.get_json()
    body = made.get_json()
    assert (body["state"], [one["name"] for one in body["lines"][0]["packs"]]) == (
        "draft", ["karung 10 kg", "karung 5 kg"],
    )  # fmt: skip
    there = f"{base}/{body['id']}"
    assert client.get(there, headers=head).get_json() == body
    told = client.post(f"{there}/example", json={"adults": 3, "children": 2, "infants": 1}, headers=officer)
    (rice,) = told.get_json()["lines"]
    assert (rice["exact"], rice["quantity"], rice["surplus"]) == ("14", "15", "1")
    assert rice["arithmetic"][0] == "5 jiwa × 0,4 kg × 7 hari = 14 kg"
    assert [(one["count"], one["name"]) for one in rice["packs"]] == [(1, "karung 10 kg"), (1, "karung 5 kg")]
    assert client.post(f"{there}/example", json={"adults": 0}, headers=officer).status_code == 422
    covered = client.get(f"{there}/coverage?kit_code=paket_sembako", headers=officer).get_json()
    assert covered["lines"][0]["by_size"][4] == {"size": 5, "needs": "14", "permille": 714}
    assert client.post(f"{there}/approval", headers={**head, **key()}).get_json()["state"] == "approved"
    assert client.delete(there, headers={**officer, **key()}).get_json()["code"] == "standard.not_a_draft"
    assert client.post(f"{there}/retirement", headers={**head, **key()}).get_json()["state"] == "retired"
    sent: dict[str, object] = {"code": "profil", "name_id": "Profil uji", "profile": PROFILE}
    judged = client.post(f"{base}/needs-profile", json=sent, headers={**officer, **key()}).get_json()
    assert judged["standard_id"] is None
    assert [one["outcome"] for one in judged["rows"]] == [
        "taken", "taken", "not_ours", "unknown_unit", "unknown_item",
    ]  # fmt: skip
    sent["choices"] = [{"row": 4, "item_code": "-"}, {"row": 5, "item_code": "-"}]
    taken = client.post(f"{base}/needs-profile", json=sent, headers={**officer, **key()}).get_json()
    assert len(client.get(f"{base}/{taken['standard_id']}", headers=officer).get_json()["lines"]) == 2
    years = {"infant_below": 1, "toddler_below": 5, "child_below": 18, "elderly_from": 60, "reason": "Formulir BPBD"}
    assert client.post("/api/v1/age-limits", json=years, headers={**officer, **key()}).get_json()["no"] == 1
    assert [one["no"] for one in client.get("/api/v1/age-limits", headers=head).get_json()["versions"]] == [1, 0]
