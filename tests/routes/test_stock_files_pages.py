"""Files of stock by page and by machine: who sees, sends and books them, and what they are told."""

from __future__ import annotations

import io
import re
from uuid import UUID

from flask.testing import FlaskClient

from core.actor import Role
from core.work import Work
from stock.ledger.queries import item_balances
from tests.hostile.corpus import bomb
from tests.routes.asking import key, log_in, named, send
from tests.routes.test_stock import Store, store  # noqa: F401 (a fixture)
from tests.support.builders import SYSTEM, a_person, a_token

HEADER = "Tanggal;Jenis;Barang;Jumlah;Satuan;Gudang;Sumber dana;Dokumen;Kedaluwarsa;Harga satuan"
IN = "03/03/2026;masuk;Beras;10;karung 50 kg;G1;APBD;BAST-1;31/12/2027;1000"
OUT = "05/03/2026;keluar;Beras;40;kg;G1;;;;"
TOO_MUCH = "06/03/2026;keluar;Beras;4000;kg;G1;;;;"
PAGE = "/stok/berkas"


def sent(*rows: str, name: str = "mutasi.csv", content: bytes | None = None) -> dict[str, object]:
    made = content if content is not None else "\n".join([HEADER, *rows]).encode()
    return {"kind": "movements", "as_of_on": "", "file": (io.BytesIO(made), name)}


