"""The catalogue as a table: what each row of a file would do, told before anything is done.

A cell that is empty, and a column that is missing, leave what is there. Boxes, spellings and sizes are added or, for
boxes, changed; nothing is taken away by a file. The same file again changes nothing.
"""

from __future__ import annotations

import enum
import hashlib
import re
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final, TypeVar
from uuid import UUID

from core.errors import Fact, Invalid, Issue, Refused
from core.i18n import LANGUAGES, say
from core.measures import MILLI, Milli, parse_typed_quantity, parse_wire_quantity, print_quantity
from core.reader import CellKind, Row, read_table
from core.work import Tx
from stock.items.commands import (
    AddItem,
    AddPack,
    AddVariant,
    EditItem,
    add_alias,
    add_item,
    add_pack,
    add_variant,
    change_pack,
    edit_item,
    one_at_a_time,
)
from stock.items.kinds import Category, VariantSex
from stock.items.queries import ItemView, called, standings
from stock.items.rules import (
    Description,
    Standing,
    check_edit,
    check_free,
    checked,
    checked_alias,
    checked_amount,
    checked_code,
    checked_pack,
    checked_variant,
    code_from,
    item_named,
    names_of,
    plain,
    unit_words,
)

MOST_ROWS: Final = 500
MOST_COLUMNS: Final = 40
MOST_LISTED: Final = 30
"""Boxes, spellings or sizes in one cell."""
BETWEEN: Final = " | "
FREE: Final = Standing()
Made = TypeVar("Made")


class Outcome(enum.StrEnum):
    NEW = "new"
    CHANGED = "changed"
    UNCHANGED = "unchanged"
    REFUSED = "refused"

    @property
    def label(self) -> str:
        """The code of the sentence that names it."""
        return f"item_file.outcome.{self.value}"


class Column(enum.StrEnum):
    """What a column says; the value is how our own export heads it."""

    CODE = "kode"
    NAME = "nama"
    NAME_EN = "nama_inggris"
    CATEGORY = "kategori"
    UNIT = "satuan"
    STEP = "langkah"
    EXPIRES = "kedaluwarsa"
    DURABLE = "tahan_lama"
    ACTIVE = "dipakai"
    PACKS = "kemasan"
    ALIASES = "ejaan"
    VARIANTS = "ukuran"
    SOURCE = "sumber"


