"""Files of stock written by tests, and the people who read and book them."""

from __future__ import annotations

import csv
import hashlib
import io
from collections.abc import Sequence
from datetime import date
from uuid import UUID

from core.actor import Actor
from core.reader import Cell, CellKind, Row, Table
from core.work import Work
from stock.importing.commands import FileBooked, ReadStockFile, StockFileRead, book_file, read_file
from stock.importing.queries import FileRow, stock_file_rows
from stock.importing.states import StockFileKind
from tests.stock.people import HEAD, OFFICER

MOVES = (
    "Tanggal", "Jam", "Jenis", "Barang", "Jumlah", "Satuan", "Dari", "Ke", "Kode batch", "Sumber dana", "Dokumen",
    "Kedaluwarsa", "Harga satuan", "Alasan", "Keterangan",
)  # fmt: skip
OPENINGS = (
    "Gudang", "Barang", "Jumlah", "Satuan", "Sumber dana", "Dokumen", "Kedaluwarsa", "Harga satuan", "Kode batch",
    "Keterangan",
)  # fmt: skip


def row(header: Sequence[str], **cells: str) -> tuple[str, ...]:
    """Write a row by the first words of its columns: tanggal, kode, harga …"""
    by_word = {one.split()[0].lower(): at for at, one in enumerate(header)}
    made = [""] * len(header)
    for name, text in cells.items():
        made[by_word[name]] = text
    return tuple(made)


def moved(**cells: str) -> tuple[str, ...]:
    return row(MOVES, **cells)


def came(on: str, item: str, amount: str, **more: str) -> tuple[str, ...]:
    usual = {"ke": "GD1", "sumber": "APBD", "dokumen": "BAST-1", "harga": "1000"}
    return moved(tanggal=on, jenis="masuk", barang=item, jumlah=amount, **(usual | more))


def opening(**cells: str) -> tuple[str, ...]:
    return row(OPENINGS, **cells)


def table(header: Sequence[str], rows: Sequence[Sequence[str]], delimiter: str = ";") -> Table:
    """Make what the reader makes of a CSV, without starting a process."""

    def cell(text: str) -> Cell:
        return Cell(CellKind.TEXT, text) if text else Cell(CellKind.EMPTY, "")

    return Table(
        header=tuple(header), header_row=1, delimiter=delimiter,
        rows=tuple(Row(number, tuple(map(cell, one))) for number, one in enumerate(rows, start=2)),
    )  # fmt: skip


def as_csv(header: Sequence[str], rows: Sequence[Sequence[str]]) -> bytes:
    out = io.StringIO()
    csv.writer(out, delimiter=";").writerows([header, *rows])
    return out.getvalue().encode()


def read(
    work: Work, rows: Sequence[Sequence[str]], *, kind: StockFileKind = StockFileKind.MOVEMENTS,
    as_of_on: date | None = None, actor: Actor = OFFICER, name: str = "stok.csv", delimiter: str = ";",
) -> StockFileRead:  # fmt: skip
    header = MOVES if kind is StockFileKind.MOVEMENTS else OPENINGS
    digest = hashlib.sha256(repr((kind, rows)).encode()).hexdigest()
    made = table(header, rows, delimiter)
    order = ReadStockFile(kind=kind, file_name=name, file_sha256=digest, table=made, as_of_on=as_of_on)
    with work.by(actor) as tx:
        return read_file(tx, order)


def book(work: Work, file_id: UUID, *, only_ready: bool = False, actor: Actor = HEAD) -> FileBooked:
    with work.by(actor) as tx:
        return book_file(tx, file_id, only_ready=only_ready)


def rows_of(work: Work, file_id: UUID) -> tuple[FileRow, ...]:
    with work.read_by(HEAD) as tx:
        return stock_file_rows(tx, file_id, limit=100_000).rows


def told(work: Work, file_id: UUID, lang: str = "id") -> dict[int, str]:
    """Give the sentence of every refused row."""
    return {
        one.row_no: " | ".join(problem.sentence(lang) for problem in one.problems)
        for one in rows_of(work, file_id)
        if one.problems
    }
