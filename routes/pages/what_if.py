"""Rencana → Bandingkan pilihan: the plan beside up to three alternatives, before anybody approves one."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final
from uuid import UUID

from flask import Blueprint, flash, make_response, redirect, render_template, request
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response as BaseResponse

from core.errors import Conflict, Refused
from core.i18n import say
from core.measures import Milli, print_count, print_quantity
from core.work import Tx
from logistics.packages.standard_queries import standards
from logistics.packages.states import StandardPurpose
from logistics.planning import priorities
from logistics.planning.rule_words import print_permille
from logistics.planning.what_if import MOST_ALTERNATIVES, Comparison, Outcome
from registry_link.regions.queries import regions
from routes import alternatives as sides
from routes import context, guard, wishing
from routes.alternatives import Column, Ground
from routes.forms import Form, asked_number, page_number
from routes.frames import frame_of
from routes.occasion import Occasion, occasion_at
from routes.texts import gettext as _
from routes.wishing import Wish
from stock.items.queries import ItemView, items
from stock.places.kinds import PlaceKind
from stock.places.queries import places

pages = Blueprint("what_if", __name__, url_prefix="/kejadian/<slug>")
PER_PAGE: Final = 25
LETTERS: Final = "ABC"
FLOORS: Final = (100, 200, 250, 300, 400, 500, 600, 700, 750, 800, 900)


@pages.get("/rencana/bandingkan")
@guard.requires("round.compare")
def show(slug: str, no: int | None = None) -> str | BaseResponse:
    if request.args.get("tambah"):
        return _add(slug, no)
    return _show(slug, no, Form(MultiDict()))


def _add(slug: str, no: int | None) -> BaseResponse:
    """Make an address out of what was chosen, and go there; what was not understood is said at its field."""
    form = Form(request.args)
    wish = _wish_in(form)
    asked = [one for one in request.args.getlist("coba") if one]
    at = form.raw("pada")
    try:
        if at.isdecimal() and len(at) < 4 and int(at) < len(asked):
            asked[int(at)] = ";".join(one for one in (asked[int(at)], wishing.written(wish)) if one)
            wishing.read(asked[int(at)])
        elif not wish.is_empty:
            asked.append(wishing.written(wish))
    except Refused as refused:
        form.refuse(refused)
    if wish.is_empty and form.is_good:
        form.fail("aturan", "what_if.nothing_chosen")
    if len(asked) > MOST_ALTERNATIVES:
        form.fail("pada", "what_if.too_many", {"most": MOST_ALTERNATIVES})
    if not form.is_good:
        return make_response(_show(slug, no, form), 422)
    with context.read() as tx:
        here = occasion_at(tx, slug, no)
    return redirect(here.url("what_if.show", coba=asked, putaran=request.args.get("putaran") or None), 303)


def _wish_in(form: Form) -> Wish:
    """Read the form's fields; each that is empty changes nothing."""
    wish: dict[str, Any] = {"rule": form.raw("aturan")}
    if form.raw("standar"):
        wish["standard_id"] = form.uuid("standar")
    floor = form.raw("bagian")
    if floor == wishing.LARGEST:
        wish["is_floor_largest"] = True
    elif floor:
        wish["floor_permille"] = form.number("bagian", least=0, most=1000)
    if form.raw("jumlah").strip():
        amount = form.quantity("jumlah")
        for field in ("gudang_stok", "barang"):
            if not form.raw(field):
                form.fail(field, "form.choose")
        if amount is not None:
            signed = Milli(-amount if form.raw("arah") == "kurang" else amount)
            wish["stock"] = ((form.raw("gudang_stok"), form.raw("barang"), signed),)
    if form.raw("gudang"):
        wish["closed_warehouses"] = (form.raw("gudang"),)
    if form.raw("titik"):
        wish["closed_posts"] = (form.raw("titik"),)
    if form.raw("daya").strip():
        if not form.raw("titik_daya"):
            form.fail("titik_daya", "form.choose")
        per_day = form.number("daya", least=1, most=wishing.MOST_PER_DAY)
        wish["capacities"] = ((form.raw("titik_daya"), per_day or 1),)
    return Wish(**wish)


