from __future__ import annotations

from typing import Any

from marshmallow import Schema, fields, validate

from registry_link.households.states import DepartureKind, LinkAct, LinkState, Relation
from registry_link.links.states import DukcapilFileState, RowOutcome, Verdict, VisitOutcome
from registry_link.proposals.queries import ProposalView
from registry_link.proposals.states import ProposalKind, ProposalReason, ProposalState
from routes.schemas.fields import Day, In, Instant, Line


class LinkArgs(In):
    state = fields.Enum(LinkState, by_value=True, load_default=None)
    village_code = fields.String(load_default="", validate=validate.Length(max=20))
    after = fields.UUID(
        load_default=None, metadata={"description": "The household that the last answer ended with: those after it."}
    )


class LinkStateCountOut(Schema):
    village_code = fields.String()
    state = fields.Enum(LinkState, by_value=True)
    households = fields.Integer()


class LinkLineOut(Schema):
    household_id = fields.UUID()
    code = fields.String()
    head_name = fields.String()
    village_code = fields.String()
    rt = fields.String(allow_none=True)
    rw = fields.String(allow_none=True)
    hamlet = fields.String()
    address = fields.String()
    state = fields.Enum(LinkState, by_value=True)
    source = fields.String()


class LinksOut(Schema):
    counts = fields.List(fields.Nested(LinkStateCountOut))
    counted_at = Instant()
    """Of a very large office the counts are made in the background: this is what they speak of."""
    households = fields.List(fields.Nested(LinkLineOut))
    has_more = fields.Boolean()


class SendVillageIn(In):
    """``act`` is ``check`` (to the civil registry) or ``visit`` (somebody goes there)."""

    act = fields.Enum(LinkAct, by_value=True, required=True, validate=validate.OneOf([LinkAct.CHECK, LinkAct.VISIT]))
    village_code = Line(required=True, most=20, least=1)
    states = fields.List(
        fields.Enum(LinkState, by_value=True), required=True, validate=validate.Length(min=1, max=len(LinkState))
    )
    basis_no = Line(required=True, most=120, least=1)
    basis_on = Day(required=True)


class VillageSentOut(Schema):
    households = fields.Integer()


class LinkOut(Schema):
    source = fields.String()
    since_on = Day(metadata={"description": "The day of the file that brought it."})
    until_on = Day(
        allow_none=True, metadata={"description": "The day of the first file that did not list it any more."}
    )
    as_of_on = Day(metadata={"description": "The day of the source's current file while that lists it."})
    agreement_no = fields.String()
    state = fields.Enum(LinkState, by_value=True)
    is_current = fields.Boolean(metadata={"description": "The source lists it now."})


class LinkStepOut(Schema):
    act = fields.String()
    before = fields.String()
    after = fields.String()
    reason = fields.String()
    basis_no = fields.String()
    basis_on = Day(allow_none=True)
    subject = fields.String()
    subject_id = fields.UUID(allow_none=True)
    at = Instant()
    by_name = fields.String()


class HouseholdDepartureOut(Schema):
    kind = fields.Enum(DepartureKind, by_value=True)
    event_on = Day()
    basis_no = fields.String()
    basis_on = Day()
    name = fields.String()
    to_village_code = fields.String(allow_none=True)
    is_arrival = fields.Boolean(metadata={"description": "One person came here from another household."})
    other_code = fields.String(metadata={"description": "The household that one person moved to, or came from."})
    by_name = fields.String()
    undone_at = Instant(allow_none=True)


class FieldVisitOut(Schema):
    outcome = fields.Enum(VisitOutcome, by_value=True)
    note = fields.String()
    visited_on = Day()
    by_name = fields.String()


class WayOut(Schema):
    """A household's way through the registry."""

    household_id = fields.UUID(attribute="home.household_id")
    code = fields.String(attribute="home.code")
    village_code = fields.String(attribute="home.village_code")
    left_on = Day(attribute="home.left_on", allow_none=True)
    state = fields.Enum(LinkState, by_value=True, attribute="current.state", allow_none=True)
    links = fields.List(fields.Nested(LinkOut))
    steps = fields.List(fields.Nested(LinkStepOut))
    visits = fields.List(fields.Nested(FieldVisitOut))
    departures = fields.List(fields.Nested(HouseholdDepartureOut))


