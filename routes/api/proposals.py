"""Proposals of villages and the lists that go to the ministry, for machines."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

from flask import Response
from flask_smorest import Blueprint

from core.work import Tx
from registry_link.proposals import commands, queries
from registry_link.proposals.queries import SubmissionView
from routes import context, guard
from routes.schemas import links as shapes
from routes.schemas.fields import KeyHeader, Problem

api = Blueprint(
    "registry-proposals", __name__, url_prefix="/registry",
    description="Villages propose, the office checks, its head determines, a numbered list goes up.",
)  # fmt: skip


@api.get("/proposals")
@guard.requires("proposal.see")
@api.arguments(shapes.LinkProposalArgs, location="query")
@api.response(200, shapes.LinkProposalsOut)
def list_proposals(args: dict[str, Any]) -> dict[str, Any]:
    """List proposals, the newest first."""
    states = (args["state"],) if args["state"] else ()
    with context.read() as tx:
        found = queries.proposals(
            tx, states=states, village_code=args["village_code"], limit=args["limit"], offset=args["offset"]
        )
    return {"total": found.total, "proposals": [shapes.flat_of(one) for one in found.rows]}


@api.post("/proposals")
@guard.requires("proposal.make")
@api.arguments(KeyHeader, location="headers", as_kwargs=True)
@api.arguments(shapes.LinkProposalIn)
@api.response(201, shapes.LinkProposalOut)
@api.alt_response(404, schema=Problem)
@api.alt_response(409, schema=Problem)
@api.alt_response(422, schema=Problem)
def propose(data: dict[str, Any], **_: Any) -> Response:
    """Propose a household of one's own village to be added or removed."""

    def act(tx: Tx) -> Any:
        return shapes.proposal_of(queries.proposal(tx, commands.propose(tx, commands.Propose(**data))))

    return context.write_once(act)


@api.get("/proposals/<uuid:proposal_id>")
@guard.requires("proposal.see")
@api.response(200, shapes.LinkProposalOut)
@api.alt_response(404, schema=Problem)
def show_proposal(proposal_id: UUID) -> dict[str, Any]:
    """Give one proposal with who decided what, and on which paper."""
    with context.read() as tx:
        return shapes.flat_of(queries.proposal(tx, proposal_id))


@api.post("/proposals/<uuid:proposal_id>/withdrawal")
@guard.requires("proposal.make")
@api.arguments(KeyHeader, location="headers", as_kwargs=True)
@api.response(201, shapes.LinkProposalOut)
@api.alt_response(404, schema=Problem)
@api.alt_response(409, schema=Problem)
def withdraw(proposal_id: UUID, **_: Any) -> Response:
    """Take a proposal back before it is checked."""
    return _done(proposal_id, lambda tx: commands.withdraw(tx, proposal_id))


@api.post("/proposals/<uuid:proposal_id>/verification")
@guard.requires("proposal.verify")
@api.arguments(KeyHeader, location="headers", as_kwargs=True)
@api.response(201, shapes.LinkProposalOut)
@api.alt_response(404, schema=Problem)
@api.alt_response(409, schema=Problem)
def verify(proposal_id: UUID, **_: Any) -> Response:
    """Find a proposal right."""
    return _done(proposal_id, lambda tx: commands.verify(tx, proposal_id))


@api.post("/proposals/<uuid:proposal_id>/refusal")
@guard.requires("proposal.verify")
@api.arguments(KeyHeader, location="headers", as_kwargs=True)
@api.arguments(shapes.RefuseLinkProposalIn)
@api.response(201, shapes.LinkProposalOut)
@api.alt_response(404, schema=Problem)
@api.alt_response(409, schema=Problem)
def refuse(data: dict[str, Any], proposal_id: UUID, **_: Any) -> Response:
    """Refuse a proposal, with the reason for the village."""
    return _done(proposal_id, lambda tx: commands.refuse(tx, proposal_id, data["note"]))


@api.post("/proposals/determination")
@guard.requires("proposal.determine")
@api.arguments(KeyHeader, location="headers", as_kwargs=True)
@api.arguments(shapes.DetermineProposalsIn)
@api.response(201, shapes.ProposalsDeterminedOut)
@api.alt_response(404, schema=Problem)
@api.alt_response(409, schema=Problem)
@api.alt_response(422, schema=Problem)
def determine(data: dict[str, Any], **_: Any) -> Response:
    """Determine proposals by a decree; whoever died or moved away meanwhile is refused with that reason."""
    order = commands.Determine(**{**data, "proposal_ids": tuple(data["proposal_ids"])})
    return context.write_once(lambda tx: shapes.ProposalsDeterminedOut().dump(commands.determine(tx, order)))


@api.post("/proposals/<uuid:proposal_id>/answer")
@guard.requires("proposal.submit")
@api.arguments(KeyHeader, location="headers", as_kwargs=True)
@api.arguments(shapes.MinistryAnswerIn)
@api.response(201, shapes.LinkProposalOut)
@api.alt_response(404, schema=Problem)
@api.alt_response(409, schema=Problem)
@api.alt_response(422, schema=Problem)
def answer(data: dict[str, Any], proposal_id: UUID, **_: Any) -> Response:
    """Record what the ministry answered."""
    order = commands.AnswerProposal(proposal_id=proposal_id, **data)
    return _done(proposal_id, lambda tx: commands.answer(tx, order))


def _done(proposal_id: UUID, act: Callable[[Tx], object]) -> Response:
    def once(tx: Tx) -> Any:
        act(tx)
        return shapes.proposal_of(queries.proposal(tx, proposal_id))

    return context.write_once(once)


# ---------------------------------------------------------------- lists


@api.get("/submissions")
@guard.requires("proposal.see_lists")
@api.response(200, shapes.SubmissionsOut)
def list_submissions() -> dict[str, Any]:
    """List what was sent to the ministry, the newest first."""
    with context.read() as tx:
        return {"submissions": queries.submissions(tx)}


@api.post("/submissions")
@guard.requires("proposal.submit")
@api.arguments(KeyHeader, location="headers", as_kwargs=True)
@api.response(201, shapes.SubmissionMadeOut)
@api.alt_response(409, schema=Problem)
def submit(**_: Any) -> Response:
    """Put every determined proposal on a new numbered list; whoever died or moved away meanwhile is left out."""

    def act(tx: Tx) -> Any:
        done = commands.submit(tx)
        made: dict[str, Any] = {"id": None, "number": "", "rows": 0, "waiting": 0}
        if done.id is not None:
            made = shapes.SubmissionOut().dump(queries.submission(tx, done.id))
        return {**made, "stopped": [shapes.StoppedProposalOut().dump(one) for one in done.stopped]}

    return context.write_once(act)


@api.get("/submissions/<uuid:submission_id>")
@guard.requires("proposal.see_lists")
@api.response(200, shapes.SubmissionOut)
@api.alt_response(404, schema=Problem)
def show_submission(submission_id: UUID) -> SubmissionView:
    """Give one list: how many proposals it has, how many wait for their answer."""
    with context.read() as tx:
        return queries.submission(tx, submission_id)
