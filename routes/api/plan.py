"""The week for machines: standards, rounds, need against stock, the plan, packages."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Response
from flask_smorest import Blueprint

from core.errors import Conflict
from core.work import Tx
from logistics.packages import queries as packages
from logistics.packages import standard_queries
from logistics.packages.standards import approve_standard
from logistics.planning import commands
from logistics.planning.queries import plans_of
from logistics.zones import queries as zones
from logistics.zones import week
from routes import context, guard
from routes.schemas import plan as shapes
from routes.schemas.fields import KeyHeader, Problem

api = Blueprint("rounds", __name__, description="From confirmed households to packages with reserved stock.")


@api.get("/standards")
@guard.requires("standard.see")
@api.response(200, shapes.StandardsOut)
def list_standards() -> dict[str, Any]:
    """List the package standards, newest version first."""
    with context.read() as tx:
        return {"standards": standard_queries.standards(tx)}


@api.post("/standards/<uuid:standard_id>/approval")
@guard.requires("standard.approve")
@api.arguments(KeyHeader, location="headers", as_kwargs=True)
@api.response(200, shapes.StandardOut)
@api.alt_response(409, schema=Problem)
def approve_package_standard(standard_id: UUID, **_: Any) -> Response:
    """Approve a standard; packages follow it from then on."""

    def act(tx: Tx) -> Any:
        approve_standard(tx, standard_id)
        tx.session.flush()
        tx.session.expire_all()
        return shapes.StandardOut().dump(standard_queries.standard(tx, standard_id))

    return context.write_once(act, 200)


@api.get("/incidents/<uuid:incident_id>/rounds")
@guard.requires("round.see")
@api.response(200, shapes.RoundsOut)
@api.alt_response(404, schema=Problem)
def list_rounds(incident_id: UUID) -> dict[str, Any]:
    """List an incident's weeks, first to last."""
    with context.read() as tx:
        zones.incident_by_id(tx, incident_id)
        return {"rounds": packages.rounds_of(tx, incident_id)}


@api.post("/incidents/<uuid:incident_id>/plans")
@guard.requires("round.plan")
@api.arguments(KeyHeader, location="headers", as_kwargs=True)
@api.arguments(shapes.PlanIn)
@api.response(201, shapes.PlannedOut)
@api.alt_response(409, schema=Problem)
def plan_incident_week(data: dict[str, Any], incident_id: UUID, **_: Any) -> Response:
    """Plan the week for everybody confirmed: package, nearest post, day. Nothing is reserved before approval."""

    def act(tx: Tx) -> Any:
        view = zones.incident_by_id(tx, incident_id)
        current = week.current_round(tx, incident_id)
        is_next = data["is_next"] or current is None
        first_on = week.next_week(tx, view) if is_next or current is None else current.week.first_on
        if first_on is None:
            raise Conflict("week.no_decree" if view.window is None else "week.no_room")
        done = week.plan_week(
            tx, view, first_on, week.standard_of_week(tx, view.id, first_on), fit_to_stock=data["fit_to_stock"],
            fit_to_posts=data["fit_to_posts"], start_over=data["start_over"],
        )  # fmt: skip
        return shapes.PlannedOut().dump(done)

    return context.write_once(act)


@api.get("/rounds/<uuid:round_id>")
@guard.requires("round.see")
@api.response(200, shapes.RoundDetailOut)
@api.alt_response(404, schema=Problem)
def show_round(round_id: UUID) -> dict[str, Any]:
    """Give a round with its plans and its households by state."""
    with context.read() as tx:
        found = packages.round_by_id(tx, round_id)
        return {
            "counts": packages.counts_of(tx, round_id), "plans": plans_of(tx, round_id), "week": found.week,
            **{name: getattr(found, name) for name in ("id", "incident_id", "term_id", "no", "standard_id", "state",
                                                       "approved_at")},
        }  # fmt: skip


@api.post("/rounds/<uuid:round_id>/approval")
@guard.requires("round.approve")
@api.arguments(KeyHeader, location="headers", as_kwargs=True)
@api.response(200, shapes.ApprovedOut)
@api.alt_response(409, schema=Problem)
def approve_plan(round_id: UUID, **_: Any) -> Response:
    """Approve the round's draft: all of its stock is reserved, or nothing.

    By another than who planned it, unless the plan stays below the office's limits.
    """
    return context.write_once(lambda tx: shapes.ApprovedOut().dump(commands.approve_round(tx, round_id)), 200)


@api.post("/rounds/<uuid:round_id>/discarding")
@guard.requires("round.plan")
@api.arguments(KeyHeader, location="headers", as_kwargs=True)
@api.response(200, shapes.DiscardedOut)
@api.alt_response(409, schema=Problem)
def discard_draft(round_id: UUID, **_: Any) -> Response:
    """Throw the round's draft plan away."""

    def act(tx: Tx) -> Any:
        commands.discard_plan(tx, round_id)
        return {"is_discarded": True}

    return context.write_once(act, 200)


@api.get("/rounds/<uuid:round_id>/packages")
@guard.requires("round.see")
@api.arguments(shapes.PackageArgs, location="query")
@api.response(200, shapes.PackagesOut)
@api.alt_response(404, schema=Problem)
def list_packages(args: dict[str, Any], round_id: UUID) -> dict[str, Any]:
    """List a round's packages in the order in which they are served, each with its reason; nobody is named."""
    lang = context.lang()
    with context.read() as tx:
        reach = tx.require("round.see")
        packages.round_by_id(tx, round_id)
        state = args.pop("state")
        found = packages.packages(
            tx, round_id, states=(state,) if state else (), reach=None if reach.is_all else reach, **args
        )
    return {"packages": [shapes.row_of(row, lang) for row in found.rows], "total": found.total}


@api.post("/packages/<uuid:package_id>/cancellation")
@guard.requires("package.cancel")
@api.arguments(KeyHeader, location="headers", as_kwargs=True)
@api.arguments(shapes.CancelPackageIn)
@api.response(200, shapes.PackageRowOut)
@api.alt_response(409, schema=Problem)
def cancel_package(data: dict[str, Any], package_id: UUID, **_: Any) -> Response:
    """Take a package, or the rest of a partial handover, out of its round; what is still reserved for it is free."""
    lang = context.lang()

    def act(tx: Tx) -> Any:
        commands.cancel_package(tx, package_id, data["reason"])
        return shapes.PackageRowOut().dump(shapes.row_of(packages.package(tx, package_id).row, lang))

    return context.write_once(act, 200)


@api.get("/packages/<uuid:package_id>")
@guard.requires("round.see")
@api.response(200, shapes.PackageOut)
@api.alt_response(404, schema=Problem)
def show_package(package_id: UUID) -> dict[str, Any]:
    """Give one package with the arithmetic of every line."""
    lang = context.lang()
    with context.read() as tx:
        reach = tx.require("round.see")
        found = packages.package(tx, package_id, None if reach.is_all else reach)
    return {
        **shapes.row_of(found.row, lang), "incident_id": found.incident_id, "term_id": found.round.term_id,
        "standard_id": found.row.standard_id,
        "lines": shapes.lines_of(found.lines, lang), "lacks": shapes.lacks_of(found.lacks, lang),
    }  # fmt: skip
