"""Counts by page and by machine: blind while counting, counted again where it differs, decided by a second person."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from core.actor import Role
from core.clock import FixedClock
from core.measures import Milli, Rupiah
from core.work import Work
from stock.counts import queries
from stock.counts.jobs import remind_counts
from stock.counts.states import CountState
from stock.items.commands import seed_items
from stock.items.queries import find_item
from stock.ledger.commands import Receive, ReceiveLine, receive
from stock.ledger.kinds import FundingSource
from stock.ledger.queries import batch_balances
from stock.places.commands import AddPlace, add_place, ensure_sinks
from stock.places.kinds import PlaceKind
from tests.routes.asking import key, log_in, send
from tests.support.builders import SYSTEM, a_person, a_token, an_office

STEP = timedelta(minutes=12)
"""Shorter than a session that nobody uses lives."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shelf:
    warehouse: UUID
    rice: str
    noodles: str
    """Codes of the two batches: 100 kg and 200 packets by the books."""


@pytest.fixture
def shelf(work: Work, fixed_clock: FixedClock) -> Iterator[Shelf]:
    an_office(work)
    with work.by(SYSTEM) as tx:
        seed_items(tx)
        ensure_sinks(tx)
        warehouse = add_place(tx, AddPlace(kind=PlaceKind.WAREHOUSE, code="G1", name="Gudang Satu"))
        lines = tuple(
            ReceiveLine(
                item_id=find_item(tx, item).id, quantity_milli=Milli(amount * 1000), value_rp=Rupiah(amount * 10_000),
                funding_source=FundingSource.APBD, expires_on=tx.today + timedelta(days=400),
            )
            for item, amount in (("beras", 100), ("mie_instan", 200))
        )  # fmt: skip
        got = receive(tx, Receive(to_place_id=warehouse, lines=lines, incoming_document="BAST-1/UJI"))
    fixed_clock.advance(STEP)
    yield Shelf(warehouse=warehouse, rice=got.batches[0].batch_code, noodles=got.batches[1].batch_code)


@dataclass(frozen=True, slots=True, kw_only=True)
class People:
    keeper: FlaskClient
    second: FlaskClient
    head: FlaskClient
    auditor: FlaskClient


@pytest.fixture
def people(app: Flask, work: Work, shelf: Shelf) -> People:
    def enter(role: Role, username: str, place_id: UUID | None = None) -> FlaskClient:
        return log_in(app.test_client(), a_person(work, role, username=username, place_id=place_id))

    return People(
        keeper=enter(Role.WAREHOUSE, "gudang", shelf.warehouse), second=enter(Role.LOGISTICS, "kedua"),
        head=enter(Role.HEAD, "kepala"), auditor=enter(Role.AUDITOR, "auditor"),
    )  # fmt: skip


def text_of(answer: TestResponse) -> str:
    return answer.get_data(as_text=True)


def on_hand(work: Work, shelf: Shelf) -> dict[str, int]:
    with work.read_by(SYSTEM) as tx:
        return {one.batch.code: one.on_hand_milli for one in batch_balances(tx, place_ids=[shelf.warehouse])}


def begun(people: People, shelf: Shelf) -> str:
    order = {"place_id": str(shelf.warehouse), "due_on": "16/11/2026", "start": "1", "form_key": "a" * 32}
    return send(people.keeper, "/stok/opname", order).headers["Location"]


def test_from_the_shelf_to_the_books_by_page(work: Work, shelf: Shelf, people: People, fixed_clock: FixedClock):
    assert "Mulai stok opname" in text_of(people.keeper.get("/stok/opname"))
    at = begun(people, shelf)
    sheet = text_of(people.keeper.get(at))
    assert "0 dari 2 batch" in sheet and shelf.rice in sheet
    assert not re.search(r"\b(100|200) (kg|bungkus)", sheet), "blind"
    assert text_of(people.auditor.get(at)).count("opname-line") == 0
    saved = send(people.keeper, f"{at}/hitung", {f"counted-{shelf.rice}": "90", f"counted-{shelf.noodles}": "200"})
    assert saved.status_code == 303
    page = text_of(people.keeper.get(at))
    assert "2 dari 2 batch" in page and "1 batch berbeda dari catatan" in page
    assert people.keeper.get(f"{at}/banding").status_code == 302, "no comparison while anything is blind"
    assert "Hitung ulang batch itu dulu" in text_of(
        send(people.keeper, f"{at}/ajukan", {f"reason-{shelf.rice}": "count"})
    )
    assert send(people.keeper, f"{at}/hitung-ulang", {}).status_code == 303
    fixed_clock.advance(STEP)
    again = text_of(people.keeper.get(at))
    assert "Anda juga yang menghitung pertama" in again and shelf.noodles not in again and 'value="90"' not in again
    assert "Anda juga" not in text_of(people.second.get(at))
    send(people.second, f"{at}/hitung", {f"counted-{shelf.rice}": "91,5"})
    shown = text_of(people.keeper.get(f"{at}/banding"))
    assert all(word in shown for word in ("100 kg", "91,5 kg", "−8,5 kg", "−Rp85.000", "pertama 90 kg"))
    missing = send(people.keeper, f"{at}/ajukan", {"minutes": "Dihitung berdua"})
    assert missing.status_code == 422 and f'id="e-reason-{shelf.rice}"' in text_of(missing)
    assert "Dihitung berdua" in text_of(missing)
    done = send(people.keeper, f"{at}/ajukan", {f"reason-{shelf.rice}": "damaged_water", "minutes": "Dihitung berdua"})
    assert done.status_code == 303
    assert send(people.keeper, f"{at}/setujui", {}).status_code == 403
    own = send(people.second, f"{at}/setujui", {})
    assert own.status_code == 422 and "orang lain yang menyetujui" in text_of(own)
    assert "Setujui stok opname Gudang Satu" in text_of(people.head.get("/"))
    assert send(people.head, f"{at}/setujui", {"note": "Baik"}).status_code == 303
    assert on_hand(work, shelf) == {shelf.rice: 91_500, shelf.noodles: 200_000}
    told = text_of(people.auditor.get(f"{at}/banding"))
    assert "Rusak karena air" in told and "Dokumen penyesuaian dalam pembukuan" in told
    document = re.search(r'href="(/stok/dokumen/[0-9a-f-]+)"', told)
    assert document and f"{at}/banding" in text_of(people.head.get(document[1]))


