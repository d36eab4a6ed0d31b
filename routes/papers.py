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
from core.permissions import Reach
from core.work import Tx
from logistics.dispatch.queries import LoadPaper, LoadPersons
from logistics.handover.papers import ListFacts, ListPersons, ReceiptFacts, ReceiptPerson
from logistics.programmes.papers import (
    AccountFacts,
    AccountPersons,
    InvitationFacts,
    InvitationPersons,
    NominativeFacts,
    NominativePersons,
)
from logistics.zones.gap_letter import GapFacts
from reports import (
    correction_minutes,
    count_minutes,
    delivery_note,
    gap_letter,
    goods_issued,
    goods_received,
    invitation,
    lpj,
    nominative,
    signature_list,
)
from reports.delivery_note import DeliveryNoteView
from reports.issued import delivery_note_of, letterhead_of, receipt_of
from reports.receipt import ReceiptView, build_receipt, build_receipts
from reports.sheet import A4, F4, Sheet
from routes import context
from stock.corrections.papers import CorrectionFacts, issue_minutes
from stock.counts.papers import CountFacts, issue_count_minutes
from stock.counts.queries import count_of_document
from stock.inbound.papers import inspection_of
from stock.ledger.kinds import DocumentKind
from stock.ledger.papers import SUBJECT, IssuedFacts, PaperNames, ReceivedFacts, issue_issued, issue_received
from stock.ledger.queries import stock_document

SHEETS: dict[str, Sheet] = {"A4": A4, "F4": F4}
RECEIPT_KIND = "R"
INVITATION_KIND = "U"
"""An invitation names the package, as its receipt does later; another letter, so that neither passes for the other."""
ERASED = "—"


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
    if kind == "DN":
        return nominative.build(nominative_view(tx, *papers[0]), sheet)
    if kind == "UND":
        return invitation.build(invitation_view(tx, *papers[0]), sheet)
    if kind == "LPJ":
        return lpj.build(account_view(tx, *papers[0]), sheet)
    if kind == "SBBM":
        return goods_received.build(received_view(tx, *papers[0]), sheet)
    if kind == "SBBK":
        return goods_issued.build(issued_view(tx, *papers[0]), sheet)
    if kind == "BASO":
        return count_minutes.build(count_view(tx, *papers[0]), sheet)
    if kind in ("ADJ", "HPS"):
        return correction_minutes.build(correction_view(tx, *papers[0]), sheet)
    if kind == "SPBT":
        return gap_letter.build(gap_view(tx, *papers[0]), sheet)
    raise NotFound("document.not_printable", kind=kind)


def issue_of_stock(tx: Tx, document_id: UUID) -> UUID:
    """Issue the paper that belongs to a document of the ledger, or give the one issued before.

    Raises: NotFound; Conflict("stock_paper.none") for a handover, whose paper is its receipt.
    """
    kind = stock_document(tx, document_id).kind
    if kind in (DocumentKind.RECEIPT, DocumentKind.RETURN):
        return issue_received(tx, document_id, inspection_of(tx, document_id))
    if kind in (DocumentKind.ADJUSTMENT, DocumentKind.WRITE_OFF, DocumentKind.REVERSAL):
        counted = count_of_document(tx, document_id)
        return issue_count_minutes(tx, counted) if counted else issue_minutes(tx, document_id)
    return issue_issued(tx, document_id)


def is_undone(tx: Tx, paper: DocumentView) -> bool:
    """Tell whether a paper is void, or speaks of goods whose move was reversed since."""
    if paper.state is DocumentState.VOID:
        return True
    return paper.subject == SUBJECT and all(line.is_reversed for line in stock_document(tx, paper.subject_id).lines)


def verify_url(kind: str, ref: bytes) -> str:
    """Give the address in a paper's QR, upper case throughout so that a QR needs only its small alphabet."""
    base = context.runtime().settings.public_url
    return f"{base}/V/{ring().token(kind, ref)}".upper()


def receipt_view(tx: Tx, paper: DocumentView, copy_no: int) -> ReceiptView:
    return receipt_of(
        said(tx, paper.id, ReceiptFacts), said_of_person(tx, paper.id, ReceiptPerson), number=paper.number,
        verify_url=verify_url(RECEIPT_KIND, paper.public_ref) if paper.public_ref else "", copy_no=copy_no,
        is_void=paper.state is DocumentState.VOID, void_reason=paper.void_reason,
    )  # fmt: skip


def delivery_view(tx: Tx, paper: DocumentView, copy_no: int) -> DeliveryNoteView:
    return delivery_note_of(
        said(tx, paper.id, LoadPaper), said_of_person(tx, paper.id, LoadPersons), number=paper.number, copy_no=copy_no,
        is_void=paper.state is DocumentState.VOID,
    )  # fmt: skip


