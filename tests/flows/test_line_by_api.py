"""The whole line through the API alone, with tokens: BPBD posts, the officer confirms and plans, another approves, the
warehouse sends, the field officer hands over, anybody checks the receipt. Replays change nothing, refusals neither."""

from __future__ import annotations

import json
from uuid import UUID

import pytest
from flask import Flask
from flask.testing import FlaskClient

from core.actor import Role
from core.crypto import ring
from core.work import Work
from logistics.packages.queries import package
from routes.checks import prove_all
from stock.places.queries import places
from tests.flows import line
from tests.flows.district import WEST
from tests.flows.machines import Machine, must_refuse, rows
from tests.support.builders import SYSTEM, a_token

INCIDENT = {"name": "Banjir Contoh", "hazard": "flood", "started_at": "2026-11-16T06:10:00+09:00"}
DECREE = {
    "number": "SK 1", "dated_on": "2026-11-16", "first_on": "2026-11-16", "last_on": "2026-11-29", "days_said": 14
}  # fmt: skip
AREA = {
    "name": "Bantaran", "observed_at": "2026-11-16T10:00:00+09:00", "severity": "heavy",
    "outline": json.loads(line.A_AND_HALF_OF_B), "regions": [{"code": line.F, "name": "Contoh F"}],
    "counts": [{"village_code": line.F, "kind": "households", "value": 20}],
}  # fmt: skip


@pytest.fixture
def machines(client: FlaskClient, work: Work) -> dict[str, Machine]:
    with work.read_by(SYSTEM) as tx:
        warehouse = next(one for one in places(tx) if one.code == "G1")
    issued = {
        "bpbd": a_token(work, Role.BPBD), "officer": a_token(work, Role.LOGISTICS),
        "second": a_token(work, Role.LOGISTICS), "keeper": a_token(work, Role.WAREHOUSE, place_id=warehouse.id),
        "auditor": a_token(work, Role.AUDITOR), "village": a_token(work, Role.VILLAGE, village=line.F),
    }  # fmt: skip
    return {name: Machine(client, header) for name, header in issued.items()}


