"""The keeper's three tasks, ten lines each, by nothing but what the screens offer: receive, send, count."""

from __future__ import annotations

from datetime import timedelta

import pytest
from playwright.sync_api import expect

from core.actor import Role
from core.clock import FixedClock
from core.work import Work
from stock.ledger.queries import batch_balances
from tests.browser.looking import PHONE, Opens, faults
from tests.stock.shop import ACTOR, Shop, assert_sound, open_shop
from tests.support.builders import a_person

STEP = timedelta(minutes=12)
"""Between two tasks; shorter than a session that nobody uses lives."""
TEN = (
    ("Beras", "10 karung 50 kg", "31/12/2027"), ("Mi instan", "12 dus", "30/6/2027"),
    ("Minyak goreng", "120", "1/3/2028"), ("Gula pasir", "80", "1/3/2028"), ("Sarden", "5 karton", "1/1/2029"),
    ("Kornet", "96", "1/1/2029"), ("Kecap", "40", "1/1/2029"), ("Kasur", "20", ""), ("Selimut", "60", ""),
    ("Tikar", "35", ""),
)  # fmt: skip
SENT = ("50", "1 dus", "20", "10", "1 karton", "6", "4", "2", "10", "5")


@pytest.fixture
def shop(work: Work) -> Shop:
    made = open_shop(work)
    a_person(work, Role.WAREHOUSE, username="gudang", place_id=made.warehouse)
    a_person(work, Role.HEAD, username="kepala")
    return made


def lying(work: Work, shop: Shop) -> dict[str, int]:
    with work.read_by(ACTOR) as tx:
        return {
            one.batch.item.code: one.on_hand_milli // 1000 for one in batch_balances(tx, place_ids=[shop.warehouse])
        }


def test_a_keeper_receives_sends_and_counts_ten_lines(
    enter: Opens, address: str, shop: Shop, work: Work, fixed_clock: FixedClock
):
    page = enter("gudang")
    page.goto(f"{address}/stok/terima")
    page.fill("#f-incoming_document", "BAST-10/UJI")
    for no, (item, quantity, expires) in enumerate(TEN, 1):
        page.fill(f"#f-goods-{no}", item)
        page.fill(f"#f-quantity-{no}", quantity)
        if expires:
            page.fill(f"#f-expires_on-{no}", expires)
    page.click("main button.is-primary")
    # The one thing forgotten is told at its field, and nothing that was typed is lost.
    expect(page.locator("#f-funding-1")).to_have_attribute("aria-invalid", "true")
    assert page.input_value("#f-quantity-2") == "12 dus"
    page.select_option("#f-funding-1", "apbd")
    page.click("main button.is-primary")
    page.wait_for_url(f"{address}/stok/dokumen/*")
    expect(page.locator("main h1")).to_contain_text("SBBM")
    received = lying(work, shop)
    assert (len(received), received["beras"], received["mie_instan"], received["sarden"]) == (10, 500, 480, 120)
    assert faults(page, page.url) == []

    fixed_clock.advance(STEP)
    page.goto(f"{address}/stok/pindah")
    page.fill("#f-reason", "Mendekatkan stok")
    page.select_option("#f-to_place_id", label="Gudang Timur")
    for no, ((item, *_), quantity) in enumerate(zip(TEN, SENT, strict=True), 1):
        page.fill(f"#f-goods-{no}", item)
        page.fill(f"#f-quantity-{no}", "99999" if no == 3 else quantity)
    page.click("main button.is-primary")
    expect(page.locator("main [role=alert]").first).to_contain_text("Minyak goreng")
    page.fill("#f-quantity-3", SENT[2])
    page.click("main button.is-primary")
    page.wait_for_url(f"{address}/stok/perjalanan/*")
    left = lying(work, shop)
    assert (left["beras"], left["mie_instan"], left["sarden"], left["kasur"]) == (450, 440, 96, 18)
    assert faults(page, page.url) == []

    fixed_clock.advance(STEP)
    page.set_viewport_size(PHONE)
    page.goto(f"{address}/stok/opname")
    page.get_by_role("button", name="Mulai menghitung sekarang").click()
    page.wait_for_url(f"{address}/stok/opname/*")
    counted_at = page.url
    # Two blankets fewer lie there than the books say; whoever counts is not shown what they say.
    shelf = left | {"selimut": left["selimut"] - 2}
    fields = page.locator("[data-counted]")
    assert fields.count() == 10
    codes = [one.get_attribute("name") or "" for one in fields.all()]
    with work.read_by(ACTOR) as tx:
        item_of = {one.batch.code: one.batch.item.code for one in batch_balances(tx, place_ids=[shop.warehouse])}
    for index, name in enumerate(codes):
        fields.nth(index).fill(str(shelf[next(item for code, item in item_of.items() if code in name)]))
        fields.nth(index).press("Enter")
        page.wait_for_timeout(150)
    assert faults(page, page.url) == []
    page.get_by_role("button", name="Hitung ulang yang berbeda").click()
    again = page.locator("[data-counted]:not([disabled])")
    expect(again).to_have_count(1)
    again.fill(str(shelf["selimut"]))
    again.press("Enter")
    page.get_by_role("link", name="Lihat perbandingan").click()
    page.locator("select[name^=reason]").select_option(index=1)
    page.get_by_role("button", name="Ajukan hasil").click()
    expect(page.locator("main")).to_contain_text("Menunggu persetujuan")
    assert page.get_by_role("button", name="Setujui").count() == 0
    assert lying(work, shop) == left

    head = enter("kepala")
    head.goto(counted_at)
    head.get_by_role("button", name="Setujui").first.click()
    head.locator("dialog[open] button.is-primary").click()
    expect(head.locator("main")).to_contain_text("Disetujui")
    assert lying(work, shop) == shelf
    assert_sound(work)
