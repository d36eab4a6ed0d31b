"""Handover through the API alone: find, record, replay, refuse, void, print."""

from __future__ import annotations

import json
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from pypdf import PdfReader

from core.actor import Role
from core.work import Work
from tests.flows.line import SentWeek, an_event, district_with_sent_week, sent_week_of
from tests.routes.asking import key
from tests.support.builders import a_token
from tests.support.databases import Run


@pytest.fixture
def database_url(engine_kind: str, run: Run, tmp_path: Path) -> Iterator[str]:
    with run.database(engine_kind, tmp_path, district_with_sent_week) as url:
        yield url


@pytest.fixture
def week(work: Work) -> SentWeek:
    return sent_week_of(work)


def body(work: Work, week: SentWeek, number: int = 0) -> dict[str, str]:
    order = an_event(work, week.packages[number])
    return {"payload": order.payload, "person": order.person}


def test_a_handover_is_recorded_and_its_receipt_printed(client: FlaskClient, work: Work, week: SentWeek):
    found = week.packages[0]
    officer = a_token(work, Role.FIELD, place_id=found.row.post_id)
    seen = client.post("/api/v1/packages/find", json={"text": found.row.code}, headers=officer).get_json()
    assert seen["id"] == str(found.row.id)
    assert seen["beneficiary"]["head_name"]
    assert not seen["is_served"]
    assert all(line["origin"] for line in seen["lines"])

    answer = client.post("/api/v1/handovers", json=body(work, week), headers=officer | key())
    done = answer.get_json()
    assert answer.status_code == 201
    assert done["outcome"] == "accepted"
    assert done["verify_url"].startswith("HTTP://TANGGAP.TEST/V/")
    by_scan = client.post("/api/v1/packages/find", json={"text": done["verify_url"]}, headers=officer).get_json()
    assert by_scan["code"] == found.row.code
    assert by_scan["is_served"]
    assert client.get("/v/" + done["verify_url"].rsplit("/", 1)[-1]).status_code == 200

    printed = client.post(f"/api/v1/handovers/{done['handover_id']}/receipt", headers=officer)
    assert printed.mimetype == "application/pdf"
    assert done["number"] in PdfReader(BytesIO(printed.data)).pages[0].extract_text()
    copy = client.post(f"/api/v1/handovers/{done['handover_id']}/receipt", headers=officer)
    assert "SALINAN" in PdfReader(BytesIO(copy.data)).pages[0].extract_text()
    line = client.get(f"/api/v1/handovers/{done['handover_id']}", headers=officer).get_json()["lines"][0]
    assert line["due"] == line["quantity"]


def test_the_same_event_counts_once_whatever_key_it_comes_with(client: FlaskClient, work: Work, week: SentWeek):
    officer = a_token(work, Role.FIELD, place_id=week.packages[0].row.post_id)
    order, header = body(work, week), key()
    first = client.post("/api/v1/handovers", json=order, headers=officer | header)
    replay = client.post("/api/v1/handovers", json=order, headers=officer | header)
    again = client.post("/api/v1/handovers", json=order, headers=officer | key())
    assert replay.get_json() == first.get_json()
    assert again.get_json() == {**first.get_json(), "outcome": "duplicate"}
    second = client.post("/api/v1/handovers", json=body(work, week), headers=officer | key())
    assert second.status_code == 409
    assert second.get_json()["code"] == "handover.already_served"
    listed = client.get(f"/api/v1/rounds/{week.round_id}/handovers", headers=officer).get_json()["handovers"]
    assert len(listed) == 1


def test_another_post_s_package_is_unknown(client: FlaskClient, work: Work, week: SentWeek):
    found = week.packages[0]
    elsewhere = next(post for post in (*week.posts, week.warehouse_id) if post != found.row.post_id)
    stranger = a_token(work, Role.FIELD, place_id=elsewhere)
    assert client.post("/api/v1/packages/find", json={"text": found.row.code}, headers=stranger).status_code == 404
    answer = client.post("/api/v1/handovers", json=body(work, week), headers=stranger | key())
    assert answer.status_code == 404
    assert answer.get_json()["code"] == "package.not_found"


