"""The households' numbers and codes, and the version of an office's registry that counts their changes."""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from core.work import Tx
from registry_link.households.models import (
    RegistryStamp,
    RowCounter,
)

_COUNTER: Final = "household"


def take_row_no(tx: Tx) -> int:
    """Take the next household number."""
    number = lock_counter(tx) + 1
    set_counter(tx, number)
    return number


def lock_counter(tx: Tx) -> int:
    """Give the last household number, and keep others from taking the next."""
    insert = postgresql.insert if tx.session.get_bind().dialect.name == "postgresql" else sqlite.insert
    tx.session.execute(insert(RowCounter).values(name=_COUNTER, last_no=0).on_conflict_do_nothing())
    number = tx.session.scalar(sa.select(RowCounter.last_no).where(RowCounter.name == _COUNTER).with_for_update())
    assert number is not None
    return number


def set_counter(tx: Tx, last_no: int) -> None:
    """Say which household number was given last."""
    tx.session.execute(sa.update(RowCounter).where(RowCounter.name == _COUNTER).values(last_no=last_no))


def code_of(number: sa.ColumnElement[int]) -> sa.ColumnElement[str]:
    """Write ``core.ids.code_with_check("KEL", number)`` in SQL, for numbers below 10^9."""
    total: sa.ColumnElement[int] = sa.literal(0)
    for place in range(9):
        digit = (number // sa.literal_column(str(10**place), sa.Integer)) % sa.literal_column("10", sa.Integer)
        if place % 2 == 0:
            digit = digit * 2 - sa.case((digit > 4, 9), else_=0)
        total = total + digit
    text = sa.cast(number, sa.Text)
    padded = sa.func.substr(sa.literal("000000").concat(text), sa.func.length(text) + 1, 6)
    body = sa.case((number < 1_000_000, padded), else_=text)
    check = sa.cast((10 - total % 10) % 10, sa.Text)
    return sa.literal("KEL-").concat(body).concat("-").concat(check)


def bump_stamp(tx: Tx) -> None:
    """Say that the office's households have changed."""
    insert = postgresql.insert if tx.session.get_bind().dialect.name == "postgresql" else sqlite.insert
    tx.session.execute(
        insert(RegistryStamp)
        .values(regency_code=tx.regency_code, version=1)
        .on_conflict_do_update(index_elements=["regency_code"], set_={"version": RegistryStamp.version + 1})
    )
