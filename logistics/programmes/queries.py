"""Programmes, terms and their lists as others see them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa

from core.errors import NotFound
from core.frozen import thaw
from core.i18n import say
from core.measures import Milli, Period
from core.permissions import Reach
from core.work import Tx
from logistics.packages.standard_queries import standard
from logistics.programmes.models import FrozenEntry, FrozenPerson, Programme, Term, TermEntry, TermQuota
from logistics.programmes.rules import district_of
from logistics.programmes.states import (
    Cadence,
    EntryState,
    Form,
    Origin,
    ProgrammeKind,
    TermState,
    Unit,
)
from registry_link.households.identities import persons
from registry_link.households.queries import HouseholdLine, households_by_ids

ON_LIST: Final = (EntryState.CANDIDATE, EntryState.PROPOSED, EntryState.VERIFIED, EntryState.DETERMINED)
MOST: Final = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class ProgrammeView:
    id: UUID
    slug: str
    name: str
    kind: ProgrammeKind
    form: Form
    unit: Unit
    cadence: Cadence
    supplier: str
    distributor: str
    funding_source: str
    legal_source: str
    created_at: datetime

    def label(self, part: str, lang: str) -> str:
        """Name its kind, form, unit or cadence."""
        return say(f"programme.{part}.{getattr(self, part).value}", lang)


@dataclass(frozen=True, slots=True, kw_only=True)
class TermItemView:
    item_id: UUID
    item_code: str
    name_id: str
    name_en: str
    unit: str
    quantity_milli: Milli
    """For one beneficiary."""

    def name(self, lang: str) -> str:
        return self.name_en if lang == "en" else self.name_id


@dataclass(frozen=True, slots=True, kw_only=True)
class TermView:
    id: UUID
    programme_id: UUID
    programme_slug: str
    programme_name: str
    form: Form
    unit: Unit
    no: int
    name: str
    period: Period
    standard_id: UUID
    items: tuple[TermItemView, ...]
    quotas: Mapping[str, int]
    """Beneficiaries by district; empty without limit."""
    criteria: str
    state: TermState
    created_by: str
    created_by_name: str
    created_at: datetime
    verified_by: str | None
    verified_by_name: str | None
    verified_at: datetime | None
    determined_by_name: str | None
    determined_at: datetime | None
    decree_no: str
    decree_on: date | None
    list_sha256: str
    closed_at: datetime | None
    minutes_no: str
    minutes: str

    @property
    def title(self) -> str:
        """What papers and lists call it: ``Kompor Rakyat – Tahap I 2026``."""
        return f"{self.programme_name} – {self.name}"

    @property
    def quota(self) -> int:
        return sum(self.quotas.values())

    def state_label(self, lang: str) -> str:
        """Name the state."""
        return say(f"term.state.{self.state.value}", lang)


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryView:
    """One beneficiary of a list. Before determination as the registry says now, afterwards as it was frozen."""

    id: UUID
    term_id: UUID
    beneficiary_kind: Unit
    beneficiary_id: UUID
    household_id: UUID
    household_code: str
    name: str
    head_name: str
    address: str
    rt: str | None
    rw: str | None
    village_code: str
    village_name: str
    decile: int | None
    persons: int
    card_last4: str
    state: EntryState
    origin: Origin
    rank: int
    reason_code: str
    reason_text: str
    proposed_by_name: str | None
    proposed_at: datetime | None
    basis: str

    def state_label(self, lang: str) -> str:
        """Name the state."""
        return say(f"term_entry.state.{self.state.value}", lang)

    def reason(self, lang: str) -> str:
        """Say why it was left out; empty when it was not."""
        return say(self.reason_code, lang, {"reason": self.reason_text}) if self.reason_code else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryPage:
    rows: tuple[EntryView, ...]
    total: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DistrictCount:
    """A term's list in one district (kecamatan)."""

    district_code: str
    quota: int | None
    by_state: Mapping[EntryState, int]

    @property
    def listed(self) -> int:
        """Everybody but those left out."""
        return sum(self.by_state.get(state, 0) for state in ON_LIST)


