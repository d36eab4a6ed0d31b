"""Changing the catalogue, and what holds it still."""

from __future__ import annotations

from dataclasses import replace
from uuid import UUID, uuid4

import pytest

from core.actor import Role
from core.audit import verify
from core.errors import Forbidden, NotFound, Refused
from core.measures import MILLI, Milli
from core.work import Tx, Work
from stock.items.commands import (
    AddItem,
    AddPack,
    AddVariant,
    EditItem,
    SetMinimum,
    add_alias,
    add_item,
    add_pack,
    add_variant,
    change_pack,
    edit_item,
    remove_alias,
    remove_pack,
    remove_variant,
    seed_items,
    set_minimum,
)
from stock.items.kinds import Category, VariantSex
from stock.items.queries import find_item, item_by_id, items, minimum_levels, search_items, with_fixed_unit
from stock.items.rules import Description, fingerprint, unit_named
from stock.ledger.alerts import low_stock
from stock.ledger.commands import ItemLine, Transfer, transfer
from stock.places.queries import quarantine_of
from stock.reservations.commands import ReserveLine, ReserveStock, reserve
from tests.stock.shop import ACTOR, Shop, days, line, take_in, units
from tests.support.builders import an_actor
from tests.support.racing import at_once, before_the_first_commits, codes

RAINCOAT = AddItem(
    code="jas_hujan", name_id="Jas hujan", name_en="Raincoat", category=Category.CLOTHING_AND_GOODS, base_unit="buah",
    step_milli=Milli(MILLI), does_expire=False, is_durable=True, source="Surat BPBD 12/2026", aliases=("Mantel",),
)  # fmt: skip


def editing(tx: Tx, item_id: UUID, **changed: object) -> EditItem:
    seen = item_by_id(tx, item_id)
    wanted = replace(Description.of(seen), **changed)  # type: ignore[arg-type]
    return EditItem(item_id=item_id, description=wanted, seen=fingerprint(seen))


def refused(work: Work, act: object, *args: object) -> str:
    """Give the code of the refusal that the act meets; nothing of it is kept."""
    with pytest.raises(Refused) as told, work.by(ACTOR) as tx:
        act(tx, *args)  # type: ignore[operator]
    return told.value.code


# ---------------------------------------------------------------- items


def test_an_own_item_says_where_it_comes_from_and_is_called_like_no_other(work: Work):
    with work.by(ACTOR) as tx:
        seed_items(tx)
        made = add_item(tx, RAINCOAT)
        assert item_by_id(tx, made).source == "Surat BPBD 12/2026"
        assert search_items(tx, "mantel")[0].id == made
    assert refused(work, add_item, replace(RAINCOAT, code="jas2", aliases=())) == "item.name_taken"
    assert refused(work, add_item, replace(RAINCOAT, code="terpal_lain", name_id="TERPAL", aliases=())) == (
        "item.name_taken"
    )
    fresh = replace(RAINCOAT, code="sekop", name_id="Sekop", name_en="Shovel", aliases=())
    assert refused(work, add_item, replace(fresh, source="  ")) == "item.source_missing"
    assert refused(work, add_item, replace(fresh, code="x y")) == "item.bad_code"
    assert refused(work, add_item, replace(fresh, code="baru")) == "item.bad_code"
    assert refused(work, add_item, replace(fresh, base_unit="Rp")) == "item.unit_is_money"
    assert refused(work, add_item, replace(fresh, base_unit=" . ")) == "item.name_missing"
    assert refused(work, add_item, replace(fresh, step_milli=Milli(0))) == "item.step_out_of_range"
    assert refused(work, add_item, replace(fresh, name_id="x" * 81)) == "item.name_too_long"


def test_only_the_logistics_officer_changes_the_catalogue(work: Work):
    with work.by(ACTOR) as tx:
        seed_items(tx)
    for role in (Role.WAREHOUSE, Role.HEAD, Role.AUDITOR, Role.ADMIN):
        with pytest.raises(Forbidden), work.by(an_actor(role)) as tx:
            add_item(tx, RAINCOAT)
    with work.by(an_actor(Role.LOGISTICS)) as tx:
        add_item(tx, RAINCOAT)


def test_an_edit_tells_what_changed_and_a_repeat_changes_nothing(work: Work):
    with work.by(ACTOR) as tx:
        made = add_item(tx, RAINCOAT)
        assert edit_item(tx, editing(tx, made, name_id="Jas  hujan dewasa", does_expire=True)) == (
            "name_id", "does_expire",
        )  # fmt: skip
        assert edit_item(tx, editing(tx, made)) == ()
        assert item_by_id(tx, made).name_id == "Jas hujan dewasa"
    with work.read_by(ACTOR) as tx:
        assert verify(tx.session).is_sound


