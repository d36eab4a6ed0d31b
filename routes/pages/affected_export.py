"""The by-name list as a file: what the reader's role sees of it, with a reason that is kept, never a NIK."""

from __future__ import annotations

from typing import Final

from flask import Blueprint, Response, flash, redirect, url_for
from werkzeug.wrappers import Response as BaseResponse

from core.errors import Forbidden
from core.i18n import say
from core.measures import print_instant
from core.work import Tx
from logistics.zones import affected as listing
from logistics.zones import queries
from registry_link.households.queries import households_by_ids
from registry_link.regions.queries import regions
from routes import context, guard, tables
from routes.forms import Form
from routes.pages.affected import GROUPS, STATES, shown_line
from routes.texts import gettext as _

pages = Blueprint("affected_export", __name__, url_prefix="/kejadian/<slug>/keluarga")
MOST: Final = 50_000
Row = tuple[str, ...]


@pages.post("/unduh")
@guard.requires("affected.see")
def download(slug: str) -> Response | BaseResponse:
    form = Form()
    reason = form.text("reason", most=200, least=5)
    if not form.is_good:
        for error in form.errors:
            flash(error["text"], "bad")
        return redirect(url_for("affected.index", slug=slug), 303)
    group, state, village = form.raw("kelompok"), form.raw("keputusan"), form.text("desa", most=20)
    suffix = "csv" if form.raw("form") == "csv" else "xlsx"
    lang = context.lang()

    def act(tx: Tx) -> tuple[queries.IncidentView, Row, tuple[Row, ...], tuple[tuple[str, str], ...]]:
        detail = tx.require("affected.see").detail
        if detail == "counts":
            raise Forbidden("permission.missing", action="affected.see")
        view = queries.incident(tx, slug)
        page = listing.affected(
            tx, view.id, confidence=GROUPS.get(group), state=STATES.get(state), village_code=village, limit=MOST
        )
        ids = [one.household_id for one in page.lines]
        people = {one.id: one for one in households_by_ids(tx, ids, purpose="affected_export")}
        names = {one.code: one for one in regions(tx, [one.village_code for one in page.lines])}
        rows = []
        for line in page.lines:
            one, shown = people.get(line.household_id), shown_line(line, people.get(line.household_id), names, lang)
            rows.append((
                one.code if one else "", one.head_name if one else "", shown["village"],
                (one.rt or "") if one else "", (one.rw or "") if one else "",
                *((one.address if one else "",) if detail == "full" else ()), str(one.size) if one else "",
                say(f"match.{line.confidence.value}", lang), shown["state"], shown["reason"],
            ))  # fmt: skip
        tx.note(
            "affected.export", "incident", view.id, reason=reason, rows=len(rows), form=suffix, group=group,
            state=state, village=village,
        )  # fmt: skip
        header = (
            _("Kode"), _("Kepala keluarga"), _("Desa"), "RT", "RW", *((_("Alamat"),) if detail == "full" else ()),
            _("Jiwa"), _("Kelompok"), _("Keputusan"), _("Alasan masuk daftar"),
        )  # fmt: skip
        about = (
            (_("Kejadian"), view.name), (_("Diunduh oleh"), tx.actor.name),
            (_("Diunduh pada"), print_instant(tx.now, tx.zone, lang)), (_("Alasan"), reason),
            (_("Perhatian"), _("Daftar bernama. Pengunduhan ini dicatat; jangan diteruskan tanpa dasar.")),
        )  # fmt: skip
        return view, header, tuple(rows), about

    view, header, rows, about = context.write(act)
    stem = tables.plain_stem(f"keluarga-{view.slug}")
    return tables.download(view.name, about, header, rows, stem=stem, suffix=suffix)
