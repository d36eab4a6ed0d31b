"""Imports of the registry by page and by machine: who sees, sends, names columns, applies, and what they are told."""

from __future__ import annotations

import io
import json
import re
from pathlib import Path
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from core.actor import Role
from core.files.commands import named_file
from core.i18n import say
from core.measures import print_day
from core.work import Work
from registry_link.importing import lacking
from registry_link.importing.jobs import run_pending_imports
from tests.hostile.corpus import bomb
from tests.registry_link.importing.test_imports import HEADER, line, lines
from tests.registry_link.people import OFFICE, nik, with_regions
from tests.routes.asking import key, log_in, named, send
from tests.support.builders import a_person, a_token, an_office
from tests.support.tree import ROOT

PAGE = "/registri/impor"
API = "/api/v1/registry"
STRANGE = HEADER.replace("id_keluarga", "Kode Rumah").replace("no_kk", "Kartu")


@pytest.fixture
def office(work: Work) -> Work:
    an_office(work)
    return with_regions(work)


def sent(*rows: str, header: str = HEADER, name: str = "dtsen.csv", content: bytes | None = None) -> dict[str, object]:
    made = content if content is not None else "\n".join([header, *rows]).encode()
    return {
        "source": "dtsen", "as_of_on": "01/01/2026", "agreement_no": "PKS-1", "code_system": "kemendagri",
        "file": (io.BytesIO(made), name),
    }  # fmt: skip


def uploads(app: Flask) -> list[Path]:
    folder = app.extensions["tanggap"].files_dir
    return [one for one in folder.rglob("*") if one.is_file()]


def told_by(answer: TestResponse) -> Any:
    assert answer.json is not None
    return answer.json


def test_a_file_is_sent_by_one_and_applied_by_another(client: FlaskClient, office: Work):
    a_person(office, Role.LOGISTICS, username="logistik")
    a_person(office, Role.HEAD, username="kepala")
    log_in(client, "logistik")
    assert "Belum ada impor" in client.get(PAGE).get_data(as_text=True)
    bad = line(9, nik=nik(91)[:15])
    at = send(client, PAGE, sent(*lines(3), bad), from_page=PAGE).location
    assert "Membuka berkas" in client.get(at).get_data(as_text=True)
    again = send(client, PAGE, sent(*lines(3), bad), from_page=PAGE)
    assert again.location == at
    run_pending_imports(office, OFFICE)
    shown = client.get(at).get_data(as_text=True)
    today = print_day(office.clock.now().astimezone(ZoneInfo("Asia/Jayapura")).date())
    assert f"sudah diimpor pada {today}" in shown and "Anda yang mengunggah" in shown
    assert "NIK atau KK 15 angka, terpotong" in shown and nik(91)[:15] not in shown
    assert "Baris 11, kolom nik" in client.get(f"{at}?alasan=registry.number_short").get_data(as_text=True)
    assert "Tidak ada baris dengan alasan ini" in client.get(f"{at}?alasan=x").get_data(as_text=True)
    for form, begins in (("csv", "\ufeff".encode()), ("xlsx", b"PK")):
        given = client.get(f"{at}/ditolak?bentuk={form}")
        assert given.get_data().startswith(begins)
        assert f'filename="ditolak-dtsen.{form}"' in given.headers["Content-Disposition"]
    assert client.get(f"{at}/ditolak?bentuk=exe").status_code == client.get(f"{at}/ditolak?berkas=1").status_code == 404
    assert uploads(client.application) == []
    client = log_in(client.application.test_client(), "kepala")
    shown = client.get(at).get_data(as_text=True)
    assert "registri belum berubah" in shown
    changes = re.search(r'href="(/registri/snapshot/[^"]+)"', shown)
    assert changes and client.get(changes[1]).status_code == 200
    assert client.get(f"{at}/ditolak").status_code == 403
    assert send(client, f"{at}/terapkan", {}).status_code == 303
    applying = client.get(at, headers={"HX-Request": "1"}).get_data(as_text=True)
    assert "Menerapkan" in applying and "<b>0%</b>" in applying
    run_pending_imports(office, OFFICE)
    assert "Diterapkan" in client.get(at).get_data(as_text=True)
    assert "Impor ini belum selesai dibaca" in client.get(send(client, f"{at}/terapkan", {}).location).get_data(True)


