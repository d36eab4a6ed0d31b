"""The priority rule in versions: two people, one in force, nothing rewritten; limits for a plan's second person."""

from __future__ import annotations

from dataclasses import replace

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from core.actor import Role
from core.errors import Conflict, Forbidden, Invalid
from core.i18n import LANGUAGES
from core.states import reachable
from core.work import Tx, Work
from logistics.planning import priorities
from logistics.planning.priorities import (
    BUILT_IN_VIEW,
    DeclareRule,
    declare_rule,
    put_rule_in_force,
    retire_rule,
    rule_by_version,
    rule_in_force,
    rules,
    withdraw_rule,
)
from logistics.planning.priority import BUILT_IN, Criterion
from logistics.planning.rule_words import changes, rule_sentences
from logistics.planning.states import RULE_MOVES, Parts, RuleState
from stock.items.commands import seed_items
from stock.items.queries import find_item
from tests.support.builders import SYSTEM, an_actor, an_office
from tests.support.racing import at_once, codes, just_before

OFFICER, HEAD = an_actor(Role.LOGISTICS), an_actor(Role.HEAD)
POOREST = DeclareRule(
    name="Termiskin lebih dulu", criteria=(Criterion.DECILE, Criterion.SEVERITY), floor_permille=None,
    parts=Parts.EVERY, part_items=(), reason="Rapat posko 20 November meminta desil lebih dulu.",
    legal_source="SK Kepala Dinas 460/12/2026",
)  # fmt: skip


@pytest.fixture
def office(work: Work) -> Work:
    an_office(work)
    with work.by(SYSTEM) as tx:
        seed_items(tx)
    return work


def test_the_built_in_rule_holds_until_a_second_person_puts_a_declared_one_into_force(office: Work):
    with office.by(OFFICER) as tx:
        assert rule_in_force(tx) is BUILT_IN
        first = declare_rule(tx, POOREST)
    with office.read_by(OFFICER) as tx:
        assert rule_in_force(tx) is BUILT_IN
    with pytest.raises(Forbidden), office.by(OFFICER) as tx:
        put_rule_in_force(tx, first)
    with office.by(HEAD) as tx:
        put_rule_in_force(tx, first)
        year = tx.today.year
    with office.by(OFFICER) as tx:
        held = rule_in_force(tx)
        assert (held.version, held.criteria, held.floor_permille, held.part_items) == (
            f"{year}-1", POOREST.criteria, None, None,
        )  # fmt: skip
        rice = find_item(tx, "beras").id
        second = declare_rule(tx, replace(POOREST, parts=Parts.CHOSEN, part_items=(rice,), floor_permille=250))
    with office.by(HEAD) as tx:
        put_rule_in_force(tx, second)
    with office.read_by(HEAD) as tx:
        assert [(one.version, one.state) for one in rules(tx)] == [
            (f"{year}-2", RuleState.IN_FORCE), (f"{year}-1", RuleState.RETIRED),
        ]  # fmt: skip
        assert rule_in_force(tx).part_items == (rice,)
        assert rule_by_version(tx, f"{year}-1").priority == held, "plans of the first version can still name it"
        assert rule_by_version(tx, BUILT_IN.version) is BUILT_IN_VIEW
        told = changes(held, rule_in_force(tx), {rice: "Beras"}, "id")
        assert len(told) == 2
        assert "sebesar yang cukup menjadi 25 %" in told[0]
        assert "Beras" in told[1]
    with office.by(HEAD) as tx:
        retire_rule(tx, second)
    with office.read_by(HEAD) as tx:
        assert rule_in_force(tx) is BUILT_IN


