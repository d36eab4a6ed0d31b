"""Daftar barang: the catalogue, each item's boxes, spellings, sizes and minimum levels, and the catalogue as a file."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from io import BytesIO
from typing import Any
from uuid import UUID

from flask import Blueprint, Response, flash, make_response, redirect, render_template, request, url_for
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response as BaseResponse

from core.accounts.queries import name_of
from core.errors import Conflict, Refused
from core.files.commands import StoreFile, named_file, store_file
from core.i18n import say
from core.measures import Milli, print_quantity
from core.office.queries import office
from core.permissions import may
from core.work import Tx
from reports import table_file
from routes import context, guard, limits
from routes.forms import Form
from routes.tables import attached
from routes.texts import gettext as _
from stock.items import catalogue_file, commands
from stock.items.catalogue_file import Column, FilePlan, ImportCatalogue, Outcome, RowPlan
from stock.items.kinds import Category, VariantSex
from stock.items.queries import ItemView, find_item, items, minimum_levels, search_items, standing_of
from stock.items.rules import Description, code_from, fingerprint, is_as_typed, unit_words
from stock.items.weights import SetWeight, set_weight, weighs_itself
from stock.ledger.alerts import LowStock, low_stock
from stock.ledger.queries import available
from stock.places.kinds import PlaceKind
from stock.places.queries import PlaceView, places

pages = Blueprint("items", __name__, url_prefix="/stok/barang")
MOST_FILE_BYTES = 5 << 20
KEEP_FILE_DAYS = 7
FILE_PURPOSE = "catalogue"
MOST_ROWS_SHOWN = 200
_TONES = {
    Outcome.NEW: "good", Outcome.CHANGED: "info", Outcome.UNCHANGED: "neutral", Outcome.REFUSED: "bad",
}  # fmt: skip


# ---------------------------------------------------------------- the catalogue


@pages.get("")
@guard.requires("stock.see")
def catalogue() -> str:
    """Show the catalogue, or what a search finds in it; typing errors are forgiven."""
    lang = context.lang()
    asked, category, state = (request.args.get(name, "")[:80] for name in ("cari", "kategori", "keadaan"))
    with context.read() as tx:
        every = search_items(tx, asked, limit=1000, with_inactive=True)
    found = [
        one for one in every
        if (not category or one.category.value == category)
        and {"aktif": one.is_active, "tidak": not one.is_active}.get(state, True)
    ]  # fmt: skip
    return render_template(
        "items/index.html", asked=asked, category=category, state=state, lines=[_line(one, lang) for one in found],
        is_only_like=bool(found) and not is_as_typed(found[0], asked), categories=_categories(lang),
    )  # fmt: skip


def _line(one: ItemView, lang: str) -> dict[str, Any]:
    return {
        "item": one, "name": one.name(lang), "category": say(one.category.label, lang),
        "packs": [f"{pack.name} {print_quantity(pack.quantity_milli, one.base_unit, lang)}" for pack in one.packs],
        "step": print_quantity(one.step_milli, one.base_unit, lang),
    }  # fmt: skip


def _categories(lang: str) -> list[tuple[str, str]]:
    return [(one.value, say(one.label, lang)) for one in Category]


@pages.get("/<code>")
@guard.requires("stock.see")
def show(code: str) -> str:
    return _show(code, Form(), "")


def _show(code: str, form: Form, section: str) -> str:
    """Show one item; ``section`` is the form whose mistakes are told."""
    lang = context.lang()
    with context.read() as tx:
        item = find_item(tx, code)
        reach = tx.require("stock.see")
        spots = [] if reach.detail == "totals" else [one for one in _warehouses(tx) if reach.has_place(one.id)]
        free = {
            one.place_id: one.available_milli for one in available(tx, [item.id], [one.id for one in spots])
        } if spots and item.is_stocked else {}  # fmt: skip
        levels = {one.place_id: one for one in minimum_levels(tx, item_ids=[item.id])}
        setters = {one.set_by: name_of(tx, one.set_by) for one in levels.values()}
        standing = standing_of(tx, item.id)
    may_edit = may(context.actor(), "item.edit") and item.is_stocked
    return render_template(
        "items/show.html", item=item, name=item.name(lang), category=say(item.category.label, lang), form=form,
        section=section, is_fixed=standing.is_counted_in, may_edit=may_edit,
        step=print_quantity(item.step_milli, item.base_unit, lang),
        source=_("kantor sendiri") if item.source == commands.OWN_SOURCE else item.source,
        weighs_itself=weighs_itself(item.base_unit),
        weight="" if item.weight_g is None else print_quantity(Milli(item.weight_g), "", "id"),
        packs=[
            {"view": pack, "holds": print_quantity(pack.quantity_milli, item.base_unit, lang),
             "source": _("kantor sendiri") if pack.source == commands.OWN_SOURCE else pack.source}
            for pack in item.packs
        ],
        variants=[{"view": one, "sex": say(one.sex.label, lang)} for one in item.variants],
        sexes=[(one.value, say(one.label, lang)) for one in VariantSex],
        places=[
            {
                "view": one, "field": _minimum_field(one), "free": print_quantity(free.get(one.id, 0), "", lang),
                "level": levels.get(one.id), "by": setters[levels[one.id].set_by] if one.id in levels else "",
                "minimum": print_quantity(levels[one.id].quantity_milli, "", "id") if one.id in levels else "",
                "is_low": one.id in levels and free.get(one.id, 0) < levels[one.id].quantity_milli,
            }
            for one in spots
        ] if item.is_stocked else [],
    )  # fmt: skip


def _warehouses(tx: Tx) -> list[PlaceView]:
    return [one for one in places(tx, kinds=(PlaceKind.WAREHOUSE,)) if not one.is_closed]


def _minimum_field(place: PlaceView) -> str:
    return f"minimum-{place.code}"


# ---------------------------------------------------------------- an item of one's own, and editing


@pages.get("/baru")
@guard.requires("item.edit")
def new() -> str:
    return _edit(Form(MultiDict({"step": "1"})), None)


@pages.post("/baru")
@guard.requires("item.edit")
def create() -> str | BaseResponse:
    form = Form()
    code = form.text("code", most=40).lower()
    told = _description(form, is_new=True)

    def act(tx: Tx) -> str:
        assert told is not None
        item_id = commands.add_item(
            tx,
            commands.AddItem(
                code=code or code_from(told.name_id), name_id=told.name_id, name_en=told.name_en,
                category=told.category, base_unit=told.base_unit, step_milli=told.step_milli,
                does_expire=told.does_expire, is_durable=told.is_durable, source=told.source,
            ),
        )  # fmt: skip
        made = next(one for one in items(tx, ids=(item_id,)))
        flash(
            _("%(name)s ada dalam katalog. Tambahkan kemasan, ejaan, dan batas minimumnya.", name=made.name_id), "good"
        )
        return url_for("items.show", code=made.code)

    done = form.attempt(lambda: context.submit_once(act))
    if done is not None:
        return done  # type: ignore[no-any-return]
    _place(form, {"step_milli": "step", "": "name_id", "item.code_taken": "code"})
    return make_response(_edit(form, None), 422)


@pages.get("/<code>/ubah")
@guard.requires("item.edit")
def edit(code: str) -> str:
    with context.read() as tx:
        item = find_item(tx, code)
    values = {
        "name_id": item.name_id, "name_en": item.name_en, "category": item.category.value, "base_unit": item.base_unit,
        "step": print_quantity(item.step_milli), "source": item.source, "seen": fingerprint(item),
        **{name: "1" for name in ("does_expire", "is_durable", "is_active") if getattr(item, name)},
    }  # fmt: skip
    return _edit(Form(MultiDict(values)), item)


@pages.post("/<code>/ubah")
@guard.requires("item.edit")
def change(code: str) -> str | BaseResponse:
    form = Form()
    with context.read() as tx:
        item = find_item(tx, code)
    told = _description(form, is_new=False)
    seen = form.raw("seen")[:40]

    def act(tx: Tx) -> str:
        assert told is not None
        changed = commands.edit_item(tx, commands.EditItem(item_id=item.id, description=told, seen=seen))
        flash(_("Perubahan disimpan.") if changed else _("Tidak ada yang berubah."), "good" if changed else "info")
        return url_for("items.show", code=item.code)

    done = form.attempt(lambda: context.submit_once(act))
    if done is not None:
        return done  # type: ignore[no-any-return]
    _place(form, {
        "step_milli": "step", "item.step_coarser": "step", "item.unit_is_fixed": "base_unit",
        "item.unit_of_packs": "base_unit", "item.still_in_stock": "is_active", "item.name_taken": "name_id",
    })  # fmt: skip
    return make_response(_edit(form, item), 422)


def _description(form: Form, *, is_new: bool) -> Description | None:
    name_id, name_en = form.text("name_id", most=80, least=2), form.text("name_en", most=80)
    category, unit = form.choice("category", Category), form.text("base_unit", most=20, least=1)
    step, source = form.quantity("step"), form.text("source", most=200, least=3)
    if category is None or step is None:
        return None
    return Description(
        name_id=name_id, name_en=name_en, category=category, base_unit=unit, step_milli=step,
        does_expire=bool(form.raw("does_expire")), is_durable=bool(form.raw("is_durable")),
        is_active=is_new or bool(form.raw("is_active")), source=source,
    )  # fmt: skip


def _edit(form: Form, item: ItemView | None) -> str:
    lang = context.lang()
    is_fixed = False
    if item is not None:
        with context.read() as tx:
            standing = standing_of(tx, item.id)
            is_fixed = standing.is_counted_in or standing.has_minimum or bool(item.packs)
    return render_template(
        "items/edit.html", form=form, item=item, name=item.name(lang) if item else "", is_fixed=is_fixed,
        categories=_categories(lang),
    )  # fmt: skip


def _place(form: Form, fields: Mapping[str, str]) -> None:
    """Put each mistake under the field of the page that it is about: by the name or, for conflicts, the code it has."""
    for error in form.errors:
        error["field"] = fields.get(error.get("code", ""), fields.get(error["field"], error["field"]))


# ---------------------------------------------------------------- boxes, spellings, sizes, minimum levels


def _part(code: str, section: str, form: Form, fields: Mapping[str, str], act: Callable[[Tx, ItemView], str]) -> Any:
    """Do one small change of an item's page and come back to where it was made."""

    def once(tx: Tx) -> str:
        flash(act(tx, find_item(tx, code)), "good")
        return url_for("items.show", code=code) + f"#{section}"

    done = form.attempt(lambda: context.submit_once(once))
    if done is not None:
        return done
    _place(form, fields)
    return make_response(_show(code, form, section), 422)


