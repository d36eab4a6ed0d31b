from __future__ import annotations

import re
from dataclasses import dataclass, fields
from zoneinfo import ZoneInfo, available_timezones

import sqlalchemy as sa

from core.errors import Conflict, Invalid, NotFound
from core.measures import LARGEST_MILLI
from core.numbering import check_template
from core.office.models import NumberTemplate, Office, Signatory
from core.office.queries import DUTIES
from core.work import Tx

_REGENCY = re.compile(r"[0-9]{2}\.[0-9]{2}", re.ASCII)
PAPER_SIZES = ("A4", "F4")


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenOffice:
    regency_code: str
    regency_name: str
    name: str
    short_name: str = "Dinsos"
    address: str = ""
    contact: str = ""
    seat: str = ""
    time_zone: str = "Asia/Jakarta"
    unit_code: str = "DINSOS"
    classification: str = "400.9"
    paper_size: str = "A4"
    is_demo: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class UpdateOffice:
    name: str
    short_name: str
    address: str
    contact: str
    seat: str
    unit_code: str
    classification: str
    paper_size: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NameSignatory:
    duty: str
    name: str
    position: str
    employee_no: str = ""


def open_office(tx: Tx, order: OpenOffice) -> str:
    """Open an office in this database and give its regency code.

    Raises: Invalid; Conflict when the office exists, or when demonstration and real data would share a database.
    """
    if not _REGENCY.fullmatch(order.regency_code):
        raise Invalid("office.malformed_regency", field="regency_code", code=order.regency_code)
    if order.time_zone not in available_timezones():
        raise Invalid("office.unknown_time_zone", field="time_zone", zone=order.time_zone)
    if not order.name.strip():
        raise Invalid("office.name_missing", field="name")
    _check_paper(order.paper_size)
    for other in tx.session.scalars(sa.select(Office)):
        if other.regency_code == order.regency_code:
            raise Conflict("office.exists", code=order.regency_code)
        if other.is_demo != order.is_demo:
            raise Conflict("office.mixes_demo", code=other.regency_code)
    ZoneInfo(order.time_zone)
    tx.session.add(Office(**{field.name: getattr(order, field.name) for field in fields(order)}, opened_at=tx.now))
    tx.session.flush()
    tx.note("office.open", "office", order.regency_code, is_demo=order.is_demo)
    return order.regency_code


def update_office(tx: Tx, order: UpdateOffice) -> None:
    """Change the letterhead; papers already issued keep theirs. Raises: Forbidden, NotFound, Invalid."""
    tx.require("office.manage")
    row = tx.session.get(Office, tx.regency_code)
    if row is None:
        raise NotFound("office.not_found")
    if not order.name.strip():
        raise Invalid("office.name_missing", field="name")
    _check_paper(order.paper_size)
    changed = [field.name for field in fields(order) if getattr(row, field.name) != getattr(order, field.name)]
    for name in changed:
        setattr(row, name, getattr(order, name))
    tx.note("office.update", "office", row.regency_code, fields=changed)


def set_approval_limit(tx: Tx, limit_rp: int) -> None:
    """Say from which value on corrections of stock are the head's to decide. Raises: Forbidden, NotFound, Invalid."""
    tx.require("office.manage")
    row = tx.session.get(Office, tx.regency_code)
    if row is None:
        raise NotFound("office.not_found")
    if not 0 <= limit_rp <= LARGEST_MILLI:
        raise Invalid("office.limit_out_of_range", field="approval_limit_rp")
    before, row.approval_limit_rp = row.approval_limit_rp, limit_rp
    tx.note("office.set_approval_limit", "office", row.regency_code, before=before, after=limit_rp)


def name_signatory(tx: Tx, order: NameSignatory) -> None:
    """Say who signs as this from now on. Raises: Forbidden, Invalid."""
    tx.require("office.manage")
    if order.duty not in DUTIES:
        raise Invalid("office.unknown_duty", field="duty", duty=order.duty)
    digits = re.sub(r"\s", "", order.employee_no)
    if digits and not re.fullmatch(r"[0-9]{18}", digits, re.ASCII):
        raise Invalid("office.malformed_employee_no", field="employee_no")
    row = tx.session.scalar(
        sa.select(Signatory).where(Signatory.regency_code == tx.regency_code, Signatory.duty == order.duty)
    )
    if row is None:
        row = Signatory(id=tx.new_id(), regency_code=tx.regency_code, duty=order.duty)
        tx.session.add(row)
    row.name, row.position, row.employee_no = order.name.strip(), order.position.strip(), digits
    tx.note("office.name_signatory", "office", tx.regency_code, duty=order.duty)


def set_template(tx: Tx, kind: str, template: str) -> None:
    """Change how numbers of one kind of paper are written from now on. Raises: Forbidden, Invalid."""
    tx.require("office.manage")
    check_template(template)
    row = tx.session.get(NumberTemplate, (tx.regency_code, kind))
    if row is None:
        tx.session.add(NumberTemplate(regency_code=tx.regency_code, kind=kind, template=template))
    else:
        row.template = template
    tx.note("office.set_template", "office", tx.regency_code, kind=kind, template=template)


def _check_paper(size: str) -> None:
    if size not in PAPER_SIZES:
        raise Invalid("office.unknown_paper", field="paper_size", size=size)
