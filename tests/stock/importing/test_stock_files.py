from __future__ import annotations

from datetime import date
from uuid import UUID

import pytest

from core.actor import Role
from core.errors import Conflict, Forbidden, Invalid, Malformed
from stock.importing import commands
from stock.importing.columns import template
from stock.importing.commands import ReadStockFile, discard_file, read_file, recheck_file
from stock.importing.jobs import run_pending_files
from stock.importing.queries import problem_counts, refused_table, stock_file, stock_files
from stock.importing.states import RowOutcome, StockFileKind, StockFileState
from stock.ledger.commands import Adjust, adjust
from stock.ledger.kinds import AdjustmentReason, DocumentKind
from stock.ledger.queries import batch_balances, batches_on, stock_document
from tests.stock.importing.sheet import MOVES, book, came, moved, opening, read, rows_of, table, told
from tests.stock.people import HEAD, OFFICER, SECOND, one_of
from tests.stock.shop import ACTOR, Shop, units

A_YEAR = (
    came("03/01/2026", "Beras", "10", satuan="karung 50 kg", kode="A1", kedaluwarsa="31/12/2027", harga="700.000"),
    came("05/01/2026", "Kasur", "20", sumber="Hibah", harga="350000"),
    moved(tanggal="10/01/2026", jenis="pindah", barang="beras", jumlah="100", satuan="kg", dari="GD1",
          ke="Gudang Timur", kode="A1"),
    moved(tanggal="12/01/2026", jam="10:30", jenis="keluar", barang="Beras", jumlah="40", dari="GD2"),
    moved(tanggal="14/01/2026", jenis="hapus", barang="Beras", jumlah="5", dari="GD2", alasan="rusak karena air",
          dokumen="BA-7"),
    moved(tanggal="15/01/2026", jenis="koreksi", barang="Kasur", jumlah="-1", dari="GD1", alasan="salah catat"),
    moved(tanggal="31/01/2026", jenis="hitung", barang="Beras", jumlah="54", dari="GD2", kode="A1"),
)  # fmt: skip


