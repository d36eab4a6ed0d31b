"""Programmes and terms are opened; villages propose, a second officer verifies, the head determines."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import date
from uuid import UUID

import sqlalchemy as sa

from core.errors import Conflict, Invalid, NotFound
from core.frozen import digest, freeze
from core.measures import MILLI, Milli, Period, Rupiah, print_quantity
from core.permissions import Reach
from core.states import move
from core.work import Tx
from logistics.packages.rules import Basis, StandardLine
from logistics.packages.standards import DefineStandard, approve_standard, define_standard
from logistics.packages.states import StandardPurpose
from logistics.programmes.models import FrozenEntry, FrozenPerson, Programme, Term, TermEntry, TermQuota
from logistics.programmes.queries import FrozenWho, in_region, listed_by_district, term_by_id, within
from logistics.programmes.rules import list_hash, over_quota, slug_of
from logistics.programmes.states import (
    ENTRY_MOVES,
    TERM_MOVES,
    Cadence,
    EntryAct,
    EntryState,
    Form,
    Origin,
    ProgrammeKind,
    TermAct,
    TermState,
    Unit,
)
from registry_link.households.bulk import put_rows
from registry_link.households.identities import identities, persons
from registry_link.households.queries import households_by_ids
from registry_link.regions.queries import regions
from stock.items.commands import cash_item
from stock.items.queries import item_by_id

LEAST_REASON = 5
LEFT_OUT = "term.left_out"
NOT_PROPOSED = "term.not_proposed"


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenProgramme:
    name: str
    kind: ProgrammeKind
    form: Form
    unit: Unit
    cadence: Cadence
    supplier: str
    distributor: str
    funding_source: str
    legal_source: str = ""


@dataclass(frozen=True, slots=True)
class OpenedProgramme:
    id: UUID
    slug: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TermItem:
    """What each beneficiary gets of one item."""

    item_id: UUID
    quantity_milli: Milli


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenTerm:
    """The next term of a programme. ``quotas`` are beneficiaries by district; empty means no limit."""

    programme_id: UUID
    name: str
    period: Period
    """The months it is for."""
    items: tuple[TermItem, ...] = ()
    """For goods."""
    amount_rp: Rupiah | None = None
    """For cash, each beneficiary's."""
    quotas: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Propose:
    """``basis`` names the minutes of the village meeting; who proposes for a village as an officer must name them."""

    term_id: UUID
    entry_ids: tuple[UUID, ...] = ()
    village_code: str = ""
    """All candidates of a village, or of a district."""
    basis: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Exclude:
    entry_id: UUID
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AddEntry:
    """A household (or a person of it) that neither criteria nor a file brought."""

    term_id: UUID
    household_id: UUID
    member_id: UUID | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Determine:
    term_id: UUID
    decree_no: str
    decree_on: date


# ---------------------------------------------------------------- programmes and terms


def open_programme(tx: Tx, order: OpenProgramme) -> OpenedProgramme:
    """Open a programme. Raises: Forbidden; Invalid without name, supplier or distributor; Conflict for a taken name."""
    tx.require("bansos.edit")
    name = " ".join(order.name.split())
    slug = slug_of(name)
    if not slug:
        raise Invalid("programme.name_missing", field="name")
    for part in ("supplier", "distributor", "funding_source"):
        if not getattr(order, part).strip():
            raise Invalid("programme.field_missing", field=part)
    if tx.session.scalar(
        sa.select(Programme.id).where(Programme.regency_code == tx.regency_code, Programme.slug == slug)
    ):
        raise Conflict("programme.name_taken", name=name)
    programme_id = tx.new_id()
    tx.session.add(
        Programme(
            id=programme_id, regency_code=tx.regency_code, slug=slug, name=name, kind=order.kind, form=order.form,
            unit=order.unit, cadence=order.cadence, supplier=order.supplier.strip(),
            distributor=order.distributor.strip(), funding_source=order.funding_source.strip(),
            legal_source=order.legal_source.strip(), created_by=tx.actor.id, created_at=tx.now,
        )
    )  # fmt: skip
    tx.session.flush()
    tx.note("programme.open", "programme", programme_id, slug=slug, form=order.form.value, unit=order.unit.value)
    return OpenedProgramme(programme_id, slug)