@pages.post("/<code>/kemasan")
@guard.requires("item.edit")
def put_pack(code: str) -> str | BaseResponse:
    """Add a box, or say anew how much one holds."""
    form = Form()
    name, holds = form.text("pack_name", most=40, least=1), form.quantity("pack_quantity")

    def act(tx: Tx, item: ItemView) -> str:
        assert holds is not None
        known = next((one for one in item.packs if unit_words(one.name) == unit_words(name)), None)
        if known is None:
            commands.add_pack(tx, commands.AddPack(item_id=item.id, name=name, quantity_milli=holds))
        else:
            commands.change_pack(tx, known.id, holds)
        text = print_quantity(holds, item.base_unit, context.lang())
        return _("1 %(pack)s = %(holds)s.", pack=known.name if known else name, holds=text)

    fields = {"pack": "pack_name", "quantity_milli": "pack_quantity", "": "pack_name"}
    return _part(code, "kemasan", form, fields, act)  # type: ignore[no-any-return]


@pages.post("/<code>/kemasan/hapus")
@guard.requires("item.edit")
def remove_pack(code: str) -> str | BaseResponse:
    form = Form()
    name = form.text("name", most=60, least=1)

    def act(tx: Tx, item: ItemView) -> str:
        commands.remove_pack(tx, _pack_id(item, name))
        return _("Kemasan %(pack)s dihapus. Catatan stok tidak berubah.", pack=name)

    return _part(code, "kemasan", form, {"": "pack_name", "name": "pack_name"}, act)  # type: ignore[no-any-return]


