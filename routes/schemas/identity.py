from __future__ import annotations

from typing import Any

from marshmallow import Schema, fields, post_load

from registry_link.households.queries import HouseholdView
from registry_link.identity.commands import MOST_REASON, NamePair
from registry_link.identity.queries import PairView
from registry_link.identity.states import Evidence, PairState, ProposalState, Verdict
from routes.schemas.fields import In, Instant, Line, whole_number
from routes.schemas.registry import HouseholdLineOut, MemberOut


class PairArgs(In):
    state = fields.Enum(PairState, by_value=True, load_default=PairState.OPEN)
    evidence = fields.Enum(Evidence, by_value=True, load_default=None)
    is_waiting = fields.Boolean(load_default=False)
    limit = whole_number(load_default=50, least=1, most=200)
    offset = whole_number(load_default=0)


class NamePairIn(In):
    """Two households by their codes."""

    first_code = Line(required=True, most=20, least=1)
    second_code = Line(required=True, most=20, least=1)

    @post_load
    def order(self, data: dict[str, Any], **_: Any) -> NamePair:
        return NamePair(**data)


class ProposalIn(In):
    """``survivor_id`` says which of the two stays, for ``merge`` alone."""

    verdict = fields.Enum(Verdict, by_value=True, required=True)
    survivor_id = fields.UUID(load_default=None, allow_none=True)
    reason = Line(required=True, most=MOST_REASON, least=1)


class NoteIn(In):
    note = Line(load_default="", most=MOST_REASON)


class WhyIn(In):
    note = Line(required=True, most=MOST_REASON, least=1)


class ProposalOut(Schema):
    id = fields.UUID()
    verdict = fields.Enum(Verdict, by_value=True)
    survivor_id = fields.UUID(allow_none=True)
    state = fields.Enum(ProposalState, by_value=True)
    reason = fields.String()
    proposed_by_name = fields.String()
    proposed_at = Instant()
    decided_by_name = fields.String()
    decided_at = Instant(allow_none=True)
    decision_note = fields.String()


class PairLineOut(Schema):
    id = fields.UUID()
    first = fields.Nested(HouseholdLineOut)
    second = fields.Nested(HouseholdLineOut)
    shares_nik = fields.Boolean()
    shares_kk = fields.Boolean()
    name_permille = fields.Integer(metadata={"description": "How much alike two people born on one day are named."})
    evidence = fields.Enum(Evidence, by_value=True)
    score = fields.Integer()
    state = fields.Enum(PairState, by_value=True)
    found_at = Instant()
    decided_at = Instant(allow_none=True)


class PairsOut(Schema):
    pairs = fields.List(fields.Nested(PairLineOut), attribute="lines")
    total = fields.Integer()


class SideOut(HouseholdLineOut):
    kk = fields.String(allow_none=True)
    merged_into_code = fields.String()


class MatchOut(Schema):
    """Two members side by side; one of them is missing where only one household has such a person."""

    first = fields.Nested(MemberOut, allow_none=True)
    second = fields.Nested(MemberOut, allow_none=True)
    is_same = fields.Boolean()
    is_same_nik = fields.Boolean()
    is_same_birth = fields.Boolean()


class PairOut(PairLineOut):
    first = fields.Nested(SideOut)
    second = fields.Nested(SideOut)
    matches = fields.List(fields.Nested(MatchOut))
    proposals = fields.List(fields.Nested(ProposalOut))
    survivor_id = fields.UUID(allow_none=True)
    better_id = fields.UUID()


class SearchAskedOut(Schema):
    is_asked = fields.Boolean()


def flat_of(view: PairView) -> dict[str, Any]:
    """Flatten a pair and the line it stands on."""
    sides: dict[str, HouseholdView] = {"first": view.first, "second": view.second}
    line = {name: getattr(view.line, name) for name in PairLineOut().fields}
    return {
        **line, **sides, "matches": view.matches, "proposals": view.proposals, "survivor_id": view.survivor_id,
        "better_id": view.better_id,
    }  # fmt: skip


def pair_of(view: PairView) -> Any:
    """Give one pair ready for JSON."""
    return PairOut().dump(flat_of(view))
