"""What a term's papers say, frozen when they are issued: facts that stay, and persons that can be erased apart.

Put together here as far as this noun knows it; what needs the handovers too is added in ``routes/term.py``.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from core.errors import Conflict
from core.office.queries import office, signatory
from core.work import Tx
from logistics.dispatch.queries import posts
from logistics.packages.queries import round_of_term, turns_of
from logistics.packages.states import PackageState, RoundState
from logistics.planning.hours import minutes_of
from logistics.programmes.queries import FrozenView, TermView, frozen_list, term_by_id
from logistics.programmes.reconciling import Reconciliation
from logistics.programmes.rules import district_of, slot_of
from logistics.programmes.states import TermState
from registry_link.regions.queries import RegionView, regions
from registry_link.regions.states import Level

SEEN = (TermState.DETERMINED, TermState.CLOSED)
OPEN = (PackageState.RESERVED, PackageState.LOADED)


@dataclass(frozen=True, slots=True, kw_only=True)
class PaperHead:
    """The office as its papers name it."""

    office_name: str
    regency_name: str
    address: str
    contact: str
    seat: str
    time_zone: str
    is_demo: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class PaperSigner:
    position: str
    name: str = ""
    employee_no: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PaperItem:
    """What one beneficiary gets of one item."""

    name: str
    quantity_milli: int
    unit: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PaperTerm:
    """Programme and term as they stand on every paper; ``unit`` is household, person or card."""

    programme: str
    term: str
    unit: str
    first_on: date
    last_on: date
    decree_no: str
    decree_on: date
    items: tuple[PaperItem, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PaperVillage:
    code: str
    name: str
    district: str


# ---------------------------------------------------------------- daftar nominatif


@dataclass(frozen=True, slots=True, kw_only=True)
class NominativeLine:
    """One beneficiary without who it is; ``village`` is the place of its village in the facts, 0 first."""

    no: int
    village: int
    rt: str
    rw: str
    decile: int | None
    persons: int


@dataclass(frozen=True, slots=True, kw_only=True)
class NominativeFacts:
    """A daftar nominatif but for the persons, in the order of district, village, RT and name."""

    head: PaperHead
    term: PaperTerm
    region: str
    """Empty for the whole regency."""
    villages: tuple[PaperVillage, ...]
    lines: tuple[NominativeLine, ...]
    signers: tuple[PaperSigner, ...]
    """The operator, the region's own head where there is one, the head of the office."""
    issued_on: date
    list_sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NominativePerson:
    no: int
    name: str
    code: str
    head_name: str
    """Empty where it is the name itself."""
    address: str
    nik_last4: str
    kk_last4: str
    card_last4: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NominativePersons:
    lines: tuple[NominativePerson, ...]


def nominative(tx: Tx, term_id: UUID, region_code: str) -> tuple[NominativeFacts, NominativePersons]:
    """Give what the daftar nominatif of a village, a district or the whole regency says.

    Raises: Forbidden; NotFound; Conflict when the list is not determined, or nobody of it is there.
    """
    term = term_by_id(tx, term_id)
    if term.state not in SEEN:
        raise Conflict("term.not_determined")
    found = frozen_list(tx, term.id, region_code)
    if not found:
        raise Conflict("term.nobody_listed")
    villages = _villages(tx, {one.village_code for one in found})
    place = {one.code: at for at, one in enumerate(villages)}
    rows = sorted(found, key=lambda one: (place[one.village_code], *_order(one)))
    facts = NominativeFacts(
        head=head_of(tx), term=term_of(term), region=_region_name(tx, region_code), villages=villages,
        lines=tuple(
            NominativeLine(
                no=no, village=place[one.village_code], rt=one.who.rt if one.who else "",
                rw=one.who.rw if one.who else "", decile=one.decile, persons=one.persons,
            )
            for no, one in enumerate(rows, 1)
        ),
        signers=_signers(tx, region_code), issued_on=tx.today, list_sha256=term.list_sha256,
    )  # fmt: skip
    persons = NominativePersons(
        lines=tuple(
            NominativePerson(
                no=no, name=one.who.name, code=one.who.household_code,
                head_name="" if one.who.head_name == one.who.name else one.who.head_name, address=address_of(one),
                nik_last4=one.who.nik_last4, kk_last4=one.who.kk_last4, card_last4=one.who.card_last4,
            )
            for no, one in enumerate(rows, 1)
            if one.who is not None
        )
    )  # fmt: skip
    return facts, persons


def _order(one: FrozenView) -> tuple[str, str, str, str]:
    """RW before RT: RT 001 of one RW is not RT 001 of another."""
    if one.who is None:
        return ("~", "", "", str(one.entry_id))
    return (one.who.rw, one.who.rt, one.who.name.casefold(), str(one.entry_id))


