"""Ways for machines: transport areas, closed ways, distances and detours."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

from flask import Response
from flask_smorest import Blueprint

from core.work import Tx
from logistics.planning import roads, ways
from registry_link.matching.islands import islands
from routes import context, guard
from routes.reach import AreaReach, reach_on
from routes.schemas import ways as shapes
from routes.schemas.fields import KeyHeader, Problem

api = Blueprint("roads", __name__, description="Who can be reached from where: areas, closed ways, distances, detours.")


@api.get("/ways")
@guard.requires("ways.see")
@api.response(200, shapes.WaysOut)
def show_ways() -> dict[str, Any]:
    """Give all that is known of the ways, and what it means today."""
    with context.read() as tx:
        office = roads.detour(tx)
        return {
            "detour_permille": office.permille, "detour_source": office.source, "areas": roads.areas(tx),
            "closed": roads.closed_ways(tx), "distances": roads.said_distances(tx),
            "reach": [_reach(one) for one in reach_on(tx, tx.today)],
        }  # fmt: skip


@api.get("/ways/islands")
@guard.requires("ways.see")
@api.response(200, shapes.IslandsOut)
def list_islands() -> dict[str, Any]:
    """Group the villages by land, from their boundaries: a suggestion for transport areas."""
    with context.read() as tx:
        return {"groups": islands(tx)}


@api.post("/ways/areas")
@guard.requires("ways.manage")
@api.arguments(KeyHeader, location="headers", as_kwargs=True)
@api.arguments(shapes.AreaIn)
@api.response(201, shapes.MadeOut)
@api.alt_response(404, schema=Problem)
@api.alt_response(409, schema=Problem)
def draw_area(data: dict[str, Any], **_: Any) -> Response:
    """Make a transport area of villages that are in none yet."""
    return _made(lambda tx: ways.draw_area(tx, ways.DrawArea(**data)))


@api.post("/ways/areas/<uuid:area_id>")
@guard.requires("ways.manage")
@api.arguments(KeyHeader, location="headers", as_kwargs=True)
@api.arguments(shapes.AreaIn)
@api.response(201, shapes.DoneOut)
@api.alt_response(404, schema=Problem)
@api.alt_response(409, schema=Problem)
def change_area(data: dict[str, Any], area_id: UUID, **_: Any) -> Response:
    """Change an area's name, means and villages: all of it is said again."""
    return _done(lambda tx: ways.change_area(tx, ways.ChangeArea(area_id=area_id, **data)))


@api.post("/ways/areas/<uuid:area_id>/removal")
@guard.requires("ways.manage")
@api.arguments(KeyHeader, location="headers", as_kwargs=True)
@api.response(201, shapes.DoneOut)
@api.alt_response(404, schema=Problem)
def remove_area(area_id: UUID, **_: Any) -> Response:
    """Give an area's villages back to the rest of the regency."""
    return _done(lambda tx: ways.remove_area(tx, area_id))


@api.post("/ways/closings")
@guard.requires("ways.close")
@api.arguments(KeyHeader, location="headers", as_kwargs=True)
@api.arguments(shapes.CloseWayIn)
@api.response(201, shapes.MadeOut)
@api.alt_response(404, schema=Problem)
@api.alt_response(409, schema=Problem)
@api.alt_response(422, schema=Problem)
def close_way(data: dict[str, Any], **_: Any) -> Response:
    """Keep that a warehouse cannot bring goods to an area, from a day on."""
    return _made(lambda tx: ways.close_way(tx, ways.CloseWay(**data)))


@api.post("/ways/closings/<uuid:way_id>/opening")
@guard.requires("ways.close")
@api.arguments(KeyHeader, location="headers", as_kwargs=True)
@api.response(201, shapes.DoneOut)
@api.alt_response(404, schema=Problem)
@api.alt_response(409, schema=Problem)
def open_way(way_id: UUID, **_: Any) -> Response:
    """Keep that a closed way is open from now on."""
    return _done(lambda tx: ways.open_way(tx, way_id))


@api.post("/ways/distances")
@guard.requires("ways.manage")
@api.arguments(KeyHeader, location="headers", as_kwargs=True)
@api.arguments(shapes.DistanceIn)
@api.response(201, shapes.MadeOut)
@api.alt_response(404, schema=Problem)
@api.alt_response(409, schema=Problem)
def say_distance(data: dict[str, Any], **_: Any) -> Response:
    """Keep how far people say that it is from a village to a post; what was said before ends."""
    return _made(lambda tx: ways.say_distance(tx, ways.SayDistance(**data)))


@api.post("/ways/distances/<uuid:said_id>/end")
@guard.requires("ways.manage")
@api.arguments(KeyHeader, location="headers", as_kwargs=True)
@api.response(201, shapes.DoneOut)
@api.alt_response(404, schema=Problem)
def forget_distance(said_id: UUID, **_: Any) -> Response:
    """End what was said of a distance."""
    return _done(lambda tx: ways.forget_distance(tx, said_id))


@api.post("/ways/detours")
@guard.requires("ways.manage")
@api.arguments(KeyHeader, location="headers", as_kwargs=True)
@api.arguments(shapes.DetourIn)
@api.response(201, shapes.DoneOut)
@api.alt_response(404, schema=Problem)
def set_detour(data: dict[str, Any], **_: Any) -> Response:
    """Say by how much roads are longer than the straight line, in an area or office-wide."""
    return _done(lambda tx: ways.set_detour(tx, ways.SetDetour(**data)))


def _made(act: Callable[[Tx], UUID]) -> Response:
    return context.write_once(lambda tx: {"id": str(act(tx))})


def _done(act: Callable[[Tx], None]) -> Response:
    def once(tx: Tx) -> Any:
        act(tx)
        return {"done": True}

    return context.write_once(once)


def _reach(one: AreaReach) -> dict[str, Any]:
    return {
        "area": one.area, "households": one.households, "confirmed": one.confirmed, "is_cut_off": one.is_cut_off,
        "has_no_post": one.has_no_post, "post_ids": [post.id for post in one.posts],
        "open_warehouse_ids": [place.id for place in one.open],
        "shut_warehouse_ids": [shut.warehouse.id for shut in one.shut],
    }  # fmt: skip
