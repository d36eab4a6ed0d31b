"""The board and a post's list on paper: one page for the board, the head repeats, hostile texts are only text."""

from __future__ import annotations

from datetime import date

import pytest

from reports import board_sheet, post_list
from reports.sheet import A4, DEMO_BAND, F4, Sheet
from tests.reports.builders import DEMO_LETTERHEAD, LETTERHEAD
from tests.reports.reading import fonts, page_count, words
from tests.reports.test_receipt import HOSTILE


def board(posts: int, name: str = "Balai Desa") -> board_sheet.BoardPaperView:
    cell = "70/70 kel., 270 jiwa, min. 787 kg; Gudang Induk Dinas Sosial"
    return board_sheet.BoardPaperView(
        letterhead=DEMO_LETTERHEAD, occasion="Banjir rob Pulau Contoh", subtitle="21–27 November 2026",
        sheets=(
            board_sheet.BoardSheetView(
                days=tuple(f"Hari {day}" for day in range(1, 8)),
                rows=tuple(
                    board_sheet.BoardRowView(post=f"{name} {no}", cells=(cell, *["–"] * 6), total="70 kel., 270 jiwa")
                    for no in range(1, posts + 1)
                ),
                totals=("70/70 kel.",) * 7,
            ),
        ),
        total="490 kel.", waiting="Menunggu: 12 keluarga.", notes=("Berat Kasur belum diketahui.",),
    )  # fmt: skip


def a_list(households: int, hour: str, name: str) -> post_list.PostListView:
    goods = (post_list.PostGoodsView(item="Beras", quantity="787 kg", weight="787 kg"),)
    return post_list.PostListView(
        letterhead=LETTERHEAD, occasion="Banjir", is_term=False, round_no=1, post=name, address=name, opening="08.00",
        capacity=70, serve_on=date(2026, 11, 21), households=households, persons=4 * households, vulnerable=3,
        weight="min. 787 kg", unknown=("Kasur",), goods=goods,
        brought=(post_list.BroughtView(warehouse="Gudang Induk", weight="787 kg", goods=goods),),
        lines=tuple(
            post_list.ServedView(
                hour=hour, package_code=f"PKT-26-{no:06d}-0", name=f"{name} {no}", village="Desa", persons=4,
                items="Beras 14 kg; Kasur 1 buah",
            )
            for no in range(1, households + 1)
        ),
        printed="Dicetak hari ini.",
    )  # fmt: skip


@pytest.mark.parametrize("sheet", [A4, F4], ids=["A4", "F4"])
@pytest.mark.parametrize("posts", [0, 1, 8, 12])
def test_the_board_is_one_page_across(sheet: Sheet, posts: int):
    printed = board_sheet.build(board(posts), sheet)
    assert page_count(printed) == 1
    said = words(printed)
    assert all(text in said for text in ("Jumlah per hari", "490 kel.", "Menunggu: 12 keluarga.", DEMO_BAND))
    assert all(fonts(printed).values())


def test_a_board_of_very_many_posts_goes_on_with_its_head():
    printed = board_sheet.build(board(60))
    assert page_count(printed) > 1
    assert all("Hari 7" in words(printed, page) for page in range(page_count(printed) - 1))


@pytest.mark.parametrize("hour", ["", "08:00–10:00"])
def test_the_list_of_a_post_tells_everybody_in_order_and_hours_only_where_there_are_any(hour: str):
    printed = post_list.build(a_list(40, hour, "Balai Desa"), F4)
    said = words(printed)
    assert said.index("PKT-26-000001-0") < said.index("PKT-26-000040-0")
    assert ("Jam Kode paket" in said) == bool(hour)
    assert "Berat belum diketahui: Kasur." in said and "40 keluarga, 160 jiwa" in said


def test_hostile_texts_print_and_the_same_view_gives_the_same_bytes():
    for text in HOSTILE:
        assert page_count(post_list.build(a_list(2, "", text))) >= 1
        assert page_count(board_sheet.build(board(2, text))) == 1
    assert board_sheet.build(board(3)) == board_sheet.build(board(3))
    assert page_count(post_list.build(a_list(0, "", "Titik"))) == 1
