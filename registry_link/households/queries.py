"""Who lives where: one household, lists, the search, and compositions for the package arithmetic."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa

from core.crypto import MASK, Secret
from core.errors import Invalid, NotFound
from core.ids import is_code
from core.permissions import Reach
from core.work import Tx
from registry_link.households.bulk import chunked
from registry_link.households.carding import card_owners
from registry_link.households.finding import EXACT_TIERS, asked_words, find_rows
from registry_link.households.known import has_kk, has_nik
from registry_link.households.merged import has_merged, is_listed, is_seen, snapshots_on_the_way, survivors_of
from registry_link.households.models import (
    Household,
    Member,
    RegistryLink,
    RegistryStamp,
    Snapshot,
    StatedCounts,
)
from registry_link.households.numbers import kk_index, nik_index
from registry_link.households.rules import Thresholds, age_on, words_of, years_before
from registry_link.households.states import PositionSource, Relation, Sex, SnapshotState
from registry_link.regions.queries import regions

LONGEST_PAGE: Final = 200
_office: Final = sa.func.coalesce(Household.regency_code, "")
"""The office of a row that is found by its id or a word. Compared bare, SQLite takes the index that begins with it and
walks through the whole registry instead: it thinks that an office has ten households."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberLine:
    """A member as staff see it: age instead of birth date, the last four digits instead of the NIK."""

    id: UUID
    name: str
    relation: Relation
    sex: Sex | None
    age: int | None
    nik: str | None
    """Masked."""
    is_pregnant: bool
    is_nursing: bool
    has_disability: bool
    is_chronically_ill: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class HouseholdView:
    id: UUID
    code: str
    head_name: str
    village_code: str
    village_name: str
    """With its district: Desa Wowonda, Kec. Tanimbar Selatan."""
    rt: str | None
    rw: str | None
    hamlet: str
    address: str
    size: int
    decile: int | None
    lon_deg: float | None
    lat_deg: float | None
    position_source: PositionSource | None
    position_accuracy_m: float | None
    kk: str | None
    """Masked."""
    is_provisional: bool
    recorded_at: datetime
    source: str | None
    snapshot_as_of_on: date | None
    snapshot_agreement_no: str | None
    members: tuple[MemberLine, ...]
    suspects: tuple[str, ...]
    """Codes of households that share a number with it."""
    merged_into_id: UUID | None
    """The household that it was found to be; it is listed no more."""
    merged_into_code: str


