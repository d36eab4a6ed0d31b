"""How fast a term of 20,000 beneficiaries is determined, printed, invited, accounted for and proved.

    python bench/bansos_papers.py [--beneficiaries 20000] [--postgresql URL] [--folder /tmp/papers]

The households of ``bench/bansos_list.py``. Goals: determining 20,000 <= 10 s on both engines, the daftar nominatif of
20,000 rows as PDF <= 20 s and as XLSX <= 5 s. "cpu" is the processor's own time of this process: all of it on SQLite,
on PostgreSQL without what the server works.
"""

from __future__ import annotations

import argparse
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import TypeVar
from uuid import UUID

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import sqlalchemy as sa

from bench.bansos_list import DISTRICTS, NOW, OFFICE, a_term, fill
from core.actor import Role
from core.clock import FixedClock
from core.crypto import Keyring, ring, use_ring
from core.db import Base, open_engine
from core.documents.queries import document
from core.measures import Period
from core.work import Tx, Work
from logistics.dispatch.commands import OpenPost, open_post
from logistics.planning.commands import approve_round
from logistics.programmes.commands import Determine, Propose, determine, propose, verify_list
from logistics.programmes.drawing import DrawList, draw_list
from logistics.programmes.proof import prove
from logistics.programmes.queries import term_by_id
from logistics.programmes.reconciling import reconciliation
from registry_link.households.selection import Criteria
from reports import invitation, lpj, nominative
from routes import papers
from routes.term import issue_invitations, issue_lpj, issue_nominative, nominative_xlsx, plan_the_term
from tests.support.builders import an_actor

Result = TypeVar("Result")
OFFICER = an_actor(Role.LOGISTICS)
SECOND = replace(OFFICER, id="second", name="Petugas kedua")
HEAD = an_actor(Role.HEAD)


def timed(name: str, act: Callable[[], Result], told: Callable[[Result], object] = lambda _: "") -> Result:
    """Print how long it took by the clock and of the processor, and what came of it."""
    begun, worked = time.perf_counter(), time.process_time()
    found = act()
    wall, busy = time.perf_counter() - begun, time.process_time() - worked
    print(f"{name:46}{wall:9.2f}{busy:9.2f}   {told(found)}", flush=True)
    return found


def measure(work: Work, beneficiaries: int) -> None:
    each = -(-beneficiaries // DISTRICTS)
    _, term_id = a_term(
        work, f"Utama {time.perf_counter_ns()}", {f"99.01.{n:02}": each for n in range(1, DISTRICTS + 1)}
    )
    print(f"\n{beneficiaries:,} beneficiaries, {work.engine.dialect.name}\n{'':46}{'s':>9}{'cpu s':>9}")
    everybody = DrawList(term_id=term_id, criteria=Criteria(with_unknown_decile=True))
    timed("draw", lambda: work.run(OFFICER, lambda tx: draw_list(tx, everybody)))
    order = Propose(term_id=term_id, village_code="99.01", basis="BA Musdes")
    timed("propose", lambda: work.run(OFFICER, lambda tx: propose(tx, order)))
    timed("verify", lambda: work.run(SECOND, lambda tx: verify_list(tx, term_id)))
    decree = Determine(term_id=term_id, decree_no="460/1/SK/2026", decree_on=NOW.date())
    timed("determine", lambda: work.run(HEAD, lambda tx: determine(tx, decree)), lambda count: f"{count:,}")

    listed = timed("daftar nominatif: issue", lambda: work.run(OFFICER, lambda tx: issue_nominative(tx, term_id)))
    timed("daftar nominatif: print", lambda: printed(work, listed), size)
    timed("daftar nominatif: XLSX", lambda: read(work, lambda tx: nominative_xlsx(tx, term_id)), size)

    def plan(tx: Tx) -> UUID:
        days = Period(tx.today, tx.today + timedelta(days=20))
        return plan_the_term(tx, term_by_id(tx, term_id), days).round_id

    round_id = timed("plan", lambda: work.run(OFFICER, plan))
    timed("approve", lambda: work.run(SECOND, lambda tx: approve_round(tx, round_id)))
    invited = timed("invitations: issue", lambda: work.run(OFFICER, lambda tx: issue_invitations(tx, term_id, "")))
    timed("invitations: print", lambda: printed(work, invited), size)
    timed("reconciliation", lambda: read(work, lambda tx: reconciliation(tx, term_id)), lambda one: f"{one.open:,}")
    annex = timed("lampiran LPJ: issue", lambda: work.run(OFFICER, lambda tx: issue_lpj(tx, term_id)))
    timed("lampiran LPJ: print", lambda: printed(work, annex), size)
    timed("proof", lambda: read(work, prove))


def read(work: Work, act: Callable[[Tx], Result]) -> Result:
    with work.read_by(OFFICE) as tx:
        return act(tx)


def printed(work: Work, paper_id: UUID) -> bytes:
    """Give the bytes of an issued paper, as ``routes.papers`` does; the address in a QR stands in for the setting."""
    with work.read_by(OFFICE) as tx:
        paper = document(tx, paper_id)
        if paper.kind == "DN":
            return nominative.build(papers.nominative_view(tx, paper, 0))
        if paper.kind == "LPJ":
            return lpj.build(papers.account_view(tx, paper, 0))
        view = papers.invitation_view(tx, paper, 0)
        return invitation.build(replace(view, verify_url=address))


def address(ref: str) -> str:
    return f"HTTPS://TANGGAP.CONTOH.GO.ID/V/{ring().token('U', bytes.fromhex(ref))}"


def size(content: bytes) -> str:
    return f"{len(content) / 1024 / 1024:.1f} MB"


def main() -> None:
    from tests.support.databases import import_models

    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--beneficiaries", type=int, default=20_000)
    parser.add_argument("--postgresql", help="address of an empty database")
    parser.add_argument("--folder", type=Path, help="keep the database here")
    given = parser.parse_args()
    import_models()
    with tempfile.TemporaryDirectory(prefix="tanggap-bench-") as made:
        folder = given.folder or Path(made)
        with suppress(FileExistsError):
            folder.mkdir(parents=True)
        use_ring(Keyring.load_or_make(folder / "keys"))
        engine = open_engine(given.postgresql or f"sqlite:///{folder / 'papers.db'}")
        work = Work(engine, FixedClock(NOW))
        if not sa.inspect(engine).has_table("household"):
            Base.metadata.create_all(engine)
            fill(work, given.beneficiaries * 17 // 10)
            with work.by(OFFICE) as tx:
                for number in range(10):
                    open_post(tx, OpenPost(code=f"T{number}", name=f"Balai Desa {number}", capacity_per_day=200,
                                           lon_deg=131.0 + number / 10, lat_deg=-8.0))  # fmt: skip
        measure(work, given.beneficiaries)
        engine.dispose()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"\npeak memory {peak:.0f} MB, Python {sys.version.split()[0]}")


if __name__ == "__main__":
    main()
