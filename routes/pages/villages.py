"""Desa: what each village's households lack and where they stand, in numbers and on a map."""

from __future__ import annotations

from typing import Any, Final

from flask import Blueprint, jsonify, render_template, request, url_for
from flask import Response as FlaskResponse

from core.i18n import say
from core.measures import print_count, print_instant
from core.permissions import may
from registry_link.completion import queries
from registry_link.completion.commands import own_village
from registry_link.completion.overview import VillageLine, far_positions, village_line, village_lines
from registry_link.completion.queries import ListView
from registry_link.completion.rules import permille
from registry_link.households.completing import facts_of, village_deciles
from registry_link.households.gaps import label_of
from registry_link.regions.queries import RegionView, regions_of
from registry_link.regions.states import Level
from routes import context, guard
from routes.texts import gettext as _

pages = Blueprint("villages", __name__, url_prefix="/registri/desa")
MOST_FAR: Final = 100
COMPLETE, LOCATED, LISTED = "lengkap", "titik", "daftar"


@pages.get("")
@guard.requires("village.see")
def index() -> str:
    shown = request.args.get("peta", COMPLETE)
    lang = context.lang()
    with context.read() as tx:
        lines = village_lines(tx)
        names = {one.code: one for one in regions_of(tx, tx.regency_code, Level.VILLAGE)}
        lists = queries.completion_lists(tx, only_open=True) if may(tx.actor, "completion.see") else ()
    open_lists = {one.village_code: one for one in lists}
    shown = shown if shown in (COMPLETE, LOCATED, LISTED) else COMPLETE
    return render_template(
        "villages/index.html", shown=shown,
        rows=[
            _row(one, names.get(one.village_code), open_lists.get(one.village_code))
            for one in sorted(lines, key=lambda one: _urgency(one, shown))
        ],
        households=sum(one.households for one in lines), persons=sum(one.persons for one in lines),
        complete=percent(permille(sum(one.households - one.incomplete for one in lines),
                                  sum(one.households for one in lines))),
        located=percent(permille(sum(one.located for one in lines), sum(one.households for one in lines))),
        far=sum(one.far for one in lines), shares=share_words(),
        counted=print_instant(min(one.counted_at for one in lines), context.actor().zone, lang) if lines else "",
    )  # fmt: skip


def _urgency(one: VillageLine, shown: str) -> tuple[int, int, str]:
    """Sort by the share that the map shows, the lowest first; of the same share the village with most open."""
    if shown == LOCATED:
        return one.located_permille, one.located - one.households, one.village_code
    return one.complete_permille, -one.incomplete, one.village_code


def _row(line: VillageLine, place: RegionView | None, open_list: ListView | None) -> dict[str, Any]:
    return {
        "view": line, "name": place.title if place else line.village_code,
        "district": place.parent_name if place else None, "complete": percent(line.complete_permille),
        "located": percent(line.located_permille), "list": open_list,
    }  # fmt: skip


def percent(share: int) -> str:
    """Write thousandths as whole percent, rounded down: only all of it is 100 %."""
    return f"{share // 10}%"


def share_words() -> list[str]:
    """Give the words of the map's five tints."""
    return [_("di bawah %(share)s", share="25%"), "25–49%", "50–74%", "75–99%", "100%"]


@pages.get("/peta.json")
@guard.requires("village.see")
def shares() -> FlaskResponse:
    """Give each village's tint: how complete it is, how many of its houses have a position, how far its list is."""
    shown = request.args.get("peta", COMPLETE)
    with context.read() as tx:
        if shown == LISTED and may(tx.actor, "completion.see"):
            told = {one.village_code: one.settled_permille for one in queries.completion_lists(tx, only_open=True)}
        else:
            told = {
                one.village_code: one.located_permille if shown == LOCATED else one.complete_permille
                for one in village_lines(tx)
            }
    return jsonify(classes={code: share // 250 for code, share in told.items()})


@pages.get("/<village_code>")
@guard.requires("village.see")
def show(village_code: str) -> str:
    lang = context.lang()
    with context.read() as tx:
        place = own_village(tx, village_code)
        line = village_line(tx, village_code)
        deciles = village_deciles(tx, village_code)
        is_of_persons = may(tx.actor, "completion.see")
        lists = queries.completion_lists(tx, village_code=village_code) if is_of_persons else ()
        far = far_positions(tx, village_code) if line.far and is_of_persons else ()
        known = facts_of(tx, [one.household_id for one in far[:MOST_FAR]], "far_positions")
    open_list = next((one for one in lists if one.state.value == "open"), None)
    return render_template(
        "villages/show.html", place=place, line=line, complete=percent(line.complete_permille),
        located=percent(line.located_permille), open_list=open_list, lists=[framed(one) for one in lists],
        missing=[(say(label_of(gap), lang), count) for gap, count in line.missing.items() if count],
        deciles=[(one, deciles[one]) for one in sorted(deciles, key=lambda one: one or 99)],
        far=[
            {"view": one, "facts": known[one.household_id], "away": print_distance(one.outside_m, lang)}
            for one in far[:MOST_FAR] if one.household_id in known
        ],
    )  # fmt: skip


def print_distance(metres: int, lang: str) -> str:
    """Write how far something is: ``850 m``, ``3,2 km``."""
    if metres < 1_000:
        return f"{metres} m"
    whole, tenth = divmod(round(metres / 100), 10)
    return f"{print_count(whole, lang)}{',' if lang == 'id' else '.'}{tenth} km"


def framed(one: ListView) -> dict[str, Any]:
    """Give a completion list as templates show it."""
    lang = context.lang()
    return {
        "view": one, "state": say(one.state.label, lang), "tone": "info" if one.state.value == "open" else "neutral",
        "issued_at": print_instant(one.issued_at, context.actor().zone, lang),
        "percent": one.settled_permille // 10, "href": url_for("completion.show", list_id=one.id),
    }  # fmt: skip
