"""Privacy for machines: requests to be erased, and the access log.

Nothing here gives a whole NIK or No. KK: not the copy for the subject, not the file for the ministry, not one number.
That takes a person who says why and has just given the password again, which a machine cannot; people do it on the
pages (``routes/pages/privacy.py``, ``routes/pages/proposals.py``).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

from flask import Response
from flask_smorest import Blueprint

from core.work import Tx
from registry_link.privacy import commands, queries
from registry_link.privacy.looking import Exposure
from routes import context, guard
from routes.privacy import waiting_packages
from routes.schemas import privacy as shapes
from routes.schemas.fields import KeyHeader, Problem

api = Blueprint(
    "privacy-requests", __name__, url_prefix="/privacy",
    description="What the people whose data are held may ask for, and who saw their data.",
)  # fmt: skip


@api.get("/erasures")
@guard.requires("privacy.see")
@api.arguments(shapes.ErasureArgs, location="query")
@api.response(200, shapes.ErasuresOut)
def list_erasures(args: dict[str, Any]) -> dict[str, Any]:
    """List requests to be erased, the newest first."""
    with context.read() as tx:
        return {"erasures": queries.erasures(tx, (args["state"],) if args["state"] else None)}


@api.post("/erasures")
@guard.requires("privacy.erase")
@api.arguments(KeyHeader, location="headers", as_kwargs=True)
@api.arguments(shapes.ErasureIn)
@api.response(201, shapes.ErasureOut)
@api.alt_response(404, schema=Problem)
@api.alt_response(409, schema=Problem)
@api.alt_response(422, schema=Problem)
def ask_for_erasure(order: commands.AskErasure, **_: Any) -> Response:
    """Ask that a household be erased; nothing is erased before somebody else agrees."""
    return context.write_once(lambda tx: _told(tx, commands.ask_erasure(tx, order)))


@api.get("/erasures/<uuid:erasure_id>")
@guard.requires("privacy.see")
@api.response(200, shapes.ErasureOut)
@api.alt_response(404, schema=Problem)
def show_erasure(erasure_id: UUID) -> queries.ErasureRow:
    """Give one request."""
    with context.read() as tx:
        return queries.erasure(tx, erasure_id).row


@api.post("/erasures/<uuid:erasure_id>/approve")
@guard.requires("privacy.decide")
@api.arguments(KeyHeader, location="headers", as_kwargs=True)
@api.arguments(shapes.PrivacyDecisionIn)
@api.response(201, shapes.ErasureOut)
@api.alt_response(404, schema=Problem)
@api.alt_response(409, schema=Problem)
def approve_erasure(data: dict[str, Any], erasure_id: UUID, **_: Any) -> Response:
    """Agree to somebody else's request: who the household is, is gone for good."""

    def act(tx: Tx) -> None:
        commands.approve_erasure(tx, erasure_id, data["note"], waiting_packages)

    return _decided(erasure_id, act)


@api.post("/erasures/<uuid:erasure_id>/refuse")
@guard.requires("privacy.decide")
@api.arguments(KeyHeader, location="headers", as_kwargs=True)
@api.arguments(shapes.PrivacyDecisionIn)
@api.response(201, shapes.ErasureOut)
@api.alt_response(404, schema=Problem)
@api.alt_response(409, schema=Problem)
def refuse_erasure(data: dict[str, Any], erasure_id: UUID, **_: Any) -> Response:
    """Refuse somebody else's request, with the reason."""
    return _decided(erasure_id, lambda tx: commands.refuse_erasure(tx, erasure_id, data["note"]))


@api.post("/erasures/<uuid:erasure_id>/withdraw")
@guard.requires("privacy.erase")
@api.arguments(KeyHeader, location="headers", as_kwargs=True)
@api.arguments(shapes.PrivacyDecisionIn)
@api.response(201, shapes.ErasureOut)
@api.alt_response(404, schema=Problem)
@api.alt_response(409, schema=Problem)
def withdraw_erasure(data: dict[str, Any], erasure_id: UUID, **_: Any) -> Response:
    """Take one's own request back."""
    return _decided(erasure_id, lambda tx: commands.withdraw_erasure(tx, erasure_id, data["note"]))


@api.get("/exposure")
@guard.requires("privacy.exposure")
@api.arguments(shapes.ExposureArgs, location="query")
@api.response(200, shapes.ExposureOut)
@api.alt_response(422, schema=Problem)
def show_exposure(order: queries.AskExposure) -> Exposure:
    """Tell whose data an account saw in a time (article 46: who is to be written to)."""
    with context.read() as tx:
        return queries.exposure(tx, order)


@api.get("/households/<uuid:household_id>/access")
@guard.requires("privacy.see")
@api.response(200, shapes.TrailOut)
@api.alt_response(404, schema=Problem)
def show_access(household_id: UUID) -> queries.HouseholdTrail:
    """Tell who saw one household's data, and why."""
    with context.read() as tx:
        return queries.trail(tx, household_id)


def _decided(erasure_id: UUID, act: Callable[[Tx], object]) -> Response:
    def once(tx: Tx) -> Any:
        act(tx)
        return _told(tx, erasure_id)

    return context.write_once(once)


def _told(tx: Tx, erasure_id: UUID) -> Any:
    return shapes.ErasureOut().dump(queries.erasure(tx, erasure_id).row)
