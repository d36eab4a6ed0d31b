"""From what was frozen when a paper was issued to what is printed, today as then.

The letterhead, the names and the quantities come out of the frozen paper and never from today's tables; only the marks
of copy and void are of the day of printing. Where a person was erased the paper prints dashes.
"""

from __future__ import annotations

from core.measures import Milli
from logistics.dispatch.queries import LoadPaper, LoadPersons
from logistics.handover.papers import ReceiptFacts, ReceiptPerson
from logistics.handover.states import RecipientKind
from reports.delivery_note import DeliveryLineView, DeliveryNoteView
from reports.receipt import ReceiptLineView, ReceiptView
from reports.sheet import LetterheadView
from reports.text import clean

_KINDS = ("kabupaten", "kota", "administrasi", "pemerintah")


def letterhead_of(
    *, regency_name: str, office_name: str, address: str = "", contact: str = "", is_demo: bool = False
) -> LetterheadView:
    """Make a letterhead from an office's own words; the shield takes the initials of the regency's name."""
    regency = clean(regency_name)
    names = [word for word in regency.split() if word.lower() not in _KINDS]
    return LetterheadView(
        government=regency if regency.lower().startswith("pemerintah") or not regency else f"Pemerintah {regency}",
        office=office_name,
        address=address,
        contact=contact,
        initials="".join(word[0] for word in names if word[0].isalpha())[:3].upper(),
        is_demo=is_demo,
    )


def receipt_of(
    facts: ReceiptFacts,
    person: ReceiptPerson | None,
    *,
    number: str,
    verify_url: str = "",
    copy_no: int = 0,
    is_void: bool = False,
    void_reason: str = "",
) -> ReceiptView:
    """Join the parts of an issued receipt; ``person`` is None when it was erased."""
    lines = tuple(
        ReceiptLineView(
            item=item.name,
            quantity_milli=Milli(item.quantity_milli),
            unit=item.unit,
            due_milli=Milli(item.due_milli),
        )
        for item in facts.items
    )
    return ReceiptView(
        letterhead=letterhead_of(
            regency_name=facts.regency_name,
            office_name=facts.office_name,
            address=facts.office_address,
            contact=facts.office_contact,
            is_demo=facts.is_demo,
        ),
        number=number,
        programme=facts.incident_name,
        programme_label="Program" if facts.is_term else "Kejadian",
        package_code=facts.package_code,
        standard_name=f"Sisa dari paket {facts.rest_of}" if facts.rest_of else facts.standard_name,
        round_no=None if facts.is_term else facts.round_no,
        first_on=facts.first_on,
        last_on=facts.last_on,
        handed_over_at=facts.event_at,
        zone=facts.time_zone,
        place=facts.post_name,
        head_name=person.head_name if person else "",
        address=person.address if person else "",
        rt=person.rt if person else "",
        rw=person.rw if person else "",
        village=facts.village_name,
        kk_last4=person.kk_last4 if person and not person.nik_last4 else "",
        nik_last4=person.nik_last4 if person else "",
        is_person=facts.beneficiary_kind == "person",
        family_of=person.family_of if person else "",
        persons=facts.persons,
        lines=lines,
        recipient_name=person.recipient_name if person else "",
        is_proxy=facts.recipient_kind == RecipientKind.PROXY,
        recipient_relation=person.relation if person else "",
        recipient_proof=person.document if person else "",
        partial_reason=facts.partial_reason if facts.is_partial else "",
        giver_name=facts.giver_name,
        giver_nip=facts.giver_employee_no,
        giver_position="Petugas titik pembagian",
        acknowledger_name=facts.acknowledger_name,
        acknowledger_nip=facts.acknowledger_employee_no,
        acknowledger_position=facts.acknowledger_position,
        copy_no=copy_no,
        is_void=is_void,
        void_reason=void_reason,
        verify_url=verify_url,
    )


def delivery_note_of(
    paper: LoadPaper,
    persons: LoadPersons | None,
    *,
    number: str,
    verify_url: str = "",
    copy_no: int = 0,
    is_void: bool = False,
) -> DeliveryNoteView:
    """Join the parts of an issued surat jalan; ``persons`` is None when they were erased."""
    return DeliveryNoteView(
        letterhead=letterhead_of(
            regency_name=paper.regency,
            office_name=paper.office,
            address=paper.address,
            contact=paper.contact,
            is_demo=paper.is_demo,
        ),
        number=number,
        purpose=paper.purpose,
        issued_on=paper.issued_on,
        place=paper.seat,
        from_place=paper.from_place,
        from_address=paper.from_address,
        to_place=paper.to_place,
        to_address=paper.to_address,
        vehicle=paper.vehicle,
        plate=paper.plate,
        driver=persons.driver if persons else "",
        departed_at=paper.departed_at,
        zone=paper.zone,
        lines=tuple(
            DeliveryLineView(
                item=line.item,
                quantity_milli=line.quantity_milli,
                unit=line.unit,
                batch=line.batch,
                expires_on=line.expires_on,
            )
            for line in paper.lines
        ),
        giver_name=persons.giver_name if persons else "",
        giver_nip=persons.giver_nip if persons else "",
        copy_no=copy_no,
        is_void=is_void,
        verify_url=verify_url,
    )
