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


def _view(row: Office) -> OfficeView:
    return OfficeView(**{name: getattr(row, name) for name in OfficeView.__dataclass_fields__})


def office(tx: Tx) -> OfficeView:
    """Give the actor's office. Raises: NotFound."""
    row = tx.session.get(Office, tx.regency_code)
    if row is None:
        raise NotFound("office.not_found")
    return _view(row)


def offices(session: Session) -> tuple[OfficeView, ...]:
    """Give every office in this database (one is the normal case)."""
    return tuple(_view(row) for row in session.scalars(sa.select(Office).order_by(Office.regency_code)))


def signatories(tx: Tx) -> tuple[SignatoryView, ...]:
    """Give who signs, in the order of ``DUTIES``."""
    rows = tx.session.scalars(sa.select(Signatory).where(Signatory.regency_code == tx.regency_code)).all()
    views = (
        SignatoryView(duty=row.duty, name=row.name, position=row.position, employee_no=row.employee_no) for row in rows
    )
    return tuple(sorted(views, key=lambda view: DUTIES.index(view.duty)))


def signatory(tx: Tx, duty: str) -> SignatoryView:
    """Give who signs as this; with empty fields where nobody was named, so that a paper still prints."""
    for view in signatories(tx):
        if view.duty == duty:
            return view
    return SignatoryView(duty=duty, name="", position="", employee_no="")


def templates(tx: Tx) -> tuple[TemplateView, ...]:
    """Give the number templates that the office has changed."""
    rows = tx.session.scalars(
        sa.select(NumberTemplate).where(NumberTemplate.regency_code == tx.regency_code).order_by(NumberTemplate.kind)
    )
    return tuple(TemplateView(kind=row.kind, template=row.template) for row in rows)