def test_columns_are_named_on_a_page(client: FlaskClient, office: Work):
    a_person(office, Role.LOGISTICS, username="logistik")
    a_person(office, Role.AUDITOR, username="auditor")
    log_in(client, "logistik")
    at = send(client, PAGE, sent(*lines(2), header=STRANGE), from_page=PAGE).location
    run_pending_imports(office, OFFICE)
    assert "Periksa kolom" in client.get(at, headers={"HX-Request": "1"}).get_data(as_text=True)
    page = client.get(at).get_data(as_text=True)
    assert (
        "Pilih dahulu kolom yang berisi ID keluarga / No. KK." in page
        and nik(11) not in page
        and f"•{nik(11)[-4:]}" in page
    )
    fields = {"layout-0": "flat", "column-0-0": "household_id", "column-0-1": "kk"}
    named = ("nik", "name", "sex", "birth_on", "relation", "village", "address", "rt", "rw")
    fields |= {f"column-0-{place}": name for place, name in enumerate(named, 2)}
    refused = send(client, f"{at}/kolom", {**fields, "column-0-2": "kk"}, from_page=at)
    assert refused.status_code == 422
    page = refused.get_data(as_text=True)
    assert "No. KK ditunjuk oleh terlalu banyak kolom" in page and 'href="#f-column-0-2"' in page
    assert re.search(r'id="f-column-0-2"[^>]*aria-invalid="true"', page)
    alone = send(client, f"{at}/kolom", {**fields, "layout-0": "member"}, from_page=at)
    assert alone.status_code == 422
    assert "pilih “satu anggota beserta data keluarganya”" in alone.get_data(as_text=True)
    assert send(client, f"{at}/kolom", fields, from_page=at).status_code == 303
    run_pending_imports(office, OFFICE)
    assert "Semua baris diterima" in client.get(at).get_data(as_text=True)
    assert send(client, f"{at}/buang", {}, from_page=PAGE).status_code == 303
    assert "Dibuang oleh " in client.get(at).get_data(as_text=True)
    assert uploads(client.application) == []
    client = log_in(client.application.test_client(), "auditor")
    page = client.get(PAGE).get_data(as_text=True)
    assert "Dibuang" in page and "Unggah dan periksa" not in page


def test_all_columns_that_are_to_be_named_are_told_at_once(client: FlaskClient, office: Work):
    a_person(office, Role.LOGISTICS, username="logistik")
    log_in(client, "logistik")
    header = STRANGE.replace("nama", "Siapa").replace("kode_desa", "Di mana")
    at = send(client, PAGE, sent(*lines(2), header=header), from_page=PAGE).location
    run_pending_imports(office, OFFICE)
    told = "Pilih dahulu kolom yang berisi ID keluarga / No. KK; Desa atau kelurahan (kode atau nama); Nama orang."
    assert told in client.get(at).get_data(as_text=True)
    named = {"layout-0": "flat", "column-0-0": "household_id"}
    refused = send(client, f"{at}/kolom", named, from_page=at)
    assert refused.status_code == 422
    assert "kolom yang berisi Desa atau kelurahan (kode atau nama); Nama orang." in refused.get_data(as_text=True)
    assert send(client, "/bahasa", {"lang": "en"}, from_page=at).status_code == 303
    page = client.get(at).get_data(as_text=True)
    assert "First choose the columns that hold Household id / No. KK; Village (code or name); Person" in page
    one, machine = f"{API}/imports/{at.rpartition('/')[2]}/columns", a_token(office, Role.LOGISTICS)
    (file,) = told_by(client.get(one, headers=machine))["files"]
    missing = ["id_keluarga / no_kk", "kode_desa / desa_kelurahan", "nama"]
    assert file["problem"] == {"code": "registry.column_missing", "facts": {"columns": missing}}
    order = {"files": [{"layout": "flat", "columns": {"household_id": ["Kode Rumah"]}}]}
    answer = client.post(one, json=order, headers={**machine, **key()})
    assert (answer.status_code, told_by(answer)["facts"]) == (400, {"columns": missing[1:]})
    assert "Kolom ini tidak ditemukan: kode_desa / desa_kelurahan; nama." in told_by(answer)["sentences"]["id"]