def open_term(tx: Tx, order: OpenTerm) -> UUID:
    """Open the next term and give its id; what each gets waits as a draft standard for the head's determination.

    Raises: Forbidden; NotFound; Invalid, naming the field.
    """
    tx.require("bansos.edit")
    programme = _programme(tx, order.programme_id)
    if not order.name.strip():
        raise Invalid("term.name_missing", field="name")
    known = {one.code for one in regions(tx, list(order.quotas))} if order.quotas else set()
    for code, count in order.quotas.items():
        if code not in known or code.count(".") != 2:
            raise Invalid("term.quota_region", field="quotas", code=code)
        if not 1 <= count <= 10_000_000:
            raise Invalid("term.quota_range", field="quotas", code=code)
    no = 1 + (tx.session.scalar(sa.select(sa.func.max(Term.no)).where(Term.programme_id == order.programme_id)) or 0)
    standard_id = define_standard(
        tx,
        DefineStandard(
            code=f"term-{programme.slug}", name_id=f"{programme.name} – {order.name.strip()}",
            name_en=f"{programme.name} – {order.name.strip()}", days=1,
            legal_source=programme.legal_source or programme.name, purpose=StandardPurpose.TERM,
            lines=_lines(tx, programme, order),
        ),
    )  # fmt: skip
    term_id = tx.new_id()
    tx.session.add(
        Term(
            id=term_id, regency_code=tx.regency_code, programme_id=order.programme_id, no=no, name=order.name.strip(),
            first_on=order.period.first_on, last_on=order.period.last_on, standard_id=standard_id, criteria="",
            state=TermState.DRAFT, created_by=tx.actor.id, created_by_name=tx.actor.name, created_at=tx.now,
            decree_no="", list_sha256="", minutes_no="", minutes="",
        )
    )  # fmt: skip
    tx.session.flush()
    tx.session.add_all(
        TermQuota(term_id=term_id, district_code=code, beneficiaries=count) for code, count in order.quotas.items()
    )
    tx.session.flush()
    tx.note("term.open", "term", term_id, programme=programme.slug, no=no, quota=sum(order.quotas.values()))
    return term_id


def _lines(tx: Tx, programme: Programme, order: OpenTerm) -> tuple[StandardLine, ...]:
    source = programme.legal_source or programme.name
    if programme.form is Form.CASH:
        if order.items or order.amount_rp is None:
            raise Invalid("term.cash_needs_amount", field="amount_rp")
        if not 1 <= order.amount_rp <= 1_000_000_000:
            raise Invalid("term.amount_range", field="amount_rp")
        given: tuple[TermItem, ...] = (TermItem(item_id=cash_item(tx), quantity_milli=Milli(order.amount_rp * MILLI)),)
    else:
        if not order.items or order.amount_rp is not None:
            raise Invalid("term.goods_need_items", field="items")
        if len({one.item_id for one in order.items}) != len(order.items):
            raise Invalid("term.item_twice", field="items")
        given = order.items
    lines = []
    for one in given:
        item = item_by_id(tx, one.item_id)
        if item.is_stocked is (programme.form is Form.CASH):
            raise Invalid("term.goods_need_items", field="items")
        if one.quantity_milli <= 0 or one.quantity_milli % item.step_milli:
            raise Invalid(
                "term.not_a_step",
                field="items",
                item=item.name_id,
                step=print_quantity(item.step_milli, item.base_unit),
            )
        lines.append(
            StandardLine(
                item_id=one.item_id, basis=Basis.HOUSEHOLD, rate_milli=one.quantity_milli,
                round_step_milli=item.step_milli, source_id=source, source_en=source,
            )
        )  # fmt: skip
    return tuple(lines)


def cancel_term(tx: Tx, term_id: UUID, reason: str) -> None:
    """Give a term up before it is determined. Raises: Forbidden; NotFound; Invalid without a reason; Conflict."""
    tx.require("bansos.edit")
    if len(reason.strip()) < LEAST_REASON:
        raise Invalid("term.reason_missing", field="reason")
    lock_term(tx, term_id)
    move(tx, Term, term_id, TermAct.CANCEL, TERM_MOVES, reason=reason.strip())


def lock_term(tx: Tx, term_id: UUID) -> TermState:
    """Keep the term for this transaction, so that two who change its list wait for each other. Raises: NotFound."""
    state: TermState | None = tx.session.scalar(
        sa.select(Term.state).where(Term.id == term_id, Term.regency_code == tx.regency_code).with_for_update()
    )
    if state is None:
        raise NotFound("term.not_found")
    return state


