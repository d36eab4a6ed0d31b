"""What everybody may ask without a login: is this receipt, this invitation, real? Nothing of a person is ever shown."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, make_response, render_template

from core.actor import system
from core.crypto import ring
from core.documents.queries import DocumentView, find_by_ref, said
from core.documents.states import DocumentState
from core.measures import print_day, print_quantity
from core.office.queries import OfficeView, offices
from core.work import Tx
from logistics.handover.papers import ReceiptFacts
from logistics.packages.queries import shown_by_ref
from logistics.packages.states import PackageState
from routes import context, guard
from routes.limiter import limiter
from routes.papers import INVITATION_KIND, RECEIPT_KIND
from routes.texts import gettext as _

pages = Blueprint("public", __name__)
UNKNOWN: dict[str, Any] = {"state": "unknown", "items": []}


@pages.get("/v/<token>")
@pages.get("/V/<token>", endpoint="verify_scanned")
@guard.public("anybody who holds a receipt may check it")
@limiter.limit("30 per minute")
def verify(token: str) -> Response:
    """Tell whether a receipt's QR is ours and still valid, or where the package of an invitation's QR stands.

    A code that is forged, foreign or malformed gets the same bytes as one that is unknown; its signature is checked
    before the database is asked for it.
    """
    found = ring().read_token(token)
    with context.runtime().work.read_by(system("")) as tx:
        known = offices(tx.session)
        paper = find_by_ref(tx, found.ref) if found is not None and found.kind == RECEIPT_KIND else None
        is_receipt = paper is not None and paper.kind == "TT"
        result = _result(tx, paper) if paper is not None and is_receipt else UNKNOWN
        if found is not None and found.kind == INVITATION_KIND:
            result = _invitation(tx, found.ref, known)
    # Whose page a stranger's code opens must not depend on the code: with several offices it is nobody's.
    own = _office_of(known, result.get("regency_name")) or (known[0] if len(known) == 1 else None)
    response = make_response(
        render_template("public/verify.html", result=result, office=own, contact=own.contact if own else ""),
        404 if result is UNKNOWN else 200,
    )
    response.headers["X-Robots-Tag"] = "noindex, nofollow"
    response.headers["Cache-Control"] = "no-store"
    response.headers["Referrer-Policy"] = "no-referrer"
    return response


def _result(tx: Tx, paper: DocumentView) -> dict[str, Any]:
    facts = said(tx, paper.id, ReceiptFacts)
    lang = context.lang()
    zone = system("", facts.time_zone).zone
    return {
        "state": "voided" if paper.state is DocumentState.VOID else "valid",
        "number": paper.number,
        "document": _("Tanda terima bantuan"),
        "on_text": print_day(facts.event_at.astimezone(zone).date(), lang),
        "voided_on_text": print_day(paper.voided_at.astimezone(zone).date(), lang) if paper.voided_at else "",
        "village": facts.village_name,
        "package": f"{facts.standard_name} · {facts.package_code}",
        "regency_name": facts.regency_name,
        "is_demo": facts.is_demo,
        "items": [
            {"name": item.name, "quantity": print_quantity(item.quantity_milli, item.unit, lang)}
            for item in facts.items
        ],
    }


def _invitation(tx: Tx, ref: bytes, known: tuple[OfficeView, ...]) -> dict[str, Any]:
    """Tell where the package of an invitation stands, and nothing else: not whose it is, nor what is in it."""
    shown = shown_by_ref(tx, ref)
    own = next((one for one in known if shown is not None and one.regency_code == shown.regency_code), None)
    if shown is None or own is None:
        return UNKNOWN
    if shown.state is PackageState.HANDED_OVER:
        state = "served"
    else:
        state = "invited" if shown.is_open else "ended"
    return {"state": state, "regency_name": own.regency_name, "is_demo": own.is_demo, "items": []}


def _office_of(known: tuple[OfficeView, ...], regency_name: str | None) -> OfficeView | None:
    return next((one for one in known if one.regency_name == regency_name), None)
