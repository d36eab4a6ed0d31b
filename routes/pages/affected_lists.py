"""Daftar beku: the confirmed list with date and version, what each changed, and opening it again."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, flash, make_response, render_template, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from core.i18n import say
from core.measures import print_count, print_instant
from core.work import Tx
from logistics.zones import affected as listing
from logistics.zones import freezing, queries
from logistics.zones.freezing import ListView
from logistics.zones.states import ListState
from registry_link.households.queries import HouseholdLine, households_by_ids
from registry_link.matching.rules import Confidence
from registry_link.regions.queries import regions
from routes import context, guard
from routes.forms import Form, page_number
from routes.pages.affected import MOST
from routes.pages.incident import frame
from routes.texts import gettext as _

pages = Blueprint("affected_lists", __name__, url_prefix="/kejadian/<slug>/keluarga/daftar")
PER_PAGE = 50
_SHOWN = 100


@pages.get("")
@guard.requires("affected.see")
def index(slug: str) -> str:
    return _index(slug, Form())


@pages.post("")
@guard.requires("affected.freeze")
def freeze(slug: str) -> str | BaseResponse:
    form = Form()
    note = form.text("note", most=300)
    expected = form.number("expected", least=0, most=MOST)

    def act(tx: Tx) -> str:
        view = queries.incident(tx, slug)
        freezing.freeze_list(tx, freezing.Freeze(incident_id=view.id, note=note, expected=expected))
        done = freezing.current_list(tx, view.id)
        assert done
        count = print_count(done.households, context.lang())
        flash(_("Daftar v%(no)s dibekukan: %(count)s keluarga.", no=done.no, count=count), "good")
        return url_for("affected_lists.show", slug=slug, no=done.no)

    done = form.attempt(lambda: context.submit_once(act))
    return done if done is not None else make_response(_index(slug, form), 422)


@pages.post("/buka")
@guard.requires("affected.freeze")
def unfreeze(slug: str) -> str | BaseResponse:
    form = Form()
    reason = form.text("note", most=300)

    def act(tx: Tx) -> str:
        freezing.open_list(tx, queries.incident(tx, slug).id, reason)
        flash(_("Daftar dibuka. Ubah yang perlu, lalu bekukan lagi sebagai versi baru."), "good")
        return url_for("affected_lists.index", slug=slug)

    done = form.attempt(lambda: context.submit_once(act))
    for error in form.errors:  # the dialog's only field
        error["field"] = "note"
    return done if done is not None else make_response(_index(slug, form), 422)


@pages.get("/<int:no>")
@guard.requires("affected.see")
def show(slug: str, no: int) -> str:
    lang = context.lang()
    number = page_number()
    village = request.args.get("desa", "")
    with context.read() as tx:
        view = queries.incident(tx, slug)
        of = freezing.frozen_list(tx, view.id, no)
        page = freezing.entries(tx, of, village_code=village, limit=PER_PAGE, offset=(number - 1) * PER_PAGE)
        diff = freezing.compare_lists(tx, view.id, no - 1, no) if no > 1 else None
        changed = [*diff.joined_ids[:_SHOWN], *diff.gone_ids[:_SHOWN]] if diff else []
        ids = [one.household_id for one in page.lines]
        people = {one.id: one for one in households_by_ids(tx, [*ids, *changed], purpose="affected_list")}
        names = {one.code: one for one in regions(tx, sorted({one.village_code for one in people.values()}))}
        sees_people = tx.require("affected.see").detail != "counts"
    lines = [
        {
            "view": one, "household": people.get(one.household_id),
            "village": names[one.village_code].title if one.village_code in names else one.village_code,
            "group": "verify" if one.confidence is Confidence.TO_VERIFY else one.confidence.value,
            "decided": print_instant(one.decided_at, context.actor().zone, lang),
        }
        for one in page.lines
    ]  # fmt: skip

    def here(**changes: Any) -> str:
        kept = {"desa": village, **changes}
        return url_for("affected_lists.show", slug=slug, no=no, **{key: value for key, value in kept.items() if value})

    return render_template(
        "affected/list.html", list=shown_list(of), lines=lines, total=page.total, number=number, here=here,
        last=max(1, -(-page.total // PER_PAGE)), per_page=PER_PAGE, sees_people=sees_people,
        joined=_people(diff.joined_ids if diff else (), people), gone=_people(diff.gone_ids if diff else (), people),
        **frame(view, "affected"),
    )  # fmt: skip


def _people(ids: Any, people: dict[Any, HouseholdLine]) -> list[HouseholdLine]:
    return [people[one] for one in ids[:_SHOWN] if one in people]


def shown_list(of: ListView) -> dict[str, Any]:
    """Give what a page says of one frozen list."""
    zone, lang = context.actor().zone, context.lang()
    return {
        "view": of, "state": say(f"list_state.{of.state.value}", lang),
        "tone": "good" if of.state is ListState.CURRENT else "neutral",
        "frozen": print_instant(of.frozen_at, zone, lang),
        "ended": print_instant(of.ended_at, zone, lang) if of.ended_at else "",
    }  # fmt: skip


def _index(slug: str, form: Form) -> str:
    with context.read() as tx:
        view = queries.incident(tx, slug)
        found = freezing.lists(tx, view.id)
        groups = listing.groups(tx, view.id)
        standing = freezing.standing_count(tx, view.id)
        waiting = len(freezing.waiting_ids(tx, view.id))
    return render_template(
        "affected/lists.html", lists=[shown_list(one) for one in found], groups=groups, form=form, waiting=waiting,
        standing=standing, list=next((one for one in found if one.state is ListState.CURRENT), None),
        **frame(view, "affected"),
    )  # fmt: skip
