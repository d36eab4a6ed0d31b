"""The package standard of relief, approved where its figures are seen; a term's own is approved with its list."""

from __future__ import annotations

from uuid import UUID

from flask import Blueprint, flash, redirect, url_for
from werkzeug.wrappers import Response as BaseResponse

from logistics.packages.standards import approve_standard
from routes import context, guard
from routes.texts import gettext as _

pages = Blueprint("standard", __name__, url_prefix="/kejadian/<slug>/kebutuhan/standar")


@pages.post("/<uuid:standard_id>/setujui")
@guard.requires("standard.approve")
def approve(slug: str, standard_id: UUID) -> BaseResponse:
    context.write(lambda tx: approve_standard(tx, standard_id))
    flash(_("Standar paket disetujui dan mulai dipakai."), "good")
    return redirect(url_for("need.show", slug=slug), 303)