def need_draft(tx: Tx, term_id: UUID) -> None:
    """Lock the term and make sure that its list may still change. Raises: NotFound, Conflict."""
    state = lock_term(tx, term_id)
    if state is not TermState.DRAFT:
        raise Conflict("term.list_is_fixed", state=state.value)


# ---------------------------------------------------------------- the list: three people


def add_entry(tx: Tx, order: AddEntry) -> UUID:
    """Put a household, or one of its people, onto the list as a candidate, and give the entry's id.

    Raises: Forbidden; NotFound, also outside one's villages; Invalid when the term counts other units; Conflict when it
    is on the list.
    """
    reach = tx.require("bansos.propose")
    need_draft(tx, order.term_id)
    term = term_by_id(tx, order.term_id)
    found = households_by_ids(tx, [order.household_id], purpose="bansos")
    if not found or not reach.has_village(found[0].village_code):
        raise NotFound("household.not_found")
    if (term.unit is Unit.PERSON) != (order.member_id is not None) or term.unit is Unit.CARD:
        raise Invalid("term.other_unit", field="household_id", unit=term.unit.value)
    beneficiary_id = order.member_id or order.household_id
    if order.member_id is not None:
        member = persons(tx, [order.member_id], "bansos")
        if not member or member[0].household_id != order.household_id:
            raise NotFound("household.not_found")
    if tx.session.scalar(
        sa.select(TermEntry.id).where(
            TermEntry.term_id == order.term_id, TermEntry.beneficiary_kind == term.unit,
            TermEntry.beneficiary_id == beneficiary_id,
        )
    ):  # fmt: skip
        raise Conflict("term.already_listed")
    entry_id = tx.new_id()
    tx.session.add(
        TermEntry(
            id=entry_id, regency_code=tx.regency_code, term_id=order.term_id, beneficiary_kind=term.unit,
            beneficiary_id=beneficiary_id, household_id=order.household_id, village_code=found[0].village_code,
            card_last4="", state=EntryState.CANDIDATE, origin=Origin.ADDED, rank=0, reason_code="", reason_text="",
            basis="", created_at=tx.now,
        )
    )  # fmt: skip
    tx.session.flush()
    tx.note("term_entry.add", "term_entry", entry_id, term=str(order.term_id))
    return entry_id


def propose(tx: Tx, order: Propose) -> int:
    """Let a village propose its candidates, and give how many they were.

    Raises: Forbidden; NotFound; Invalid when an officer names no minutes of the village; Conflict when nothing of it
    waits, or the list is fixed.
    """
    reach = tx.require("bansos.propose")
    need_draft(tx, order.term_id)
    if reach.is_all and len(order.basis.strip()) < LEAST_REASON:
        raise Invalid("term.basis_missing", field="basis")
    done = tx.session.execute(
        sa.update(TermEntry)
        .where(
            TermEntry.term_id == order.term_id, TermEntry.state == EntryState.CANDIDATE, *within(reach),
            *_chosen(order.entry_ids, order.village_code),
        )
        .values(
            state=ENTRY_MOVES[EntryState.CANDIDATE, EntryAct.PROPOSE], proposed_by=tx.actor.id,
            proposed_by_name=tx.actor.name, proposed_at=tx.now, basis=order.basis.strip(),
        )
        .execution_options(synchronize_session=False)
    )  # fmt: skip
    count = int(done.rowcount)  # type: ignore[attr-defined]
    if not count or (order.entry_ids and count != len(set(order.entry_ids))):
        raise Conflict("term.nothing_to_propose")
    tx.note("term.propose", "term", order.term_id, entries=count, village=order.village_code, basis=order.basis.strip())
    return count


def withdraw_proposal(tx: Tx, entry_id: UUID) -> None:
    """Take one proposal back, as the village or an officer. Raises: Forbidden, NotFound, Conflict."""
    entry = _entry(tx, entry_id, tx.require("bansos.propose"))
    need_draft(tx, entry.term_id)
    move(
        tx, TermEntry, entry_id, EntryAct.WITHDRAW, ENTRY_MOVES, proposed_by=None, proposed_by_name=None,
        proposed_at=None, basis="",
    )  # fmt: skip


