"""Who looked at a household before it was erased, or merged, writes nothing about it when that has come about."""

from __future__ import annotations

from hashlib import sha256
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa

from core.actor import Role
from core.errors import Refused
from core.work import Tx, Work
from registry_link.completion import files
from registry_link.completion.models import HouseholdPosition
from registry_link.completion.pointing import position_table
from registry_link.completion.positioning import Reported, report_position
from registry_link.completion.states import PositionOrigin
from registry_link.households.cards import note_card
from registry_link.households.models import Household, HouseholdCard, Member
from registry_link.households.splitting import MoveMember, move_member
from registry_link.identity.commands import approve
from registry_link.links.commands import apply_dukcapil_file
from registry_link.links.models import DukcapilResult
from registry_link.privacy.commands import approve_erasure
from tests.registry_link.links.test_links import DAY, home, member, office, send_file
from tests.registry_link.people import kk, nik, nothing_waits, person
from tests.registry_link.privacy.test_privacy import ask, to_join
from tests.support.racing import Act, before_the_first_commits

__all__ = ["office"]
OFFICER, HEAD = person(Role.LOGISTICS), person(Role.HEAD)
HERE: Final = (131.3, -7.9)


def during_its_erasure(work: Work, household_id: UUID, act: Act, by: Any = OFFICER) -> object:
    """Erase a household, and let ``act`` begin before that is committed."""
    erasure_id = ask(work, household_id)

    def erase(tx: Tx) -> None:
        approve_erasure(tx, erasure_id, "Sesuai permintaan", nothing_waits)

    done = before_the_first_commits(work, HEAD, erase, act, then=by)
    with work.read_by(OFFICER) as tx:
        erased = sa.select(Household.kk_bidx, Household.lon_deg).where(Household.erased_at.is_not(None))
        assert [tuple(row) for row in tx.session.execute(erased)] == [(None, None)]
        for model in (HouseholdCard, HouseholdPosition, DukcapilResult):
            assert not tx.session.scalar(sa.select(sa.func.count()).select_from(model)), model
    return done


def at(accuracy_m: float, lon_deg: float = HERE[0]) -> Reported:
    return Reported(lon_deg=lon_deg, lat_deg=HERE[1], accuracy_m=accuracy_m, origin=PositionOrigin.PHONE)


def positions_file(work: Work, code: str, accuracy_m: str) -> UUID:
    content = f"Kode keluarga;Bujur;Lintang;Akurasi (m)\n{code};131,3;-7,9;{accuracy_m}\n".encode()
    with work.by(OFFICER) as tx:
        table = position_table(content, "titik.csv", 10)
        order = files.ReadFile(file_name="titik.csv", file_sha256=sha256(content).hexdigest(), table=table)
        return files.read_positions(tx, order).file_id


def code_of(work: Work, household_id: UUID) -> str:
    with work.read_by(OFFICER) as tx:
        return tx.session.execute(sa.select(Household.code).where(Household.id == household_id)).scalar_one()


def test_no_card_is_noted(office: Work):
    one = home(office)
    told = during_its_erasure(office, one, lambda tx: note_card(tx, one, kk(9)))
    assert isinstance(told, Refused)
    assert told.code == "household.not_found"


def test_no_position_is_taken_down(office: Work):
    one = home(office)
    told = during_its_erasure(office, one, lambda tx: report_position(tx, one, at(5)))
    assert isinstance(told, Refused)
    assert told.code == "household.not_found"


def test_a_file_of_positions_passes_it_over(office: Work):
    one = home(office)
    file_id = positions_file(office, code_of(office, one), "5")
    assert during_its_erasure(office, one, lambda tx: files.apply_positions(tx, file_id), HEAD) == 0


def test_the_civil_registrys_answers_pass_it_over(office: Work):
    one = home(office)
    file_id = send_file(office, (nik(10), "PADAN"))
    done: Any = during_its_erasure(office, one, lambda tx: apply_dukcapil_file(tx, file_id), HEAD)
    assert (done.code if isinstance(done, Refused) else done.persons) in (0, "dukcapil.nothing_ready")


def test_a_vaguer_position_does_not_count_because_it_was_weighed_before_a_better_one_came(office: Work):
    one = home(office)
    file_id = positions_file(office, code_of(office, one), "200")
    placed = before_the_first_commits(
        office, OFFICER, lambda tx: report_position(tx, one, at(5, 131.31)),
        lambda tx: files.apply_positions(tx, file_id), then=HEAD,
    )  # fmt: skip
    with office.read_by(OFFICER) as tx:
        now = tx.session.execute(
            sa.select(Household.lon_deg, Household.position_accuracy_m).where(Household.id == one)
        ).one()
    assert (placed, tuple(now)) == (0, (131.31, 5))


def test_nobody_moves_into_a_household_that_was_just_merged_with_another(office: Work):
    here, there, third = home(office), home(office, "h3"), home(office, "h2")
    proposal, wife = to_join(office, there, third), member(office, "w1")
    order = MoveMember(
        household_id=here, member_id=wife, event_on=DAY, basis_no="475/3", basis_on=DAY,
        to_code=code_of(office, there),
    )  # fmt: skip
    told = before_the_first_commits(
        office, HEAD, lambda tx: approve(tx, proposal), lambda tx: move_member(tx, order), then=OFFICER
    )
    assert isinstance(told, Refused)
    assert told.code == "departure.to_unknown"
    with office.read_by(OFFICER) as tx:
        people = sa.select(sa.func.count()).select_from(Member).where(Member.household_id == here, Member.is_present)
        assert tx.session.scalar(people) == 2