def test_an_altered_event_changes_nothing(client: FlaskClient, work: Work, week: SentWeek):
    officer = a_token(work, Role.FIELD, place_id=week.packages[0].row.post_id)
    order = body(work, week)
    person = json.dumps({**json.loads(order["person"]), "name": "Orang Lain"})
    answer = client.post("/api/v1/handovers", json={**order, "person": person}, headers=officer | key())
    assert answer.status_code == 422
    said = json.loads(order["payload"])
    said["lines"][0]["quantity"] = "9999"
    more = client.post("/api/v1/handovers", json={**order, "payload": json.dumps(said)}, headers=officer | key())
    assert more.status_code == 422
    assert more.get_json()["code"] == "handover.more_than_due"
    assert not client.get(f"/api/v1/rounds/{week.round_id}/handovers", headers=officer).get_json()["handovers"]


def test_a_void_gives_the_goods_back_and_lets_it_be_recorded_again(client: FlaskClient, work: Work, week: SentWeek):
    officer = a_token(work, Role.FIELD, place_id=week.packages[0].row.post_id)
    done = client.post("/api/v1/handovers", json=body(work, week), headers=officer | key()).get_json()
    void = client.post(
        f"/api/v1/handovers/{done['handover_id']}/void", json={"reason": "wrong_household"}, headers=officer | key()
    )
    assert void.status_code == 200
    assert void.get_json()["state"] == "voided"
    again = client.post("/api/v1/handovers", json=body(work, week), headers=officer | key())
    assert again.status_code == 201
    assert again.get_json()["number"] != done["number"]


def test_the_week_can_be_read_by_those_who_may(client: FlaskClient, work: Work, week: SentWeek):
    officer, auditor = a_token(work, Role.LOGISTICS), a_token(work, Role.AUDITOR)
    found = client.get(f"/api/v1/incidents/{week.incident_id}/rounds", headers=auditor).get_json()["rounds"]
    assert [one["id"] for one in found] == [str(week.round_id)]
    detail = client.get(f"/api/v1/rounds/{week.round_id}", headers=auditor).get_json()
    assert detail["counts"]["loaded"] == len(week.packages)
    need = client.get(f"/api/v1/rounds/{week.round_id}/need", headers=officer).get_json()["lines"]
    assert all(line["origin"] for line in need)
    assert any(line["promised"] != "0" for line in need)
    listed = client.get(f"/api/v1/rounds/{week.round_id}/packages?limit=3", headers=officer).get_json()
    assert len(listed["packages"]) == 3
    assert client.get(f"/api/v1/packages/{listed['packages'][0]['id']}", headers=officer).get_json()["lines"]
    assert client.get(f"/api/v1/rounds/{week.round_id}/loads", headers=officer).get_json()["loads"]
    assert not client.get(f"/api/v1/rounds/{week.round_id}/to-send", headers=officer).get_json()["to_send"]
    machine = a_token(work, Role.BPBD)
    approval = client.post(f"/api/v1/rounds/{week.round_id}/approval", headers=machine | key())
    assert approval.status_code == 403


def test_a_signature_list_is_issued_once_and_printed(client: FlaskClient, work: Work, week: SentWeek):
    found = week.packages[0].row
    officer = a_token(work, Role.FIELD, place_id=found.post_id)
    order = {"post_id": str(found.post_id), "serve_on": str(found.serve_on)}
    address, header = f"/api/v1/rounds/{week.round_id}/signature-lists", key()
    issued = client.post(address, json=order, headers=officer | header).get_json()
    assert client.post(address, json=order, headers=officer | header).get_json() == issued
    printed = client.post(f"/api/v1/signature-lists/{issued['document_id']}/print", headers=officer)
    assert printed.mimetype == "application/pdf"
    papers = client.get("/api/v1/documents?kind=DTT", headers=a_token(work, Role.AUDITOR)).get_json()
    assert papers["total"] == 1
    stranger = a_token(work, Role.FIELD, place_id=week.warehouse_id)
    assert client.post(f"/api/v1/signature-lists/{issued['document_id']}/print", headers=stranger).status_code == 404
