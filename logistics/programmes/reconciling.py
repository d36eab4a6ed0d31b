"""What was determined against what was handed over, returned or is still open; a term closes only when they agree."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from uuid import UUID

import sqlalchemy as sa

from core.errors import Conflict, Invalid
from core.measures import Milli, print_count
from core.states import move
from core.work import Tx
from logistics.dispatch.queries import loads
from logistics.dispatch.states import LoadState
from logistics.packages.commands import lock_round
from logistics.packages.queries import (
    BeneficiaryState,
    given_sums,
    open_rest_sums,
    round_of_term,
    states_of,
)
from logistics.packages.states import PackageState, RoundState
from logistics.planning.commands import cancel_round, close_round
from logistics.programmes.commands import lock_term
from logistics.programmes.models import Term, TermEntry
from logistics.programmes.queries import TermView, term_by_id
from logistics.programmes.states import TERM_MOVES, EntryState, TermAct, TermState
from registry_link.regions.queries import regions
from stock.items.queries import unstocked_ids

AT_ZERO: Final = "nothing is open"
LEAST_NUMBER: Final = 3
LEAST_MINUTES: Final = 10
_NAMED: Final = 10
"""So many villages a refusal names; the table shows them all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class VillageLine:
    """One village: determined = handed over + returned + open."""

    village_code: str
    village_name: str
    determined: int
    handed_over: int
    """Once in part counts as handed over; what is left over stands in ``open_rests`` and among the goods."""
    returned: int
    """Taken out of the distribution: the package was cancelled, or the term closed without one."""
    open: int
    open_rests: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class GoodsLine:
    """One item of the term. Money is neither sent to a post nor left there."""

    item_id: UUID
    name_id: str
    name_en: str
    unit: str
    due_milli: Milli
    """For everybody determined."""
    sent_milli: Milli
    handed_over_milli: Milli
    left_milli: Milli
    """Sent and not handed over: at the posts, or brought back from them since."""
    rest_milli: Milli
    """What partial handovers left over and is still due."""
    is_money: bool

    def name(self, lang: str) -> str:
        return self.name_en if lang == "en" else self.name_id


@dataclass(frozen=True, slots=True, kw_only=True)
class Reconciliation:
    """A term in figures, village by village; the sums are those of the lines."""

    villages: tuple[VillageLine, ...]
    goods: tuple[GoodsLine, ...]
    determined: int
    handed_over: int
    returned: int
    open: int
    open_rests: int

    @property
    def is_zero(self) -> bool:
        """Nothing is open any more, no rest either: the term may close without minutes."""
        return self.open == 0 and self.open_rests == 0


@dataclass(frozen=True, slots=True, kw_only=True)
class CloseTerm:
    """``minutes_no`` and ``minutes`` say what became of those still open; empty where nobody is."""

    term_id: UUID
    minutes_no: str = ""
    minutes: str = ""


def reconciliation(tx: Tx, term_id: UUID) -> Reconciliation:
    """Give a term's reconciliation, within the actor's villages; the goods are the whole term's.

    Raises: Forbidden, NotFound.
    """
    reach = tx.require("bansos.see")
    lines = tuple(one for one in _villages(tx, term_by_id(tx, term_id)) if reach.has_village(one.village_code))
    return _summed(tx, term_id, lines)


def close_term(tx: Tx, order: CloseTerm) -> None:
    """Close a determined term, and its distribution with it.

    With minutes whoever is still open is taken out with that reason, and what was reserved is free again. Raises:
    Forbidden; NotFound; Invalid for minutes without number or text; Conflict when it is not determined, or somebody is
    open and there are no minutes: it names the villages.
    """
    tx.require("bansos.close")
    number, text = order.minutes_no.strip(), " ".join(order.minutes.split())
    if (number or text) and len(number) < LEAST_NUMBER:
        raise Invalid("term.minutes_number", field="minutes_no", least=LEAST_NUMBER)
    if (number or text) and sum(letter.isalpha() for letter in text) < LEAST_MINUTES:
        raise Invalid("term.minutes_text", field="minutes", least=LEAST_MINUTES)
    state = lock_term(tx, order.term_id)
    if state is not TermState.DETERMINED:
        raise Conflict("term.cannot_close", state=state.value)
    the_round = round_of_term(tx, order.term_id)
    if the_round is not None:
        # Handovers and voids under way are through then, and none begins before this is committed.
        lock_round(tx, the_round.id)
    if not number:
        _need_zero(tx, order.term_id)
    reason = f"{number}: {text}" if number else AT_ZERO
    cancelled = 0
    if the_round is not None and the_round.state is RoundState.APPROVED:
        cancelled = close_round(tx, the_round.id, reason)
    elif the_round is not None and the_round.state in (RoundState.DRAFT, RoundState.PLANNED):
        cancel_round(tx, the_round.id, reason)
    move(
        tx, Term, order.term_id, TermAct.CLOSE, TERM_MOVES, reason=f"{reason} ({cancelled} packages cancelled)",
        closed_by=tx.actor.id, closed_at=tx.now, minutes_no=number, minutes=text,
    )  # fmt: skip