def test_of_two_headings_that_are_alike_the_second_can_be_chosen(client: FlaskClient, office: Work):
    a_person(office, Role.LOGISTICS, username="logistik")
    log_in(client, "logistik")
    header = HEADER.replace("kode_desa", "tempat").replace("alamat", "tempat")
    at = send(client, PAGE, sent(*lines(2), header=header), from_page=PAGE).location
    run_pending_imports(office, OFFICE)
    named = dict(re.findall(r'name="(column-0-[0-9]+)".*?value="([a-z_]+)" selected', client.get(at).get_data(True)))
    fields = {**named, "layout-0": "flat"}
    assert send(client, f"{at}/kolom", {**fields, "column-0-8": "village"}, from_page=at).status_code == 303
    run_pending_imports(office, OFFICE)
    assert "Jalan 1" in client.get(at).get_data(as_text=True)


def test_members_alone_are_told_what_is_missing_before_anybody_asks_why(client: FlaskClient, office: Work):
    a_person(office, Role.LOGISTICS, username="logistik")
    log_in(client, "logistik")
    for width, layout, said in (
        (7, "member", "Desa tiap keluarga belum diketahui"),
        # With an address it is no file of members: its village stands in a column that is to be named.
        (11, "flat", "Pilih dahulu kolom yang berisi Desa atau kelurahan"),
    ):
        header = HEADER.replace("kode_desa", "Kampung Asal")
        cut = [";".join(one.split(";")[:width]) for one in (header, line(1), line(2))]
        given = sent(*cut[1:], header=cut[0]) | {"source": "bdt"}
        at = send(client, PAGE, given, from_page=PAGE).location
        run_pending_imports(office, OFFICE)
        page = client.get(at).get_data(as_text=True)
        assert "Periksa kolom" in page and said in page
        assert re.search(rf'value="{layout}"[^>]*checked', page)


def applied(office: Work, client: FlaskClient, *rows: str, **given: object) -> None:
    at = send(client, PAGE, sent(*rows) | given, from_page=PAGE).location
    run_pending_imports(office, OFFICE)
    head = log_in(client.application.test_client(), "kepala")
    assert "Terapkan ke registri" in head.get(at).get_data(as_text=True)
    assert send(head, f"{at}/terapkan", {}).status_code == 303
    run_pending_imports(office, OFFICE)


