from __future__ import annotations

from typing import Any

from marshmallow import Schema, fields, validate

from logistics.planning.revision_queries import ChangeRow, RevisionView
from logistics.planning.states import ChangeKind, PlanState
from routes.schemas.fields import Day, In, Instant, PageArgs, Quantity


class ReasonOut(Schema):
    code = fields.String()
    count = fields.Integer()
    sentence = fields.String()


class ReasonsOut(Schema):
    """Empty when the plan fits what is known now, or its round is not being handed out."""

    reasons = fields.List(fields.Nested(ReasonOut))


class ReviseIn(In):
    without_posts = fields.List(fields.UUID(), load_default=list, validate=validate.Length(max=1000))
    """Posts that are not to be used any more."""


class ChangeCountOut(Schema):
    kind = fields.Enum(ChangeKind, by_value=True)
    packages = fields.Integer()


class RevisedOut(Schema):
    round_id = fields.UUID()
    plan_id = fields.UUID()
    changes = fields.List(fields.Nested(ChangeCountOut))


class RevisionApprovedOut(Schema):
    round_id = fields.UUID()
    plan_id = fields.UUID()
    packages = fields.Integer()
    reservations = fields.Integer()


class RevisionArgs(PageArgs):
    kind = fields.Enum(ChangeKind, by_value=True, load_default=None)
    village_code = fields.String(load_default="", validate=validate.Length(max=20))


class SpotOut(Schema):
    post_id = fields.UUID()
    serve_on = Day()
    hours = fields.String()


class LineChangeOut(Schema):
    item_code = fields.String(attribute="item.code")
    unit = fields.String(attribute="item.base_unit")
    before = Quantity(attribute="before_milli")
    after = Quantity(attribute="after_milli")


class ChangeOut(Schema):
    """One package that changes; without ``before`` it waited or is new, without ``after`` it waits or is out."""

    package_id = fields.UUID(attribute="package.id")
    code = fields.String(attribute="package.code")
    village_code = fields.String(attribute="package.village_code")
    kind = fields.Enum(ChangeKind, by_value=True)
    before = fields.Nested(SpotOut, allow_none=True)
    after = fields.Nested(SpotOut, allow_none=True)
    lines = fields.List(fields.Nested(LineChangeOut))
    why = fields.String()


class CellChangeOut(Schema):
    post_id = fields.UUID()
    serve_on = Day()
    before = fields.Integer()
    after = fields.Integer()


class VillageChangesOut(Schema):
    village_code = fields.String()
    changes = fields.List(fields.Nested(ChangeCountOut))


class RevisionOut(Schema):
    """A revision that waits for approval, summed up and one by one; nothing of it counts yet."""

    plan_id = fields.UUID()
    no = fields.Integer()
    state = fields.Enum(PlanState, by_value=True)
    planned_at = Instant()
    counts = fields.List(fields.Nested(ChangeCountOut))
    villages = fields.List(fields.Nested(VillageChangesOut))
    cells = fields.List(fields.Nested(CellChangeOut))
    goods = fields.List(fields.Nested(LineChangeOut))
    changes = fields.List(fields.Nested(ChangeOut))
    total = fields.Integer()


class RevisionWaitsOut(Schema):
    revision = fields.Nested(RevisionOut, allow_none=True)


def counts_of(counts: Any) -> list[dict[str, Any]]:
    """Give counts by kind as they are listed."""
    return [{"kind": kind, "packages": packages} for kind, packages in counts.items()]


def view_of(view: RevisionView, rows: tuple[ChangeRow, ...], total: int, lang: str) -> dict[str, Any]:
    """Give a revision as it is shown to machines."""
    return {
        "plan_id": view.plan.id, "no": view.plan.no, "state": view.plan.state, "planned_at": view.plan.planned_at,
        "counts": counts_of(view.counts), "cells": view.cells, "goods": view.goods, "total": total,
        "villages": [
            {"village_code": one.village_code, "changes": counts_of(one.counts)} for one in view.villages
        ],
        "changes": [
            {"package": one.package, "kind": one.kind, "before": one.before, "after": one.after, "lines": one.lines,
             "why": one.why(lang)}
            for one in rows
        ],
    }  # fmt: skip