def test_who_did_not_see_the_last_change_does_not_overwrite_it(work: Work):
    with work.by(ACTOR) as tx:
        made = add_item(tx, RAINCOAT)
        late = editing(tx, made, name_en="Mac")
        edit_item(tx, editing(tx, made, is_durable=False))
    assert refused(work, edit_item, late) == "item.changed_meanwhile"
    with work.by(ACTOR) as tx:
        assert edit_item(tx, replace(late, seen="")) == ("name_en", "is_durable")


def test_the_base_unit_stands_once_anything_is_counted_in_it(shop: Shop):
    work = shop.work
    with work.by(ACTOR) as tx:
        made = add_item(tx, RAINCOAT)
        assert edit_item(tx, editing(tx, made, base_unit="lembar")) == ("base_unit",)
        pack = add_pack(tx, AddPack(item_id=made, name="dus", quantity_milli=units(50)))
        in_packs = editing(tx, made, base_unit="stel")
    assert refused(work, edit_item, in_packs) == "item.unit_of_packs"
    with work.by(ACTOR) as tx:
        remove_pack(tx, pack)
        set_minimum(tx, SetMinimum(place_id=shop.warehouse, item_id=made, quantity_milli=units(5)))
    assert refused(work, edit_item, in_packs) == "item.unit_of_packs"
    with work.by(ACTOR) as tx:
        set_minimum(tx, SetMinimum(place_id=shop.warehouse, item_id=made, quantity_milli=Milli(0)))
        assert edit_item(tx, editing(tx, made, base_unit="stel")) == ("base_unit",)
        take_in(tx, shop.warehouse, line(made, 10))
        assert with_fixed_unit(tx) >= {made}
        again = editing(tx, made, base_unit="buah")
        rice = editing(tx, shop.beras, step_milli=Milli(250))
    assert refused(work, edit_item, again) == "item.unit_is_fixed"
    with work.by(ACTOR) as tx:
        take_in(tx, shop.warehouse, line(shop.beras, 10, expires=days(90)))
    assert refused(work, edit_item, rice) == "item.step_coarser"
    with work.by(ACTOR) as tx:
        assert edit_item(tx, editing(tx, shop.beras, step_milli=Milli(50))) == ("step_milli",)


def test_an_item_is_put_away_only_when_nothing_of_it_is_left(shop: Shop):
    with shop.work.by(ACTOR) as tx:
        take_in(tx, shop.warehouse, line(shop.kasur, 3))
        away = editing(tx, shop.kasur, is_active=False)
        assert edit_item(tx, editing(tx, shop.mi, is_active=False)) == ("is_active",)
        assert shop.mi not in {one.id for one in items(tx)}
        assert shop.mi in {one.id for one in search_items(tx, "mi instan", with_inactive=True)}
    assert refused(shop.work, edit_item, away) == "item.still_in_stock"


def test_nothing_is_taken_in_of_an_item_that_is_being_put_away(shop: Shop):
    told = before_the_first_commits(
        shop.work, ACTOR, lambda tx: edit_item(tx, editing(tx, shop.kasur, is_active=False)),
        lambda tx: take_in(tx, shop.warehouse, line(shop.kasur, 5)),
    )  # fmt: skip
    assert isinstance(told, NotFound)
    assert told.code == "item.not_found"


def test_money_is_not_edited(work: Work):
    with work.by(ACTOR) as tx:
        seed_items(tx)
        order = editing(tx, find_item(tx, "uang_tunai").id, name_en="Money")
    assert refused(work, edit_item, order) == "item.is_money"
    assert refused(work, edit_item, replace(order, item_id=uuid4())) == "item.not_found"


# ---------------------------------------------------------------- boxes, spellings, sizes


