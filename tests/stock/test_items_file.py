"""The catalogue as a file: every row has its outcome, told before anything is done, and done once."""

from __future__ import annotations

from dataclasses import replace
from io import BytesIO

import pytest
import xlsxwriter
from hypothesis import given, settings
from hypothesis import strategies as st

from core.actor import Role
from core.errors import Forbidden, Invalid
from core.measures import MILLI, Milli
from core.work import Work
from stock.items.catalogue_file import (
    Column,
    FilePlan,
    ImportCatalogue,
    Known,
    Outcome,
    Pack,
    SheetRow,
    Variant,
    cells_of,
    import_catalogue,
    plan,
    plan_import,
    read_file,
)
from stock.items.commands import seed_items
from stock.items.kinds import VariantSex
from stock.items.queries import find_item, items
from stock.items.rules import Description, Standing
from stock.items.seed import SEED
from tests.stock.shop import ACTOR, Shop, line, take_in
from tests.support.builders import an_actor
from tests.support.shared import CATALOGUE, needs_catalogue

HEADER = tuple(column.value for column in Column)
SEEDED = tuple(
    Known(
        code=one.code,
        told=Description(
            name_id=one.name_id, name_en=one.name_en, category=one.category, base_unit=one.base_unit,
            step_milli=Milli(one.step_milli), does_expire=one.does_expire, is_durable=one.is_durable, is_active=True,
            source=one.source,
        ),
        packs=tuple(Pack(name=pack.name, quantity_milli=pack.quantity_milli) for pack in one.packs),
        aliases=one.aliases, is_stocked=one.is_stocked,
        variants=tuple(Variant(name=each.name, sex=each.sex, size=each.size) for each in one.variants),
    )
    for one in SEED
)  # fmt: skip
GOODS = tuple(one for one in SEEDED if one.is_stocked)


def sheet(*rows: dict[Column, str], header: tuple[str, ...] = HEADER) -> tuple[SheetRow, ...]:
    return tuple(
        SheetRow(number, tuple(row.get(column, "") for column in Column)) for number, row in enumerate(rows, 2)
    )


def planned(*rows: dict[Column, str], known: tuple[Known, ...] = SEEDED) -> FilePlan:
    return plan(HEADER, sheet(*rows), known)


def outcomes(found: FilePlan) -> list[str]:
    return [row.outcome.value for row in found.rows]


def issues(found: FilePlan) -> list[tuple[int, str, str]]:
    return [(one.row, one.column, one.code) for row in found.rows for one in row.issues]


RAINCOAT = {
    Column.NAME: "Jas hujan", Column.CATEGORY: "Sandang dan nonpangan", Column.UNIT: "buah", Column.SOURCE: "SK 7/2026",
    Column.PACKS: "dus = 50", Column.ALIASES: "Mantel | Ponco", Column.VARIANTS: "Dewasa XL = , XL | Anak",
    Column.DURABLE: "ya",
}  # fmt: skip


# ---------------------------------------------------------------- the plan


def test_what_is_written_out_changes_nothing_when_it_comes_back():
    found = planned(*(cells_of(one) for one in GOODS))
    assert set(outcomes(found)) == {"unchanged"}
    assert not found.does_anything


@settings(max_examples=60, deadline=None)
@given(st.lists(st.sampled_from(GOODS), unique_by=lambda one: one.code), st.sets(st.sampled_from(list(Column))))
def test_nor_does_any_part_of_it_in_any_order(some: list[Known], kept: set[Column]):
    kept |= {Column.CODE}
    found = planned(*({key: text for key, text in cells_of(one).items() if key in kept} for one in some))
    assert set(outcomes(found)) <= {"unchanged"}