@dataclass(frozen=True, slots=True, kw_only=True)
class HouseholdLine:
    id: UUID
    code: str
    head_name: str
    village_code: str
    village_name: str
    rt: str | None
    rw: str | None
    hamlet: str
    address: str
    size: int
    decile: int | None
    is_provisional: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchHouseholds:
    """``text`` is a name or its beginnings, a code, or a whole NIK or No. KK; empty lists the village."""

    text: str = ""
    village_code: str = ""
    """A village, or a district for all its villages."""
    limit: int = 50
    offset: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundHouseholds:
    lines: tuple[HouseholdLine, ...]
    has_more: bool
    alike: tuple[str, ...] = ()
    """Words other than those asked for by which the last of them were found."""
    exact: int | None = None
    """So many of the lines have the words asked for, or begin with them; the rest are only alike. None: all of them."""
    is_cut: bool = False
    """There are more than are ever shown: another word or a village narrows it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Composition:
    """Who lives in a household on a day.

    Infants and toddlers are children too, elderly are adults too; women are grown-up women. Persons of whom nothing but
    their number is known count as adults.
    """

    household_id: UUID
    persons: int
    adults: int
    children: int
    infants: int
    toddlers: int
    elderly: int
    women: int
    pregnant: int
    nursing: int
    disabled: int


@dataclass(frozen=True, slots=True, kw_only=True)
class VillageCount:
    village_code: str
    households: int
    persons: int
    located: int
    provisional: int


@dataclass(frozen=True, slots=True, kw_only=True)
class HouseholdPoint:
    household_id: UUID
    village_code: str
    lon_deg: float
    lat_deg: float
    source: PositionSource | None
    accuracy_m: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SnapshotLine:
    id: UUID
    source: str
    as_of_on: date
    agreement_no: str
    file_name: str
    file_sha256: str
    completes_id: UUID | None
    """The snapshot that its rows complete; once they do, they stand in that one, and it is a given up one itself."""
    state: SnapshotState
    households: int
    members: int
    kept_households: int
    """Of these, those of which every row was refused: they stay as they stood."""
    recorded_at: datetime
    current_at: datetime | None


def household(tx: Tx, household_id: UUID) -> HouseholdView:
    """Give one household with its members, masked as the actor may see it. Raises: Forbidden; NotFound."""
    reach = tx.require("household.see")
    row = tx.session.execute(
        sa.select(Household, Snapshot.as_of_on, Snapshot.agreement_no)
        .outerjoin(Snapshot, Snapshot.id == Household.snapshot_id)
        .where(Household.id == household_id, Household.regency_code == tx.regency_code)
    ).one_or_none()
    if row is None or not reach.has_village(row.Household.village_code):
        raise NotFound("household.not_found")
    one: Household = row.Household
    is_full = reach.detail == "full"
    members = tx.session.scalars(
        sa.select(Member)
        .where(Member.household_id == household_id, Member.is_present)
        .order_by(Member.position, Member.name)
    )
    tx.saw("household", [household_id], "view")
    return HouseholdView(
        id=one.id, code=one.code, head_name=one.head_name, village_code=one.village_code,
        village_name=_village_names(tx, [one.village_code]).get(one.village_code, one.village_code),
        rt=one.rt, rw=one.rw, hamlet=one.hamlet, address=one.address, size=one.size, decile=one.decile,
        lon_deg=one.lon_deg if is_full else None, lat_deg=one.lat_deg if is_full else None,
        position_source=one.position_source, position_accuracy_m=one.position_accuracy_m,
        kk=_masked(one.kk, is_full=is_full), is_provisional=one.is_provisional, recorded_at=one.recorded_at,
        source=one.source, snapshot_as_of_on=row.as_of_on, snapshot_agreement_no=row.agreement_no,
        members=tuple(_member_line(each, tx.today, is_full=is_full) for each in members),
        suspects=_suspects(tx, household_id),
        merged_into_id=one.merged_into_id,
        merged_into_code=codes_of_households(tx, [one.merged_into_id])[one.merged_into_id]
        if one.merged_into_id else "",
    )  # fmt: skip


def household_id_of(tx: Tx, code: str) -> UUID | None:
    """Give the id behind a code as people read it, within the office; the caller has checked who may ask."""
    return tx.session.scalar(
        sa.select(Household.id).where(
            Household.code == code.strip().upper(), Household.regency_code == tx.regency_code, is_seen()
        )
    )


def households_by_ids(tx: Tx, ids: Sequence[UUID], purpose: str) -> tuple[HouseholdLine, ...]:
    """Give lines of the office's households in the order of ``ids``; unknown ids are left out.

    The caller has checked the right to see them, and says for the access log why.
    """
    found: dict[UUID, Any] = {}
    for chunk in chunked(ids):
        asked = {"ids": list(chunk), "regency": tx.regency_code}
        found.update((row.id, row) for row in tx.session.execute(_LINES_BY_ID, asked))
    tx.saw("household", sorted(found), purpose)
    return _lines(tx, [found[one] for one in ids if one in found])


def villages_of_households(tx: Tx, ids: Sequence[UUID]) -> Mapping[UUID, str]:
    """Tell the village of each of the office's households; unknown ids are left out."""
    found: dict[UUID, str] = {}
    for chunk in chunked(ids):
        query = sa.select(Household.id, Household.village_code).where(
            Household.id.in_(chunk), _office == tx.regency_code
        )
        found.update((row.id, row.village_code) for row in tx.session.execute(query))
    return found


