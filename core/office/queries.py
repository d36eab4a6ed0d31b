from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy.orm import Session

from core.errors import NotFound
from core.office.models import NumberTemplate, Office, Signatory
from core.work import Tx

DUTIES = ("head", "giver", "warehouse", "acknowledger")


@dataclass(frozen=True, slots=True, kw_only=True)
class OfficeView:
    regency_code: str
    regency_name: str
    name: str
    short_name: str
    address: str
    contact: str
    seat: str
    time_zone: str
    unit_code: str
    classification: str
    paper_size: str
    approval_limit_rp: int
    is_demo: bool
    opened_at: datetime

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.time_zone)


@dataclass(frozen=True, slots=True, kw_only=True)
class SignatoryView:
    duty: str
    name: str
    position: str
    employee_no: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TemplateView:
    kind: str
    template: str


_OFFICE = sa.select(*(getattr(Office, name) for name in OfficeView.__dataclass_fields__)).where(
    Office.regency_code == sa.bindparam("regency")
)
_SIGNATORIES = sa.select(Signatory.duty, Signatory.name, Signatory.position, Signatory.employee_no).where(
    Signatory.regency_code == sa.bindparam("regency")
)


def _view(row: Office) -> OfficeView:
    return OfficeView(**{name: getattr(row, name) for name in OfficeView.__dataclass_fields__})


def office(tx: Tx) -> OfficeView:
    """Give the actor's office. Raises: NotFound."""
    row = tx.session.execute(_OFFICE, {"regency": tx.regency_code}).first()
    if row is None:
        raise NotFound("office.not_found")
    return OfficeView(**row._mapping)


def offices(session: Session) -> tuple[OfficeView, ...]:
    """Give every office in this database (one is the normal case)."""
    return tuple(_view(row) for row in session.scalars(sa.select(Office).order_by(Office.regency_code)))


def signatories(tx: Tx) -> tuple[SignatoryView, ...]:
    """Give who signs, in the order of ``DUTIES``."""
    rows = tx.session.execute(_SIGNATORIES, {"regency": tx.regency_code})
    views = (SignatoryView(**row._mapping) for row in rows)
    return tuple(sorted(views, key=lambda view: DUTIES.index(view.duty)))


def signatory(tx: Tx, duty: str) -> SignatoryView:
    """Give who signs as this; with empty fields where nobody was named, so that a paper still prints."""
    return signing(tx, duty)[0]


def signing(tx: Tx, *duties: str) -> tuple[SignatoryView, ...]:
    """Give who signs as each of these, as ``signatory`` does, by one look."""
    named = {view.duty: view for view in signatories(tx)}
    return tuple(named.get(duty) or SignatoryView(duty=duty, name="", position="", employee_no="") for duty in duties)


def templates(tx: Tx) -> tuple[TemplateView, ...]:
    """Give the number templates that the office has changed."""
    rows = tx.session.scalars(
        sa.select(NumberTemplate).where(NumberTemplate.regency_code == tx.regency_code).order_by(NumberTemplate.kind)
    )
    return tuple(TemplateView(kind=row.kind, template=row.template) for row in rows)
