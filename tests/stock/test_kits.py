"""Kits: put together from what is free and good, each batch holding the same, and taken apart into what went in."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from uuid import UUID

import pytest

from core.actor import Role
from core.clock import FixedClock
from core.errors import Conflict, Forbidden, Invalid, NotFound
from core.measures import Milli
from core.work import Tx, Work
from stock.items.queries import find_item
from stock.kits.commands import (
    AssembleKits,
    RecipeLine,
    SetRecipe,
    UnpackKits,
    assemble_kits,
    seed_kits,
    set_recipe,
    unpack_kits,
)
from stock.kits.queries import can_make, content_of, kits, kits_with, recipe_of, would_make
from stock.kits.seed import SEED_KITS
from stock.ledger.commands import (
    BatchLine,
    CannotPost,
    ItemLine,
    StockShort,
    Transfer,
    reversal_problems,
    transfer,
)
from stock.ledger.kinds import FundingSource, ReleaseCondition
from stock.ledger.queries import batch_balances, item_balances
from stock.places.queries import quarantine_of
from stock.reservations.commands import ReserveLine, ReserveStock, UseReservations, reserve, use_reservations
from tests.stock.shop import TODAY, Shop, days, line, take_in, units
from tests.support.builders import an_actor
from tests.support.racing import Act, at_once, before_the_first_commits


def a_kit(shop: Shop, rice: int = 10, noodles: int = 4) -> UUID:
    """Make the food package a kit of rice and noodles."""
    with shop.work.by(shop.actor) as tx:
        kit = find_item(tx, "paket_sembako").id
        set_recipe(
            tx,
            SetRecipe(
                kit_item_id=kit,
                lines=(
                    RecipeLine(item_id=shop.beras, quantity_milli=units(rice)),
                    RecipeLine(item_id=shop.mi, quantity_milli=units(noodles)),
                ),
            ),
        )  # fmt: skip
        return kit


def stocked(shop: Shop) -> None:
    with shop.work.by(shop.actor) as tx:
        take_in(
            tx, shop.warehouse,
            line(shop.beras, 25, value=300_000, expires=days(30), source=FundingSource.APBN),
            line(shop.beras, 100, value=1_300_000, expires=days(90)),
            line(shop.mi, 200, value=600_000, expires=days(60)),
        )  # fmt: skip


def on_hand(tx: Tx, place: UUID) -> dict[str, int]:
    return {one.item.code: one.on_hand_milli for one in item_balances(tx, place_ids=[place])}


def test_the_package_of_2020_is_there_with_its_source_and_stays_as_the_office_changes_it(shop: Shop):
    with shop.work.by(shop.actor) as tx:
        assert seed_kits(tx) == 1
        assert seed_kits(tx) == 0
        kit = find_item(tx, "paket_sembako").id
        seeded = recipe_of(tx, kit)
        assert {one.item.code: one.quantity_milli for one in seeded} == {
            one.item: one.quantity_milli for one in SEED_KITS["paket_sembako"]
        }
        assert len(seeded) == 10
        assert all("2020" in one.source for one in seeded)
        set_recipe(tx, SetRecipe(kit_item_id=kit, lines=(RecipeLine(item_id=shop.beras, quantity_milli=units(5)),)))
        assert seed_kits(tx) == 0
        assert [one.quantity_milli for one in recipe_of(tx, kit)] == [5000]
        set_recipe(tx, SetRecipe(kit_item_id=kit, lines=()))
        assert kits(tx) == ()


def test_of_two_recipes_at_once_neither_makes_a_kit_of_the_others_part(shop: Shop):
    with shop.work.read_by(shop.actor) as tx:
        kit = find_item(tx, "paket_sembako").id

    def making(of: UUID, part: UUID) -> Act:
        recipe = SetRecipe(kit_item_id=of, lines=(RecipeLine(item_id=part, quantity_milli=units(1)),))
        return lambda tx: set_recipe(tx, recipe)

    told = before_the_first_commits(shop.work, shop.actor, making(kit, shop.mi), making(shop.mi, shop.beras))
    assert isinstance(told, Conflict)
    assert told.code == "kit.is_a_component"


def test_the_scarcest_component_says_how_many_and_is_named(shop: Shop):
    kit = a_kit(shop)
    stocked(shop)
    with shop.work.read_by(shop.actor) as tx:
        found = can_make(tx, shop.warehouse, kit)
        assert found.kits == 12
        assert found.limiting is not None
        assert found.limiting.item.code == "beras"
        assert {one.item.code: one.kits for one in found.components} == {"beras": 12, "mie_instan": 50}
        assert can_make(tx, shop.other_warehouse, kit).kits == 0
        assert can_make(tx, shop.warehouse, shop.kasur).kits == 0


def test_what_is_promised_expired_or_under_a_condition_goes_into_no_kit(shop: Shop):
    kit = a_kit(shop)
    stocked(shop)
    with shop.work.by(shop.actor) as tx:
        cbp = line(shop.beras, 500, expires=days(200))
        take_in(tx, shop.warehouse, type(cbp)(**{
            **{name: getattr(cbp, name) for name in cbp.__slots__}, "release_condition": ReleaseCondition.DECREE,
        }))  # fmt: skip
        reserve(
            tx,
            ReserveStock(
                lines=(
                    ReserveLine(
                        group_key="a", place_id=shop.warehouse, item_id=shop.beras, quantity_milli=units(20),
                        usable_on=TODAY,
                    ),
                ),
                purpose="round", purpose_id=UUID(int=5), ends_on=days(7),
            ),
        )  # fmt: skip
    with shop.work.read_by(shop.actor) as tx:
        assert can_make(tx, shop.warehouse, kit).kits == 10
    with shop.work.by(shop.actor) as tx:
        with pytest.raises(StockShort) as short:
            assemble_kits(tx, AssembleKits(place_id=shop.warehouse, kit_item_id=kit, kits=11))
        assert [one.item_id for one in short.value.shortages] == [shop.beras]


def test_kits_are_filled_earliest_expiry_first_and_every_batch_of_them_holds_the_same(shop: Shop):
    kit = a_kit(shop)
    stocked(shop)
    with shop.work.read_by(shop.actor) as tx:
        planned = would_make(tx, shop.warehouse, kit, 5)
    with shop.work.by(shop.actor) as tx:
        done = assemble_kits(tx, AssembleKits(place_id=shop.warehouse, kit_item_id=kit, kits=5))
    assert [one.quantity_milli for one in done.batches] == [2000, 1000, 2000]
    with shop.work.read_by(shop.actor) as tx:
        assert on_hand(tx, shop.warehouse) == {"beras": 75_000, "mie_instan": 180_000, "paket_sembako": 5000}
        lying = batch_balances(tx, item_ids=[kit])
        # Rice of 300,000 for 25 kg, then 1,300,000 for 100; noodles 3,000 each.
        assert {one.batch.code: (one.batch.expires_on, one.batch.value_rp) for one in lying} == {
            done.batches[0].batch_code: (days(30), 2 * (120_000 + 12_000)),
            done.batches[1].batch_code: (days(30), 60_000 + 65_000 + 12_000),
            done.batches[2].batch_code: (days(60), 2 * (130_000 + 12_000)),
        }
        assert [one.batch.funding_source for one in lying] == [
            FundingSource.MIXED, FundingSource.MIXED, FundingSource.APBD,
        ]  # fmt: skip
        mixed = content_of(tx, done.batches[1].batch_id)
        assert sorted(one.quantity_milli for one in mixed) == [4000, 5000, 5000]
        assert {one.kit_batch.code for one in kits_with(tx, mixed[0].batch.id)} <= {
            one.batch_code for one in done.batches
        }
        assert [one.kits for one in planned] == [2, 1, 2]
        assert [one.expires_on for one in planned] == [days(30), days(30), days(60)]


def test_unpacking_gives_back_what_went_in_to_the_batches_it_came_from(shop: Shop):
    kit = a_kit(shop)
    stocked(shop)
    with shop.work.read_by(shop.actor) as tx:
        before = {(one.place.id, one.batch.id): (one.on_hand_milli, one.value_rp) for one in batch_balances(tx)}
    with shop.work.by(shop.actor) as tx:
        done = assemble_kits(tx, AssembleKits(place_id=shop.warehouse, kit_item_id=kit, kits=5))
    for made in done.batches:
        with shop.work.by(shop.actor) as tx:
            unpack_kits(
                tx,
                UnpackKits(place_id=shop.warehouse, batch_id=made.batch_id, kits=made.quantity_milli // 1000),
            )
    with shop.work.read_by(shop.actor) as tx:
        after = {(one.place.id, one.batch.id): (one.on_hand_milli, one.value_rp) for one in batch_balances(tx)}
    assert {key: milli for key, (milli, _) in after.items()} == {key: milli for key, (milli, _) in before.items()}
    assert sum(rp for _, rp in after.values()) == sum(rp for _, rp in before.values())


def test_what_has_run_out_in_a_kit_comes_out_into_quarantine_also_from_there(
    shop: Shop, work: Work, fixed_clock: FixedClock
):
    kit = a_kit(shop)
    stocked(shop)
    with work.by(shop.actor) as tx:
        done = assemble_kits(tx, AssembleKits(place_id=shop.warehouse, kit_item_id=kit, kits=2))
        apart = quarantine_of(tx, shop.warehouse).id
    (made,) = done.batches
    fixed_clock.advance(timedelta(days=40))
    order = UnpackKits(place_id=shop.warehouse, batch_id=made.batch_id, kits=2)
    with work.by(shop.actor) as tx, pytest.raises(CannotPost, match=r"batch\.expired"):
        unpack_kits(tx, order)
    with work.by(shop.actor) as tx:
        transfer(
            tx,
            Transfer(
                from_place_id=shop.warehouse, to_place_id=apart,
                lines=(BatchLine(batch_id=made.batch_id, quantity_milli=units(2)),),
            ),
        )  # fmt: skip
        unpack_kits(tx, replace(order, place_id=apart))
    with work.read_by(shop.actor) as tx:
        assert on_hand(tx, apart) == {"beras": 20_000}
        assert on_hand(tx, shop.warehouse)["mie_instan"] == 200_000


def test_an_expired_kit_goes_to_nobody(shop: Shop, work: Work, fixed_clock: FixedClock):
    kit = a_kit(shop)
    stocked(shop)
    with work.by(shop.actor) as tx:
        assemble_kits(tx, AssembleKits(place_id=shop.warehouse, kit_item_id=kit, kits=2))
    fixed_clock.advance(timedelta(days=31))
    move = Transfer(
        from_place_id=shop.warehouse, to_place_id=shop.post,
        lines=(ItemLine(item_id=kit, quantity_milli=units(1)),),
    )  # fmt: skip
    with work.by(shop.actor) as tx, pytest.raises((StockShort, CannotPost)):
        transfer(tx, move)


def test_a_kit_is_assembled_where_it_was_possible_on_that_day(shop: Shop, work: Work, fixed_clock: FixedClock):
    kit = a_kit(shop)
    fixed_clock.advance(timedelta(days=5))
    stocked(shop)
    with work.by(shop.actor) as tx, pytest.raises((StockShort, CannotPost)):
        assemble_kits(
            tx,
            AssembleKits(
                place_id=shop.warehouse, kit_item_id=kit, kits=1, event_at=tx.now - timedelta(days=3)
            ),
        )  # fmt: skip


def test_what_cannot_be_a_kit_or_part_of_one_is_refused_by_line(shop: Shop, work: Work):
    kit = a_kit(shop)

    def said(kit_id: UUID, *lines: tuple[UUID, int]) -> str:
        with work.by(shop.actor) as tx:
            parts = tuple(RecipeLine(item_id=item, quantity_milli=Milli(milli)) for item, milli in lines)
            with pytest.raises((Invalid, Conflict)) as refused:
                set_recipe(tx, SetRecipe(kit_item_id=kit_id, lines=parts))
            return f"{refused.value.code} {getattr(refused.value, 'field', '')}"

    assert said(kit, (shop.beras, 1000), (kit, 1000)) == "kit.component_is_a_kit goods-2"
    assert said(shop.kasur, (kit, 1000)) == "kit.component_is_a_kit goods-1"
    assert said(kit, (shop.beras, 1000), (shop.beras, 2000)) == "kit.component_twice goods-1"
    assert said(kit, (shop.kasur, 500)) == "item.not_a_step quantity-1"
    assert said(kit, (shop.beras, 0)) == "stock.quantity_out_of_range quantity-1"
    assert said(shop.beras, (shop.mi, 1000)).startswith("kit.is_a_component")
    with work.by(shop.actor) as tx:
        with pytest.raises(Invalid, match=r"kit\.no_recipe"):
            assemble_kits(tx, AssembleKits(place_id=shop.warehouse, kit_item_id=shop.kasur, kits=1))
        with pytest.raises(Invalid, match=r"kit\.count_out_of_range"):
            assemble_kits(tx, AssembleKits(place_id=shop.warehouse, kit_item_id=kit, kits=0))
        with pytest.raises(Invalid, match=r"kit\.only_in_warehouse"):
            assemble_kits(tx, AssembleKits(place_id=shop.post, kit_item_id=kit, kits=1))
        bought = take_in(tx, shop.warehouse, line(kit, 3, expires=date(2027, 5, 1)))
        with pytest.raises(Invalid, match=r"kit\.not_assembled_here"):
            unpack_kits(tx, UnpackKits(place_id=shop.warehouse, batch_id=bought.batches[0].batch_id, kits=1))


def test_a_keeper_assembles_in_the_own_warehouse_only(shop: Shop, work: Work):
    kit = a_kit(shop)
    stocked(shop)
    keeper = an_actor(Role.WAREHOUSE, place_id=shop.warehouse)
    with work.by(keeper) as tx:
        made = assemble_kits(tx, AssembleKits(place_id=shop.warehouse, kit_item_id=kit, kits=1))
        with pytest.raises(NotFound):
            assemble_kits(tx, AssembleKits(place_id=shop.other_warehouse, kit_item_id=kit, kits=1))
        unpack_kits(tx, UnpackKits(place_id=shop.warehouse, batch_id=made.batches[0].batch_id, kits=1))
        with pytest.raises(Forbidden):
            set_recipe(tx, SetRecipe(kit_item_id=kit, lines=()))
    with work.by(an_actor(Role.AUDITOR)) as tx, pytest.raises(Forbidden):
        assemble_kits(tx, AssembleKits(place_id=shop.warehouse, kit_item_id=kit, kits=1))


def test_of_many_who_assemble_from_one_shelf_each_sack_goes_into_one_kit(shop: Shop, work: Work):
    kit = a_kit(shop)
    stocked(shop)

    def one() -> object:
        return work.run(
            shop.actor,
            lambda tx: assemble_kits(tx, AssembleKits(place_id=shop.warehouse, kit_item_id=kit, kits=2)),
        )

    done = at_once([one] * 8)
    with work.read_by(shop.actor) as tx:
        left = on_hand(tx, shop.warehouse)
    made = sum(not isinstance(answer, Exception) for answer in done)
    assert made == 6, done
    assert left == {"beras": 5000, "mie_instan": 152_000, "paket_sembako": 12_000}


def test_kits_are_promised_moved_loaded_and_unpacked_like_any_goods(shop: Shop, work: Work):
    kit = a_kit(shop)
    stocked(shop)
    with work.by(shop.actor) as tx:
        made = assemble_kits(tx, AssembleKits(place_id=shop.warehouse, kit_item_id=kit, kits=5))
    with work.by(shop.actor) as tx:
        kept = reserve(
            tx,
            ReserveStock(
                lines=(
                    ReserveLine(
                        group_key="hari-1", place_id=shop.warehouse, item_id=kit, quantity_milli=units(3),
                        usable_on=TODAY,
                    ),
                ),
                purpose="round", purpose_id=UUID(int=9), ends_on=days(7),
            ),
        )  # fmt: skip
    # The earliest to expire are promised first: both kits of the first batch and the mixed one.
    assert {one.batch_id for one in kept} == {one.batch_id for one in made.batches[:2]}
    first, last = made.batches[0].batch_id, made.batches[2].batch_id
    with work.by(shop.actor) as tx, pytest.raises(StockShort):
        unpack_kits(tx, UnpackKits(place_id=shop.warehouse, batch_id=first, kits=1))
    with work.by(shop.actor) as tx:
        transfer(
            tx,
            Transfer(
                from_place_id=shop.warehouse, to_place_id=shop.other_warehouse,
                lines=(BatchLine(batch_id=last, quantity_milli=units(2)),),
            ),
        )  # fmt: skip
        use_reservations(
            tx,
            UseReservations(purpose="round", purpose_id=UUID(int=9), group_key="hari-1", to_place_id=shop.post),
        )
        unpack_kits(tx, UnpackKits(place_id=shop.other_warehouse, batch_id=last, kits=2))
    with work.read_by(shop.actor) as tx:
        assert on_hand(tx, shop.post) == {"paket_sembako": 3000}
        assert on_hand(tx, shop.other_warehouse) == {"beras": 20_000, "mie_instan": 8000}
        assert on_hand(tx, shop.warehouse) == {"beras": 75_000, "mie_instan": 180_000}
        assert reversal_problems(tx, made.document_id), "what has gone cannot be made undone"