_HEADINGS: Final = {
    Column.CODE: ("kode_barang", "item_code", "code"),
    Column.NAME: ("nama_barang", "barang", "uraian", "name_id", "nama_indonesia"),
    Column.NAME_EN: ("name_en", "nama_english", "name"),
    Column.CATEGORY: ("category", "jenis"),
    Column.UNIT: ("satuan_dasar", "base_unit", "unit"),
    Column.STEP: ("langkah_terkecil", "step", "kelipatan"),
    Column.EXPIRES: ("kadaluarsa", "kadaluwarsa", "kedaluarsa", "expires", "does_expire"),
    Column.DURABLE: ("durable", "is_durable"),
    Column.ACTIVE: ("aktif", "active", "is_active"),
    Column.PACKS: ("packs", "isi_kemasan"),
    Column.ALIASES: ("ejaan_lain", "alias", "aliases", "nama_lain"),
    Column.VARIANTS: ("variants", "size_variants", "ukuran_dan_jenis_kelamin"),
    Column.SOURCE: ("source", "evidence", "keterangan_sumber"),
}  # fmt: skip
KNOWN_HEADINGS: Final = tuple(name for column in Column for name in (column.value, *_HEADINGS[column]))
_BY_HEADING: Final = {plain(name): column for column in Column for name in (column.value, *_HEADINGS[column])}
_YES: Final = frozenset({"ya", "y", "yes", "true", "benar", "1", "x"})
_NO: Final = frozenset({"tidak", "t", "n", "no", "false", "salah", "0"})
_SEX: Final = {
    **dict.fromkeys(("l", "lakilaki", "pria", "putra", "pa", "male"), VariantSex.MALE),
    **dict.fromkeys(("p", "perempuan", "wanita", "putri", "pi", "female"), VariantSex.FEMALE),
    **dict.fromkeys(("", "siapasaja", "any"), VariantSex.ANY),
}  # fmt: skip
_SEX_SHORT: Final = {VariantSex.MALE: "L", VariantSex.FEMALE: "P", VariantSex.ANY: ""}
_COLUMN_OF_FIELD: Final = {
    "code": Column.CODE, "name_id": Column.NAME, "name_en": Column.NAME_EN, "base_unit": Column.UNIT,
    "step_milli": Column.STEP, "source": Column.SOURCE, "pack": Column.PACKS, "quantity_milli": Column.PACKS,
    "alias": Column.ALIASES, "variant": Column.VARIANTS, "size": Column.VARIANTS,
}  # fmt: skip
_COLUMN_OF_CODE: Final = {
    "item.bad_code": Column.CODE, "item.code_taken": Column.CODE, "item.name_taken": Column.NAME,
    "item.unit_is_fixed": Column.UNIT, "item.unit_of_packs": Column.UNIT, "item.step_coarser": Column.STEP,
    "item.still_in_stock": Column.ACTIVE, "item.pack_taken": Column.PACKS, "item.alias_taken": Column.ALIASES,
    "item.variant_taken": Column.VARIANTS, "item.is_money": Column.CODE,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class SheetRow:
    """One row as it stands in the file; ``number`` is how a spreadsheet counts it."""

    number: int
    cells: tuple[str, ...]
    flaw: str = ""
    """The code of what is wrong with the row as a whole."""
    facts: Mapping[str, Fact] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Variant:
    name: str
    sex: VariantSex
    size: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Pack:
    name: str
    quantity_milli: Milli


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """An item as the catalogue has it, or as the rows before would have made it."""

    code: str
    told: Description
    packs: tuple[Pack, ...] = ()
    aliases: tuple[str, ...] = ()
    variants: tuple[Variant, ...] = ()
    standing: Standing = FREE
    is_stocked: bool = True

    @property
    def name_id(self) -> str:
        return self.told.name_id

    @property
    def name_en(self) -> str:
        return self.told.name_en

    @property
    def base_unit(self) -> str:
        return self.told.base_unit

    @property
    def category(self) -> Category:
        return self.told.category

    @property
    def step_milli(self) -> Milli:
        return self.told.step_milli

    @property
    def does_expire(self) -> bool:
        return self.told.does_expire

    @property
    def is_durable(self) -> bool:
        return self.told.is_durable

    @property
    def is_active(self) -> bool:
        return self.told.is_active

    @property
    def source(self) -> str:
        return self.told.source


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What one row would change of one column, as people read it; ``before`` is empty for what is new."""

    column: Column
    before: str
    after: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RowPlan:
    number: int
    outcome: Outcome
    code: str
    name: str
    changes: tuple[Change, ...] = ()
    issues: tuple[Issue, ...] = ()
    told: Description | None = None
    """What the item is to say of itself; None where that stays."""
    new_packs: tuple[Pack, ...] = ()
    changed_packs: tuple[Pack, ...] = ()
    aliases: tuple[str, ...] = ()
    variants: tuple[Variant, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class FilePlan:
    rows: tuple[RowPlan, ...]
    ignored: tuple[str, ...]
    """Headings nobody here knows; their cells are not read."""

    @property
    def counts(self) -> dict[Outcome, int]:
        found = Counter(row.outcome for row in self.rows)
        return {outcome: found[outcome] for outcome in Outcome}

    @property
    def does_anything(self) -> bool:
        return any(row.outcome in (Outcome.NEW, Outcome.CHANGED) for row in self.rows)

    @property
    def seal(self) -> str:
        """Tells one plan from another, so that only what was shown is done."""
        return hashlib.sha256(repr(self.rows).encode()).hexdigest()[:32]


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportCatalogue:
    header: tuple[str, ...]
    rows: tuple[SheetRow, ...]
    seal: str = ""
    """``FilePlan.seal`` of what was shown; empty asks for no such check."""


# ---------------------------------------------------------------- in


def read_file(content: bytes, name: str) -> tuple[tuple[str, ...], tuple[SheetRow, ...]]:
    """Read a CSV or XLSX file's headings and rows, in a process of their own. Raises: TooLarge; Malformed; Busy."""
    table = read_table(content, name, most_rows=MOST_ROWS, most_columns=MOST_COLUMNS, known=KNOWN_HEADINGS)
    return table.header, tuple(_sheet_row(row) for row in table.rows)


def _sheet_row(row: Row) -> SheetRow:
    is_broken = any(cell.kind is CellKind.ERROR for cell in row.cells)
    flaw = row.flaw or ("item_file.cell_error" if is_broken else "")
    # A workbook's number has a point for its decimals; typed by people a point parts thousands.
    texts = (cell.text.replace(".", ",") if cell.kind is CellKind.NUMBER else cell.text for cell in row.cells)
    return SheetRow(row.number, tuple(texts), flaw, row.facts)


def plan_import(tx: Tx, header: Sequence[str], rows: Sequence[SheetRow]) -> FilePlan:
    """Tell what a file would do to the catalogue as it is now. Raises: Forbidden; Invalid for the file as a whole."""
    tx.require("item.edit")
    held = standings(tx)
    return plan(header, rows, [_known(one, held.get(one.id, FREE)) for one in called(tx)])


def import_catalogue(tx: Tx, order: ImportCatalogue) -> FilePlan:
    """Do what a file says, row by row, and leave the refused rows alone; gives what was done.

    Raises: Forbidden; Invalid for the file as a whole; Invalid("item_file.changed_meanwhile") when the catalogue is no
    longer what ``seal`` was shown for.
    """
    tx.require("item.edit")
    one_at_a_time(tx)
    found = plan_import(tx, order.header, order.rows)
    if order.seal and order.seal != found.seal:
        raise Invalid("item_file.changed_meanwhile")
    ids = {one.code: one.id for one in called(tx)}
    packs = {(one.code, pack.name): pack.id for one in called(tx) for pack in one.packs}
    for row in found.rows:
        if row.outcome in (Outcome.NEW, Outcome.CHANGED):
            _do(tx, row, ids, packs)
    if found.does_anything:
        counts = found.counts
        tx.note(
            "item.import", "item", "catalogue", new=counts[Outcome.NEW], changed=counts[Outcome.CHANGED],
            unchanged=counts[Outcome.UNCHANGED], refused=counts[Outcome.REFUSED],
        )  # fmt: skip
    return found


def _do(tx: Tx, row: RowPlan, ids: dict[str, UUID], packs: Mapping[tuple[str, str], UUID]) -> None:
    told = row.told
    if row.outcome is Outcome.NEW:
        assert told is not None
        ids[row.code] = add_item(
            tx,
            AddItem(
                code=row.code, name_id=told.name_id, name_en=told.name_en, category=told.category,
                base_unit=told.base_unit, step_milli=told.step_milli, does_expire=told.does_expire,
                is_durable=told.is_durable, source=told.source,
            ),
        )  # fmt: skip
    item_id = ids[row.code]
    if told is not None and (row.outcome is Outcome.CHANGED or not told.is_active):
        edit_item(tx, EditItem(item_id=item_id, description=told))
    for pack in row.new_packs:
        add_pack(tx, AddPack(item_id=item_id, name=pack.name, quantity_milli=pack.quantity_milli))
    for pack in row.changed_packs:
        change_pack(tx, packs[row.code, pack.name], pack.quantity_milli)
    for alias in row.aliases:
        add_alias(tx, item_id, alias)
    for one in row.variants:
        add_variant(tx, AddVariant(item_id=item_id, name=one.name, sex=one.sex, size=one.size))


def _known(view: ItemView, standing: Standing) -> Known:
    return Known(
        code=view.code, told=Description.of(view), aliases=view.aliases, standing=standing, is_stocked=view.is_stocked,
        packs=tuple(Pack(name=one.name, quantity_milli=one.quantity_milli) for one in view.packs),
        variants=tuple(Variant(name=one.name, sex=one.sex, size=one.size) for one in view.variants),
    )  # fmt: skip


# ---------------------------------------------------------------- the plan


def plan(header: Sequence[str], rows: Sequence[SheetRow], known: Iterable[Known]) -> FilePlan:
    """Tell what each row does, in the order of the file; each row sees what those before it would have done. Pure.

    Raises: Invalid("item_file.no_columns") when neither code nor name is among the headings; Invalid for a heading
    that stands twice.
    """
    at: dict[Column, int] = {}
    ignored = []
    for place, heading in enumerate(header):
        column = _BY_HEADING.get(plain(heading))
        if column is None:
            ignored.append(heading)
        elif column in at:
            raise Invalid("item_file.column_twice", field="file", column=heading)
        else:
            at[column] = place
    if Column.NAME not in at and Column.CODE not in at:
        raise Invalid("item_file.no_columns", field="file", columns=f"{Column.CODE.value}, {Column.NAME.value}")
    catalogue = {one.code: one for one in known}
    seen: dict[str, int] = {}
    planned = tuple(_plan_row(row, at, catalogue, seen) for row in rows)
    return FilePlan(rows=planned, ignored=tuple(one for one in ignored if one))


class _Cells:
    """The cells of one row by column; each reader notes its mistake and gives None."""

    def __init__(self, row: SheetRow, at: Mapping[Column, int]) -> None:
        self.number, self.issues = row.number, list[Issue]()
        self._cells = {column: _bare(row.cells[place]) for column, place in at.items() if place < len(row.cells)}

    def fail(self, column: Column | str, code: str, facts: Mapping[str, Fact] | None = None) -> None:
        self.issues.append(Issue(code=code, row=self.number, column=str(column), facts=facts or {}))

    def attempt(self, act: Callable[[], Made], column: Column | None = None) -> Made | None:
        """Do it; what it refuses becomes a mistake of this column, or of the one it is about."""
        try:
            return act()
        except Refused as refused:
            named = (
                column or _COLUMN_OF_CODE.get(refused.code) or _COLUMN_OF_FIELD.get(getattr(refused, "field", "") or "")
            )
            self.fail(named or Column.CODE, refused.code, refused.facts)
            return None

    def text(self, column: Column) -> str:
        return self._cells.get(column, "")

    def parts(self, column: Column) -> list[str]:
        found = [part.strip() for part in re.split(r"[|;\n]", self.text(column)) if part.strip()]
        if len(found) > MOST_LISTED:
            self.fail(column, "item_file.too_many", {"most": MOST_LISTED})
            return []
        return found

    def is_yes(self, column: Column, otherwise: bool) -> bool:
        said = plain(self.text(column))
        if said and said not in _YES | _NO:
            self.fail(column, "item_file.yes_or_no", {"text": self.text(column)[:40]})
        return said in _YES if said else otherwise

    def category(self, otherwise: Category | None) -> Category | None:
        said = plain(self.text(Column.CATEGORY))
        if not said and otherwise is None:
            self.fail(Column.CATEGORY, "form.missing")
        if not said:
            return otherwise
        for one in Category:
            if said in {plain(one.value), *(plain(say(one.label, lang)) for lang in LANGUAGES)}:
                return one
        names = ", ".join(one.value for one in Category)
        self.fail(Column.CATEGORY, "item_file.category", {"text": self.text(Column.CATEGORY)[:40], "known": names})
        return None

    def quantity(self, column: Column, text: str) -> Milli | None:
        for parse in (parse_typed_quantity, parse_wire_quantity):
            try:
                return parse(text.strip())
            except ValueError:
                continue
        self.fail(column, "item_file.quantity", {"text": text[:40]})
        return None


def _plan_row(
    row: SheetRow, at: Mapping[Column, int], catalogue: dict[str, Known], seen: dict[str, int]
) -> RowPlan:  # fmt: skip
    cells = _Cells(row, at)
    code, name = cells.text(Column.CODE).lower(), cells.text(Column.NAME)
    if row.flaw:
        cells.fail("", row.flaw, row.facts)
        return _refused(cells, code, name)
    if not plain(code) and not plain(name):
        cells.fail(Column.NAME, "form.missing")
        return _refused(cells, code, name)
    before = catalogue.get(code) if code else item_named(catalogue.values(), name)
    code = before.code if before else code or code_from(name)
    if code in seen:
        cells.fail(Column.CODE, "item_file.twice", {"row": seen[code]})
        return _refused(cells, code, name or (before.name_id if before else ""))
    seen[code] = row.number
    if before is None:
        cells.attempt(lambda: checked_code(code))
    elif not before.is_stocked:
        cells.fail(Column.CODE, "item.is_money")
    # Found by its name or a spelling, an item keeps its name; a code says which item is to be called otherwise.
    called_now = before.name_id if before and not cells.text(Column.CODE) else name
    told = None if cells.issues else _description(cells, before, called_now)
    others = [one for one in catalogue.values() if one.code != code]
    if told is not None:
        final = told
        names = (final.name_id, final.name_en, *(() if before else (code,)))
        if before is None or {"name_id", "name_en"} & set(final.differs_in(before.told)):
            cells.attempt(lambda: check_free(names, others))
        if before is not None:
            was = before
            cells.attempt(lambda: check_edit(was, final, was.standing))
    if told is None or cells.issues:
        return _refused(cells, code, name or (before.name_id if before else ""))
    base = replace(before, told=told) if before else Known(code=code, told=told)
    new_packs, changed_packs, packs = _packs(cells, base)
    base = replace(base, packs=packs)
    aliases = _aliases(cells, base, others)
    base = replace(base, aliases=(*base.aliases, *aliases))
    variants = _variants(cells, base)
    after = replace(base, variants=(*base.variants, *variants))
    if cells.issues:
        return _refused(cells, code, told.name_id)
    catalogue[code] = after
    changes = _changes(before, after)
    outcome = Outcome.NEW if before is None else Outcome.CHANGED if changes else Outcome.UNCHANGED
    return RowPlan(
        number=row.number, outcome=outcome, code=code, name=told.name_id, changes=changes,
        told=told if before is None or told.differs_in(before.told) else None, new_packs=new_packs,
        changed_packs=changed_packs, aliases=aliases, variants=variants,
    )  # fmt: skip


def _refused(cells: _Cells, code: str, name: str) -> RowPlan:
    return RowPlan(
        number=cells.number, outcome=Outcome.REFUSED, code=code[:40], name=name[:80], issues=tuple(cells.issues)
    )


def _description(cells: _Cells, before: Known | None, name: str) -> Description | None:
    was = before.told if before else None
    category = cells.category(was.category if was else None)
    step = was.step_milli if was else Milli(MILLI)
    if text := cells.text(Column.STEP):
        typed = cells.quantity(Column.STEP, text)
        step = typed if typed is not None else step
    for column in (Column.NAME, Column.UNIT, Column.SOURCE):
        if was is None and not cells.text(column):
            cells.fail(column, "form.missing")
    told = Description(
        name_id=name or (was.name_id if was else ""),
        name_en=cells.text(Column.NAME_EN) or (was.name_en if was else ""),
        category=category or Category.FOOD, base_unit=cells.text(Column.UNIT) or (was.base_unit if was else ""),
        step_milli=step, does_expire=cells.is_yes(Column.EXPIRES, was.does_expire if was else False),
        is_durable=cells.is_yes(Column.DURABLE, was.is_durable if was else False),
        is_active=cells.is_yes(Column.ACTIVE, was.is_active if was else True),
        source=cells.text(Column.SOURCE) or (was.source if was else ""),
    )  # fmt: skip
    return None if cells.issues else cells.attempt(lambda: checked(told))


def _packs(cells: _Cells, item: Known) -> tuple[tuple[Pack, ...], tuple[Pack, ...], tuple[Pack, ...]]:
    """Read ``dus = 40``; give what is new, what holds something else than before, and all boxes afterwards."""
    new: list[Pack] = []
    changed: list[Pack] = []
    said: set[tuple[str, ...]] = set()
    packs = {unit_words(one.name): one for one in item.packs}
    for part in cells.parts(Column.PACKS):
        name, sign, amount = part.rpartition("=")
        words = unit_words(name)
        if not sign or not words:
            cells.fail(Column.PACKS, "item_file.pack", {"text": part[:60]})
            continue
        holds = cells.quantity(Column.PACKS, amount)
        if holds is None or cells.attempt(lambda holds=holds: checked_amount(holds, "quantity_milli")) is None:  # type: ignore[misc]
            continue
        if words in said:
            cells.fail(Column.PACKS, "item.pack_taken", {"pack": name.strip()[:60]})
            continue
        said.add(words)
        if (old := packs.get(words)) is not None:
            if old.quantity_milli != holds:
                packs[words] = replace(old, quantity_milli=holds)
                changed.append(packs[words])
            continue
        now = replace(item, packs=tuple(packs.values()))
        checked_as = cells.attempt(lambda now=now, name=name: checked_pack(now, name))  # type: ignore[misc]
        if checked_as is not None:
            packs[words] = Pack(name=checked_as, quantity_milli=holds)
            new.append(packs[words])
    return tuple(new), tuple(changed), tuple(packs.values())


def _aliases(cells: _Cells, item: Known, others: Collection[Known]) -> tuple[str, ...]:
    known = {plain(one) for one in names_of(item)}
    new: list[str] = []
    for part in cells.parts(Column.ALIASES):
        if plain(part) in known and plain(part):
            continue
        found = cells.attempt(lambda part=part: checked_alias(item, part, others), Column.ALIASES)  # type: ignore[misc]
        if found is not None:
            known.add(plain(found))
            new.append(found)
    return tuple(new)


def _variants(cells: _Cells, item: Known) -> tuple[Variant, ...]:
    """Read ``Laki-laki XL = L, XL``, ``Botol = , botol`` or the name alone."""
    known = {plain(one.name): one for one in item.variants}
    new: list[Variant] = []
    for part in cells.parts(Column.VARIANTS):
        name, sign, rest = part.partition("=")
        sex_text, comma, size = rest.partition(",")
        sex = _SEX.get(plain(sex_text))
        if sex is None:
            cells.fail(Column.VARIANTS, "item_file.variant_sex", {"text": part[:60]})
            continue
        if (old := known.get(plain(name))) is not None and plain(name):
            if sign and (old.sex, old.size) != (sex, " ".join(size.split()) if comma else old.size):
                cells.fail(Column.VARIANTS, "item_file.variant_differs", {"variant": old.name})
            continue
        found = cells.attempt(lambda name=name, size=size: checked_variant((), name, size))  # type: ignore[misc]
        if found is not None:
            made = Variant(name=found[0], sex=sex, size=found[1])
            known[plain(made.name)] = made
            new.append(made)
    return tuple(new)


def _changes(before: Known | None, after: Known) -> tuple[Change, ...]:
    old = cells_of(before) if before else dict.fromkeys(Column, "")
    new = cells_of(after)
    return tuple(
        Change(column=column, before=old[column], after=new[column])
        for column in Column
        if old[column] != new[column] and column is not Column.CODE
    )


def _bare(cell: str) -> str:
    """Take the mark away that keeps a spreadsheet from working out a text."""
    text = cell.strip()
    return text[1:] if re.match(r"'[=+\-@']", text) else text


# ---------------------------------------------------------------- out


def cells_of(item: Known | ItemView) -> dict[Column, str]:
    """Write an item as one row of the file that ``plan`` reads."""
    yes_no = {True: "ya", False: "tidak"}
    return {
        Column.CODE: item.code, Column.NAME: item.name_id, Column.NAME_EN: item.name_en,
        Column.CATEGORY: item.category.value, Column.UNIT: item.base_unit, Column.STEP: print_quantity(item.step_milli),
        Column.EXPIRES: yes_no[item.does_expire], Column.DURABLE: yes_no[item.is_durable],
        Column.ACTIVE: yes_no[item.is_active],
        Column.PACKS: BETWEEN.join(f"{one.name} = {print_quantity(one.quantity_milli)}" for one in item.packs),
        Column.ALIASES: BETWEEN.join(item.aliases),
        Column.VARIANTS: BETWEEN.join(
            one.name + (f" = {_SEX_SHORT[one.sex]}, {one.size}" if one.sex or one.size else "") for one in item.variants
        ),
        Column.SOURCE: item.source,
    }  # fmt: skip
