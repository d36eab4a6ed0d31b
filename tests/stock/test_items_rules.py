"""Units as people write them, and search that forgives typing."""

from __future__ import annotations

import csv
from dataclasses import dataclass, field

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.measures import MILLI, Milli
from stock.items.rules import (
    CODE,
    code_from,
    is_money,
    is_twin_unit,
    item_named,
    names_of,
    plain,
    ranked,
    unit_named,
    unit_words,
    units_of,
)
from stock.items.seed import SEED, SeedItem
from tests.support.shared import CATALOGUE, needs_catalogue

BY_CODE = {one.code: one for one in SEED}
GOODS = [one for one in SEED if one.is_stocked]


@dataclass(frozen=True)
class APack:
    name: str
    quantity_milli: Milli


@dataclass(frozen=True)
class AnItem:
    base_unit: str
    packs: tuple[APack, ...] = field(default=())


# ---------------------------------------------------------------- units


@pytest.mark.parametrize(
    ("code", "text", "units"),
    [
        ("kasur", "buah", 1), ("kasur", "bh", 1), ("kasur", "Pcs.", 1), ("kasur", "lbr", 1), ("kasur", "unit", 1),
        ("selimut", "lembar", 1), ("selimut", "pcs", 1), ("tikar", "LBR", 1), ("selimut", "lusin", 12),
        ("selimut", "kodi", 20), ("mie_instan", "duz", 40), ("mie_instan", "krt", 40), ("mie_instan", "Dus", 40),
        ("mie_instan", "bks", 1), ("sarden", "dus", 24), ("sarden", "klg", 1), ("minyak_goreng", "karton", 12),
        ("minyak_goreng", "ltr", 1), ("air_mineral", "karton", 1), ("air_mineral", "kardus", 1),
        ("beras", "Kg", 1), ("beras", "kilo", 1), ("beras", "ton", 1000), ("beras", "kwintal", 100),
        ("beras", "zak 50kg", 50), ("beras", "karung 25", 25), ("beras", "sak-10-kg", 10), ("sabun_mandi", "buah", 1),
    ],
)  # fmt: skip
def test_a_unit_is_understood_as_people_write_it(code: str, text: str, units: int):
    assert unit_named(BY_CODE[code], text) == units * MILLI


@pytest.mark.parametrize(
    ("code", "text"),
    [
        ("beras", "karung"), ("beras", "zak"), ("beras", "karung 40 kg"), ("mie_instan", "dus 24"), ("kasur", "paket"),
        ("selimut", "bale"), ("popok", "karton"), ("sandang_dewasa", "paket"), ("sandang_dewasa", "pcs"),
        ("pembalut", "pcs"), ("susu", "kaleng"), ("kasur", "kg"), ("beras", "liter"), ("beras", "lusin"), ("beras", ""),
        ("beras", "..."), ("beras", "50"),
    ],
)  # fmt: skip
def test_a_unit_of_which_nobody_said_how_much_it_is_is_not_guessed(code: str, text: str):
    assert unit_named(BY_CODE[code], text) is None


def test_an_own_box_goes_before_what_its_word_usually_means():
    item = AnItem("kg", (APack("ton", Milli(900 * MILLI)), APack("dus", Milli(7)), APack("karton", Milli(9))))
    assert unit_named(item, "TON") == 900 * MILLI
    assert (unit_named(item, "duz"), unit_named(item, "krt")) == (7, 9)


def test_boxes_of_two_sizes_under_one_word_are_no_unit():
    item = AnItem("botol", (APack("dus 12", Milli(12_000)), APack("dus 24", Milli(24_000))))
    assert unit_named(item, "dus") is None
    assert unit_named(item, "karton") is None
    assert unit_named(item, "Duz 24") == 24_000