def codes_of_households(tx: Tx, ids: Sequence[UUID]) -> Mapping[UUID, str]:
    """Tell what people call each of the office's households (its code); unknown ids are left out."""
    found: dict[UUID, str] = {}
    for chunk in chunked(ids):
        query = sa.select(Household.id, Household.code).where(Household.id.in_(chunk), _office == tx.regency_code)
        found.update((row.id, row.code) for row in tx.session.execute(query))
    return found


def search_households(tx: Tx, order: SearchHouseholds) -> FoundHouseholds:
    """Find households by words of the names of their people or of their address, by code, by NIK or No. KK.

    Whole words come first, then beginnings, and last, where these do not fill the page, words that are only alike.
    Raises: Forbidden; Invalid for a page beyond its limits.
    """
    reach = tx.require("household.search")
    if not 1 <= order.limit <= LONGEST_PAGE or order.offset < 0:
        raise Invalid("household.page", field="limit", most=LONGEST_PAGE)
    text, purpose = order.text.strip(), "search"
    end = order.offset + order.limit
    query = _line_columns().where(
        (_office if text else Household.regency_code) == tx.regency_code, is_listed(), _within(reach)
    )
    if order.village_code:
        query = query.where(_in_region(order.village_code))
    digits = text.replace(" ", "").replace(".", "")
    alike: tuple[str, ...] = ()
    is_cut, exact = False, None
    if is_code(text):
        named = household_id_of(tx, text)
        rows = tx.session.execute(query.where(Household.id.in_(_followed(tx, [named] if named else [])))).all()
    elif len(digits) == 16 and digits.isascii() and digits.isdigit():
        may_find = tx.require("household.find_by_nik")
        purpose = "find_by_number"
        known = Household.id.in_(_owners_of(tx, Secret(digits)))
        rows = tx.session.execute(query.where(_within(may_find), known).order_by(Household.row_no)).all()
    elif text:
        words = asked_words(text)
        found = find_rows(tx, words, _regions_within(reach, order.village_code), end + 1) if words else None
        tiers = [_ranked(tx, query, tier, words) for tier in found.tiers] if found else []
        rows = [row for tier in tiers for row in tier]
        alike, is_cut = (found.alike, found.is_cut) if found else ((), False)
        exact = sum(len(tier) for tier in tiers[:EXACT_TIERS])
    else:
        # A whole office in its own order: nobody reads a million names from A to Z.
        by_name = (sa.func.lower(Household.head_name),) if order.village_code or not reach.is_all else ()
        ordered = query.order_by(*by_name, Household.row_no).limit(order.limit + 1).offset(order.offset)
        return _found(tx, tx.session.execute(ordered).all(), order.limit, purpose)
    found_here = _found(tx, rows[order.offset : end + 1], order.limit, purpose, alike, is_cut=is_cut)
    if exact is None or exact >= end:
        return found_here
    return replace(found_here, exact=min(len(found_here.lines), max(0, exact - order.offset)))


def _found(
    tx: Tx, rows: Sequence[Any], limit: int, purpose: str, alike: tuple[str, ...] = (), *, is_cut: bool = False
) -> FoundHouseholds:
    lines = _lines(tx, rows[:limit])
    tx.saw("household", [line.id for line in lines], purpose)
    return FoundHouseholds(lines=lines, has_more=len(rows) > limit, alike=alike, is_cut=is_cut)


def _owners_of(tx: Tx, number: Secret) -> list[UUID]:
    """Give the households with this number, each way by its own index."""
    by_kk = sa.select(Household.id).where(has_kk([kk_index(number)]), _office == tx.regency_code)
    by_nik = sa.select(Member.household_id).where(has_nik([nik_index(number)]), Member.is_present)
    by_card = card_owners([kk_index(number)])
    return _followed(tx, [*tx.session.scalars(by_kk), *tx.session.scalars(by_card), *tx.session.scalars(by_nik)])


def _followed(tx: Tx, ids: Sequence[UUID]) -> list[UUID]:
    """Put in the place of each merged household the one that it is now."""
    now = survivors_of(tx, ids)
    return list(dict.fromkeys(now.get(one, one) for one in ids))


