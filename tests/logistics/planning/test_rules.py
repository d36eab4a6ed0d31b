from __future__ import annotations

from uuid import uuid5

from core.ids import NAMESPACE
from core.measures import Milli
from logistics.planning.rules import Shelf, Want, lasts_days
from logistics.planning.shelves import take_from_shelves
from tests.logistics.planning.lists import BERAS, MONDAY, post


def test_the_nearest_warehouse_gives_first_and_the_next_one_the_rest():
    a, b = uuid5(NAMESPACE, "wa"), uuid5(NAMESPACE, "wb")
    posts = (post("P1", 131.0, 1), post("P2", 132.0, 1))
    shelves = (
        Shelf(place_id=b, code="G2", item_id=BERAS, free_milli=Milli(50_000), lon_deg=132.0, lat_deg=-7.9),
        Shelf(place_id=a, code="G1", item_id=BERAS, free_milli=Milli(10_000), lon_deg=131.0, lat_deg=-7.9),
    )
    wants = tuple(
        Want(post_id=one.post_id, serve_on=MONDAY, item_id=BERAS, quantity_milli=Milli(12_000)) for one in posts
    )
    takes = take_from_shelves(wants, shelves, posts)
    assert [(take.place_id, take.post_id, take.quantity_milli) for take in takes] == [
        (a, posts[0].post_id, 10_000),
        (b, posts[0].post_id, 2_000),
        (b, posts[1].post_id, 12_000),
    ]


def test_stock_lasts_whole_days_only():
    assert lasts_days(13_000, 14_000, 7) == 6
    assert lasts_days(14_000, 14_000, 7) == 7
    assert lasts_days(0, 14_000, 7) == 0
    assert lasts_days(5, 0, 7) is None
