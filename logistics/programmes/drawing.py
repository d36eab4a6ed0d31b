"""A term's list is drawn by criteria over the registry: shown first, with a reason for everybody left out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa

from core.errors import Fact, Invalid, NotFound
from core.frozen import freeze, thaw
from core.i18n import say
from core.work import Tx
from logistics.packages.helped import HANDED_OVER_OR_PROMISED, help_since, helped_since
from logistics.programmes.commands import need_draft
from logistics.programmes.models import Programme, Term, TermEntry, TermFileRow
from logistics.programmes.queries import MOST, TermView, term_by_id
from logistics.programmes.rules import district_of
from logistics.programmes.states import EntryState, Origin, TermState, Unit
from registry_link.households.bulk import put_rows
from registry_link.households.drawn import keep_drawn_from
from registry_link.households.identities import persons
from registry_link.households.queries import households_by_ids
from registry_link.households.selection import (
    DECILE,
    DECILE_UNKNOWN,
    OVER_QUOTA,
    SIZE,
    TRAIT,
    Barred,
    Choice,
    Chosen,
    Counts,
    Criteria,
    NotChosen,
    choice_counts,
    chosen,
    not_chosen,
)
from registry_link.regions.queries import regions

ON_THE_LIST: Final = "list.on_list"
LEFT_OUT_BEFORE: Final = "list.left_out"
IN_PROGRAMME: Final = "list.in_programme"
HELPED: Final = "list.helped"
REASONS: Final = (
    ON_THE_LIST, LEFT_OUT_BEFORE, DECILE_UNKNOWN, DECILE, SIZE, IN_PROGRAMME, HELPED, TRAIT, OVER_QUOTA,
)  # fmt: skip
"""In the order in which they are looked for; the first that holds is the one that is said."""
MOST_WEEKS: Final = 104
_AT_ONCE: Final = 800


@dataclass(frozen=True, slots=True, kw_only=True)
class DrawList:
    """What to draw a term's list by."""

    term_id: UUID
    criteria: Criteria
    not_in_programme_ids: tuple[UUID, ...] = ()
    """Nobody who is on a list of these programmes for an overlapping time."""
    not_helped_weeks: int = 0
    """Nobody whom a package went to, or is promised to, in the last so many weeks; 0 does not ask."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DistrictPreview:
    """One district (kecamatan): everybody in scope is drawn or excluded with exactly one reason."""

    district_code: str
    district_name: str
    quota: int | None
    """None where the term has no quota at all; 0 where only other districts have one."""
    listed: int
    """On the list already by a village, a file or a person; they count against the quota."""
    fits: int
    drawn: int
    over: int
    """Fit, but stand beyond the quota: ``fits`` is ``drawn`` and ``over``."""
    excluded: Mapping[str, int]
    """By reason, those over the quota included."""

    @property
    def excluded_total(self) -> int:
        return sum(self.excluded.values())


@dataclass(frozen=True, slots=True, kw_only=True)
class ListPreview:
    unit: Unit
    """What is counted: households, or persons."""
    districts: tuple[DistrictPreview, ...]

    @property
    def fits(self) -> int:
        return sum(one.fits for one in self.districts)

    @property
    def drawn(self) -> int:
        return sum(one.drawn for one in self.districts)

    @property
    def over(self) -> int:
        return sum(one.over for one in self.districts)

    @property
    def excluded(self) -> Mapping[str, int]:
        """By reason, over all districts, in the declared order."""
        total: Counter[str] = Counter()
        for one in self.districts:
            total.update(one.excluded)
        return {code: total[code] for code in REASONS if total[code]}

    @property
    def excluded_total(self) -> int:
        return sum(one.excluded_total for one in self.districts)

    def rule(self, lang: str) -> str:
        """Say in which order the quota of a district is filled."""
        return say("list.rule", lang)


@dataclass(frozen=True, slots=True, kw_only=True)
class Excluded:
    household_id: UUID
    code: str
    head_name: str
    village_name: str
    decile: int | None
    reason_code: str
    facts: Mapping[str, Fact]
    person_name: str = ""
    """For a term that counts persons: whom it is about."""

    def reason(self, lang: str) -> str:
        """Say in one sentence why."""
        facts: dict[str, Fact] = dict(self.facts)
        if isinstance(traits := facts.get("traits"), list):
            facts["traits"] = ", ".join(say(f"list.traits.{one}", lang) for one in traits)
        return say(self.reason_code, lang, facts)


@dataclass(frozen=True, slots=True, kw_only=True)
class ExcludedPage:
    rows: tuple[Excluded, ...]
    total: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawn:
    """What a drawing changed: of the candidates drawn before, some stand again and some are gone."""

    added: int
    kept: int
    removed: int


def preview_list(tx: Tx, order: DrawList) -> ListPreview:
    """Count by district who would be drawn and who not, by reason; nothing is changed and nobody is read.

    Raises: Forbidden; NotFound; Invalid, naming the field.
    """
    tx.require("bansos.edit")
    term = _checked(tx, order)
    choice = _choice(tx, term, order)
    return _preview(tx, term, choice, choice_counts(tx, choice))


def excluded_households(
    tx: Tx, order: DrawList, *, reason_code: str = "", district_code: str = "", limit: int = 50, offset: int = 0
) -> ExcludedPage:
    """Give everybody in scope who would not be drawn, each with the one reason, by village and code.

    ``reason_code`` and ``district_code`` narrow it; the look is logged. Raises: as ``preview_list``.
    """
    tx.require("bansos.edit")
    term = _checked(tx, order)
    if not 1 <= limit <= MOST or offset < 0:
        raise Invalid("list.page", field="limit", most=MOST)
    choice = _choice(tx, term, order)
    shown = _preview(tx, term, choice, choice_counts(tx, choice))
    total = sum(
        number
        for one in shown.districts
        if district_code in ("", one.district_code)
        for code, number in one.excluded.items()
        if reason_code in ("", code)
    )
    places = _places(term, shown)
    found = (
        not_chosen(tx, choice, places, reason_code=reason_code, district_code=district_code, limit=limit, offset=offset)
        if offset < total
        else ()
    )
    return ExcludedPage(rows=_said(tx, term, order, shown, found), total=total)


def draw_list(tx: Tx, order: DrawList) -> Drawn:
    """Draw the list: candidates drawn by criteria before are replaced, whoever a village, a file or a person put on it
    stays.

    Raises: Forbidden; NotFound; Invalid, naming the field; Conflict when the list is fixed.
    """
    tx.require("bansos.edit")
    need_draft(tx, order.term_id)
    term = _checked(tx, order)
    choice = _choice(tx, term, order)
    counts = choice_counts(tx, choice)
    places = _places(term, _preview(tx, term, choice, counts))
    wanted = {one.beneficiary_id: one for one in chosen(tx, choice, places, counts)}
    before = {
        row.beneficiary_id: row
        for row in tx.session.execute(
            sa.select(TermEntry.id, TermEntry.beneficiary_id, TermEntry.rank).where(*_redrawn(order.term_id))
        )
    }
    gone = [row.id for one, row in before.items() if one not in wanted]
    for start in range(0, len(gone), _AT_ONCE):
        tx.session.execute(sa.delete(TermEntry).where(TermEntry.id.in_(gone[start : start + _AT_ONCE])))
    moved = [
        {"entry": row.id, "place": wanted[one].rank}
        for one, row in before.items()
        if one in wanted and row.rank != wanted[one].rank
    ]
    if moved:
        table: Any = TermEntry.__table__
        tx.session.connection().execute(
            sa.update(table).where(table.c.id == sa.bindparam("entry")).values(rank=sa.bindparam("place")), moved
        )
    new = [one for one in wanted.values() if one.beneficiary_id not in before]
    _put(tx, term, new)
    tx.session.execute(sa.update(Term).where(Term.id == order.term_id).values(criteria=freeze(order)))
    keep_drawn_from(tx, "term", order.term_id)
    drawn = Drawn(added=len(new), kept=len(before) - len(gone), removed=len(gone))
    tx.note("term.draw", "term", order.term_id, added=drawn.added, kept=drawn.kept, removed=drawn.removed)
    return drawn


def drawn_by(term: TermView) -> DrawList | None:
    """Give what the list was drawn by last; None before."""
    return thaw(DrawList, term.criteria) if term.criteria else None


# ---------------------------------------------------------------- the question


def _checked(tx: Tx, order: DrawList) -> TermView:
    term = term_by_id(tx, order.term_id)
    asked = order.criteria
    if term.unit is Unit.CARD:
        raise Invalid("list.card_by_file", field="term_id")
    if term.unit is Unit.PERSON and not asked.traits:
        raise Invalid("list.person_needs_trait", field="traits")
    _need_range("list.decile_range", "decile", asked.least_decile, asked.most_decile, most=10)
    _need_range("list.size_range", "size", asked.least_size, asked.most_size, most=1000)
    if not 0 <= order.not_helped_weeks <= MOST_WEEKS:
        raise Invalid("list.weeks_range", field="not_helped_weeks", most=MOST_WEEKS)
    codes = {*asked.districts, *asked.villages}
    known = {one.code for one in regions(tx, sorted(codes)) if one.regency_code == tx.regency_code} if codes else set()
    for field, dots, given in (("districts", 2, asked.districts), ("villages", 3, asked.villages)):
        for code in given:
            if code not in known or code.count(".") != dots:
                raise Invalid("list.region", field=field, code=code[:20])
    asked_for = set(order.not_in_programme_ids)
    found = sa.select(sa.func.count()).where(Programme.id.in_(asked_for), Programme.regency_code == tx.regency_code)
    if asked_for and tx.session.scalar(found) != len(asked_for):
        raise NotFound("programme.not_found")
    return term


def _need_range(code: str, field: str, least: int | None, most_asked: int | None, *, most: int) -> None:
    for name, one in (("least", least), ("most", most_asked)):
        if one is not None and not 1 <= one <= most:
            raise Invalid(code, field=f"{name}_{field}", most=most)
    if least is not None and most_asked is not None and least > most_asked:
        raise Invalid(code, field=f"least_{field}", most=most)


def _choice(tx: Tx, term: TermView, order: DrawList) -> Choice:
    """Put the question to the registry, with what only we know of households as queries of ids."""
    asked = order.criteria
    if not asked.districts and not asked.villages and term.quotas:
        asked = replace(asked, districts=tuple(term.quotas))
    barred = [
        Barred(reason_code=ON_THE_LIST, ids=_on_list(term.id, is_left_out=False), is_of_beneficiaries=True,
               is_first=True),
        Barred(reason_code=LEFT_OUT_BEFORE, ids=_on_list(term.id, is_left_out=True), is_of_beneficiaries=True,
               is_first=True),
    ]  # fmt: skip
    if order.not_in_programme_ids:
        barred.append(Barred(reason_code=IN_PROGRAMME, ids=_elsewhere(term, order).with_only_columns(
            TermEntry.household_id)))  # fmt: skip
    if order.not_helped_weeks:
        barred.append(Barred(reason_code=HELPED, ids=helped_since(tx, _since(tx, order))))
    return Choice(
        criteria=asked, on_day=tx.today, barred=tuple(barred), is_of_persons=term.unit is Unit.PERSON
    )  # fmt: skip


def _since(tx: Tx, order: DrawList) -> date:
    return tx.today - timedelta(weeks=order.not_helped_weeks)


def _redrawn(term_id: UUID) -> tuple[sa.ColumnElement[bool], ...]:
    """Candidates whom only the criteria brought: drawing again replaces them."""
    named = sa.exists().where(TermFileRow.entry_id == TermEntry.id).correlate(TermEntry)
    return (
        TermEntry.term_id == term_id, TermEntry.state == EntryState.CANDIDATE, TermEntry.origin == Origin.CRITERIA,
        sa.not_(named),
    )  # fmt: skip


def _on_list(term_id: UUID, *, is_left_out: bool) -> sa.Select[UUID]:
    _, *redrawn = _redrawn(term_id)
    if is_left_out:
        return sa.select(TermEntry.beneficiary_id).where(
            TermEntry.term_id == term_id, TermEntry.state == EntryState.EXCLUDED
        )
    return sa.select(TermEntry.beneficiary_id).where(
        TermEntry.term_id == term_id, TermEntry.state != EntryState.EXCLUDED, sa.not_(sa.and_(*redrawn))
    )


def _elsewhere(term: TermView, order: DrawList) -> sa.Select[*tuple[Any, ...]]:
    """Entries of the named programmes' terms of an overlapping time."""
    return (
        sa.select(TermEntry.household_id, Programme.name.label("programme_name"), Term.name.label("term_name"))
        .join(Term, Term.id == TermEntry.term_id)
        .join(Programme, Programme.id == Term.programme_id)
        .where(
            Term.programme_id.in_(order.not_in_programme_ids), Term.id != term.id, Term.state != TermState.CANCELLED,
            Term.first_on <= term.period.last_on, Term.last_on >= term.period.first_on,
            TermEntry.state != EntryState.EXCLUDED,
        )
    )  # fmt: skip


