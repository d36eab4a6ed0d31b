"""Issued papers brought to print: what was frozen when they were issued, never what is true today."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from uuid import UUID

from core.crypto import ring
from core.documents.commands import record_print
from core.documents.queries import DocumentView, document, said, said_of_person
from core.documents.states import DocumentState
from core.errors import NotFound
from core.measures import Milli
from core.office.queries import OfficeView
from core.permissions import Reach
from core.work import Tx
from logistics.dispatch.queries import LoadPaper, LoadPersons
from logistics.handover.papers import ListFacts, ListPersons, ReceiptFacts, ReceiptPerson
from reports import delivery_note, signature_list
from reports.receipt import ReceiptLineView, ReceiptView, build_receipt, build_receipts
from reports.sheet import A4, F4, LetterheadView, Sheet
from routes import context

SHEETS: dict[str, Sheet] = {"A4": A4, "F4": F4}
RECEIPT_KIND = "R"
ERASED = "(dihapus)"


def print_papers(tx: Tx, ids: Sequence[UUID], sheet_name: str = "A4", reach: Reach | None = None) -> bytes:
    """Print issued papers of one kind and record it: the first time as original, later as marked copies.

    Raises: NotFound, also for a paper outside the reach.
    """
    views = [document(tx, one, reach) for one in ids]
    copies = record_print(tx, list(ids))
    return build(tx, list(zip(views, copies, strict=True)), sheet_name)


def build(tx: Tx, papers: Sequence[tuple[DocumentView, int]], sheet_name: str = "A4") -> bytes:
    """Give the bytes of papers of one kind, each with its copy number."""
    sheet = SHEETS.get(sheet_name, A4)
    kind = papers[0][0].kind
    if kind == "TT":
        views = [receipt_view(tx, one, copy) for one, copy in papers]
        return build_receipt(views[0], sheet) if len(views) == 1 else build_receipts(views, sheet)
    if kind == "SJ":
        return delivery_note.build(delivery_view(tx, *papers[0]), sheet)
    if kind == "DTT":
        return signature_list.build(list_view(tx, *papers[0]), sheet)
    raise NotFound("document.not_printable", kind=kind)


def verify_url(kind: str, ref: bytes) -> str:
    """Give the address in a paper's QR, upper case throughout so that a QR needs only its small alphabet."""
    base = context.runtime().settings.public_url
    return f"{base}/V/{ring().token(kind, ref)}".upper()


def receipt_view(tx: Tx, paper: DocumentView, copy_no: int) -> ReceiptView:
    facts = said(tx, paper.id, ReceiptFacts)
    person = said_of_person(tx, paper.id, ReceiptPerson)
    return ReceiptView(
        letterhead=LetterheadView(
            government=_government(facts.regency_name), office=facts.office_name, address=facts.office_address,
            contact=facts.office_contact, initials=_initials(facts.regency_name), is_demo=facts.is_demo,
        ),
        number=paper.number, programme=facts.incident_name, package_code=facts.package_code, round_no=facts.round_no,
        first_on=facts.first_on, last_on=facts.last_on, handed_over_at=facts.event_at, zone=facts.time_zone,
        place=facts.post_name, head_name=person.head_name if person else ERASED,
        address=person.address if person else "", rt=person.rt if person else "", rw=person.rw if person else "",
        village=facts.village_name, nik_last4=person.kk_last4 if person else "", persons=facts.persons,
        lines=tuple(
            ReceiptLineView(
                item=item.name, quantity_milli=Milli(item.quantity_milli), unit=item.unit,
                note="" if item.quantity_milli == item.due_milli else "kurang dari haknya",
            )
            for item in facts.items
        ),
        recipient_name=person.recipient_name if person else ERASED, is_proxy=facts.recipient_kind == "proxy",
        proxy_relation=person.relation if person else "", proxy_reason=person.document if person else "",
        partial_reason=facts.partial_reason if facts.is_partial else "", giver_name=facts.giver_name,
        giver_nip=facts.giver_employee_no, acknowledger_name=facts.acknowledger_name,
        acknowledger_nip=facts.acknowledger_employee_no, acknowledger_position=facts.acknowledger_position,
        copy_no=copy_no, is_void=paper.state is DocumentState.VOID, void_reason=paper.void_reason,
        verify_url=verify_url(RECEIPT_KIND, paper.public_ref) if paper.public_ref else "",
    )  # fmt: skip


