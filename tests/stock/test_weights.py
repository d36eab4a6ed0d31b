"""What goods weigh: unknown is told as unknown."""

from __future__ import annotations

from dataclasses import replace
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import Refused
from core.work import Work
from stock.items.commands import add_item, edit_item, seed_items
from stock.items.queries import find_item
from stock.items.weights import SetWeight, Weight, grams_per_unit, print_weight, set_weight, weigh
from tests.stock.shop import ACTOR
from tests.stock.test_items_commands import RAINCOAT, editing

ITEMS = tuple(UUID(int=number) for number in range(4))
HEAPS = st.dictionaries(st.sampled_from(ITEMS), st.integers(0, 10**9))
KNOWN = st.fixed_dictionaries({one: st.none() | st.integers(1, 10**6) for one in ITEMS})


def test_a_unit_that_is_a_weight_needs_nobody_to_weigh_it():
    assert [grams_per_unit(unit, None) for unit in ("kg", "Kilogram", "ton", "liter", "buah")] == [
        1000, 1000, 1_000_000, None, None,
    ]  # fmt: skip
    assert (grams_per_unit("buah", 4200), grams_per_unit("kg", 7)) == (4200, 1000)


@given(HEAPS, KNOWN)
def test_what_is_unknown_is_named_and_all_else_adds_up(heap: dict[UUID, int], grams: dict[UUID, int | None]):
    found = weigh(heap, grams)
    assert set(found.unknown) == {one for one, quantity in heap.items() if quantity and grams[one] is None}
    exact = sum(quantity * (grams[one] or 0) for one, quantity in heap.items())
    assert exact <= found.grams * 1000 < exact + 1000


def test_a_weight_is_printed_as_people_say_it():
    told = [print_weight(grams) for grams in (0, 640, 12_350, 999_001, 1_204_000, 14_150_000)]
    assert told == ["0 g", "640 g", "12,4 kg", "1.000 kg", "1.204 kg", "14,2 ton"]
    assert print_weight(12_350, "en") == "12.4 kg"
    assert Weight(grams=0, unknown=(ITEMS[0],)).is_known is False


def test_a_weight_has_a_source_and_goes_with_the_unit_it_was_of(work: Work):
    with work.by(ACTOR) as tx:
        seed_items(tx)
        made = add_item(tx, replace(RAINCOAT, aliases=()))
        assert set_weight(tx, SetWeight(item_id=made, weight_g=350, source="ditimbang di gudang"))
        assert not set_weight(tx, SetWeight(item_id=made, weight_g=350, source="ditimbang di gudang"))
        kept = find_item(tx, RAINCOAT.code)
        assert (kept.weight_g, kept.weight_source) == (350, "ditimbang di gudang")
        edit_item(tx, editing(tx, made, base_unit="lusin"))
        assert find_item(tx, RAINCOAT.code).weight_g is None
        rice = find_item(tx, "beras").id
    for order, code in (
        (SetWeight(item_id=made, weight_g=1, source=" "), "item.source_missing"),
        (SetWeight(item_id=made, weight_g=0, source="x y z"), "item.weight_out_of_range"),
        (SetWeight(item_id=rice, weight_g=900, source="x y z"), "item.weighs_itself"),
        (SetWeight(item_id=uuid4(), weight_g=900, source="x y z"), "item.not_found"),
    ):
        with pytest.raises(Refused) as told, work.by(ACTOR) as tx:
            set_weight(tx, order)
        assert told.value.code == code
