"""Households of the registry, for machines with the right to see persons."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Response
from flask_smorest import Blueprint

from registry_link.households import cards, commands, queries
from routes import context, guard
from routes.schemas import registry as shapes
from routes.schemas.fields import KeyHeader, Problem

api = Blueprint("households", __name__, description="Households of the social registry, masked; every look is logged.")


@api.post("/households/search")
@guard.requires("household.search")
@api.arguments(shapes.SearchIn)
@api.response(200, shapes.FoundHouseholdsOut)
@api.alt_response(422, schema=Problem)
def search_households(order: queries.SearchHouseholds) -> dict[str, Any]:
    """Find households by name, address, code, NIK or No. KK, within the token's villages.

    Typing errors are forgiven: the first ``exact`` lines (all, when it is null) have the words asked for, the others
    the words in ``alike``.
    """
    with context.read() as tx:
        found = queries.search_households(tx, order)
    return {
        "households": found.lines, "has_more": found.has_more, "alike": found.alike, "exact": found.exact,
        "is_cut": found.is_cut,
    }  # fmt: skip


@api.get("/households/<uuid:household_id>")
@guard.requires("household.see")
@api.response(200, shapes.HouseholdOut)
@api.alt_response(404, schema=Problem)
def show_household(household_id: UUID) -> queries.HouseholdView:
    """Give one household with its members, masked."""
    with context.read() as tx:
        return queries.household(tx, household_id)


@api.get("/households/<uuid:household_id>/cards")
@guard.requires("identity.note_card")
@api.response(200, shapes.FurtherCardsOut)
@api.alt_response(404, schema=Problem)
def list_cards(household_id: UUID) -> dict[str, Any]:
    """Give the family cards of a household beyond the one that its registry names, masked."""
    with context.read() as tx:
        is_full = tx.require("household.see").detail == "full"
        queries.household(tx, household_id)
        return {"cards": cards.cards_of(tx, household_id, is_full=is_full)}


@api.post("/households/<uuid:household_id>/cards")
@guard.requires("identity.note_card")
@api.arguments(KeyHeader, location="headers", as_kwargs=True)
@api.arguments(shapes.CardIn)
@api.response(201, shapes.NotedOut)
@api.alt_response(404, schema=Problem)
@api.alt_response(409, schema=Problem)
@api.alt_response(422, schema=Problem)
def note_card(data: dict[str, Any], household_id: UUID, **_: Any) -> Response:
    """Note one more No. KK of a household: from now on it is found by it too."""
    return context.write_once(lambda tx: {"id": str(cards.note_card(tx, household_id, data["kk"]))})


@api.post("/households/cards/<uuid:card_id>/removal")
@guard.requires("identity.note_card")
@api.arguments(KeyHeader, location="headers", as_kwargs=True)
@api.arguments(shapes.DropCardIn)
@api.response(200, shapes.NotedOut)
@api.alt_response(404, schema=Problem)
@api.alt_response(422, schema=Problem)
def drop_card(data: dict[str, Any], card_id: UUID, **_: Any) -> Response:
    """Take a noted card away again, with the reason; gives the household."""
    return context.write_once(lambda tx: {"id": str(cards.drop_card(tx, card_id, data["note"]))}, 200)


@api.post("/households")
@guard.requires("household.register")
@api.arguments(KeyHeader, location="headers", as_kwargs=True)
@api.arguments(shapes.ProvisionalIn)
@api.response(201, shapes.RegisteredOut)
@api.alt_response(409, schema=Problem)
def register_household(order: commands.RegisterProvisional, **_: Any) -> Response:
    """Register a household on the spot; one that is known by its numbers is refused with its code."""
    return context.write_once(lambda tx: shapes.RegisteredOut().dump(commands.register_provisional(tx, order)))