def test_who_declared_a_rule_does_not_put_it_into_force_and_one_draft_waits_at_a_time(office: Work):
    both = replace(OFFICER, grants=(*OFFICER.grants, *HEAD.grants))
    with office.by(both) as tx:
        draft = declare_rule(tx, POOREST)
    with pytest.raises(Conflict, match=r"priority_rule\.needs_second_person"), office.by(both) as tx:
        put_rule_in_force(tx, draft)
    with pytest.raises(Conflict, match=r"priority_rule\.draft_waits"), office.by(OFFICER) as tx:
        declare_rule(tx, POOREST)
    with office.by(OFFICER) as tx:
        withdraw_rule(tx, draft)
        assert declare_rule(tx, POOREST) != draft
    with pytest.raises(Conflict, match=r"priority_rule\.cannot_enact"), office.by(HEAD) as tx:
        put_rule_in_force(tx, draft)
    with pytest.raises(Conflict, match=r"priority_rule\.no_draft"), office.by(OFFICER) as tx:
        withdraw_rule(tx, draft)


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ({"name": " "}, "priority_rule.name_missing"),
        ({"criteria": ()}, "priority_rule.criteria_missing"),
        ({"criteria": (Criterion.DECILE, Criterion.DECILE)}, "priority_rule.criterion_twice"),
        ({"floor_permille": 1001}, "priority_rule.floor_out_of_range"),
        ({"parts": Parts.CHOSEN}, "priority_rule.items_missing"),
        ({"reason": "karena"}, "priority_rule.reason_missing"),
        ({"legal_source": ""}, "priority_rule.source_missing"),
    ],
)
def test_what_a_rule_must_say(office: Work, wrong: dict[str, object], code: str):
    with pytest.raises(Invalid, match=code.replace(".", r"\.")), office.by(OFFICER) as tx:
        declare_rule(tx, replace(POOREST, **wrong))  # type: ignore[arg-type]


def test_the_database_itself_keeps_what_a_version_says(office: Work):
    with office.by(OFFICER) as tx:
        declare_rule(tx, POOREST)
    for statement in ("UPDATE priority_rule SET criteria = 'helped'", "DELETE FROM priority_rule"):
        with pytest.raises(DBAPIError, match="append-only"), office.engine.begin() as connection:
            connection.execute(sa.text(statement))


def test_two_who_declare_at_once_make_one_draft(office: Work):
    def declare() -> object:
        return office.run(OFFICER, lambda tx: declare_rule(tx, POOREST))

    outcomes = at_once([declare, declare])
    assert codes(outcomes) == ["", "priority_rule.draft_waits"]
    with office.read_by(OFFICER) as tx:
        assert len(rules(tx)) == 1


@pytest.mark.engines("postgresql")
def test_one_draft_waits_although_another_came_after_looking_for_one(office: Work, monkeypatch: pytest.MonkeyPatch):
    """PostgreSQL shows each statement what is committed by then; on SQLite who writes waits for his turn first."""
    count = priorities._next_version

    def late(tx: Tx) -> str:
        monkeypatch.setattr(priorities, "_next_version", count)
        with office.by(OFFICER) as other:
            declare_rule(other, POOREST)
        return count(tx)

    monkeypatch.setattr(priorities, "_next_version", late)
    with pytest.raises(Conflict, match=r"priority_rule\.draft_waits"), office.by(OFFICER) as tx:
        declare_rule(tx, POOREST)
    with office.read_by(OFFICER) as tx:
        assert [one.state for one in rules(tx)] == [RuleState.DRAFT]


@pytest.mark.engines("postgresql")
def test_who_takes_a_draft_back_never_ends_what_is_put_into_force_in_the_same_moment(office: Work):
    with office.by(OFFICER) as tx:
        draft = declare_rule(tx, POOREST)
    put = just_before(priorities, "move", office, HEAD, lambda tx: put_rule_in_force(tx, draft))
    with put as told, office.by(OFFICER) as tx:
        withdraw_rule(tx, draft)
    assert codes(told) == ["priority_rule.moved_meanwhile"], "who approves is told; nothing that was in force is gone"
    with office.read_by(OFFICER) as tx:
        (found,) = rules(tx)
    assert (found.state, found.approved_by_name) == (RuleState.RETIRED, None)


def test_every_state_of_a_rule_can_be_reached():
    assert reachable(RuleState.DRAFT, RULE_MOVES) == set(RuleState)


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_rule_is_said_in_whole_sentences(lang: str):
    told = rule_sentences(replace(BUILT_IN, criteria=tuple(Criterion), floor_permille=333, part_items=()), {}, lang)
    assert len(told) == len(Criterion) + 3
    assert all(one.endswith(".") and "{" not in one and "priority_rule" not in one for one in told)
    assert ("33,3" if lang == "id" else "33.3") in told[-2]