class DepartureIn(In):
    """Without ``member_id`` the whole household leaves. Where its head leaves others, ``successor_id`` is needed."""

    kind = fields.Enum(DepartureKind, by_value=True, required=True)
    event_on = Day(required=True)
    basis_no = Line(required=True, most=120, least=1)
    basis_on = Day(required=True)
    member_id = fields.UUID(load_default=None, allow_none=True)
    successor_id = fields.UUID(load_default=None, allow_none=True)
    to_village_code = Line(load_default="", most=20)
    rt = Line(load_default="", most=20)
    rw = Line(load_default="", most=20)
    hamlet = Line(load_default="", most=150)
    address = Line(load_default="", most=250)


class MoveMemberIn(In):
    """``to_code`` names the household that takes one person in; without it he founds a new one.

    Village and address are the new household's; without a village he stays in his own.
    """

    member_id = fields.UUID(required=True)
    event_on = Day(required=True)
    basis_no = Line(required=True, most=120, least=1)
    basis_on = Day(required=True)
    to_code = Line(load_default="", most=20)
    relation = fields.Enum(Relation, by_value=True, load_default=Relation.OTHER)
    successor_id = fields.UUID(load_default=None, allow_none=True)
    to_village_code = Line(load_default="", most=20)
    rt = Line(load_default="", most=20)
    rw = Line(load_default="", most=20)
    hamlet = Line(load_default="", most=150)
    address = Line(load_default="", most=250)


class MemberMovedOut(Schema):
    to_household_id = fields.UUID()
    to_code = fields.String()
    to_village_code = fields.String()
    is_new = fields.Boolean()


class LinkPaperIn(In):
    basis_no = Line(required=True, most=120, least=1)
    basis_on = Day(required=True)


class FieldListArgs(In):
    village_code = Line(required=True, most=20, least=1)


class FieldListOut(Schema):
    households = fields.List(fields.Nested(LinkLineOut))


class FieldVisitIn(In):
    household_id = fields.UUID(required=True)
    outcome = fields.Enum(VisitOutcome, by_value=True, required=True)
    note = Line(load_default="", most=500)
    visited_on = Day(load_default=None, allow_none=True)


class VisitedOut(Schema):
    state = fields.Enum(LinkState, by_value=True)


class DukcapilFileArgs(In):
    basis_no = Line(required=True, most=120, least=1)
    basis_on = Day(required=True)


class DukcapilRowArgs(In):
    outcome = fields.Enum(RowOutcome, by_value=True, load_default=None)
    limit = fields.Integer(load_default=200, validate=validate.Range(min=1, max=1000))
    offset = fields.Integer(load_default=0, validate=validate.Range(min=0, max=100_000))


class DukcapilFileOut(Schema):
    id = fields.UUID()
    state = fields.Enum(DukcapilFileState, by_value=True)
    file_name = fields.String()
    basis_no = fields.String()
    basis_on = Day()
    rows = fields.Integer()
    understood = fields.Integer()
    refused = fields.Integer()
    read_by = fields.String(attribute="read_by_name")
    read_at = Instant()
    applied_by = fields.String(attribute="applied_by_name")
    applied_at = Instant(allow_none=True)


class DukcapilFilesOut(Schema):
    files = fields.List(fields.Nested(DukcapilFileOut))


class DukcapilProblemOut(Schema):
    code = fields.String()
    column = fields.String()
    text = fields.String()


class DukcapilRowOut(Schema):
    row_no = fields.Integer()
    outcome = fields.Enum(RowOutcome, by_value=True)
    verdict = fields.Enum(Verdict, by_value=True, allow_none=True)
    household_id = fields.UUID(allow_none=True)
    problems = fields.List(fields.Nested(DukcapilProblemOut))


class DukcapilRowsOut(Schema):
    total = fields.Integer()
    rows = fields.List(fields.Nested(DukcapilRowOut))


