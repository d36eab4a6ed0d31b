"""An officer works a week out anew on a telephone; the head reads the difference on a desk and lets it count."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from core.actor import Role
from core.work import Work
from logistics.zones import queries as zones
from logistics.zones import week
from logistics.zones.deciding import Decide, decide_affected
from logistics.zones.revising import order_of_revision
from logistics.zones.states import RejectReason
from tests.browser.looking import DESK, PHONE, Opens, faults
from tests.flows import line
from tests.support.builders import a_person
from tests.support.databases import Run


@pytest.fixture
def database_url(engine_kind: str, run: Run, tmp_path: Path) -> Iterator[str]:
    with run.database(engine_kind, tmp_path, line.district_only) as url:
        yield url


@pytest.fixture
def flood(work: Work) -> line.Flood:
    """A flood whose week is approved; three households are found not to be affected afterwards."""
    a_person(work, Role.LOGISTICS, username="petugas")
    a_person(work, Role.HEAD, username="kepala")
    made = line.open_flood(work)
    line.post(work, line.an_area(made, work.clock.now()))
    line.confirm_certain(work, made.incident_id)
    line.approve(work, line.plan(work, made.incident_id).round_id)
    with work.read_by(line.OFFICER) as tx:
        view = zones.incident_by_id(tx, made.incident_id)
        the_round = week.current_round(tx, view.id)
        assert the_round is not None
        gone = tuple(one.household_id for one in order_of_revision(tx, view, the_round).households[:3])
    asked = Decide(
        incident_id=made.incident_id, household_ids=gone, is_affected=False,
        reject_reason=RejectReason.NOT_AFFECTED, note="Rumahnya di luar genangan",
    )  # fmt: skip
    work.run(line.OFFICER, lambda tx: decide_affected(tx, asked))
    return made


def kept(page: Page, name: str) -> None:
    """Keep a picture, where somebody wants to look."""
    if folder := os.environ.get("TANGGAP_PICTURES"):
        page.screenshot(path=Path(folder) / f"{name}.png", full_page=True)


def test_a_week_is_worked_out_anew_on_a_telephone_and_counts_when_the_head_agrees(
    enter: Opens, address: str, flood: line.Flood
):
    plan = f"{address}/kejadian/{flood.slug}/rencana"
    phone = enter("petugas", PHONE)
    phone.goto(plan)
    expect(phone.get_by_text("Rencana tertinggal dari keadaan sekarang")).to_be_visible()
    kept(phone, "behind-360")
    assert faults(phone, "a plan that is behind") == []
    phone.get_by_role("link", name="Hitung perubahan").click()
    first = phone.get_by_role("checkbox").first
    first.focus()
    phone.keyboard.press("Space")
    expect(first).to_be_checked()
    kept(phone, "form-360")
    assert faults(phone, "the form of a revision") == []
    phone.get_by_role("button", name="Hitung perubahan").click()
    expect(phone.get_by_text("Belum berlaku.")).to_be_visible()
    kept(phone, "changes-360")
    assert faults(phone, "the difference on a telephone") == []
    desk = enter("kepala", DESK)
    desk.goto(f"{plan}/perubahan")
    expect(desk.get_by_text("Dinyatakan tidak terdampak.").first).to_be_visible()
    kept(desk, "changes-1280")
    assert faults(desk, "the difference on a desk") == []
    # The post that was left out is used again, as nobody has closed it: what was worked out without it still counts.
    desk.get_by_role("button", name="Setujui perubahan").click()
    expect(desk.get_by_text("Perubahan berlaku:")).to_be_visible()
    kept(desk, "plan-1280")
