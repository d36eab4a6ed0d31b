"""Files of opening balances and movements, for machines: sent as the body, tried, booked by somebody else."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Response, request
from flask_smorest import Blueprint
from werkzeug.exceptions import UnsupportedMediaType

from core.reader import READER
from core.work import Tx
from routes import context, guard, limits
from routes.pages.stock_files import download, order_of
from routes.schemas import stock_files as shapes
from routes.schemas.fields import KeyHeader, NameHeader, Problem
from routes.tables import KINDS
from stock.importing import commands, queries
from stock.importing.queries import StockFileView

api = Blueprint("stock-files", __name__, url_prefix="/stock/files", description="Stock from files, row by row.")


@api.get("")
@guard.requires("stock.see_files")
@api.response(200, shapes.StockFilesOut)
def list_files() -> dict[str, Any]:
    """List the office's files of stock, the newest first."""
    with context.read() as tx:
        return {"files": queries.stock_files(tx)}


@api.post("")
@guard.requires("stock.import")
@limits.accepts(2 * READER.file_bytes)
@api.arguments(KeyHeader, location="headers", as_kwargs=True)
@api.arguments(NameHeader, location="headers", as_kwargs=True)
@api.arguments(shapes.StockFileArgs, location="query")
@api.response(201, shapes.StockFileOut)
@api.alt_response(400, schema=Problem)
@api.alt_response(413, schema=Problem)
@api.alt_response(422, schema=Problem)
def read_file(args: dict[str, Any], file_name: str, **_: Any) -> Response:
    """Read a file (the body, CSV or XLSX): every row gets its outcome, the books are as before.

    The same bytes again give the file that is there. A long file is ``reading`` for a moment.
    """
    if request.mimetype not in KINDS.values():
        raise UnsupportedMediaType()
    order = order_of(request.get_data(), file_name, args["kind"], args["as_of_on"])

    def act(tx: Tx) -> Any:
        done = commands.read_file(tx, order)
        return shapes.StockFileOut().dump(_told(queries.stock_file(tx, done.file_id), is_repeat=done.is_repeat))

    return context.write_once(act)


@api.get("/<uuid:file_id>")
@guard.requires("stock.see_files")
@api.response(200, shapes.StockFileOut)
@api.alt_response(404, schema=Problem)
def show_file(file_id: UUID) -> StockFileView:
    """Give one file: how many rows are ready, refused or booked."""
    with context.read() as tx:
        return queries.stock_file(tx, file_id)


@api.get("/<uuid:file_id>/rows")
@guard.requires("stock.see_files")
@api.arguments(shapes.StockFileRowArgs, location="query")
@api.response(200, shapes.StockFileRowsOut)
@api.alt_response(404, schema=Problem)
def list_rows(args: dict[str, Any], file_id: UUID) -> dict[str, Any]:
    """Give a file's rows with what is to become of each, or became."""
    with context.read() as tx:
        file = queries.stock_file(tx, file_id)
        found = queries.stock_file_rows(tx, file_id, **args)
    return {
        "header": file.header, "total": found.total,
        "rows": [
            {
                "row_no": one.row_no, "outcome": one.outcome, "cells": one.texts, "document_id": one.document_id,
                "number": one.number, "batch_codes": one.batches,
                "problems": [
                    {"code": each.code, "column": each.column, "text": each.sentence(context.lang())}
                    for each in one.problems
                ],
            }
            for one in found.rows
        ],
    }  # fmt: skip


@api.get("/<uuid:file_id>/refused")
@guard.requires("stock.see_files")
@api.arguments(shapes.FormArgs, location="query")
@api.response(200, {"type": "string", "format": "binary"}, content_type="text/csv")
@api.alt_response(404, schema=Problem)
def refused_rows(args: dict[str, Any], file_id: UUID) -> Response:
    """Give the refused rows as the same table with a column that says why."""
    with context.read() as tx:
        table = queries.refused_table(tx, file_id, context.lang())
    return download(table, "ditolak", args["form"])


@api.post("/<uuid:file_id>/recheck")
@guard.requires("stock.approve")
@api.arguments(KeyHeader, location="headers", as_kwargs=True)
@api.response(201, shapes.StockFileOut)
@api.alt_response(404, schema=Problem)
@api.alt_response(409, schema=Problem)
def recheck_file(file_id: UUID, **_: Any) -> Response:
    """Try a file again: catalogue and books have moved on."""

    def act(tx: Tx) -> Any:
        commands.recheck_file(tx, file_id)
        return shapes.StockFileOut().dump(queries.stock_file(tx, file_id))

    return context.write_once(act)


@api.post("/<uuid:file_id>/booking")
@guard.requires("stock.approve")
@api.arguments(KeyHeader, location="headers", as_kwargs=True)
@api.arguments(shapes.BookStockFileIn)
@api.response(201, shapes.BookedStockFileOut)
@api.alt_response(404, schema=Problem)
@api.alt_response(409, schema=Problem)
def book_file(data: dict[str, Any], file_id: UUID, **_: Any) -> Response:
    """Book a file that somebody else sent, all of it in one transaction, in the order in which it happened."""

    def act(tx: Tx) -> Any:
        return shapes.BookedStockFileOut().dump(commands.book_file(tx, file_id, only_ready=data["only_ready"]))

    return context.write_once(act)


@api.post("/<uuid:file_id>/discard")
@guard.requires("stock.import")
@api.arguments(KeyHeader, location="headers", as_kwargs=True)
@api.response(201, shapes.StockFileOut)
@api.alt_response(404, schema=Problem)
@api.alt_response(409, schema=Problem)
def discard_file(file_id: UUID, **_: Any) -> Response:
    """Give up a file that is not booked."""

    def act(tx: Tx) -> Any:
        commands.discard_file(tx, file_id)
        return shapes.StockFileOut().dump(queries.stock_file(tx, file_id))

    return context.write_once(act)


def _told(file: StockFileView, *, is_repeat: bool) -> dict[str, Any]:
    names = (*StockFileView.__dataclass_fields__, "ready")
    return {**{name: getattr(file, name) for name in names}, "is_repeat": is_repeat}