# ---------------------------------------------------------------- the answer


def _preview(tx: Tx, term: TermView, choice: Choice, counts: Counts) -> ListPreview:
    counted: dict[str, Counter[str]] = {}
    for village_code, by_reason in counts.by_village.items():
        counted.setdefault(district_of(village_code), Counter()).update(by_reason)
    listed = _listed(tx, term.id)
    scope = set(choice.criteria.districts) | {district_of(code) for code in choice.criteria.villages}
    codes = sorted(scope | set(counted))
    names = {one.code: one.name for one in regions(tx, codes)}
    found = []
    for code in codes:
        by_reason = counted.get(code, Counter())
        fits = by_reason.pop("", 0)
        quota = term.quotas.get(code, 0) if term.quotas else None
        drawn = fits if quota is None else min(fits, max(0, quota - listed[code]))
        if fits > drawn:
            by_reason[OVER_QUOTA] = fits - drawn
        found.append(
            DistrictPreview(
                district_code=code, district_name=names.get(code, code), quota=quota, listed=listed[code], fits=fits,
                drawn=drawn, over=fits - drawn,
                excluded={reason: by_reason[reason] for reason in REASONS if by_reason[reason]},
            )
        )  # fmt: skip
    return ListPreview(unit=term.unit, districts=tuple(found))


