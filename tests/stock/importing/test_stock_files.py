from __future__ import annotations

from datetime import date

import pytest

from core.errors import Conflict
from stock.importing.queries import stock_file
from stock.importing.states import RowOutcome, StockFileState
from stock.ledger.kinds import DocumentKind
from stock.ledger.queries import batch_balances, batches_on, stock_document
from tests.stock.importing.sheet import (
    book,
    came,
    moved,
    read,
    rows_of,
    told,
)
from tests.stock.people import HEAD, OFFICER
from tests.stock.shop import Shop

A_YEAR = (
    came("03/01/2026", "Beras", "10", satuan="karung 50 kg", kode="A1", kedaluwarsa="31/12/2027", harga="700.000"),
    came("05/01/2026", "Kasur", "20", sumber="Hibah", harga="350000"),
    moved(tanggal="10/01/2026", jenis="pindah", barang="beras", jumlah="100", satuan="kg", dari="GD1", ke="Gudang Timur",
          kode="A1"),
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
