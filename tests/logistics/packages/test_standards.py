from __future__ import annotations

from dataclasses import replace
from uuid import UUID

import pytest

from core.actor import Role
from core.errors import Conflict, Forbidden, Invalid
from core.i18n import say, sentences
from core.measures import Milli
from core.states import reachable
from core.work import Work
from logistics.dispatch.states import LOAD_MOVES, POST_MOVES, LoadState, PostState
from logistics.packages import standards as module
from logistics.packages.rules import Basis, StandardLine
from logistics.packages.sentences import rate_sentence
from logistics.packages.standard_queries import standard, standard_lines, standards
from logistics.packages.standards import (
    DefineStandard,
    approve_standard,
    define_standard,
    discard_draft,
    seed_default_standard,
)
from logistics.packages.states import (
    OPEN_PACKAGE_STATES,
    PACKAGE_MOVES,
    ROUND_MOVES,
    STANDARD_MOVES,
    PackageState,
    RoundState,
    StandardState,
)
from logistics.planning.states import PLAN_MOVES, PlanState
from stock.items.commands import seed_items
from stock.items.queries import find_item
from tests.support.builders import SYSTEM, an_actor, an_office
from tests.support.racing import before_the_first_commits, codes, just_before

HEAD, OFFICER = an_actor(Role.HEAD), an_actor(Role.LOGISTICS)


def two_drafts(work: Work) -> tuple[UUID, UUID]:
    an_office(work)
    with work.by(SYSTEM) as tx:
        seed_items(tx)
        first = seed_default_standard(tx)
        beras = find_item(tx, "beras").id
        line = StandardLine(item_id=beras, basis=Basis.HOUSEHOLD, rate_milli=Milli(5000), source_id="SK",
                            source_en="SK")  # fmt: skip
        second = define_standard(
            tx,
            DefineStandard(code="darurat-7", name_id="Baru", name_en="New", days=7, legal_source="SK", lines=(line,)),
        )
    return first, second


@pytest.mark.engines("postgresql")
def test_of_two_versions_approved_in_one_moment_one_is_in_force(work: Work):
    first, second = two_drafts(work)
    told = before_the_first_commits(
        work, HEAD, lambda tx: approve_standard(tx, first), lambda tx: approve_standard(tx, second)
    )
    assert told is None
    with work.read_by(OFFICER) as tx:
        assert standard(tx, first).state is StandardState.RETIRED
        assert standard(tx, second).state is StandardState.APPROVED


@pytest.mark.engines("postgresql")
def test_who_puts_a_draft_aside_never_ends_what_the_head_approves_in_the_same_moment(work: Work):
    draft, _ = two_drafts(work)
    approve = just_before(module, "move", work, HEAD, lambda tx: approve_standard(tx, draft))
    with approve as told, work.by(OFFICER) as tx:
        discard_draft(tx, draft)
    assert codes(told) == ["package_standard.cannot_approve"], "the head is told; nothing that was approved is gone"
    with work.read_by(OFFICER) as tx:
        assert (standard(tx, draft).state, standard(tx, draft).approved_by_name) == (StandardState.RETIRED, None)


def test_the_default_standard_is_seeded_once_with_a_source_on_every_line(work: Work):
    an_office(work)
    with work.by(SYSTEM) as tx:
        seed_items(tx)
        first = seed_default_standard(tx)
        assert seed_default_standard(tx) == first
    with work.read_by(OFFICER) as tx:
        (found,) = standards(tx)
    assert (found.code, found.version, found.days, found.state) == ("darurat-7", 1, 7, StandardState.DRAFT)
    assert found.name_id == "Paket Darurat 7 Hari"
    assert len(found.lines) == 15
    assert all(line.source_id and line.source_en for line in found.lines)
    once = {line.item_code for line in found.lines if line.is_once}
    assert once == {"kasur", "selimut", "sandang_dewasa", "sandang_anak"}


