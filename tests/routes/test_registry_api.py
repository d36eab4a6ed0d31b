from __future__ import annotations

import hashlib
import json

import sqlalchemy as sa
from flask.testing import FlaskClient

from core.actor import Role
from core.work import Work
from tests.flows.district import a_district
from tests.support.builders import a_token


def test_a_machine_finds_a_household_masked_and_registers_one_on_the_spot(client: FlaskClient, work: Work) -> None:
    district = a_district(work, per_village=2)
    officer = a_token(work, Role.LOGISTICS)
    answer = client.post("/api/v1/households/search", json={"text": "Uji 0-1"}, headers=officer)
    assert answer.status_code == 200
    found = answer.get_json()["households"][0]
    by_code = client.post("/api/v1/households/search", json={"text": found["code"]}, headers=officer).get_json()
    assert (by_code["households"], by_code["has_more"], by_code["exact"]) == ([found], False, None)
    shown = client.get(f"/api/v1/households/{found['id']}", headers=officer)
    assert shown.status_code == 200 and shown.get_json()["members"]
    assert not any(number in shown.text for number in district.known_numbers)
    assert all("birth" not in name for member in shown.get_json()["members"] for name in member)

    order = {"head_name": "Warga Tanpa Kartu", "village_code": district.villages[0], "adults": 2, "children": 1}
    key = {**officer, "Idempotency-Key": "warga-tanpa-kartu"}
    body = json.dumps(order).encode()
    made = client.post("/api/v1/households", data=body, content_type="application/json", headers=key)
    assert made.status_code == 201
    again = client.post("/api/v1/households", data=body, content_type="application/json", headers=key)
    assert again.get_json() == made.get_json() and again.headers["Idempotent-Replay"] == "true"
    with work.engine.connect() as connection:
        kept = connection.scalar(sa.text("SELECT body_sha256 FROM idempotency WHERE key = 'warga-tanpa-kartu'"))
    # A plain hash of an order with a NIK in it could be guessed by trying numbers.
    assert kept and kept != hashlib.sha256(body).hexdigest()


def test_a_village_s_machine_finds_its_own_people_only(client: FlaskClient, work: Work) -> None:
    district = a_district(work, per_village=2)
    own = a_token(work, Role.VILLAGE, village=district.villages[0])
    found = client.post("/api/v1/households/search", json={"text": "Uji"}, headers=own).get_json()["households"]
    assert {one["village_code"] for one in found} == {district.villages[0]}
    office = a_token(work, Role.LOGISTICS)
    other = client.post("/api/v1/households/search", json={"text": "Uji 1-0"}, headers=office).get_json()
    elsewhere = next(one for one in other["households"] if one["village_code"] != district.villages[0])
    refused = client.get(f"/api/v1/households/{elsewhere['id']}", headers=own)
    assert refused.status_code == 404 and refused.mimetype == "application/problem+json"
