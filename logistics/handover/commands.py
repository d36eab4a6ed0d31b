from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final, cast
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from core import states
from core.actor import Role
from core.clock import local_day
from core.crypto import new_ref
from core.documents.commands import IssueDocument, issue_document, void_document
from core.documents.queries import document, is_free_ref
from core.errors import Conflict, Forbidden, Invalid, NotFound
from core.measures import Milli, print_instant
from core.numbering import next_number
from core.office.queries import office, signatory, signing
from core.work import Tx
from logistics.handover.models import Handover, HandoverEvent, HandoverLine, HandoverPerson, Miss
from logistics.handover.papers import (
    ListFacts,
    ListLine,
    ListPerson,
    ListPersons,
    ReceiptFacts,
    ReceiptItem,
    ReceiptPerson,
)
from logistics.handover.queries import PERSON, people_at
from logistics.handover.rules import Due, Fact, Recipient, check_lines, clean_note, read_fact, read_recipient, sha256
from logistics.handover.states import (
    HANDOVERS,
    HandoverAct,
    HandoverState,
    MissKind,
    NextStep,
    Outcome,
    StockState,
    VoidReason,
)
from logistics.packages.cell_queries import reserved_supplements
from logistics.packages.commands import (
    RestLine,
    add_supplement,
    lock_round,
    mark_handed_over,
    mark_taken_back,
    void_rest,
)
from logistics.packages.queries import PackageView, package, rest_of, round_by_id
from logistics.packages.states import PackageState, RoundState
from logistics.planning.commands import PURPOSE, group_key
from registry_link.households.identities import persons
from registry_link.households.queries import HouseholdLine, households_by_ids, kk_last4_of
from registry_link.regions.queries import region
from stock.items.queries import items, unstocked_ids
from stock.ledger.commands import HandOver, ItemLine, hand_over, reverse_handover
from stock.places.queries import place_by_id
from stock.reservations.commands import ReleaseLine, ReleasePart, release_part

CLOCK_SLACK: Final = timedelta(minutes=15)
OWN_VOID: Final = timedelta(minutes=15)
"""A field officer may take back their own handover only so long; after that the logistics officer does."""
LONGEST_MISS: Final = timedelta(days=366)
LONGEST_NOTE: Final = 200
RECEIPT: Final = "TT"
LIST: Final = "DTT"


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordHandover:
    """An event that is told while it happens. ``payload`` and ``person`` are kept as they are, byte for byte."""

    payload: str
    person: str
    occasion: str
    """The incident's or the programme's name, for the receipt."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedHandover:
    event_id: UUID
    handover_id: UUID
    receipt_id: UUID
    number: str
    outcome: Outcome
    is_partial: bool
    rest_id: UUID | None
    """The supplementary package that holds the rest of a partial handover."""


@dataclass(frozen=True, slots=True, kw_only=True)
class IssueList:
    round_id: UUID
    post_id: UUID
    serve_on: date
    occasion: str


@dataclass(frozen=True, slots=True, kw_only=True)
class VoidHandover:
    handover_id: UUID
    reason: VoidReason
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordMiss:
    """A package that was not handed over when it was its turn; ``due_on`` is until when the next step is done."""

    package_id: UUID
    kind: MissKind
    next_step: NextStep
    due_on: date
    note: str = ""
    """What else is to be known of it, without a person's name or number."""
    happened_on: date | None = None
    """Today when nothing is said."""