def lying(shop: Shop, on: date) -> dict[tuple[str, str], int]:
    with shop.work.read_by(HEAD) as tx:
        found = batches_on(tx, on)
    return {(one.place.code, one.batch.item.code): one.on_hand_milli // 1000 for one in found}


def test_a_years_movements_are_read_tried_and_booked_by_another(shop: Shop):
    done = read(shop.work, A_YEAR)
    assert told(shop.work, done.file_id) == {}
    with shop.work.read_by(OFFICER) as tx:
        file = stock_file(tx, done.file_id)
        assert (file.state, file.rows, file.refused) == (StockFileState.READ, 7, 0)
        assert batch_balances(tx) == ()
    with pytest.raises(Conflict, match="own"):
        book(shop.work, done.file_id, actor=OFFICER)
    assert book(shop.work, done.file_id).rows == 7
    rows = rows_of(shop.work, done.file_id)
    assert {one.outcome for one in rows} == {RowOutcome.BOOKED}
    assert all(one.document_id for one in rows)
    assert all(one.batches for one in rows)
    assert lying(shop, date(2026, 1, 9)) == {("GD1", "beras"): 500, ("GD1", "kasur"): 20}
    assert lying(shop, date(2026, 1, 11)) == {("GD1", "beras"): 400, ("GD1", "kasur"): 20, ("GD2", "beras"): 100}
    assert lying(shop, date(2026, 1, 31)) == {("GD1", "beras"): 400, ("GD1", "kasur"): 19, ("GD2", "beras"): 54}
    with shop.work.read_by(HEAD) as tx:
        kinds = [stock_document(tx, one.document_id).kind for one in rows if one.document_id]
    assert kinds == [
        DocumentKind.RECEIPT, DocumentKind.RECEIPT, DocumentKind.TRANSFER, DocumentKind.ADJUSTMENT,
        DocumentKind.WRITE_OFF, DocumentKind.ADJUSTMENT, DocumentKind.ADJUSTMENT,
    ]  # fmt: skip


def refusing(shop: Shop, *rows: tuple[str, ...], **more: object) -> dict[int, str]:
    done = read(shop.work, rows, **more)  # type: ignore[arg-type]
    return told(shop.work, done.file_id)


def test_opening_balances_begin_on_their_day_with_their_batches(shop: Shop):
    rows = (
        opening(gudang="GD1", barang="Beras", jumlah="1.500", satuan="kg", sumber="APBN", kedaluwarsa="31/12/2027",
                harga="14.500"),
        opening(gudang="Gudang Timur", barang="kasur", jumlah="12", sumber="Hibah", harga="0", dokumen="BA-2"),
    )  # fmt: skip
    with pytest.raises(Invalid, match="as_of_missing"):
        read(shop.work, rows, kind=StockFileKind.OPENING)
    done = read(shop.work, rows, kind=StockFileKind.OPENING, as_of_on=date(2026, 1, 1))
    assert told(shop.work, done.file_id) == {}
    book(shop.work, done.file_id)
    assert lying(shop, date(2025, 12, 31)) == {}
    assert lying(shop, date(2026, 1, 1)) == {("GD1", "beras"): 1500, ("GD2", "kasur"): 12}
    with shop.work.read_by(HEAD) as tx:
        rice = next(one for one in batch_balances(tx) if one.batch.item.code == "beras")
    assert (rice.batch.incoming_document, rice.value_rp, rice.batch.expires_on) == (
        "Saldo awal", 21_750_000, date(2027, 12, 31),
    )  # fmt: skip


def test_every_mistake_of_a_row_is_told_with_its_column(shop: Shop):
    said = refusing(
        shop,
        moved(tanggal="31/02/2026", jenis="terbang", barang="Bers", jumlah="dua", dari="GD9"),
        came("01/01/2026", "Beras", "10", satuan="dus", sumber="kas", harga="10,5"),
        moved(tanggal="01/01/2026", jenis="pindah", barang="Kasur", jumlah="1,5", dari="GD1", ke="GD1"),
        moved(tanggal="20/11/2026", jenis="keluar", barang="Kasur", jumlah="-1", dari="GD1"),
    )
    assert said[2].count("|") == 4
    assert "Tanggal: “31/02/2026” bukan tanggal" in said[2]
    assert "Jenis: “terbang” tidak dikenal" in said[2]
    assert "Barang: “Bers” tidak ada dalam katalog" in said[2]
    assert "Dari: “GD9”" in said[2]
    assert "“dus” bukan satuan atau kemasan Beras" in said[3]
    assert "“kas” bukan sumber dana" in said[3]
    assert "isi tanggal kedaluwarsanya" in said[3]
    assert "bukan rupiah bulat" in said[3]
    assert "Kasur hanya dicatat dalam" in said[4]
    assert "Tempat asal dan tujuan sama" in said[4]
    assert "di masa depan" in said[5]
    assert "tidak boleh kurang dari nol" in said[5]


def test_what_was_not_there_says_the_day_the_place_and_how_much_is_missing(shop: Shop):
    said = refusing(
        shop,
        came("01/03/2026", "Kasur", "5", kode="K1"),
        moved(tanggal="03/03/2026", jenis="keluar", barang="Kasur", jumlah="7", dari="GD1", kode="K1"),
        moved(tanggal="02/03/2026", jenis="keluar", barang="Kasur", jumlah="1", dari="GD1", kode="K9"),
    )
    assert set(said) == {3, 4}
    assert said[3].startswith("Tidak cukup pada 3 Maret 2026 di Gudang Utama")
    assert "ada 5 buah, kurang 2 buah" in said[3]
    assert "tidak diterima oleh baris lain" in said[4]


def test_a_row_that_needs_a_refused_one_says_so(shop: Shop):
    said = refusing(
        shop,
        came("01/03/2026", "Kasur", "banyak", kode="K1"),
        moved(tanggal="03/03/2026", jenis="keluar", barang="Kasur", jumlah="7", dari="GD1", kode="K1"),
    )
    assert "Baris yang menyebut batch ini ditolak" in said[3]


def test_a_late_row_that_would_leave_too_little_on_a_later_day_is_refused(shop: Shop):
    first = read(shop.work, (
        came("01/03/2026", "Kasur", "10", kode="K1"),
        moved(tanggal="10/03/2026", jenis="keluar", barang="Kasur", jumlah="8", dari="GD1", kode="K1"),
    ))  # fmt: skip
    book(shop.work, first.file_id)
    said = refusing(shop, moved(tanggal="05/03/2026", jenis="keluar", barang="Kasur", jumlah="3", dari="GD1"))
    assert "ada 2 buah, kurang 1 buah" in said[2]


def test_a_counts_balance_stands_against_late_rows(shop: Shop):
    first = read(shop.work, (
        came("01/03/2026", "Kasur", "10", kode="K1"),
        moved(tanggal="31/03/2026", jenis="hitung", barang="Kasur", jumlah="8", dari="GD1"),
    ))  # fmt: skip
    book(shop.work, first.file_id)
    late = read(
        shop.work, (moved(tanggal="15/03/2026", jenis="keluar", barang="Kasur", jumlah="2", dari="GD1"),), name="2.csv"
    )
    assert told(shop.work, late.file_id) == {}
    book(shop.work, late.file_id)
    assert lying(shop, date(2026, 3, 20)) == {("GD1", "kasur"): 8}
    assert lying(shop, date(2026, 4, 1)) == {("GD1", "kasur"): 8}


def test_rows_of_one_moment_find_each_other_in_whatever_order(shop: Shop):
    rows = (
        moved(tanggal="01/03/2026", jenis="pindah", barang="Kasur", jumlah="4", dari="GD2", ke="TP1"),
        moved(tanggal="01/03/2026", jenis="pindah", barang="Kasur", jumlah="4", dari="GD1", ke="GD2"),
        came("01/03/2026", "Kasur", "4"),
    )
    done = read(shop.work, rows)
    assert told(shop.work, done.file_id) == {}
    book(shop.work, done.file_id)
    assert lying(shop, date(2026, 3, 1)) == {("TP1", "kasur"): 4}


def test_without_a_batch_the_earliest_expiry_goes_first(shop: Shop):
    rows = (
        came("01/03/2026", "Beras", "10", kedaluwarsa="31/12/2027", kode="B"),
        came("02/03/2026", "Beras", "10", kedaluwarsa="30/06/2027", kode="A"),
        moved(tanggal="05/03/2026", jenis="keluar", barang="Beras", jumlah="12", dari="GD1"),
    )
    done = read(shop.work, rows)
    book(shop.work, done.file_id)
    with shop.work.read_by(HEAD) as tx:
        (left,) = batch_balances(tx)
    assert (left.batch.expires_on, left.on_hand_milli) == (date(2027, 12, 31), units(8))
    assert len(rows_of(shop.work, done.file_id)[2].batches) == 2


def test_a_count_among_several_batches_must_name_one(shop: Shop):
    said = refusing(
        shop,
        came("01/03/2026", "Kasur", "1", kode="A"),
        came("01/03/2026", "Kasur", "1", kode="B"),
        moved(tanggal="02/03/2026", jenis="hitung", barang="Kasur", jumlah="2", dari="GD1"),
        moved(tanggal="03/03/2026", jenis="hitung", barang="Kasur", jumlah="1", dari="GD1", kode="A"),
        moved(tanggal="03/03/2026", jenis="hitung", barang="Kasur", jumlah="0", dari="GD1", kode="A"),
    )
    assert "ada beberapa batch Kasur: BT-" in said[4]
    assert set(said) == {4, 5, 6}


def test_the_same_file_again_gives_its_first_answer(shop: Shop):
    first = read(shop.work, A_YEAR)
    again = read(shop.work, A_YEAR, actor=SECOND)
    assert (again.file_id, again.is_repeat) == (first.file_id, True)
    with shop.work.by(OFFICER) as tx:
        discard_file(tx, first.file_id)
    anew = read(shop.work, A_YEAR)
    assert (anew.is_repeat, anew.file_id == first.file_id) == (False, False)


def test_refused_rows_block_unless_only_the_ready_ones_are_asked_for(shop: Shop):
    done = read(shop.work, (*A_YEAR, came("01/02/2026", "Entah", "1")))
    with pytest.raises(Conflict, match="has_refused"):
        book(shop.work, done.file_id)
    assert batch_count(shop) == 0
    booked = book(shop.work, done.file_id, only_ready=True)
    assert (booked.rows, booked.left_out, booked.is_booked) == (7, 1, True)
    with pytest.raises(Conflict, match="cannot_approve"):
        book(shop.work, done.file_id, only_ready=True)


def test_above_the_limit_the_head_decides(shop: Shop):
    done = read(shop.work, A_YEAR)
    with pytest.raises(Conflict, match="heads_only"):
        book(shop.work, done.file_id, actor=SECOND)
    small = read(shop.work, (came("01/02/2026", "Kasur", "1"),), name="kecil.csv")
    assert book(shop.work, small.file_id, actor=SECOND).rows == 1


def test_who_may_not_read_or_book(shop: Shop):
    with pytest.raises(Forbidden):
        read(shop.work, A_YEAR, actor=HEAD)
    done = read(shop.work, A_YEAR)
    keeper = one_of(Role.WAREHOUSE, "Penjaga", shop.warehouse)
    with pytest.raises(Forbidden):
        book(shop.work, done.file_id, actor=keeper)
    with shop.work.read_by(keeper) as tx, pytest.raises(Forbidden):
        stock_files(tx)


def test_books_that_moved_on_are_told_and_nothing_is_booked(shop: Shop):
    first = read(shop.work, (came("01/03/2026", "Kasur", "5"),))
    book(shop.work, first.file_id)
    done = read(
        shop.work,
        (
            moved(tanggal="02/03/2026", jenis="keluar", barang="Kasur", jumlah="4", dari="GD1"),
            came("02/03/2026", "Kasur", "1", ke="GD2"),
        ),
        name="2.csv",
    )
    with shop.work.by(OFFICER) as tx:
        (there,) = batch_balances(tx)
        adjust(tx, Adjust(
            place_id=shop.warehouse, lines=((there.batch.id, -units(3)),), reason=AdjustmentReason.OTHER, note="Uji",
        ))  # fmt: skip
    with pytest.raises(Conflict, match="changed_meanwhile"):
        book(shop.work, done.file_id)
    assert batch_count(shop) == 1
    with shop.work.by(HEAD) as tx:
        recheck_file(tx, done.file_id)
        assert [one.rows for one in problem_counts(tx, done.file_id)] == [1]
    assert "ada 2 buah, kurang 2 buah" in told(shop.work, done.file_id)[2]


def test_refused_rows_given_back_are_read_again_as_they_were(shop: Shop):
    rows = (
        moved(tanggal="03/03/2026", jenis="koreksi", barang="Kasur", jumlah="-2", dari="GD1", keterangan="=1+1"),
        came("01/01/2026", "Entah", "1.500,5", harga="14.500"),
    )
    done = read(shop.work, rows)
    with shop.work.read_by(OFFICER) as tx:
        back = refused_table(tx, done.file_id, "id")
    assert back.header == (*MOVES, "Kesalahan")
    assert [one[: len(MOVES)] for one in back.rows] == list(rows)
    assert all(one[-1] for one in back.rows)


def test_numbers_with_a_point_are_asked_about_in_files_with_commas(shop: Shop):
    rows = (
        came("01/01/2026", "Beras", "1.5", kedaluwarsa="31/12/2027"),
        came("01/01/2026", "Beras", "1.500", kedaluwarsa="31/12/2027"),
    )
    done = read(shop.work, rows, delimiter=",")
    assert list(told(shop.work, done.file_id)) == [3]
    with shop.work.read_by(OFFICER) as tx:
        assert refused_table(tx, done.file_id, "id").rows[0][4] == "1,500"


def test_a_long_file_is_tried_and_booked_by_the_job(shop: Shop, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(commands, "AT_ONCE_ROWS", 3)
    done = read(shop.work, A_YEAR)
    assert state_of(shop, done.file_id) is StockFileState.READING
    assert run_pending_files(shop.work, ACTOR).endswith("0 refused")
    assert state_of(shop, done.file_id) is StockFileState.READ
    assert not book(shop.work, done.file_id).is_booked
    assert batch_count(shop) == 0
    assert run_pending_files(shop.work, ACTOR).endswith("7 booked")
    assert state_of(shop, done.file_id) is StockFileState.BOOKED
    assert run_pending_files(shop.work, ACTOR) == ""


def test_what_the_job_cannot_book_goes_back(shop: Shop, monkeypatch: pytest.MonkeyPatch):
    book(shop.work, read(shop.work, (came("01/03/2026", "Kasur", "5"),)).file_id)
    rows = (moved(tanggal="02/03/2026", jenis="keluar", barang="Kasur", jumlah="4", dari="GD1"),)
    done = read(shop.work, rows, name="2.csv")
    monkeypatch.setattr(commands, "AT_ONCE_ROWS", 0)
    book(shop.work, done.file_id)
    with shop.work.by(OFFICER) as tx:
        (there,) = batch_balances(tx)
        adjust(tx, Adjust(
            place_id=shop.warehouse, lines=((there.batch.id, -units(3)),), reason=AdjustmentReason.OTHER, note="Uji",
        ))  # fmt: skip
    assert "changed_meanwhile" in run_pending_files(shop.work, ACTOR)
    assert state_of(shop, done.file_id) is StockFileState.READ
    assert list(told(shop.work, done.file_id)) == [2]


def test_columns_that_are_missing_or_twice_are_told_at_once(shop: Shop):
    for header, code in ((("Barang", "Jumlah"), "column_missing"), ((*MOVES, "Tgl"), "column_twice")):
        made = table(header, [tuple("x" for _ in header)])
        order = ReadStockFile(kind=StockFileKind.MOVEMENTS, file_name="x.csv", file_sha256=code, table=made)
        with shop.work.by(OFFICER) as tx, pytest.raises(Malformed, match=code):
            read_file(tx, order)


def test_the_templates_examples_are_left_out_and_hold_together(shop: Shop):
    for kind in StockFileKind:
        header, rows = template(kind)
        with shop.work.by(OFFICER) as tx, pytest.raises(Invalid, match="no_rows"):
            read_file(tx, ReadStockFile(
                kind=kind, file_name="t.csv", file_sha256=kind.value, table=table(header, rows),
                as_of_on=date(2026, 1, 1),
            ))  # fmt: skip
        meant = [tuple(cell.removeprefix("CONTOH: ") for cell in one) for one in rows]
        with shop.work.by(OFFICER) as tx:
            done = read_file(tx, ReadStockFile(
                kind=kind, file_name="t.csv", file_sha256=f"{kind.value}-meant", table=table(header, meant),
                as_of_on=date(2026, 1, 1),
            ))  # fmt: skip
        assert told(shop.work, done.file_id) == {}


def state_of(shop: Shop, file_id: UUID) -> StockFileState:
    with shop.work.read_by(HEAD) as tx:
        return stock_file(tx, file_id).state


def batch_count(shop: Shop) -> int:
    with shop.work.read_by(HEAD) as tx:
        return len(batch_balances(tx))