def _listed(tx: Tx, term_id: UUID) -> Counter[str]:
    """Count by district who stays on the list whatever is drawn."""
    _, *redrawn = _redrawn(term_id)
    rows = tx.session.execute(
        sa.select(TermEntry.village_code, sa.func.count().label("number"))
        .where(TermEntry.term_id == term_id, TermEntry.state != EntryState.EXCLUDED, sa.not_(sa.and_(*redrawn)))
        .group_by(TermEntry.village_code)
    )
    found: Counter[str] = Counter()
    for row in rows:
        found[district_of(row.village_code)] += row.number
    return found


def _places(term: TermView, shown: ListPreview) -> dict[str, int] | None:
    """Tell how many each district can still take; None without any quota."""
    return {one.district_code: one.drawn for one in shown.districts} if term.quotas else None


def _put(tx: Tx, term: TermView, new: Sequence[Chosen]) -> None:
    put_rows(
        tx,
        TermEntry,
        (
            "id", "regency_code", "term_id", "beneficiary_kind", "beneficiary_id", "household_id", "village_code",
            "card_last4", "state", "origin", "rank", "reason_code", "reason_text", "basis", "created_at",
        ),
        (
            (
                entry_id, tx.regency_code, term.id, term.unit, one.beneficiary_id, one.household_id,
                one.village_code, "", EntryState.CANDIDATE, Origin.CRITERIA, one.rank, "", "", "", tx.now,
            )
            for entry_id, one in zip(tx.new_ids(len(new)), new, strict=True)
        ),
    )  # fmt: skip