WORDS = st.sampled_from(
    ["dus", "duz", "karton", "karung", "bale", "pcs", "lembar", "kg", "ton", "paket", "botol", "x", "l", "Zak", "ikat"]
)
TEXTS = st.one_of(
    st.text(max_size=30),
    st.lists(st.one_of(WORDS, st.integers(1, 60).map(str)), max_size=4).map(" ".join),
)
PACKS = st.lists(
    st.builds(APack, TEXTS.filter(plain), st.integers(1, 10**9).map(Milli)), max_size=5,
    unique_by=lambda pack: pack.name,
)  # fmt: skip
ITEMS = st.builds(AnItem, st.one_of(WORDS, TEXTS.filter(plain)), PACKS.map(tuple))
KNOWN_FACTORS = {1, 100, 12_000, 20_000, 144_000, 100_000, 1_000_000}


@settings(max_examples=400, deadline=None)
@given(ITEMS, TEXTS)
def test_a_unit_means_the_base_unit_a_box_a_measure_or_nothing(item: AnItem, text: str):
    found = unit_named(item, text)
    assert found is None or found in {MILLI, *(pack.quantity_milli for pack in item.packs)} | KNOWN_FACTORS


@settings(max_examples=400, deadline=None)
@given(ITEMS, TEXTS)
def test_case_blanks_and_signs_do_not_matter(item: AnItem, text: str):
    assert unit_named(item, text) == unit_named(item, f"  {text.upper().lower()} . ")


@settings(max_examples=400, deadline=None)
@given(ITEMS)
def test_what_an_item_offers_is_what_it_understands(item: AnItem):
    """Unless two of its boxes are called alike, which no catalogue lets in."""
    told = [unit_words(name) for name in units_of(item)]
    for pack in item.packs:
        if told.count(unit_words(pack.name)) == 1:
            assert unit_named(item, pack.name) == pack.quantity_milli
    if told.count(unit_words(item.base_unit)) == 1 and unit_words(item.base_unit):
        assert unit_named(item, item.base_unit) == MILLI


@settings(max_examples=400, deadline=None)
@given(ITEMS, TEXTS.filter(plain), st.integers(1, 10**9))
def test_a_new_box_never_changes_what_older_words_mean(item: AnItem, name: str, holds: int):
    if is_twin_unit(item, name):
        return
    richer = AnItem(item.base_unit, (*item.packs, APack(name, Milli(holds))))
    for text in units_of(item):
        # By its whole name; a shortened one may have become ambiguous, and then says so.
        if text and [unit_words(one) for one in units_of(item)].count(unit_words(text)) == 1:
            assert unit_named(richer, text) == unit_named(item, text)


def test_money_is_no_unit_of_goods():
    assert is_money("Rp") and is_money("rp.") and is_money("Rupiah")
    assert not is_money("karung")


# ---------------------------------------------------------------- search


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("slimut", "selimut"), ("mi instant", "mie_instan"), ("kasor", "kasur"), ("bears", "beras"),
        ("minyk goreng", "minyak_goreng"), ("trpal", "tenda_gulung"), ("pampres", "popok"), ("gula pasr", "gula_pasir"),
        ("food war", "foodware"), ("kidswear", "kidware"), ("Sabum", "sabun_mandi"), ("pembalud", "pembalut"),
        ("beras", "beras"), ("BLANKET", "selimut"), ("indomie", "mie_instan"), ("sabun", "sabun_mandi"),
    ],
)  # fmt: skip
def test_search_forgives_typing_errors(text: str, code: str):
    assert ranked(GOODS, text)[0].code == code


@pytest.mark.parametrize("text", ["kapal selam", "zzz", "?!", "qw", "komputer jinjing"])
def test_what_is_like_nothing_finds_nothing(text: str):
    assert ranked(GOODS, text) == ()


def test_what_matches_as_typed_is_not_mixed_with_what_is_only_like_it():
    assert [one.code for one in ranked(GOODS, "selimut")] == ["selimut", "selimut_bayi"]
    assert [one.code for one in ranked(GOODS, "tenda")] == ["tenda_gulung", "tenda_keluarga", "tenda_serbaguna"]
    assert len(ranked(GOODS, "  ")) == len(GOODS)


