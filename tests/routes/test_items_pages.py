"""The catalogue by page and by machine."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from uuid import UUID

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from core.actor import Role
from core.work import Work
from stock.items.commands import SetMinimum, add_alias, seed_items, set_minimum
from stock.items.queries import find_item, items, minimum_levels
from stock.ledger.commands import Receive, receive
from stock.places.commands import AddPlace, add_place, ensure_sinks
from stock.places.kinds import PlaceKind
from tests.routes.asking import key, log_in, named, send
from tests.stock.shop import line, units
from tests.support.builders import SYSTEM, a_person, a_token, an_office

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@dataclass(frozen=True, slots=True, kw_only=True)
class Store:
    warehouse: UUID
    other: UUID


@pytest.fixture
def store(work: Work) -> Iterator[Store]:
    an_office(work)
    with work.by(SYSTEM) as tx:
        seed_items(tx)
        ensure_sinks(tx)
        made = [
            add_place(tx, AddPlace(kind=PlaceKind.WAREHOUSE, code=code, name=name))
            for code, name in (("G1", "Gudang Satu"), ("G2", "Gudang Dua"))
        ]
    yield Store(warehouse=made[0], other=made[1])


@pytest.fixture
def officer(client: FlaskClient, work: Work, store: Store) -> FlaskClient:
    a_person(work, Role.LOGISTICS, username="logistik")
    return log_in(client, "logistik")


def shown(client: FlaskClient, address: str) -> str:
    answer = client.get(address)
    assert answer.status_code == 200, answer.status
    return answer.get_data(as_text=True)


def errors(answer: TestResponse) -> list[str]:
    """Give the fields that the summary of mistakes leads to."""
    assert answer.status_code == 422
    page = answer.get_data(as_text=True)
    fields = re.findall(r'<li><a href="#f-([^"]+)">', page)
    assert all(f'id="e-{one}"' in page and f'id="f-{one}"' in page for one in fields)
    return fields


ITEM = {
    "name_id": "Jas hujan", "name_en": "Raincoat", "category": "sandang_nonpangan", "base_unit": "buah", "step": "1",
    "source": "Surat BPBD 12/2026", "is_durable": "1",
}  # fmt: skip


# ---------------------------------------------------------------- search


def test_search_finds_by_spelling_and_forgives_typing(officer: FlaskClient):
    assert "Kids ware" in shown(officer, "/stok/barang?cari=kid+ware")
    page = shown(officer, "/stok/barang?cari=slimut")
    assert "Selimut bayi" in page and "persis “slimut”" in page
    assert "persis" not in shown(officer, "/stok/barang?cari=selimut")
    nothing = shown(officer, "/stok/barang?cari=kapal+selam")
    assert "Tidak ada barang yang cocok" in nothing and "Mi instan" not in nothing
    assert "Beras" not in shown(officer, "/stok/barang?kategori=papan")


def test_who_only_looks_sees_no_form(client: FlaskClient, work: Work, store: Store):
    a_person(work, Role.AUDITOR, username="auditor")
    log_in(client, "auditor")
    page = shown(client, "/stok/barang/kasur")
    assert "Simpan" not in page and "Hapus" not in page and "Ubah barang" not in page
    assert client.get("/stok/barang/baru").status_code == 403
    assert send(client, "/stok/barang/kasur/ejaan", {"alias": "Springbed"}).status_code == 403
    assert client.get("/stok/barang/tidak_ada").status_code == 404


# ---------------------------------------------------------------- items


def test_an_item_is_added_with_its_source_and_edited(officer: FlaskClient, work: Work):
    wrong = send(officer, "/stok/barang/baru", {**ITEM, "source": "", "step": "0", "category": "", "base_unit": ""})
    assert errors(wrong) == ["category", "base_unit", "source"]
    assert "Raincoat" in wrong.get_data(as_text=True), "what was typed stays"
    assert errors(send(officer, "/stok/barang/baru", {**ITEM, "step": "0"})) == ["step"]
    assert errors(send(officer, "/stok/barang/baru", {**ITEM, "name_id": "Terpal"})) == ["name_id"]
    assert errors(send(officer, "/stok/barang/baru", {**ITEM, "code": "kasur"})) == ["code"]
    done = send(officer, "/stok/barang/baru", ITEM)
    assert (done.status_code, done.headers["Location"]) == (303, "/stok/barang/jas_hujan")
    form = shown(officer, "/stok/barang/jas_hujan/ubah")
    seen = re.search(r'name="seen" value="([0-9a-f]+)"', form)
    assert seen
    changed = {**ITEM, "name_en": "Mac", "is_active": "1", "seen": seen[1]}
    assert send(officer, "/stok/barang/jas_hujan/ubah", changed).status_code == 303
    late = send(officer, "/stok/barang/jas_hujan/ubah", {**changed, "name_en": "Poncho"})
    assert late.status_code == 422 and "baru saja diubah orang lain" in late.get_data(as_text=True)
    with work.read_by(SYSTEM) as tx:
        assert find_item(tx, "jas_hujan").name_en == "Mac"


def test_what_is_counted_in_a_unit_keeps_it(officer: FlaskClient, work: Work, store: Store):
    with work.by(SYSTEM) as tx:
        item = find_item(tx, "kasur")
        receive(tx, Receive(to_place_id=store.warehouse, lines=(line(item.id, 4),), incoming_document="BAST-1"))
    assert "readonly" in shown(officer, "/stok/barang/kasur/ubah")
    order = {**ITEM, "name_id": "Kasur", "name_en": "Mattress", "base_unit": "lembar", "is_active": "1"}
    assert errors(send(officer, "/stok/barang/kasur/ubah", order)) == ["base_unit"]
    away = send(officer, "/stok/barang/kasur/ubah", {**order, "base_unit": "buah", "is_active": ""})
    assert away.status_code == 422 and "masih ada di suatu tempat" in away.get_data(as_text=True)


def test_boxes_spellings_and_sizes_come_and_go_on_the_item_s_page(officer: FlaskClient, work: Work):
    at = "/stok/barang/mie_instan"
    assert send(officer, f"{at}/kemasan", {"pack_name": "bal", "pack_quantity": "1.200,5"}).status_code == 303
    assert send(officer, f"{at}/kemasan", {"pack_name": "Bale", "pack_quantity": "200"}).status_code == 303
    with work.read_by(SYSTEM) as tx:
        assert {one.name: one.quantity_milli for one in find_item(tx, "mie_instan").packs}["bal"] == units(200)
    assert errors(send(officer, f"{at}/kemasan", {"pack_name": "bks", "pack_quantity": "2"})) == ["pack_name"]
    assert errors(send(officer, f"{at}/kemasan", {"pack_name": "renteng", "pack_quantity": "x"})) == ["pack_quantity"]
    assert errors(send(officer, f"{at}/kemasan", {"pack_name": "renteng", "pack_quantity": "0"})) == ["pack_quantity"]
    assert errors(send(officer, f"{at}/ejaan", {"alias": "Beras"})) == ["alias"]
    assert send(officer, f"{at}/ejaan", {"alias": "Sarimi"}).status_code == 303
    assert errors(send(officer, f"{at}/ukuran", {"variant_name": "", "variant_size": "x" * 30})) == [
        "variant_name", "variant_size",
    ]  # fmt: skip
    size = {"variant_name": "Cup", "variant_sex": "", "variant_size": "75 g"}
    assert send(officer, f"{at}/ukuran", size).status_code == 303
    page = shown(officer, at)
    assert "Sarimi" in page and "75 g" in page and "200 bungkus" in page
    for part, name in (("kemasan", "bal"), ("ejaan", "Sarimi"), ("ukuran", "Cup")):
        assert send(officer, f"{at}/{part}/hapus", {"name": name}).status_code == 303
        assert send(officer, f"{at}/{part}/hapus", {"name": name}).status_code == 422
    assert "Sarimi" not in shown(officer, "/stok/barang?cari=mi+instan")


def test_a_minimum_is_set_by_warehouse_and_what_runs_low_is_told(officer: FlaskClient, work: Work, store: Store):
    at = "/stok/barang/beras"
    assert errors(send(officer, f"{at}/minimum", {"minimum-G1": "0,05", "minimum-G2": "banyak"})) == [
        "minimum-G1", "minimum-G2",
    ]  # fmt: skip
    assert send(officer, f"{at}/minimum", {"minimum-G1": "1.500", "minimum-G2": ""}).status_code == 303
    with work.read_by(SYSTEM) as tx:
        assert [(one.place_id, one.quantity_milli) for one in minimum_levels(tx)] == [(store.warehouse, units(1500))]
    stock = shown(officer, "/stok")
    assert 'id="batas"' in stock and "1.500 kg" in stock and "Gudang Satu" in stock
    assert 'id="batas"' not in shown(officer, "/stok?tempat=G2")
    home = shown(officer, "/")
    assert "Isi lagi 1 barang di bawah batas" in home and "tersisa 0 kg dari 1.500 kg" in home
    assert send(officer, f"{at}/minimum", {"minimum-G1": ""}).status_code == 303
    assert 'id="batas"' not in shown(officer, "/stok")


def test_a_keeper_is_reminded_of_their_own_warehouse_only(client: FlaskClient, work: Work, store: Store):
    with work.by(SYSTEM) as tx:
        rice = find_item(tx, "beras").id
        set_minimum(tx, SetMinimum(place_id=store.other, item_id=rice, quantity_milli=units(10)))
    a_person(work, Role.WAREHOUSE, username="gudang", place_id=store.warehouse)
    log_in(client, "gudang")
    assert "di bawah batas" not in shown(client, "/")
    with work.by(SYSTEM) as tx:
        set_minimum(tx, SetMinimum(place_id=store.warehouse, item_id=rice, quantity_milli=units(10)))
    assert "Isi lagi 1 barang di bawah batas" in shown(client, "/")


# ---------------------------------------------------------------- files


def upload(client: FlaskClient, content: bytes, name: str = "barang.csv") -> TestResponse:
    return send(client, "/stok/barang/impor", {"file": (io.BytesIO(content), name)}, from_page="/stok/barang/impor")


def applied(client: FlaskClient, address: str) -> TestResponse:
    page = shown(client, address)
    seal = re.search(r'name="seal" value="([0-9a-f]+)"', page)
    assert seal, page
    return send(client, address, {"seal": seal[1]}, from_page=address)


NEW = b"kode;nama;kategori;satuan;sumber;kemasan\r\njas;Jas hujan;pangan;buah;SK 1;dus = 50\r\nkasur;Kasur;x;;;\r\n"


def test_a_file_is_shown_first_and_done_when_told(officer: FlaskClient, work: Work):
    sent = upload(officer, NEW)
    assert sent.status_code == 303
    address = sent.headers["Location"]
    page = shown(officer, address)
    assert "Jas hujan" in page and "Kolom kategori" in page
    with work.read_by(SYSTEM) as tx:
        assert "jas" not in {one.code for one in items(tx)}, "nothing is done by looking"
    assert send(officer, address, {}, from_page=address).status_code == 422, "without what was shown nothing is done"
    assert applied(officer, address).status_code == 303
    with work.read_by(SYSTEM) as tx:
        assert find_item(tx, "jas").packs[0].quantity_milli == units(50)
    again = shown(officer, address)
    assert "Tidak ada yang perlu diterapkan" in again and 'name="seal"' not in again


@pytest.mark.parametrize(
    ("content", "name"),
    [
        (b"", "kosong.csv"), (b"warna;isi\nmerah;1\n", "warna.csv"), (b"%PDF-1.7", "surat.pdf"),
        (b"PK\x03\x04x", "rusak.xlsx"),
    ],
)  # fmt: skip
def test_a_file_that_is_no_catalogue_is_refused_at_its_field(officer: FlaskClient, content: bytes, name: str):
    assert errors(upload(officer, content, name)) == ["file"]


def test_what_is_exported_changes_nothing_when_it_comes_back(officer: FlaskClient, work: Work):
    with work.by(SYSTEM) as tx:
        add_alias(tx, find_item(tx, "kasur").id, "+SUM(A1)")
        add_alias(tx, find_item(tx, "tikar").id, "@cmd")
    text = officer.get("/stok/barang/ekspor.csv").get_data()
    assert text.startswith(b"\xef\xbb\xbf")
    rows = list(csv.reader(io.StringIO(text.decode("utf-8-sig")), delimiter=";", strict=True))
    assert not [cell for row in rows for cell in row if cell[:1] in ("=", "+", "-", "@")]
    assert "uang_tunai" not in {row[0] for row in rows}
    for kind, name in (("csv", "barang.csv"), ("xlsx", "barang.xlsx")):
        content = officer.get(f"/stok/barang/ekspor.{kind}").get_data()
        page = shown(officer, upload(officer, content, name).headers["Location"])
        assert "Tidak ada yang perlu diterapkan" in page, kind
        assert f'"figure-value">{len(rows) - 1}' in page.replace("\n", "") or str(len(rows) - 1) in page


# ---------------------------------------------------------------- machines


def test_a_machine_adds_edits_and_finds_items(client: FlaskClient, work: Work, store: Store):
    token = a_token(work, Role.LOGISTICS)
    order = {
        "code": "jas_hujan", "name_id": "Jas hujan", "category": "sandang_nonpangan", "base_unit": "buah",
        "source": "SK 7", "spellings": ["Mantel"],
    }  # fmt: skip
    header = token | key("add-item-0001")
    made, again = (client.post("/api/v1/stock/items", json=order, headers=header) for _ in range(2))
    assert (made.status_code, again.headers["Idempotent-Replay"]) == (201, "true")
    assert made.get_json()["spellings"] == ["Mantel"]
    refused = client.post("/api/v1/stock/items", json=order, headers=token | key())
    assert (refused.status_code, refused.get_json()["code"]) == (409, "item.code_taken")
    no_source = {one: value for one, value in order.items() if one != "source"}
    assert client.post("/api/v1/stock/items", json=no_source, headers=token | key()).status_code == 422
    edit = {"name_id": "Jas hujan", "name_en": "Mac", "category": "sandang_nonpangan", "base_unit": "lembar",
            "source": "SK 7", "is_durable": True}  # fmt: skip
    changed = client.post("/api/v1/stock/items/jas_hujan/edits", json=edit, headers=token | key())
    assert set(changed.get_json()["changed"]) == {"name_en", "base_unit", "is_durable"}
    found = client.get("/api/v1/stock/items?search=jas+hujn", headers=token).get_json()["items"]
    assert [one["code"] for one in found] == ["jas_hujan"]
    assert client.get("/api/v1/stock/items/tidak_ada", headers=token).status_code == 404
    assert client.post("/api/v1/stock/items", json=order, headers=a_token(work, Role.WAREHOUSE,
                       place_id=store.warehouse) | key()).status_code == 403  # fmt: skip


def test_a_machine_keeps_an_item_s_parts_and_levels(client: FlaskClient, work: Work, store: Store):
    token, at = a_token(work, Role.LOGISTICS), "/api/v1/stock/items/sarden"

    def ask(path: str, order: dict[str, object]) -> TestResponse:
        return client.post(f"{at}/{path}", json=order, headers=token | key())

    assert {"name": "karton", "quantity": "48"} in ask("packs", {"name": "krt", "quantity": "48"}).get_json()["packs"]
    assert ask("packs", {"name": "klg", "quantity": "2"}).get_json()["code"] == "item.pack_taken"
    assert ask("packs/removal", {"name": "karton"}).get_json()["packs"] == []
    assert ask("packs/removal", {"name": "karton"}).status_code == 404
    assert "Ikan" in ask("spellings", {"name": "Ikan"}).get_json()["spellings"]
    assert "Ikan" not in ask("spellings/removal", {"name": "Ikan"}).get_json()["spellings"]
    made = ask("variants", {"name": "155 g", "size": "155 g"}).get_json()["variants"]
    assert [(one["name"], one["sex"], one["size"]) for one in made] == [("155 g", "", "155 g")]
    assert ask("variants/removal", {"name": "155 g"}).get_json()["variants"] == []
    assert ask("minimums", {"place_code": "G1", "quantity": "40"}).status_code == 200
    assert ask("minimums", {"place_code": "G9", "quantity": "40"}).status_code == 404
    low = client.get("/api/v1/stock/items/low-stock", headers=token).get_json()["low"]
    assert low == [{"place_code": "G1", "item_code": "sarden", "unit": "kaleng", "available": "0", "minimum": "40",
                    "short": "40"}]  # fmt: skip
    assert client.get(f"{at}/minimums", headers=token).get_json() == [
        {"place_code": "G1", "item_code": "sarden", "minimum": "40"}
    ]
    assert client.get("/api/v1/stock/items/low-stock", headers=a_token(work, Role.BPBD)).status_code == 403


def test_a_machine_checks_a_file_and_brings_it_in(client: FlaskClient, work: Work, store: Store):
    token = a_token(work, Role.LOGISTICS)

    def ask(path: str, *, mimetype: str = "text/csv", headers: dict[str, str] | None = None) -> TestResponse:
        with_name = token | named("barang.csv") | (headers or {})
        return client.post(f"/api/v1/stock/items/{path}", data=NEW, content_type=mimetype, headers=with_name)

    told = ask("files/check").get_json()
    assert told["counts"] == {"new": 1, "changed": 0, "unchanged": 0, "refused": 1}
    assert [(row["row_no"], row["outcome"]) for row in told["rows"]] == [(2, "new"), (3, "refused")]
    assert told["rows"][1]["issues"][0]["column"] == "kategori"
    assert client.get("/api/v1/stock/items/jas", headers=token).status_code == 404
    assert ask("files/check", mimetype="application/json").status_code == 415
    assert ask("files").status_code == 422, "no key"
    done, again = (ask("files", headers=key("file-number-one")) for _ in range(2))
    assert (done.status_code, done.get_json()) == (201, told)
    assert (again.get_json(), again.headers["Idempotent-Replay"]) == (told, "true")
    assert ask("files", headers=key()).get_json()["counts"] == {"new": 0, "changed": 0, "unchanged": 1, "refused": 1}
    for kind, mimetype in (("csv", "text/csv"), ("xlsx", XLSX)):
        answer = client.get(f"/api/v1/stock/items/catalogue.{kind}", headers=token)
        assert (answer.status_code, answer.mimetype) == (200, mimetype)
