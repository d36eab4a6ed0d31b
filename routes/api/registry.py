"""Households of the registry, for machines with the right to see persons."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Response
from flask_smorest import Blueprint

from registry_link.households import commands, queries
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


@api.post("/households")
@guard.requires("household.register")
@api.arguments(KeyHeader, location="headers", as_kwargs=True)
@api.arguments(shapes.ProvisionalIn)
@api.response(201, shapes.RegisteredOut)
@api.alt_response(409, schema=Problem)
def register_household(order: commands.RegisterProvisional, **_: Any) -> Response:
    """Register a household on the spot; one that is known by its numbers is refused with its code."""
    return context.write_once(lambda tx: shapes.RegisteredOut().dump(commands.register_provisional(tx, order)))