def address_of(one: FrozenView) -> str:
    """Write where somebody lives, without RT and village, which stand in columns of their own."""
    if one.who is None:
        return ""
    return ", ".join(part for part in (one.who.address.strip(), one.who.hamlet.strip()) if part)


# ---------------------------------------------------------------- undangan


@dataclass(frozen=True, slots=True, kw_only=True)
class InvitationLine:
    """One invitation without whom it invites. ``ref`` is the package's public reference, in hex."""

    no: int
    package_code: str
    village: str
    post: int
    serve_on: date
    from_minute: int
    to_minute: int
    """Minutes of the day; both 0 where the post tells no hours."""
    ref: str
    items: tuple[PaperItem, ...] = ()
    """What this one gets, where not everybody gets the same."""


@dataclass(frozen=True, slots=True, kw_only=True)
class InvitationPost:
    name: str
    address: str
    opening: str = ""
    """What people are told of its hours."""


@dataclass(frozen=True, slots=True, kw_only=True)
class InvitationFacts:
    """The invitations of a village or district, in the order in which they are carried out: village, RT, name."""

    head: PaperHead
    term: PaperTerm
    region: str
    posts: tuple[InvitationPost, ...]
    lines: tuple[InvitationLine, ...]
    signer: PaperSigner
    issued_on: date
    is_relief: bool = False
    """For an incident's round: ``term`` names the incident and the week."""


@dataclass(frozen=True, slots=True, kw_only=True)
class InvitationPerson:
    no: int
    name: str
    head_name: str
    """Empty where it is the name itself."""
    address: str
    rt: str
    rw: str


@dataclass(frozen=True, slots=True, kw_only=True)
class InvitationPersons:
    lines: tuple[InvitationPerson, ...]


def invitations(tx: Tx, term_id: UUID, region_code: str) -> tuple[InvitationFacts, InvitationPersons]:
    """Give the invitations of a region: everybody whose package has a post and a day and is still open.

    Raises: Forbidden; NotFound; Conflict when the distribution is not approved, or nobody is left to invite.
    """
    term = term_by_id(tx, term_id)
    the_round = round_of_term(tx, term.id)
    if the_round is None or the_round.state is not RoundState.APPROVED:
        raise Conflict("term.not_planned")
    turns = turns_of(tx, the_round.id)
    known = {one.id: one for one in posts(tx, with_closed=True, ids={turn.post_id for turn in turns})}
    counts = Counter((turn.post_id, turn.serve_on) for turn in turns)
    by_beneficiary = {
        (turn.beneficiary_kind, turn.beneficiary_id): turn for turn in turns if turn.state in OPEN and turn.public_ref
    }
    found = [
        (one, by_beneficiary[key])
        for one in frozen_list(tx, term.id, region_code)
        if (key := (one.beneficiary_kind.value, one.beneficiary_id)) in by_beneficiary
    ]
    if not found:
        raise Conflict("term.nobody_to_invite")
    villages = {one.code: one for one in _villages(tx, {one.village_code for one, _ in found})}
    order = {code: at for at, code in enumerate(villages)}
    found.sort(key=lambda pair: (order[pair[0].village_code], *_order(pair[0])))
    used = sorted({turn.post_id for _, turn in found}, key=lambda post_id: known[post_id].code)
    lines, who = [], []
    for no, (one, turn) in enumerate(found, 1):
        # The hours of the post win; one that tells none invites by the half hour.
        first, last = (
            minutes_of(turn.hours)
            if turn.hours
            else slot_of(turn.place, counts[turn.post_id, turn.serve_on], known[turn.post_id].capacity_per_day)
        )
        village = villages[one.village_code]
        lines.append(
            InvitationLine(
                no=no, package_code=turn.code, village=f"{village.name}, {village.district}",
                post=used.index(turn.post_id), serve_on=turn.serve_on, from_minute=first, to_minute=last,
                ref=(turn.public_ref or b"").hex(),
            )
        )  # fmt: skip
        if one.who is not None:
            who.append(
                InvitationPerson(
                    no=no, name=one.who.name,
                    head_name="" if one.who.head_name == one.who.name else one.who.head_name,
                    address=address_of(one), rt=one.who.rt, rw=one.who.rw,
                )
            )  # fmt: skip
    facts = InvitationFacts(
        head=head_of(tx), term=term_of(term), region=_region_name(tx, region_code),
        posts=tuple(InvitationPost(name=known[one].name, address=known[one].address) for one in used),
        lines=tuple(lines), signer=head_signer(tx), issued_on=tx.today,
    )  # fmt: skip
    return facts, InvitationPersons(lines=tuple(who))