def _need_zero(tx: Tx, term_id: UUID) -> None:
    found = _summed(tx, term_id, _villages(tx, term_by_id(tx, term_id)))
    if found.is_zero:
        return
    left = [one for one in found.villages if one.open or one.open_rests]
    told = "; ".join(f"{one.village_name} {print_count(one.open + one.open_rests)}" for one in left[:_NAMED])
    if len(left) > _NAMED:
        told += f"; + {print_count(len(left) - _NAMED)}"
    raise Conflict("term.still_open", villages=told, open=found.open + found.open_rests)


def _villages(tx: Tx, term: TermView) -> tuple[VillageLine, ...]:
    """Count village by village where each determined entry stands."""
    the_round = round_of_term(tx, term.id)
    states: Mapping[tuple[str, UUID], BeneficiaryState] = (
        {(one.kind, one.beneficiary_id): one for one in states_of(tx, the_round.id)} if the_round is not None else {}
    )
    counted: dict[str, Counter[str]] = defaultdict(Counter)
    for row in tx.session.execute(
        sa.select(TermEntry.village_code, TermEntry.beneficiary_kind, TermEntry.beneficiary_id).where(
            TermEntry.term_id == term.id, TermEntry.state == EntryState.DETERMINED
        )
    ):
        known = states.get((row.beneficiary_kind.value, row.beneficiary_id))
        of = counted[row.village_code]
        of["determined"] += 1
        if known is not None and known.state is PackageState.HANDED_OVER:
            of["handed_over"] += 1
            of["open_rests"] += known.has_open_rest
        elif (known is not None and known.state is PackageState.CANCELLED) or term.state is TermState.CLOSED:
            of["returned"] += 1
        else:
            of["open"] += 1
    names = {one.code: one.full_name for one in regions(tx, sorted(counted))}
    return tuple(
        VillageLine(
            village_code=code, village_name=names.get(code, code), determined=of["determined"],
            handed_over=of["handed_over"], returned=of["returned"], open=of["open"], open_rests=of["open_rests"],
        )
        for code, of in sorted(counted.items())
    )  # fmt: skip


def _summed(tx: Tx, term_id: UUID, lines: tuple[VillageLine, ...]) -> Reconciliation:
    determined = sum(one.determined for one in lines)
    return Reconciliation(
        villages=lines, goods=_goods(tx, term_id), determined=determined,
        handed_over=sum(one.handed_over for one in lines), returned=sum(one.returned for one in lines),
        open=sum(one.open for one in lines), open_rests=sum(one.open_rests for one in lines),
    )  # fmt: skip


def _goods(tx: Tx, term_id: UUID) -> tuple[GoodsLine, ...]:
    term, the_round = term_by_id(tx, term_id), round_of_term(tx, term_id)
    determined = tx.session.scalar(
        sa.select(sa.func.count()).where(TermEntry.term_id == term_id, TermEntry.state == EntryState.DETERMINED)
    )
    given = given_sums(tx, the_round.id) if the_round is not None else {}
    rests = open_rest_sums(tx, the_round.id) if the_round is not None else {}
    sent: Counter[UUID] = Counter()
    for load in loads(tx, the_round.id) if the_round is not None else ():
        if load.state is LoadState.SENT:
            for line in load.lines:
                sent[line.item.id] += line.quantity_milli
    money = unstocked_ids(tx)
    return tuple(
        GoodsLine(
            item_id=one.item_id, name_id=one.name_id, name_en=one.name_en, unit=one.unit,
            due_milli=Milli(one.quantity_milli * (determined or 0)), sent_milli=Milli(sent[one.item_id]),
            handed_over_milli=given.get(one.item_id, Milli(0)),
            left_milli=Milli(
                0 if one.item_id in money else sent[one.item_id] - given.get(one.item_id, 0)
            ),
            rest_milli=rests.get(one.item_id, Milli(0)), is_money=one.item_id in money,
        )
        for one in term.items
    )  # fmt: skip