def _show(slug: str, no: int | None, form: Form) -> str:
    lang = context.lang()
    asked = [one for one in request.args.getlist("coba") if one][:MOST_ALTERNATIVES]
    with context.read() as tx:
        here = occasion_at(tx, slug, no)
        try:
            ground = sides.ground_at(tx, here, asked_number("putaran", None))
        except Conflict as missing:
            return render_template(
                "plan/what_if.html", missing=say(missing.code, lang, missing.facts), form=form, **frame_of(here, "plan")
            )
        found = sides.columns(tx, ground, [wishing.read(one) for one in asked], lang)
        page = _choices(tx, ground, lang)
        goods = {one.id: one for one in items(tx, with_inactive=True)}
        villages = {one.code: one.title for one in regions(tx, [one.village_code for one in found[0].outcome.villages])}
        page |= _moved(found, villages, lang)
        page |= {
            "proof": sides.recomputed(tx, ground, lang), "told": sides.told(tx, ground, lang),
            "alternatives": [
                _alternative(here, ground, asked, at, one)
                | {"obstacle": _said(sides.obstacle(tx, ground, one.granted))}
                for at, one in enumerate(found[1:]) if one.granted is not None
            ],
        }  # fmt: skip
    names = [_("Seperti sekarang"), *(_("Pilihan %(letter)s", letter=LETTERS[at]) for at in range(len(found) - 1))]
    return render_template(
        "plan/what_if.html", missing=None, ground=ground, form=form, asked=asked, names=names,
        measures=_measures(found, lang), goods=_goods(found, goods, lang),
        villages=_villages(found, villages, lang), **page, **frame_of(here, "plan"),
    )  # fmt: skip


def _choices(tx: Tx, ground: Ground, lang: str) -> dict[str, Any]:
    """Give what the form offers."""
    purpose = StandardPurpose.TERM if ground.here.is_term else StandardPurpose.RELIEF
    rules = (*priorities.rules(tx), priorities.BUILT_IN_VIEW)
    used = {one.item_id for one in ground.inputs.lines} - set(ground.inputs.money_items)
    return {
        "rules": [(one.version, f"{one.version}: {one.title(lang)} ({one.state_label(lang)})") for one in rules],
        "standards": [
            (str(one.id), f"{one.name_en if lang == 'en' else one.name_id} v{one.version} ({one.state_label(lang)})")
            for one in standards(tx, purpose)
            if wishing.can_be_chosen(one)
        ],
        "floors": [
            (wishing.LARGEST, _("sebesar yang cukup")), ("0", _("tidak ada")),
            *((str(one), f"{print_permille(one, lang)} %") for one in FLOORS),
        ],
        "warehouses": [(one.code, one.name) for one in places(tx, kinds=(PlaceKind.WAREHOUSE,))],
        "items": [(one.code, f"{one.name(lang)} ({one.base_unit})") for one in items(tx, ids=used)],
        "posts": [(one.code, one.name) for one in ground.inputs.posts],
    }  # fmt: skip


def _alternative(here: Occasion, ground: Ground, asked: Sequence[str], at: int, column: Column) -> dict[str, Any]:
    assert column.granted is not None
    assert column.comparison is not None
    others = [one for other, one in enumerate(asked) if other != at]
    return {
        "letter": LETTERS[at], "told": column.granted.told, "comparison": column.comparison,
        "coba": asked[at], "drop": here.url("what_if.show", coba=others, putaran=ground.asked_no),
        "who": here.url("what_if.show", coba=list(asked), putaran=ground.asked_no, siapa=LETTERS[at], _anchor="siapa"),
    }  # fmt: skip


def _said(code: str | None) -> str | None:
    return None if code is None else say(code, context.lang())


# ---------------------------------------------------------------- figures beside each other


def _measures(found: Sequence[Column], lang: str) -> list[dict[str, Any]]:
    """Give the rows of the table: one measure, each column's figure with its difference in sign and word."""

    def row(label: str, of: Callable[[Outcome], int | None], shown: Callable[[int], str], better: int = 1) -> Any:
        return {"label": label, "cells": _cells([of(one.outcome) for one in found], shown, better)}

    def count(number: int) -> str:
        return print_count(number, lang)

    def permille(number: int) -> str:
        return f"{print_permille(number, lang)} %"

    def metres(number: int) -> str:
        return f"{print_count(number, lang)} m"

    return [
        row(_("Keluarga dengan paket lengkap"), lambda one: one.whole, count),
        row(_("Keluarga dengan sebagian paket"), lambda one: one.part, count, 0),
        row(_("Keluarga yang menunggu"), lambda one: one.waits, count, -1),
        row(_("Di antaranya tanpa tempat di titik"), lambda one: one.without_place, count, -1),
        row(_("Jiwa dengan paket lengkap"), lambda one: one.persons_whole, count),
        row(_("Bagian yang dijalankan di setiap desa"), lambda one: one.floor_permille, permille, 0),
        row(_("Bagian terbesar yang cukup di setiap desa"), lambda one: one.largest_floor_permille, permille),
        row(_("Jalan kaki rata-rata ke titik"), lambda one: one.mean_metres, metres, -1),
        row(_("Jalan terjauh ke titik"), lambda one: one.farthest_metres, metres, -1),
    ]


