"""The rest of a partial handover and the cancelling of a package, as people and machines meet them."""

from __future__ import annotations

from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from uuid import UUID

import pytest
from flask.testing import FlaskClient
from pypdf import PdfReader

from core.actor import Role
from core.work import Work
from logistics.packages.queries import package, rest_of
from logistics.packages.states import PackageState
from tests.flows.line import OFFICER, SentWeek, an_event, district_with_sent_week, sent_week_of
from tests.routes.asking import key, log_in, send
from tests.support.builders import a_person, a_token
from tests.support.databases import Run


@pytest.fixture
def database_url(engine_kind: str, run: Run, tmp_path: Path) -> Iterator[str]:
    with run.database(engine_kind, tmp_path, district_with_sent_week) as url:
        yield url


@pytest.fixture
def week(work: Work) -> SentWeek:
    return sent_week_of(work)


def test_a_machine_is_told_of_the_rest_hands_it_over_and_its_receipt_says_so(
    client: FlaskClient, work: Work, week: SentWeek
):
    found = week.packages[0]
    officer = a_token(work, Role.FIELD, place_id=found.row.post_id)
    given = {line.item_code: line.quantity_milli for line in found.lines[:-1]}
    order = an_event(work, found, given=given, partial_reason="Belum turun dari truk")
    first = client.post(
        "/api/v1/handovers", json={"payload": order.payload, "person": order.person}, headers=officer | key()
    ).get_json()
    assert first["is_partial"]
    with work.read_by(OFFICER) as tx:
        rest = package(tx, UUID(first["rest_id"]))
    order = an_event(work, rest)
    second = client.post(
        "/api/v1/handovers", json={"payload": order.payload, "person": order.person}, headers=officer | key()
    ).get_json()
    assert (second["is_partial"], second["rest_id"]) == (False, None)
    printed = client.post(f"/api/v1/handovers/{second['handover_id']}/receipt", headers=officer)
    text = PdfReader(BytesIO(printed.data)).pages[0].extract_text()
    assert rest.row.code in text
    assert f"Sisa dari paket {found.row.code}" in " ".join(text.split())


def test_a_machine_cancels_a_package_once_and_only_the_officers(client: FlaskClient, work: Work, week: SentWeek):
    found = week.packages[0]
    address = f"/api/v1/packages/{found.row.id}/cancellation"
    reason = {"reason": "Keluarga pindah kabupaten"}
    assert client.post(address, json=reason, headers=a_token(work, Role.AUDITOR) | key()).status_code == 403
    officer = a_token(work, Role.LOGISTICS)
    assert client.post(address, json={"reason": "a"}, headers=officer | key()).status_code == 422
    done = client.post(address, json=reason, headers=officer | key())
    assert (done.status_code, done.get_json()["state"]) == (200, "cancelled")
    again = client.post(address, json=reason, headers=officer | key())
    assert (again.status_code, again.get_json()["code"]) == (409, "package.cannot_cancel")


def test_the_pages_lead_from_the_whole_to_its_rest_and_back(client: FlaskClient, work: Work, week: SentWeek):
    found = week.packages[0]
    base = f"/kejadian/{week.slug}"
    log_in(client, a_person(work, Role.FIELD, place_id=found.row.post_id))
    here = f"{base}/serah-terima/paket/{found.row.id}"
    fields = {f"quantity-{line.item_code}": line.quantity_milli // 1000 for line in found.lines}
    fields[f"quantity-{found.lines[-1].item_code}"] = 0
    said = {"recipient": "self", "recipient_name": "Uji Penerima", "partial_reason": "Belum turun dari truk"}
    answer = send(client, here, fields | said, from_page=here)  # type: ignore[operator]
    assert answer.status_code == 303, answer.get_data(as_text=True)
    page = client.get(here).get_data(as_text=True)
    with work.read_by(OFFICER) as tx:
        rest = rest_of(tx, found.row.id)
    assert rest is not None
    there = f"{base}/serah-terima/paket/{rest.id}"
    assert there in page and rest.code in page
    back = client.get(there).get_data(as_text=True)
    assert here in back and found.row.code in back
    assert 'name="recipient_name"' in back, "the rest can be served"


def test_the_officer_cancels_on_the_page_of_the_package(client: FlaskClient, work: Work, week: SentWeek):
    found = week.packages[0]
    here = f"/kejadian/{week.slug}/paket/{found.row.id}"
    log_in(client, a_person(work, Role.LOGISTICS))
    refused = send(client, f"{here}/batal", {"note": " "}, from_page=here)
    assert refused.status_code == 303
    assert "Sebutkan alasan" in client.get(here).get_data(as_text=True)
    send(client, f"{here}/batal", {"note": "Keluarga pindah kabupaten"}, from_page=here)
    with work.read_by(OFFICER) as tx:
        assert package(tx, found.row.id).row.state is PackageState.CANCELLED
    assert "d-cancel" not in client.get(here).get_data(as_text=True)
