"""Snapshots by page and by machine: what changed, one village at a time; the search that shows what is only alike."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from uuid import UUID

import pytest
from flask import Flask

from core.actor import Role
from core.work import Work
from registry_link.households.drawn import drawn_from, keep_drawn_from
from registry_link.households.reporting import ListDifferences, differences
from registry_link.households.states import DifferenceKind
from tests.registry_link.households.test_differences import the_next
from tests.registry_link.households.test_snapshots import rows
from tests.registry_link.people import OFFICE, OLILIT, WOWON, merge, nik, with_regions
from tests.routes.asking import log_in, send
from tests.support.builders import a_person, a_token, an_office


@dataclass(frozen=True, slots=True, kw_only=True)
class Quarters:
    first: UUID
    second: UUID


@pytest.fixture
def quarters(work: Work) -> Quarters:
    an_office(work)
    with_regions(work)
    first, _ = merge(work, rows())
    with work.by(OFFICE) as tx:
        keep_drawn_from(tx, "term", UUID(int=1))
    second, _ = merge(work, the_next(), as_of=date(2026, 4, 1))
    return Quarters(first=first, second=second)


def test_an_officer_reads_what_a_file_changed_and_takes_it_home(app: Flask, work: Work, quarters: Quarters):
    client = log_in(app.test_client(), a_person(work, Role.LOGISTICS))
    listed = client.get("/registri/snapshot").text
    assert str(quarters.second) in listed
    at = f"/registri/snapshot/{quarters.second}"
    # The registry's first page names what is in use, not what was replaced or given up.
    first = client.get("/registri").text
    assert str(quarters.second) in first and str(quarters.first) not in first
    assert re.search(r"Dihitung \d+ \w+ \d{4}", first), "the figures are those of the last count"
    with work.read_by(OFFICE) as tx:
        gone, stayed = (
            differences(tx, ListDifferences(snapshot_id=quarters.second, kind=kind)).lines[0].household_id
            for kind in (DifferenceKind.GONE, DifferenceKind.DECILE)
        )
    said = "tidak ada dalam berkas registri yang berlaku"
    assert said in client.get(f"/registri/keluarga/{gone}").text
    assert said not in client.get(f"/registri/keluarga/{stayed}").text
    page = client.get(at).text
    assert "Desil berubah" in page
    assert "Jalan Baru" not in page
    shown = client.get(f"{at}?jenis=address").text
    assert "Jalan 1" in shown
    assert "Jalan Baru" in shown
    table = client.get(f"{at}/unduh?jenis=decile")
    assert table.mimetype == "text/csv"
    assert re.search(r'filename="perubahan-\w+-2026-04-01.csv"', table.headers["Content-Disposition"])
    lines = table.get_data().decode("utf-8-sig").splitlines()
    assert lines[0].startswith("Perubahan;Kode keluarga;")
    assert [line.split(";")[-2:] for line in lines[1:]] == [["2", "9"]]


def test_a_village_sees_its_own_part_and_machines_ask_for_pages(app: Flask, work: Work, quarters: Quarters):
    operator = log_in(app.test_client(), a_person(work, Role.VILLAGE, village=OLILIT, username="desa"))
    page = operator.get(f"/registri/snapshot/{quarters.second}").text
    assert "Tidak ada lagi dalam berkas" in page  # h6 of Olilit
    assert "Desil berubah" not in page  # h1 of Saum
    assert "Olilit" in operator.get(f"/registri/snapshot/{quarters.second}/unduh").text
    token = a_token(work, Role.LOGISTICS)
    at = f"/api/v1/registry/snapshots/{quarters.second}"
    report = app.test_client().get(at, headers=token).get_json()
    assert (report["before"]["id"], report["snapshot"]["as_of_on"]) == (str(quarters.first), "2026-04-01")
    assert {one["kind"]: one["count"] for one in report["counts"]}["new"] == 1
    found = app.test_client().get(f"{at}/differences?kind=village&village_code={WOWON}", headers=token).get_json()
    assert [(one["before"], one["after"]) for one in found["differences"]] == [("Desa Olilit", "Desa Wowon")]


def test_a_typing_error_shows_who_is_meant_apart_from_who_was_asked_for(app: Flask, work: Work, quarters: Quarters):
    client = log_in(app.test_client(), a_person(work, Role.LOGISTICS))
    assert "Ketik beberapa kata" in client.get("/registri/cari").text
    page = send(client, "/registri/cari", {"q": "yohnes contoh1"}).text
    assert "Mirip dengan yang dicari" in page
    assert "Yohanes Contoh1" in page
    for typed, said in (
        ("9999 9999 9999", "12 angka: NIK dan nomor KK dicari lengkap"), (nik(98), "Nomor ini tidak ditemukan"),
        ("zzzz 12", "Coba awal nama saja"),
    ):  # fmt: skip
        assert said in send(client, "/registri/cari", {"q": typed}).text
    exact = send(client, "/registri/cari", {"q": "yohanes contoh1"}).text
    assert "Yohanes Contoh1" in exact
    assert "Mirip dengan yang dicari" not in exact.split("Contoh1", 1)[0]


def test_a_list_names_the_snapshot_it_was_drawn_from(work: Work, quarters: Quarters):
    with work.by(OFFICE) as tx:
        assert [one.id for one in drawn_from(tx, "term", [UUID(int=1)])] == [quarters.first]
        keep_drawn_from(tx, "term", UUID(int=1))
        assert [one.id for one in drawn_from(tx, "term", [UUID(int=1)])] == [quarters.second]