# By the tables and written once: this is the act that a post does all day long.
_HANDOVER, _EVENT = cast(sa.Table, Handover.__table__), cast(sa.Table, HandoverEvent.__table__)
_KNOWN = sa.select(_EVENT.c.payload, _EVENT.c.regency_code).where(_EVENT.c.id == sa.bindparam("event"))
_ADD_EVENT = {
    "postgresql": postgresql.insert(_EVENT).on_conflict_do_nothing(index_elements=["id"]),
    "sqlite": sqlite.insert(_EVENT).on_conflict_do_nothing(index_elements=["id"]),
}
_ADD_PERSON = sa.insert(cast(sa.Table, HandoverPerson.__table__))
_ADD_LINE = sa.insert(cast(sa.Table, HandoverLine.__table__))
_ADD = {
    "postgresql": postgresql.insert(_HANDOVER).on_conflict_do_nothing(),
    "sqlite": sqlite.insert(_HANDOVER).on_conflict_do_nothing(),
}
_SET_RECEIPT = (
    sa.update(_HANDOVER).where(_HANDOVER.c.id == sa.bindparam("p_id")).values(receipt_id=sa.bindparam("p_receipt"))
)


def record_handover(tx: Tx, order: RecordHandover) -> RecordedHandover:
    """Record that a household got its package: event, books, package and receipt together, or nothing.

    The same event again gives the first answer. Raises: Forbidden; Invalid, with the field; NotFound, for a package
    that is unknown or belongs to another post; Conflict, when it was served already or is not at the post yet;
    the ledger's own refusals, when the post has not got the goods.
    """
    reach = tx.require("handover.record")
    fact = read_fact(order.payload)
    if known := _known(tx, fact.id, order.payload):
        return known
    recipient = read_recipient(order.person, fact.recipient)
    if sha256(order.person) != fact.person_sha256:
        raise Invalid("handover.person_differs", field="person_sha256")
    if fact.at > tx.now + CLOCK_SLACK:
        raise Invalid("handover.in_future", field="at")
    if not reach.has_place(fact.post_id):
        raise NotFound("package.not_found")
    # Claimed before anything is judged: a twin sent at the same moment waits here and gets the first one's answer.
    claimed = tx.session.execute(
        _ADD_EVENT[tx.session.get_bind().dialect.name],
        {
            "id": fact.id, "regency_code": tx.regency_code, "payload": order.payload.encode(),
            "payload_sha256": sha256(order.payload), "signature": None, "device_id": None, "device_seq": None,
            "prev_sha256": None, "happened_at": fact.at, "received_at": tx.now, "received_by": tx.actor.id,
            "outcome": Outcome.ACCEPTED,
        },
    )  # fmt: skip
    if claimed.rowcount != 1 and (known := _known(tx, fact.id, order.payload)):  # type: ignore[attr-defined]
        return known
    found = package(tx, fact.package_id, reach)
    is_partial = _judge(tx, fact, found)

    happened = min(fact.at, tx.now)
    handover_id = tx.new_id()
    row = found.row
    tx.session.execute(_ADD_PERSON, {"event_id": fact.id, "text": order.person})
    mark_handed_over(tx, row.id)
    event_on = local_day(happened, tx.zone)
    # The partial unique index is the last guard: whatever slipped past the others ends here as a refusal, not a 500.
    done = tx.session.execute(
        _ADD[tx.session.get_bind().dialect.name],
        {
            "id": handover_id, "event_id": fact.id, "regency_code": tx.regency_code, "round_id": row.round_id,
            "package_id": row.id, "package_no": row.no, "beneficiary_kind": row.beneficiary_kind,
            "beneficiary_id": row.beneficiary_id, "household_id": row.household_id, "standard_id": row.standard_id,
            "village_code": row.village_code, "post_id": fact.post_id, "state": HandoverState.VALID,
            "recipient_kind": fact.recipient,
            "is_partial": is_partial, "partial_reason": fact.partial_reason.strip(), "event_at": happened,
            "event_on": event_on, "recorded_at": tx.now, "recorded_by": tx.actor.id, "receipt_id": None,
            "stock_state": StockState.BOOKED, "void_reason": None, "void_note": "", "voided_at": None,
            "voided_by": None,
        },
    )  # fmt: skip
    if done.rowcount != 1:  # type: ignore[attr-defined]
        raise Conflict("handover.already_served", when="", number="")
    number = next_number(tx, RECEIPT, event_on)
    given = {line.item_code: line.quantity_milli for line in fact.lines}
    tx.session.execute(
        _ADD_LINE,
        [
            {
                "handover_id": handover_id, "item_id": line.item_id, "due_milli": line.quantity_milli,
                "quantity_milli": given.get(line.item_code, 0),
            }
            for line in found.lines
        ],
    )  # fmt: skip
    money = unstocked_ids(tx)
    goods = tuple(
        ItemLine(item_id=line.item_id, quantity_milli=given[line.item_code])
        for line in found.lines if given.get(line.item_code) and line.item_id not in money
    )  # fmt: skip
    if goods:
        hand_over(
            tx,
            HandOver(post_id=fact.post_id, handover_id=handover_id, event_at=happened, number=number, lines=goods),
        )
    receipt = _issue_receipt(tx, order, fact, found, recipient, number, is_partial)
    tx.session.execute(_SET_RECEIPT, {"p_id": handover_id, "p_receipt": receipt})
    rest_id = None
    if is_partial:
        # What is still due stays due: whoever decides that it is not given any more cancels it, with a reason.
        rest_id = add_supplement(
            tx, row.id,
            [
                RestLine(
                    item_id=line.item_id, quantity_milli=Milli(line.quantity_milli - given.get(line.item_code, 0)),
                    is_once=line.is_once,
                )
                for line in found.lines
            ],
        )  # fmt: skip
    tx.note(
        "handover.record", "handover", handover_id, package=row.code, post=str(fact.post_id), number=number,
        recipient=fact.recipient.value, is_partial=is_partial, payload_sha256=sha256(order.payload),
    )  # fmt: skip
    return RecordedHandover(
        event_id=fact.id, handover_id=handover_id, receipt_id=receipt, number=number, outcome=Outcome.ACCEPTED,
        is_partial=is_partial, rest_id=rest_id,
    )  # fmt: skip