def exclude_entry(tx: Tx, order: Exclude) -> None:
    """Leave one beneficiary out, with the reason. Raises: Forbidden; NotFound; Invalid without a reason; Conflict."""
    entry = _entry(tx, order.entry_id, tx.require("bansos.propose"))
    need_draft(tx, entry.term_id)
    reason = order.reason.strip()
    if len(reason) < LEAST_REASON:
        raise Invalid("term.reason_missing", field="reason")
    move(
        tx, TermEntry, order.entry_id, EntryAct.EXCLUDE, ENTRY_MOVES, reason=reason, reason_code=LEFT_OUT,
        reason_text=reason,
    )  # fmt: skip


def restore_entry(tx: Tx, entry_id: UUID) -> None:
    """Make somebody who was left out a candidate again. Raises: Forbidden, NotFound, Conflict."""
    entry = _entry(tx, entry_id, tx.require("bansos.propose"))
    need_draft(tx, entry.term_id)
    move(
        tx, TermEntry, entry_id, EntryAct.RESTORE, ENTRY_MOVES, reason_code="", reason_text="", proposed_by=None,
        proposed_by_name=None, proposed_at=None, basis="",
    )  # fmt: skip


def verify_list(tx: Tx, term_id: UUID) -> int:
    """Verify what the villages proposed, as a second person, and give how many they are.

    Raises: Forbidden; NotFound; Conflict when nobody is proposed, one of them was proposed by oneself, or a district
    has more than its quota.
    """
    tx.require("bansos.verify")
    need_draft(tx, term_id)
    own = tx.session.scalar(
        sa.select(sa.func.count()).where(
            TermEntry.term_id == term_id, TermEntry.state == EntryState.PROPOSED, TermEntry.proposed_by == tx.actor.id
        )
    )
    if own:
        raise Conflict("term.proposed_by_you", entries=own)
    _need_quota(tx, term_id, EntryState.PROPOSED)
    count = _move_entries(tx, term_id, EntryState.PROPOSED, EntryAct.VERIFY, verified_by=tx.actor.id)
    if not count:
        raise Conflict("term.nobody_proposed")
    move(
        tx, Term, term_id, TermAct.VERIFY, TERM_MOVES, reason=f"{count} entries", verified_by=tx.actor.id,
        verified_by_name=tx.actor.name, verified_at=tx.now,
    )  # fmt: skip
    return count


def send_back(tx: Tx, term_id: UUID, reason: str) -> None:
    """Give a verified list back to be worked on, as the head. Raises: Forbidden; NotFound; Invalid; Conflict."""
    tx.require("bansos.determine")
    if len(reason.strip()) < LEAST_REASON:
        raise Invalid("term.reason_missing", field="reason")
    lock_term(tx, term_id)
    move(
        tx, Term, term_id, TermAct.SEND_BACK, TERM_MOVES, reason=reason.strip(), verified_by=None,
        verified_by_name=None, verified_at=None,
    )  # fmt: skip
    _move_entries(tx, term_id, EntryState.VERIFIED, EntryAct.SEND_BACK, verified_by=None)


def determine(tx: Tx, order: Determine) -> int:
    """Determine the verified list by decree, freeze it and everybody on it, and give how many they are.

    Whoever no village proposed is left out with that reason. Raises: Forbidden; NotFound; Invalid without a decree, or
    dated ahead; Conflict when it is not verified, when one did an earlier step oneself, or a quota is exceeded.
    """
    tx.require("bansos.determine")
    if len(order.decree_no.strip()) < 3:
        raise Invalid("term.decree_missing", field="decree_no")
    if order.decree_on > tx.today:
        raise Invalid("term.decree_ahead", field="decree_on")
    state = lock_term(tx, order.term_id)
    if state is not TermState.VERIFIED:
        raise Conflict("term.cannot_determine", state=state.value)
    term = term_by_id(tx, order.term_id)
    proposed_self = sa.select(TermEntry.id).where(
        TermEntry.term_id == order.term_id, TermEntry.state == EntryState.VERIFIED,
        TermEntry.proposed_by == tx.actor.id,
    )  # fmt: skip
    if term.verified_by == tx.actor.id or tx.session.scalar(proposed_self.limit(1)) is not None:
        raise Conflict("term.needs_third_person")
    _need_quota(tx, order.term_id, EntryState.VERIFIED)
    hashed = _freeze(tx, order.term_id)
    count = _move_entries(tx, order.term_id, EntryState.VERIFIED, EntryAct.DETERMINE, determined_by=tx.actor.id)
    _move_entries(tx, order.term_id, EntryState.CANDIDATE, EntryAct.EXCLUDE, reason_code=NOT_PROPOSED, reason_text="")
    approve_standard(tx, term.standard_id)
    move(
        tx, Term, order.term_id, TermAct.DETERMINE, TERM_MOVES, reason=f"{order.decree_no.strip()}: {count} entries",
        determined_by=tx.actor.id, determined_by_name=tx.actor.name, determined_at=tx.now,
        decree_no=order.decree_no.strip(), decree_on=order.decree_on, list_sha256=hashed,
    )  # fmt: skip
    return count


