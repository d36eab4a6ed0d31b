"""Kits for machines: what they hold, how many can be made, putting them together and taking them apart."""

from __future__ import annotations

from typing import Any

from flask import Response
from flask_smorest import Blueprint

from core.errors import NotFound
from core.measures import MILLI
from core.work import Tx
from routes import context, guard
from routes.pages.stock import visible
from routes.schemas import kits as shapes
from routes.schemas.fields import KeyHeader, Problem
from routes.schemas.stock import BookedOut
from routes.seeing import sees_places
from stock.items.queries import find_item
from stock.kits import commands, queries
from stock.ledger.queries import batch_by_code
from stock.places.kinds import PlaceKind
from stock.places.queries import find_place

api = Blueprint("stock-kits", __name__, url_prefix="/stock/kits", description="Packages put together from goods.")


@api.get("")
@guard.requires("stock.see")
@api.response(200, shapes.KitsOut)
def list_kits() -> dict[str, Any]:
    """List the items that are kits, with what one of each holds."""
    with context.read() as tx:
        return {"kits": queries.kits(tx)}


@api.post("")
@guard.requires("item.edit")
@api.arguments(KeyHeader, location="headers", as_kwargs=True)
@api.arguments(shapes.KitIn)
@api.response(200, shapes.KitsOut)
@api.alt_response(404, schema=Problem)
@api.alt_response(409, schema=Problem)
@api.alt_response(422, schema=Problem)
def set_kit(data: dict[str, Any], **_: Any) -> Response:
    """Say what one kit holds from now on; kits already put together keep what they hold."""

    def act(tx: Tx) -> Any:
        commands.set_recipe(
            tx,
            commands.SetRecipe(
                kit_item_id=find_item(tx, data["kit_code"]).id,
                lines=tuple(
                    commands.RecipeLine(item_id=find_item(tx, one["item_code"]).id, quantity_milli=one["quantity"])
                    for one in data["components"]
                ),
            ),
        )  # fmt: skip
        return shapes.KitsOut().dump({"kits": queries.kits(tx)})

    return context.write_once(act, 200)


@api.get("/possible")
@guard.requires("stock.see")
@api.arguments(shapes.PossibleArgs, location="query")
@api.response(200, shapes.PossibleListOut)
@api.alt_response(404, schema=Problem)
def show_possible(args: dict[str, Any]) -> dict[str, Any]:
    """Tell how many kits each warehouse's shelves allow today, and which component limits that."""
    code = args["place_code"].upper()
    with context.read() as tx:
        spots = [one for one in visible(tx, sees_places(tx)) if one.kind is PlaceKind.WAREHOUSE]
        asked = [one for one in spots if not code or one.code == code]
        if code and not asked:
            raise NotFound("place.not_found", place=code)
        return {"places": queries.what_can_be_made(tx, asked, find_item(tx, args["kit_code"]).id)}


@api.post("/assemblies")
@guard.requires("stock.assemble")
@api.arguments(KeyHeader, location="headers", as_kwargs=True)
@api.arguments(shapes.AssembleIn)
@api.response(201, shapes.AssembledOut)
@api.alt_response(404, schema=Problem)
@api.alt_response(409, schema=Problem)
@api.alt_response(422, schema=Problem)
def assemble_kits(data: dict[str, Any], **_: Any) -> Response:
    """Put kits together, earliest expiry first; whenever a component's batch changes, a new batch of kits begins."""

    def act(tx: Tx) -> Any:
        done = commands.assemble_kits(
            tx,
            commands.AssembleKits(
                place_id=find_place(tx, data["place_code"]).id, kit_item_id=find_item(tx, data["kit_code"]).id,
                kits=data["kits"], event_at=data["event_at"], note=data["note"],
            ),
        )  # fmt: skip
        made = [{"batch_code": one.batch_code, "kits": one.quantity_milli // MILLI} for one in done.batches]
        return shapes.AssembledOut().dump({"document_id": done.document_id, "number": done.number, "batches": made})

    return context.write_once(act)


@api.post("/unpackings")
@guard.requires("stock.assemble")
@api.arguments(KeyHeader, location="headers", as_kwargs=True)
@api.arguments(shapes.UnpackIn)
@api.response(201, BookedOut)
@api.alt_response(404, schema=Problem)
@api.alt_response(409, schema=Problem)
@api.alt_response(422, schema=Problem)
def unpack_kits(data: dict[str, Any], **_: Any) -> Response:
    """Take kits of a batch apart: what was put in comes out, what is past its day into quarantine."""

    def act(tx: Tx) -> Any:
        done = commands.unpack_kits(
            tx,
            commands.UnpackKits(
                place_id=find_place(tx, data["place_code"]).id, batch_id=batch_by_code(tx, data["batch_code"]).id,
                kits=data["kits"], event_at=data["event_at"], note=data["note"],
            ),
        )  # fmt: skip
        return BookedOut().dump(done)

    return context.write_once(act)
