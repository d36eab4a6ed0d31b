from __future__ import annotations

from dataclasses import replace

from core.measures import Milli
from core.work import Work
from logistics.packages.packing import Pack
from logistics.packages.rules import People
from logistics.packages.standard_queries import standard
from logistics.packages.standards import DefineStandard, approve_standard, define_standard
from logistics.planning.commands import plan_round
from tests.logistics.week import HEAD, OFFICER, a_week, household, order, package_of


def test_a_package_says_in_which_packs_its_rice_is_handed_over(work: Work):
    week = a_week(work)
    bags = tuple(Pack(name=f"karung {kg} kg", quantity_milli=Milli(kg * 1000)) for kg in (10, 5))
    with work.by(OFFICER) as tx:
        before = standard(tx, week.standard_id)
        lines = tuple(
            replace(line, packs=bags) if line.item_id == week.items["beras"] else line for line in before.rules
        )
        second = define_standard(
            tx,
            DefineStandard(
                code=before.code, name_id=before.name_id, name_en=before.name_en, days=7, legal_source="", lines=lines
            ),
        )
    with work.by(HEAD) as tx:
        approve_standard(tx, second)
    five = People(persons=5, adults=3, children=2, women=2)
    ordered = order(work, replace(week, standard_id=second), [household(1, five)])
    with work.by(OFFICER) as tx:
        made = plan_round(tx, ordered)
        found = package_of(tx, made.round_id, household(1).household_id)
    assert found is not None
    (rice,) = (line for line in found.lines if line.item_code == "beras")
    assert (rice.exact_milli, rice.quantity_milli) == (14_000, 15_000)
    assert rice.origin("id") == (
        "5 jiwa × 0,4 kg × 7 hari = 14 kg",
        "Kebutuhan tepat 14 kg; diserahkan 15 kg (pembulatan ke atas 1 kg).",
        "Diserahkan sebagai 1 karung 10 kg + 1 karung 5 kg.",
    )