def _regions_within(reach: Reach, code: str) -> tuple[str, ...] | None:
    """Tell in which regions to look: None for the whole office."""
    if reach.is_all:
        return (code,) if code else None
    mine = tuple(sorted(reach.regions))
    if not code:
        return mine
    inner = tuple(one for one in mine if f"{one}.".startswith(f"{code}."))
    return (code,) if any(f"{code}.".startswith(f"{one}.") for one in mine) else inner


def _ranked(tx: Tx, query: Any, numbers: Sequence[int], words: Sequence[str]) -> list[Any]:
    """Read one tier of what was found: whose head has the words comes first, then by name."""
    rows: list[Any] = []
    for some in chunked(numbers):
        rows += tx.session.execute(query.where(Household.row_no.in_(some))).all()

    def place(row: Any) -> tuple[int, str, str]:
        own = set(words_of(row.head_name))
        return (-sum(word in own for word in words), row.head_name.lower(), row.code)

    return sorted(rows, key=place)


def compositions(
    tx: Tx, ids: Sequence[UUID], on_day: date, thresholds: Thresholds | None = None
) -> tuple[Composition, ...]:
    """Count the people of the office's households by class on a day, in the order of ``ids``; unknown ids are left out.

    A household that was merged has the people of the one that it is now. Made for tens of thousands at once; no name or
    number is read.
    """
    found: dict[UUID, Composition] = {}
    now = survivors_of(tx, ids) if has_merged(tx) else {}
    for chunk in chunked(list(dict.fromkeys(now.get(one, one) for one in ids))):
        for one in _compositions(tx, chunk, on_day, thresholds or Thresholds()):
            found[one.household_id] = one
    for merged_id, survivor_id in now.items():
        if survivor_id in found:
            found[merged_id] = replace(found[survivor_id], household_id=merged_id)
    return tuple(found[one] for one in ids if one in found)


def village_counts(tx: Tx) -> tuple[VillageCount, ...]:
    """Count the office's households by village, by code; counts only."""
    query = (
        sa.select(
            Household.village_code,
            sa.func.count().label("households"),
            sa.func.sum(Household.size).label("persons"),
            sa.func.count(Household.position_key).label("located"),
            sa.func.sum(sa.case((Household.is_provisional, 1), else_=0)).label("provisional"),
        )
        .where(Household.regency_code == tx.regency_code, is_listed())
        .group_by(Household.village_code)
        .order_by(Household.village_code)
    )
    return tuple(
        VillageCount(
            village_code=row.village_code, households=row.households, persons=int(row.persons),
            located=row.located, provisional=int(row.provisional),
        )
        for row in tx.session.execute(query)
    )  # fmt: skip


def positions(tx: Tx, village_codes: Sequence[str], limit: int = 20_000) -> tuple[HouseholdPoint, ...]:
    """Give where the households of these villages stand, for a map. Raises: Forbidden; NotFound outside the reach."""
    reach = tx.require("household.see")
    for code in village_codes:
        reach.need_village(code, "region")
    if reach.detail != "full":
        raise NotFound("household.not_found")
    query = (
        sa.select(
            Household.id.label("household_id"), Household.village_code, Household.lon_deg, Household.lat_deg,
            Household.position_source.label("source"), Household.position_accuracy_m.label("accuracy_m"),
        )
        .where(
            Household.regency_code == tx.regency_code, Household.village_code.in_(sorted(set(village_codes))),
            Household.position_key.is_not(None), is_listed(),
        )
        .order_by(Household.row_no)
        .limit(limit)
    )  # fmt: skip
    tx.saw("village", sorted(set(village_codes)), "positions")
    return tuple(HouseholdPoint(**row._mapping) for row in tx.session.execute(query))


