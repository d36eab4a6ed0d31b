"""Surat permohonan bantuan: asking the province or the ministry for what an incident's week lacks."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Blueprint, Response, flash, make_response, render_template, url_for
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response as BaseResponse

from core.documents.queries import document
from core.i18n import say
from core.measures import print_quantity
from core.office.queries import OfficeView, office
from core.work import Tx
from logistics.planning.gap import Asking, tables_of
from logistics.zones import gap_letter, week
from logistics.zones import queries as zones
from logistics.zones.gap_letter import Addressee
from reports import gap_letter as report
from routes import context, guard, tables
from routes.forms import Form, asked_number
from routes.pages.incident import frame
from routes.texts import gettext as _

pages = Blueprint("gap", __name__)
MOST_REASON = 600


@pages.get("/kejadian/<slug>/kebutuhan/surat")
@guard.requires("gap.issue")
def new(slug: str) -> str:
    return _form(slug, Form(MultiDict()))


@pages.post("/kejadian/<slug>/kebutuhan/surat")
@guard.requires("gap.issue")
def issue(slug: str) -> BaseResponse:
    form = Form()
    addressee = form.choice("addressee", Addressee)
    name, town = form.text("name", most=160), form.text("town", most=60)
    reason, needed_on = form.text("reason", most=MOST_REASON), form.day("needed_on", is_required=False)
    copies = tuple(one.strip()[:120] for one in form.raw("copies_to").splitlines() if one.strip())

    def act(tx: Tx) -> str:
        assert addressee is not None
        view = zones.incident(tx, slug)
        the_round = week.current_round(tx, view.id, asked_number("putaran", None))
        made = gap_letter.issue_gap_letter(
            tx,
            gap_letter.IssueGapLetter(
                incident_id=view.id, round_id=the_round.id if the_round else None, addressee=addressee, name=name,
                town=town, needed_on=needed_on, reason=reason, copies_to=copies,
                less_expected=form.raw("less_expected") == "1", in_packs=form.raw("in_packs") == "1",
            ),
        )  # fmt: skip
        flash(_("Surat %(number)s terbit. Cetak, tanda tangani, lalu kirim.", number=document(tx, made).number), "good")
        return url_for("document.show", document_id=made)

    done: BaseResponse | None = form.attempt(lambda: context.submit_once(act))
    return done if done is not None else make_response(_form(slug, form), 422)


@pages.get("/dokumen/<uuid:document_id>/lampiran.xlsx")
@guard.requires("document.see")
def annex(document_id: UUID) -> Response:
    """Give an issued letter's tables as a workbook, as they were frozen."""
    with context.read() as tx:
        paper = document(tx, document_id)
        facts = gap_letter.facts_of(tx, document_id)
    stem = tables.plain_stem(f"lampiran-{paper.number}")
    return tables.attached(report.build_annex(facts, paper.number), tables.KINDS["xlsx"], f"{stem}.xlsx")


def _form(slug: str, form: Form) -> str:
    lang = context.lang()
    with context.read() as tx:
        view = zones.incident(tx, slug)
        the_round = week.current_round(tx, view.id, asked_number("putaran", None))
        found = gap_letter.spread_of(tx, view, the_round.id if the_round else None)
        lines: list[dict[str, Any]] = []
        first_out = None
        if found is not None:
            told = tables_of(found.need, (), found.days, Asking(), lang)
            lines = [
                {
                    "name": one.name,
                    **{part: print_quantity(getattr(one, f"{part}_milli"), one.unit, lang)
                       for part in ("quantity", "promised", "free", "short", "expected")},
                }
                for one in told.asked
            ]  # fmt: skip
            first_out = min((one.runs_out_on for one in found.days if one.runs_out_on), default=None)
        usual = {one: gap_letter.addressed(tx, one) for one in (Addressee.PROVINCE, Addressee.MINISTRY)}
        own, today = office(tx), tx.today
    # The day on which something gives out; else the first of a week that lies ahead. Who waits now needs it now.
    needed = first_out or (the_round.week.first_on if the_round and the_round.week.first_on > today else None)
    return render_template(
        "need/letter.html", form=form, lines=lines, round=the_round, needed_on=f"{needed:%d/%m/%Y}" if needed else "",
        copies="\n".join(_copies(own)), is_first=not form.values,
        addressees=[
            (one.value, say(f"gap.addressee.{one.value}", lang), ", ".join(usual[one]) if one in usual else "")
            for one in Addressee
        ],
        **frame(view, "need"),
    )  # fmt: skip


def _copies(own: OfficeView) -> tuple[str, ...]:
    """Give who customarily gets a copy: the head of the regency, and its disaster agency."""
    kind, _space, name = own.regency_name.partition(" ")
    head = {"Kabupaten": "Bupati", "Kota": "Wali Kota"}.get(kind)
    first = f"{head} {name} (sebagai laporan)" if head else f"Kepala daerah {own.regency_name} (sebagai laporan)"
    return first, f"Kepala Pelaksana BPBD {own.regency_name}"