def test_a_row_is_new_changed_unchanged_or_refused_with_its_column():
    found = planned(
        RAINCOAT,
        {Column.CODE: "kasur", Column.NAME_EN: "Foam mattress", Column.PACKS: "bal = 5"},
        {Column.NAME: "BERAS"},
        {Column.NAME: "Sekop", Column.UNIT: "Rp", Column.CATEGORY: "alat", Column.EXPIRES: "kapan"},
    )  # fmt: skip
    assert outcomes(found) == ["new", "changed", "unchanged", "refused"]
    assert [row.code for row in found.rows] == ["jas_hujan", "kasur", "beras", "sekop"]
    assert found.counts[Outcome.REFUSED] == 1
    assert issues(found) == [
        (5, "kategori", "item_file.category"), (5, "sumber", "form.missing"), (5, "kedaluwarsa", "item_file.yes_or_no"),
    ]  # fmt: skip
    assert [(one.column, one.before, one.after) for one in found.rows[1].changes] == [
        (Column.NAME_EN, "Mattress", "Foam mattress"), (Column.PACKS, "", "bal = 5"),
    ]  # fmt: skip
    new = found.rows[0]
    assert new.variants == (
        Variant(name="Dewasa XL", sex=VariantSex.ANY, size="XL"), Variant(name="Anak", sex=VariantSex.ANY, size=""),
    )  # fmt: skip
    assert new.told is not None and new.told.is_durable and new.told.step_milli == MILLI


@pytest.mark.parametrize(
    ("row", "column", "code"),
    [
        ({Column.CODE: "x y", Column.NAME: "X"}, "kode", "item.bad_code"),
        ({Column.CODE: "uang_tunai", Column.NAME_EN: "Money"}, "kode", "item.is_money"),
        ({Column.CODE: "jas", Column.NAME: "Terpal"}, "nama", "item.name_taken"),
        ({Column.UNIT: "Rupiah"}, "satuan", "item.unit_is_money"),
        ({Column.STEP: "banyak"}, "langkah", "item_file.quantity"),
        ({Column.STEP: "0"}, "langkah", "item.step_out_of_range"),
        ({Column.PACKS: "dus"}, "kemasan", "item_file.pack"),
        ({Column.PACKS: "dus = banyak"}, "kemasan", "item_file.quantity"),
        ({Column.PACKS: "dus = 5 | Duz = 6"}, "kemasan", "item.pack_taken"),
        ({Column.PACKS: "bh = 6"}, "kemasan", "item.pack_taken"),
        ({Column.PACKS: "dus = 0"}, "kemasan", "item.step_out_of_range"),
        ({Column.ALIASES: "Terpal"}, "ejaan", "item.name_taken"),
        ({Column.ALIASES: "!"}, "ejaan", "item.name_missing"),
        ({Column.VARIANTS: "Besar = besar"}, "ukuran", "item_file.variant_sex"),
        ({Column.SOURCE: "x" * 201}, "sumber", "item.name_too_long"),
        ({Column.NAME: ""}, "nama", "form.missing"),
        ({Column.ALIASES: "|".join(f"Jas {n}" for n in range(40))}, "ejaan", "item_file.too_many"),
    ],
)  # fmt: skip
def test_a_mistake_is_told_with_its_column(row: dict[Column, str], column: str, code: str):
    found = planned({**RAINCOAT, **row})
    assert outcomes(found) == ["refused"]
    assert issues(found) == [(2, column, code)]


def test_what_holds_an_item_is_told_before_anything_is_done():
    held = tuple(
        replace(one, standing=Standing(is_counted_in=True, lies_somewhere=True)) if one.code == "beras" else one
        for one in SEEDED
    )
    for cells, code in (
        ({Column.UNIT: "liter"}, "item.unit_is_fixed"), ({Column.STEP: "0,25"}, "item.step_coarser"),
        ({Column.ACTIVE: "tidak"}, "item.still_in_stock"),
    ):  # fmt: skip
        assert issues(planned({Column.CODE: "beras", **cells}, known=held))[0][2] == code
    assert outcomes(planned({Column.CODE: "beras", Column.STEP: "0,05"}, known=held)) == ["changed"]