def test_a_box_is_named_once_whatever_way_it_is_spelled(shop: Shop):
    work = shop.work
    for name in ("Dus", "duz", "kardus", "bungkus", "bks"):
        order = AddPack(item_id=shop.mi, name=name, quantity_milli=units(24))
        assert refused(work, add_pack, order) == "item.pack_taken", name
    assert refused(work, add_pack, AddPack(item_id=shop.mi, name="renteng", quantity_milli=Milli(0))) == (
        "item.step_out_of_range"
    )
    with work.by(ACTOR) as tx:
        pack = add_pack(tx, AddPack(item_id=shop.mi, name="bal", quantity_milli=units(200)))
        assert unit_named(find_item(tx, "mie_instan"), "bale") == units(200)
        assert change_pack(tx, pack, units(240))
        assert not change_pack(tx, pack, units(240))
        assert unit_named(find_item(tx, "mie_instan"), "BAL") == units(240)
        remove_pack(tx, pack)
        assert unit_named(find_item(tx, "mie_instan"), "bal") is None
    assert refused(work, remove_pack, pack) == "item.pack_not_found"
    assert refused(work, change_pack, pack, units(1)) == "item.pack_not_found"


def test_a_changed_box_leaves_the_books_alone(shop: Shop):
    with shop.work.by(ACTOR) as tx:
        done = take_in(tx, shop.warehouse, line(shop.mi, 80, expires=days(90)))
        dus = next(one for one in find_item(tx, "mie_instan").packs if one.name == "dus")
        change_pack(tx, dus.id, units(30), "dus yang datang 2026")
    assert [one.quantity_milli for one in done.batches] == [units(80)]


def test_spellings_come_and_go_and_belong_to_one_item(shop: Shop):
    with shop.work.by(ACTOR) as tx:
        add_alias(tx, shop.kasur, "Matras busa")
        assert search_items(tx, "matras busa")[0].id == shop.kasur
    assert refused(shop.work, add_alias, shop.kasur, "matras  BUSA") == "item.alias_taken"
    assert refused(shop.work, add_alias, shop.kasur, "kasur") == "item.alias_taken"
    assert refused(shop.work, add_alias, shop.kasur, "Beras") == "item.name_taken"
    assert refused(shop.work, add_alias, shop.kasur, " ! ") == "item.name_missing"
    with shop.work.by(ACTOR) as tx:
        remove_alias(tx, shop.kasur, "Matras busa")
    assert refused(shop.work, remove_alias, shop.kasur, "Matras busa") == "item.alias_not_found"


def test_sizes_are_seeded_added_and_taken_away(shop: Shop):
    with shop.work.by(ACTOR) as tx:
        clothes = find_item(tx, "sandang_dewasa")
        assert {(one.sex, one.size) for one in clothes.variants} == {
            (sex, size) for sex in (VariantSex.MALE, VariantSex.FEMALE) for size in ("S", "M", "L", "XL")
        }
        order = AddVariant(item_id=clothes.id, name="Laki-laki XXL", sex=VariantSex.MALE, size="XXL")
        made = add_variant(tx, order)
        assert "Laki-laki XXL" in {one.name for one in find_item(tx, "sandang_dewasa").variants}
    assert refused(shop.work, add_variant, replace(order, name="laki laki xxl")) == "item.variant_taken"
    with shop.work.by(ACTOR) as tx:
        remove_variant(tx, made)
    assert refused(shop.work, remove_variant, made) == "item.variant_not_found"


def test_the_seed_gives_sizes_to_older_installations_and_takes_nothing_back(work: Work):
    with work.by(ACTOR) as tx:
        seed_items(tx)
        for one in find_item(tx, "popok").variants:
            remove_variant(tx, one.id)
        remove_variant(tx, find_item(tx, "air_mineral").variants[0].id)
        remove_pack(tx, find_item(tx, "sarden").packs[0].id)
        assert seed_items(tx) == 0
        assert len(find_item(tx, "popok").variants) == 4
        assert len(find_item(tx, "air_mineral").variants) == 1
        assert find_item(tx, "sarden").packs == ()


# ---------------------------------------------------------------- what runs low


def test_a_minimum_is_set_changed_and_taken_away(shop: Shop):
    order = SetMinimum(place_id=shop.warehouse, item_id=shop.beras, quantity_milli=units(500))
    with shop.work.by(ACTOR) as tx:
        assert set_minimum(tx, order)
        assert not set_minimum(tx, order)
        assert set_minimum(tx, replace(order, quantity_milli=units(600)))
        assert [one.quantity_milli for one in minimum_levels(tx)] == [units(600)]
        assert set_minimum(tx, replace(order, quantity_milli=Milli(0)))
        assert minimum_levels(tx) == ()
    assert refused(shop.work, set_minimum, replace(order, place_id=shop.post)) == "place.not_found"
    assert refused(shop.work, set_minimum, replace(order, place_id=uuid4())) == "place.not_found"
    assert refused(shop.work, set_minimum, replace(order, quantity_milli=Milli(50))) == "item.minimum_not_a_step"
    assert refused(shop.work, set_minimum, replace(order, quantity_milli=Milli(-1))) == "item.step_out_of_range"


