"""The letter that asks the province or the ministry for what an incident's week lacks, frozen when it is issued.

Its figures are those of the need's page: both read ``logistics.planning.need``.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass, replace
from datetime import date, datetime
from uuid import UUID

from core.documents.commands import IssueDocument, issue_document
from core.documents.queries import document, documents, said
from core.documents.states import DocumentState
from core.errors import Conflict, Invalid, NotFound
from core.i18n import say
from core.work import Tx
from logistics.packages.queries import round_by_id
from logistics.packages.standard_queries import StandardView, standard
from logistics.planning.gap import Asking, NeedTables, tables_of
from logistics.planning.need import RoundNeed, need
from logistics.planning.spreading import ItemDays, VillageNeed, need_by_day, need_by_village, preview_by_village
from logistics.zones import week
from logistics.zones.queries import DecreeView, IncidentView, decrees, incident_by_id
from logistics.zones.rows import lock_running
from registry_link.regions.queries import regions
from stock.ledger.papers import PaperHead, PaperNames, PaperSigner, head_of, officials

KIND = "SPBT"
MOST_COPIES = 8


class Addressee(enum.StrEnum):
    PROVINCE = "province"
    """The province's social-affairs office."""
    MINISTRY = "ministry"
    """Kementerian Sosial."""
    OTHER = "other"


@dataclass(frozen=True, slots=True, kw_only=True)
class IssueGapLetter:
    """``round_id`` None asks for the need of everybody confirmed, before there is a plan.

    ``name`` and ``town`` may stay empty but for another addressee: the customary words are taken. ``needed_on`` is the
    day by which the goods should be there.
    """

    incident_id: UUID
    round_id: UUID | None
    addressee: Addressee
    name: str = ""
    town: str = ""
    needed_on: date | None = None
    reason: str = ""
    copies_to: tuple[str, ...] = ()
    less_expected: bool = False
    in_packs: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class GapDecree:
    authority: str
    number: str
    dated_on: date
    phase: str
    first_on: date
    last_on: date


@dataclass(frozen=True, slots=True, kw_only=True)
class GapFacts:
    """A letter as it was issued, but for the persons. Quantities are thousandths of their unit."""

    head: PaperHead
    signers: tuple[PaperSigner, ...]
    addressee: str
    town: str
    copies_to: tuple[str, ...]
    issued_on: date
    as_of: datetime
    """The instant of its figures."""
    incident: str
    hazard: str
    started_on: date
    place: str
    decrees: tuple[GapDecree, ...]
    round_no: int | None
    """None before there is a plan."""
    first_on: date
    last_on: date
    households: int
    persons: int
    waiting: int
    waiting_persons: int
    in_part: int
    standard: str
    standard_version: int
    legal_source: str
    reason: str
    needed_on: date | None
    is_less_expected: bool
    tables: NeedTables


@dataclass(frozen=True, slots=True, kw_only=True)
class Spread:
    """A need with its villages and days; no days before there is a plan."""

    need: RoundNeed
    villages: tuple[VillageNeed, ...]
    days: tuple[ItemDays, ...]


def spread_of(tx: Tx, view: IncidentView, round_id: UUID | None) -> Spread | None:
    """Give the need of a round of an incident, or of everybody confirmed where none is named.

    None where no standard is there to work it out by. Raises: NotFound.
    """
    if round_id is not None:
        if round_by_id(tx, round_id).incident_id != view.id:
            raise NotFound("round.not_found")
        found = need(tx, round_id)
        return Spread(need=found, villages=need_by_village(tx, round_id, found), days=need_by_day(tx, round_id, found))
    plan = week.standard_in_force(tx)
    if plan is None:
        return None
    found, people = week.preview_with_people(tx, view, plan.id)
    return Spread(need=found, villages=preview_by_village(tx, plan.id, people, found), days=())


def issue_gap_letter(tx: Tx, order: IssueGapLetter) -> UUID:
    """Issue the letter as things stand now, and give its id; the one issued before where it says the same today.

    Raises: Forbidden; NotFound; Conflict where nothing is short, or the incident is closed; Invalid, naming the field.
    """
    tx.require("gap.issue")
    lock_running(tx, order.incident_id)
    view = incident_by_id(tx, order.incident_id)
    found = spread_of(tx, view, order.round_id)
    if found is None or not found.need.lines:
        raise Conflict("gap.nobody")
    facts, persons = letter(tx, order, view, found)
    if not any(one.asked.quantity_milli for one in facts.tables.asked):
        raise Conflict("gap.nothing_short")
    subject, subject_id = ("round", order.round_id) if order.round_id else ("incident", view.id)
    for one in documents(tx, kind=KIND, subject_id=subject_id, limit=20).lines:
        before = said(tx, one.id, GapFacts)
        if one.state is DocumentState.ISSUED and replace(before, as_of=facts.as_of) == facts:
            return one.id
    title = f"Permohonan bantuan {view.name}" + (f" minggu ke-{facts.round_no}" if facts.round_no else "")
    return issue_document(
        tx,
        IssueDocument(
            kind=KIND, subject=subject, subject_id=subject_id, title=title, day=tx.today, view=facts, person=persons
        ),
    ).id


