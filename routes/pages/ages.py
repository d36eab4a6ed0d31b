"""Golongan umur: which ages make an infant, a child, an elderly person, in this office."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, flash, make_response, render_template, url_for
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response as BaseResponse

from core.measures import print_instant
from core.permissions import may
from core.work import Tx
from logistics.packages import queries as packages
from registry_link.households.ages import BPBD, SPHERE, AgeLimitsView, SetAgeLimits, age_limits, set_age_limits
from registry_link.households.rules import Thresholds
from routes import context, guard
from routes.forms import Form
from routes.pages.settings import tabs
from routes.texts import gettext as _

pages = Blueprint("ages", __name__, url_prefix="/pengaturan/umur")
FIELDS = ("infant_below", "toddler_below", "child_below", "elderly_from")


@pages.get("")
@guard.requires("standard.see")
def index() -> str:
    return _index(None)


@pages.post("")
@guard.requires("age_limit.set")
def change() -> str | BaseResponse:
    form = Form()
    years = {name: form.number(name, least=1, most=120) or 0 for name in FIELDS}
    reason = form.text("reason", most=300)

    def act(tx: Tx) -> str:
        set_age_limits(tx, SetAgeLimits(limits=Thresholds(**years), reason=reason))
        flash(_("Golongan umur disimpan. Rencana baru memakainya; putaran yang sudah dibuka tetap."), "good")
        return url_for("ages.index")

    done = form.attempt(lambda: context.submit_once(act))
    return done if done is not None else make_response(_index(form), 422)


def _index(sent: Form | None) -> str:
    with context.read() as tx:
        held = age_limits(tx)
        running = len(packages.approved_rounds(tx))
    now = held[0].limits
    form = sent or Form(MultiDict({name: str(getattr(now, name)) for name in FIELDS}))
    return render_template(
        "standards/ages.html", tabs=tabs("standards"), form=form, now=now, running=running, bpbd=BPBD, sphere=SPHERE,
        may_set=may(context.actor(), "age_limit.set"), versions=[_framed(one) for one in held],
    )  # fmt: skip


def _framed(one: AgeLimitsView) -> dict[str, Any]:
    at = print_instant(one.set_at, context.actor().zone, context.lang()) if one.set_at else ""
    return {"view": one, "at": at}
