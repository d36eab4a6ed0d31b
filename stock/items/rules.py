"""What an item is called and counted in: units as people write them, search that forgives typing, fit names."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from difflib import SequenceMatcher
from typing import Final, Protocol, TypeVar

from core.errors import Conflict, Invalid
from core.measures import LARGEST_MILLI, MILLI, RUPIAH, Milli
from stock.items.kinds import Category

CODE: Final = re.compile(r"[a-z0-9][a-z0-9_]{1,39}", re.ASCII)
RESERVED: Final = frozenset({"baru", "impor", "ekspor", "minimum"})
"""Codes that an address of the catalogue's pages uses for itself."""
MOST_NAME: Final = 80
MOST_UNIT: Final = 20
MOST_SOURCE: Final = 200
_CLOSE: Final = 0.75
"""How alike two words must be to be one with a typing error: kasor and kasur are at 0.8, kasur and kornet at 0.5."""
_LEAST_FORGIVEN: Final = 4
"""Shorter words are alike by chance."""

_SPELLINGS: Final = {
    "buah": ("bh", "bj", "biji", "pc", "pcs", "pce", "piece", "pieces", "ea"),
    "unit": ("unt", "units"),
    "lembar": ("lbr", "lmbr", "lbar", "helai", "sheet", "sheets"),
    "batang": ("btg", "btng", "bar"),
    "paket": ("pkt", "pket", "package"),
    "pack": ("pak", "pck", "packs"),
    "stel": ("stl", "setel", "stell", "set"),
    "kaleng": ("klg", "klng", "can", "cans"),
    "botol": ("btl", "btol", "bottle"),
    "bungkus": ("bks", "bgks", "bkus", "bgkus"),
    "boks": ("box", "bok"),
    "kotak": ("ktk",),
    "karung": ("krg", "krng", "sak", "zak"),
    "karton": ("krt", "ktn", "krtn", "ctn", "carton"),
    "dus": ("duz", "dos", "doos", "kardus", "kdus"),
    "bal": ("bale", "ball", "bales"),
    "rol": ("roll",),
    "kg": ("kgs", "kilo", "kilogram", "kilograms"),
    "gram": ("g", "gr", "grm"),
    "kuintal": ("kwintal", "kw"),
    "ton": ("tonne", "tons"),
    "liter": ("l", "lt", "ltr", "litre", "litres", "liters"),
    "ml": ("cc", "mililiter"),
    "lusin": ("lsn", "dozen", "doz"),
    "gros": ("gross", "grs"),
}  # fmt: skip
_WORDS: Final = {spelling: word for word, spellings in _SPELLINGS.items() for spelling in (word, *spellings)}
_PIECES: Final = frozenset({"buah", "unit", "lembar", "batang"})
"""Words for one of a thing that is counted in pieces; the sources count a kasur in buah, unit and lembar alike."""
_CARTONS: Final = frozenset({"dus", "karton"})
"""The same cardboard box: "75 karton" in one list is "75 dus" in the next."""
_MEASURED: Final = {
    "kg": {"gram": 1, "ons": 100, "kuintal": 100 * MILLI, "ton": 1000 * MILLI},
    "liter": {"ml": 1},
}
_COUNTED: Final = {"lusin": 12 * MILLI, "kodi": 20 * MILLI, "gros": 144 * MILLI}
"""Dozen, score and gross of whatever is counted one by one."""
_ONE_BY_ONE: Final = _PIECES | {"stel", "kaleng", "botol", "bungkus"}


_PARTING: Final = frozenset("|;=\n")
"""What parts several names in a cell of the catalogue's file."""


class Pack(Protocol):
    @property
    def name(self) -> str: ...
    @property
    def quantity_milli(self) -> Milli: ...


class Named(Protocol):
    """An item, as far as its names go."""

    @property
    def code(self) -> str: ...
    @property
    def name_id(self) -> str: ...
    @property
    def name_en(self) -> str: ...
    @property
    def aliases(self) -> Sequence[str]: ...


