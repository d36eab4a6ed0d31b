"""The catalogue for machines: items, boxes, spellings, sizes, minimum levels, what runs low, and the file of it all."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Response, request
from flask_smorest import Blueprint
from werkzeug.exceptions import UnsupportedMediaType

from core.errors import Forbidden, NotFound
from core.i18n import say
from core.work import Tx
from reports import table_file
from routes import context, guard, limits
from routes.pages.items import MOST_FILE_BYTES, catalogue_table, low_here
from routes.schemas import items as shapes
from routes.schemas.fields import KeyHeader, NameHeader, Problem
from routes.tables import attached
from stock.items import catalogue_file, commands
from stock.items.catalogue_file import FilePlan, ImportCatalogue
from stock.items.queries import ItemView, find_item, item_by_id, items, minimum_levels, search_items
from stock.items.rules import Description, unit_words
from stock.items.weights import SetWeight, set_weight
from stock.places.kinds import PlaceKind
from stock.places.queries import find_place, places

api = Blueprint("stock-items", __name__, url_prefix="/stock/items", description="What can be stocked, and its units.")
WORKBOOK = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_FILES = ("text/csv", WORKBOOK)


@api.get("")
@guard.requires("stock.see")
@api.arguments(shapes.ItemArgs, location="query")
@api.response(200, shapes.ItemsOut)
def list_items(args: dict[str, Any]) -> dict[str, Any]:
    """List the catalogue with units, boxes, spellings and sizes, or what a search finds in it, best first."""
    with context.read() as tx:
        if args["search"].strip():
            return {"items": search_items(tx, args["search"], with_inactive=True)}
        return {"items": items(tx, with_inactive=True)}


@api.post("")
@guard.requires("item.edit")
@api.arguments(KeyHeader, location="headers", as_kwargs=True)
@api.arguments(shapes.ItemIn)
@api.response(201, shapes.ItemOut)
@api.alt_response(409, schema=Problem)
@api.alt_response(422, schema=Problem)
def add_item(data: dict[str, Any], **_: Any) -> Response:
    """Add an item of the office's own."""

    def act(tx: Tx) -> Any:
        made = commands.add_item(
            tx,
            commands.AddItem(
                code=data["code"], name_id=data["name_id"], name_en=data["name_en"], category=data["category"],
                base_unit=data["base_unit"], step_milli=data["step"], does_expire=data["does_expire"],
                is_durable=data["is_durable"], source=data["source"], aliases=tuple(data["spellings"]),
            ),
        )  # fmt: skip
        return shapes.ItemOut().dump(item_by_id(tx, made))

    return context.write_once(act)


@api.get("/low-stock")
@guard.requires("stock.see")
@api.response(200, shapes.LowListOut)
def list_low_stock() -> dict[str, Any]:
    """Give what lies below its minimum level at the warehouses the caller sees, the most urgent first."""
    with context.read() as tx:
        if tx.require("stock.see").detail == "totals":
            raise Forbidden("permission.missing", action="stock.see")
        return {"low": low_here(tx)}


@api.get("/catalogue.csv")
@guard.requires("stock.see")
@api.response(200, {"type": "string", "format": "binary"}, content_type="text/csv")
def export_csv() -> Response:
    """Give the catalogue as text: semicolons, a mark of UTF-8, nothing that a spreadsheet would work out."""
    return attached(table_file.build_csv(catalogue_table()), "text/csv", "daftar-barang.csv")


@api.get("/catalogue.xlsx")
@guard.requires("stock.see")
@api.response(200, {"type": "string", "format": "binary"}, content_type=WORKBOOK)
def export_workbook() -> Response:
    """Give the catalogue as a workbook."""
    return attached(table_file.build_workbook(catalogue_table()), WORKBOOK, "daftar-barang.xlsx")


@api.post("/files/check")
@guard.requires("item.edit")
@limits.accepts(2 * MOST_FILE_BYTES)
@api.arguments(NameHeader, location="headers", as_kwargs=True)
@api.response(200, shapes.FileOutcomeOut)
@api.alt_response(400, schema=Problem)
@api.alt_response(413, schema=Problem)
@api.alt_response(422, schema=Problem)
def check_file(file_name: str) -> dict[str, Any]:
    """Tell row by row what a catalogue file (the body, CSV or XLSX) would do; nothing is changed."""
    header, rows = _sent(file_name)
    with context.read() as tx:
        return _outcome(catalogue_file.plan_import(tx, header, rows))