def test_rows_see_what_the_rows_before_them_would_have_done():
    found = planned(RAINCOAT, {**RAINCOAT, Column.CODE: "jas_lain"}, {**RAINCOAT, Column.NAME: "jas HUJAN"})
    assert outcomes(found) == ["new", "refused", "refused"]
    assert [code for _row, _column, code in issues(found)] == ["item.name_taken", "item_file.twice"]


def test_an_item_found_by_a_spelling_keeps_its_name_and_one_found_by_its_code_is_renamed():
    by_spelling, by_code = planned(
        {Column.NAME: "sandang dewasa", Column.STEP: "2"}, {Column.CODE: "sarden", Column.NAME: "Sarden kaleng"}
    ).rows
    assert by_spelling.told is not None and by_spelling.told.name_id == "Pakaian dewasa"
    assert by_code.told is not None and by_code.told.name_id == "Sarden kaleng"


def test_a_flawed_row_is_refused_as_a_whole_and_the_next_is_read():
    rows = (SheetRow(2, ("kasur",), "reader.row_width", {"cells": 1, "want": 13}), *sheet({Column.CODE: "beras"}))
    assert outcomes(plan(HEADER, rows, SEEDED)) == ["refused", "unchanged"]


def test_headings_are_known_in_several_spellings_and_strange_ones_are_named():
    header = ("Item Code", "Catatan gudang", "Nama Barang", "Base unit")
    found = plan(header, (SheetRow(2, ("kasur", "di rak 3", "", "buah")),), SEEDED)
    assert (outcomes(found), found.ignored) == (["unchanged"], ("Catatan gudang",))
    with pytest.raises(Invalid, match=r"item_file\.column_twice"):
        plan(("kode", "item_code"), (), SEEDED)
    with pytest.raises(Invalid, match=r"item_file\.no_columns"):
        plan(("warna", "satuan"), (), SEEDED)


@settings(max_examples=200, deadline=None)
@given(st.lists(st.dictionaries(st.sampled_from(list(Column)), st.one_of(
    st.text(max_size=30), st.sampled_from(["ya", "pangan", "dus = 40 | Bal = 2,5", "Beras", "kasur", "kg", "L", "12"]),
)), max_size=4))  # fmt: skip
def test_no_cell_breaks_the_plan_and_what_it_does_is_done_when_repeated(rows: list[dict[Column, str]]):
    found = planned(*rows)
    assert len(found.rows) == len(rows)
    world = {one.code: one for one in SEEDED}
    for row in found.rows:
        assert (row.outcome is Outcome.REFUSED) == bool(row.issues)
        if row.outcome in (Outcome.NEW, Outcome.CHANGED):
            old = world.get(row.code)
            told = row.told or (old.told if old else None)
            assert told is not None
            base = old or Known(code=row.code, told=told)
            kept = {one.name: one for one in (*base.packs, *row.changed_packs, *row.new_packs)}
            world[row.code] = replace(
                base, told=told, packs=tuple(kept.values()), aliases=(*base.aliases, *row.aliases),
                variants=(*base.variants, *row.variants),
            )  # fmt: skip
    again = planned(*rows, known=tuple(world.values()))
    assert not again.does_anything


# ---------------------------------------------------------------- done


def put(work: Work, *rows: dict[Column, str], seal: str = "") -> FilePlan:
    with work.by(ACTOR) as tx:
        return import_catalogue(tx, ImportCatalogue(header=HEADER, rows=sheet(*rows), seal=seal))


