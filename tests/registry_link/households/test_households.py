"""Registering on the spot, searching, seeing masked, counting people, revealing a number."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date, timedelta
from uuid import UUID

import pytest
import sqlalchemy as sa

from core.actor import Role, ScopeKind
from core.audit import AccessRow, latest
from core.clock import FixedClock
from core.crypto import Secret
from core.errors import Conflict, Forbidden, Invalid, NotFound, TooMany
from core.work import Work
from registry_link.households import commands
from registry_link.households.commands import (
    HouseholdRow,
    MemberRow,
    NewCounts,
    NewMember,
    RegisterProvisional,
    register_provisional,
)
from registry_link.households.models import Household
from registry_link.households.queries import (
    SearchHouseholds,
    compositions,
    household,
    household_id_of,
    households_by_ids,
    positions,
    search_households,
    village_counts,
    villages_of_households,
)
from registry_link.households.revealing import Reveal, RevealReason, reveal
from registry_link.households.rules import Thresholds
from registry_link.households.states import PositionSource, Relation, Sex
from tests.registry_link.people import (
    DARAT,
    ILNGEI,
    LAUT,
    OLILIT,
    SAUM,
    WOWON,
    head,
    kk,
    merge,
    nik,
    person,
    with_regions,
)
from tests.support.racing import before_the_first_commits, just_before

LOG = person(Role.LOGISTICS)
HEAD = person(Role.HEAD)
VOL = person(Role.FIELD)
VIL = person(Role.VILLAGE, ScopeKind.VILLAGE, SAUM)
DAY = date(2026, 11, 16)


@pytest.fixture
def office(work: Work) -> Work:
    return with_regions(work)


@pytest.fixture
def peopled(office: Work) -> Work:
    names = [("Siti Aminah", SAUM), ("Siti Rahayu", OLILIT), ("Made Siti Ayu", WOWON), ("Anselmus Sitinjak", SAUM)]
    merge(office, [
        HouseholdRow(
            external_id=f"h{n}", village_code=village, rt="001", address="Jalan Laut 1", kk=Secret(kk(n)),
            lon_deg=131.0, lat_deg=-8.0, decile=3, members=(
                head(name, n),
                MemberRow(name=f"Budi Anak{n}", external_id=f"c{n}", birth_on=date(2020, 1, 1)),
            ),
        )
        for n, (name, village) in enumerate(names, start=1)
    ])  # fmt: skip
    return office


def order(**given: object) -> RegisterProvisional:
    values: dict[str, object] = {"head_name": "Petrus Contoh", "village_code": SAUM, **given}
    return RegisterProvisional(**values)  # type: ignore[arg-type]


def names(work: Work, text: str, village: str = "") -> list[str]:
    with work.read_by(LOG) as tx:
        found = search_households(tx, SearchHouseholds(text=text, village_code=village))
    return [line.head_name for line in found.lines]


def id_of(work: Work, name: str) -> UUID:
    with work.read_by(LOG) as tx:
        return tx.session.scalars(sa.select(Household.id).where(Household.head_name == name)).one()


# ---------------------------------------------------------------- registering


def test_a_household_is_registered_with_its_members(office: Work):
    with office.by(LOG) as tx:
        made = register_provisional(tx, order(
            kk=kk(1), head_nik=nik(1), head_birth_on=date(1986, 4, 2), rt="3", rw="RW 1", address="Dekat gereja",
            members=(NewMember(name="Ana", relation=Relation.CHILD, age_years=1),
                     NewMember(name="Rut", relation=Relation.SPOUSE, sex=Sex.FEMALE, age_years=30, is_pregnant=True)),
            lon_deg=131.31, lat_deg=-7.98, position_accuracy_m=6.5,
        ))  # fmt: skip
    with office.read_by(LOG) as tx:
        one = household(tx, made.id)
        (who,) = compositions(tx, [made.id], DAY)
    assert (one.code, one.rt, one.rw, one.size, one.is_provisional) == (made.code, "003", "001", 3, True)
    assert (one.kk, one.members[0].nik) == ("••••••••••••" + kk(1)[-4:], "••••••••••••" + nik(1)[-4:])
    assert [(m.name, m.age) for m in one.members] == [("Petrus Contoh", 40), ("Ana", 1), ("Rut", 30)]
    assert (one.position_source, one.position_accuracy_m) == (PositionSource.GPS, 6.5)
    assert (who.persons, who.adults, who.infants, who.pregnant, who.women) == (3, 2, 1, 1, 1)


def test_a_household_is_registered_by_counts(office: Work):
    with office.by(LOG) as tx:
        counts = NewCounts(infants=1, toddlers=1, children=2, adults=2, elderly=1, women=2, nursing=1, disabled=1)
        made = register_provisional(tx, order(counts=counts))
        (who,) = compositions(tx, [made.id], DAY)
    assert (who.persons, who.adults, who.children, who.infants, who.toddlers, who.elderly) == (7, 3, 4, 1, 1, 1)
    assert (who.women, who.pregnant, who.nursing, who.disabled) == (2, 0, 1, 1)


@pytest.mark.parametrize(
    ("given", "code", "field"),
    [
        ({"head_name": "  "}, "household.name_missing", "head.name"),
        ({"head_name": "=1+1"}, "registry.text_formula", "head.name"),
        ({"village_code": LAUT}, "household.village", "village_code"),
        ({"village_code": "99.01.01.2999"}, "household.village", "village_code"),
        ({"kk": "990101010120001"}, "registry.number_short", "kk"),
        ({"head_nik": "9901013002860001"}, "registry.number_date", "head.nik"),
        ({"head_birth_on": date(2030, 1, 1)}, "household.birth", "head.birth_on"),
        ({"head_age_years": 151}, "household.age", "head.age_years"),
        ({"counts": NewCounts()}, "household.size", "counts"),
        ({"counts": NewCounts(adults=51)}, "household.size", "counts"),
        ({"counts": NewCounts(adults=2, infants=-1)}, "household.count_negative", "counts.infants"),
        ({"counts": NewCounts(adults=2, pregnant=3)}, "household.count_beyond", "counts.pregnant"),
        ({"counts": NewCounts(adults=2), "members": (NewMember(name="A"),)}, "household.members_and_counts", "counts"),
        ({"rt": "RT B"}, "registry.unit_form", "rt"),
        ({"lon_deg": 131.0}, "household.position", "lon_deg"),
        ({"lon_deg": -8.0, "lat_deg": 131.0}, "household.position", "lon_deg"),
        ({"head_nik": nik(1), "members": (NewMember(name="A", nik=nik(1)),)}, "household.nik_twice", "members"),
        ({"members": (NewMember(name="A", sex=Sex.MALE, is_pregnant=True),)}, "household.pregnant",
         "members.0.is_pregnant"),
    ],
)  # fmt: skip
def test_a_wrong_registration_says_which_field_and_changes_nothing(
    office: Work, given: dict[str, object], code: str, field: str
):
    with pytest.raises(Invalid) as caught, office.by(LOG) as tx:
        register_provisional(tx, order(**given))
    assert (caught.value.code, caught.value.field) == (code, field)
    assert not any("990101" in str(fact) for fact in caught.value.facts.values())
    with office.read_by(LOG) as tx:
        assert village_counts(tx) == ()


def test_a_number_that_is_known_leads_to_its_household_only_within_the_reach(peopled: Work):
    with peopled.read_by(LOG) as tx:
        code = search_households(tx, SearchHouseholds(text=nik(1))).lines[0].code
    for given in ({"head_nik": nik(1)}, {"kk": kk(1)}):
        for actor in (LOG, VIL):
            with pytest.raises(Conflict) as caught, peopled.by(actor) as tx:
                register_provisional(tx, order(**given))
            assert (caught.value.code, caught.value.facts["code"]) == ("household.known", code)
    # A volunteer may register but not search, and a village operator does not see the other village.
    for actor, given in ((VOL, {"head_nik": nik(1)}), (VIL, {"head_nik": nik(2)})):
        with pytest.raises(Conflict) as caught, peopled.by(actor) as tx:
            register_provisional(tx, order(**given))
        assert (caught.value.code, caught.value.facts) == ("household.known_elsewhere", {})


@pytest.mark.engines("postgresql")
def test_who_registers_a_family_that_was_just_registered_is_told_so(office: Work):
    family = order(head_nik=nik(1), head_birth_on=date(1986, 4, 2), kk=kk(1))
    meanwhile = just_before(commands, "take_row_no", office, VOL, lambda tx: register_provisional(tx, family))
    with pytest.raises(Conflict) as told, meanwhile, office.by(LOG) as tx:
        register_provisional(tx, family)
    with office.read_by(LOG) as tx:
        assert told.value.code == "household.known"
        assert tx.session.scalars(sa.select(Household.code)).all() == [told.value.facts["code"]]


def test_a_village_operator_registers_in_the_own_village_only(office: Work):
    with office.by(VIL) as tx:
        register_provisional(tx, order())
    with pytest.raises(NotFound), office.by(VIL) as tx:
        register_provisional(tx, order(village_code=OLILIT))
    with pytest.raises(Forbidden), office.by(person(Role.WAREHOUSE)) as tx:
        register_provisional(tx, order())


# ---------------------------------------------------------------- searching


def test_the_search_takes_beginnings_of_words_in_any_order_and_case(peopled: Work):
    assert names(peopled, "SITI") == ["Made Siti Ayu", "Siti Aminah", "Siti Rahayu", "Anselmus Sitinjak"]
    assert names(peopled, "siti am") == ["Siti Aminah"]
    assert names(peopled, "ayu sit") == ["Made Siti Ayu"]
    assert names(peopled, "anak2") == ["Siti Rahayu"]
    assert names(peopled, "siti", SAUM) == ["Siti Aminah", "Anselmus Sitinjak"]
    assert names(peopled, "", DARAT) == ["Made Siti Ayu"]
    assert names(peopled, "iti") == []
    assert names(peopled, "%") == []


def test_the_search_finds_a_code_and_a_whole_number(peopled: Work):
    with peopled.read_by(LOG) as tx:
        one = search_households(tx, SearchHouseholds(text="Siti Aminah")).lines[0]
        assert household_id_of(tx, one.code.lower()) == one.id
        assert one.village_name == "Kel. Saum, Kec. Laut Utara"
    assert names(peopled, one.code.lower()) == ["Siti Aminah"]
    assert names(peopled, nik(2)) == ["Siti Rahayu"]
    assert names(peopled, kk(3)) == ["Made Siti Ayu"]
    assert names(peopled, nik(999)) == []


def test_the_search_stays_within_the_village_and_the_right(peopled: Work):
    with peopled.read_by(VIL) as tx:
        assert [one.head_name for one in search_households(tx, SearchHouseholds(text="siti")).lines] == [
            "Siti Aminah", "Anselmus Sitinjak",
        ]  # fmt: skip
        assert search_households(tx, SearchHouseholds(text=nik(2))).lines == ()
        assert len(search_households(tx, SearchHouseholds(text=nik(1))).lines) == 1
    with peopled.read_by(person(Role.VILLAGE, ScopeKind.DISTRICT, DARAT)) as tx:
        assert len(search_households(tx, SearchHouseholds()).lines) == 1
    with peopled.read_by(HEAD) as tx, pytest.raises(Forbidden):
        search_households(tx, SearchHouseholds(text=nik(1)))
    with peopled.read_by(VOL) as tx, pytest.raises(Forbidden):
        search_households(tx, SearchHouseholds(text="siti"))


def test_the_search_gives_pages(peopled: Work):
    with peopled.read_by(LOG) as tx:
        first = search_households(tx, SearchHouseholds(text="siti", limit=3))
        rest = search_households(tx, SearchHouseholds(text="siti", limit=3, offset=3))
        assert (len(first.lines), first.has_more, len(rest.lines), rest.has_more) == (3, True, 1, False)
        with pytest.raises(Invalid):
            search_households(tx, SearchHouseholds(limit=201))


# ---------------------------------------------------------------- seeing


def test_a_household_is_seen_masked_and_every_look_is_logged(peopled: Work):
    one = id_of(peopled, "Siti Aminah")
    with peopled.read_by(LOG) as tx:
        view = household(tx, one)
    assert view.members[0].nik == "••••••••••••" + nik(1)[-4:]
    assert nik(1) not in repr(view)
    assert "1986" not in repr(view)
    assert view.members[0].age == 40
    with peopled.read_by(HEAD) as tx:
        masked = household(tx, one)
    assert (masked.kk, masked.members[0].nik, masked.lon_deg) == ("••••••••••••", "••••••••••••", None)
    with peopled.read_by(LOG) as tx:
        query = sa.select(AccessRow.actor_id, AccessRow.subject_ids).where(AccessRow.purpose == "view")
        logged = {row.actor_id: json.loads(row.subject_ids) for row in tx.session.execute(query)}
    assert logged == {LOG.id: [str(one)], HEAD.id: [str(one)]}


def test_a_household_of_another_village_or_office_does_not_exist(peopled: Work):
    other = id_of(peopled, "Siti Rahayu")
    for actor in (VIL, person(Role.VILLAGE, ScopeKind.DISTRICT, DARAT)):
        with pytest.raises(NotFound), peopled.read_by(actor) as tx:
            household(tx, other)
    abroad = replace(LOG, regency_code="99.02")
    with peopled.read_by(abroad) as tx:
        with pytest.raises(NotFound):
            household(tx, other)
        assert households_by_ids(tx, [other], "test") == ()
        assert villages_of_households(tx, [other]) == {}
        assert compositions(tx, [other], DAY) == ()
        assert search_households(tx, SearchHouseholds()).lines == ()


def test_lists_keep_the_order_asked_for(peopled: Work):
    ids = [id_of(peopled, name) for name in ("Siti Rahayu", "Made Siti Ayu", "Siti Aminah")]
    with peopled.read_by(LOG) as tx:
        assert [one.id for one in households_by_ids(tx, [*ids, UUID(int=0)], "handover")] == ids
        assert list(villages_of_households(tx, ids).values()).count(SAUM) == 1
        counts = {one.village_code: one for one in village_counts(tx)}
    assert (counts[SAUM].households, counts[SAUM].persons, counts[SAUM].located) == (2, 4, 2)


def test_positions_are_for_those_who_see_households_in_full(peopled: Work):
    with peopled.read_by(LOG) as tx:
        assert len(positions(tx, [SAUM, OLILIT])) == 3
    with peopled.read_by(VIL) as tx:
        assert len(positions(tx, [SAUM])) == 2
        with pytest.raises(NotFound):
            positions(tx, [SAUM, OLILIT])
    with peopled.read_by(HEAD) as tx, pytest.raises(NotFound):
        positions(tx, [SAUM])


# ---------------------------------------------------------------- counting


def test_the_worked_household_is_counted_as_on_paper(office: Work):
    """Father 40, nursing mother 36, child 10, infant 14 months, grandmother 67 (domain.md §1.3)."""
    born = [date(1986, 1, 1), date(1990, 3, 3), date(2016, 2, 2), date(2025, 9, 16), date(1959, 6, 6)]
    sexes = [Sex.MALE, Sex.FEMALE, Sex.MALE, Sex.FEMALE, Sex.FEMALE]
    people = tuple(
        MemberRow(name=f"N{n}", external_id=f"{n}", sex=sex, birth_on=day, is_nursing=n == 1,
                  relation=Relation.OTHER if n else Relation.HEAD)
        for n, (day, sex) in enumerate(zip(born, sexes, strict=True))
    )  # fmt: skip
    merge(office, [HouseholdRow(external_id="h", village_code=SAUM, members=people)])
    with office.read_by(LOG) as tx:
        one = tx.session.scalars(sa.select(Household.id)).one()
        (who,) = compositions(tx, [one], DAY)
        assert (who.persons, who.adults, who.children, who.infants, who.elderly) == (5, 3, 2, 1, 1)
        assert (who.women, who.nursing, who.toddlers) == (2, 1, 0)
        # On the second birthday the infant is a toddler.
        (later,) = compositions(tx, [one], date(2027, 9, 16))
        assert (later.infants, later.toddlers, later.children) == (0, 1, 2)
        (day_before,) = compositions(tx, [one], date(2027, 9, 15))
        assert day_before.infants == 1
        (other,) = compositions(tx, [one], DAY, Thresholds(infant_below=1, elderly_from=70))
        assert (other.infants, other.elderly) == (0, 0)


def test_ages_without_birth_dates_grow_and_unnamed_persons_are_adults(office: Work):
    merge(office, [
        HouseholdRow(external_id="a", village_code=ILNGEI, size=6, members=(
            MemberRow(name="A", relation=Relation.HEAD, age_years=58, age_as_of_on=date(2024, 11, 16)),
            MemberRow(name="B", age_years=16, age_as_of_on=date(2024, 11, 17)),
            MemberRow(name="C", age_years=0, age_as_of_on=date(2024, 11, 16)),
            MemberRow(name="D"),
        )),
        HouseholdRow(external_id="b", village_code=ILNGEI, head_name="Tanpa Anggota", size=4),
    ])  # fmt: skip
    with office.read_by(LOG) as tx:
        ids = list(tx.session.scalars(sa.select(Household.id).order_by(Household.external_id)))
        one, other = compositions(tx, ids, DAY)
    assert (one.persons, one.adults, one.children, one.infants, one.toddlers, one.elderly) == (6, 4, 2, 0, 1, 1)
    assert (other.persons, other.adults, other.children) == (4, 4, 0)


# ---------------------------------------------------------------- revealing


def test_a_number_is_revealed_with_a_reason_that_stays(peopled: Work):
    one = id_of(peopled, "Siti Aminah")

    def asking(note: str, member_id: UUID | None = None) -> Reveal:
        return Reveal(household_id=one, member_id=member_id, reason=RevealReason.COMPARE, note=note)

    with peopled.by(LOG) as tx:
        member = household(tx, one).members[0].id
        assert reveal(tx, asking("Dicocokkan dengan KTP asli", member)) == nik(1)
        assert reveal(tx, asking("Dicocokkan dengan KK asli")) == kk(1)
    with peopled.read_by(LOG) as tx:
        notes = [note for note in latest(tx.session, "99.01") if note.action == "household.reveal"]
    assert {note.reason for note in notes} == {"Dicocokkan dengan KTP asli", "Dicocokkan dengan KK asli"}
    assert nik(1) not in repr(notes)
    for note in ("  karena     ", f"Dicocokkan dengan {nik(1)}"):
        with pytest.raises(Invalid), peopled.by(LOG) as tx:
            reveal(tx, asking(note, member))
    with pytest.raises(NotFound), peopled.by(LOG) as tx:
        reveal(tx, asking("Dicocokkan dengan KTP asli", UUID(int=1)))
    for actor in (HEAD, VIL, VOL):
        with pytest.raises(Forbidden), peopled.by(actor) as tx:
            reveal(tx, asking("Dicocokkan dengan KTP asli", member))


def test_numbers_are_revealed_twenty_times_an_hour_and_sixty_a_day(peopled: Work, fixed_clock: FixedClock):
    one = id_of(peopled, "Siti Aminah")
    asking = Reveal(household_id=one, reason=RevealReason.CASE, note="Pemeriksaan kartu keluarga")
    for _ in range(3):
        with peopled.by(LOG) as tx:
            for _ in range(20):
                reveal(tx, asking)
            with pytest.raises(TooMany):
                reveal(tx, asking)
        fixed_clock.advance(timedelta(minutes=61))
    with pytest.raises(TooMany) as caught, peopled.by(LOG) as tx:
        reveal(tx, asking)
    assert caught.value.facts["hours"] == 24


def test_nobody_is_shown_more_by_asking_twice_in_the_same_moment(peopled: Work):
    one = id_of(peopled, "Siti Aminah")
    asking = Reveal(household_id=one, reason=RevealReason.CASE, note="Pemeriksaan kartu keluarga")
    with peopled.by(LOG) as tx:
        for _ in range(19):
            reveal(tx, asking)
    told = before_the_first_commits(peopled, LOG, lambda tx: reveal(tx, asking), lambda tx: reveal(tx, asking))
    assert isinstance(told, TooMany)
