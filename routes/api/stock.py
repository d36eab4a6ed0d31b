"""Stock for machines: places, balances, cards, goods received and moved."""

from __future__ import annotations

from collections import defaultdict
from typing import Any
from uuid import UUID

from flask import Response
from flask_smorest import Blueprint

from core.errors import Forbidden, NotFound
from core.permissions import Reach
from core.work import Tx
from routes import context, guard
from routes.pages.stock import check_undone_here, visible
from routes.schemas import stock as shapes
from routes.schemas.fields import KeyHeader, Problem
from stock.items.queries import find_item
from stock.ledger import commands, queries
from stock.places.kinds import PlaceKind
from stock.places.queries import PlaceView, find_place

api = Blueprint("stock-ledger", __name__, url_prefix="/stock", description="What lies where, and how it got there.")


@api.get("/places")
@guard.requires("stock.see")
@api.response(200, shapes.PlacesOut)
def list_places() -> dict[str, Any]:
    """List the places that hold stock and that the caller may see."""
    with context.read() as tx:
        return {"places": visible(tx, _sees_places(tx))}


@api.get("/balances")
@guard.requires("stock.see")
@api.arguments(shapes.BalanceArgs, location="query")
@api.response(200, shapes.BalancesOut)
def list_balances(args: dict[str, Any]) -> dict[str, Any]:
    """Give on hand, reserved, available and expired per place and item; roles that see totals get one row per item."""
    with context.read() as tx:
        reach = tx.require("stock.see")
        spots = [one for one in visible(tx, reach) if not args["place_code"] or one.code == args["place_code"].upper()]
        if args["place_code"] and (not spots or reach.detail == "totals"):
            raise NotFound("place.not_found", place=args["place_code"])
        item_ids = [find_item(tx, args["item_code"]).id] if args["item_code"] else None
        found = queries.item_balances(tx, place_ids=[one.id for one in spots], item_ids=item_ids)
        return {"balances": _totals(found) if reach.detail == "totals" else [_row(one) for one in found]}


_SUMMED = ("on_hand_milli", "reserved_milli", "available_milli", "expired_milli", "value_rp")


def _row(one: queries.ItemBalance) -> dict[str, Any]:
    return {
        "place_code": one.place.code, "item_code": one.item.code, "unit": one.item.base_unit,
        "next_expiry_on": one.next_expiry_on, **{name: getattr(one, name) for name in _SUMMED},
    }  # fmt: skip


def _totals(found: tuple[queries.ItemBalance, ...]) -> list[dict[str, Any]]:
    groups: dict[UUID, list[queries.ItemBalance]] = defaultdict(list)
    for one in found:
        if one.place.kind is not PlaceKind.QUARANTINE:
            groups[one.item.id].append(one)
    return [
        {
            **_row(group[0]), "place_code": "",
            "next_expiry_on": min((one.next_expiry_on for one in group if one.next_expiry_on), default=None),
            **{name: sum(getattr(one, name) for one in group) for name in _SUMMED},
        }
        for group in groups.values()
    ]  # fmt: skip


@api.get("/card")
@guard.requires("stock.see")
@api.arguments(shapes.CardArgs, location="query")
@api.response(200, shapes.CardOut)
@api.alt_response(404, schema=Problem)
def show_card(args: dict[str, Any]) -> queries.StockCard:
    """Give the stock card of an item at a place, with the balance after each line."""
    with context.read() as tx:
        place = _place(tx, _sees_places(tx), args["place_code"])
        item = find_item(tx, args["item_code"])
        return queries.stock_card(tx, item.id, [place.id], first_on=args["first_on"], last_on=args["last_on"])


@api.get("/documents/<uuid:document_id>")
@guard.requires("stock.see")
@api.response(200, shapes.StockDocumentOut)
@api.alt_response(404, schema=Problem)
def show_stock_document(document_id: UUID) -> queries.StockDocumentView:
    """Give one document of the ledger with its lines."""
    with context.read() as tx:
        reach = _sees_places(tx)
        found = queries.stock_document(tx, document_id)
        spots = [place for line in found.lines for place in (line.source, line.target)]
        if not any(reach.has_place(one.id) or reach.has_place(one.parent_id) for one in spots):
            raise NotFound("stock_document.not_found", document=str(document_id))
        return found


@api.post("/documents/<uuid:document_id>/reversal")
@guard.requires("stock.reverse")
@api.arguments(KeyHeader, location="headers", as_kwargs=True)
@api.arguments(shapes.ReverseIn)
@api.response(201, shapes.BookedOut)
@api.alt_response(409, schema=Problem)
def reverse_stock_document(data: dict[str, Any], document_id: UUID, **_: Any) -> Response:
    """Reverse a receipt, transfer, adjustment or write-off; loads and handovers are undone where they are made."""

    def act(tx: Tx) -> Any:
        check_undone_here(queries.stock_document(tx, document_id))
        return shapes.BookedOut().dump(commands.reverse_document(tx, document_id, data["reason"]))

    return context.write_once(act)


def _place(tx: Tx, reach: Reach, code: str) -> PlaceView:
    place = find_place(tx, code)
    if not (reach.has_place(place.id) or reach.has_place(place.parent_id)):
        raise NotFound("place.not_found", place=code)
    return place


def _sees_places(tx: Tx) -> Reach:
    reach = tx.require("stock.see")
    if reach.detail == "totals":
        raise Forbidden("permission.missing", action="stock.see")
    return reach