def test_whoever_decides_is_asked_once_more_and_may_also_say_no(client: FlaskClient, office: Work):
    a_person(office, Role.LOGISTICS, username="logistik")
    a_person(office, Role.HEAD, username="kepala")
    a_person(office, Role.AUDITOR, username="auditor")
    log_in(client, "logistik")
    at = send(client, PAGE, sent(*lines(2)) | {"asks_columns": "1"}, from_page=PAGE).location
    run_pending_imports(office, OFFICE)
    # Also where columns are named: the dialog opens again, the columns are as they were.
    again = send(client, f"{at}/buang", {"note": f"baris {nik(11)} salah"}, from_page=at)
    page = again.get_data(as_text=True)
    assert again.status_code == 422 and "data-reopen" in page and "Periksa kolom" in page
    named = dict(re.findall(r'name="(column-0-[0-9]+)".*?value="([a-z_]+)" selected', page))
    assert len(named) == 11 and "village" in named.values()
    assert send(client, f"{at}/kolom", {**named, "layout-0": "flat"}, from_page=at).status_code == 303
    run_pending_imports(office, OFFICE)
    page = client.get(at).get_data(as_text=True)
    assert '<dialog id="discard"' in page and '<dialog id="apply"' not in page
    head = log_in(client.application.test_client(), "kepala")
    page = head.get(at).get_data(as_text=True)
    assert "2 keluarga baru, 0 berubah, 0 tetap, 0 tidak ada lagi" in page and "tidak dapat dibatalkan" in page
    again = send(head, f"{at}/buang", {"note": f"baris {nik(11)} salah"})
    assert again.status_code == 422 and "data-reopen" in again.get_data(as_text=True)
    auditor = log_in(client.application.test_client(), "auditor")
    assert send(auditor, f"{at}/buang", {}).status_code == 403
    assert "<dialog" not in auditor.get(at).get_data(as_text=True)
    assert send(head, f"{at}/buang", {"note": "Berkas bulan lalu."}).status_code == 303
    assert "alasannya: Berkas bulan lalu." in client.get(at).get_data(as_text=True)
    shown = told_by(client.get(f"{API}/imports/{at.rpartition('/')[2]}", headers=a_token(office, Role.HEAD)))
    assert (shown["state"], shown["problem"]["code"]) == ("discarded", "import_run.discarded_for")


def test_those_who_may_be_one_are_a_step_away_once_they_stand(client: FlaskClient, office: Work):
    a_person(office, Role.LOGISTICS, username="logistik")
    a_person(office, Role.HEAD, username="kepala")
    log_in(client, "logistik")
    at = send(client, PAGE, sent(*lines(2, 1), line(3, nik=nik(11))), from_page=PAGE).location
    run_pending_imports(office, OFFICE)
    assert 'href="/registri/ganda"' not in client.get(at).get_data(as_text=True).partition("<main")[2]
    assert send(log_in(client.application.test_client(), "kepala"), f"{at}/terapkan", {}).status_code == 303
    run_pending_imports(office, OFFICE)
    assert 'href="/registri/ganda"' in client.get(at).get_data(as_text=True).partition("<main")[2]


def test_before_a_file_is_applied_it_says_who_would_be_gone(client: FlaskClient, office: Work):
    a_person(office, Role.LOGISTICS, username="logistik")
    a_person(office, Role.HEAD, username="kepala")
    log_in(client, "logistik")
    applied(office, client, *lines(6))
    head = log_in(client.application.test_client(), "kepala")
    for kept, gone, is_partial in ((3, 3, False), (2, 4, True)):
        order = sent(*lines(kept)) | {"as_of_on": "02/01/2026"}
        at = send(client, PAGE, order, from_page=PAGE).location
        run_pending_imports(office, OFFICE)
        page = head.get(at).get_data(as_text=True)
        told = re.search(r'Tidak ada lagi dalam berkas</p>\s*<p class="figure-value">(\d+)<', page)
        assert told and int(told[1]) == gone
        assert ("Apakah berkas ini lengkap?" in page) is is_partial
        assert "Terapkan ke registri" in page
        assert send(client, f"{at}/buang", {}, from_page=PAGE).status_code == 303


def test_a_file_that_cannot_be_applied_says_so_instead_of_offering_it(client: FlaskClient, office: Work):
    a_person(office, Role.LOGISTICS, username="logistik")
    a_person(office, Role.HEAD, username="kepala")
    log_in(client, "logistik")
    applied(office, client, *lines(2))
    head, machine = log_in(client.application.test_client(), "kepala"), a_token(office, Role.HEAD)
    for rows, as_of, code, said in (
        ((), "02/01/2026", "snapshot.empty", "Tidak ada satu pun keluarga"),
        ((line(1, nik="1"),), "02/01/2026", "snapshot.empty", "Tidak ada satu pun keluarga"),
    ):
        at = send(client, PAGE, sent(*rows) | {"as_of_on": as_of}, from_page=PAGE).location
        run_pending_imports(office, OFFICE)
        page = head.get(at).get_data(as_text=True)
        assert said in page and "Tidak dapat dipakai" in page
        assert "Terapkan ke registri" not in page and "Semua baris diterima" not in page
        mine = client.get(at).get_data(as_text=True)
        assert ("Unduh baris ditolak" in mine) is (len(rows) == 1) and "Unggah berkas lain" in mine
        one = f"{API}/imports/{at.rpartition('/')[2]}"
        shown = told_by(client.get(one, headers=machine))
        assert (shown["state"], shown["problem"]["code"]) == ("refused", code)
        refused = client.post(f"{one}/approval", headers={**machine, **key()})
        assert (refused.status_code, told_by(refused)["code"]) == (409, "import_run.cannot_approve")


