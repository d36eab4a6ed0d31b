"""Everything ``flask check`` proves, over all nouns."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.orm import Session

from core import audit
from core.actor import Actor
from core.db import SERVER_LOG, talkative_settings
from logistics.handover.proof import prove as prove_handovers
from logistics.planning.proof import prove as prove_plans
from logistics.programmes.proof import prove as prove_programmes
from logistics.zones.freezing import prove as prove_lists
from registry_link.households.proof import prove as prove_registry
from routes.context import Runtime
from stock.reservations.proof import prove as prove_stock


def prove_all(runtime: Runtime, actor: Actor) -> list[str]:
    """Give every broken promise in words; empty when all books agree."""
    problems: list[str] = []
    with runtime.work.read_by(actor) as tx:
        problems += [str(problem) for problem in prove_stock(tx).problems]
        problems += prove_handovers(tx)
        problems += prove_programmes(tx)
        problems += prove_lists(tx)
        problems += prove_plans(tx)
        problems += prove_registry(tx)
    anchor_file = runtime.anchor_file if runtime.anchor_file.exists() else None
    with Session(runtime.work.engine) as session:
        verdict = audit.verify(session, anchor_file)
        if not verdict.is_sound:
            problems.append(f"audit chain: {verdict.problem} at seq {verdict.bad_seq}")
        if session.get_bind().dialect.name == "sqlite":
            found = session.execute(sa.text("PRAGMA quick_check")).scalar()
            if found != "ok":
                problems.append(f"database file: {found}")
    return problems


def what_the_server_logs(runtime: Runtime) -> list[str]:
    """Say of each setting by which PostgreSQL's own log would repeat rows what it is, and what it should be."""
    with runtime.work.engine.connect() as connection:
        found = talkative_settings(connection)
    return [f"PostgreSQL: {name} = {value} (→ {SERVER_LOG[name]})" for name, value in found.items()]