def delivery_view(tx: Tx, paper: DocumentView, copy_no: int) -> delivery_note.DeliveryNoteView:
    facts = said(tx, paper.id, LoadPaper)
    persons = said_of_person(tx, paper.id, LoadPersons)
    return delivery_note.DeliveryNoteView(
        letterhead=LetterheadView(
            government=_government(facts.regency), office=facts.office, address=facts.address, contact=facts.contact,
            initials=_initials(facts.regency), is_demo=facts.is_demo,
        ),
        number=paper.number, purpose=facts.purpose, issued_on=facts.issued_on, place=facts.seat,
        from_place=facts.from_place, from_address=facts.from_address, to_place=facts.to_place,
        to_address=facts.to_address, vehicle=facts.vehicle, plate=facts.plate,
        driver=persons.driver if persons else "", departed_at=facts.departed_at, zone=facts.zone,
        lines=tuple(
            delivery_note.DeliveryLineView(
                item=line.item, quantity_milli=line.quantity_milli, unit=line.unit, batch=line.batch,
                expires_on=line.expires_on,
            )
            for line in facts.lines
        ),
        giver_name=persons.giver_name if persons else "", giver_nip=persons.giver_nip if persons else "",
        copy_no=copy_no, is_void=paper.state is DocumentState.VOID,
    )  # fmt: skip


def list_view(tx: Tx, paper: DocumentView, copy_no: int) -> signature_list.SignatureListView:
    facts = said(tx, paper.id, ListFacts)
    persons = said_of_person(tx, paper.id, ListPersons)
    names = {one.package_code: one for one in persons.lines} if persons else {}
    return signature_list.SignatureListView(
        letterhead=LetterheadView(
            government=_government(facts.regency_name), office=facts.office_name, address=facts.office_address,
            contact=facts.office_contact, initials=_initials(facts.regency_name), is_demo=facts.is_demo,
        ),
        number=paper.number, programme=facts.incident_name, post=facts.post_name, address=facts.post_address,
        serve_on=facts.serve_on, place=facts.office_seat, officer_name=facts.officer_name,
        acknowledger_name=facts.acknowledger_name, acknowledger_nip=facts.acknowledger_employee_no,
        acknowledger_position=facts.acknowledger_position, copy_no=copy_no,
        is_void=paper.state is DocumentState.VOID,
        lines=tuple(
            signature_list.SignatureLineView(
                package_code=line.package_code,
                head_name=names[line.package_code].head_name if line.package_code in names else ERASED,
                address=names[line.package_code].address if line.package_code in names else "",
                persons=line.persons, mark=line.mark,
                items=tuple(
                    signature_list.ListedItemView(
                        item=item.name, quantity_milli=Milli(item.quantity_milli), unit=item.unit
                    )
                    for item in line.items
                ),
            )
            for line in facts.lines
        ),
    )  # fmt: skip


def file_name(paper: DocumentView, on: date) -> str:
    """Name a printed paper's file by its number: never by a person."""
    return f"{paper.kind}-{paper.number.replace('/', '-')}-{on.isoformat()}.pdf"


def letterhead(office: OfficeView) -> LetterheadView:
    return LetterheadView(
        government=_government(office.regency_name), office=office.name, address=office.address,
        contact=office.contact, initials=_initials(office.regency_name), is_demo=office.is_demo,
    )  # fmt: skip


def _government(regency_name: str) -> str:
    return f"Pemerintah {regency_name}"


def _initials(regency_name: str) -> str:
    words = [word for word in regency_name.split() if word.lower() not in ("kabupaten", "kota")]
    return "".join(word[0] for word in words[:3]).upper()