def _pack_id(item: ItemView, name: str) -> UUID:
    for one in item.packs:
        if one.name == name:
            return one.id
    raise Conflict("item.pack_not_found")


@pages.post("/<code>/ejaan")
@guard.requires("item.edit")
def put_alias(code: str) -> str | BaseResponse:
    form = Form()
    alias = form.text("alias", most=80, least=1)

    def act(tx: Tx, item: ItemView) -> str:
        commands.add_alias(tx, item.id, alias)
        return _("Barang ini sekarang juga ditemukan dengan “%(alias)s”.", alias=alias)

    return _part(code, "ejaan", form, {"": "alias"}, act)  # type: ignore[no-any-return]


@pages.post("/<code>/ejaan/hapus")
@guard.requires("item.edit")
def remove_alias(code: str) -> str | BaseResponse:
    form = Form()
    alias = form.text("name", most=100, least=1)

    def act(tx: Tx, item: ItemView) -> str:
        if alias not in item.aliases:
            raise Conflict("item.alias_not_found", alias=alias)
        commands.remove_alias(tx, item.id, alias)
        return _("Ejaan “%(alias)s” dihapus.", alias=alias)

    return _part(code, "ejaan", form, {"": "alias", "name": "alias"}, act)  # type: ignore[no-any-return]


