"""Ten lines received by the keyboard alone, and rows pasted from a spreadsheet, in a real browser."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Page

from core.actor import Role
from core.work import Work
from stock.ledger.queries import batch_balances
from stock.places.kinds import PlaceKind
from tests.browser.looking import SCREENS, Opens, faults
from tests.stock.shop import ACTOR, Shop, open_shop
from tests.support.builders import a_person

TEN = (
    ("beras", "10 karung 50 kg", "31/12/2027"), ("mi inst", "12 dus", "30/6/2027"), ("minyak", "120", "1/3/2028"),
    ("gula", "80", ""), ("sarden", "5 karton", "1/1/2029"), ("kornet", "96", ""), ("kecap", "40", ""),
    ("kasur", "20", ""), ("selimut", "60", ""), ("tikar", "35", ""),
)  # fmt: skip
"""What is typed of each line: item, quantity, and the expiry where it is not the one above's."""
KEYSTROKES_A_LINE = 26
"""Ten lines in a minute are 26 keystrokes each at 260 a minute, the speed of somebody who types every day."""


@pytest.fixture
def shop(work: Work) -> Shop:
    made = open_shop(work)
    a_person(work, Role.LOGISTICS, username="logistik")
    return made


@pytest.fixture
def page(enter: Opens, shop: Shop) -> Page:
    return enter("logistik")


class Keys:
    """The keyboard, counting what is pressed."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.pressed = 0

    def type(self, text: str) -> None:
        self.page.keyboard.type(text)
        self.pressed += len(text)

    def press(self, key: str) -> None:
        self.page.keyboard.press(key)
        self.pressed += 1


def lying(work: Work) -> dict[str, Any]:
    with work.read_by(ACTOR) as tx:
        return {one.batch.item.code: one for one in batch_balances(tx, kinds=(PlaceKind.WAREHOUSE,))}


def test_ten_lines_are_received_by_the_keyboard_alone(page: Page, address: str, work: Work):
    page.goto(f"{address}/stok/terima")
    page.focus("#f-incoming_document")
    keys = Keys(page)
    keys.type("BAST-10/UJI")
    for _ in range(4):  # the day, the giver, another giver: as they stand
        keys.press("Tab")
    before = keys.pressed
    for no, (item, quantity, expires) in enumerate(TEN, 1):
        assert page.evaluate("document.activeElement.name") == f"goods-{no}"
        keys.type(item)
        keys.press("Tab")
        keys.type(quantity)
        if expires or no == 1:
            keys.press("Tab")
            keys.press("Tab")
            keys.press("Control+A")
            keys.type(expires)
        if no == 1:
            keys.press("Tab")
            keys.type("apbd")
        keys.press("Enter")
    a_line = (keys.pressed - before) / len(TEN)
    assert a_line <= KEYSTROKES_A_LINE, a_line
    # Control and Enter send the form from any line.
    keys.press("Control+Enter")
    page.wait_for_url("**/stok/dokumen/**")
    assert "SBBM" in page.inner_text("h1")
    found = lying(work)
    assert len(found) == len(TEN)
    assert {code: found[code].on_hand_milli for code in ("beras", "mie_instan", "sarden")} == {
        "beras": 500_000, "mie_instan": 480_000, "sarden": 120_000,
    }  # fmt: skip
    assert found["gula_pasir"].batch.expires_on == found["minyak_goreng"].batch.expires_on
    assert found["kasur"].batch.expires_on is None
    assert len({one.batch.funding_source for one in found.values()}) == 1


ROWS = (
    "Nama barang\tJumlah\tSatuan\tED\tSumber dana\tHarga satuan\n"
    "Beras\t1.200\tkg\t31/12/2027\tAPBN\tRp12.000\n"
    "Indomie\t50\tdus\t1/6/2027\tHibah\t100.000\n"
    "Kasur busa\t20\tbuah\t\t\t\n"
    "Tikar\t15\tlembar\t\tAPBD\t\n"
    "Selimut\t40\tlembar\t\t\t\n"
    "Kecap\t24\tbotol\t2/2/2028\t\t\n"
)


def test_rows_of_a_spreadsheet_fill_the_lines(page: Page, address: str, work: Work):
    page.goto(f"{address}/stok/terima")
    page.fill("#f-incoming_document", "BAST-11/UJI")
    page.focus("#f-goods-1")
    page.evaluate(
        """(text) => {
            const given = new DataTransfer();
            given.setData("text/plain", text);
            const paste = new ClipboardEvent("paste", { clipboardData: given, bubbles: true, cancelable: true });
            document.activeElement.dispatchEvent(paste);
        }""",
        ROWS,
    )
    assert "6 baris" in page.inner_text("#lines-told")
    assert page.input_value("#f-quantity-2") == "50 dus"
    assert page.get_attribute("#f-value_rp-2", "placeholder") == "5.000.000"
    page.click("main button.is-primary")
    page.wait_for_url("**/stok/dokumen/**")
    found = lying(work)
    assert {code: one.on_hand_milli // 1000 for code, one in found.items()} == {
        "beras": 1200, "mie_instan": 2000, "kasur": 20, "tikar": 15, "selimut": 40, "kecap": 24,
    }  # fmt: skip
    assert found["beras"].value_rp == 14_400_000
    assert found["kasur"].batch.funding_source == found["mie_instan"].batch.funding_source


@SCREENS
@pytest.mark.parametrize("path", ["/stok/terima", "/stok/pindah", "/stok/kedatangan", "/stok/kedatangan/baru",
                                  "/stok/perjalanan"])  # fmt: skip
def test_the_pages_of_coming_and_going_can_be_used_by_everybody(
    page: Page, address: str, size: Any, scheme: Any, path: str
):
    page.emulate_media(color_scheme=scheme)
    page.set_viewport_size(size)
    page.goto(f"{address}{path}")
    assert faults(page, path) == []
