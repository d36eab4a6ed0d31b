from __future__ import annotations

import json
from uuid import uuid5

import pytest

from core.errors import Malformed, TooLarge
from core.ids import NAMESPACE
from core.measures import Milli
from logistics.packages.needs_profile import SKIP, Chosen, RowOutcome, judge, lines_of
from logistics.packages.profile_file import MOST_ROWS, ProfileFile, parse
from logistics.packages.rules import Basis, Days, People, need_of
from stock.items.queries import ItemView, PackView
from stock.items.seed import SEED

CATALOGUE = tuple(
    ItemView(
        id=uuid5(NAMESPACE, one.code), code=one.code, name_id=one.name_id, name_en=one.name_en, category=one.category,
        base_unit=one.base_unit, step_milli=Milli(one.step_milli), does_expire=one.does_expire,
        is_durable=one.is_durable, is_stocked=one.is_stocked, is_active=True, source=one.source,
        packs=tuple(
            PackView(id=uuid5(NAMESPACE, pack.name), name=pack.name, quantity_milli=pack.quantity_milli, source="")
            for pack in one.packs
        ),
        aliases=one.aliases, variants=(),
    )
    for one in SEED
)  # fmt: skip


def profile(*rows: object) -> ProfileFile:
    return parse(json.dumps(list(rows)).encode(), "profil.json")


def row(resource: str, default: object, unit: str, frequency: str) -> dict[str, object]:
    return {"resource": resource, "default": default, "unit": unit, "frequency": frequency}


def test_both_spellings_of_the_form_say_the_same():
    short = profile(row("Beras", 2.8, "kg", "weekly"))
    long = parse(
        json.dumps(
            {
                "profile": "BNPB_id", "provenance": "Perka BNPB 7/2008",
                "resources": [
                    {"Resource name": "Beras", "Default": "2.8", "Unit": "kilogram", "Units": "kilogram",
                     "Unit abbreviation": "kg", "Frequency": "mingguan"}
                ],
            }
        ).encode(), "BNPB_id.json",
    )  # fmt: skip
    (one,), (other,) = judge(short, CATALOGUE, 7), judge(long, CATALOGUE, 7)
    assert one.line is not None and other.line is not None
    assert (one.line.rate_milli, one.line.is_daily, one.line.per_n) == (400, True, 1)
    assert (other.line.rate_milli, other.line.is_daily, other.line.per_n) == (400, True, 1)
    assert other.line.source_id == "Perka BNPB 7/2008: 2.8 kg / mingguan"


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (row("Rice", "2.8", "kg", "weekly"), 14_000),
        (row("Rice", "400", "g", "daily"), 14_000),
        (row("Beras", "0.28", "karung 10 kg", "mingguan"), 14_000),
        (row("Family kit", "0.2", "", "weekly"), 1000),
        (row("Selimut", 1, "lembar", "once"), 5000),
        (row("Gula pasir", "1", "kg", "monthly"), 1167),
        (row("Mi instan", "0.1", "dus", "mingguan"), 20_000),
    ],
)
def test_a_row_becomes_a_line_that_gives_five_persons_exactly_its_amount(given: dict[str, object], expected: int):
    (judged,) = judge(profile(given), CATALOGUE, 7)
    assert judged.outcome is RowOutcome.TAKEN and judged.line is not None
    assert judged.line.basis is Basis.PERSON
    (need,) = need_of([judged.line], People(persons=5, adults=5), Days(1, 7)).items
    assert need.exact_milli == expected


def test_every_row_has_an_outcome_and_a_choice_settles_it():
    file = profile(
        row("Toilet", "0.05", "", "single"), row("Air bersih", "67", "l", "weekly"), row("Lampu sihir", 1, "", "once"),
        row("Beras", "dua", "kg", "weekly"), row("Beras", "2.8", "kg", "kadang-kadang"),
        row("Beras", "1", "gerobak", "daily"), "hanya kata", row("Beras", "-1", "kg", "daily"),
        row("Beras", "NaN", "kg", "daily"),
    )  # fmt: skip
    found = [one.outcome for one in judge(file, CATALOGUE, 7)]
    assert found == [
        RowOutcome.NOT_OURS, RowOutcome.NOT_OURS, RowOutcome.UNKNOWN_ITEM, RowOutcome.UNREADABLE,
        RowOutcome.UNREADABLE, RowOutcome.UNKNOWN_UNIT, RowOutcome.UNKNOWN_ITEM, RowOutcome.UNREADABLE,
        RowOutcome.UNREADABLE,
    ]  # fmt: skip
    chosen = {
        1: Chosen(item_code="family_kit"), 3: Chosen(item_code=SKIP), 6: Chosen(each_milli=Milli(25_000)),
    }  # fmt: skip
    settled = judge(file, CATALOGUE, 7, chosen)
    assert [settled[place].outcome for place in (0, 2, 5)] == [
        RowOutcome.TAKEN, RowOutcome.SKIPPED, RowOutcome.TAKEN,
    ]  # fmt: skip
    assert [line.rate_milli for line in lines_of(settled)] == [1000, 25_000]
    assert lines_of(settled)[0].per_n == 20


@pytest.mark.parametrize("content", [b"{", b"[]", b"3", b'{"resources": {}}', b"\xff\xfe", b"[" * 100_000])
def test_what_is_no_profile_is_refused(content: bytes):
    with pytest.raises(Malformed):
        parse(content, "x.json")


def test_a_profile_of_too_many_rows_is_refused():
    with pytest.raises(TooLarge):
        profile(*([row("Beras", 1, "kg", "daily")] * (MOST_ROWS + 1)))
