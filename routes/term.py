"""A term of a programme: its determined list brought to the plan, and its papers put together from both halves.

Lists and handovers do not know each other; this is where they meet (as ``logistics/zones/week.py`` does for incidents).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from uuid import UUID

from core.documents.commands import IssueDocument, issue_document
from core.errors import Conflict, Invalid
from core.i18n import say
from core.measures import Period
from core.work import Tx
from logistics.dispatch.queries import post_choices
from logistics.handover.queries import misses, receipts_of
from logistics.packages.queries import RoundView, opened_at, round_of_term, states_of
from logistics.packages.rules import People, people_of
from logistics.packages.states import PackageState
from logistics.planning.commands import PlanSummary, PlanTerm, plan_term
from logistics.planning.priority import Priority
from logistics.planning.rules import ConfirmedHousehold, VillagePoint
from logistics.programmes import papers
from logistics.programmes.commands import lock_term
from logistics.programmes.queries import FrozenView, TermView, frozen_list, programme_by_id, term_by_id
from logistics.programmes.reconciling import reconciliation
from logistics.programmes.states import TermState, Unit
from registry_link.households.ages import thresholds_at
from registry_link.households.erased import erased_among
from registry_link.households.queries import compositions, positions_of
from registry_link.matching.points import inner_points
from reports import nominative as nominative_report

MOST_DAYS = 31
NOMINATIVE, INVITATION, ACCOUNT = "DN", "UND", "LPJ"
_ONE = People(persons=1, adults=1)
"""A package for a person or a card is for one, whoever else lives there."""


def entries_to_serve(tx: Tx, term: TermView) -> tuple[FrozenView, ...]:
    """Give a term's determined list without those who were erased since."""
    entries = frozen_list(tx, term.id)
    erased = erased_among(tx, [one.household_id for one in entries])
    return tuple(one for one in entries if one.household_id not in erased)


def determined_households(tx: Tx, term: TermView) -> tuple[ConfirmedHousehold, ...]:
    """Give a term's determined list as the plan needs it; ages are those of the day of the determination."""
    entries = entries_to_serve(tx, term)
    ids = list(dict.fromkeys(one.household_id for one in entries))
    its_round = round_of_term(tx, term.id)
    ages = thresholds_at(tx, opened_at(tx, its_round.id) if its_round else None)
    people = {one.household_id: one for one in compositions(tx, ids, term.decree_on or tx.today, ages)}
    places = positions_of(tx, ids)
    return tuple(
        ConfirmedHousehold(
            household_id=one.household_id, code=one.who.household_code if one.who else str(one.entry_id),
            village_code=one.village_code, beneficiary_kind=one.beneficiary_kind.value,
            person_or_card_id=None if one.beneficiary_kind is Unit.HOUSEHOLD else one.beneficiary_id,
            composition=people_of(people[one.household_id]) if one.beneficiary_kind is Unit.HOUSEHOLD else _ONE,
            lon_deg=places.get(one.household_id, (None, None))[0],
            lat_deg=places.get(one.household_id, (None, None))[1], decile=one.decile,
        )
        for one in entries
    )  # fmt: skip


def plan_the_term(
    tx: Tx, term: TermView, days: Period, *, fit_to_stock: bool = False, fit_to_posts: bool = False,
    start_over: bool = False, rule: Priority | None = None,
) -> PlanSummary:  # fmt: skip
    """Plan the distribution of a determined term on these days.

    Raises: Invalid for more than 31 days; Conflict when the list is not determined, or without an open post; what
    ``plan_term`` raises.
    """
    # Kept until the commit: two who plan at once wait for each other, and nobody plans what is being closed.
    if lock_term(tx, term.id) is not TermState.DETERMINED:
        raise Conflict("term.not_determined")
    if days.days > MOST_DAYS:
        raise Invalid("term.too_many_days", field="last_on", most=MOST_DAYS)
    households = determined_households(tx, term)
    posts = post_choices(tx, days.each())
    if not posts:
        raise Conflict("week.no_post")
    points = inner_points(tx, sorted({one.village_code for one in households}))
    return plan_term(
        tx,
        PlanTerm(
            term_id=term.id, days=days, standard_id=term.standard_id, households=households, posts=posts,
            fit_to_stock=fit_to_stock, fit_to_posts=fit_to_posts, start_over=start_over, rule=rule,
            village_points=tuple(
                VillagePoint(village_code=one.village_code, lon_deg=one.lon_deg, lat_deg=one.lat_deg) for one in points
            ),
        ),
    )  # fmt: skip


# ---------------------------------------------------------------- papers


def issue_nominative(tx: Tx, term_id: UUID, region_code: str = "") -> UUID:
    """Issue the daftar nominatif of a village, a district, or everybody determined, and give its id.

    Raises: Forbidden; NotFound, also outside the actor's villages; Conflict when it is not determined or nobody of it
    is on the list.
    """
    _need_region(tx, region_code)
    facts, persons = papers.nominative(tx, term_id, region_code)
    return _issue(tx, NOMINATIVE, term_id, f"Daftar nominatif {facts.region or facts.term.programme}", facts, persons,
                  region_code)  # fmt: skip


def nominative_xlsx(tx: Tx, term_id: UUID, region_code: str = "") -> bytes:
    """Give the daftar nominatif as a workbook, to be worked with; it has no number. Raises: as ``issue_nominative``."""
    _need_region(tx, region_code)
    return nominative_report.build_workbook(*papers.nominative(tx, term_id, region_code))