def issue_list(tx: Tx, order: IssueList) -> UUID:
    """Issue the daftar tanda terima of a post and day: who is served there, with a cell to sign in.

    Raises: Forbidden; NotFound, for another's post; Conflict, when nobody is served there that day.
    """
    reach = tx.require("list.print")
    reach.need_place(order.post_id, "post")
    people = people_at(tx, order.round_id, order.post_id, order.serve_on)
    if not people:
        raise Conflict("handover.list_empty")
    own, post, the_round = office(tx), place_by_id(tx, order.post_id), round_by_id(tx, order.round_id)
    acknowledger = signatory(tx, "acknowledger")
    wanted = {line.item_id for one in people for line in one.content.lines}
    goods = {item.id: item for item in items(tx, ids=wanted)}
    facts = ListFacts(
        office_name=own.name, regency_name=own.regency_name, office_address=own.address, office_contact=own.contact,
        office_seat=own.seat, is_demo=own.is_demo, incident_name=order.occasion, round_no=the_round.no,
        post_name=post.name, post_address=post.address, serve_on=order.serve_on,
        officer_name=tx.actor.name if Role.FIELD in tx.actor.roles else "", acknowledger_name=acknowledger.name,
        acknowledger_position=acknowledger.position, acknowledger_employee_no=acknowledger.employee_no,
        lines=tuple(
            ListLine(
                package_code=one.content.row.code, persons=one.content.row.persons,
                mark="sudah menerima" if one.is_served else "",
                items=tuple(
                    ReceiptItem(
                        name=goods[line.item_id].name_id, quantity_milli=line.quantity_milli,
                        due_milli=line.quantity_milli, unit=goods[line.item_id].base_unit,
                    )
                    for line in one.content.lines
                ),
            )
            for one in people
        ),
        beneficiary_kind=people[0].content.row.beneficiary_kind, is_term=the_round.term_id is not None,
    )  # fmt: skip
    who = ListPersons(
        lines=tuple(
            ListPerson(package_code=one.content.row.code, head_name=one.name, address=one.household.address)
            for one in people
        )
    )
    return issue_document(
        tx,
        IssueDocument(
            kind=LIST, subject="round", subject_id=order.round_id, title=f"Daftar tanda terima {post.name}",
            day=tx.today, view=facts, person=who, place_id=order.post_id,
        ),
    ).id  # fmt: skip


