"""Stock for machines: places, balances, cards, goods received and moved."""

from __future__ import annotations

from collections import defaultdict
from typing import Any
from uuid import UUID

from flask_smorest import Blueprint

from core.errors import Invalid, NotFound
from core.permissions import Reach
from core.work import Tx
from routes import context, guard, overview
from routes.pages.stock import visible
from routes.schemas import stock as shapes
from routes.schemas.fields import Problem
from routes.seeing import sees_places
from stock.items.queries import find_item
from stock.ledger import queries
from stock.places.kinds import PlaceKind
from stock.places.queries import PlaceView, find_place

api = Blueprint("stock-ledger", __name__, url_prefix="/stock", description="What lies where, and how it got there.")


@api.get("/places")
@guard.requires("stock.see")
@api.response(200, shapes.PlacesOut)
def list_places() -> dict[str, Any]:
    """List the places that hold stock and that the caller may see."""
    with context.read() as tx:
        return {"places": visible(tx, sees_places(tx))}


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


@api.get("/overview")
@guard.requires("stock.see")
@api.arguments(shapes.OverviewArgs, location="query")
@api.response(200, shapes.OverviewOut)
@api.alt_response(404, schema=Problem)
@api.alt_response(422, schema=Problem)
def show_overview(args: dict[str, Any]) -> dict[str, Any]:
    """Give each item over the warehouses, or at one place: with what is on the road and expected, and how long it does.

    With ``on`` what lay there at the end of that past day; what was promised or expected then stands in no book.
    """
    lang = context.lang()
    with context.read() as tx:
        reach = tx.require("stock.see")
        every = visible(tx, reach)
        place = _place(tx, sees_places(tx), args["place_code"]) if args["place_code"] else None
        shown = (place,) if place else tuple(one for one in every if one.kind is PlaceKind.WAREHOUSE) or every
        on = args["on"]
        if on is not None and on > tx.today:
            raise Invalid("stock.day_ahead", field="on")
        if on is not None and on < tx.today:
            return {"on": on, "items": [shapes.past_item(one) for one in overview.lines_on(tx, shown, on, lang)]}
        lines = overview.lines_now(tx, shown, lang, with_supply=reach.is_all and place is None)
        return {"on": tx.today, "items": [shapes.item_now(one, lang) for one in lines]}


@api.get("/card")
@guard.requires("stock.see")
@api.arguments(shapes.CardArgs, location="query")
@api.response(200, shapes.CardOut)
@api.alt_response(404, schema=Problem)
@api.alt_response(422, schema=Problem)
def show_card(args: dict[str, Any]) -> queries.StockCard:
    """Give the stock card of an item at a place, or over all warehouses, with the balance after each line.

    With ``limit`` the latest lines only; ``earlier`` of the answer, given as ``before``, asks for those before them.
    """
    with context.read() as tx:
        reach = sees_places(tx)
        if args["place_code"]:
            shown: tuple[PlaceView, ...] = (_place(tx, reach, args["place_code"]),)
        else:
            every = visible(tx, reach)
            shown = tuple(one for one in every if one.kind is PlaceKind.WAREHOUSE) or every
        item = find_item(tx, args["item_code"])
        batch = queries.batch_by_code(tx, args["batch_code"]) if args["batch_code"] else None
        return queries.stock_card(
            tx, item.id, [one.id for one in shown], first_on=args["first_on"], last_on=args["last_on"],
            batch_id=batch.id if batch else None, limit=args["limit"], before=args["before"] or None,
        )  # fmt: skip


@api.get("/documents/<uuid:document_id>")
@guard.requires("stock.see")
@api.response(200, shapes.StockDocumentOut)
@api.alt_response(404, schema=Problem)
def show_stock_document(document_id: UUID) -> queries.StockDocumentView:
    """Give one document of the ledger with its lines."""
    with context.read() as tx:
        reach = sees_places(tx)
        found = queries.stock_document(tx, document_id)
        spots = [place for line in found.lines for place in (line.source, line.target)]
        if not any(reach.has_place(one.id) or reach.has_place(one.parent_id) for one in spots):
            raise NotFound("stock_document.not_found", document=str(document_id))
        return found


def _place(tx: Tx, reach: Reach, code: str) -> PlaceView:
    place = find_place(tx, code)
    if not (reach.has_place(place.id) or reach.has_place(place.parent_id)):
        raise NotFound("place.not_found", place=code)
    return place