# ---------------------------------------------------------------- lampiran LPJ


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountVillage:
    name: str
    determined: int
    handed_over: int
    returned: int
    open: int
    open_rests: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountItem:
    name: str
    unit: str
    due_milli: int
    sent_milli: int
    handed_over_milli: int
    left_milli: int
    rest_milli: int
    is_money: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountReceipt:
    package_code: str
    village: str
    day: date
    number: str
    is_partial: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountMiss:
    """Somebody determined who was not served; ``package_code`` is empty where there never was a package."""

    no: int
    package_code: str
    village: str
    reason: str
    next_step: str
    due_on: date | None


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountFacts:
    """The annex of accountability of a term (lampiran LPJ) but for the persons."""

    head: PaperHead
    term: PaperTerm
    funding_source: str
    supplier: str
    distributor: str
    villages: tuple[AccountVillage, ...]
    items: tuple[AccountItem, ...]
    receipts: tuple[AccountReceipt, ...]
    missed: tuple[AccountMiss, ...]
    is_closed: bool
    minutes_no: str
    minutes: str
    signers: tuple[PaperSigner, ...]
    issued_on: date
    list_sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountName:
    """Whose receipt, by its number, or who was not served, by the line."""

    key: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountPersons:
    names: tuple[AccountName, ...]


def account_villages(found: Reconciliation) -> tuple[AccountVillage, ...]:
    """Give the figures of a reconciliation village by village, as the annex keeps them."""
    return tuple(
        AccountVillage(
            name=one.village_name, determined=one.determined, handed_over=one.handed_over, returned=one.returned,
            open=one.open, open_rests=one.open_rests,
        )
        for one in found.villages
    )  # fmt: skip


def account_items(found: Reconciliation) -> tuple[AccountItem, ...]:
    """Give the goods of a reconciliation, as the annex keeps them."""
    return tuple(
        AccountItem(
            name=one.name_id, unit=one.unit, due_milli=one.due_milli, sent_milli=one.sent_milli,
            handed_over_milli=one.handed_over_milli, left_milli=one.left_milli, rest_milli=one.rest_milli,
            is_money=one.is_money,
        )
        for one in found.goods
    )  # fmt: skip


# ---------------------------------------------------------------- parts of every paper


def head_of(tx: Tx) -> PaperHead:
    """Give the office as its papers name it today."""
    own = office(tx)
    return PaperHead(
        office_name=own.name, regency_name=own.regency_name, address=own.address, contact=own.contact, seat=own.seat,
        time_zone=own.time_zone, is_demo=own.is_demo,
    )  # fmt: skip


def term_of(term: TermView) -> PaperTerm:
    """Give a determined term as its papers name it. Raises: Conflict when it is not determined."""
    if term.state not in SEEN or term.decree_on is None:
        raise Conflict("term.not_determined")
    return PaperTerm(
        programme=term.programme_name, term=term.name, unit=term.unit.value, first_on=term.period.first_on,
        last_on=term.period.last_on, decree_no=term.decree_no, decree_on=term.decree_on,
        items=tuple(
            PaperItem(name=one.name_id, quantity_milli=one.quantity_milli, unit=one.unit) for one in term.items
        ),
    )  # fmt: skip


def operator_signer(tx: Tx) -> PaperSigner:
    """Give who made the paper, to sign it."""
    return PaperSigner(position="Operator data", name=tx.actor.name if tx.actor.kind == "person" else "")


def head_signer(tx: Tx) -> PaperSigner:
    """Give the head of the office, to sign; with room for handwriting where nobody was named."""
    found = signatory(tx, "head")
    return PaperSigner(position=found.position or "Kepala Dinas Sosial", name=found.name, employee_no=found.employee_no)


def _signers(tx: Tx, region_code: str) -> tuple[PaperSigner, ...]:
    middle: tuple[PaperSigner, ...] = ()
    for one in regions(tx, [region_code]) if region_code else ():
        if one.level is Level.VILLAGE:
            title = "Lurah" if one.kind == "kelurahan" else "Kepala Desa"
            middle = (PaperSigner(position=f"{title} {one.name}"),)
        elif one.level is Level.DISTRICT:
            middle = (PaperSigner(position=f"Camat {one.name}"),)
    return (operator_signer(tx), *middle, head_signer(tx))


def _region_name(tx: Tx, region_code: str) -> str:
    found: tuple[RegionView, ...] = regions(tx, [region_code]) if region_code else ()
    return found[0].full_name if found else ""


def _villages(tx: Tx, codes: set[str]) -> tuple[PaperVillage, ...]:
    """Give the villages by code, each with its district's name."""
    named = {one.code: one for one in regions(tx, sorted(codes | {district_of(code) for code in codes}))}
    return tuple(
        PaperVillage(
            code=code, name=named[code].title if code in named else code,
            district=named[district_of(code)].title if district_of(code) in named else district_of(code),
        )
        for code in sorted(codes)
    )  # fmt: skip