def _freeze(tx: Tx, term_id: UUID) -> str:
    """Keep everybody on the verified list as the registry says now; gives the hash over all."""
    entries = tx.session.execute(
        sa.select(TermEntry.id, TermEntry.beneficiary_id, TermEntry.household_id, TermEntry.card_last4)
        .where(TermEntry.term_id == term_id, TermEntry.state == EntryState.VERIFIED)
        .order_by(TermEntry.id)
    ).all()  # fmt: skip
    term = term_by_id(tx, term_id)
    homes = {one.household_id: one for one in identities(tx, [row.household_id for row in entries], "bansos")}
    people = (
        {one.id: one for one in persons(tx, [row.beneficiary_id for row in entries], "bansos")}
        if term.unit is Unit.PERSON
        else {}
    )
    kept, who = [], []
    for row in entries:
        home, person = homes[row.household_id], people.get(row.beneficiary_id)
        text = freeze(
            FrozenWho(
                name=person.name if person else home.head_name, household_code=home.code, head_name=home.head_name,
                address=home.address, rt=home.rt or "", rw=home.rw or "", hamlet=home.hamlet,
                village_name=home.village_name, nik_last4=person.nik_last4 if person else home.head_nik_last4,
                kk_last4=home.kk_last4, card_last4=row.card_last4,
            )
        )  # fmt: skip
        kept.append((row.id, term_id, home.village_code, home.decile, home.size, digest(text)))
        who.append((row.id, text))
    put_rows(
        tx, FrozenEntry, ("entry_id", "term_id", "village_code", "decile", "persons", "person_sha256"), kept
    )  # fmt: skip
    put_rows(tx, FrozenPerson, ("entry_id", "text"), who)
    return list_hash(f"{one[0]}|{one[2]}|{one[3]}|{one[4]}|{one[5]}" for one in kept)


def _need_quota(tx: Tx, term_id: UUID, state: EntryState) -> None:
    over = over_quota(listed_by_district(tx, term_id, (state,)), term_by_id(tx, term_id).quotas)
    if over:
        names = {one.code: one.name for one in regions(tx, [one.district_code for one in over])}
        told = "; ".join(f"{names.get(one.district_code, one.district_code)} {one.listed}/{one.quota}" for one in over)
        raise Conflict("term.over_quota", districts=told)


def _move_entries(tx: Tx, term_id: UUID, before: EntryState, act: EntryAct, **also: str | None) -> int:
    """Move everybody of a term who is in one state, by the same table as a single entry."""
    done = tx.session.execute(
        sa.update(TermEntry)
        .where(TermEntry.term_id == term_id, TermEntry.state == before)
        .values(state=ENTRY_MOVES[before, act], **also)
        .execution_options(synchronize_session=False)
    )
    return int(done.rowcount)  # type: ignore[attr-defined]


def _programme(tx: Tx, programme_id: UUID) -> Programme:
    """Give the programme and keep it for this transaction: its terms are numbered one after the other."""
    row = tx.session.scalar(
        sa.select(Programme)
        .where(Programme.id == programme_id, Programme.regency_code == tx.regency_code)
        .with_for_update()
    )
    if row is None:
        raise NotFound("programme.not_found")
    return row


def _entry(tx: Tx, entry_id: UUID, reach: Reach) -> TermEntry:
    row = tx.session.get(TermEntry, entry_id)
    if row is None or row.regency_code != tx.regency_code or not reach.has_village(row.village_code):
        raise NotFound("term_entry.not_found")
    return row


def _chosen(entry_ids: Collection[UUID], village_code: str) -> list[sa.ColumnElement[bool]]:
    where: list[sa.ColumnElement[bool]] = []
    if entry_ids:
        where.append(TermEntry.id.in_(entry_ids))
    if village_code:
        where.append(in_region(TermEntry.village_code, village_code))
    return where