class DukcapilAppliedOut(Schema):
    persons = fields.Integer()
    households = fields.Integer(metadata={"description": "Whose link moved."})


class LinkProposalArgs(In):
    state = fields.Enum(ProposalState, by_value=True, load_default=None)
    village_code = fields.String(load_default="", validate=validate.Length(max=20))
    limit = fields.Integer(load_default=50, validate=validate.Range(min=1, max=200))
    offset = fields.Integer(load_default=0, validate=validate.Range(min=0, max=100_000))


class LinkProposalIn(In):
    """By the household's own village only, with the minutes of its Musdes or Muskel."""

    kind = fields.Enum(ProposalKind, by_value=True, required=True)
    household_id = fields.UUID(required=True)
    reason = fields.Enum(ProposalReason, by_value=True, required=True)
    basis_no = Line(required=True, most=120, least=1)
    basis_on = Day(required=True)
    note = Line(load_default="", most=500)


class RefuseLinkProposalIn(In):
    note = Line(required=True, most=500, least=5)


class DetermineProposalsIn(In):
    proposal_ids = fields.List(fields.UUID(), required=True, validate=validate.Length(min=1, max=2000))
    decree_no = Line(required=True, most=120, least=1)
    decree_on = Day(required=True)


class StoppedProposalOut(Schema):
    """A proposal that went no further by itself: its household died or moved away meanwhile."""

    proposal_id = fields.UUID()
    code = fields.String()


class ProposalsDeterminedOut(Schema):
    proposals = fields.Integer()
    stopped = fields.List(fields.Nested(StoppedProposalOut))


class MinistryAnswerIn(In):
    """What the ministry answered; a return says why."""

    is_accepted = fields.Boolean(required=True)
    answer_no = Line(required=True, most=120, least=1)
    answer_on = Day(required=True)
    note = Line(load_default="", most=500)


class LinkProposalOut(Schema):
    id = fields.UUID()
    kind = fields.Enum(ProposalKind, by_value=True)
    state = fields.Enum(ProposalState, by_value=True)
    reason = fields.Enum(ProposalReason, by_value=True)
    household_id = fields.UUID()
    household_code = fields.String()
    village_code = fields.String()
    basis_no = fields.String()
    basis_on = Day()
    proposed_by_name = fields.String()
    proposed_at = Instant()
    verified_by_name = fields.String()
    verified_at = Instant(allow_none=True)
    determined_by_name = fields.String()
    determined_at = Instant(allow_none=True)
    decree_no = fields.String()
    decree_on = Day(allow_none=True)
    submission_number = fields.String()
    answer_no = fields.String()
    answer_on = Day(allow_none=True)
    decision_note = fields.String()
    closing_code = fields.String(metadata={"description": "Why it went no further by itself; empty otherwise."})


class LinkProposalsOut(Schema):
    total = fields.Integer()
    proposals = fields.List(fields.Nested(LinkProposalOut))


class SubmissionOut(Schema):
    id = fields.UUID()
    number = fields.String()
    rows = fields.Integer()
    waiting = fields.Integer(metadata={"description": "Without an answer yet."})
    made_by_name = fields.String()
    made_at = Instant()


class SubmissionMadeOut(SubmissionOut):
    """``id`` is null where nothing was left to send."""

    stopped = fields.List(fields.Nested(StoppedProposalOut))


class SubmissionsOut(Schema):
    submissions = fields.List(fields.Nested(SubmissionOut))


class VillageWaitingOut(Schema):
    village_code = fields.String()
    households = fields.Integer()


class DukcapilWaitingOut(Schema):
    villages = fields.List(fields.Nested(VillageWaitingOut))


def flat_of(view: ProposalView) -> dict[str, Any]:
    """Flatten a proposal and its household's code."""
    named = {name: getattr(view, name) for name in ProposalView.__dataclass_fields__ if name != "home"}
    return {**named, "household_code": view.home.code if view.home else ""}


def proposal_of(view: ProposalView) -> Any:
    """Give one proposal ready for JSON."""
    return LinkProposalOut().dump(flat_of(view))
