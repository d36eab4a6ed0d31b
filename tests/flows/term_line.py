"""The line of a programme's term, one step per function, each by the command the product itself uses."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from core.actor import Actor
from core.measures import Milli, Period, Rupiah
from core.work import Work
from logistics.packages.queries import PackageView, package, packages, round_of_term
from logistics.packages.states import PackageState
from logistics.planning.commands import approve_round
from logistics.programmes import commands, queries
from logistics.programmes.states import Cadence, Form, ProgrammeKind, Unit
from registry_link.households.queries import household
from routes.term import plan_the_term
from stock.items.queries import items
from tests.flows import line

BASIS = "BA Musdes 1/2026"
DECREE = "460/12/SK/2026"


@dataclass(frozen=True, slots=True, kw_only=True)
class SentTerm:
    """A determined term whose packages are at their posts."""

    term_id: UUID
    round_id: UUID
    packages: tuple[PackageView, ...]
    """By code."""


def open_term(
    work: Work, *, name: str = "Kompor Uji", form: Form = Form.GOODS, unit: Unit = Unit.HOUSEHOLD,
    goods: dict[str, int] | None = None, amount_rp: int = 300_000, quotas: dict[str, int] | None = None,
) -> UUID:  # fmt: skip
    """Open a programme and its first term; ``goods`` are whole base units by item code."""
    with work.by(line.OFFICER) as tx:
        catalogue = {one.code: one.id for one in items(tx)}
        made = commands.open_programme(
            tx,
            commands.OpenProgramme(
                name=name, kind=ProgrammeKind.STOVE if form is Form.GOODS else ProgrammeKind.SEMBAKO, form=form,
                unit=unit, cadence=Cadence.ONCE, supplier="Dinas Sosial", distributor="Titik pembagian",
                funding_source="APBD", legal_source="Perbup Uji 1/2026",
            ),
        )  # fmt: skip
        return commands.open_term(
            tx,
            commands.OpenTerm(
                programme_id=made.id, name="Tahap I 2026", period=Period(tx.today, tx.today + timedelta(days=60)),
                items=tuple(
                    commands.TermItem(item_id=catalogue[code], quantity_milli=Milli(amount * 1000))
                    for code, amount in (goods or {"kasur": 1, "beras": 5}).items()
                )
                if form is Form.GOODS
                else (),
                amount_rp=None if form is Form.GOODS else Rupiah(amount_rp), quotas=quotas or {},
            ),
        )  # fmt: skip


def put_on_list(work: Work, term_id: UUID, villages: tuple[str, ...] = ("0", "1"), most: int = 6) -> tuple[UUID, ...]:
    """Add the first households of these villages of the district (their first members for a person's term)."""
    known = line.households(work)
    chosen = [known[f"H-{village}-{number}"] for village in villages for number in range(most)]
    with work.by(line.OFFICER) as tx:
        term = queries.term_by_id(tx, term_id)
        return tuple(
            commands.add_entry(
                tx,
                commands.AddEntry(
                    term_id=term_id, household_id=one,
                    member_id=household(tx, one).members[-1].id if term.unit is Unit.PERSON else None,
                ),
            )
            for one in chosen
        )  # fmt: skip


def determine(work: Work, term_id: UUID) -> int:
    """Let three people bring the list to determination."""
    work.run(line.OFFICER, lambda tx: commands.propose(tx, commands.Propose(term_id=term_id, village_code="99.01.01",
                                                                             basis=BASIS)))  # fmt: skip
    work.run(line.SECOND, lambda tx: commands.verify_list(tx, term_id))
    return work.run(
        line.HEAD,
        lambda tx: commands.determine(
            tx, commands.Determine(term_id=term_id, decree_no=DECREE, decree_on=tx.today)
        ),
    )  # fmt: skip


def plan(work: Work, term_id: UUID, *, days: int = 3, actor: Actor = line.OFFICER) -> UUID:
    """Plan and approve the distribution from today on; gives the round."""
    done = work.run(
        actor,
        lambda tx: plan_the_term(
            tx, queries.term_by_id(tx, term_id), Period(tx.today, tx.today + timedelta(days=days - 1))
        ),
    )
    work.run(line.SECOND, lambda tx: approve_round(tx, done.round_id))
    return done.round_id


def sent_term(work: Work, **more: object) -> SentTerm:
    """Walk from the district to packages at their posts."""
    term_id = open_term(work, **more)  # type: ignore[arg-type]
    put_on_list(work, term_id)
    determine(work, term_id)
    round_id = plan(work, term_id)
    line.send_all(work, round_id)
    return sent_term_of(work, term_id)


def sent_term_of(work: Work, term_id: UUID) -> SentTerm:
    with work.read_by(line.OFFICER) as tx:
        the_round = round_of_term(tx, term_id)
        assert the_round is not None
        rows = packages(tx, the_round.id, states=(PackageState.LOADED,), limit=5000).rows
        return SentTerm(
            term_id=term_id, round_id=the_round.id,
            packages=tuple(sorted((package(tx, row.id) for row in rows), key=lambda one: one.row.code)),
        )  # fmt: skip
