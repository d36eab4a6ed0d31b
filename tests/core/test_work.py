from __future__ import annotations

import itertools
import threading
import traceback
from collections.abc import Generator
from datetime import date, datetime, time
from uuid import UUID, uuid4

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from core import audit
from core.accounts.models import LoginAttempt
from core.actor import system
from core.db import UtcDateTime, whole
from core.errors import Conflict
from core.work import Tx, Work
from tests.support.racing import at_once, codes

SYSTEM = system("99.01")
NAME = "Siti Rahasia"
NAIVE = datetime.combine(date(2026, 1, 1), time())


def attempt(tx: Tx) -> LoginAttempt:
    return LoginAttempt(id=tx.new_id(), username_sha256="x", address="", at=tx.now, did_succeed=False)


def count(work: Work) -> int:
    with work.read_by(SYSTEM) as tx:
        return tx.session.scalar(sa.select(sa.func.count()).select_from(LoginAttempt)) or 0


def test_everything_in_a_block_is_kept_or_nothing(work: Work) -> None:
    with pytest.raises(Conflict), work.by(SYSTEM) as tx:
        tx.session.add(attempt(tx))
        tx.note("test.act", "thing", 1)
        raise Conflict("test.refused")
    assert count(work) == 0
    with Session(work.engine) as session:
        assert audit.verify(session).rows == 0


def test_what_is_to_follow_the_commit_follows_only_a_commit(work: Work) -> None:
    done: list[int] = []
    with pytest.raises(Conflict), work.by(SYSTEM) as tx:
        tx.after_commit(lambda: done.append(count(work)))
        raise Conflict("test.refused")
    with work.by(SYSTEM) as tx:
        tx.session.add(attempt(tx))
        tx.after_commit(lambda: done.append(count(work)))
    assert done == [1]


def test_a_savepoint_takes_back_its_rows_and_its_notes(work: Work) -> None:
    with work.by(SYSTEM) as tx:
        tx.note("test.kept", "thing", 1)
        with pytest.raises(Conflict), tx.savepoint():
            tx.session.add(attempt(tx))
            tx.session.flush()
            tx.note("test.lost", "thing", 2)
            raise Conflict("test.refused")
    assert count(work) == 0
    with Session(work.engine) as session:
        assert [line.action for line in audit.latest(session, "99.01")] == ["test.kept"]


def test_a_reading_transaction_cannot_write(work: Work) -> None:
    with pytest.raises(RuntimeError, match="asked to write"), work.read_by(SYSTEM) as tx:
        tx.session.add(attempt(tx))
        tx.session.flush()


def test_a_look_at_persons_is_logged_also_for_a_read(work: Work) -> None:
    seen = uuid4()
    with work.read_by(SYSTEM) as tx:
        tx.saw("household", [seen], "test")
    with Session(work.engine) as session:
        row = session.execute(sa.select(audit.AccessRow)).scalar_one()
    assert (row.count, row.purpose, str(seen) in row.subject_ids) == (1, "test", True)


@pytest.mark.parametrize("ends_by", ["breaking off", "error"])
def test_a_look_is_logged_however_the_answer_ends(work: Work, ends_by: str) -> None:
    def answer() -> Generator[str, None, None]:
        with work.read_by(SYSTEM) as tx:
            tx.saw("household", [uuid4()], "test")
            yield "the first lines"
            raise Conflict("test.refused")

    sent = answer()
    assert next(sent)
    if ends_by == "error":
        with pytest.raises(Conflict):
            next(sent)
    else:
        sent.close()
    with Session(work.engine) as session:
        assert session.scalars(sa.select(audit.AccessRow.purpose)).all() == ["test"]


@pytest.mark.engines("postgresql")
def test_who_writes_in_the_same_moment_what_can_be_there_once_is_refused_in_words(work: Work) -> None:
    """Neither of two finds the key when looking; the second is told so by the database, and looks again."""
    tries, both_have_looked = itertools.count(), threading.Barrier(2)

    def act(tx: Tx) -> None:
        known = tx.session.get(LoginAttempt, UUID(int=1))
        if next(tries) < 2:
            both_have_looked.wait(timeout=30)
        if known is not None:
            raise Conflict("test.known")
        tx.session.execute(sa.insert(LoginAttempt).values(
            id=UUID(int=1), username_sha256="x", address="", at=tx.now, did_succeed=False
        ))  # fmt: skip

    assert codes(at_once([lambda: work.run(SYSTEM, act)] * 2)) == ["", "test.known"]


def test_a_row_that_is_always_there_twice_is_a_fault_and_is_tried_no_third_time(work: Work) -> None:
    tried = []

    def act(tx: Tx) -> None:
        tried.append(tx)
        for _ in range(2):
            tx.session.execute(sa.insert(LoginAttempt).values(
                id=UUID(int=1), username_sha256="x", address="", at=tx.now, did_succeed=False
            ))  # fmt: skip

    with pytest.raises(sa.exc.IntegrityError):
        work.run(SYSTEM, act)
    assert len(tried) == (2 if work.engine.dialect.name == "postgresql" else 1)
    assert count(work) == 0


def test_an_instant_without_its_zone_is_refused() -> None:
    with pytest.raises(TypeError):
        UtcDateTime().process_bind_param(NAIVE, sa.create_engine("sqlite://").dialect)


@pytest.mark.parametrize("value", ["'abc'", "1.5", "-1", "1000000000000001"])
def test_a_whole_number_column_refuses_what_is_not_whole_or_in_range(work: Work, value: str) -> None:
    table = sa.Table("probe", sa.MetaData(), sa.Column("q", sa.BigInteger), whole("q", name="q"))
    with work.engine.begin() as connection:
        table.create(connection)
        connection.execute(sa.text("INSERT INTO probe VALUES (1000)"))
    if value == "1.5" and work.engine.dialect.name == "postgresql":
        return  # PostgreSQL's own type rounds it before any check can see it; the schema refuses it earlier
    with pytest.raises(sa.exc.DBAPIError), work.engine.begin() as connection:
        connection.execute(sa.text("INSERT INTO probe VALUES (" + value + ")"))


def test_what_a_database_says_of_an_error_quotes_nobody(work: Work) -> None:
    """Errors end in logs, and rows are people: neither the values of the statement nor the row that failed."""
    with pytest.raises(sa.exc.IntegrityError) as caught, work.by(SYSTEM) as tx:
        tx.session.execute(sa.insert(LoginAttempt).values(id=tx.new_id(), username_sha256=NAME, at=tx.now))
    told = "".join(traceback.format_exception(caught.value))
    assert "login_attempt" in told
    assert NAME not in told