def test_a_file_older_than_the_one_in_use_is_refused_as_it_is_sent(client: FlaskClient, office: Work):
    a_person(office, Role.LOGISTICS, username="logistik")
    a_person(office, Role.HEAD, username="kepala")
    log_in(client, "logistik")
    applied(office, client, *lines(2))
    before = client.get(PAGE).get_data(as_text=True).count(f'href="{PAGE}/')
    answer = send(client, PAGE, sent(*lines(3)) | {"as_of_on": "31/12/2025"}, from_page=PAGE)
    page = answer.get_data(as_text=True)
    told = "Berkas ini dari 31 Desember 2025, sedangkan yang berlaku dari 1 Januari 2026. Berkas lama tidak"
    assert answer.status_code == 422 and told in page
    assert 'href="#f-as_of_on"' in page
    assert uploads(client.application) == []
    assert client.get(PAGE).get_data(as_text=True).count(f'href="{PAGE}/') == before
    machine = a_token(office, Role.LOGISTICS)
    kept = client.post(
        f"{API}/files", data="\n".join([HEADER, *lines(3)]).encode(), content_type="text/csv",
        headers={**machine, **key(), **named("dtsen.csv")},
    )  # fmt: skip
    order = {"files": [{"file_id": told_by(kept)["id"]}], "source": "dtsen"}
    refused = client.post(f"{API}/imports", json={**order, "as_of_on": "2025-12-31"}, headers={**machine, **key()})
    assert (refused.status_code, told_by(refused)["code"]) == (409, "snapshot.older")
    assert told_by(refused)["facts"] == {"given": "2025-12-31", "current": "2026-01-01"}
    assert told in told_by(refused)["sentences"]["id"]
    assert len(told_by(client.get(f"{API}/imports", headers=machine))["imports"]) == 1
    # The file that was sent stays, and may be imported with the right day.
    again = client.post(f"{API}/imports", json={**order, "as_of_on": "2026-01-01"}, headers={**machine, **key()})
    assert again.status_code == 201


def test_a_file_that_waited_too_long_says_so_wherever_it_is_asked_for(client: FlaskClient, office: Work):
    a_person(office, Role.LOGISTICS, username="logistik")
    a_person(office, Role.HEAD, username="kepala")
    log_in(client, "logistik")
    at = send(client, PAGE, sent(*lines(2)), from_page=PAGE).location
    run_pending_imports(office, OFFICE)
    head, machine = log_in(client.application.test_client(), "kepala"), a_token(office, Role.HEAD)
    assert "Terapkan berkas registri" in head.get("/").get_data(as_text=True)
    applied(office, client, *lines(3), as_of_on="02/01/2026")
    page = head.get(at).get_data(as_text=True)
    assert "tidak dapat diterapkan lagi" in page and "Terapkan ke registri" not in page
    assert "Berkas ini dari 1 Januari 2026, sedangkan yang berlaku dari 2 Januari 2026" in page
    assert "Terapkan berkas registri" not in head.get("/").get_data(as_text=True)
    said = head.get(send(head, f"{at}/terapkan", {}).location).get_data(as_text=True)
    assert said.count("Berkas lama tidak menggantikan yang baru") == 2, "once as the answer, once on the page"
    one = f"{API}/imports/{at.rpartition('/')[2]}"
    assert told_by(client.get(one, headers=machine))["problem"]["code"] == "snapshot.older"
    refused = client.post(f"{one}/approval", headers={**machine, **key()})
    assert (refused.status_code, told_by(refused)["code"]) == (409, "snapshot.older")
    assert send(client, f"{at}/buang", {}, from_page=at).status_code == 303
    assert client.get("/registri/snapshot").get_data(as_text=True).count("/registri/snapshot/") == 1
    # For whoever reads as people write days, for machines as facts.
    assert "yang berlaku dari 2 Januari 2026" in told_by(refused)["sentences"]["id"]
    assert "the current one is of 2 January 2026" in told_by(refused)["sentences"]["en"]
    assert told_by(refused)["facts"] == {"given": "2026-01-01", "current": "2026-01-02"}


