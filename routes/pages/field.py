"""Verifikasi: a village walked from door to door with a telephone, one household at a time, few big buttons."""

from __future__ import annotations

from typing import Final
from uuid import UUID

from flask import Blueprint, flash, make_response, render_template, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from core.i18n import say
from core.measures import print_day
from core.work import Tx
from registry_link.households.linking import LinkLine
from registry_link.households.states import LinkState
from registry_link.links import commands, queries
from registry_link.links.commands import RecordVisit
from registry_link.links.states import VisitOutcome
from registry_link.regions.queries import region
from routes import context, guard
from routes.forms import Form
from routes.pages.links import section_tabs, tone_of
from routes.texts import gettext as _

pages = Blueprint("field", __name__, url_prefix="/registri/verifikasi")
TONES: Final = {VisitOutcome.VERIFIED: "good"}


@pages.get("")
@guard.requires("link.verify")
def index() -> str:
    with context.read() as tx:
        villages = queries.field_villages(tx)
    return render_template(
        "field/index.html", tabs=section_tabs("field"), villages=villages,
        waiting=sum(one.waiting for one in villages), total=sum(one.total for one in villages),
    )  # fmt: skip


@pages.get("/<village_code>")
@guard.requires("link.verify")
def village(village_code: str) -> str:
    lang = context.lang()
    with context.read() as tx:
        lines = queries.field_list(tx, village_code)
        found = next((one for one in queries.field_villages(tx) if one.village_code == village_code), None)
        name = region(tx, village_code).full_name
    groups: dict[str, list[LinkLine]] = {}
    for one in lines:
        groups.setdefault(_("RT %(rt)s / RW %(rw)s", rt=one.rt or "—", rw=one.rw or "—"), []).append(one)
    return render_template(
        "field/village.html", name=name, code=village_code, counts=found, groups=list(groups.items()),
        is_cut=found is not None and found.waiting > len(lines), shown=len(lines),
        pending=say(LinkState.FIELD_PENDING.label, lang),
    )  # fmt: skip


@pages.get("/<village_code>/<uuid:household_id>")
@guard.requires("link.verify")
def door(village_code: str, household_id: UUID) -> str:
    return _door(village_code, household_id, Form())


@pages.post("/<village_code>/<uuid:household_id>")
@guard.requires("link.verify")
def visit(village_code: str, household_id: UUID) -> str | BaseResponse:
    """Keep what was found at this door, and go on to the next one of the walk."""
    form = Form()
    outcome = form.choice("outcome", VisitOutcome)
    note = form.text("note", most=commands.LONGEST_NOTE)

    def act(tx: Tx) -> str:
        assert outcome is not None
        walk = [one.household_id for one in queries.field_list(tx, village_code)]
        commands.record_visit(tx, RecordVisit(household_id=household_id, outcome=outcome, note=note))
        flash(_("Tercatat: %(what)s.", what=say(outcome.label, context.lang())), "good")
        at = walk.index(household_id) if household_id in walk else len(walk)
        left = [*walk[at + 1 :], *walk[:at]]
        if not left:
            return url_for("field.village", village_code=village_code)
        return url_for("field.door", village_code=village_code, household_id=left[0])

    answer = form.attempt(lambda: context.submit_once(act))
    return answer if answer is not None else make_response(_door(village_code, household_id, form), 422)


def _door(village_code: str, household_id: UUID, form: Form) -> str:
    lang = context.lang()
    with context.read() as tx:
        found = queries.field_home(tx, household_id)
        name = region(tx, found.home.village_code).full_name
        walk = [one.household_id for one in queries.field_list(tx, found.home.village_code)]
    home, current = found.home, found.current
    at = walk.index(household_id) if household_id in walk else -1
    following = walk[(at + 1) % len(walk)] if walk and (at < 0 or len(walk) > 1) else None
    return render_template(
        "field/door.html", form=form, home=home, name=name, number=at + 1, count=len(walk),
        is_waiting=current is not None and current.state is LinkState.FIELD_PENDING,
        state=say(current.state.label, lang) if current else "", tone=tone_of(current.state) if current else "neutral",
        people=[
            {"view": one, "relation": say(f"relation.{one.relation.value}", lang),
             "verdict": say(found.verdicts[one.id].label, lang) if one.id in found.verdicts else ""}
            for one in home.residents
        ],
        outcomes=[(one.value, say(one.label, lang)) for one in VisitOutcome if one is not VisitOutcome.VERIFIED],
        visits=[
            {"outcome": say(one.outcome.label, lang), "tone": TONES.get(one.outcome, "warn"), "view": one,
             "on": print_day(one.visited_on, lang)}
            for one in found.visits
        ],
        next_href=url_for("field.door", village_code=village_code, household_id=following) if following else None,
        asked=request.form.get("outcome", ""),
    )  # fmt: skip
