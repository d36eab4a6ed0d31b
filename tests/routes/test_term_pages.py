"""A programme's term by its pages: planned for chosen days, approved by a second person, sent, handed over, missed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from uuid import UUID

import pytest
from flask import Flask
from flask.testing import FlaskClient
from pypdf import PdfReader

from core.actor import Role
from core.crypto import ring
from core.work import Work
from logistics.handover.queries import misses, valid_handover_of
from logistics.packages.queries import PackageView, package, packages, round_of_term
from logistics.packages.states import PackageState
from logistics.programmes import queries as terms
from logistics.programmes.states import Form, Unit
from tests.flows import line, term_line
from tests.routes.asking import log_in, send
from tests.support.builders import a_person
from tests.support.databases import Run

DAYS = {"first_on": "16/11/2026", "last_on": "17 November 2026"}
SEND = {"vehicle": "Pikap"}


@pytest.fixture
def database_url(engine_kind: str, run: Run, tmp_path: Path) -> Iterator[str]:
    with run.database(engine_kind, tmp_path, line.district_with_sent_week) as url:
        yield url


@pytest.fixture
def officer(app: Flask, work: Work) -> FlaskClient:
    return log_in(app.test_client(), a_person(work, Role.LOGISTICS))


@pytest.fixture
def second(app: Flask, work: Work) -> FlaskClient:
    return log_in(app.test_client(), a_person(work, Role.LOGISTICS, username="kedua"))


def a_determined_term(work: Work, **more: object) -> tuple[UUID, str]:
    """Bring a list to its decree; gives the term and where its pages stand."""
    term_id = term_line.open_term(work, **more)  # type: ignore[arg-type]
    term_line.put_on_list(work, term_id, most=3)
    term_line.determine(work, term_id)
    with work.read_by(line.OFFICER) as tx:
        term = terms.term_by_id(tx, term_id)
    return term_id, f"/bansos/{term.programme_slug}/{term.no}"


def all_packages(work: Work, term_id: UUID, *states: PackageState) -> list[PackageView]:
    with work.read_by(line.OFFICER) as tx:
        found = round_of_term(tx, term_id)
        assert found is not None
        return [package(tx, one.id) for one in packages(tx, found.id, states=states, limit=100).rows]


def planned_by_page(officer: FlaskClient, second: FlaskClient, at: str) -> None:
    plan = f"{at}/rencana"
    assert send(officer, f"{plan}/susun", DAYS, from_page=plan).status_code == 303
    assert send(second, f"{plan}/setujui", {}, from_page=plan).status_code == 303


def send_by_page(officer: FlaskClient, at: str) -> int:
    """Send every card that the page shows; gives how many there were."""
    page = officer.get(f"{at}/pengiriman").get_data(as_text=True)
    cards = re.findall(
        r'name="post_id" value="([^"]+)".*?name="warehouse_id" value="([^"]+)".*?name="serve_on" value="([^"]+)"',
        page, re.DOTALL,
    )  # fmt: skip
    for post_id, warehouse_id, serve_on in cards:
        fields = {**SEND, "post_id": post_id, "warehouse_id": warehouse_id, "serve_on": serve_on}
        assert send(officer, f"{at}/pengiriman", fields, from_page=f"{at}/pengiriman").status_code == 303
    return len(cards)


def fields_of(found: PackageView) -> dict[str, object]:
    given = {f"quantity-{one.item_code}": one.quantity_milli // 1000 for one in found.lines}
    return given | {"recipient": "self", "recipient_name": "Uji Penerima"}


def test_goods_from_plan_to_receipt_and_miss(
    app: Flask, client: FlaskClient, work: Work, officer: FlaskClient, second: FlaskClient
):
    term_id, at = a_determined_term(work)
    page = officer.get(f"{at}/rencana").get_data(as_text=True)
    assert 'name="first_on"' in page and "Kompor Uji" in page
    assert "Kasur" in officer.get(f"{at}/kebutuhan").get_data(as_text=True)
    plan = f"{at}/rencana"
    assert send(officer, f"{plan}/susun", DAYS, from_page=plan).status_code == 303
    own = send(officer, f"{plan}/setujui", {}, from_page=plan)
    assert own.status_code == 422 and "Orang kedua" in own.get_data(as_text=True)
    assert send(second, f"{plan}/setujui", {}, from_page=plan).status_code == 303
    assert len(all_packages(work, term_id, PackageState.RESERVED)) == 6
    assert send_by_page(officer, at) > 0
    ready = all_packages(work, term_id, PackageState.LOADED)
    assert len(ready) == 6
    assert officer.get(f"{at}/paket/{ready[0].row.id}").status_code == 200

    first, missed = (one for one in ready if one.row.post_id == ready[0].row.post_id and one.row in
                     (ready[0].row, ready[1].row))  # fmt: skip
    log_in(client, a_person(work, Role.FIELD, place_id=first.row.post_id))
    board = client.get(f"{at}/serah-terima").get_data(as_text=True)
    assert first.row.code in board
    here = f"{at}/serah-terima/paket/{first.row.id}"
    assert send(client, here, fields_of(first), from_page=here).status_code == 303
    with work.read_by(line.OFFICER) as tx:
        done = valid_handover_of(tx, first.row.id)
    assert done is not None
    printed = send(client, f"{at}/serah-terima/{done.id}/tanda-terima.pdf", {}, from_page=here)
    text = " ".join(PdfReader(BytesIO(printed.data)).pages[0].extract_text().split())
    assert first.row.code in text and "Kompor Uji – Tahap I 2026" in text

    there = f"{at}/serah-terima/paket/{missed.row.id}"
    noted = {"kind": "absent", "next_step": "visit_home", "due_on": "20/11/2026", "note": "Sedang melaut"}
    assert send(client, f"{there}/tidak-diserahkan", noted, from_page=there).status_code == 303
    board = client.get(f"{at}/serah-terima").get_data(as_text=True)
    assert "Perlu ditindaklanjuti" in board and "Sedang melaut" in board and "terlambat" not in board
    assert "Sedang melaut" in client.get(there).get_data(as_text=True)
    assert send(client, there, fields_of(missed), from_page=there).status_code == 303
    assert "Perlu ditindaklanjuti" not in client.get(f"{at}/serah-terima").get_data(as_text=True)

    voided = send(client, f"{at}/serah-terima/{done.id}/batal", {"reason": "wrong_quantity"}, from_page=here)
    assert voided.headers["Location"].endswith(here)


def test_cash_is_ready_once_approved_and_no_lorry_goes(
    client: FlaskClient, work: Work, officer: FlaskClient, second: FlaskClient
):
    term_id, at = a_determined_term(work, form=Form.CASH, unit=Unit.PERSON, name="Tunai Uji")
    assert "Rp1.800.000" in officer.get(f"{at}/kebutuhan").get_data(as_text=True).replace("\xa0", "")
    planned_by_page(officer, second, at)
    ready = all_packages(work, term_id, PackageState.LOADED)
    assert len(ready) == 6
    page = officer.get(f"{at}/pengiriman").get_data(as_text=True)
    assert "Uang tunai: tidak ada barang yang dikirim" in page and "warehouse_id" not in page
    found = ready[0]
    log_in(client, a_person(work, Role.FIELD, place_id=found.row.post_id))
    here = f"{at}/serah-terima/paket/{found.row.id}"
    page = client.get(here).get_data(as_text=True)
    assert "Kepala keluarga" in page and "NIK berakhir" in page, "the person is named, with the household's head"
    assert send(client, here, fields_of(found), from_page=here).status_code == 303
    assert "Sudah diserahkan" in client.get(here).get_data(as_text=True)


def test_what_is_refused_says_so_at_its_field(client: FlaskClient, work: Work, officer: FlaskClient,
                                              second: FlaskClient):  # fmt: skip
    term_id, at = a_determined_term(work)
    plan = f"{at}/rencana"
    wrong: tuple[tuple[dict[str, object], str], ...] = (
        ({}, "first_on"), ({"first_on": "16/11/2026", "last_on": "x"}, "last_on"),
        ({"first_on": "18/11/2026", "last_on": "17/11/2026"}, "last_on"),
        ({"first_on": "16/11/2026", "last_on": "17/12/2026"}, "last_on"),
        ({"first_on": "15/11/2026", "last_on": "17/11/2026"}, "first_on"),
    )  # fmt: skip
    for fields, field in wrong:
        answer = send(officer, f"{plan}/susun", fields, from_page=plan)
        assert answer.status_code == 422, fields
        assert f'id="e-{field}"' in answer.get_data(as_text=True), fields
    planned_by_page(officer, second, at)
    answer = send(officer, f"{at}/pengiriman", {}, from_page=f"{at}/pengiriman")
    assert answer.status_code == 422
    send_by_page(officer, at)
    found = all_packages(work, term_id, PackageState.LOADED)[0]
    log_in(client, a_person(work, Role.FIELD, place_id=found.row.post_id))
    here = f"{at}/serah-terima/paket/{found.row.id}"
    refused: tuple[tuple[dict[str, object], str], ...] = (
        ({}, "kind"), ({"kind": "absent"}, "next_step"),
        ({"kind": "absent", "next_step": "visit_home", "due_on": "kapan-kapan"}, "due_on"),
        ({"kind": "absent", "next_step": "visit_home", "due_on": "15/11/2026"}, "due_on"),
    )  # fmt: skip
    for fields, field in refused:
        answer = send(client, f"{here}/tidak-diserahkan", fields, from_page=here)
        page = answer.get_data(as_text=True)
        assert (answer.status_code, f'id="e-{field}"' in page, "<details" in page) == (422, True, True), fields
    with work.read_by(line.OFFICER) as tx:
        assert misses(tx, found.row.round_id) == ()
    answer = send(client, here, fields_of(found) | {"recipient_name": ""}, from_page=here)
    assert answer.status_code == 422 and 'id="e-recipient_name"' in answer.get_data(as_text=True)


def test_other_days_after_the_draft_was_thrown_away(work: Work, officer: FlaskClient):
    term_id, at = a_determined_term(work)
    plan = f"{at}/rencana"
    send(officer, f"{plan}/susun", DAYS, from_page=plan)
    send(officer, f"{plan}/buang", {}, from_page=plan)
    page = officer.get(plan).get_data(as_text=True)
    assert 'value="16/11/2026"' in page, "the days it had are offered again"
    assert send(officer, f"{plan}/susun", {"first_on": "17/11/2026", "last_on": "16/12/2026"},
                from_page=plan).status_code == 303  # fmt: skip
    with work.read_by(line.OFFICER) as tx:
        found = round_of_term(tx, term_id)
    assert found is not None and found.week.days == 30
    page = officer.get(plan).get_data(as_text=True)
    assert "days is-long" in page and page.count('class="day') >= 30


def test_a_code_leads_to_its_package_whatever_it_is_for(client: FlaskClient, app: Flask, work: Work):
    sent = term_line.sent_term(work)
    with work.read_by(line.OFFICER) as tx:
        term = terms.term_by_id(tx, sent.term_id)
    at = f"/bansos/{term.programme_slug}/{term.no}"
    week = line.sent_week_of(work)
    of_term = sent.packages[0]
    of_week = week.at(of_term.row.post_id)[0]  # type: ignore[arg-type]
    log_in(client, a_person(work, Role.FIELD, place_id=of_term.row.post_id))
    relief, bansos = f"/kejadian/{week.slug}/serah-terima", f"{at}/serah-terima"
    for asked_at in (relief, bansos):
        for found, base in ((of_term, bansos), (of_week, relief)):
            assert found.public_ref is not None
            for text in (found.row.code, f"http://tanggap.test/V/{ring().token('U', found.public_ref)}".upper()):
                answer = send(client, asked_at, {"q": text}, from_page=asked_at)
                assert answer.headers["Location"].endswith(f"{base}/paket/{found.row.id}"), text
    assert client.get(f"{relief}/paket/{of_term.row.id}").status_code == 404, "not under another occasion's address"
    assert client.get(f"{bansos}/paket/{of_week.row.id}").status_code == 404
    answer = send(client, "/serah-terima", {"q": of_week.row.code}, from_page="/serah-terima")
    assert answer.headers["Location"].endswith(f"{relief}/paket/{of_week.row.id}"), "one place to scan at"
    assert of_term.public_ref is not None
    scanned = f"/V/{ring().token('U', of_term.public_ref)}".upper()
    found_link = re.search(r'href="(/serah-terima/qr/[^"]+)"', client.get(scanned).get_data(as_text=True))
    assert found_link, "whoever serves goes on from the public page of an invitation"
    assert client.get(found_link[1]).headers["Location"].endswith(f"{bansos}/paket/{of_term.row.id}")
    assert "/serah-terima/qr/" not in app.test_client().get(scanned).get_data(as_text=True)
    page = client.get("/serah-terima").get_data(as_text=True)
    assert f'href="{relief}"' in page and f'href="{bansos}"' in page
    assert "Tidak ada paket" in send(client, "/serah-terima", {"q": "PKT"}, from_page=relief).get_data(as_text=True)
    assert client.get(f"{at}x/serah-terima").status_code == 404
    assert client.get(f"/bansos/{term.programme_slug}/9/serah-terima").status_code == 404


def test_a_list_without_a_decree_is_not_planned(work: Work, officer: FlaskClient):
    term_id = term_line.open_term(work)
    with work.read_by(line.OFFICER) as tx:
        term = terms.term_by_id(tx, term_id)
    at = f"/bansos/{term.programme_slug}/{term.no}"
    for tab in ("rencana", "kebutuhan", "pengiriman", "serah-terima"):
        assert officer.get(f"{at}/{tab}").status_code == 200, tab
    assert 'name="first_on"' not in officer.get(f"{at}/rencana").get_data(as_text=True)
    answer = send(officer, f"{at}/rencana/susun", DAYS, from_page=f"{at}/rencana")
    assert answer.status_code == 422 and "belum ditetapkan" in answer.get_data(as_text=True)
