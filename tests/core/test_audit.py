from __future__ import annotations

import threading
from pathlib import Path

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy.orm import Session

from core import audit
from core.actor import system
from core.audit import AuditRow
from core.clock import SystemClock
from core.db import open_engine
from core.work import Work

SYSTEM = system("99.01")


def write(work: Work, acts: int) -> None:
    for number in range(acts):
        with work.by(SYSTEM) as tx:
            tx.note("test.act", "thing", number, amount=number)


def verdict(work: Work, anchor: Path | None = None) -> audit.Verdict:
    with Session(work.engine) as session:
        return audit.verify(session, anchor)


def tamper(work: Work, *statements: str) -> None:
    """Change rows as somebody with the database's own password could: the triggers go first."""
    with work.engine.begin() as connection:
        if work.engine.dialect.name == "sqlite":
            connection.execute(sa.text("DROP TRIGGER IF EXISTS audit_row_no_update"))
            connection.execute(sa.text("DROP TRIGGER IF EXISTS audit_row_no_delete"))
        else:
            connection.execute(sa.text("ALTER TABLE audit_row DISABLE TRIGGER ALL"))
        for statement in statements:
            connection.exec_driver_sql(statement)


def test_the_database_itself_refuses_to_change_or_delete_a_row(work: Work) -> None:
    write(work, 2)
    for statement in ("UPDATE audit_row SET reason = 'x'", "DELETE FROM audit_row"):
        with pytest.raises(sa.exc.DBAPIError, match="append-only"), work.engine.begin() as connection:
            connection.exec_driver_sql(statement)
    assert verdict(work).is_sound


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE audit_row SET facts = 'altered' WHERE seq = 2",
        "UPDATE audit_row SET actor_id = 'somebody' WHERE seq = 2",
        "UPDATE audit_row SET reason = 'because' WHERE seq = 3",
        "DELETE FROM audit_row WHERE seq = 2",
    ],
)
def test_a_changed_or_removed_row_is_found(work: Work, change: str) -> None:
    write(work, 4)
    tamper(work, change)
    found = verdict(work)
    assert not found.is_sound and found.bad_seq in (2, 3)


def test_a_cut_off_tail_is_found_only_with_an_anchor(work: Work, tmp_path: Path) -> None:
    write(work, 4)
    anchor = tmp_path / "anchors" / "audit.txt"
    with Session(work.engine) as session:
        assert audit.anchor(session, work.clock.now(), anchor) == 4
    tamper(work, "DELETE FROM audit_row WHERE seq > 2")
    assert verdict(work).is_sound
    found = verdict(work, anchor)
    assert (found.bad_seq, found.problem) == (3, "shorter_than_anchor")


def test_an_anchor_that_somebody_else_wrote_is_refused(work: Work, tmp_path: Path) -> None:
    write(work, 1)
    anchor = tmp_path / "audit.txt"
    anchor.write_text(f"1 {'0' * 64} 2026-11-21T00:00:00+00:00 {'00' * 64}\n")
    with pytest.raises(ValueError, match="not signed"):
        verdict(work, anchor)


def test_sixteen_threads_make_no_fork(database_url: str) -> None:
    engine = open_engine(database_url)
    work = Work(engine, SystemClock())
    threads = [threading.Thread(target=write, args=(work, 5)) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert verdict(work) == audit.Verdict(rows=80, head=verdict(work).head, bad_seq=None, problem="")
    with Session(engine) as session:
        assert session.scalars(sa.select(AuditRow.seq).order_by(AuditRow.seq)).all() == list(range(1, 81))
    engine.dispose()


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(text=st.text(max_size=60), number=st.integers(), flag=st.booleans())
def test_any_fact_can_be_noted_and_verified(work: Work, text: str, number: int, flag: bool) -> None:
    text = text.replace("\x00", "").encode("utf-8", "ignore").decode()
    with work.by(SYSTEM) as tx:
        tx.note("test.act", "thing", 1, reason=text, text=text, number=number, flag=flag, several=[text])
    assert verdict(work).is_sound
