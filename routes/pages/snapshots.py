"""Berkas registri: the snapshots that the registry came from, and what each of them changed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any
from uuid import UUID

from flask import Blueprint, Response, render_template, request, stream_with_context, url_for

from core.i18n import say
from core.measures import print_count
from core.permissions import may
from registry_link.households import reporting
from registry_link.households.queries import SnapshotLine
from registry_link.households.reporting import DifferenceLine, ListDifferences
from registry_link.households.states import DifferenceKind, SnapshotState
from registry_link.importing.origins import Origin, completions_of, origins_of
from routes import context, guard
from routes.forms import page_number
from routes.sources import source_name

pages = Blueprint("snapshots", __name__, url_prefix="/registri/snapshot")
PER_PAGE = 50
TONES = {
    SnapshotState.STAGED: "warn", SnapshotState.CURRENT: "good", SnapshotState.REPLACED: "neutral",
    SnapshotState.DISCARDED: "neutral",
}  # fmt: skip
_WITH_CONTENT = (SnapshotState.CURRENT, SnapshotState.REPLACED)
"""What a file holds is counted when it is taken over."""
COLUMNS = (
    DifferenceKind.NEW, DifferenceKind.GONE, DifferenceKind.DECILE, DifferenceKind.MEMBER_ADDED,
    DifferenceKind.MEMBER_GONE, DifferenceKind.ADDRESS, DifferenceKind.VILLAGE,
)  # fmt: skip
"""Kinds that have a column of their own in the table of villages."""


@pages.get("")
@guard.requires("snapshot.see")
def index() -> str:
    with context.read() as tx:
        found = reporting.snapshot_lines(tx)
        origins = origins_of(tx, [one.id for one, _ in found])
    return render_template(
        "snapshots/index.html",
        # Of what was discarded or refused nothing came into the registry; it stands among the imports.
        lines=[
            {**framed(one, origins.get(one.id)), "changes": count}
            for one, count in found
            if one.state is not SnapshotState.DISCARDED
        ],
    )


def framed(one: SnapshotLine, origin: Origin | None) -> dict[str, Any]:
    lang = context.lang()
    return {
        "view": one, "source": source_name(one.source, lang), "state": say(f"snapshot.state.{one.state.value}", lang),
        "tone": TONES[one.state], "origin": origin, "has_content": one.state in _WITH_CONTENT,
        "href": url_for("snapshots.show", snapshot_id=one.id),
    }  # fmt: skip


@pages.get("/<uuid:snapshot_id>")
@guard.requires("snapshot.see")
def show(snapshot_id: UUID) -> str:
    """Show what a snapshot changed; ``jenis`` and ``desa`` narrow the list below the counts."""
    lang = context.lang()
    order = _asked(snapshot_id)
    with context.read() as tx:
        report = reporting.difference_report(tx, snapshot_id)
        is_asked = order.kind is not None or bool(order.village_code)
        found = reporting.differences(tx, order) if is_asked else None
        origin = origins_of(tx, [snapshot_id]).get(snapshot_id)
        completions = completions_of(tx, report.snapshot)

    def here(**changed: Any) -> str:
        return url_for("snapshots.show", snapshot_id=snapshot_id, **{**_kept(order), **changed})

    def download_at() -> str:
        return url_for("snapshots.download", snapshot_id=snapshot_id, **_kept(order))

    # The new households of a file that is not applied yet are counted, and stand nowhere.
    listed = {kind for one in report.villages for kind in one.by_kind}
    kinds: list[dict[str, Any]] = [
        {"kind": kind, "label": say(kind.label, lang), "count": count} for kind, count in report.counts
    ]
    return render_template(
        "snapshots/show.html", snapshot=framed(report.snapshot, origin), report=report, kinds=kinds, listed=listed,
        before=framed(report.before, None) if report.before else None, completions=completions,
        sees_households=may(context.actor(), "household.see"), order=order, here=here, download=download_at,
        columns=[(kind, say(f"snapshot.short.{kind.value}", lang)) for kind in COLUMNS if kind in listed],
        kind_options=[(one["kind"].value, f"{one['label']} ({print_count(one['count'], lang)})") for one in kinds
                      if one["kind"] in listed],
        village_options=[(one.village_code, f"{one.village_name} ({one.district_name})") for one in report.villages],
        found=found, lines=[_line(one, lang) for one in found.lines] if found else [],
        number=order.offset // PER_PAGE + 1, first=order.offset + 1,
    )  # fmt: skip


def _asked(snapshot_id: UUID) -> ListDifferences:
    word = request.args.get("jenis", "")
    number = page_number()
    return ListDifferences(
        snapshot_id=snapshot_id, kind=DifferenceKind(word) if word in set(DifferenceKind) else None,
        village_code=request.args.get("desa", "")[:20], limit=PER_PAGE, offset=(number - 1) * PER_PAGE,
    )  # fmt: skip


def _kept(order: ListDifferences) -> dict[str, Any]:
    return {"jenis": order.kind.value if order.kind else None, "desa": order.village_code or None}


def _line(one: DifferenceLine, lang: str) -> dict[str, Any]:
    before, after = one.texts(lang)
    return {"view": one, "kind": say(one.kind.label, lang), "before": before, "after": after}


@pages.get("/<uuid:snapshot_id>/unduh")
@guard.requires("snapshot.see")
def download(snapshot_id: UUID) -> Response:
    return csv_file(_asked(snapshot_id))


def csv_file(order: ListDifferences) -> Response:
    """Answer with the differences as a table, written while it is read. Raises: Forbidden; NotFound; Invalid."""
    with ExitStack() as opened:
        tx = opened.enter_context(context.read())
        text = reporting.differences_csv(tx, order, context.lang())
        of = reporting.snapshot_line(tx, order.snapshot_id)
        kept = opened.pop_all()

    def body() -> Iterator[bytes]:
        with kept:
            for piece in text:
                yield piece.encode()

    response = Response(stream_with_context(body()), mimetype="text/csv")
    # Several lie beside each other in the folder for downloads. A source is letters, digits, dashes.
    response.headers["Content-Disposition"] = f'attachment; filename="perubahan-{of.source}-{of.as_of_on}.csv"'
    return response