@api.post("/files")
@guard.requires("item.edit")
@limits.accepts(2 * MOST_FILE_BYTES)
@api.arguments(KeyHeader, location="headers", as_kwargs=True)
@api.arguments(NameHeader, location="headers", as_kwargs=True)
@api.response(201, shapes.FileOutcomeOut)
@api.alt_response(400, schema=Problem)
@api.alt_response(413, schema=Problem)
@api.alt_response(422, schema=Problem)
def import_file(file_name: str, **_: Any) -> Response:
    """Do what a catalogue file (the body, CSV or XLSX) says, row by row; refused rows are left out and named."""
    header, rows = _sent(file_name)

    def act(tx: Tx) -> Any:
        done = catalogue_file.import_catalogue(tx, ImportCatalogue(header=header, rows=rows))
        return shapes.FileOutcomeOut().dump(_outcome(done))

    return context.write_once(act)


def _sent(name: str) -> tuple[tuple[str, ...], tuple[catalogue_file.SheetRow, ...]]:
    if request.mimetype not in _FILES:
        raise UnsupportedMediaType()
    return catalogue_file.read_file(request.get_data(), name)


def _outcome(found: FilePlan) -> dict[str, Any]:
    lang = context.lang()
    return {
        "counts": {outcome.value: count for outcome, count in found.counts.items()},
        "ignored_columns": found.ignored,
        "rows": [
            {
                "number": row.number, "outcome": row.outcome, "code": row.code,
                "changed": [one.column.value for one in row.changes],
                "issues": [
                    {"column": one.column, "code": one.code, "sentence": say(one.code, lang, one.facts)}
                    for one in row.issues
                ],
            }
            for row in found.rows
        ],
    }  # fmt: skip


@api.get("/<code>")
@guard.requires("stock.see")
@api.response(200, shapes.ItemOut)
@api.alt_response(404, schema=Problem)
def show_item(code: str) -> ItemView:
    """Give one item."""
    with context.read() as tx:
        return find_item(tx, code)


@api.post("/<code>/edits")
@guard.requires("item.edit")
@api.arguments(KeyHeader, location="headers", as_kwargs=True)
@api.arguments(shapes.EditIn)
@api.response(200, shapes.EditOut)
@api.alt_response(404, schema=Problem)
@api.alt_response(409, schema=Problem)
@api.alt_response(422, schema=Problem)
def edit_item(data: dict[str, Any], code: str, **_: Any) -> Response:
    """Make an item what the order says; its base unit only while nothing is counted in it."""

    def act(tx: Tx) -> Any:
        told = Description(step_milli=data["step"], **{key: value for key, value in data.items() if key != "step"})
        order = commands.EditItem(item_id=find_item(tx, code).id, description=told)
        return {"changed": list(commands.edit_item(tx, order))}

    return context.write_once(act, 200)


def _changed(code: str, act: Callable[[Tx, ItemView], object]) -> Response:
    """Do one change of an item's parts and answer with the item as it is then."""

    def once(tx: Tx) -> Any:
        act(tx, find_item(tx, code))
        return shapes.ItemOut().dump(find_item(tx, code))

    return context.write_once(once, 200)


@api.post("/<code>/packs")
@guard.requires("item.edit")
@api.arguments(KeyHeader, location="headers", as_kwargs=True)
@api.arguments(shapes.PackIn)
@api.response(200, shapes.ItemOut)
@api.alt_response(404, schema=Problem)
@api.alt_response(409, schema=Problem)
@api.alt_response(422, schema=Problem)
def put_pack(data: dict[str, Any], code: str, **_: Any) -> Response:
    """Add a named box, or say anew how much a known one holds; what was booked in it stays."""

    def act(tx: Tx, item: ItemView) -> None:
        known = next((one for one in item.packs if unit_words(one.name) == unit_words(data["name"])), None)
        if known is not None:
            commands.change_pack(tx, known.id, data["quantity"], data["source"])
        else:
            commands.add_pack(
                tx,
                commands.AddPack(
                    item_id=item.id, name=data["name"], quantity_milli=data["quantity"], source=data["source"]
                ),
            )  # fmt: skip

    return _changed(code, act)


@api.post("/<code>/packs/removal")
@guard.requires("item.edit")
@api.arguments(KeyHeader, location="headers", as_kwargs=True)
@api.arguments(shapes.NameIn)
@api.response(200, shapes.ItemOut)
@api.alt_response(404, schema=Problem)
def remove_pack(data: dict[str, Any], code: str, **_: Any) -> Response:
    """Take a box out of the catalogue."""

    def act(tx: Tx, item: ItemView) -> None:
        found = next((one.id for one in item.packs if one.name == data["name"]), None)
        if found is None:
            raise NotFound("item.pack_not_found")
        commands.remove_pack(tx, found)

    return _changed(code, act)


