"""What a receipt says, frozen when it is issued: facts that stay, and facts about a person that can be erased."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceiptItem:
    name: str
    quantity_milli: int
    due_milli: int
    unit: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceiptFacts:
    """Everything on the receipt but the persons."""

    office_name: str
    regency_name: str
    office_address: str
    office_contact: str
    office_seat: str
    time_zone: str
    is_demo: bool
    incident_name: str
    round_no: int
    first_on: date
    last_on: date
    standard_name: str
    package_code: str
    post_name: str
    village_name: str
    persons: int
    items: tuple[ReceiptItem, ...]
    event_at: datetime
    recipient_kind: str
    is_partial: bool
    partial_reason: str
    rest_of: str = ""
    """The package that was handed over in part before, where this is the rest of it."""
    giver_name: str
    giver_employee_no: str
    acknowledger_name: str
    acknowledger_position: str
    acknowledger_employee_no: str
    beneficiary_kind: str = "household"
    """Or person, or card: whom the name on the receipt means."""
    is_term: bool = False
    """A programme's term, not an incident's week."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceiptPerson:
    """Who the receipt is for and who took it."""

    head_name: str
    """The beneficiary's own name where the beneficiary is a person."""
    household_code: str
    address: str
    rt: str
    rw: str
    kk_last4: str
    recipient_name: str
    relation: str
    document: str
    nik_last4: str = ""
    """The person's, where the beneficiary is a person."""
    family_of: str = ""
    """The head of the person's household, where that is somebody else."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ListLine:
    package_code: str
    persons: int
    mark: str
    items: tuple[ReceiptItem, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ListFacts:
    """What a daftar tanda terima says but for the persons."""

    office_name: str
    regency_name: str
    office_address: str
    office_contact: str
    office_seat: str
    is_demo: bool
    incident_name: str
    round_no: int
    post_name: str
    post_address: str
    serve_on: date
    officer_name: str
    acknowledger_name: str
    acknowledger_position: str
    acknowledger_employee_no: str
    lines: tuple[ListLine, ...]
    beneficiary_kind: str = "household"
    is_term: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ListPerson:
    package_code: str
    head_name: str
    address: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ListPersons:
    lines: tuple[ListPerson, ...]