def snapshots(tx: Tx, *, supplements: bool = False) -> tuple[SnapshotLine, ...]:
    """Give the office's snapshots, newest first; with ``supplements`` those too that only complete one.

    Raises: Forbidden.
    """
    tx.require("registry.see_imports")
    columns = [getattr(Snapshot, name) for name in SnapshotLine.__dataclass_fields__]
    query = sa.select(*columns).where(Snapshot.regency_code == tx.regency_code)
    if not supplements:
        query = query.where(Snapshot.completes_id.is_(None))
    return tuple(
        SnapshotLine(**row._mapping)
        for row in tx.session.execute(query.order_by(Snapshot.recorded_at.desc(), Snapshot.id.desc()))
    )


def snapshot_as_of(tx: Tx, snapshot_id: UUID) -> date:
    """Tell of which day a snapshot of the office is. Raises: NotFound."""
    day = tx.session.scalar(
        sa.select(Snapshot.as_of_on).where(Snapshot.id == snapshot_id, Snapshot.regency_code == tx.regency_code)
    )
    if day is None:
        raise NotFound("snapshot.not_found")
    return day


def registry_version(tx: Tx) -> int:
    """Tell how often the office's households have changed: what is derived from them compares it."""
    return tx.session.scalar(sa.select(RegistryStamp.version).where(RegistryStamp.regency_code == tx.regency_code)) or 0


def _line_columns() -> Any:
    return sa.select(
        Household.id, Household.code, Household.head_name, Household.village_code, Household.rt, Household.rw,
        Household.hamlet, Household.address, Household.size, Household.decile, Household.is_provisional,
    )  # fmt: skip


_LINES_BY_ID = _line_columns().where(
    Household.id.in_(sa.bindparam("ids", expanding=True)), _office == sa.bindparam("regency")
)
_KK = sa.select(Household.kk).where(
    Household.id == sa.bindparam("household"), Household.regency_code == sa.bindparam("regency")
)


def _lines(tx: Tx, rows: Sequence[Any]) -> tuple[HouseholdLine, ...]:
    names = _village_names(tx, [row.village_code for row in rows])
    return tuple(
        HouseholdLine(village_name=names.get(row.village_code, row.village_code), **row._mapping) for row in rows
    )


def _village_names(tx: Tx, codes: Sequence[str]) -> dict[str, str]:
    return {one.code: one.full_name for one in regions(tx, codes)}


def _in_region(code: str) -> sa.ColumnElement[bool]:
    # "/" is the sign after ".": a village itself, or everything below a district.
    return sa.or_(Household.village_code == code, Household.village_code.between(f"{code}.", f"{code}/"))


def _within(reach: Reach) -> sa.ColumnElement[bool]:
    if reach.is_all:
        return sa.true()
    return sa.or_(sa.false(), *(_in_region(code) for code in sorted(reach.regions)))


def _masked(number: Secret | None, *, is_full: bool) -> str | None:
    if number is None:
        return None
    return MASK + number.last4 if is_full else MASK


def _member_line(one: Member, today: date, *, is_full: bool) -> MemberLine:
    return MemberLine(
        id=one.id, name=one.name, relation=one.relation, sex=one.sex,
        age=age_on(today, one.birth_on, one.age_years, one.age_as_of_on), nik=_masked(one.nik, is_full=is_full),
        is_pregnant=one.is_pregnant, is_nursing=one.is_nursing, has_disability=one.has_disability,
        is_chronically_ill=one.is_chronically_ill,
    )  # fmt: skip


def _suspects(tx: Tx, household_id: UUID) -> tuple[str, ...]:
    stands = RegistryLink.snapshot_id.not_in(snapshots_on_the_way())
    forward = sa.select(RegistryLink.suspect_household_id).where(RegistryLink.household_id == household_id, stands)
    backward = sa.select(RegistryLink.household_id).where(RegistryLink.suspect_household_id == household_id, stands)
    # One list of ids, not one or the other: for that PostgreSQL walks through every household.
    query = sa.select(Household.code).where(
        Household.id != household_id, is_listed(), Household.id.in_(sa.union(forward, backward))
    )
    return tuple(tx.session.scalars(query.order_by(Household.code)))


