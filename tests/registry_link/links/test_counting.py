"""How many stand where: as it is now where few are counted, and as it was last counted of very many."""

from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa

from core.actor import Role, ScopeKind
from core.clock import FixedClock
from core.errors import Forbidden
from core.work import Work
from registry_link.households.commands import RegisterProvisional, register_provisional
from registry_link.households.linking import link_lines, state_counts, village_state_counts
from registry_link.households.models import Household
from registry_link.households.numbering import bump_stamp
from registry_link.households.states import LinkState
from registry_link.links import counting
from registry_link.links.counting import is_behind, link_counts
from registry_link.links.jobs import count_links
from registry_link.links.queries import field_villages
from tests.registry_link.links.test_links import OFFICER, rows, to_field
from tests.registry_link.people import OFFICE, OLILIT, SAUM, merge, person, with_regions

VILLAGE = person(Role.VILLAGE, ScopeKind.VILLAGE, SAUM)
DISTRICT = person(Role.VILLAGE, ScopeKind.DISTRICT, SAUM.rpartition(".")[0])
IMPORTED, WAITING = LinkState.IMPORTED, LinkState.FIELD_PENDING
Told = dict[tuple[str, LinkState], int]


@pytest.fixture
def office(work: Work) -> Work:
    with_regions(work)
    merge(work, rows())
    return work


@pytest.fixture
def large(office: Work, monkeypatch: pytest.MonkeyPatch) -> Work:
    """The same office, too large to be counted while somebody waits."""
    monkeypatch.setattr(counting, "COUNTED_AT_ONCE", 2)
    monkeypatch.setattr(counting, "FEW_VILLAGES", 1)
    assert count_links(office, OFFICE) == "2 counts"
    return office


def told(work: Work, actor: object = OFFICER, village: str = "") -> tuple[Told, bool]:
    with work.read_by(actor) as tx:  # type: ignore[arg-type]
        found = link_counts(tx, village)
    return {(one.village_code, one.state): one.households for one in found.counts}, found.is_kept


def test_everybody_is_told_of_the_own_villages_alone(office: Work) -> None:
    assert told(office) == ({(SAUM, IMPORTED): 2, (OLILIT, IMPORTED): 1}, False)
    assert told(office, VILLAGE) == ({(SAUM, IMPORTED): 2}, False)
    assert told(office, VILLAGE, OLILIT) == ({}, False)
    assert told(office, OFFICER, OLILIT) == ({(OLILIT, IMPORTED): 1}, False)
    with pytest.raises(Forbidden):
        told(office, person(Role.WAREHOUSE))


def test_a_village_counted_from_its_households_comes_to_the_same(office: Work) -> None:
    """A household that two registers list stands twice; one that nobody lists, or that is erased, not at all."""
    merge(office, rows(5), source="dtks")
    to_field(office, SAUM)
    with office.by(OFFICE) as tx:
        register_provisional(tx, RegisterProvisional(head_name="Baru Contoh", village_code=SAUM, head_age_years=40))
        tx.session.execute(sa.update(Household).where(Household.external_id == "h4").values(erased_at=tx.now))
    with office.read_by(OFFICE) as tx:
        whole = state_counts(tx)
        one_by_one = [one for code in (OLILIT, SAUM) for one in village_state_counts(tx, code)]
        lines = {
            code: link_lines(tx, states=tuple(LinkState), village_codes=[code], limit=50) for code in (OLILIT, SAUM)
        }
        together = link_lines(tx, states=tuple(LinkState), village_codes=[OLILIT, SAUM], limit=50)
    assert sorted(one_by_one, key=lambda one: (one.village_code, one.state)) == list(whole)
    assert sum(one.households for one in whole) > 5
    assert {code: len(found) for code, found in lines.items()} == {
        code: sum(one.households for one in whole if one.village_code == code) for code in lines
    }
    assert {one.link_id for found in lines.values() for one in found} == {one.link_id for one in together}


def test_a_field_officer_is_told_of_the_own_villages(office: Work) -> None:
    to_field(office, SAUM)
    to_field(office, OLILIT)
    mine = person(Role.FIELD, ScopeKind.VILLAGE, SAUM)
    with office.read_by(mine) as tx:
        assert [(one.village_code, one.waiting, one.total) for one in field_villages(tx)] == [(SAUM, 2, 2)]
    with office.read_by(OFFICER) as tx:
        assert {one.village_code: one.waiting for one in field_villages(tx)} == {SAUM: 2, OLILIT: 1}


def test_of_very_many_the_last_count_is_told_and_one_village_is_counted_now(large: Work) -> None:
    before = {(SAUM, IMPORTED): 2, (OLILIT, IMPORTED): 1}
    to_field(large, SAUM)
    assert told(large) == (before, True)
    assert told(large, VILLAGE) == ({(SAUM, WAITING): 2}, False)
    assert told(large, OFFICER, SAUM) == ({(SAUM, WAITING): 2}, False)
    assert count_links(large, OFFICE) == "2 counts"
    assert told(large) == ({(SAUM, WAITING): 2, (OLILIT, IMPORTED): 1}, True)
    with large.read_by(OFFICE) as tx:
        assert link_counts(tx).counts == state_counts(tx)


def test_the_kept_count_of_a_district_leaves_out_the_others(large: Work) -> None:
    found, is_kept = told(large, DISTRICT)
    assert is_kept
    assert found == {key: count for key, count in told(large)[0].items() if key[0].startswith(SAUM[:8])}


def test_a_count_is_behind_after_a_step_and_after_a_change_of_the_registry(
    large: Work, fixed_clock: FixedClock
) -> None:
    assert count_links(large, OFFICE) == ""
    fixed_clock.advance(timedelta(hours=1))
    to_field(large, OLILIT)
    assert count_links(large, OFFICE) == "2 counts"
    assert count_links(large, OFFICE) == ""
    # Another long transaction may have begun before that count and ended after it: once more, then never again.
    fixed_clock.advance(counting.OVERLAP)
    assert count_links(large, OFFICE) == "2 counts"
    fixed_clock.advance(timedelta(days=1))
    assert count_links(large, OFFICE) == ""
    with large.by(OFFICE) as tx:
        bump_stamp(tx)
    with large.read_by(OFFICE) as tx:
        assert is_behind(tx)


def test_an_office_of_usual_size_keeps_no_counts(office: Work) -> None:
    to_field(office, SAUM)
    assert count_links(office, OFFICE) == ""
    assert told(office) == ({(SAUM, WAITING): 2, (OLILIT, IMPORTED): 1}, False)


def test_a_large_office_that_was_never_counted_is_counted_at_once(
    office: Work, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(counting, "COUNTED_AT_ONCE", 0)
    assert told(office) == ({(SAUM, IMPORTED): 2, (OLILIT, IMPORTED): 1}, False)