def test_a_file_is_done_row_by_row_and_once(shop: Shop):
    rows = (
        RAINCOAT, {Column.CODE: "mie_instan", Column.PACKS: "dus = 30 | bal = 200"},
        {Column.CODE: "kasur", Column.ALIASES: "Beras"}, {Column.CODE: "tikar", Column.ACTIVE: "tidak"},
        {**RAINCOAT, Column.NAME: "Sekop", Column.ALIASES: "", Column.ACTIVE: "tidak"},
    )  # fmt: skip
    assert outcomes(put(shop.work, *rows)) == ["new", "changed", "refused", "changed", "new"]
    with shop.work.read_by(ACTOR) as tx:
        assert {one.name: one.quantity_milli for one in find_item(tx, "mie_instan").packs} == {
            "dus": 30_000, "karton": 40_000, "bal": 200_000,
        }  # fmt: skip
        made = find_item(tx, "jas_hujan")
        assert (made.aliases, made.packs[0].quantity_milli, len(made.variants)) == (("Mantel", "Ponco"), 50_000, 2)
        assert not find_item(tx, "sekop").is_active and not find_item(tx, "tikar").is_active
        before = items(tx, with_inactive=True)
    assert outcomes(put(shop.work, *rows)) == ["unchanged", "unchanged", "refused", "unchanged", "unchanged"]
    with shop.work.read_by(ACTOR) as tx:
        assert items(tx, with_inactive=True) == before


def test_only_what_was_shown_is_done(shop: Shop):
    row = {Column.CODE: "kasur", Column.UNIT: "lembar"}
    with shop.work.by(ACTOR) as tx:
        shown = plan_import(tx, HEADER, sheet(row)).seal
        take_in(tx, shop.warehouse, line(shop.kasur, 2))
    with pytest.raises(Invalid, match=r"item_file\.changed_meanwhile"):
        put(shop.work, row, seal=shown)
    assert issues(put(shop.work, row)) == [(2, "satuan", "item.unit_is_fixed")]


def test_only_who_edits_the_catalogue_reads_a_file_into_it(work: Work):
    with pytest.raises(Forbidden), work.by(an_actor(Role.WAREHOUSE)) as tx:
        plan_import(tx, HEADER, ())


def test_a_workbook_and_a_text_say_the_same(work: Work):
    buffer = BytesIO()
    book = xlsxwriter.Workbook(buffer, {"in_memory": True})
    page = book.add_worksheet("Daftar")
    page.write_row(0, 0, ["Katalog barang kantor"])
    page.write_row(1, 0, ["Kode", "Nama", "Kategori", "Satuan", "Langkah", "Sumber", "Kemasan"])
    page.write_row(2, 0, ["gula_merah", "Gula merah", "pangan", "kg", 0.125, "Pasar", "karung = 12,5"])
    page.write_row(3, 0, ["kasur", "Kasur", "", "", 1, "", ""])
    book.close()
    text = (
        "\ufeffKode;Nama;Kategori;Satuan;Langkah;Sumber;Kemasan\r\n"
        "gula_merah;Gula merah;pangan;kg;0,125;Pasar;karung = 12,5\r\nkasur;Kasur;;;1;;\r\n"
    ).encode()
    read = [read_file(buffer.getvalue(), "katalog.xlsx"), read_file(text, "katalog.csv")]
    plans = [plan(header, rows, SEEDED) for header, rows in read]
    assert [outcomes(one) for one in plans] == [["new", "unchanged"]] * 2
    for one in plans:
        told = one.rows[0].told
        assert told is not None and told.step_milli == 125
        assert one.rows[0].new_packs[0].quantity_milli == 12_500


@needs_catalogue
def test_the_compiled_catalogue_itself_can_be_read_in(work: Work):
    header, rows = read_file(CATALOGUE.read_bytes(), CATALOGUE.name)
    with work.by(ACTOR) as tx:
        seed_items(tx)
    with work.by(ACTOR) as tx:
        found = import_catalogue(tx, ImportCatalogue(header=header, rows=rows))
        assert len(found.rows) == len(rows) >= 34
        assert found.ignored == ("other_units_seen",)
        assert found.counts[Outcome.NEW] == 0
    with work.by(ACTOR) as tx:
        again = import_catalogue(tx, ImportCatalogue(header=header, rows=rows))
        assert again.counts[Outcome.CHANGED] == again.counts[Outcome.NEW] == 0