def test_each_line_is_saved_as_it_is_left_with_its_own_moment(
    work: Work, shelf: Shelf, people: People, fixed_clock: FixedClock
):
    at = begun(people, shelf)
    fixed_clock.advance(STEP)
    page = text_of(people.keeper.get("/akun/sandi"))
    token = re.search(r'name="csrf_token" value="([^"]+)"', page)
    assert token

    def leave(code: str, typed: str, **more: str) -> str:
        fields = {"csrf_token": token[1], f"counted-{code}": typed, **more}
        answer = people.keeper.post(f"{at}/hitung", data=fields, headers={"HX-Request": "true"})
        assert answer.status_code == 200
        return text_of(answer)

    told = leave(shelf.rice, "100", **{f"age-{shelf.rice}": "600"})
    assert "1 dari 2 batch" in told and "tersimpan" in told and "<html" not in told
    wrong = leave(shelf.noodles, "banyak")
    assert f'id="e-counted-{shelf.noodles}"' in wrong and 'value="banyak"' in wrong
    half = leave(shelf.noodles, "1,5")
    assert f'id="e-counted-{shelf.noodles}"' in half, "noodles are whole packets"
    now = fixed_clock.now()
    with work.read_by(SYSTEM) as tx:
        (count,) = queries.counts(tx)
        lines = {one.batch.code: one for one in queries.sheet(tx, count.id)}
        assert lines[shelf.rice].counted_at == now - timedelta(minutes=10), "by the phone's stopwatch"
        assert lines[shelf.noodles].counted_at is None
    fixed_clock.advance(STEP)
    send(people.keeper, f"{at}/hitung", {f"counted-{shelf.rice}": "100", f"counted-{shelf.noodles}": "200"})
    with work.read_by(SYSTEM) as tx:
        lines = {one.batch.code: one for one in queries.sheet(tx, count.id)}
        assert lines[shelf.rice].counted_at == now - timedelta(minutes=10), "what was saved keeps its moment"
        assert lines[shelf.noodles].counted_at == now + STEP
    page = text_of(people.keeper.get(at))
    assert "rak dan catatan sama" in page
    assert send(people.keeper, f"{at}/ajukan", {}).status_code == 303
    assert send(people.head, f"{at}/kembalikan", {"note": "Periksa lagi"}).status_code == 303
    with work.read_by(SYSTEM) as tx:
        assert queries.count(tx, count.id).state is CountState.RECOUNTING


def test_a_code_leads_to_its_line_and_what_is_new_is_added(work: Work, shelf: Shelf, people: People):
    at = begun(people, shelf)
    found = people.keeper.get(f"{at}/batch?kode=http://kantor/stok/batch/{shelf.rice.lower()}")
    assert found.headers["Location"].endswith(f"#b-{shelf.rice}")
    with work.by(SYSTEM) as tx:
        line = ReceiveLine(
            item_id=find_item(tx, "kasur").id, quantity_milli=Milli(5000), funding_source=FundingSource.APBD,
            value_rp=Rupiah(5),
        )  # fmt: skip
        late = receive(tx, Receive(to_place_id=shelf.warehouse, lines=(line,), incoming_document="BAST-2"))
    code = late.batches[0].batch_code
    assert f"{code} tidak ada di lembar ini" in text_of(people.keeper.get(f"{at}/batch?kode={code}"))
    assert "Datang sesudah dimulai" in text_of(people.keeper.get(at))
    assert send(people.keeper, f"{at}/batch", {"code": code}).headers["Location"].endswith(f"#b-{code}")
    assert "0 dari 3 batch" in text_of(people.keeper.get(at))
    unknown = send(people.keeper, f"{at}/batch", {"code": "BT-26-999999-9"})
    assert unknown.status_code == 422 and "tidak ditemukan" in text_of(unknown)