@dataclass(frozen=True, slots=True, kw_only=True)
class VillageCount:
    village_code: str
    by_state: Mapping[EntryState, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class FrozenWho:
    """Who a determined entry is; kept apart from the entry, erasable alone."""

    name: str
    household_code: str
    head_name: str
    address: str
    rt: str
    rw: str
    hamlet: str
    village_name: str
    nik_last4: str
    kk_last4: str
    card_last4: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FrozenView:
    entry_id: UUID
    beneficiary_kind: Unit
    beneficiary_id: UUID
    household_id: UUID
    village_code: str
    decile: int | None
    persons: int
    who: FrozenWho | None
    """None when it was erased."""


def programmes(tx: Tx) -> tuple[ProgrammeView, ...]:
    """List the office's programmes by name. Raises: Forbidden."""
    tx.require("bansos.see")
    rows = tx.session.scalars(
        sa.select(Programme).where(Programme.regency_code == tx.regency_code).order_by(Programme.name)
    )
    return tuple(_programme_view(row) for row in rows)


def programme(tx: Tx, slug: str) -> ProgrammeView:
    """Raises: Forbidden, NotFound."""
    tx.require("bansos.see")
    row = tx.session.scalar(
        sa.select(Programme).where(Programme.regency_code == tx.regency_code, Programme.slug == slug)
    )
    if row is None:
        raise NotFound("programme.not_found")
    return _programme_view(row)


def programme_by_id(tx: Tx, programme_id: UUID) -> ProgrammeView:
    """Raises: Forbidden, NotFound."""
    tx.require("bansos.see")
    row = tx.session.get(Programme, programme_id)
    if row is None or row.regency_code != tx.regency_code:
        raise NotFound("programme.not_found")
    return _programme_view(row)


def terms(
    tx: Tx, programme_id: UUID | None = None, states: Collection[TermState] = ()
) -> tuple[TermView, ...]:  # fmt: skip
    """List the terms of a programme, or of all, newest first; ``states`` narrows it. Raises: Forbidden."""
    tx.require("bansos.see")
    query = _TERM.where(Term.regency_code == tx.regency_code).order_by(Term.created_at.desc(), Term.no.desc())
    if programme_id is not None:
        query = query.where(Term.programme_id == programme_id)
    if states:
        query = query.where(Term.state.in_(states))
    return _term_views(tx, tx.session.execute(query).all())


def current_terms(tx: Tx) -> Mapping[UUID, TermView]:
    """Give the term each programme stands at: the newest that still runs, else the newest. Raises: Forbidden."""
    tx.require("bansos.see")
    is_over = sa.case((Term.state.in_((TermState.CLOSED, TermState.CANCELLED)), 1), else_=0)
    place = sa.func.row_number().over(partition_by=Term.programme_id, order_by=(is_over, Term.no.desc()))
    ranked = sa.select(Term.id, place.label("place")).where(Term.regency_code == tx.regency_code).subquery()
    rows = tx.session.execute(_TERM.join(ranked, ranked.c.id == Term.id).where(ranked.c.place == 1)).all()
    return {one.programme_id: one for one in _term_views(tx, rows)}


def term(tx: Tx, slug: str, no: int) -> TermView:
    """Give a programme's term by its number. Raises: Forbidden, NotFound."""
    tx.require("bansos.see")
    return _one_term(tx, Programme.slug == slug, Term.no == no)


def term_at(tx: Tx, slug: str, no: int) -> TermView:
    """Give a programme's term by its number; the caller has checked the right to what it shows. Raises: NotFound."""
    return _one_term(tx, Programme.slug == slug, Term.no == no)


def term_by_id(tx: Tx, term_id: UUID) -> TermView:
    """Give a term; the caller has checked the right to what it shows. Raises: NotFound."""
    return _one_term(tx, Term.id == term_id)


def entries(
    tx: Tx, term_id: UUID, *, states: Collection[EntryState] = (), village_code: str = "", limit: int = 50,
    offset: int = 0,
) -> EntryPage:  # fmt: skip
    """List a term's beneficiaries within the actor's villages, by village and rank.

    ``village_code`` may be a district's. Raises: Forbidden, NotFound.
    """
    reach = tx.require("bansos.see")
    term_by_id(tx, term_id)
    where = [TermEntry.term_id == term_id, *within(reach)]
    if states:
        where.append(TermEntry.state.in_(states))
    if village_code:
        where.append(in_region(TermEntry.village_code, village_code))
    total = tx.session.scalar(sa.select(sa.func.count()).select_from(TermEntry).where(*where)) or 0
    rows = tx.session.scalars(
        sa.select(TermEntry).where(*where)
        .order_by(TermEntry.village_code, TermEntry.rank, TermEntry.id)
        .limit(min(limit, MOST)).offset(offset)
    ).all()  # fmt: skip
    return EntryPage(rows=_entry_views(tx, rows), total=total)


def entry(tx: Tx, entry_id: UUID) -> EntryView:
    """Raises: Forbidden; NotFound, also outside the actor's villages."""
    reach = tx.require("bansos.see")
    row = tx.session.get(TermEntry, entry_id)
    if row is None or row.regency_code != tx.regency_code or not reach.has_village(row.village_code):
        raise NotFound("term_entry.not_found")
    return _entry_views(tx, [row])[0]


def card_last4_of(tx: Tx, term_id: UUID, beneficiary_id: UUID) -> str:
    """Give the last digits of a beneficiary's card; empty without one. The caller has checked the right to it."""
    found = tx.session.scalar(
        sa.select(TermEntry.card_last4).where(
            TermEntry.term_id == term_id, TermEntry.beneficiary_id == beneficiary_id,
            TermEntry.regency_code == tx.regency_code,
        )
    )  # fmt: skip
    return found or ""


def entries_of_household(tx: Tx, household_id: UUID) -> tuple[tuple[TermView, EntryView], ...]:
    """Give every term a household stands or stood on the list of, newest first (its timeline). Raises: Forbidden."""
    reach = tx.require("bansos.see")
    rows = tx.session.scalars(
        sa.select(TermEntry)
        .where(TermEntry.household_id == household_id, TermEntry.regency_code == tx.regency_code, *within(reach))
        .order_by(TermEntry.created_at.desc())
    ).all()
    return tuple((term_by_id(tx, row.term_id), view) for row, view in zip(rows, _entry_views(tx, rows), strict=True))


def district_counts(tx: Tx, term_id: UUID) -> tuple[DistrictCount, ...]:
    """Count a term's list by district and state, within the actor's villages, beside the quota. Raises: Forbidden."""
    reach = tx.require("bansos.see")
    quotas = term_by_id(tx, term_id).quotas
    counted: dict[str, Counter[EntryState]] = {code: Counter() for code in quotas if _sees_district(reach, code)}
    for village_code, by_state in _by_village(tx, term_id, reach).items():
        counted.setdefault(district_of(village_code), Counter()).update(by_state)
    return tuple(
        DistrictCount(district_code=code, quota=quotas.get(code), by_state=dict(by_state))
        for code, by_state in sorted(counted.items())
    )


def village_counts(tx: Tx, term_id: UUID) -> tuple[VillageCount, ...]:
    """Count a term's list by village and state, within the actor's villages. Raises: Forbidden."""
    reach = tx.require("bansos.see")
    found = _by_village(tx, term_id, reach)
    return tuple(VillageCount(village_code=code, by_state=dict(found[code])) for code in sorted(found))


def proposed_by(tx: Tx, term_id: UUID, person_id: str) -> int:
    """Count the proposals not yet verified that one person made, who therefore may not verify them."""
    return tx.session.scalar(
        sa.select(sa.func.count()).where(
            TermEntry.term_id == term_id, TermEntry.state == EntryState.PROPOSED, TermEntry.proposed_by == person_id
        )
    ) or 0  # fmt: skip


def listed_by_district(tx: Tx, term_id: UUID, states: Collection[EntryState] = ON_LIST) -> dict[str, int]:
    """Count who is in these states by district, whoever asks."""
    found: Counter[str] = Counter()
    for village_code, by_state in _by_village(tx, term_id, None).items():
        found[district_of(village_code)] += sum(by_state[state] for state in states)
    return {code: count for code, count in found.items() if count}


def frozen_list(tx: Tx, term_id: UUID, village_code: str = "") -> tuple[FrozenView, ...]:
    """Give the determined list as it was frozen, by village and entry; the look is logged.

    ``village_code`` may be a district's. Raises: Forbidden.
    """
    reach = tx.require("bansos.see")
    where = [TermEntry.term_id == term_id, TermEntry.regency_code == tx.regency_code, *within(reach)]
    if village_code:
        where.append(in_region(TermEntry.village_code, village_code))
    rows = tx.session.execute(
        sa.select(
            FrozenEntry.entry_id, FrozenEntry.village_code, FrozenEntry.decile, FrozenEntry.persons,
            FrozenPerson.text, TermEntry.beneficiary_kind, TermEntry.beneficiary_id, TermEntry.household_id,
        )
        .join(TermEntry, TermEntry.id == FrozenEntry.entry_id)
        .outerjoin(FrozenPerson, FrozenPerson.entry_id == FrozenEntry.entry_id)
        .where(*where)
        .order_by(FrozenEntry.village_code, FrozenEntry.entry_id)
    ).all()  # fmt: skip
    tx.saw("household", sorted({row.household_id for row in rows}), "bansos_list")
    return tuple(
        FrozenView(
            entry_id=row.entry_id, beneficiary_kind=row.beneficiary_kind, beneficiary_id=row.beneficiary_id,
            household_id=row.household_id, village_code=row.village_code, decile=row.decile, persons=row.persons,
            who=thaw(FrozenWho, row.text) if row.text is not None else None,
        )
        for row in rows
    )  # fmt: skip


# ---------------------------------------------------------------- within


def in_region(column: Any, code: str) -> sa.ColumnElement[bool]:
    """Tell whether a village's code is this one, or lies in this district."""
    # "/" is the sign after ".": a village itself, or everything below a district.
    return sa.or_(column == code, column.between(f"{code}.", f"{code}/"))


def within(reach: Reach) -> list[sa.ColumnElement[bool]]:
    """Keep entries of the actor's villages."""
    if reach.is_all:
        return []
    return [sa.or_(sa.false(), *(in_region(TermEntry.village_code, code) for code in sorted(reach.regions)))]


def _sees_district(reach: Reach, code: str) -> bool:
    return reach.is_all or any(region == code or region.startswith(code + ".") for region in reach.regions)


def _by_village(tx: Tx, term_id: UUID, reach: Reach | None) -> dict[str, Counter[EntryState]]:
    rows = tx.session.execute(
        sa.select(TermEntry.village_code, TermEntry.state, sa.func.count().label("number"))
        .where(TermEntry.term_id == term_id, *(within(reach) if reach is not None else ()))
        .group_by(TermEntry.village_code, TermEntry.state)
    )
    found: dict[str, Counter[EntryState]] = {}
    for row in rows:
        found.setdefault(row.village_code, Counter())[row.state] = row.number
    return found


_TERM = sa.select(
    Term, Programme.slug.label("slug"), Programme.name.label("programme_name"), Programme.form, Programme.unit
).join(Programme, Programme.id == Term.programme_id).execution_options(populate_existing=True)  # fmt: skip


def _one_term(tx: Tx, *where: sa.ColumnElement[bool]) -> TermView:
    row = tx.session.execute(_TERM.where(Term.regency_code == tx.regency_code, *where)).first()
    if row is None:
        raise NotFound("term.not_found")
    return _term_views(tx, [row])[0]


def _term_views(tx: Tx, rows: Sequence[Any]) -> tuple[TermView, ...]:
    quotas: dict[UUID, dict[str, int]] = {}
    for quota in tx.session.scalars(
        sa.select(TermQuota)
        .where(TermQuota.term_id.in_([row.Term.id for row in rows]))
        .order_by(TermQuota.district_code)
    ):
        quotas.setdefault(quota.term_id, {})[quota.district_code] = quota.beneficiaries
    found = []
    for row in rows:
        one: Term = row.Term
        found.append(
            TermView(
                id=one.id, programme_id=one.programme_id, programme_slug=row.slug, programme_name=row.programme_name,
                form=row.form, unit=row.unit, no=one.no, name=one.name, period=Period(one.first_on, one.last_on),
                standard_id=one.standard_id, items=_items(tx, one.standard_id), quotas=quotas.get(one.id, {}),
                criteria=one.criteria, state=one.state, created_by=one.created_by,
                created_by_name=one.created_by_name, created_at=one.created_at, verified_by=one.verified_by,
                verified_by_name=one.verified_by_name, verified_at=one.verified_at,
                determined_by_name=one.determined_by_name, determined_at=one.determined_at, decree_no=one.decree_no,
                decree_on=one.decree_on, list_sha256=one.list_sha256, closed_at=one.closed_at,
                minutes_no=one.minutes_no, minutes=one.minutes,
            )
        )  # fmt: skip
    return tuple(found)


def _items(tx: Tx, standard_id: UUID) -> tuple[TermItemView, ...]:
    return tuple(
        TermItemView(
            item_id=line.item_id, item_code=line.item_code, name_id=line.item_name_id, name_en=line.item_name_en,
            unit=line.unit, quantity_milli=line.rate_milli,
        )
        for line in standard(tx, standard_id).lines
    )  # fmt: skip


def _programme_view(row: Programme) -> ProgrammeView:
    return ProgrammeView(
        id=row.id, slug=row.slug, name=row.name, kind=row.kind, form=row.form, unit=row.unit, cadence=row.cadence,
        supplier=row.supplier, distributor=row.distributor, funding_source=row.funding_source,
        legal_source=row.legal_source, created_at=row.created_at,
    )  # fmt: skip


def _entry_views(tx: Tx, rows: Sequence[TermEntry]) -> tuple[EntryView, ...]:
    homes: dict[UUID, HouseholdLine] = {
        one.id: one for one in households_by_ids(tx, [row.household_id for row in rows], purpose="bansos")
    }
    members = {
        one.id: one.name
        for one in persons(tx, [row.beneficiary_id for row in rows if row.beneficiary_kind is Unit.PERSON], "bansos")
    }
    frozen = {
        row.entry_id: row
        for row in tx.session.execute(
            sa.select(FrozenEntry.entry_id, FrozenEntry.decile, FrozenEntry.persons, FrozenPerson.text)
            .outerjoin(FrozenPerson, FrozenPerson.entry_id == FrozenEntry.entry_id)
            .where(FrozenEntry.entry_id.in_([row.id for row in rows]))
        )
    }
    found = []
    for row in rows:
        home, kept = homes[row.household_id], frozen.get(row.id)
        who = thaw(FrozenWho, kept.text) if kept is not None and kept.text is not None else None
        found.append(
            EntryView(
                id=row.id, term_id=row.term_id, beneficiary_kind=row.beneficiary_kind,
                beneficiary_id=row.beneficiary_id, household_id=row.household_id, household_code=home.code,
                name=who.name if who else members.get(row.beneficiary_id, home.head_name),
                head_name=who.head_name if who else home.head_name, address=who.address if who else home.address,
                rt=(who.rt or None) if who else home.rt, rw=(who.rw or None) if who else home.rw,
                village_code=row.village_code, village_name=who.village_name if who else home.village_name,
                decile=kept.decile if kept is not None else home.decile,
                persons=kept.persons if kept is not None else home.size, card_last4=row.card_last4, state=row.state,
                origin=row.origin, rank=row.rank, reason_code=row.reason_code, reason_text=row.reason_text,
                proposed_by_name=row.proposed_by_name, proposed_at=row.proposed_at, basis=row.basis,
            )
        )  # fmt: skip
    return tuple(found)
