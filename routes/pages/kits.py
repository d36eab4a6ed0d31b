"""Kit: packages put together from goods on the shelves, and taken apart again."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask import Blueprint, flash, make_response, render_template, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from core.errors import NotFound
from core.i18n import say
from core.measures import MILLI, Milli, print_count, print_quantity, print_rupiah
from core.permissions import may
from core.work import Tx
from routes import context, guard
from routes.forms import Form
from routes.goods_form import counted, goods_of, shown_lines, used_lines
from routes.pages.stock import visible
from routes.seeing import sees_places
from routes.texts import gettext as _
from stock.items.queries import find_item, items
from stock.kits import commands, queries
from stock.kits.seed import SEED_KITS
from stock.ledger.queries import batch_balances, batch_by_code
from stock.places.kinds import PlaceKind
from stock.places.queries import PlaceView, places

pages = Blueprint("kits", __name__, url_prefix="/stok/kit")


@pages.get("")
@guard.requires("stock.see")
def index() -> str:
    """Show what can be put together where, what limits it, and the kits that lie on the shelves."""
    lang = context.lang()
    with context.read() as tx:
        seen = visible(tx, sees_places(tx))
        spots = [one for one in seen if one.kind is PlaceKind.WAREHOUSE and not one.is_closed]
        mine = _assembles_at(tx)
        found = queries.kits(tx)
        shown = []
        for kit in found:
            made = queries.what_can_be_made(tx, spots, kit.item.id)
            lying = batch_balances(tx, place_ids=[one.id for one in seen], item_ids=[kit.item.id])
            shown.append(
                {
                    "view": kit, "name": kit.item.name(lang), "content": _content(kit.components, lang),
                    "sources": list(dict.fromkeys(say(f"kit.source.{one.source}", lang) for one in kit.components)),
                    "places": [_possible(one, lang, one.place in mine) for one in made],
                    "lying": [
                        {"view": one, "amount": print_quantity(one.on_hand_milli, kit.item.base_unit, lang),
                         "value": print_rupiah(one.value_rp, lang)}
                        for one in lying
                    ],
                }
            )  # fmt: skip
    return render_template("kits/index.html", kits=shown, has_warehouse=bool(spots), may_assemble=bool(mine))


def _content(components: Sequence[queries.ComponentView], lang: str) -> str:
    return ", ".join(
        f"{one.item.name(lang)} {print_quantity(one.quantity_milli, one.item.base_unit, lang)}" for one in components
    )


def _possible(one: queries.CanMake, lang: str, is_mine: bool) -> dict[str, Any]:
    scarce = one.limiting
    return {
        "view": one, "is_mine": is_mine,
        "limit": _limit(one, scarce, lang) if scarce else "",
        "limit_why": _why(scarce, lang) if scarce else "",
    }  # fmt: skip


def _limit(possible: queries.CanMake, scarce: queries.ComponentFree, lang: str) -> str:
    """Name the scarcest component, and how many others are just as scarce."""
    others = sum(1 for one in possible.components if one.kits == scarce.kits) - 1
    name = scarce.item.name(lang)
    return _("%(name)s dan %(count)s barang lain", name=name, count=others) if others else name


def _why(one: queries.ComponentFree, lang: str) -> str:
    unit = one.item.base_unit
    return _(
        "bebas %(free)s, satu kit perlu %(each)s", free=print_quantity(one.free_milli, unit, lang),
        each=print_quantity(one.quantity_milli, unit, lang),
    )  # fmt: skip


def _assembles_at(tx: Tx) -> tuple[PlaceView, ...]:
    """Give the warehouses at which the reader may put kits together."""
    if not may(tx.actor, "stock.assemble"):
        return ()
    reach = tx.require("stock.assemble")
    return tuple(
        one for one in places(tx, kinds=(PlaceKind.WAREHOUSE,)) if reach.has_place(one.id) and not one.is_closed
    )


# ---------------------------------------------------------------- assembling


@pages.get("/rakit")
@guard.requires("stock.assemble")
def assemble_form() -> str:
    """Show what would be used; nothing is booked by looking."""
    return _assemble(Form(request.args))


@pages.post("/rakit")
@guard.requires("stock.assemble")
def assemble() -> str | BaseResponse:
    form = Form()
    number = form.number("jumlah", least=1, most=commands.MOST_KITS)
    note = form.text("note", most=500)

    def act(tx: Tx) -> str:
        assert number
        place, kit = _chosen_place(form, _assembles_at(tx)), find_item(tx, form.raw("kit"))
        if place is None:
            raise NotFound("place.not_found", place=form.raw("tempat")[:40])
        done = commands.assemble_kits(
            tx, commands.AssembleKits(place_id=place.id, kit_item_id=kit.id, kits=number, note=note)
        )
        flash(
            _("%(kits)s %(name)s dirakit: %(batches)s batch, bukti %(number)s.", name=kit.name(context.lang()),
              kits=print_count(number, context.lang()), batches=len(done.batches), number=done.number),
            "good",
        )  # fmt: skip
        return url_for("stock.document", document_id=done.document_id)

    done = form.attempt(lambda: context.submit_once(act))
    return done if done is not None else make_response(_assemble(form), 422)


def _chosen_place(form: Form, among: Sequence[PlaceView]) -> PlaceView | None:
    asked = form.raw("tempat")
    return next((one for one in among if one.code == asked), among[0] if among and not asked else None)


def _assemble(form: Form) -> str:
    lang = context.lang()
    with context.read() as tx:
        tx.require("stock.assemble")
        spots, found = _assembles_at(tx), queries.kits(tx)
        place = _chosen_place(form, spots)
        asked = form.raw("kit")
        kit = next((one for one in found if one.item.code == asked), found[0] if found and not asked else None)
        if (form.raw("tempat") and place is None) or (asked and kit is None):
            raise NotFound("place.not_found" if place is None else "item.not_found", place="", item=asked[:60])
        possible = queries.can_make(tx, place.id, kit.item.id) if place and kit else None
        wanted = form.number("jumlah", least=1, most=commands.MOST_KITS, is_required=False)
        if possible is not None and wanted is not None and wanted > possible.kits and not form.error_of("jumlah"):
            form.fail("jumlah", "kit.too_many", {"kits": print_count(possible.kits, lang)})
        made = (
            queries.would_make(tx, place.id, kit.item.id, wanted) if place and kit and wanted and form.is_good else ()
        )
    return render_template(
        "kits/assemble.html", form=form, place=place, kit=kit, wanted=wanted, possible=possible,
        places=[(one.code, one.name) for one in spots], kits=[(one.item.code, one.item.name(lang)) for one in found],
        components=_components(possible, lang) if possible else [],
        made=[
            {
                "view": one, "value": print_rupiah(one.value_rp, lang),
                "lines": [
                    {
                        "view": line, "name": line.batch.item.name(lang),
                        "each": print_quantity(line.quantity_milli, line.batch.item.base_unit, lang),
                        "total": print_quantity(line.quantity_milli * one.kits, line.batch.item.base_unit, lang),
                    }
                    for line in one.content
                ],
            }
            for one in made
        ],
    )  # fmt: skip


def _components(possible: queries.CanMake, lang: str) -> list[dict[str, Any]]:
    scarce = possible.limiting
    return [
        {
            "name": one.item.name(lang), "each": print_quantity(one.quantity_milli, one.item.base_unit, lang),
            "free": print_quantity(one.free_milli, one.item.base_unit, lang), "kits": one.kits,
            "is_limit": scarce is not None and one.kits == scarce.kits,
        }
        for one in sorted(possible.components, key=lambda one: one.kits)
    ]  # fmt: skip


# ---------------------------------------------------------------- taking apart


@pages.get("/bongkar")
@guard.requires("stock.assemble")
def unpack_form() -> str:
    return _unpack(Form(request.args))


@pages.post("/bongkar")
@guard.requires("stock.assemble")
def unpack() -> str | BaseResponse:
    form = Form()
    number, note = form.number("jumlah", least=1, most=commands.MOST_KITS), form.text("note", most=500)

    def act(tx: Tx) -> str:
        assert number
        batch = batch_by_code(tx, form.raw("batch"))
        spot = _lying_at(tx, form.raw("tempat"))
        done = commands.unpack_kits(
            tx, commands.UnpackKits(place_id=spot.id, batch_id=batch.id, kits=number, note=note)
        )
        flash(
            _("%(kits)s kit dibongkar; isinya kembali ke batch asalnya.", kits=print_count(number, context.lang())),
            "good",
        )
        return url_for("stock.document", document_id=done.document_id)

    done = form.attempt(lambda: context.submit_once(act))
    return done if done is not None else make_response(_unpack(form), 422)


def _lying_at(tx: Tx, code: str) -> PlaceView:
    """Give a warehouse of the reader's, or its quarantine. Raises: NotFound."""
    reach = tx.require("stock.assemble")
    for one in places(tx, kinds=(PlaceKind.WAREHOUSE, PlaceKind.QUARANTINE)):
        if one.code == code and (reach.has_place(one.id) or reach.has_place(one.parent_id)):
            return one
    raise NotFound("place.not_found", place=code[:40])