def test_one_count_of_a_place_at_a_time_and_what_is_due_stands_on_the_first_page(
    work: Work, shelf: Shelf, people: People, fixed_clock: FixedClock
):
    at = begun(people, shelf)
    twice = send(people.second, "/stok/opname", {"place_id": str(shelf.warehouse)})
    assert twice.status_code == 422 and "belum selesai" in text_of(twice)
    assert send(people.keeper, f"{at}/batal", {"note": ""}).status_code == 422
    assert send(people.keeper, f"{at}/batal", {"note": "Gudang kebanjiran"}).status_code == 303
    assert "Gudang kebanjiran" in text_of(people.keeper.get(at))
    fixed_clock.advance(timedelta(days=190))
    with work.by(SYSTEM) as tx:
        assert remind_counts(tx) == "1 planned"
    home = text_of(log_in_again(people, work).get("/"))
    assert "Stok opname jatuh tempo: Gudang Satu" in home
    due = re.search(r'href="(/stok/opname/[0-9a-f-]+)"', home)
    assert due
    client = log_in_again(people, work)
    assert "pengingat otomatis" in text_of(client.get(due[1]))
    assert send(client, f"{due[1]}/mulai", {}).status_code == 303
    assert "0 dari 2 batch" in text_of(client.get(due[1]))


def log_in_again(people: People, work: Work) -> FlaskClient:
    """Half a year later the session has ended."""
    return log_in(people.second.application.test_client(), "kedua")


def test_machines_count_blind_too(work: Work, client: FlaskClient, shelf: Shelf, fixed_clock: FixedClock):
    keeper = a_token(work, Role.WAREHOUSE, place_id=shelf.warehouse)
    second, third = a_token(work, Role.LOGISTICS), a_token(work, Role.LOGISTICS)
    base = "/api/v1/stock/counts"
    made = client.post(base, json={"place_code": "G1", "start": True}, headers={**keeper, **key()})
    assert (made.status_code, made.get_json()["lines"]) == (201, 2), made.get_json()
    at = f"{base}/{made.get_json()['id']}"
    sheet = client.get(f"{at}/sheet", headers=keeper).get_json()
    assert all(one["counted"] is None and "booked" not in one for one in sheet["lines"])
    assert client.get(f"{at}/comparison", headers=second).get_json()["code"] == "stock_count.still_blind"
    lines = [{"batch_code": shelf.rice, "counted": "90"}, {"batch_code": shelf.noodles, "counted": "200"}]
    told = client.post(f"{at}/lines", json={"lines": lines}, headers={**keeper, **key()}).get_json()
    assert told == {"open_lines": 0, "counted_twice_by_you": []}
    assert client.post(f"{at}/recount", headers={**keeper, **key()}).get_json()["state"] == "recounting"
    again = {"lines": [{"batch_code": shelf.rice, "counted": "90"}]}
    told = client.post(f"{at}/lines", json=again, headers={**keeper, **key()}).get_json()
    assert told["counted_twice_by_you"] == [shelf.rice]
    fixed_clock.advance(STEP)
    client.post(f"{at}/lines", json=again, headers={**second, **key()})
    bare = client.post(f"{at}/submission", json={}, headers={**keeper, **key()})
    assert (bare.status_code, bare.get_json()["code"]) == (422, "stock_count.reason_missing")
    reasons = {"reasons": [{"batch_code": shelf.rice, "reason": "handed_over_unrecorded"}]}
    assert client.post(f"{at}/submission", json=reasons, headers={**keeper, **key()}).status_code == 200
    compared = client.get(f"{at}/comparison", headers=third).get_json()
    rice = next(one for one in compared["lines"] if one["batch_code"] == shelf.rice)
    assert (rice["booked"], rice["counted"], rice["difference"], rice["difference_rp"]) == (
        "100",
        "90",
        "-10",
        -100_000,
    )
    own = client.post(f"{at}/approval", json={}, headers={**second, **key()})
    assert own.get_json()["code"] == "stock_count.own"
    once = key()
    done = client.post(f"{at}/approval", json={}, headers={**third, **once})
    assert (done.status_code, done.get_json()["state"]) == (200, "approved")
    assert client.post(f"{at}/approval", json={}, headers={**third, **once}).get_json() == done.get_json()
    assert on_hand(work, shelf) == {shelf.rice: 90_000, shelf.noodles: 200_000}
    assert client.get(f"{base}?state=approved", headers=third).get_json()["counts"][0]["document_id"]