def test_low_is_what_could_still_be_promised_and_the_most_urgent_comes_first(shop: Shop):
    def least(item: UUID, place: UUID, amount: int) -> SetMinimum:
        return SetMinimum(place_id=place, item_id=item, quantity_milli=units(amount))

    with shop.work.by(ACTOR) as tx:
        take_in(
            tx, shop.warehouse, line(shop.beras, 400, expires=days(60)), line(shop.beras, 300, expires=days(1)),
            line(shop.kasur, 40), line(shop.mi, 400, expires=days(60)),
        )  # fmt: skip
        for order in (least(shop.beras, shop.warehouse, 800), least(shop.kasur, shop.warehouse, 40),
                      least(shop.kasur, shop.other_warehouse, 5), least(shop.mi, shop.warehouse, 400)):  # fmt: skip
            set_minimum(tx, order)
        assert [(one.item.code, one.place.code) for one in low_stock(tx)] == [("kasur", "GD2"), ("beras", "GD1")]
        rice = low_stock(tx, [shop.warehouse])[0]
        assert (rice.available_milli, rice.minimum_milli, rice.short_milli) == (units(700), units(800), units(100))
        # Reserved, and in quarantine: neither can be promised.
        reserve(
            tx,
            ReserveStock(
                lines=(
                    ReserveLine(group_key="1", place_id=shop.warehouse, item_id=shop.mi, quantity_milli=units(300)),
                ),
                purpose="uji", purpose_id=uuid4(), ends_on=days(5),
            ),
        )  # fmt: skip
        aside = quarantine_of(tx, shop.warehouse).id
        transfer(
            tx,
            Transfer(
                from_place_id=shop.warehouse, to_place_id=aside,
                lines=(ItemLine(item_id=shop.kasur, quantity_milli=units(39)),),
            ),
        )  # fmt: skip
        found = [(one.item.code, one.place.code, one.available_milli) for one in low_stock(tx)]
        assert found == [
            ("kasur", "GD2", 0), ("kasur", "GD1", units(1)), ("mie_instan", "GD1", units(100)),
            ("beras", "GD1", units(700)),
        ]  # fmt: skip
        edit_item(tx, editing(tx, find_item(tx, "tikar").id, is_active=False))
        set_minimum(tx, least(find_item(tx, "tikar").id, shop.warehouse, 5))
        assert len(low_stock(tx)) == 4, "what is no longer used is not missed"
        assert low_stock(tx, [shop.post]) == ()


# ---------------------------------------------------------------- several at once


def test_of_several_who_add_the_same_item_at_once_one_does(work: Work):
    with work.by(ACTOR) as tx:
        seed_items(tx)
    results = at_once([lambda: work.run(ACTOR, lambda tx: add_item(tx, RAINCOAT))] * 6)
    assert codes(results) == ["", *["item.code_taken"] * 5]


def test_one_name_goes_to_one_item_however_many_ask_at_once(shop: Shop):
    targets = [shop.kasur, shop.beras, shop.mi] * 2
    results = at_once([
        lambda item=item: shop.work.run(ACTOR, lambda tx: add_alias(tx, item, "Barang baru"))  # type: ignore[misc]
        for item in targets
    ])  # fmt: skip
    assert sum(one is None for one in results) == 1
    with shop.work.read_by(ACTOR) as tx:
        assert sum("Barang baru" in one.aliases for one in items(tx)) == 1


def test_a_base_unit_is_not_changed_beside_the_first_batch_of_it(shop: Shop):
    """Either the unit was changed before there was a batch, or the batch was first and the unit stands."""
    with shop.work.by(ACTOR) as tx:
        made = add_item(tx, RAINCOAT)
        order = editing(tx, made, base_unit="kodi")
    changed, received = at_once([
        lambda: shop.work.run(ACTOR, lambda tx: edit_item(tx, order)),
        lambda: shop.work.run(ACTOR, lambda tx: take_in(tx, shop.warehouse, line(made, 3))),
    ])  # fmt: skip
    assert not isinstance(received, Refused)
    with shop.work.read_by(ACTOR) as tx:
        unit = item_by_id(tx, made).base_unit
    assert (unit == "kodi") == (changed == ("base_unit",))
    assert codes([changed]) in ([""], ["item.unit_is_fixed"])