def _compositions(tx: Tx, ids: Sequence[UUID], on_day: date, limits: Thresholds) -> Iterator[Composition]:
    def younger(years: int) -> sa.ColumnElement[bool]:
        cut = years_before(on_day, years)
        return sa.or_(Member.birth_on > cut, sa.and_(Member.birth_on.is_(None), age_in_years(on_day) < years))

    def count(*conditions: Any) -> sa.ColumnElement[int]:
        return sa.func.coalesce(sa.func.sum(sa.case((sa.and_(*conditions), 1), else_=0)), 0)

    is_there, is_child = Member.id.is_not(None), younger(limits.child_below)
    is_old = sa.or_(
        Member.birth_on <= years_before(on_day, limits.elderly_from),
        sa.and_(Member.birth_on.is_(None), age_in_years(on_day) >= limits.elderly_from),
    )
    query = (
        sa.select(
            Household.id, Household.size, count(is_there).label("persons"), count(is_child).label("children"),
            count(younger(limits.infant_below)).label("infants"),
            count(younger(limits.toddler_below)).label("small"), count(is_old).label("elderly"),
            count(Member.sex == Sex.FEMALE, sa.not_(sa.func.coalesce(is_child, sa.false()))).label("women"),
            count(Member.is_pregnant).label("pregnant"), count(Member.is_nursing).label("nursing"),
            count(Member.has_disability).label("disabled"),
        )
        .outerjoin(Member, sa.and_(Member.household_id == Household.id, Member.is_present))
        .where(Household.id.in_(ids), _office == tx.regency_code)
        .group_by(Household.id, Household.size)
    )  # fmt: skip
    stated = {
        row.household_id: row
        for row in tx.session.execute(sa.select(StatedCounts.__table__).where(StatedCounts.household_id.in_(ids)))
    }
    for row in tx.session.execute(query):
        told = stated.get(row.id)
        if told is not None:
            children = told.infants + told.toddlers + told.children
            adults = told.adults + told.elderly
            yield Composition(
                household_id=row.id, persons=children + adults, adults=adults, children=children,
                infants=told.infants, toddlers=told.toddlers, elderly=told.elderly, women=told.women,
                pregnant=told.pregnant, nursing=told.nursing, disabled=told.disabled,
            )  # fmt: skip
            continue
        persons = max(row.size, row.persons)
        yield Composition(
            household_id=row.id, persons=persons, adults=persons - row.children, children=row.children,
            infants=row.infants, toddlers=row.small - row.infants, elderly=row.elderly, women=row.women,
            pregnant=row.pregnant, nursing=row.nursing, disabled=row.disabled,
        )  # fmt: skip


def age_in_years(on_day: date) -> sa.ColumnElement[int | None]:
    """Give the age on a day of a member of whom only an age on another day is known."""
    since = Member.age_as_of_on
    passed = on_day.year - sa.extract("year", since)
    is_before = sa.extract("month", since) * 100 + sa.extract("day", since) > on_day.month * 100 + on_day.day
    return Member.age_years + sa.func.coalesce(passed - sa.case((is_before, 1), else_=0), 0)


def positions_of(tx: Tx, ids: Sequence[UUID]) -> Mapping[UUID, tuple[float, float]]:
    """Give longitude and latitude of the office's households that have a position; the caller has checked the right."""
    found: dict[UUID, tuple[float, float]] = {}
    for chunk in chunked(ids):
        query = sa.select(Household.id, Household.lon_deg, Household.lat_deg).where(
            Household.id.in_(chunk), _office == tx.regency_code, Household.position_key.is_not(None)
        )
        found.update((row.id, (row.lon_deg, row.lat_deg)) for row in tx.session.execute(query))
    return found


def kk_last4_of(tx: Tx, household_id: UUID) -> str:
    """Give the last four digits of a household's No. KK, as its receipt shows them; empty where there is none."""
    number: Secret | None = tx.session.scalar(_KK, {"household": household_id, "regency": tx.regency_code})
    return number.last4 if number is not None else ""