def issue_invitations(tx: Tx, term_id: UUID, region_code: str) -> UUID:
    """Issue the invitations of a village or district as one paper, and give its id.

    Raises: Forbidden; NotFound, also outside the actor's villages; Conflict when the distribution is not approved, or
    nobody is left to invite.
    """
    _need_region(tx, region_code)
    facts, persons = papers.invitations(tx, term_id, region_code)
    return _issue(tx, INVITATION, term_id, f"Undangan {facts.region or facts.term.programme}", facts, persons,
                  region_code)  # fmt: skip


def issue_lpj(tx: Tx, term_id: UUID) -> UUID:
    """Issue the annex of accountability as the term stands now, and give its id.

    Raises: Forbidden, NotFound, Conflict when the list is not determined.
    """
    _need_region(tx, "")
    facts, persons = account(tx, term_id)
    return _issue(tx, ACCOUNT, term_id, f"Lampiran LPJ {facts.term.programme} – {facts.term.term}", facts, persons, "")


def account(tx: Tx, term_id: UUID) -> tuple[papers.AccountFacts, papers.AccountPersons]:
    """Give what the annex of accountability says. Raises: Forbidden, NotFound, Conflict."""
    term = term_by_id(tx, term_id)
    said, programme = papers.term_of(term), programme_by_id(tx, term.programme_id)
    found = reconciliation(tx, term_id)
    the_round = round_of_term(tx, term_id)
    entries = frozen_list(tx, term_id)
    names = {(one.beneficiary_kind.value, one.beneficiary_id): one.who.name for one in entries if one.who is not None}
    served = receipts_of(tx, the_round.id) if the_round else ()
    villages = {one.village_code: one.village_name for one in found.villages}
    missed = _unserved(tx, term, entries, the_round)
    facts = papers.AccountFacts(
        head=papers.head_of(tx), term=said, funding_source=programme.funding_source, supplier=programme.supplier,
        distributor=programme.distributor, villages=papers.account_villages(found), items=papers.account_items(found),
        receipts=tuple(
            papers.AccountReceipt(
                package_code=one.package_code, village=villages.get(one.village_code, one.village_code),
                day=one.event_on, number=one.number, is_partial=one.is_partial,
            )
            for one in served
        ),
        missed=tuple(
            papers.AccountMiss(
                no=no, package_code=one.package_code, village=villages.get(one.village_code, one.village_code),
                reason=one.reason, next_step=one.next_step, due_on=one.due_on,
            )
            for no, one in enumerate(missed, 1)
        ),
        is_closed=term.state is TermState.CLOSED, minutes_no=term.minutes_no, minutes=term.minutes,
        signers=(papers.operator_signer(tx), papers.head_signer(tx)), issued_on=tx.today, list_sha256=term.list_sha256,
    )  # fmt: skip
    whose = [(one.number, names.get((one.beneficiary_kind, one.beneficiary_id))) for one in served]
    whose += [(str(no), names.get(one.beneficiary)) for no, one in enumerate(missed, 1)]
    return facts, papers.AccountPersons(names=tuple(papers.AccountName(key=key, name=name) for key, name in whose
                                                    if name))  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class _Unserved:
    beneficiary: tuple[str, UUID]
    package_code: str
    village_code: str
    reason: str
    next_step: str = ""
    due_on: date | None = None


def _unserved(tx: Tx, term: TermView, entries: tuple[FrozenView, ...], the_round: RoundView | None) -> list[_Unserved]:
    """Give everybody determined who was not served, with why: what the post noted last, else where the package is."""
    states = {(one.kind, one.beneficiary_id): one for one in (states_of(tx, the_round.id) if the_round else ())}
    noted = {one.package_id: one for one in (misses(tx, the_round.id, open_only=False) if the_round else ())}
    found = []
    for one in entries:
        key = (one.beneficiary_kind.value, one.beneficiary_id)
        state = states.get(key)
        if state is not None and state.state is PackageState.HANDED_OVER:
            continue
        miss = noted.get(state.package_id) if state is not None else None
        if miss is not None:
            reason, step, due = miss.kind_label("id"), miss.next_label("id"), miss.due_on
        else:
            if state is not None and state.state is PackageState.CANCELLED and not term.minutes_no:
                code = "term.unserved.returned"
            elif term.state is TermState.CLOSED:
                code = "term.unserved.minutes"
            elif state is None or state.state is PackageState.WAITING:
                code = "term.unserved.not_placed"
            else:
                code = "term.unserved.open"
            reason, step, due = say(code, "id"), "", None
        found.append(
            _Unserved(
                beneficiary=key, package_code=state.code if state is not None else "", village_code=one.village_code,
                reason=reason, next_step=step, due_on=due,
            )
        )  # fmt: skip
    return found


def _need_region(tx: Tx, region_code: str) -> None:
    """Make sure that the whole region is within the actor's reach. Raises: Forbidden, NotFound, Invalid without one."""
    reach = tx.require("bansos.print")
    if not reach.is_all:
        if not region_code:
            raise Invalid("term.region_missing", field="region_code")
        reach.need_village(region_code, "region")


def _issue(tx: Tx, kind: str, term_id: UUID, title: str, facts: object, persons: object, region_code: str) -> UUID:
    order = IssueDocument(
        kind=kind, subject="term", subject_id=term_id, title=title, day=tx.today, view=facts, person=persons,
        village_code=region_code or None,
    )  # fmt: skip
    return issue_document(tx, order).id