def test_the_second_person_reads_on_the_first_page_which_file_waits(client: FlaskClient, office: Work):
    a_person(office, Role.LOGISTICS, username="logistik")
    a_person(office, Role.HEAD, username="kepala")
    log_in(client, "logistik")
    send(client, PAGE, sent(*lines(1), name="a.csv"), from_page=PAGE)
    run_pending_imports(office, OFFICE)
    head = log_in(client.application.test_client(), "kepala")
    assert "a.csv, diunggah" in head.get("/").get_data(as_text=True)


def test_what_cannot_be_read_is_told_at_its_field_and_leaves_nothing(client: FlaskClient, office: Work):
    a_person(office, Role.LOGISTICS, username="logistik")
    log_in(client, "logistik")
    for fields, said in (
        (sent(content=b"PK\x03\x04", name="x.csv"), "tidak sesuai dengan akhiran namanya"),
        (sent(content=b"", name="x.csv"), "kosong"),
        (sent(name="x.exe"), "hanya berkas CSV atau XLSX"),
        (sent(line(1)) | {"as_of_on": "01/01/2099"}, "Tanggal data belum tiba"),
        ({"source": "dtsen", "as_of_on": "01/01/2026"}, "Pilih berkas"),
    ):
        answer = send(client, PAGE, fields, from_page=PAGE)
        assert answer.status_code == 422
        assert said in answer.get_data(as_text=True)
    assert uploads(client.application) == []
    fields = sent(content=bomb("xl/worksheets/sheet1.xml", 40), name="x.xlsx")
    at = send(client, PAGE, fields, from_page=PAGE).location
    run_pending_imports(office, OFFICE)
    assert "Berkas ini tidak dapat dipakai" in client.get(at).get_data(as_text=True)
    assert uploads(client.application) == []


def test_what_a_whole_file_lacks_is_told_by_page_and_by_machine(
    client: FlaskClient, office: Work, monkeypatch: pytest.MonkeyPatch
):  # fmt: skip
    monkeypatch.setattr(lacking, "MOST_LACKING", 2)
    a_person(office, Role.LOGISTICS, username="logistik")
    log_in(client, "logistik")
    rows = [line(n, place, shdk="3") for n in (1, 2, 3) for place in (1, 2)]
    at = send(client, PAGE, sent(*rows, line(4)), from_page=PAGE).location
    run_pending_imports(office, OFFICE)
    page = client.get(at).get_data(as_text=True)
    assert "Keluarga tanpa kepala" in page and "Semua baris diterima; yang di bawah ini patut diperiksa" in page
    assert "Baris 2, kolom shdk: Keluarga ini beranggota" in page and "Baris 6, kolom shdk" not in page
    assert "Seluruhnya 3 keluarga beranggota tetapi tanpa kepala; 2 yang pertama dicantumkan." in page
    assert "Baris 0" not in page
    whole = re.search(r"Jumlah seluruh keluarga tanpa kepala.*?</tr>", page, re.DOTALL)
    assert whole and re.findall(r">\s*([0-9–]+)\s*</", whole[0]) == ["–", "–"]
    one, machine = f"{API}/imports/{at.rpartition('/')[2]}", a_token(office, Role.HEAD)
    shown = told_by(client.get(one, headers=machine))
    assert (shown["state"], shown["new"], shown["warned"]) == ("ready", 4, 3)
    issues = told_by(client.get(f"{one}/issues", headers=machine))["issues"]
    assert [(each["row"], each["column"], each["code"], each["is_warning"]) for each in issues] == [
        (0, "", "registry.no_head_more", True), (2, "shdk", "registry.no_head", True),
        (4, "shdk", "registry.no_head", True),
    ]  # fmt: skip
    assert issues[0]["text"].startswith("Seluruhnya 3 keluarga")
    reasons = told_by(client.get(f"{one}/reasons", headers=machine))["reasons"]
    assert [(each["code"], each["rows"], each["first_row"]) for each in reasons] == [
        ("registry.no_head", 2, 2), ("registry.no_head_more", 1, 0),
    ]  # fmt: skip


