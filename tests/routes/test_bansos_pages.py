"""Bansos by its pages: a programme, a term, its list through three people, its files, papers and its end."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from uuid import UUID

import pytest
from flask import Flask
from flask.testing import FlaskClient
from pypdf import PdfReader
from werkzeug.test import TestResponse

from core.actor import Role
from core.work import Work
from logistics.programmes import queries
from logistics.programmes.queries import EntryView, TermView
from logistics.programmes.states import EntryState, Form, TermState, Unit
from registry_link.households.queries import household
from stock.items.queries import find_item
from tests.flows import line, term_line
from tests.routes.asking import log_in, send
from tests.support.builders import a_person
from tests.support.databases import Run

FIRST, SECOND = "99.01.01", "99.01.02"
"""The two districts: villages A, B, C and D, E, F."""
STOVES = {
    "name": "Kompor Rakyat", "kind": "kompor", "form": "goods", "unit": "household", "cadence": "once",
    "supplier": "Stok kantor", "distributor": "Titik sendiri", "funding_source": "APBD",
}  # fmt: skip
AT = "/bansos/kompor-rakyat/1"
LIST = f"{AT}/daftar"


@pytest.fixture
def database_url(engine_kind: str, run: Run, tmp_path: Path) -> Iterator[str]:
    with run.database(engine_kind, tmp_path, line.district_only) as url:
        yield url


@dataclass(frozen=True)
class People:
    officer: FlaskClient
    second: FlaskClient
    head: FlaskClient
    village: FlaskClient
    """Of village F alone."""
    auditor: FlaskClient
    outsider: FlaskClient
    """Of BPBD: regular assistance is none of its business."""


@pytest.fixture
def people(app: Flask, work: Work) -> People:
    def enter(role: Role, username: str, village: str = "") -> FlaskClient:
        return log_in(app.test_client(), a_person(work, role, username=username, village=village))

    return People(
        officer=enter(Role.LOGISTICS, "petugas"), second=enter(Role.LOGISTICS, "kedua"),
        head=enter(Role.HEAD, "kepala"), village=enter(Role.VILLAGE, "desa", line.F),
        auditor=enter(Role.AUDITOR, "auditor"), outsider=enter(Role.BPBD, "bpbd"),
    )  # fmt: skip


def text_of(answer: TestResponse) -> str:
    return answer.get_data(as_text=True)


def error_at(answer: TestResponse, field: str) -> str:
    """Give the mistake that stands under a field."""
    assert answer.status_code == 422
    found = re.search(rf'id="e-{re.escape(field)}".*?</span>([^<]+)</span>', text_of(answer), re.DOTALL)
    assert found, f"no mistake at {field}: {re.findall(r'<a href=.#f-[^<]+<', text_of(answer))}"
    return found[1]


def refused(answer: TestResponse) -> str:
    """Give what the summary of a refused form says."""
    assert answer.status_code == 422, answer.status_code
    found = re.search(r'class="errors".*?</div>', text_of(answer), re.DOTALL)
    assert found
    return found[0]


def the_term(work: Work, slug: str = "kompor-rakyat") -> TermView:
    with work.read_by(line.OFFICER) as tx:
        return queries.term(tx, slug, 1)


def entries(work: Work, *states: EntryState) -> tuple[EntryView, ...]:
    with work.read_by(line.OFFICER) as tx:
        return queries.entries(tx, queries.term(tx, "kompor-rakyat", 1).id, states=states, limit=200).rows


def open_by_page(work: Work, officer: FlaskClient, quotas: Mapping[str, str]) -> None:
    with work.read_by(line.OFFICER) as tx:
        mattress = find_item(tx, "kasur").id
    assert send(officer, "/bansos/baru", STOVES).headers["Location"] == "/bansos/kompor-rakyat"
    made = send(
        officer, "/bansos/kompor-rakyat/tahap-baru",
        {
            "name": "Tahap I 2026", "from_month": "2026-11", "to_month": "2026-12", "lines": "2",
            "item-1": str(mattress), "quantity-1": "1", **{f"quota-{code}": text for code, text in quotas.items()},
        },
    )  # fmt: skip
    assert made.headers["Location"] == AT, text_of(made)


# ---------------------------------------------------------------- the line


def test_three_people_bring_a_list_from_criteria_to_its_decree(work: Work, people: People):
    officer, second, head, village = people.officer, people.second, people.head, people.village
    assert "Belum ada program" in text_of(officer.get("/bansos"))
    open_by_page(work, officer, {FIRST: "2", SECOND: "3"})
    page = text_of(officer.get("/bansos"))
    assert "Kompor Rakyat" in page and "5 keluarga" in page
    assert "November–Desember 2026" in text_of(officer.get("/bansos/kompor-rakyat"))

    # Looked at first, with a reason for everybody; the address carries the criteria, nothing is changed.
    asked = f"{LIST}/kriteria?anggota_dari=1"
    shown = text_of(officer.get(asked))
    assert "Masukkan 5 ke daftar" in shown
    assert not entries(work)
    link = re.search(r'href="([^"]+/dikeluarkan[^"]*alasan=list.over_quota[^"]*)"', shown)
    assert link
    left = text_of(officer.get(link[1].replace("&amp;", "&")))
    assert "kuota 2" in left or "kuota 3" in left
    assert send(officer, asked, {}).headers["Location"] == f"{LIST}?keadaan=calon"
    assert len(entries(work, EntryState.CANDIDATE)) == 5

    # The village sees and proposes its own alone; an officer names the minutes of the others.
    own = [one for one in entries(work) if one.village_code == line.F]
    others = [one for one in entries(work) if one.village_code != line.F]
    seen = text_of(village.get(LIST))
    assert all(one.household_code not in seen for one in others)
    if own:
        assert send(village, f"{LIST}/usulkan", {"which": "all"}).status_code == 303
    else:
        assert "Tidak ada calon" in refused(send(village, f"{LIST}/usulkan", {"which": "all"}))
    assert "berita acara" in error_at(send(officer, f"{LIST}/usulkan", {"which": "all"}), "basis")
    assert "Centang" in error_at(send(officer, f"{LIST}/usulkan", {"which": "ticked", "basis": "BA 1/2026"}), "which")
    ticked = {"which": "ticked", "entry": [str(others[0].id)], "basis": "BA 1/2026"}
    assert send(officer, f"{LIST}/usulkan", ticked).status_code == 303
    assert send(officer, f"{LIST}/usulkan", {"which": "all", "basis": "BA 2/2026"}).status_code == 303
    assert len(entries(work, EntryState.PROPOSED)) == 5

    # Left out only with a reason, and put back.
    out = entries(work, EntryState.PROPOSED)[0]
    assert "5 huruf" in error_at(send(officer, f"{LIST}/{out.id}/keluarkan", {"reason": "ya"}), "reason")
    assert send(officer, f"{LIST}/{out.id}/keluarkan", {"reason": "Sudah memiliki kompor gas"}).status_code == 303
    assert "Sudah memiliki kompor gas" in text_of(officer.get(f"{LIST}?keadaan=dikeluarkan"))
    assert send(officer, f"{LIST}/{out.id}/kembalikan", {}).status_code == 303
    assert send(officer, f"{LIST}/usulkan", {"which": "all", "basis": "BA 3/2026"}).status_code == 303
    assert send(officer, f"{LIST}/{out.id}/tarik", {}).status_code == 303
    assert send(officer, f"{LIST}/usulkan", {"which": "all", "basis": "BA 3/2026"}).status_code == 303

    # Who proposed cannot verify, who verified cannot determine, and only the head may.
    assert "Anda usulkan sendiri" in text_of(officer.get(f"{LIST}/periksa"))
    assert "Petugas lain" in refused(send(officer, f"{LIST}/periksa", {}))
    assert send(people.auditor, f"{LIST}/periksa", {}, from_page="/akun/sandi").status_code == 403
    decree = {"decree_no": "460/1", "decree_on": "15 November 2026"}
    assert "belum diperiksa" in refused(send(head, f"{AT}/penetapan", decree))
    assert send(second, f"{LIST}/periksa", {}).headers["Location"] == AT
    assert send(officer, f"{AT}/penetapan", decree).status_code == 403
    assert "Tetapkan daftar" in text_of(head.get(AT)) and "Tetapkan daftar: Kompor Rakyat" in text_of(head.get("/"))

    # Sent back with a reason only; verified anew; determined with number and day only.
    assert error_at(send(head, f"{AT}/kembalikan", {"reason": ""}), "reason")
    assert send(head, f"{AT}/kembalikan", {"reason": "Periksa lagi desilnya"}).status_code == 303
    assert the_term(work).state is TermState.DRAFT
    assert send(second, f"{LIST}/periksa", {}).status_code == 303
    assert error_at(send(head, f"{AT}/penetapan", {**decree, "decree_no": ""}), "decree_no")
    ahead = send(head, f"{AT}/penetapan", {**decree, "decree_on": "1/1/2027"})
    assert "masa depan" in error_at(ahead, "decree_on")
    assert send(head, f"{AT}/penetapan", decree).status_code == 303
    term = the_term(work)
    assert (term.state, len(entries(work, EntryState.DETERMINED))) == (TermState.DETERMINED, 5)
    page = text_of(officer.get(AT))
    assert "460/1" in page and "Susun rencana" in page
    assert text_of(officer.get(LIST)).count("Keluarkan…") == 0, "a frozen list has no acts"
    told = text_of(officer.get(f"/registri/keluarga/{entries(work)[0].household_id}"))
    assert "Kompor Rakyat – Tahap I 2026" in told and "SK 460/1" in told


def test_more_than_the_quota_is_not_verified(work: Work, people: People):
    open_by_page(work, people.officer, {FIRST: "2"})
    term_line.put_on_list(work, the_term(work).id, villages=("0",), most=3)
    assert "+1 dari kuota" in text_of(people.officer.get(AT))
    send(people.officer, f"{LIST}/usulkan", {"which": "all", "basis": "BA 1/2026"})
    assert "3/2" in refused(send(people.second, f"{LIST}/periksa", {}))


def test_a_term_given_up_keeps_its_list_and_the_reason(work: Work, people: People):
    open_by_page(work, people.officer, {})
    assert error_at(send(people.officer, f"{AT}/batal", {"reason": " "}), "reason")
    assert send(people.officer, f"{AT}/batal", {"reason": "Dananya dialihkan"}).status_code == 303
    assert the_term(work).state is TermState.CANCELLED
    assert "dibatalkan" in text_of(people.head.get(AT))


# ---------------------------------------------------------------- forms


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"name": ""}, "name"), ({"kind": "x"}, "kind"), ({"unit": ""}, "unit"), ({"supplier": ""}, "supplier"),
        ({"distributor": " "}, "distributor"), ({"funding_source": ""}, "funding_source"),
    ],
)  # fmt: skip
def test_a_programme_says_what_is_missing_under_its_field(people: People, change: dict[str, str], field: str):
    answer = send(people.officer, "/bansos/baru", {**STOVES, **change})
    assert error_at(answer, field)
    assert "Titik sendiri" in text_of(answer) or field == "distributor", "what was typed is kept"


def test_a_term_says_what_is_missing_under_its_field(work: Work, people: People):
    send(people.officer, "/bansos/baru", STOVES)
    at = "/bansos/kompor-rakyat/tahap-baru"
    with work.read_by(line.OFFICER) as tx:
        mattress = str(find_item(tx, "kasur").id)
    good = {
        "name": "Tahap I", "from_month": "2026-11", "to_month": "2026-12", "lines": "2", "item-1": mattress,
        "quantity-1": "1", f"quota-{FIRST}": "1.200",
    }  # fmt: skip
    assert "Barang" in text_of(send(people.officer, at, {**good, "more": "1"}))
    for change, field in (
        ({"name": ""}, "name"), ({"to_month": "2026-10"}, "to_month"), ({"from_month": "x"}, "from_month"),
        ({"quantity-1": "1,5"}, "items"), ({"quantity-1": "satu"}, "quantity-1"), ({"item-1": ""}, "item-1"),
        ({"item-1": "", "quantity-1": ""}, "items"), ({f"quota-{FIRST}": "banyak"}, f"quota-{FIRST}"),
        ({"quota-99.02.01": "3"}, "quotas"), ({"item-2": mattress, "quantity-2": "1"}, "items"),
    ):  # fmt: skip
        answer = send(people.officer, at, {**good, **change})
        assert error_at(answer, field), change
        if f"quota-{FIRST}" not in change:
            assert '<b id="quota-total">1.20' in text_of(answer)
    assert send(people.officer, at, good).status_code == 303
    assert the_term(work).quotas == {FIRST: 1200}


def test_a_form_sent_twice_opens_one_term(work: Work, people: People):
    send(people.officer, "/bansos/baru", {**STOVES, "form": "cash"})
    order = {
        "name": "Tahap I",
        "from_month": "2026-11",
        "to_month": "2026-11",
        "amount_rp": "600.000",
        "form_key": "kunci-satu-0001",
    }
    for _again in range(2):
        assert send(people.officer, "/bansos/kompor-rakyat/tahap-baru", order).headers["Location"] == AT
    assert (
        send(
            people.officer, "/bansos/kompor-rakyat/tahap-baru", {**order, "form_key": "kunci-dua-0002", "amount_rp": ""}
        ).status_code
        == 422
    )
    with work.read_by(line.OFFICER) as tx:
        assert len(queries.terms(tx)) == 1
    assert "Rp600.000" in text_of(people.officer.get(AT))


def test_criteria_out_of_range_are_told_under_their_field(work: Work, people: People):
    open_by_page(work, people.officer, {})
    assert error_at(people.officer.get(f"{LIST}/kriteria?desil_dari=11"), "desil_dari")
    assert error_at(people.officer.get(f"{LIST}/kriteria?desil_dari=5&desil_sampai=2"), "desil_dari")
    assert error_at(people.officer.get(f"{LIST}/kriteria?kecamatan=99.02.01"), "kecamatan")
    assert error_at(send(people.officer, f"{LIST}/kriteria?desil_dari=x", {}), "desil_dari")
    assert people.officer.get(f"{LIST}/kriteria?desil_dari=1&_scheme=x&slug=y").status_code == 200


# ---------------------------------------------------------------- one by one, and by file


def test_a_household_is_added_by_its_code(work: Work, people: People):
    open_by_page(work, people.officer, {})
    known = line.households(work)
    with work.read_by(line.OFFICER) as tx:
        codes = {name: household(tx, known[name]).code for name in ("H-0-0", "H-5-0")}
    assert send(people.officer, f"{LIST}/tambah", {"code": codes["H-0-0"]}).status_code == 303
    assert "sudah ada" in refused(send(people.officer, f"{LIST}/tambah", {"code": codes["H-0-0"]}))
    assert "KEL-00-999999-9" in error_at(send(people.officer, f"{LIST}/tambah", {"code": "KEL-00-999999-9"}), "code")
    assert send(people.village, f"{LIST}/tambah", {"code": codes["H-5-0"]}).status_code == 303
    assert error_at(send(people.village, f"{LIST}/tambah", {"code": codes["H-0-0"]}), "code")
    assert {one.household_code for one in entries(work, EntryState.CANDIDATE)} == set(codes.values())


def test_where_persons_are_counted_one_of_the_household_is_chosen(work: Work, people: People):
    term_line.open_term(work, name="Kompor Rakyat", unit=Unit.PERSON)
    with work.read_by(line.OFFICER) as tx:
        home = household(tx, line.households(work)["H-0-0"])
    asked = send(people.officer, f"{LIST}/tambah", {"code": home.code})
    assert asked.status_code == 200
    assert all(one.name in text_of(asked) for one in home.members)
    done = send(people.officer, f"{LIST}/tambah", {"code": home.code, "member": str(home.members[-1].id)})
    assert done.status_code == 303
    assert [one.name for one in entries(work)] == [home.members[-1].name]


def test_a_decree_file_is_answered_row_by_row_and_counts_once(work: Work, people: People):
    open_by_page(work, people.officer, {})
    known = line.households(work)
    with work.read_by(line.OFFICER) as tx:
        codes = [household(tx, known[name]).code for name in ("H-0-0", "H-0-1")]
    rows = "kode_keluarga;nama\r\n" + "".join(f"{code};\r\n" for code in (*codes, codes[0], "KEL-00-999999-9"))
    at = f"{LIST}/berkas"
    assert error_at(send(people.officer, at, {}), "file")
    assert error_at(send(people.officer, at, {"file": (BytesIO(b"a;b\r\n1;2\r\n"), "salah.csv")}), "file")
    with work.by(line.OFFICER):  # a file is read before anything is written, so that no other writer waits for it
        assert error_at(send(people.officer, at, {"file": (BytesIO(b"PK rusak"), "rusak.xlsx")}), "file")
    answers = [send(people.officer, at, {"file": (BytesIO(rows.encode()), "SK Kompor.csv")}) for _again in range(2)]
    assert answers[0].status_code == 303 and answers[0].headers["Location"] == answers[1].headers["Location"]
    assert len(entries(work, EntryState.CANDIDATE)) == 2
    where = answers[0].headers["Location"]
    page = text_of(people.officer.get(where))
    assert "Cocok" in page and "Dua kali di berkas" in page and "Tidak ditemukan" in page
    assert codes[0] not in text_of(people.officer.get(f"{where}?hasil=not_found"))
    answered = people.officer.get(f"{where}/hasil.csv")
    assert 'filename="SK-Kompor-hasil.csv"' in answered.headers["Content-Disposition"]
    assert "Hasil" in text_of(answered).splitlines()[0]
    assert "SK Kompor.csv" in text_of(people.officer.get(at))
    other = where.replace("kompor-rakyat/1", "kompor-rakyat/2")
    assert people.officer.get(other).status_code == 404


# ---------------------------------------------------------------- after the determination


def test_a_term_closes_at_nothing_open_or_with_minutes(work: Work, people: People):
    term_id = term_line.open_term(work, name="Kompor Rakyat")
    term_line.put_on_list(work, term_id, most=2)
    assert "Belum ada yang dapat dicocokkan" in text_of(people.officer.get(f"{AT}/rekonsiliasi"))
    term_line.determine(work, term_id)
    page = text_of(people.officer.get(f"{AT}/rekonsiliasi"))
    assert "Masih terbuka" in page and "Tutup dengan berita acara" in page
    close = f"{AT}/rekonsiliasi/tutup"
    assert "Rekonsiliasi" in text_of(people.auditor.get(f"{AT}/rekonsiliasi"))
    assert send(people.auditor, close, {}).status_code == 403
    refused(send(people.officer, close, {}))
    assert error_at(send(people.officer, close, {"minutes_no": "BA 9/2026", "minutes": "ya"}), "minutes")
    done = {"minutes_no": "BA 9/2026", "minutes": "Empat keluarga pindah ke kabupaten lain."}
    assert send(people.officer, close, done).status_code == 303
    assert the_term(work).state is TermState.CLOSED
    page = text_of(people.village.get(f"{AT}/rekonsiliasi"))
    assert "BA 9/2026" in page and "Tahap ini sudah ditutup" in page


def test_papers_come_from_the_reconciliation_page(work: Work, people: People):
    term_id = term_line.open_term(work, name="Kompor Rakyat")
    term_line.put_on_list(work, term_id, most=2)
    term_line.determine(work, term_id)
    at = f"{AT}/rekonsiliasi/surat"
    listed = send(people.officer, at, {"what": "nominatif", "region": FIRST})
    assert listed.mimetype == "application/pdf"
    said = "".join(page.extract_text() for page in PdfReader(BytesIO(listed.data)).pages)
    assert "Uji 0-0" in said
    book = send(people.officer, at, {"what": "nominatif-xlsx"})
    assert book.data[:2] == b"PK" and "kompor-rakyat" in book.headers["Content-Disposition"]
    assert error_at(send(people.officer, at, {"what": "undangan"}), "region")
    assert send(people.village, at, {"what": "nominatif", "region": FIRST}).status_code == 404
    assert send(people.auditor, at, {"what": "nominatif"}).status_code == 403
    assert "Daftar nominatif" in text_of(people.officer.get(AT)), "the paper is listed with the term"


# ---------------------------------------------------------------- who may open what


def test_every_page_opens_for_each_role_that_may_and_for_no_other(work: Work, people: People):
    term_id = term_line.open_term(work, name="Kompor Rakyat")
    term_line.open_term(work, name="Bantuan Tunai", form=Form.CASH)
    ids = term_line.put_on_list(work, term_id, villages=("0", "5"), most=2)
    everybody = {"officer", "second", "head", "village", "auditor"}
    officers, proposers = {"officer", "second"}, {"officer", "second", "village"}
    own = next(one for one in entries(work) if one.village_code == line.F)
    assert own.id in ids
    pages = {
        "/bansos": everybody, "/bansos/kompor-rakyat": everybody, AT: everybody, LIST: everybody,
        f"{LIST}/tumpang-tindih": everybody, f"{AT}/rekonsiliasi": everybody,
        "/bansos/bantuan-tunai/1": everybody, "/bansos/bantuan-tunai/1/daftar": everybody,
        "/bansos/baru": officers, "/bansos/kompor-rakyat/tahap-baru": officers,
        "/bansos/bantuan-tunai/tahap-baru": officers, f"{LIST}/kriteria": officers,
        f"{LIST}/kriteria?desil_dari=1": officers, f"{LIST}/kriteria/dikeluarkan?desil_dari=1": officers,
        f"{LIST}/berkas": officers, f"{LIST}/periksa": officers, f"{AT}/batal": officers,
        f"{LIST}/tambah": proposers, f"{LIST}/{own.id}/keluarkan": proposers, f"{AT}/penetapan": {"head"},
    }  # fmt: skip
    for address, allowed in pages.items():
        for name in (*everybody, "outsider"):
            answer = getattr(people, name).get(address)
            assert answer.status_code == (200 if name in allowed else 403), (address, name)
    for name in everybody:
        assert 'href="/bansos"' in text_of(getattr(people, name).get("/"))
    assert 'href="/bansos"' not in text_of(people.outsider.get("/"))
    away = next(one for one in entries(work) if one.village_code == line.A)
    assert people.village.get(f"{LIST}/{away.id}/keluarkan").status_code == 404
    assert people.officer.get("/bansos/tidak-ada").status_code == 404
    assert people.officer.get("/bansos/kompor-rakyat/7").status_code == 404
    assert UUID(str(term_id))


def test_the_menu_marks_the_place_a_page_stands_below(work: Work, people: People):
    term_line.open_term(work, name="Kompor Rakyat")
    page = text_of(people.officer.get(LIST))
    marked = re.findall(r'<a[^>]*href="([^"]+)"[^>]*aria-current="page"', page)
    assert "/bansos" in marked and "/kejadian" not in marked