@api.post("/<code>/weight")
@guard.requires("item.edit")
@api.arguments(KeyHeader, location="headers", as_kwargs=True)
@api.arguments(shapes.WeightIn)
@api.response(200, shapes.ItemOut)
@api.alt_response(404, schema=Problem)
@api.alt_response(422, schema=Problem)
def put_weight(data: dict[str, Any], code: str, **_: Any) -> Response:
    """Say what one base unit weighs; the board and the posts' lists count with it."""

    def act(tx: Tx, item: ItemView) -> None:
        set_weight(tx, SetWeight(item_id=item.id, weight_g=data["weight_kg"], source=data["source"]))

    return _changed(code, act)


@api.post("/<code>/spellings")
@guard.requires("item.edit")
@api.arguments(KeyHeader, location="headers", as_kwargs=True)
@api.arguments(shapes.NameIn)
@api.response(200, shapes.ItemOut)
@api.alt_response(404, schema=Problem)
@api.alt_response(409, schema=Problem)
@api.alt_response(422, schema=Problem)
def add_spelling(data: dict[str, Any], code: str, **_: Any) -> Response:
    """Let the item be found by one more spelling."""
    return _changed(code, lambda tx, item: commands.add_alias(tx, item.id, data["name"]))


@api.post("/<code>/spellings/removal")
@guard.requires("item.edit")
@api.arguments(KeyHeader, location="headers", as_kwargs=True)
@api.arguments(shapes.NameIn)
@api.response(200, shapes.ItemOut)
@api.alt_response(404, schema=Problem)
def remove_spelling(data: dict[str, Any], code: str, **_: Any) -> Response:
    """Take a spelling away."""
    return _changed(code, lambda tx, item: commands.remove_alias(tx, item.id, data["name"]))


@api.post("/<code>/variants")
@guard.requires("item.edit")
@api.arguments(KeyHeader, location="headers", as_kwargs=True)
@api.arguments(shapes.VariantIn)
@api.response(200, shapes.ItemOut)
@api.alt_response(404, schema=Problem)
@api.alt_response(409, schema=Problem)
@api.alt_response(422, schema=Problem)
def add_variant(data: dict[str, Any], code: str, **_: Any) -> Response:
    """Add a size or sex in which the item comes."""

    def act(tx: Tx, item: ItemView) -> None:
        commands.add_variant(
            tx, commands.AddVariant(item_id=item.id, name=data["name"], sex=data["sex"], size=data["size"])
        )

    return _changed(code, act)


@api.post("/<code>/variants/removal")
@guard.requires("item.edit")
@api.arguments(KeyHeader, location="headers", as_kwargs=True)
@api.arguments(shapes.NameIn)
@api.response(200, shapes.ItemOut)
@api.alt_response(404, schema=Problem)
@api.alt_response(409, schema=Problem)
def remove_variant(data: dict[str, Any], code: str, **_: Any) -> Response:
    """Take a size away that no batch is of."""

    def act(tx: Tx, item: ItemView) -> None:
        found = next((one.id for one in item.variants if one.name == data["name"]), None)
        if found is None:
            raise NotFound("item.variant_not_found")
        commands.remove_variant(tx, found)

    return _changed(code, act)


@api.get("/<code>/minimums")
@guard.requires("stock.see")
@api.response(200, shapes.MinimumOut(many=True))
@api.alt_response(404, schema=Problem)
def list_minimums(code: str) -> list[dict[str, Any]]:
    """Give the minimum levels of an item at the warehouses the caller sees."""
    with context.read() as tx:
        reach = tx.require("stock.see")
        if reach.detail == "totals":
            raise Forbidden("permission.missing", action="stock.see")
        item = find_item(tx, code)
        spots = {one.id: one for one in places(tx, kinds=(PlaceKind.WAREHOUSE,)) if reach.has_place(one.id)}
        return [
            {"place_code": spots[one.place_id].code, "item_code": item.code, "quantity_milli": one.quantity_milli}
            for one in minimum_levels(tx, item_ids=[item.id]) if one.place_id in spots
        ]  # fmt: skip


@api.post("/<code>/minimums")
@guard.requires("item.edit")
@api.arguments(KeyHeader, location="headers", as_kwargs=True)
@api.arguments(shapes.MinimumIn)
@api.response(200, shapes.MinimumOut)
@api.alt_response(404, schema=Problem)
@api.alt_response(422, schema=Problem)
def set_minimum(data: dict[str, Any], code: str, **_: Any) -> Response:
    """Say how much of the item should always lie at a warehouse."""

    def act(tx: Tx) -> Any:
        item, place = find_item(tx, code), find_place(tx, data["place_code"])
        commands.set_minimum(
            tx, commands.SetMinimum(place_id=place.id, item_id=item.id, quantity_milli=data["quantity"])
        )
        return shapes.MinimumOut().dump(
            {"place_code": place.code, "item_code": item.code, "quantity_milli": data["quantity"]}
        )

    return context.write_once(act, 200)