def _unpack(form: Form) -> str:
    lang = context.lang()
    with context.read() as tx:
        tx.require("stock.assemble")
        if not form.raw("batch"):
            return render_template("kits/unpack.html", form=form, batch=None)
        batch, spot = batch_by_code(tx, form.raw("batch")), _lying_at(tx, form.raw("tempat"))
        content = queries.content_of(tx, batch.id)
        lying = next(
            (one for one in batch_balances(tx, place_ids=[spot.id], item_ids=[batch.item.id])
             if one.batch.id == batch.id), None,
        )  # fmt: skip
        today = tx.today
    free = (lying.on_hand_milli - lying.reserved_milli) // MILLI if lying else 0
    return render_template(
        "kits/unpack.html", form=form, batch=batch, place=spot, free=free, name=batch.item.name(lang),
        lines=[
            {
                "view": line, "name": line.batch.item.name(lang),
                "each": print_quantity(line.quantity_milli, line.batch.item.base_unit, lang),
                "is_expired": bool(line.batch.expires_on and line.batch.expires_on < today),
            }
            for line in content
        ],
    )  # fmt: skip


# ---------------------------------------------------------------- what a kit holds


@pages.get("/isi")
@guard.requires("item.edit")
def recipe_form() -> str:
    return _recipe(Form(request.args))


