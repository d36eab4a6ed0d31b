from __future__ import annotations

from uuid import uuid4

import pytest

from core.errors import Conflict, Invalid, NotFound
from core.measures import Milli
from core.work import Work
from stock.items.commands import AddItem, AddPack, add_item, add_pack, seed_items
from stock.items.kinds import Category
from stock.items.queries import find_item, items, search_items
from stock.items.seed import SEED
from stock.places.commands import AddPlace, add_place, ensure_sinks
from stock.places.kinds import SINKS, PlaceKind
from stock.places.queries import find_place, place_by_id, places, quarantine_of, sink
from tests.stock.shop import ACTOR, Shop


def test_the_catalogue_is_seeded_once_with_units_steps_packs_and_sources(work: Work):
    with work.by(ACTOR) as tx:
        assert seed_items(tx) == len(SEED) >= 34
        assert seed_items(tx) == 0
        noodles = find_item(tx, "mie_instan")
        assert {pack.name: pack.quantity_milli for pack in noodles.packs}["dus"] == 40_000
        assert (find_item(tx, "kasur").base_unit, find_item(tx, "kasur").step_milli) == ("buah", 1_000)
        assert (find_item(tx, "beras").base_unit, find_item(tx, "beras").step_milli) == ("kg", 100)
        assert find_item(tx, "selimut").base_unit == "lembar"
        assert find_item(tx, "kasur").is_durable and not find_item(tx, "beras").is_durable
        assert find_item(tx, "beras").does_expire and not find_item(tx, "kasur").does_expire
        assert all(one.source for one in SEED)


def test_search_finds_the_spellings_people_use(work: Work):
    with work.by(ACTOR) as tx:
        seed_items(tx)
        for text, code in (
            ("kid ware", "kidware"), ("Kids Ware", "kidware"), ("ford ware", "foodware"), ("mie instan", "mie_instan"),
            ("BERAS", "beras"), ("terpal", "tenda_gulung"), ("blanket", "selimut"),
        ):  # fmt: skip
            assert search_items(tx, text)[0].code == code
        goods = [one for one in SEED if one.is_stocked]
        assert len(search_items(tx, "", limit=100)) == len(goods) == len(SEED) - 1, "money is no goods"
        assert search_items(tx, "kapal selam") == ()


def test_an_office_adds_items_and_packs_of_its_own(work: Work):
    order = AddItem(
        code="Jas_Hujan", name_id="Jas hujan", name_en="Raincoat", category=Category.CLOTHING_AND_GOODS,
        base_unit="buah", step_milli=Milli(1_000), does_expire=False, is_durable=True, source="SK Kadis 7",
        aliases=("Mantel",),
    )  # fmt: skip
    with work.by(ACTOR) as tx:
        item = add_item(tx, order)
        add_pack(tx, AddPack(item_id=item, name="dus", quantity_milli=Milli(50_000)))
        assert find_item(tx, "jas_hujan").packs[0].quantity_milli == 50_000
        assert search_items(tx, "mantel")[0].id == item
        with pytest.raises(Conflict, match=r"item\.code_taken"):
            add_item(tx, order)
        with pytest.raises(Conflict, match=r"item\.pack_taken"):
            add_pack(tx, AddPack(item_id=item, name="dus", quantity_milli=Milli(1)))
        with pytest.raises(NotFound):
            find_item(tx, "tidak_ada")
        assert len(items(tx)) == 1


def test_an_office_has_each_sink_once_and_a_giver(shop: Shop):
    with shop.work.by(ACTOR) as tx:
        ensure_sinks(tx)
        kinds = [place.kind for place in places(tx)]
        assert all(kinds.count(kind) == 1 for kind in SINKS)
        assert sink(tx, PlaceKind.SUPPLIER).code == "PEMASOK"
        with pytest.raises(Invalid, match=r"place\.only_one"):
            add_place(tx, AddPlace(kind=PlaceKind.LOSS, code="X", name="X"))


def test_a_warehouse_comes_with_its_quarantine_and_a_code_is_given_once(shop: Shop):
    with shop.work.by(ACTOR) as tx:
        assert quarantine_of(tx, shop.warehouse).parent_id == shop.warehouse
        assert find_place(tx, "gd1").id == shop.warehouse
        with pytest.raises(Conflict, match=r"place\.code_taken"):
            add_place(tx, AddPlace(kind=PlaceKind.POST, code="gd1", name="Lain"))
        with pytest.raises(Invalid, match=r"place\.half_position"):
            add_place(tx, AddPlace(kind=PlaceKind.POST, code="TP9", name="Lain", lon_deg=131.3))
        with pytest.raises(NotFound):
            place_by_id(tx, uuid4())