def _cells(values: Sequence[int | None], shown: Callable[[int], str], better: int = 1) -> list[dict[str, str]]:
    """Write figures beside each other; ``better`` is 1 where more is better, -1 where less is, 0 where neither."""
    base = values[0]
    cells = []
    for at, value in enumerate(values):
        note = ""
        if at and value is not None and base is not None:
            gap = value - base
            if not gap:
                note = _("= sama")
            else:
                signed = f"{'+' if gap > 0 else '−'}{shown(abs(gap))}"
                is_good = gap * better > 0
                note = (
                    signed
                    if not better
                    else _("%(gap)s, lebih baik", gap=signed)
                    if is_good
                    else _("%(gap)s, lebih buruk", gap=signed)
                )
        cells.append({"text": "–" if value is None else shown(value), "note": note})
    return cells


def _goods(found: Sequence[Column], goods: Mapping[UUID, ItemView], lang: str) -> list[dict[str, Any]]:
    """Give what of each item is lacking, and at which rank it begins."""
    by_column = [{one.item_id: one for one in column.outcome.items} for column in found]
    wanted = list(dict.fromkeys(item_id for column in by_column for item_id in column))
    rows = []
    for item_id in sorted(wanted, key=lambda one: goods[one].name(lang)):
        of = [column.get(item_id) for column in by_column]
        if not any(one is not None and one.lacking_milli for one in of):
            continue

        def shown(milli: int, unit: str = goods[item_id].base_unit) -> str:
            return print_quantity(milli, unit, lang)

        cells = _cells([None if one is None else int(one.lacking_milli) for one in of], shown, -1)
        for cell, one in zip(cells, of, strict=True):
            if one is not None and one.first_rank_lacking is not None:
                rank = print_count(one.first_rank_lacking, lang)
                cell["rank"] = _("mulai urutan %(rank)s", rank=rank)
        rows.append({"label": goods[item_id].name(lang), "cells": cells})
    return rows


def _villages(found: Sequence[Column], names: Mapping[str, str], lang: str) -> list[dict[str, Any]]:
    by_column = [{one.village_code: one for one in column.outcome.villages} for column in found]
    rows = []
    for code, base in by_column[0].items():
        of = [column[code] for column in by_column]
        cells = _cells([one.whole for one in of], lambda number: print_count(number, lang))
        for cell, one in zip(cells, of, strict=True):
            cell["rank"] = _(
                "%(part)s sebagian, %(waits)s menunggu",
                part=print_count(one.part, lang), waits=print_count(one.waits, lang),
            )  # fmt: skip
        rows.append(
            {
                "label": names.get(code, code), "cells": cells,
                "all": _("dari %(count)s keluarga", count=print_count(base.households, lang)),
            }
        )  # fmt: skip
    return rows


def _moved(found: Sequence[Column], villages: Mapping[str, str], lang: str) -> dict[str, Any]:
    """Give whom the chosen alternative gives something else: by code, page by page."""
    letter = request.args.get("siapa", "")
    at = LETTERS.find(letter) if letter else -1
    comparison: Comparison | None = found[at + 1].comparison if 0 <= at < len(found) - 1 else None
    number = page_number()
    rows = comparison.moved if comparison else ()
    return {
        "who": letter if comparison else "", "number": number, "total": len(rows),
        "per_page": PER_PAGE, "last": max(1, -(-len(rows) // PER_PAGE)),
        "moved": [
            {
                "code": one.before.code, "village": villages.get(one.before.village_code, one.before.village_code),
                "rank_before": one.before.rank, "rank_after": one.after.rank, "verdict": one.verdict.value,
                "word": say(f"what_if.verdict.{one.verdict.value}", lang),
                "before": say(f"what_if.level.{one.before.level.value}", lang),
                "after": say(f"what_if.level.{one.after.level.value}", lang),
            }
            for one in rows[(number - 1) * PER_PAGE : number * PER_PAGE]
        ],
    }  # fmt: skip


# ---------------------------------------------------------------- taking an alternative over


@pages.post("/rencana/bandingkan/pakai")
@guard.requires("round.plan")
def take(slug: str, no: int | None = None) -> BaseResponse:
    """Plan the draft again with an alternative's rule and standard."""
    form = Form()

    def act(tx: Tx) -> str:
        here = occasion_at(tx, slug, no)
        done = sides.take_over(tx, here, wishing.read(form.raw("coba")), asked_number("putaran", None))
        facts = {
            "planned": print_count(done.planned, context.lang()),
            "waiting": print_count(done.waiting, context.lang()),
        }
        flash(
            _("Rancangan disusun ulang dengan pilihan itu: %(planned)s dilayani, %(waiting)s menunggu.", **facts),
            "good",
        )
        return here.url("plan.show", **_week())

    done: BaseResponse | None = form.attempt(lambda: context.submit_once(act))
    if done is not None:
        return done
    for error in form.errors:
        flash(error["text"], "bad")
    with context.read() as tx:
        return redirect(occasion_at(tx, slug, no).url("what_if.show", coba=[form.raw("coba")], **_week()), 303)


def _week() -> dict[str, int]:
    """Give the part of an address that names the week."""
    asked = asked_number("putaran", None)
    return {} if asked is None else {"putaran": asked}
