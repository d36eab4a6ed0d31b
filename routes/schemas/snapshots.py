from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from marshmallow import Schema, fields, validate

from registry_link.households.states import DifferenceKind, SnapshotState
from registry_link.importing.origins import Completion
from routes.schemas.fields import In, Line, whole_number


class SnapshotOut(Schema):
    id = fields.UUID()
    source = fields.String()
    as_of_on = fields.Date()
    agreement_no = fields.String()
    file_name = fields.String()
    completes_id = fields.UUID(allow_none=True)
    state = fields.Enum(SnapshotState, by_value=True)
    households = fields.Integer()
    members = fields.Integer()
    recorded_at = fields.AwareDateTime()
    current_at = fields.AwareDateTime(allow_none=True)


class CompletionOut(Schema):
    """Refused rows that came back and went into the snapshot."""

    import_id = fields.UUID(attribute="run_id")
    new = fields.Integer(attribute="added")
    changed = fields.Integer()
    applied_at = fields.AwareDateTime()


class DifferenceCountOut(Schema):
    kind = fields.Enum(DifferenceKind, by_value=True)
    count = fields.Integer()


class VillageDifferencesOut(Schema):
    village_code = fields.String()
    village_name = fields.String()
    differences = fields.Integer()


class ReportOut(Schema):
    snapshot = fields.Nested(SnapshotOut)
    file_sha256 = fields.String()
    before = fields.Nested(SnapshotOut, allow_none=True)
    counts = fields.List(fields.Nested(DifferenceCountOut))
    villages = fields.List(fields.Nested(VillageDifferencesOut))
    completions = fields.List(
        fields.Nested(CompletionOut), metadata={"description": "What completed it since; their changes are among its."}
    )
    is_past = fields.Boolean()


class DifferencesIn(In):
    kind = fields.String(load_default="", validate=validate.OneOf(["", *(one.value for one in DifferenceKind)]))
    village_code = Line(most=20, load_default="")
    limit = whole_number(load_default=50, least=1, most=200)
    offset = whole_number(load_default=0)


class DifferenceOut(Schema):
    """One difference; NIK, No. KK, positions and birth dates say only that they changed."""

    kind = fields.Enum(DifferenceKind, by_value=True)
    household_id = fields.UUID()
    code = fields.String()
    village_code = fields.String()
    subject_name = fields.String()
    before = fields.String()
    after = fields.String()


class FoundDifferencesOut(Schema):
    differences = fields.List(fields.Nested(DifferenceOut))
    has_more = fields.Boolean()


def report_out(report: Any, completions: Sequence[Completion]) -> dict[str, Any]:
    """Shape a report for ``ReportOut``."""
    return {
        "snapshot": report.snapshot, "file_sha256": report.snapshot.file_sha256, "before": report.before,
        "counts": [{"kind": kind, "count": count} for kind, count in report.counts], "villages": report.villages,
        "completions": completions, "is_past": report.is_past,
    }  # fmt: skip