def test_from_a_posted_area_to_a_verified_receipt(app: Flask, work: Work, machines: dict[str, Machine]):
    bpbd, officer, second, keeper = (machines[one] for one in ("bpbd", "officer", "second", "keeper"))

    incident = bpbd.do("/incidents", INCIDENT)
    at = f"/incidents/{incident['id']}"
    assert bpbd.do(f"{at}/decrees", DECREE)["days"] == 14
    posted = bpbd.do(f"{at}/zones", AREA)
    assert posted["no"] == 1

    # Matching followed by itself; BPBD gets numbers, the officer gets names with reasons.
    groups = officer.get(f"{at}/groups")
    assert groups["is_complete"]
    assert groups["certain"] > 20
    assert groups["probable"] > 0
    assert bpbd.get(f"{at}/affected") == {"affected": [], "total": groups["certain"] + groups["probable"]
                                          + groups["to_verify"]}  # fmt: skip
    listed = officer.get(f"{at}/affected", confidence="certain", limit="100")["affected"]
    assert len(listed) == groups["certain"]
    assert all(one["reason"] and one["head_name"] for one in listed)
    by_village = {one["village_code"]: one for one in bpbd.get(f"{at}/villages")["villages"]}
    assert by_village[line.F]["gap"] == 8

    # A person decides.
    probable = officer.get(f"{at}/affected", confidence="probable")["affected"]
    assert officer.do(f"{at}/affected/decisions", {
        "household_ids": [probable[0]["household_id"]], "is_affected": False, "reject_reason": "not_affected",
    })["changed"] == 1  # fmt: skip
    assert officer.do(f"{at}/affected/certain") == {"changed": groups["certain"]}

    # The week: need against stock, planned by one, approved by another.
    assert officer.get("/standards")["standards"][0]["state"] == "approved"
    planned = officer.do(f"{at}/plans", {})
    assert (planned["planned"], planned["waiting"], planned["shortages"]) == (groups["certain"], 0, [])
    round_at = f"/rounds/{planned['round_id']}"
    need = officer.get(f"{round_at}/need")["lines"]
    assert all(one["origin"] and float(one["short"]) == 0 for one in need)
    must_refuse(work, officer, f"{round_at}/approval", None, 409, "plan.needs_second_person")
    approved = second.do(f"{round_at}/approval")
    assert approved["packages"] == planned["planned"]

    # The warehouse sends everything it keeps, each load with its paper.
    waiting = keeper.get(f"{round_at}/to-send")["to_send"]
    assert waiting
    for one in waiting:
        sent = keeper.do(f"{round_at}/loads", {
            "post_id": one["post_id"], "serve_on": one["serve_on"], "warehouse_id": one["warehouse_id"],
            "vehicle": "Truk",
        })  # fmt: skip
        assert sent["packages"] > 0
        note = keeper.client.post(f"/api/v1/loads/{sent['load_id']}/delivery-note", headers=keeper.header)
        assert note.data.startswith(b"%PDF")

    # The post hands over.
    with work.read_by(SYSTEM) as tx:
        first = officer.get(f"{round_at}/packages")["packages"][0]
        found = package(tx, UUID(first["id"]))
    field = Machine(bpbd.client, a_token(work, Role.FIELD, place_id=found.row.post_id))
    assert field.client.post("/api/v1/packages/find", json={"text": found.row.code}, headers=field.header).get_json()[
        "id"
    ] == str(found.row.id)
    event = line.an_event(work, found)
    done = field.do("/handovers", {"payload": event.payload, "person": event.person})
    assert done["outcome"] == "accepted"
    paper = field.client.post(f"/api/v1/handovers/{done['handover_id']}/receipt", headers=field.header)
    assert paper.data.startswith(b"%PDF")

    # Anybody checks it, without a login; nothing of the person is on that page.
    client = app.test_client()
    token = done["verify_url"].rsplit("/", 1)[-1]
    page = client.get(f"/v/{token}")
    assert page.status_code == 200
    shown = page.get_data(as_text=True)
    assert done["number"] in shown
    assert "Contoh" in shown
    assert "Uji" not in shown, "no name of the household"
    other = "A" if token[40] != "A" else "B"
    assert client.get(f"/v/{token[:40]}{other}{token[41:]}").status_code == 404
    unknown = ring().token("R", b"0123456789")
    assert client.get(f"/v/{unknown}").get_data() == client.get("/v/NOTATOKEN").get_data()

    # Voided, the receipt says so; every book agrees at the end.
    assert officer.do(f"/handovers/{done['handover_id']}/void", {"reason": "wrong_household"})["state"] == "voided"
    assert done["number"] in client.get(f"/v/{token}").get_data(as_text=True)
    assert client.get(f"/v/{token}").get_data(as_text=True) != shown
    assert prove_all(app.extensions["tanggap"], SYSTEM) == []


def test_every_refusal_of_an_area_is_told_in_both_languages_and_changes_nothing(
    work: Work, machines: dict[str, Machine]
):
    bpbd, officer = machines["bpbd"], machines["officer"]
    incident = bpbd.do("/incidents", INCIDENT)
    at = f"/incidents/{incident['id']}"
    swapped = {"type": "Polygon", "coordinates": [[[-8.0, WEST], [-7.99, WEST], [-7.99, 131.01], [-8.0, WEST]]]}
    crossed = json.loads(line.polygon((131.0, -8.0), (131.01, -7.99), (131.01, -8.0), (131.0, -7.99)))
    for change, status, code in (
        ({"outline": swapped}, 422, "outline.swapped"),
        ({"outline": crossed}, 422, "outline.crosses_itself"),
        ({"outline": json.loads(line.box(120, -5, 120.1, -4.9))}, 422, "outline.outside_district"),
        ({"outline": {"type": "Polygon", "coordinates": []}}, 422, "outline.empty"),
        ({"outline": None, "regions": []}, 422, "zone.empty"),
        ({"regions": [{"code": line.F, "name": "Contoh A"}]}, 422, "region.code_name_differ"),
        ({"regions": [{"code": "9803002", "name": "Contoh A", "system": "bps"}]}, 422, "region.unknown_name"),
        ({"observed_at": "2026-11-17T10:00:00+09:00"}, 422, "zone.observed_in_future"),
        ({"observed_at": "2026-11-16T10:00:00"}, 422, "request.invalid"),
        ({"severity": "huge"}, 422, "request.invalid"),
        ({"colour": "blue"}, 422, "request.invalid"),
        ({"counts": [{"village_code": line.F, "kind": "households", "value": 1.5}]}, 422, "request.invalid"),
    ):
        must_refuse(work, bpbd, f"{at}/zones", {**AREA, **change}, status, code)
    must_refuse(work, machines["auditor"], f"{at}/zones", AREA, 403, "permission.missing")
    must_refuse(work, bpbd, f"/incidents/{work.ids.new()}/zones", AREA, 404, "incident.not_found")

    posted = bpbd.do(f"{at}/zones", AREA)
    must_refuse(work, bpbd, f"{at}/zones", AREA, 409, "zone.name_taken")
    revised = {**AREA, "base_no": 1, "regions": []}
    assert bpbd.do(f"/zones/{posted['zone_id']}/versions", revised)["no"] == 2
    must_refuse(work, bpbd, f"/zones/{posted['zone_id']}/versions", revised, 409, "zone.revised_meanwhile")
    assert bpbd.get(f"/zones/{posted['zone_id']}/compare", before="1", after="2")["left"]["households"] == 12
    withdrawal = f"/zones/{posted['zone_id']}/withdrawal"
    must_refuse(work, bpbd, withdrawal, {"reason": "x"}, 422, "request.invalid")
    assert bpbd.do(withdrawal, {"reason": "Salah tempat"})["state"] == "withdrawn"
    must_refuse(work, bpbd, withdrawal, {"reason": "Salah lagi"}, 409, "zone.is_withdrawn")
    must_refuse(work, officer, f"{at}/plans", {}, 409, "week.no_decree")
    bpbd.do(f"{at}/decrees", DECREE)
    must_refuse(work, officer, f"{at}/plans", {}, 409, "week.nobody_confirmed")