def test_a_standard_comes_into_force_by_the_head_and_the_version_before_retires(work: Work):
    an_office(work)
    with work.by(SYSTEM) as tx:
        seed_items(tx)
        first = seed_default_standard(tx)
        rice = find_item(tx, "beras").id
    with pytest.raises(Forbidden), work.by(OFFICER) as tx:
        approve_standard(tx, first)
    with work.by(HEAD) as tx:
        approve_standard(tx, first)
    with pytest.raises(Conflict) as twice, work.by(HEAD) as tx:
        approve_standard(tx, first)
    assert twice.value.code == "package_standard.cannot_approve"
    with work.by(OFFICER) as tx:
        second = define_standard(tx, an_order(rice))
    with work.by(HEAD) as tx:
        approve_standard(tx, second)
    with work.read_by(OFFICER) as tx:
        old, new = standard(tx, first), standard(tx, second)
        assert (old.state, new.state, new.version) == (StandardState.RETIRED, StandardState.APPROVED, 2)
        assert (new.approved_by_name, new.approved_on) == (HEAD.name, tx.today)
        assert standard_lines(tx, second) == an_order(rice).lines


def an_order(rice: object) -> DefineStandard:
    line = StandardLine(
        item_id=rice, basis=Basis.PERSON, rate_milli=Milli(400), is_daily=True, round_step_milli=Milli(5000),  # type: ignore[arg-type]
        source_id="uji", source_en="test",
    )  # fmt: skip
    return DefineStandard(code="darurat-7", name_id="Uji", name_en="Test", days=7, legal_source="", lines=(line,))


def test_a_wrong_standard_is_refused_by_line(work: Work):
    an_office(work)
    with work.by(SYSTEM) as tx:
        seed_items(tx)
        rice = find_item(tx, "beras").id
    good = an_order(rice)
    for wrong, code in (
        (replace(good, lines=()), "standard.lines_missing"),
        (replace(good, name_en=" "), "standard.name_missing"),
        (replace(good, days=0), "standard.days_out_of_range"),
        (replace(good, lines=(replace(good.lines[0], round_step_milli=Milli(50)),)), "standard.step_not_issuable"),
    ):
        with pytest.raises(Invalid) as refused, work.by(OFFICER) as tx:
            define_standard(tx, wrong)
        assert refused.value.code == code
    with work.read_by(OFFICER) as tx:
        assert standards(tx) == ()


def test_a_rate_is_said_as_people_say_it():
    line = an_order(None).lines[0]
    assert rate_sentence(line, "kg", "id") == "0,4 kg per jiwa per hari"
    assert rate_sentence(line, "kg", "en") == "persons: 0.4 kg each a day"
    staged = replace(line, to_day=3, condition=Basis.INFANT, per_n=5)
    assert rate_sentence(staged, "kg", "id") == (
        "0,4 kg untuk setiap 5 jiwa per hari, hari ke-1 sampai ke-3, bila ada sedikitnya 1 bayi"
    )


def test_every_state_can_be_reached():
    for start, table, states in (
        (StandardState.DRAFT, STANDARD_MOVES, StandardState),
        (RoundState.DRAFT, ROUND_MOVES, RoundState),
        (PackageState.WAITING, PACKAGE_MOVES, PackageState),
        (PlanState.DRAFT, PLAN_MOVES, PlanState),
        (PostState.OPEN, POST_MOVES, PostState),
        (LoadState.SENT, LOAD_MOVES, LoadState),
    ):
        assert reachable(start, table) == frozenset(states)  # type: ignore[misc]


def test_every_state_and_basis_has_both_sentences():
    known = sentences()
    wanted = {f"package.basis.{one.value}" for one in Basis}
    wanted |= {f"package.state.{one.value}" for one in PackageState}
    wanted |= {f"round.state.{one.value}" for one in RoundState}
    wanted |= {f"standard.state.{one.value}" for one in StandardState}
    wanted |= {f"plan.state.{one.value}" for one in PlanState}
    wanted |= {f"post.state.{one.value}" for one in PostState}
    assert wanted <= known.keys()
    assert say("package.given_before", "id", {"item": "Kasur"}).startswith("Kasur")


def test_the_database_itself_knows_which_packages_are_open():
    assert {one.value for one in OPEN_PACKAGE_STATES} == {"waiting", "planned", "reserved", "loaded"}