@pages.post("/<code>/berat")
@guard.requires("item.edit")
def put_weight(code: str) -> str | BaseResponse:
    """Say what one base unit weighs; an empty field says that nobody knows."""
    form = Form()
    weight = form.quantity("weight_kg", is_required=False)
    source = form.text("weight_source", most=200)

    def act(tx: Tx, item: ItemView) -> str:
        done = set_weight(tx, SetWeight(item_id=item.id, weight_g=weight, source=source))
        return _("Berat disimpan.") if done else _("Tidak ada yang berubah.")

    fields = {"weight_g": "weight_kg", "source": "weight_source", "": "weight_kg"}
    return _part(code, "berat", form, fields, act)  # type: ignore[no-any-return]


@pages.post("/<code>/ukuran")
@guard.requires("item.edit")
def put_variant(code: str) -> str | BaseResponse:
    form = Form()
    name, size = form.text("variant_name", most=80, least=1), form.text("variant_size", most=20)
    sex = form.choice("variant_sex", VariantSex, VariantSex.ANY) or VariantSex.ANY

    def act(tx: Tx, item: ItemView) -> str:
        commands.add_variant(tx, commands.AddVariant(item_id=item.id, name=name, sex=sex, size=size))
        return _("Ukuran %(variant)s ditambahkan.", variant=name)

    fields = {"variant": "variant_name", "size": "variant_size", "": "variant_name"}
    return _part(code, "ukuran", form, fields, act)  # type: ignore[no-any-return]


@pages.post("/<code>/ukuran/hapus")
@guard.requires("item.edit")
def remove_variant(code: str) -> str | BaseResponse:
    form = Form()
    name = form.text("name", most=100, least=1)

    def act(tx: Tx, item: ItemView) -> str:
        found = next((one.id for one in item.variants if one.name == name), None)
        if found is None:
            raise Conflict("item.variant_not_found")
        commands.remove_variant(tx, found)
        return _("Ukuran %(variant)s dihapus.", variant=name)

    return _part(code, "ukuran", form, {"": "variant_name", "name": "variant_name"}, act)  # type: ignore[no-any-return]


