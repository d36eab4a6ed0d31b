from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from core.actor import Role
from core.errors import Conflict, Forbidden, Invalid
from core.i18n import say
from core.work import Tx, Work
from registry_link.households.ages import BPBD, SPHERE, SetAgeLimits, age_limits, set_age_limits, thresholds_at
from registry_link.households.rules import Thresholds
from tests.support.builders import an_actor, an_office
from tests.support.racing import at_once, before_the_first_commits, codes

HEAD, KEEPER = an_actor(Role.HEAD), an_actor(Role.WAREHOUSE)


def test_the_last_version_counts_and_what_was_opened_before_keeps_its_own(work: Work):
    an_office(work)
    with work.by(HEAD) as tx:
        assert thresholds_at(tx) == Thresholds() == SPHERE
        before = tx.now - timedelta(seconds=1)
        assert set_age_limits(tx, SetAgeLimits(limits=BPBD, reason="Formulir kaji cepat BPBD")) == 1
    with work.read_by(HEAD) as tx:
        assert thresholds_at(tx) == BPBD
        assert thresholds_at(tx, before) == SPHERE
        first, started = age_limits(tx)
        assert (first.no, first.limits, first.set_by_name, started.limits) == (1, BPBD, HEAD.name, SPHERE)


@pytest.mark.parametrize(
    ("limits", "code"),
    [
        (replace(SPHERE, infant_below=6), "age_limit.out_of_order"),
        (replace(SPHERE, child_below=30), "age_limit.out_of_order"),
        (replace(SPHERE, elderly_from=30), "age_limit.elderly"),
        (SPHERE, "age_limit.same"),
    ],
)
def test_ages_beyond_reason_are_refused(work: Work, limits: Thresholds, code: str):
    an_office(work)
    with pytest.raises(Invalid) as refused, work.by(HEAD) as tx:
        set_age_limits(tx, SetAgeLimits(limits=limits, reason="Surat edaran"))
    assert refused.value.code == code


def test_a_reason_and_the_right_are_needed(work: Work):
    an_office(work)
    with pytest.raises(Invalid) as refused, work.by(HEAD) as tx:
        set_age_limits(tx, SetAgeLimits(limits=BPBD, reason="ya"))
    assert refused.value.code == "age_limit.reason_missing"
    with pytest.raises(Forbidden), work.by(KEEPER) as tx:
        set_age_limits(tx, SetAgeLimits(limits=BPBD, reason="Surat edaran"))
    with work.read_by(HEAD) as tx:
        assert thresholds_at(tx, datetime(2026, 1, 1, tzinfo=UTC)) == SPHERE


def test_of_two_who_change_the_ages_in_one_moment_one_is_told_to_look_again(work: Work):
    an_office(work)

    def set_to(limits: Thresholds) -> Callable[[Tx], int]:
        return lambda tx: set_age_limits(tx, SetAgeLimits(limits=limits, reason="SK Kepala Dinas"))

    mine, theirs = replace(SPHERE, elderly_from=65), replace(SPHERE, elderly_from=70)
    told = before_the_first_commits(work, HEAD, set_to(mine), set_to(theirs))
    with work.read_by(HEAD) as tx:
        kept = [one.limits for one in age_limits(tx)]
    if work.engine.dialect.name == "postgresql":
        assert isinstance(told, Conflict) and told.code == "age_limit.set_meanwhile"
        assert say(told.code, "id") != say(told.code, "en")
        assert kept[0] == mine
    else:
        assert (told, kept[0]) == (2, theirs), "it waited for its turn and saw what the first did"


def test_however_many_change_the_ages_their_versions_follow_one_another(work: Work):
    an_office(work)

    def change(age: int) -> Callable[[], int]:
        order = SetAgeLimits(limits=replace(SPHERE, elderly_from=age), reason="SK Kepala Dinas")
        return lambda: work.run(HEAD, lambda tx: set_age_limits(tx, order))

    told = codes(at_once([change(age) for age in range(61, 69)]))
    assert set(told) <= {"", "age_limit.set_meanwhile"}
    with work.read_by(HEAD) as tx:
        assert [one.no for one in age_limits(tx)] == list(range(told.count(""), -1, -1))