def test_a_key_counts_for_one_order_of_one_machine(work: Work, machines: dict[str, Machine]):
    bpbd, officer = machines["bpbd"], machines["officer"]
    assert bpbd.post("/incidents", INCIDENT, "kunci-yang-sama").status_code == 201
    before = rows(work)
    other = bpbd.post("/incidents", {**INCIDENT, "name": "Lain"}, "kunci-yang-sama")
    assert (other.status_code, other.get_json()["code"]) == (422, "idempotency.key_reused")
    assert rows(work) == before
    assert officer.post("/incidents", INCIDENT, "kunci-yang-sama").status_code == 201
    bare = bpbd.client.post("/api/v1/incidents", json=INCIDENT, headers=bpbd.header)
    assert bare.status_code == 422
    assert bare.mimetype == "application/problem+json"
    for malformed in ("short", "x" * 65, "with a space"):
        answer = bpbd.post("/incidents", INCIDENT, malformed)
        assert answer.status_code == 422, malformed


def test_a_refused_order_does_not_use_its_key_up(work: Work, machines: dict[str, Machine]):
    bpbd = machines["bpbd"]
    incident = bpbd.do("/incidents", INCIDENT)
    at = f"/incidents/{incident['id']}/decrees"
    refused = bpbd.post(at, {**DECREE, "last_on": "2026-11-01"}, "kunci-pertama")
    assert refused.status_code == 422
    assert bpbd.post(at, DECREE, "kunci-pertama").status_code == 201


def test_a_village_operator_decides_on_the_own_village_only(work: Work, machines: dict[str, Machine]):
    bpbd, village = machines["bpbd"], machines["village"]
    incident = bpbd.do("/incidents", INCIDENT)
    at = f"/incidents/{incident['id']}"
    bpbd.do(f"{at}/zones", AREA)
    seen = village.get(f"{at}/affected", limit="100")["affected"]
    assert {one["village_code"] for one in seen} == {line.F}
    known = line.households(work)
    decision = {"household_ids": [str(known["H-5-0"])], "is_affected": True}
    assert village.do(f"{at}/affected/decisions", decision)["changed"] == 1
    beside = {"household_ids": [str(known["H-0-0"])], "is_affected": True}
    must_refuse(work, village, f"{at}/affected/decisions", beside, 404, "affected.not_found")
    must_refuse(work, village, f"{at}/affected/certain", None, 403, "permission.missing")


@pytest.mark.parametrize("token", ["", "Bearer", "Bearer tgp_unknown", "Basic dWppOnVqaQ=="])
def test_without_a_good_token_nothing_is_told(client: FlaskClient, token: str):
    answer = client.get("/api/v1/incidents", headers={"Authorization": token} if token else {})
    assert answer.status_code == 401
    assert answer.mimetype == "application/problem+json"
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")