class Counted(Protocol):
    """An item, as far as counting goes."""

    @property
    def base_unit(self) -> str: ...
    @property
    def packs(self) -> Sequence[Pack]: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Description:
    """What an item says of itself, apart from its code."""

    name_id: str
    name_en: str
    category: Category
    base_unit: str
    step_milli: Milli
    does_expire: bool
    is_durable: bool
    is_active: bool
    source: str
    """Where it was read, or whose decision it is, that the item exists and is counted so."""

    @classmethod
    def of(cls, item: Described) -> Description:
        return cls(**{one.name: getattr(item, one.name) for one in fields(cls)})

    def differs_in(self, other: Description) -> tuple[str, ...]:
        return tuple(one.name for one in fields(self) if getattr(self, one.name) != getattr(other, one.name))


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What holds an item as it is."""

    is_counted_in: bool = False
    """Batches, a standard or a kit are written in its base unit."""
    has_minimum: bool = False
    lies_somewhere: bool = False


class Described(Named, Counted, Protocol):
    """An item, as far as its page shows it."""

    @property
    def category(self) -> Category: ...
    @property
    def step_milli(self) -> Milli: ...
    @property
    def does_expire(self) -> bool: ...
    @property
    def is_durable(self) -> bool: ...
    @property
    def is_active(self) -> bool: ...
    @property
    def source(self) -> str: ...


SomeNamed = TypeVar("SomeNamed", bound=Named)


def plain(text: str) -> str:
    """Reduce a name to what tells it from others: letters and digits, small."""
    folded = unicodedata.normalize("NFKD", text).casefold()
    return "".join(char for char in folded if char.isalnum())


# ---------------------------------------------------------------- units


def unit_named(item: Counted, text: str) -> Milli | None:
    """Tell how much one of what people wrote as the unit is, in the base unit; None when it is not known for certain.

    Understood are the base unit and the item's packs, by name or usual spelling (pcs, lbr, bh, duz, krt, zak 50kg), the
    beginning of a pack's name where it means one quantity only, parts and multiples of kilogram and liter, and dozens
    of what is counted one by one. A carton whose content nobody entered is not guessed.
    """
    asked = unit_words(text)
    if not asked:
        return None
    by_name = {pack.quantity_milli for pack in item.packs if plain(pack.name) == plain(text)}
    if len(by_name) == 1:
        return by_name.pop()
    base = unit_words(item.base_unit)
    if asked == base:
        return Milli(MILLI)
    packs = [(unit_words(pack.name), pack.quantity_milli) for pack in item.packs]
    is_carton = len(asked) == 1 and asked[0] in _CARTONS
    for found in (
        {holds for words, holds in packs if words == asked},
        {holds for words, holds in packs if words[: len(asked)] == asked},
        {holds for words, holds in packs if is_carton and words and words[0] in _CARTONS},
    ):
        if found:
            return found.pop() if len(found) == 1 else None
    return _known_of(base, asked)


def _known_of(base: tuple[str, ...], asked: tuple[str, ...]) -> Milli | None:
    if len(base) != 1 or len(asked) != 1:
        return None
    one, word = base[0], asked[0]
    if (one in _PIECES and word in _PIECES) or (one in _CARTONS and word in _CARTONS):
        return Milli(MILLI)
    known = _MEASURED.get(one, {}).get(word) or (_COUNTED.get(word) if one in _ONE_BY_ONE else None)
    return Milli(known) if known else None


def unit_words(text: str) -> tuple[str, ...]:
    """Split a unit into its words and numbers, each word in its usual spelling: ``Zak 50Kg`` → karung, 50, kg."""
    folded = unicodedata.normalize("NFKD", text).casefold()
    found = re.findall(r"[^\W\d_]+|[0-9]+(?:[.,][0-9]+)?", folded)
    return tuple(_WORDS.get(one, one.replace(",", ".")) for one in found)


def units_of(item: Counted) -> tuple[str, ...]:
    """Name everything the item may be counted in, for people."""
    return (item.base_unit, *(pack.name for pack in item.packs))


def is_twin_unit(item: Counted, name: str) -> bool:
    """Tell whether a new pack of this name would say again what the base unit or another pack says."""
    asked = unit_words(name)
    same = {unit_words(item.base_unit), *(unit_words(pack.name) for pack in item.packs)}
    return not asked or asked in same or _known_of(unit_words(item.base_unit), asked) == MILLI


def is_money(unit: str) -> bool:
    """Tell whether a unit means rupiah: money lies on no shelf."""
    return plain(unit) in (plain(RUPIAH), "rupiah", "idr")


# ---------------------------------------------------------------- names


def names_of(item: Named) -> tuple[str, ...]:
    return (item.code, item.name_id, item.name_en, *item.aliases)


def fingerprint(item: Described) -> str:
    """Tell one state of an item from another, so that nobody overwrites what they have not seen."""
    return hashlib.sha256(f"{item.code}/{Description.of(item)!r}".encode()).hexdigest()[:16]


def item_named(found: Iterable[SomeNamed], text: str) -> SomeNamed | None:
    """Give the one item that is called so, by code, name or spelling; None when none or several are."""
    wanted = plain(text)
    hits = [one for one in found if wanted and wanted in {plain(name) for name in names_of(one)}]
    return hits[0] if len(hits) == 1 else None


def code_from(name: str) -> str:
    """Make a code from a name: ``Jas hujan (anak)`` → ``jas_hujan_anak``."""
    folded = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().casefold()
    return re.sub(r"[^a-z0-9]+", "_", folded).strip("_")[:40].strip("_")


# ---------------------------------------------------------------- search


def ranked(found: Iterable[SomeNamed], text: str) -> tuple[SomeNamed, ...]:
    """Give what the text can mean, best first: called so, beginning so, containing it, else so with typing errors.

    The order depends on the names alone: the same question always gets the same answer. An empty text finds all.
    """
    every = sorted(found, key=lambda one: (one.name_id, one.code))
    wanted = plain(text)
    if not text.strip():
        return tuple(every)
    if not wanted:
        return ()
    as_typed = [(tier, one) for one in every if (tier := _tier(one, wanted)) is not None]
    if as_typed:
        return tuple(one for _, one in sorted(as_typed, key=lambda pair: pair[0]))
    asked = _words(text)
    alike = [(closeness, one) for one in every if (closeness := _closeness(one, wanted, asked)) is not None]
    return tuple(one for _, one in sorted(alike, key=lambda pair: -pair[0]))


def is_as_typed(item: Named, text: str) -> bool:
    """Tell whether a search found the item by what was typed, not only by something like it."""
    return not text.strip() or _tier(item, plain(text)) is not None


def _tier(item: Named, wanted: str) -> int | None:
    names = [plain(name) for name in names_of(item)]
    if wanted in names:
        return 0
    if any(name.startswith(wanted) for name in names):
        return 1
    if any(word.startswith(wanted) for name in names_of(item) for word in _words(name)):
        return 2
    return 3 if any(wanted in name for name in names) else None


def _closeness(item: Named, wanted: str, asked: Sequence[str]) -> int | None:
    """Tell how alike the closest name is, in thousandths: as a whole, or every word asked for to one of its words."""
    best = 0.0
    for name in names_of(item):
        best = max(best, _alike(wanted, plain(name)))
        words = _words(name)
        if words and asked:
            best = max(best, min(max(_alike(word, other) for other in words) for word in asked))
    return round(best * 1000) if best >= _CLOSE else None


def _alike(one: str, other: str) -> float:
    if one == other:
        return 1.0
    if min(len(one), len(other)) < _LEAST_FORGIVEN:
        return 0.0
    # The matcher's answer depends on the order of its two; asking both ways makes it a property of the pair.
    matcher = SequenceMatcher(None, one, other, autojunk=False)
    if matcher.real_quick_ratio() < _CLOSE or matcher.quick_ratio() < _CLOSE:
        return 0.0
    return max(matcher.ratio(), SequenceMatcher(None, other, one, autojunk=False).ratio())


def _words(text: str) -> tuple[str, ...]:
    return tuple(word for part in re.split(r"[\W_]+", text) if (word := plain(part)))


# ---------------------------------------------------------------- what may be


def checked_code(code: str) -> str:
    """Raises: Invalid."""
    found = code.strip().lower()
    if not CODE.fullmatch(found) or found in RESERVED:
        raise Invalid("item.bad_code", field="code")
    return found


def checked(wanted: Description) -> Description:
    """Give a description in its final writing; a missing English name is the Indonesian one. Raises: Invalid."""
    name_id = checked_name(wanted.name_id, "name_id")
    return Description(
        name_id=name_id, name_en=checked_name(wanted.name_en, "name_en") if wanted.name_en.strip() else name_id,
        category=wanted.category, base_unit=_checked_unit(wanted.base_unit),
        step_milli=checked_amount(wanted.step_milli, "step_milli"), does_expire=wanted.does_expire,
        is_durable=wanted.is_durable, is_active=wanted.is_active, source=checked_source(wanted.source),
    )  # fmt: skip


def checked_name(name: str, field: str, *, most: int = MOST_NAME) -> str:
    """Raises: Invalid."""
    found = " ".join(name.split())
    if not plain(found):
        raise Invalid("item.name_missing", field=field)
    if len(found) > most:
        raise Invalid("item.name_too_long", field=field, most=most)
    return found


def checked_amount(amount: int, field: str) -> Milli:
    """Raises: Invalid."""
    if not 1 <= amount <= LARGEST_MILLI:
        raise Invalid("item.step_out_of_range", field=field)
    return Milli(amount)


def checked_source(source: str) -> str:
    """Raises: Invalid."""
    found = " ".join(source.split())
    if not found:
        raise Invalid("item.source_missing", field="source")
    if len(found) > MOST_SOURCE:
        raise Invalid("item.name_too_long", field="source", most=MOST_SOURCE)
    return found


def _checked_unit(unit: str) -> str:
    found = checked_name(unit, "base_unit", most=MOST_UNIT)
    if is_money(found):
        raise Invalid("item.unit_is_money", field="base_unit")
    return found


def _checked_part(name: str, field: str, most: int) -> str:
    """Check a name that stands in one cell with others. Raises: Invalid."""
    if set(name) & _PARTING:
        raise Invalid("item.name_sign", field=field)
    return checked_name(name, field, most=most)


def check_free(names: Iterable[str], others: Iterable[Named]) -> None:
    """Raises: Conflict when another item is called so: whoever types the name would not know which they get."""
    wanted = {plain(one): one for one in names}
    for other in others:
        for name in names_of(other):
            if plain(name) in wanted:
                raise Conflict("item.name_taken", name=wanted[plain(name)], item=other.name_id)


def check_edit(before: Described, after: Description, standing: Standing) -> None:
    """Raises: Conflict when what is written in the old unit or step would come to mean something else."""
    if after.base_unit != before.base_unit:
        if standing.is_counted_in:
            raise Conflict("item.unit_is_fixed", item=before.name_id, unit=before.base_unit)
        if before.packs or standing.has_minimum:
            raise Conflict("item.unit_of_packs", item=before.name_id, unit=before.base_unit)
    if before.step_milli % after.step_milli and standing.is_counted_in:
        raise Conflict("item.step_coarser", item=before.name_id)
    if before.is_active and not after.is_active and standing.lies_somewhere:
        raise Conflict("item.still_in_stock", item=before.name_id)


def checked_pack(item: Counted, name: str) -> str:
    """Give the name of a new box. Raises: Invalid; Conflict when it says nothing new."""
    found = _checked_part(name, "pack", 2 * MOST_UNIT)
    if is_twin_unit(item, found):
        raise Conflict("item.pack_taken", pack=found)
    return found


def checked_alias(item: Named, name: str, others: Iterable[Named]) -> str:
    """Give a new spelling. Raises: Invalid; Conflict when it, or another item, is called so already."""
    found = _checked_part(name, "alias", MOST_NAME)
    if plain(found) in {plain(one) for one in names_of(item)}:
        raise Conflict("item.alias_taken", alias=found)
    check_free((found,), others)
    return found


def checked_variant(names: Iterable[str], name: str, size: str) -> tuple[str, str]:
    """Give the name and size of a new variant. Raises: Invalid; Conflict when the name is there."""
    found, small = _checked_part(name, "variant", MOST_NAME), " ".join(size.split())
    if len(small) > MOST_UNIT:
        raise Invalid("item.name_too_long", field="size", most=MOST_UNIT)
    if set(small) & _PARTING:
        raise Invalid("item.name_sign", field="size")
    if plain(found) in {plain(one) for one in names}:
        raise Conflict("item.variant_taken", variant=found)
    return found, small