@pages.post("/<code>/minimum")
@guard.requires("item.edit")
def put_minimum(code: str) -> str | BaseResponse:
    """Set the minimum level of the item at each warehouse; an empty field takes it away."""
    form = Form()
    with context.read() as tx:
        spots = _warehouses(tx)
        item = find_item(tx, code)
    wanted: dict[UUID, Milli] = {}
    for one in spots:
        if _minimum_field(one) in form.values:
            typed = form.quantity(_minimum_field(one), is_required=False)
            wanted[one.id] = typed or Milli(0)
            if typed and typed % item.step_milli:
                form.fail(_minimum_field(one), "item.minimum_not_a_step", {"item": item.name(context.lang())})

    def act(tx: Tx, item: ItemView) -> str:
        done = [
            commands.set_minimum(
                tx, commands.SetMinimum(place_id=place_id, item_id=item.id, quantity_milli=quantity)
            )
            for place_id, quantity in wanted.items()
        ]  # fmt: skip
        return _("Batas minimum disimpan.") if any(done) else _("Batas minimum tidak berubah.")

    first = _minimum_field(spots[0]) if spots else ""
    return _part(code, "minimum", form, {"": first, "quantity_milli": first}, act)  # type: ignore[no-any-return]


# ---------------------------------------------------------------- what runs low


def low_here(tx: Tx) -> tuple[LowStock, ...]:
    """Give what runs low at the warehouses the reader sees; nothing for who sees totals only."""
    reach = tx.require("stock.see")
    if reach.detail == "totals":
        return ()
    return low_stock(tx) if reach.is_all else low_stock(tx, reach.place_ids)


def low_lines(tx: Tx, lang: str, place: PlaceView | None = None) -> list[dict[str, Any]]:
    """Give what ``items/_low.html`` shows: what runs low at this place, or at every warehouse the reader sees."""
    return [
        {
            "item": one.item, "name": one.item.name(lang), "place": one.place,
            "free": print_quantity(one.available_milli, one.item.base_unit, lang),
            "minimum": print_quantity(one.minimum_milli, one.item.base_unit, lang),
            "short": print_quantity(one.short_milli, one.item.base_unit, lang), "is_out": one.available_milli <= 0,
        }
        for one in low_here(tx)
        if place is None or one.place.id == place.id
    ]  # fmt: skip


# ---------------------------------------------------------------- the catalogue as a file


@pages.get("/ekspor.csv")
@guard.requires("stock.see")
def export_csv() -> Response:
    return attached(table_file.build_csv(catalogue_table()), "text/csv", "daftar-barang.csv")


@pages.get("/ekspor.xlsx")
@guard.requires("stock.see")
def export_workbook() -> Response:
    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    return attached(table_file.build_workbook(catalogue_table()), kind, "daftar-barang.xlsx")


def catalogue_table() -> table_file.TableFile:
    """Write the whole catalogue as the table that the import reads."""
    with context.read() as tx:
        found = [one for one in items(tx, with_inactive=True) if one.is_stocked]
        ours, today = office(tx), tx.today
    wide = {Column.NAME: 32, Column.NAME_EN: 28, Column.PACKS: 40, Column.ALIASES: 40, Column.VARIANTS: 40,
            Column.SOURCE: 50}  # fmt: skip
    return table_file.TableFile(
        title="Daftar barang", author=ours.name,
        about=(
            ("Kantor", ours.name), ("Jumlah barang", str(len(found))),
            ("Mengubah", "Ubah atau tambah baris, lalu unggah lagi di halaman Impor. Kolom kode menentukan barangnya."),
        ),
        columns=tuple(
            table_file.Column(
                label=column.value, kind="quantity" if column is Column.STEP else "text", width=wide.get(column, 14)
            )
            for column in Column
        ),
        rows=tuple(
            tuple(
                one.step_milli if column is Column.STEP else text
                for column, text in catalogue_file.cells_of(one).items()
            )
            for one in found
        ),
        made_on=today,
    )  # fmt: skip


@pages.get("/impor")
@guard.requires("item.edit")
def import_form() -> str:
    return _import(Form())