def void_handover(tx: Tx, order: VoidHandover) -> None:
    """Declare that a handover did not happen so: goods return to the post's books, the receipt is void.

    The rest of a partial one is due with the whole again, so its supplementary package is cancelled; what was reserved
    to complete the package and has not left is free again. Raises: Forbidden, also for somebody else's or after 15
    minutes for a field officer; NotFound; Invalid; Conflict, also when the rest has been handed over already: that
    handover is voided first.
    """
    reach = tx.require("handover.void")
    if order.reason is VoidReason.OTHER and len(order.note.strip()) < 5:
        raise Invalid("handover.note_missing", field="note")
    row = tx.session.get(Handover, order.handover_id)
    if row is None or row.regency_code != tx.regency_code or not reach.has_place(row.post_id):
        raise NotFound("handover.not_found")
    is_officer = tx.actor.kind == "system" or Role.LOGISTICS in tx.actor.roles
    if not is_officer and (row.recorded_by != tx.actor.id or tx.now - row.recorded_at > OWN_VOID):
        raise Forbidden("handover.void_too_late", minutes=int(OWN_VOID.total_seconds() // 60))
    if row.state is not HandoverState.VALID:
        raise Conflict("handover.not_valid")
    # Kept for this transaction: whoever closes the round waits, or has closed it.
    if lock_round(tx, row.round_id) is RoundState.CLOSED:
        raise Conflict("handover.round_closed")
    rest = rest_of(tx, row.package_id)
    if rest is not None and rest.state is PackageState.HANDED_OVER:
        raise Conflict("handover.rest_served", package=rest.code)
    states.move(
        tx, Handover, row.id, HandoverAct.VOID, HANDOVERS, reason=order.reason.value, void_reason=order.reason,
        void_note=order.note.strip(), voided_at=tx.now, voided_by=tx.actor.id,
    )  # fmt: skip
    for supplement_id in reserved_supplements(tx, row.package_id):
        _give_back(tx, supplement_id, order.reason.value)
    # Before the whole is open again: a beneficiary has one open package of a standard.
    void_rest(tx, row.package_id, order.reason.value)
    mark_taken_back(tx, row.package_id)
    if _had_goods(tx, row.id):
        reverse_handover(tx, row.id, order.note.strip() or order.reason.value)
    if row.receipt_id is not None:
        void_document(tx, row.receipt_id, f"{order.reason.value}: {order.note.strip()}")


def _give_back(tx: Tx, package_id: UUID, reason: str) -> None:
    """Free what is still promised for a reserved package that is about to be cancelled."""
    found = package(tx, package_id)
    row = found.row
    assert row.post_id is not None and row.serve_on is not None
    release_part(
        tx,
        ReleasePart(
            purpose=PURPOSE, purpose_id=row.round_id, group_key=group_key(row.post_id, row.serve_on),
            lines=tuple(ReleaseLine(item_id=line.item_id, quantity_milli=line.quantity_milli) for line in found.lines),
            reason=reason,
        ),
    )  # fmt: skip


def record_miss(tx: Tx, order: RecordMiss) -> UUID:
    """Record why a package was not handed over and what happens next, and give the record's id; it stays open.

    A package may be missed several times; handing it over later ends it. Raises: Forbidden; NotFound, for a package
    that is unknown or belongs to another post; Invalid, with the field; Conflict, when it is not open in an approved
    round.
    """
    reach = tx.require("handover.record")
    note, happened_on = clean_note(order.note), order.happened_on or tx.today
    found = package(tx, order.package_id, reach)
    row = found.row
    if not reach.has_place(row.post_id):
        raise NotFound("package.not_found")
    if found.round.state is not RoundState.APPROVED:
        raise Conflict("handover.round_not_open")
    if row.state not in (PackageState.RESERVED, PackageState.LOADED):
        raise Conflict("handover.miss.not_open", package=row.code)
    if order.due_on < tx.today:
        raise Invalid("handover.miss.due_passed", field="due_on")
    if order.due_on > tx.today + LONGEST_MISS:
        raise Invalid("handover.miss.due_too_far", field="due_on", days=LONGEST_MISS.days)
    if happened_on > tx.today:
        raise Invalid("handover.miss.ahead", field="happened_on")
    if happened_on < found.round.week.first_on:
        raise Invalid("handover.miss.before_round", field="happened_on")
    if len(note) > LONGEST_NOTE:
        raise Invalid("handover.miss.note_too_long", field="note", most=LONGEST_NOTE)
    miss_id = tx.new_id()
    tx.session.execute(
        sa.insert(Miss).values(
            id=miss_id, regency_code=tx.regency_code, package_id=row.id, round_id=row.round_id,
            household_id=row.household_id, post_id=row.post_id, kind=order.kind, next_step=order.next_step,
            due_on=order.due_on, note=note, happened_on=happened_on, recorded_at=tx.now, recorded_by=tx.actor.id,
            recorded_by_name=tx.actor.name,
        )
    )  # fmt: skip
    tx.note(
        "handover.miss", "package", row.id, package=row.code, kind=order.kind.value, next_step=order.next_step.value,
        due_on=order.due_on.isoformat(),
    )  # fmt: skip
    return miss_id


def _had_goods(tx: Tx, handover_id: UUID) -> bool:
    """Tell whether anything but money was handed over: only that stands in the books of the stock."""
    asked = sa.select(HandoverLine.item_id).where(
        HandoverLine.handover_id == handover_id, HandoverLine.quantity_milli > 0,
        HandoverLine.item_id.not_in(unstocked_ids(tx)),
    )  # fmt: skip
    return tx.session.scalar(asked.limit(1)) is not None


def _known(tx: Tx, event_id: UUID, payload: str) -> RecordedHandover | None:
    kept = tx.session.execute(_KNOWN, {"event": event_id}).first()
    if kept is None:
        return None
    if kept.payload != payload.encode() or kept.regency_code != tx.regency_code:
        raise Invalid("handover.id_reused", field="id")
    row = tx.session.execute(sa.select(Handover).where(Handover.event_id == event_id)).scalar_one()
    rest = rest_of(tx, row.package_id) if row.is_partial else None
    return RecordedHandover(
        event_id=event_id, handover_id=row.id, receipt_id=_must(row.receipt_id), number=_number(tx, row.receipt_id),
        outcome=Outcome.DUPLICATE, is_partial=row.is_partial, rest_id=rest.id if rest else None,
    )  # fmt: skip


def _judge(tx: Tx, fact: Fact, found: PackageView) -> bool:
    """Tell whether it is a partial handover. Raises what speaks against it."""
    row = found.row
    if row.post_id != fact.post_id:
        raise Conflict("handover.other_post", post=place_by_id(tx, row.post_id).name if row.post_id else "")
    if row.state is PackageState.HANDED_OVER:
        before = tx.session.execute(
            sa.select(Handover.event_at, Handover.receipt_id).where(
                Handover.package_id == row.id, Handover.state == HandoverState.VALID
            )
        ).first()
        raise Conflict(
            "handover.already_served",
            when=print_instant(before.event_at, tx.zone) if before else "",
            number=_number(tx, before.receipt_id) if before else "",
        )
    if row.state is PackageState.CANCELLED:
        raise Conflict("handover.package_cancelled", package=row.code)
    if found.round.state is not RoundState.APPROVED:
        raise Conflict("handover.round_not_open")
    if row.state is not PackageState.LOADED:
        raise Conflict("handover.not_at_post", package=row.code)
    if local_day(fact.at, tx.zone) < found.round.week.first_on:
        raise Invalid("handover.before_round", field="at")
    due = tuple(
        Due(item_code=line.item_code, quantity_milli=line.quantity_milli, step_milli=line.step_milli)
        for line in found.lines
    )
    return check_lines(fact.lines, due, fact.partial_reason)


def _issue_receipt(
    tx: Tx, order: RecordHandover, fact: Fact, found: PackageView, recipient: Recipient, number: str, is_partial: bool
) -> UUID:
    row = found.row
    own = office(tx)
    post = place_by_id(tx, fact.post_id)
    giver, acknowledger = signing(tx, "giver", "acknowledger")
    given = {line.item_code: line.quantity_milli for line in fact.lines}
    household = _household(tx, row.household_id)
    is_at_home = household.village_code == row.village_code
    village = household.village_name if is_at_home else region(tx, row.village_code).full_name
    facts = ReceiptFacts(
        office_name=own.name, regency_name=own.regency_name, office_address=own.address, office_contact=own.contact,
        office_seat=own.seat, time_zone=own.time_zone, is_demo=own.is_demo, incident_name=order.occasion,
        round_no=found.round.no, first_on=found.round.week.first_on, last_on=found.round.week.last_on,
        standard_name=found.standard_name_id, package_code=row.code, post_name=post.name, village_name=village,
        persons=row.persons, event_at=min(fact.at, tx.now), recipient_kind=fact.recipient.value,
        is_partial=is_partial, partial_reason=fact.partial_reason.strip(),
        rest_of=package(tx, found.supplements_id).row.code if found.supplements_id else "",
        items=tuple(
            ReceiptItem(
                name=line.item_name_id, quantity_milli=given.get(line.item_code, 0), due_milli=line.quantity_milli,
                unit=line.unit,
            )
            for line in found.lines
        ),
        giver_name=tx.actor.name if tx.actor.kind == "person" else giver.name,
        giver_employee_no="" if tx.actor.kind == "person" else giver.employee_no,
        acknowledger_name=acknowledger.name, acknowledger_position=acknowledger.position,
        acknowledger_employee_no=acknowledger.employee_no,
        beneficiary_kind=row.beneficiary_kind, is_term=found.round.term_id is not None,
    )  # fmt: skip
    member = next(iter(persons(tx, [row.beneficiary_id], "handover") if row.beneficiary_kind == PERSON else ()), None)
    name = member.name if member else household.head_name
    person = ReceiptPerson(
        head_name=name, household_code=household.code, address=household.address,
        rt=household.rt or "", rw=household.rw or "", kk_last4=kk_last4_of(tx, household.id),
        recipient_name=recipient.name, relation=recipient.relation, document=recipient.document,
        nik_last4=member.nik_last4 if member else "",
        family_of="" if name == household.head_name else household.head_name,
    )  # fmt: skip
    issued = issue_document(
        tx,
        IssueDocument(
            kind=RECEIPT, subject="package", subject_id=row.id, title=f"Tanda terima {row.code}",
            day=local_day(facts.event_at, tx.zone), view=facts, person=person, number=number,
            # The reference was made when the plan was approved, so that paper printed without signal verifies too.
            # A receipt issued after a void needs its own: the void one must stay void.
            public_ref=_free_ref(tx, found.public_ref), village_code=row.village_code, place_id=fact.post_id,
        ),
    )  # fmt: skip
    return issued.id


def _free_ref(tx: Tx, wanted: bytes | None) -> bytes:
    if wanted is not None and is_free_ref(tx, wanted):
        return wanted
    return new_ref()


def _household(tx: Tx, household_id: UUID) -> HouseholdLine:
    found = households_by_ids(tx, [household_id], purpose="handover")
    if not found:
        raise NotFound("household.not_found")
    return found[0]


def _number(tx: Tx, receipt_id: UUID | None) -> str:
    return document(tx, receipt_id).number if receipt_id else ""


def _must(value: UUID | None) -> UUID:
    assert value is not None
    return value