@pages.post("/isi")
@guard.requires("item.edit")
def set_recipe() -> str | BaseResponse:
    form = Form()
    if form.raw("more"):
        return _recipe(form)
    if not form.raw("kit"):
        form.fail("kit", "form.choose")
        return make_response(_recipe(form), 422)
    with context.read() as tx:
        goods = goods_of(items(tx), context.lang())
    numbers = used_lines(form, ("goods", "quantity"))
    lines: list[commands.RecipeLine] = []
    for no in numbers:
        one, quantity = counted(form, no, goods)
        if one and quantity:
            lines.append(commands.RecipeLine(item_id=one.item.id, quantity_milli=quantity))

    def act(tx: Tx) -> str:
        kit = find_item(tx, form.raw("kit"))
        commands.set_recipe(tx, commands.SetRecipe(kit_item_id=kit.id, lines=tuple(lines)))
        flash(
            _("Isi %(name)s disimpan.", name=kit.name(context.lang())) if lines
            else _("%(name)s bukan kit lagi.", name=kit.name(context.lang())),
            "good",
        )  # fmt: skip
        return url_for("kits.index")

    is_typed_wrong = not form.is_good
    done = form.attempt(lambda: context.submit_once(act))
    if done is None and not is_typed_wrong:
        # The command counts the lines it was given; the form may have empty ones between.
        form.errors = [{**one, "field": _typed(one["field"], numbers)} for one in form.errors]
    return done if done is not None else make_response(_recipe(form), 422)


def _typed(field: str, numbers: Sequence[int]) -> str:
    name, _sign, no = field.rpartition("-")
    is_line = name in ("goods", "quantity") and no.isdecimal() and 1 <= int(no) <= len(numbers)
    return f"{name}-{numbers[int(no) - 1]}" if is_line else field


def _recipe(form: Form) -> str:
    lang = context.lang()
    with context.read() as tx:
        every = items(tx)
        kit = find_item(tx, form.raw("kit")) if form.raw("kit") else None
        stored = queries.recipe_of(tx, kit.id) if kit else ()
        known = {one.code: one for one in every}
    goods = goods_of([one for one in every if kit is None or one.id != kit.id], lang)
    is_seed = kit is not None and not stored and kit.code in SEED_KITS
    offered = [(one.item.code, one.quantity_milli) for one in stored]
    if kit is not None and is_seed:
        offered = [(one.item, Milli(one.quantity_milli)) for one in SEED_KITS[kit.code] if one.item in known]
    if request.method == "GET":
        form = Form()
        form.values = form.values.copy()
        for no, (code, quantity) in enumerate(offered, 1):
            form.values[f"goods-{no}"], form.values[f"quantity-{no}"] = code, print_quantity(quantity, "", "id")
        form.values["lines"] = str(len(offered) + 2)
    return render_template(
        "kits/recipe.html", form=form, kit=kit, count=shown_lines(form), is_seed=is_seed, has_stored=bool(stored),
        name=kit.name(lang) if kit else "", goods=[(one.value, one.label) for one in goods.values()],
        items=[(one.code, one.name(lang)) for one in sorted(every, key=lambda one: one.name(lang))],
    )  # fmt: skip


__all__ = ["pages"]