def on_hand(work: Work) -> dict[str, int]:
    with work.read_by(SYSTEM) as tx:
        return {one.item.code: one.on_hand_milli // 1000 for one in item_balances(tx)}


def test_a_file_is_sent_by_one_and_booked_by_another(client: FlaskClient, work: Work, store: Store):  # noqa: F811
    a_person(work, Role.LOGISTICS, username="logistik")
    a_person(work, Role.HEAD, username="kepala")
    log_in(client, "logistik")
    assert "Belum ada berkas stok" in client.get(PAGE).get_data(as_text=True)
    answer = send(client, PAGE, sent(IN, OUT), from_page=PAGE)
    assert answer.status_code == 303
    shown = client.get(answer.location).get_data(as_text=True)
    assert "Semua baris siap" not in shown and "orang lain yang membukukannya" in shown
    assert "karung 50 kg" in shown
    again = send(client, PAGE, sent(IN, OUT), from_page=PAGE)
    assert again.location == answer.location
    assert "sudah pernah diunggah" in client.get(answer.location).get_data(as_text=True)
    assert on_hand(work) == {}
    client = log_in(client.application.test_client(), "kepala")
    shown = client.get(answer.location).get_data(as_text=True)
    assert "Semua baris siap" in shown
    form_key = re.search(r'name="form_key" value="([0-9a-f]+)"', shown)
    assert form_key
    done = send(client, f"{answer.location}/bukukan", {"form_key": form_key[1]})
    assert done.status_code == 303
    shown = client.get(answer.location).get_data(as_text=True)
    assert "2 baris dibukukan" in shown and "SBBM" in shown
    assert on_hand(work) == {"beras": 460}


def test_refused_rows_are_told_and_come_back_as_a_file(client: FlaskClient, work: Work, store: Store):  # noqa: F811
    a_person(work, Role.LOGISTICS, username="logistik")
    log_in(client, "logistik")
    at = send(client, PAGE, sent(IN, TOO_MUCH), from_page=PAGE).location
    shown = client.get(f"{at}?hasil=refused").get_data(as_text=True)
    assert "Tidak cukup pada 6 Maret 2026 di Gudang Satu" in shown
    assert "Stok tidak cukup pada waktu itu" in shown
    back = client.get(f"{at}/ditolak?bentuk=csv").get_data().decode("utf-8-sig")
    assert back.splitlines()[0].endswith(";Kesalahan")
    assert "kurang 3.500 kg" in back
    assert client.get(f"{at}/ditolak?bentuk=xlsx").get_data().startswith(b"PK")
    assert client.get(f"{at}/ditolak?bentuk=exe").status_code == 404
    discarded = send(client, f"{at}/buang", {})
    assert discarded.status_code == 303
    assert "Dibuang" in client.get(PAGE).get_data(as_text=True)


def test_what_cannot_be_read_is_told_at_the_field(client: FlaskClient, work: Work, store: Store):  # noqa: F811
    a_person(work, Role.LOGISTICS, username="logistik")
    log_in(client, "logistik")
    for fields, said in (
        (sent(name="stok.xlsx", content=bomb("xl/worksheets/sheet1.xml", 40)), "terlalu besar setelah dibuka"),
        (sent(name="stok.exe", content=b"MZ"), "hanya berkas CSV atau XLSX"),
        (sent(name="kosong.csv", content=b"a;b\n"), "Kolom ini tidak ditemukan"),
        ({"kind": "movements", "as_of_on": ""}, "Pilih berkas"),
    ):
        answer = send(client, PAGE, fields, from_page=PAGE)
        assert answer.status_code == 422
        assert said in answer.get_data(as_text=True)


def test_templates_are_read_as_they_are_given(client: FlaskClient, work: Work, store: Store):  # noqa: F811
    a_person(work, Role.LOGISTICS, username="logistik")
    log_in(client, "logistik")
    for word in ("saldo-awal", "mutasi"):
        for form in ("xlsx", "csv"):
            content = client.get(f"{PAGE}/templat?isi={word}&bentuk={form}").get_data()
            kind = "opening" if word == "saldo-awal" else "movements"
            fields = {**sent(name=f"t.{form}", content=content), "kind": kind, "as_of_on": "01/01/2026"}
            answer = send(client, PAGE, fields, from_page=PAGE)
            assert "Tidak ada baris di bawah judul tabel" in answer.get_data(as_text=True)
    assert client.get(f"{PAGE}/templat?isi=lain").status_code == 404


def test_the_keeper_has_no_files_and_the_auditor_only_looks(
    client: FlaskClient, work: Work, store: Store  # noqa: F811
):  # fmt: skip
    a_person(work, Role.AUDITOR, username="auditor")
    log_in(client, "auditor")
    page = client.get(PAGE).get_data(as_text=True)
    assert "Berkas yang sudah diunggah" in page and "Unggah dan periksa" not in page
    a_person(work, Role.WAREHOUSE, username="penjaga", place_id=store.warehouse)
    client = log_in(client.application.test_client(), "penjaga")
    assert client.get(PAGE).status_code == 403


def test_machines_send_look_and_are_told(client: FlaskClient, work: Work, store: Store):  # noqa: F811
    officer, head = a_token(work, Role.LOGISTICS), a_token(work, Role.HEAD)
    content = "\n".join([HEADER, IN, TOO_MUCH]).encode()
    ask = {"query_string": {"kind": "movements"}, "data": content, "content_type": "text/csv"}
    at = "/api/v1/stock/files"
    made = client.post(at, headers=officer | key() | named("m.csv"), **ask)
    assert made.status_code == 201, made.get_data(as_text=True)
    file = made.get_json()
    assert (file["rows"], file["ready"], file["refused"], file["state"]) == (2, 1, 1, "read")
    assert client.post(at, headers=officer | key() | named("m.csv"), **ask).get_json()["is_repeat"]
    rows = client.get(f"{at}/{file['id']}/rows?outcome=refused", headers=officer).get_json()["rows"]
    assert [one["problems"][0]["code"] for one in rows] == ["stock_file.short"]
    refused = client.post(f"{at}/{file['id']}/booking", headers=head | key(), json={})
    assert (refused.status_code, refused.get_json()["code"]) == (409, "stock_file.has_refused")
    once = key()
    for _ in range(2):
        booked = client.post(f"{at}/{file['id']}/booking", headers=head | once, json={"only_ready": True})
        assert booked.get_json() == {"rows": 1, "left_out": 1, "is_booked": True}
    assert on_hand(work) == {"beras": 500}
    assert UUID(file["id"])
    wrong = client.post(at, headers=officer | key() | named("m.csv"), **(ask | {"content_type": "text/html"}))
    assert wrong.status_code == 415