def _import(form: Form) -> str:
    return render_template(
        "items/import.html", form=form, most_mb=MOST_FILE_BYTES >> 20, most_rows=catalogue_file.MOST_ROWS,
        columns=[column.value for column in Column],
    )  # fmt: skip


@pages.post("/impor")
@guard.requires("item.edit")
@limits.accepts(2 * MOST_FILE_BYTES)
def upload() -> str | BaseResponse:
    form = Form()
    sent = form.file("file", most_bytes=MOST_FILE_BYTES)
    if sent is None:
        return make_response(_import(form), 422)
    name, stream = sent.name, BytesIO(sent.content)
    try:
        header, rows = catalogue_file.read_file(sent.content, name)
        with context.read() as tx:
            catalogue_file.plan_import(tx, header, rows)
        folder = context.runtime().files_dir
        stored = context.write(
            lambda tx: store_file(
                tx, folder,
                StoreFile(
                    stream=stream, name=name, purpose=FILE_PURPOSE, most_bytes=MOST_FILE_BYTES,
                    keep_days=KEEP_FILE_DAYS,
                ),
            )
        )  # fmt: skip
    except Refused as refused:
        form.refuse(refused, "file")
        return make_response(_import(form), 422)
    return redirect(url_for("items.check_file", file_id=stored.id), 303)


@pages.get("/impor/<uuid:file_id>")
@guard.requires("item.edit")
def check_file(file_id: UUID) -> str:
    """Show what the file would do to the catalogue as it is now."""
    return _check(file_id, Form())


def _check(file_id: UUID, form: Form) -> str:
    lang = context.lang()
    header, rows, name = _stored(file_id)
    with context.read() as tx:
        found = catalogue_file.plan_import(tx, header, rows)
    asked = request.args.get("hasil", "")
    shown = [row for row in found.rows if not asked or row.outcome.value == asked]
    return render_template(
        "items/file.html", form=form, found=found, file_id=file_id, file_name=name, asked=asked, total=len(shown),
        lines=[_row_line(row, lang) for row in shown[:MOST_ROWS_SHOWN]],
        outcomes=[
            {"value": one.value, "label": say(one.label, lang), "count": count, "tone": _TONES[one]}
            for one, count in found.counts.items()
        ],
    )  # fmt: skip


def _row_line(row: RowPlan, lang: str) -> dict[str, Any]:
    return {
        "view": row, "label": say(row.outcome.label, lang), "tone": _TONES[row.outcome],
        "issues": [{"column": one.column, "text": say(one.code, lang, one.facts)} for one in row.issues],
    }  # fmt: skip


@pages.post("/impor/<uuid:file_id>")
@guard.requires("item.edit")
def import_file(file_id: UUID) -> str | BaseResponse:
    form = Form()
    # Without the seal of what was shown nothing is done: an order without one seals nothing.
    seal = form.raw("seal")[:64] or "-"
    header, rows, _name = _stored(file_id)

    def act(tx: Tx) -> str:
        done = catalogue_file.import_catalogue(tx, ImportCatalogue(header=header, rows=rows, seal=seal))
        flash(_told(done), "good")
        return url_for("items.catalogue")

    done = form.attempt(lambda: context.submit_once(act))
    return done if done is not None else make_response(_check(file_id, form), 422)


def _told(done: FilePlan) -> str:
    counts = done.counts
    return _(
        "Katalog diperbarui: %(new)s baru, %(changed)s berubah, %(unchanged)s tetap, %(refused)s ditolak.",
        new=counts[Outcome.NEW], changed=counts[Outcome.CHANGED], unchanged=counts[Outcome.UNCHANGED],
        refused=counts[Outcome.REFUSED],
    )  # fmt: skip


def _stored(file_id: UUID) -> tuple[tuple[str, ...], tuple[catalogue_file.SheetRow, ...], str]:
    with context.read() as tx:
        path, name = named_file(tx, context.runtime().files_dir, file_id, FILE_PURPOSE)
    return (*catalogue_file.read_file(path.read_bytes(), name), name)


__all__ = ["catalogue_table", "low_here", "low_lines", "pages"]