def test_machines_send_name_look_and_apply(client: FlaskClient, office: Work):
    officer, head = a_token(office, Role.LOGISTICS), a_token(office, Role.HEAD)
    content = "\n".join([STRANGE, *lines(2), line(9, nik="123")]).encode()

    def post(path: str, given: object = None, who: dict[str, str] = officer, once: dict[str, str] | None = None):
        return client.post(f"{API}{path}", json=given, headers={**who, **(once or key())})

    once = key()
    ids = set()
    for _ in range(2):
        answer = client.post(
            f"{API}/files", data=content, content_type="text/csv", headers={**officer, **once, **named("dtsen.csv")}
        )
        assert answer.status_code == 201, answer.json
        ids.add(told_by(answer)["id"])
    assert len(ids) == 1
    order = {"files": [{"file_id": ids.pop()}], "source": "dtsen", "as_of_on": "2026-01-01"}
    run_id = told_by(post("/imports", order))["id"]
    run_pending_imports(office, OFFICE)
    (file,) = told_by(client.get(f"{API}/imports/{run_id}/columns", headers=officer))["files"]
    assert file["problem"]["code"] == "registry.column_missing"
    told = {one["field"]: [one["header"]] for one in file["columns"] if one["field"]}
    told |= {"household_id": ["Kode Rumah"], "kk": ["Kartu"]}
    assert post(f"/imports/{run_id}/columns", {"files": [{"columns": {"nik": ["x"]}}]}).status_code == 422
    assert post(f"/imports/{run_id}/columns", {"files": [{"columns": told}]}).status_code == 201
    run_pending_imports(office, OFFICE)
    shown = told_by(client.get(f"{API}/imports/{run_id}", headers=head))
    assert (shown["state"], shown["new"], shown["refused"]) == ("ready", 2, 1)
    (reason,) = told_by(client.get(f"{API}/imports/{run_id}/reasons", headers=head))["reasons"]
    assert (reason["code"], reason["rows"], reason["first_row"]) == ("registry.number_length", 1, 8)
    assert told_by(client.get(f"{API}/imports/{run_id}/issues?limit=1", headers=head))["total"] == 1
    assert client.get(f"{API}/imports/{run_id}/refused?form=xlsx", headers=officer).data.startswith(b"PK")
    assert post(f"/imports/{run_id}/approval").status_code == 409
    assert post(f"/imports/{run_id}/approval", who=head).status_code == 201
    run_pending_imports(office, OFFICE)
    assert told_by(client.get(f"{API}/imports", headers=head))["imports"][0]["state"] == "applied"
    assert post(f"/imports/{run_id}/discard", {}).status_code == 409
    # The row that was refused comes back corrected, into the same snapshot.
    content = "\n".join([HEADER, line(9)]).encode()
    given = {"data": content, "content_type": "text/csv", "headers": {**officer, **key(), **named("lagi.csv")}}
    again = told_by(client.post(f"{API}/files", **given))["id"]
    whole = told_by(client.get(f"{API}/imports/{run_id}", headers=head))["snapshot_id"]
    assert post("/imports", {"files": [{"file_id": again}]}).status_code == 422
    more = told_by(post("/imports", {"files": [{"file_id": again}], "completes_id": whole}))["id"]
    run_pending_imports(office, OFFICE)
    assert post(f"/imports/{more}/approval", who=head).status_code == 201
    run_pending_imports(office, OFFICE)
    shown = told_by(client.get(f"{API}/imports/{more}", headers=head))
    assert (shown["state"], shown["new"], shown["snapshot_id"], shown["as_of_on"]) == (
        "applied", 1, whole, "2026-01-01"
    )  # fmt: skip
    assert shown["completes_id"] == whole
    (completed,) = told_by(client.get(f"{API}/snapshots/{whole}", headers=head))["completions"]
    assert (completed["import_id"], completed["new"], completed["changed"]) == (more, 1, 0)
    a_person(office, Role.LOGISTICS, username="logistik")
    log_in(client, "logistik")
    assert "Lengkapi DTSEN per 1 Januari 2026" in client.get(PAGE).get_data(as_text=True)
    page = client.get(f"{PAGE}/{more}").get_data(as_text=True)
    assert "Masuk ke DTSEN per 1 Januari 2026: 1 keluarga baru, 0 keluarga berubah." in page
    page = client.get(f"/registri/snapshot/{whole}").get_data(as_text=True)
    assert "Dilengkapi kemudian" in page and f'href="{PAGE}/{more}"' in page
    # What completed a file went into it: it is not shown as a file of its own that somebody discarded.
    listed = client.get("/registri/snapshot").get_data(as_text=True)
    assert listed.count("/registri/snapshot/") == 1 and "Dibuang" not in listed
    assert client.post(f"{API}/files", data=b"MZ", headers={**officer, **key(), **named("x.csv")}).status_code == 415