def _said(
    tx: Tx, term: TermView, order: DrawList, shown: ListPreview, found: Sequence[NotChosen]
) -> tuple[Excluded, ...]:
    homes = {one.id: one for one in households_by_ids(tx, list({row.household_id for row in found}), purpose="bansos")}
    people = (
        {one.id: one.name for one in persons(tx, [row.beneficiary_id for row in found], "bansos")}
        if term.unit is Unit.PERSON
        else {}
    )
    asked = order.criteria
    districts = {one.district_code: one for one in shown.districts}
    in_programme = _titles(tx, term, order, [row.household_id for row in found if row.reason_code == IN_PROGRAMME])
    helped = {
        one.household_id: one
        for one in help_since(tx, [row.household_id for row in found if row.reason_code == HELPED], _since(tx, order))
        if one.state in HANDED_OVER_OR_PROMISED
    }
    rows = []
    for row in found:
        home = homes[row.household_id]
        facts: dict[str, Fact] = {}
        match row.reason_code:
            case "list.decile":
                facts = {"decile": home.decile, "range": _range(asked.least_decile, asked.most_decile)}
            case "list.decile_unknown":
                facts = {"range": _range(asked.least_decile, asked.most_decile)}
            case "list.size":
                facts = {"size": home.size, "range": _range(asked.least_size, asked.most_size)}
            case "list.trait":
                facts = {"traits": [one.value for one in asked.traits]}
            case "list.in_programme":
                facts = {"terms": in_programme.get(row.household_id, "")}
            case "list.helped":
                one = helped[row.household_id]
                facts = {"weeks": order.not_helped_weeks, "package": one.package_code, "on": one.serve_on.isoformat()}
            case "list.over_quota":
                district = districts[district_of(home.village_code)]
                facts = {
                    "rank": row.rank, "quota": district.quota, "listed": district.listed,
                    "district": district.district_name,
                }  # fmt: skip
        rows.append(
            Excluded(
                household_id=home.id, code=home.code, head_name=home.head_name, village_name=home.village_name,
                decile=home.decile, reason_code=row.reason_code, facts=facts,
                person_name=people.get(row.beneficiary_id, ""),
            )
        )  # fmt: skip
    return tuple(rows)


def _titles(tx: Tx, term: TermView, order: DrawList, household_ids: Sequence[UUID]) -> dict[UUID, str]:
    """Name the terms by which households are barred."""
    if not household_ids:
        return {}
    found: dict[UUID, list[str]] = {}
    query = _elsewhere(term, order).where(TermEntry.household_id.in_(household_ids))
    for row in tx.session.execute(query.order_by(Term.first_on, Term.id)):
        found.setdefault(row.household_id, []).append(f"{row.programme_name} – {row.term_name}")
    return {one: "; ".join(dict.fromkeys(titles)) for one, titles in found.items()}


def _range(least: int | None, most: int | None) -> str:
    if least is None:
        return f"≤ {most}"
    return f"≥ {least}" if most is None else str(least) if least == most else f"{least}–{most}"