def letter(tx: Tx, order: IssueGapLetter, view: IncidentView, found: Spread) -> tuple[GapFacts, PaperNames]:
    """Give what the letter says. Raises: Invalid, naming the field; Conflict."""
    if len(order.copies_to) > MOST_COPIES:
        raise Invalid("gap.too_many_copies", field="copies_to", most=MOST_COPIES)
    if order.needed_on is not None and order.needed_on < tx.today:
        raise Invalid("gap.day_passed", field="needed_on")
    own, names = head_of(tx), officials(tx)
    addressee, town = addressed(tx, order.addressee, order.name, order.town)
    the_round = round_by_id(tx, order.round_id) if order.round_id else None
    plan = standard(tx, the_round.standard_id) if the_round else week.standard_in_force(tx)
    assert plan is not None  # a need was worked out by it
    first_on, last_on = _days(tx, view, found)
    tables = tables_of(
        found.need, found.villages, found.days,
        Asking(less_until=last_on if order.less_expected else None, in_packs=order.in_packs),
    )  # fmt: skip
    facts = GapFacts(
        head=own, signers=(PaperSigner(caption="", position=names.head.position or "Kepala Dinas Sosial"),),
        addressee=addressee, town=town, copies_to=tuple(one.strip() for one in order.copies_to if one.strip()),
        issued_on=tx.today, as_of=tx.now, incident=view.name, hazard=say(f"hazard.{view.hazard.value}", "id"),
        started_on=view.started_at.astimezone(tx.zone).date(), place=view.place_text,
        decrees=_decrees(tx, view, first_on, last_on), round_no=the_round.no if the_round else None,
        first_on=first_on, last_on=last_on, households=sum(one.households for one in found.villages),
        persons=sum(one.persons for one in found.villages), waiting=sum(one.waiting for one in found.villages),
        waiting_persons=sum(one.waiting_persons for one in found.villages),
        in_part=sum(one.in_part for one in found.villages), standard=plan.name_id, standard_version=plan.version,
        legal_source=_source(plan), reason=order.reason.strip(), needed_on=order.needed_on,
        is_less_expected=order.less_expected, tables=tables,
    )  # fmt: skip
    return facts, PaperNames(signers=(names.head.name,))


def addressed(tx: Tx, addressee: Addressee, name: str = "", town: str = "") -> tuple[str, str]:
    """Give whom a letter is to and where, in the customary words where none are given.

    Raises: Invalid for another addressee without a name.
    """
    name, town = name.strip(), town.strip()
    if addressee is Addressee.OTHER and not name:
        raise Invalid("gap.addressee_missing", field="name")
    if not name and addressee is Addressee.MINISTRY:
        name = (
            "Menteri Sosial Republik Indonesia c.q. Direktur Jenderal Perlindungan dan Jaminan Sosial, "
            "Kementerian Sosial"
        )
        town = town or "Jakarta"
    if not name:
        known = regions(tx, [tx.regency_code.split(".")[0]])
        province = known[0].name.removeprefix("Provinsi ") if known else ""
        name = f"Kepala Dinas Sosial Provinsi {province}".strip()
    return name, town or "Tempat"


def facts_of(tx: Tx, document_id: UUID) -> GapFacts:
    """Give what an issued letter said. Raises: NotFound, also for a paper of another kind."""
    if document(tx, document_id).kind != KIND:
        raise NotFound("document.not_found")
    return said(tx, document_id, GapFacts)


def _days(tx: Tx, view: IncidentView, found: Spread) -> tuple[date, date]:
    """Give the days the need is for: the round's, else the next week's."""
    if found.need.week is not None:
        return found.need.week.first_on, found.need.week.last_on
    first_on = week.next_week(tx, view) or tx.today
    return first_on, date.fromordinal(first_on.toordinal() + found.need.days.count - 1)


def _decrees(tx: Tx, view: IncidentView, first_on: date, last_on: date) -> tuple[GapDecree, ...]:
    """Give the decrees that hold on some of these days; the last of all where none does."""
    known = decrees(tx, view.id)
    held = [one for one in known if one.period.first_on <= last_on and first_on <= one.period.last_on]
    return tuple(_decree(one) for one in (held or known[-1:]))


def _decree(one: DecreeView) -> GapDecree:
    return GapDecree(
        authority=one.authority, number=one.number, dated_on=one.dated_on, phase=say(f"phase.{one.phase.value}", "id"),
        first_on=one.period.first_on, last_on=one.period.last_on,
    )  # fmt: skip


def _source(plan: StandardView) -> str:
    return plan.legal_source.strip()
