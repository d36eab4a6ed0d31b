from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from core.actor import Role
from core.errors import Forbidden, Invalid
from core.work import Work
from registry_link.households.ages import BPBD, SPHERE, SetAgeLimits, age_limits, set_age_limits, thresholds_at
from registry_link.households.rules import Thresholds
from tests.support.builders import an_actor, an_office

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
