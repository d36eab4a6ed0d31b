"""A list drawn by criteria: who fits, who not and why, the quota's order, and drawing again."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import dataclass, replace
from uuid import UUID

import pytest
import sqlalchemy as sa

from core.errors import Conflict, Forbidden, Invalid, NotFound
from core.measures import Period
from core.work import Work
from logistics.planning.commands import approve_round, plan_round
from logistics.programmes.commands import (
    AddEntry,
    Exclude,
    Propose,
    add_entry,
    exclude_entry,
    propose,
    restore_entry,
    verify_list,
)
from logistics.programmes.drawing import DrawList, ListPreview, draw_list, drawn_by, excluded_households, preview_list
from logistics.programmes.models import Term
from logistics.programmes.queries import term_by_id
from logistics.programmes.sk_file import MatchFile, match_file, read_sk
from logistics.programmes.states import Origin, RowOutcome, Unit
from registry_link.households.models import Member
from registry_link.households.selection import Criteria, Trait
from tests.logistics import week
from tests.logistics.programmes import lists
from tests.logistics.programmes.lists import (
    E1,
    E2,
    EAST,
    HEAD,
    OFFICER,
    SECOND,
    VILLAGE,
    W1,
    WEST,
    Person,
    a_household,
    a_term,
)
from tests.support.builders import SYSTEM

OLD = Person(age=70)


@pytest.fixture
def registry(work: Work) -> Work:
    lists.a_registry(work)
    return work


def preview(work: Work, order: DrawList) -> ListPreview:
    with work.read_by(OFFICER) as tx:
        return preview_list(tx, order)


def reasons(work: Work, order: DrawList) -> dict[UUID, str]:
    """Give the reason of everybody who would not be drawn."""
    with work.read_by(OFFICER) as tx:
        page = excluded_households(tx, order, limit=200)
    assert page.total == len(page.rows) == len({one.household_id for one in page.rows})
    return {one.household_id: one.reason_code for one in page.rows}


def draw(work: Work, order: DrawList) -> tuple[int, int, int]:
    with work.by(OFFICER) as tx:
        done = draw_list(tx, order)
    return done.added, done.kept, done.removed


def test_the_first_reason_counts(registry: Work):
    fits = a_household(registry, decile=2, people=(OLD,))
    a_household(registry, decile=9, people=(OLD,))
    a_household(registry, decile=None, people=(OLD,))
    a_household(registry, decile=2, people=(Person(age=30),))
    small = a_household(registry, W1, decile=2, people=(Person(age=30), Person(age=3)))
    stated = a_household(registry, W1, decile=3, stated={"adults": 2, "elderly": 1})
    a_household(registry, W1, decile=3, people=(Person(), replace(OLD, is_present=False)))
    term_id = a_term(registry)
    order = DrawList(term_id=term_id, criteria=Criteria(most_decile=4, traits=(Trait.ELDERLY, Trait.TODDLER)))
    shown = preview(registry, order)
    assert (shown.fits, shown.drawn, shown.over) == (3, 3, 0)
    assert dict(shown.excluded) == {"list.decile_unknown": 1, "list.decile": 1, "list.trait": 2}
    with registry.read_by(OFFICER) as tx:
        page = excluded_households(tx, order)
        over = excluded_households(tx, order, reason_code="list.over_quota")
        west = excluded_households(tx, order, district_code=WEST)
        second = excluded_households(tx, order, limit=1, offset=1)
    assert [one.reason("id") for one in page.rows] == [
        "Desil 9; kriteria meminta desil ≤ 4.",
        "Desilnya belum ada; kriteria meminta desil ≤ 4.",
        "Tidak ada anggota yang termasuk: lansia, balita.",
        "Tidak ada anggota yang termasuk: lansia, balita.",
    ]
    assert page.rows[2].reason("en") == "Has no member among: elderly, under five."
    assert (over.total, west.total, second.total) == (0, 1, 4)
    assert second.rows == page.rows[1:2]
    assert draw(registry, order) == (3, 0, 0)
    assert {fits, small, stated} == set(lists.listed(registry, term_id))
    with registry.read_by(OFFICER) as tx:
        assert drawn_by(term_by_id(tx, term_id)) == order
    assert "lansia" in shown.rule("id")
    assert "decile" in shown.rule("en")


def test_the_quota_is_filled_in_the_declared_order(registry: Work):
    poor = a_household(registry, decile=3)
    unknown = a_household(registry, decile=None)
    poorest = a_household(registry, E2, decile=1)
    vulnerable = a_household(registry, E2, decile=3, people=(Person(), Person(age=1)))
    elsewhere = a_household(registry, W1, decile=1)
    term_id = a_term(registry, quotas={EAST: 2})
    order = DrawList(term_id=term_id, criteria=Criteria(districts=(EAST, WEST)))
    shown = preview(registry, order)
    assert [(one.district_code, one.quota, one.fits, one.drawn, one.over) for one in shown.districts] == [
        (EAST, 2, 4, 2, 2), (WEST, 0, 1, 0, 1),
    ]  # fmt: skip
    with registry.read_by(OFFICER) as tx:
        page = excluded_households(tx, order)
    assert draw(registry, order) == (2, 0, 0)
    entries = lists.listed(registry, term_id)
    assert {one: row.rank for one, row in entries.items()} == {poorest: 1, vulnerable: 2}
    assert {row.household_id: row.facts["rank"] for row in page.rows} == {poor: 3, unknown: 4, elsewhere: 1}
    assert page.rows[0].reason("id") == "Memenuhi kriteria, tetapi urutan ke-3 di Kec. Timur; kuota 2, 0 sudah terisi."
    # Without districts of its own the question goes to those that have a quota.
    shown = preview(registry, DrawList(term_id=term_id, criteria=Criteria()))
    assert [one.district_code for one in shown.districts] == [EAST]


def test_drawing_again_replaces_only_what_the_criteria_brought(registry: Work):
    first, second, third, fourth, fifth, sixth = (
        a_household(registry, decile=decile, people=(Person(name=f"Nama {decile}", nik=nik),))
        for decile, nik in zip(
            range(1, 7), (f"990101010180000{n}" for n in range(1, 7)), strict=True
        )
    )  # fmt: skip
    term_id = a_term(registry, quotas={EAST: 5})
    assert draw(registry, DrawList(term_id=term_id, criteria=Criteria(most_decile=4))) == (4, 0, 0)
    entries = lists.listed(registry, term_id)
    with registry.by(VILLAGE) as tx:
        propose(tx, Propose(term_id=term_id, entry_ids=(entries[first].id,)))
        exclude_entry(tx, Exclude(entry_id=entries[second].id, reason="Sudah pindah"))
        add_entry(tx, AddEntry(term_id=term_id, household_id=sixth))
    with registry.by(OFFICER) as tx:  # the file names one whom the criteria brought
        made = match_file(
            tx, MatchFile(term_id=term_id, file=read_sk(b"nik\n9901010101800003\n9901010101800005\n", "a.csv"))
        )
    assert made.counts == {RowOutcome.MATCHED: 1, RowOutcome.ALREADY_LISTED: 1}
    # On the list stay: first, sixth, third and fifth; the quota has one place left.
    order = DrawList(term_id=term_id, criteria=Criteria())
    shown = preview(registry, order)
    assert (shown.fits, shown.drawn, shown.districts[0].listed) == (1, 1, 4)
    assert reasons(registry, order) == {
        first: "list.on_list", third: "list.on_list", fifth: "list.on_list", sixth: "list.on_list",
        second: "list.left_out",
    }  # fmt: skip
    assert draw(registry, order) == (0, 1, 0)
    assert draw(registry, order) == (0, 1, 0)
    assert draw(registry, DrawList(term_id=term_id, criteria=Criteria(most_decile=1))) == (0, 0, 1)
    assert set(lists.listed(registry, term_id)) == {first, second, third, fifth, sixth}
    assert fourth not in lists.listed(registry, term_id)
    with registry.by(OFFICER) as tx:
        restore_entry(tx, entries[second].id)
    assert draw(registry, DrawList(term_id=term_id, criteria=Criteria(most_decile=2))) == (0, 1, 0)


def test_who_is_on_another_list_for_the_same_months(registry: Work):
    one, two = a_household(registry), a_household(registry)
    other = a_term(registry, name="PKH Contoh")
    later = a_term(registry, name="Lain", period=Period(week.MONDAY.replace(year=2027), week.MONDAY.replace(year=2028)))
    term_id = a_term(registry)
    for each, household_id in ((other, one), (later, two)):
        with registry.by(OFFICER) as tx:
            add_entry(tx, AddEntry(term_id=each, household_id=household_id))
    with registry.read_by(OFFICER) as tx:
        programmes = tuple(term_by_id(tx, each).programme_id for each in (other, later))
    order = DrawList(term_id=term_id, criteria=Criteria(), not_in_programme_ids=programmes)
    assert reasons(registry, order) == {one: "list.in_programme"}
    with registry.read_by(OFFICER) as tx:
        told = excluded_households(tx, order).rows[0].reason("id")
    assert told == "Sudah masuk daftar lain untuk bulan yang sama: PKH Contoh – Tahap I."
    assert reasons(registry, replace(order, not_in_programme_ids=())) == {}


def test_who_was_promised_help_in_the_last_weeks(work: Work):
    made = week.a_week(work)
    lists.the_regions(work)
    helped, other = a_household(work), a_household(work)
    with work.by(week.OFFICER) as tx:
        plan = plan_round(tx, week.order(work, made, [week.household(1, household_id=helped, village_code=E1)]))
    term_id = a_term(work)
    order = DrawList(term_id=term_id, criteria=Criteria(), not_helped_weeks=2)
    assert reasons(work, order) == {}, "a plan that nobody approved promises nothing"
    with work.by(week.SECOND) as tx:
        approve_round(tx, plan.round_id)
    assert reasons(work, order) == {helped: "list.helped"}
    with work.read_by(OFFICER) as tx:
        row = excluded_households(tx, order).rows[0]
    assert "2 minggu" in row.reason("id")
    assert "November 2026" in row.reason("en")
    assert draw(work, order) == (1, 0, 0)
    assert set(lists.listed(work, term_id)) == {other}


def test_persons_are_chosen_by_their_traits(registry: Work):
    couple = a_household(registry, people=(OLD, Person(age=65), Person(age=30)))
    a_household(registry, people=(Person(age=30),))
    rich = a_household(registry, decile=9, people=(OLD,))
    term_id = a_term(registry, unit=Unit.PERSON)
    order = DrawList(term_id=term_id, criteria=Criteria(traits=(Trait.ELDERLY,), most_decile=5))
    shown = preview(registry, order)
    assert (shown.unit, shown.fits, shown.drawn, dict(shown.excluded)) == (Unit.PERSON, 2, 2, {"list.decile": 1})
    with registry.read_by(OFFICER) as tx:
        page = excluded_households(tx, order)
    assert [(one.household_id, one.person_name) for one in page.rows] == [(rich, OLD.name)]
    assert draw(registry, order) == (2, 0, 0)
    entries = lists.listed(registry, term_id)
    with registry.read_by(SYSTEM) as tx:
        members = set(
            tx.session.scalars(sa.select(Member.id).where(Member.household_id == couple, Member.age_years > 60))
        )
    assert set(entries) == members
    assert {row.household_id for row in entries.values()} == {couple}
    with pytest.raises(Invalid) as refused:
        preview(registry, replace(order, criteria=Criteria()))
    assert (refused.value.code, refused.value.field) == ("list.person_needs_trait", "traits")


# ---------------------------------------------------------------- against a list made by hand


@dataclass(frozen=True)
class Known:
    """A household as the test remembers it."""

    id: UUID
    no: int
    village: str
    decile: int | None
    people: tuple[Person, ...]
    stated: dict[str, int] | None

    @property
    def size(self) -> int:
        return sum(self.stated.values()) if self.stated else len(self.people)

    def has(self, trait: Trait) -> bool:
        if self.stated:
            told = {Trait.ELDERLY: "elderly", Trait.TODDLER: "toddlers", Trait.CHILD: "children"}
            return self.stated.get(told.get(trait, ""), 0) > 0
        return any(has(one, trait) for one in self.people)

    @property
    def vulnerable(self) -> int:
        if self.stated:
            return self.stated.get("elderly", 0) + self.stated.get("toddlers", 0)
        return sum(
            any(has(one, trait) for trait in Trait if trait is not Trait.CHILD) for one in self.people
        )  # fmt: skip


def has(one: Person, trait: Trait) -> bool:
    return {
        Trait.ELDERLY: one.age >= 60, Trait.TODDLER: one.age < 5, Trait.CHILD: 5 <= one.age < 18,
        Trait.PREGNANT: one.is_pregnant, Trait.DISABLED: one.has_disability,
    }.get(trait, False)  # fmt: skip


def a_population(work: Work, rng: random.Random, number: int) -> list[Known]:
    known = []
    with work.by(SYSTEM) as tx:
        for no in range(number):
            village = rng.choice((E1, E1, E2, W1))
            decile = rng.choice((None, 1, 1, 2, 3, 4, 5, 8))
            stated = (
                {"adults": rng.randint(1, 3), "elderly": rng.randint(0, 1), "toddlers": rng.randint(0, 1)}
                if rng.random() < 0.15
                else None
            )
            people = () if stated else tuple(
                Person(age=rng.choice((0, 4, 5, 12, 17, 18, 35, 59, 60, 80)), is_pregnant=rng.random() < 0.1,
                       has_disability=rng.random() < 0.1)
                for _ in range(rng.randint(1, 5))
            )  # fmt: skip
            one = lists.put_household(tx, village, decile=decile, people=people, stated=stated)
            known.append(Known(one, no, village, decile, people, stated))
    return known


def reason_of(one: Known, asked: Criteria, on_list: set[UUID]) -> str:
    if one.id in on_list:
        return "list.on_list"
    if asked.least_decile or asked.most_decile:
        if one.decile is None:
            if not asked.with_unknown_decile:
                return "list.decile_unknown"
        elif not (asked.least_decile or 1) <= one.decile <= (asked.most_decile or 10):
            return "list.decile"
    if not (asked.least_size or 1) <= one.size <= (asked.most_size or 1000):
        return "list.size"
    return "" if not asked.traits or any(one.has(trait) for trait in asked.traits) else "list.trait"


@pytest.mark.parametrize("seed", range(3))
def test_everybody_in_scope_is_drawn_or_has_exactly_one_reason(registry: Work, seed: int):
    rng = random.Random(seed)
    known = a_population(registry, rng, 60)
    quotas: dict[str, int] = rng.choice(({}, {EAST: rng.randint(1, 12), WEST: rng.randint(1, 9)}, {EAST: 7}))
    term_id = a_term(registry, quotas=quotas)
    added = {one.id for one in rng.sample(known, 4) if one.village[:8] in (quotas or {EAST: 0, WEST: 0})}
    for household_id in sorted(added):
        with registry.by(OFFICER) as tx:
            add_entry(tx, AddEntry(term_id=term_id, household_id=household_id))
    for _ in range(6):
        asked = Criteria(
            least_decile=rng.choice((None, None, 2)), most_decile=rng.choice((None, 3, 5)),
            districts=rng.choice(((), (EAST,), (EAST, WEST))), villages=rng.choice(((), (), (W1,))),
            traits=tuple(rng.sample(tuple(Trait), rng.randint(0, 3))), least_size=rng.choice((None, 2)),
            most_size=rng.choice((None, 4)), with_unknown_decile=rng.random() < 0.5,
        )  # fmt: skip
        scope = {*asked.districts, *asked.villages} or set(quotas) or {EAST, WEST}
        inside = [one for one in known if {one.village, one.village[:8]} & scope]
        expected = {one.id: reason_of(one, asked, added) for one in inside}
        drawn: dict[UUID, int] = {}
        for district in (EAST, WEST):
            fit = sorted(
                (one for one in inside if one.village[:8] == district and not expected[one.id]),
                key=lambda one: (one.decile or 99, -one.vulnerable, one.no),
            )
            held = sum(one.village[:8] == district for one in known if one.id in added)
            most = max(0, quotas.get(district, 0) - held) if quotas else len(fit)
            drawn |= {one.id: rank for rank, one in enumerate(fit[:most], 1)}
            expected |= {one.id: "list.over_quota" for one in fit[most:]}
        left = {one: reason for one, reason in expected.items() if reason}

        order = DrawList(term_id=term_id, criteria=asked)
        shown = preview(registry, order)
        assert reasons(registry, order) == left
        assert dict(shown.excluded) == dict(Counter(left.values()))
        assert shown.fits == shown.drawn + shown.over
        assert shown.drawn == len(drawn)
        assert shown.drawn + shown.excluded_total == len(inside)
        for one in shown.districts:
            assert one.fits == one.drawn + one.over
            assert one.over == one.excluded.get("list.over_quota", 0)
        for code, number in shown.excluded.items():
            with registry.read_by(OFFICER) as tx:
                page = excluded_households(tx, order, reason_code=code, limit=200)
            assert page.total == number == len(page.rows)
            assert {row.household_id for row in page.rows} == {one for one, why in left.items() if why == code}
            assert all(
                row.reason(lang).strip() and "…" not in row.reason(lang) for row in page.rows for lang in ("id", "en")
            )

        before = {one for one, row in lists.listed(registry, term_id).items() if row.origin is Origin.CRITERIA}
        done = draw(registry, order)
        assert done == (len(drawn.keys() - before), len(drawn.keys() & before), len(before - drawn.keys()))
        entries = lists.listed(registry, term_id)
        assert {one: row.rank for one, row in entries.items() if row.origin is Origin.CRITERIA} == drawn
        assert entries.keys() == drawn.keys() | added


# ---------------------------------------------------------------- refusals


def test_who_may_not_draw(registry: Work):
    a_household(registry)
    order = DrawList(term_id=a_term(registry), criteria=Criteria())
    for actor in (VILLAGE, HEAD):
        with registry.by(actor) as tx:
            for act in (preview_list, excluded_households, draw_list):
                with pytest.raises(Forbidden):
                    act(tx, order)
    assert lists.listed(registry, order.term_id) == {}


@pytest.mark.parametrize(
    ("criteria", "more", "code", "field"),
    [
        (Criteria(least_decile=0), {}, "list.decile_range", "least_decile"),
        (Criteria(most_decile=11), {}, "list.decile_range", "most_decile"),
        (Criteria(least_decile=5, most_decile=4), {}, "list.decile_range", "least_decile"),
        (Criteria(least_size=0), {}, "list.size_range", "least_size"),
        (Criteria(districts=("99.02.01",)), {}, "list.region", "districts"),
        (Criteria(districts=(E1,)), {}, "list.region", "districts"),
        (Criteria(villages=(EAST,)), {}, "list.region", "villages"),
        (Criteria(), {"not_helped_weeks": -1}, "list.weeks_range", "not_helped_weeks"),
        (Criteria(), {"not_helped_weeks": 200}, "list.weeks_range", "not_helped_weeks"),
    ],
)
def test_orders_that_make_no_sense(registry: Work, criteria: Criteria, more: dict[str, int], code: str, field: str):
    a_household(registry)
    order = DrawList(term_id=a_term(registry), criteria=criteria, **more)  # type: ignore[arg-type]
    with registry.by(OFFICER) as tx, pytest.raises(Invalid) as refused:
        draw_list(tx, order)
    assert (refused.value.code, refused.value.field) == (code, field)
    assert lists.listed(registry, order.term_id) == {}


def test_what_cannot_be_drawn(registry: Work):
    household_id = a_household(registry)
    cards = a_term(registry, name="Sembako", unit=Unit.CARD)
    term_id = a_term(registry)
    with registry.by(OFFICER) as tx:
        with pytest.raises(Invalid) as refused:
            preview_list(tx, DrawList(term_id=cards, criteria=Criteria()))
        assert refused.value.code == "list.card_by_file"
        with pytest.raises(NotFound):
            preview_list(tx, DrawList(term_id=household_id, criteria=Criteria()))
        with pytest.raises(NotFound):
            preview_list(tx, DrawList(term_id=term_id, criteria=Criteria(), not_in_programme_ids=(household_id,)))
        with pytest.raises(Invalid):
            excluded_households(tx, DrawList(term_id=term_id, criteria=Criteria()), limit=1000)
    order = DrawList(term_id=term_id, criteria=Criteria())
    draw(registry, order)
    with registry.by(OFFICER) as tx:
        propose(tx, Propose(term_id=term_id, village_code=EAST, basis="BA Musdes 1/2026"))
    with registry.by(SECOND) as tx:
        verify_list(tx, term_id)
    with pytest.raises(Conflict):
        draw(registry, replace(order, criteria=Criteria(most_decile=1)))
    assert set(lists.listed(registry, term_id)) == {household_id}
    with registry.read_by(SYSTEM) as tx:
        term = tx.session.get_one(Term, term_id)
        assert drawn_by(term_by_id(tx, term.id)) == order