def test_every_reason_of_a_row_has_a_few_words():
    places = (
        "importing/rules.py", "importing/merging.py", "importing/reading.py", "households/rules.py", "regions/rules.py",
    )  # fmt: skip
    texts = [(ROOT / "registry_link" / one).read_text() for one in places]
    codes = {code for text in texts for code in re.findall(r'"((?:registry|region)\.[a-z_]+)"', text)}
    assert len(codes) > 40
    for code in sorted(codes):
        assert say(f"import_reason.{code}", "id") != f"import_reason.{code}", code


def test_a_files_name_is_never_part_of_an_address(client: FlaskClient, office: Work):
    """Addresses stand in the logs of proxies: a name comes in a header, in any letters, and no number of it is kept."""
    officer = a_token(office, Role.LOGISTICS)
    given = {"data": b"nik;nama\n", "content_type": "text/csv"}
    for name, kept in (
        ("attachment; filename*=UTF-8''keluarga%20Sau%C3%A9.csv", "keluarga Saué.csv"),
        (named(f"dtsen {nik(1)}.csv")["Content-Disposition"], "berkas.csv"),
    ):
        headers = {**officer, **key(), "Content-Disposition": name}
        stored = UUID(told_by(client.post(f"{API}/files", headers=headers, **given))["id"])
        with office.read_by(OFFICE) as tx:
            folder = client.application.extensions["tanggap"].files_dir
            assert named_file(tx, folder, stored, "registry")[1] == kept
    for headers in ({}, {"Content-Disposition": "attachment"}, named("a\tb.csv"), named("x" * 121)):
        refused = client.post(f"{API}/files?file_name=dtsen.csv", headers={**officer, **key(), **headers}, **given)
        assert refused.status_code == 422, headers
        assert refused.get_json()["errors"][0]["field"].endswith("Content-Disposition")
    for path, ways in json.loads(client.get("/api/v1/openapi.json").get_data())["paths"].items():
        asked = [one for way in ways.values() if isinstance(way, dict) for one in way.get("parameters", [])]
        assert not [one for one in asked if one["in"] == "query" and "name" in one["name"]], path