def list_view(tx: Tx, paper: DocumentView, copy_no: int) -> signature_list.SignatureListView:
    facts = said(tx, paper.id, ListFacts)
    persons = said_of_person(tx, paper.id, ListPersons)
    names = {one.package_code: one for one in persons.lines} if persons else {}
    return signature_list.SignatureListView(
        letterhead=letterhead_of(
            regency_name=facts.regency_name, office_name=facts.office_name, address=facts.office_address,
            contact=facts.office_contact, is_demo=facts.is_demo,
        ),
        number=paper.number, programme=facts.incident_name, post=facts.post_name, address=facts.post_address,
        serve_on=facts.serve_on, place=facts.office_seat, officer_name=facts.officer_name,
        acknowledger_name=facts.acknowledger_name, acknowledger_nip=facts.acknowledger_employee_no,
        acknowledger_position=facts.acknowledger_position, copy_no=copy_no,
        is_void=paper.state is DocumentState.VOID, is_person=facts.beneficiary_kind == "person", is_term=facts.is_term,
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


def nominative_view(tx: Tx, paper: DocumentView, copy_no: int) -> nominative.NominativeView:
    return nominative.NominativeView(
        facts=said(tx, paper.id, NominativeFacts), persons=said_of_person(tx, paper.id, NominativePersons),
        number=paper.number, copy_no=copy_no, is_void=paper.state is DocumentState.VOID,
    )  # fmt: skip


def invitation_view(tx: Tx, paper: DocumentView, copy_no: int) -> invitation.InvitationView:
    return invitation.InvitationView(
        facts=said(tx, paper.id, InvitationFacts), persons=said_of_person(tx, paper.id, InvitationPersons),
        verify_url=lambda ref: verify_url(INVITATION_KIND, bytes.fromhex(ref)), number=paper.number, copy_no=copy_no,
        is_void=paper.state is DocumentState.VOID,
    )  # fmt: skip


def account_view(tx: Tx, paper: DocumentView, copy_no: int) -> lpj.AccountView:
    return lpj.AccountView(
        facts=said(tx, paper.id, AccountFacts), persons=said_of_person(tx, paper.id, AccountPersons),
        number=paper.number, copy_no=copy_no, is_void=paper.state is DocumentState.VOID,
    )  # fmt: skip


def received_view(tx: Tx, paper: DocumentView, copy_no: int) -> goods_received.ReceivedView:
    return goods_received.ReceivedView(
        facts=said(tx, paper.id, ReceivedFacts), persons=said_of_person(tx, paper.id, PaperNames), number=paper.number,
        copy_no=copy_no, is_void=is_undone(tx, paper),
    )  # fmt: skip


def issued_view(tx: Tx, paper: DocumentView, copy_no: int) -> goods_issued.IssuedView:
    return goods_issued.IssuedView(
        facts=said(tx, paper.id, IssuedFacts), persons=said_of_person(tx, paper.id, PaperNames), number=paper.number,
        copy_no=copy_no, is_void=is_undone(tx, paper),
    )  # fmt: skip


def count_view(tx: Tx, paper: DocumentView, copy_no: int) -> count_minutes.CountMinutesView:
    return count_minutes.CountMinutesView(
        facts=said(tx, paper.id, CountFacts), persons=said_of_person(tx, paper.id, PaperNames), number=paper.number,
        copy_no=copy_no, is_void=paper.state is DocumentState.VOID,
    )  # fmt: skip


def correction_view(tx: Tx, paper: DocumentView, copy_no: int) -> correction_minutes.CorrectionMinutesView:
    return correction_minutes.CorrectionMinutesView(
        facts=said(tx, paper.id, CorrectionFacts), persons=said_of_person(tx, paper.id, PaperNames),
        number=paper.number, copy_no=copy_no, is_void=is_undone(tx, paper),
    )  # fmt: skip


def gap_view(tx: Tx, paper: DocumentView, copy_no: int) -> gap_letter.GapLetterView:
    return gap_letter.GapLetterView(
        facts=said(tx, paper.id, GapFacts), persons=said_of_person(tx, paper.id, PaperNames), number=paper.number,
        copy_no=copy_no, is_void=paper.state is DocumentState.VOID,
    )  # fmt: skip


def file_name(paper: DocumentView, on: date) -> str:
    """Name a printed paper's file by its number: never by a person."""
    return f"{paper.kind}-{paper.number.replace('/', '-')}-{on.isoformat()}.pdf"