@settings(max_examples=150, deadline=None)
@given(st.one_of(st.text(max_size=20), st.sampled_from([name for one in GOODS for name in names_of(one)])), st.data())
def test_the_order_of_the_catalogue_does_not_change_the_answer(text: str, data: st.DataObject):
    shuffled: list[SeedItem] = data.draw(st.permutations(GOODS))
    assert ranked(shuffled, text) == ranked(GOODS, text)


@pytest.mark.parametrize("item", GOODS, ids=lambda one: one.code)
def test_every_name_finds_its_own_item_first(item: SeedItem):
    for name in names_of(item):
        assert ranked(GOODS, name)[0] is item
        assert item_named(GOODS, name.upper()) is item


@pytest.mark.parametrize("item", [one for one in GOODS if len(plain(one.name_id)) > 5], ids=lambda one: one.code)
def test_one_letter_too_few_still_finds_the_item(item: SeedItem):
    for at in range(1, len(item.name_id) - 1):
        if item.name_id[at].isalpha():
            assert item in ranked(GOODS, item.name_id[:at] + item.name_id[at + 1 :])[:3]


def test_a_code_is_made_from_a_name():
    assert code_from("Jas hujan (anak)") == "jas_hujan_anak"
    assert code_from("Kué à la crème") == "kue_a_la_creme"
    assert code_from("???") == ""
    assert all(CODE.fullmatch(one.code) for one in SEED)


# ---------------------------------------------------------------- the compiled facts

DIFFERENT_UNIT = {
    "sandang_dewasa": "stel", "sandang_anak": "stel",
}  # fmt: skip
"""Counted in sets: the standard speaks of sets a person, a "paket" of clothing holds what its sender put in."""
ITEMS_OF_THEIR_OWN = {"selimut": {"dewasa", "bayi"}}
"""An infant's blanket is an item, given by another rule than an adult's; it is no size of it."""
SEX_OR_SIZE = {"L", "P", "PA", "PI", "usia"}
"""Sex stands in a column of its own; ages nobody wrote down."""


@needs_catalogue
def test_every_item_of_the_compiled_catalogue_is_in_the_seed_with_its_units_and_sizes():
    with CATALOGUE.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file, strict=True))
    assert len(rows) >= 34
    for row in rows:
        item = BY_CODE[row["item_code"]]
        assert item_named(GOODS, row["name_id"]) is item, row["name_id"]
        assert item.base_unit == DIFFERENT_UNIT.get(item.code, row["base_unit"])
        assert item.does_expire == (row["expires"] == "yes")
        assert item.category.value == row["category"]
        assert item.source
        for unit in filter(None, row["other_units_seen"].split(";")):
            if unit == item.base_unit:
                continue
            understood = unit_named(item, unit) is not None
            assert understood != (unit in item.uncertain_units), f"{item.code}: {unit}"
        sizes = {plain(f"{one.name} {one.size}") for one in item.variants}
        for size in filter(None, row["size_variants"].replace("/", ";").split(";")):
            if size in ITEMS_OF_THEIR_OWN.get(item.code, ()) or size in SEX_OR_SIZE:
                continue
            assert any(plain(size.split()[-1]) in one for one in sizes), f"{item.code}: {size}"


def test_no_two_items_of_the_seed_answer_to_one_name():
    seen: dict[str, str] = {}
    for item in SEED:
        for name in {plain(one) for one in names_of(item)}:
            assert seen.setdefault(name, item.code) == item.code, name
        assert len({one.name for one in item.variants}) == len(item.variants)
        for at, pack in enumerate(item.packs):
            assert not is_twin_unit(AnItem(item.base_unit, tuple(APack(p.name, Milli(1)) for p in item.packs[:at])),
                                    pack.name)  # fmt: skip
