"""Kompor Rakyat on Kepulauan Tanimbar's real villages: 200 families in 10 kecamatan, from registry to closed term.

One village has been served in a relief round of the same week, a decree's file comes twice, somebody is absent, a
handover is voided: every sum agrees at the end.
"""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from uuid import UUID

import pytest
from flask import Flask

from core.actor import system
from core.errors import Conflict
from core.measures import Milli, Period
from core.work import Work
from logistics.handover import commands as handing
from logistics.handover.states import MissKind, NextStep, VoidReason
from logistics.packages.queries import package, packages
from logistics.packages.states import PackageState
from logistics.programmes import commands, drawing, overlaps, queries, reconciling, sk_file
from logistics.programmes.states import Cadence, EntryState, Form, ProgrammeKind, RowOutcome, TermState, Unit
from logistics.zones.commands import ListRegion
from registry_link.households.selection import Criteria
from routes.checks import prove_all
from routes.loading import import_region_files
from routes.term import plan_the_term
from stock.items.queries import find_item
from tests.flows import line
from tests.flows.district import a_district
from tests.flows.test_line_on_tanimbar import TANIMBAR, real_villages
from tests.support.builders import an_office
from tests.support.shared import BOUNDARIES, LISTS, needs_real_regions

PER_DISTRICT = 20

pytestmark = needs_real_regions
OFFICER, SECOND, HEAD = (line.of_office(one, TANIMBAR) for one in (line.OFFICER, line.SECOND, line.HEAD))


@pytest.fixture
def database_url(empty_office_url: str) -> str:
    return empty_office_url


@pytest.fixture
def tanimbar(work: Work) -> str:
    """The real villages with generated households; one village is served in a flood's week. Gives that village."""
    an_office(work, TANIMBAR, time_zone="Asia/Jayapura")
    import_region_files(
        work, system(TANIMBAR), [LISTS / "regions_id_province_regency.csv",
                                 LISTS / "regions_81.03_kepulauan_tanimbar.csv",
                                 *sorted(BOUNDARIES.glob("81.03_*.geojson"))],
    )  # fmt: skip
    villages = real_villages()
    a_district(
        work, villages=villages, per_village=12, regency=(TANIMBAR, "Kabupaten Kepulauan Tanimbar"),
        are_regions_known=True,
    )  # fmt: skip
    struck = villages[0].code
    flood = line.Flood(incident_id=UUID(int=0), slug="")
    line.a_sent_week(work, line.an_area(flood, outline=None, regions=(ListRegion(code=struck),)), code=TANIMBAR)
    for found in line.sent_week_of(work, TANIMBAR).packages:
        assert found.row.post_id
        line.hand_over(work, found, line.of_office(line.field_officer(found.row.post_id), TANIMBAR))
    return struck


def a_drawn_term(work: Work) -> queries.TermView:
    """Open the programme and draw 20 families in each of the 10 kecamatan."""
    with work.by(OFFICER) as tx:
        districts = {one.code[:8] for one in real_villages()}
        programme = commands.open_programme(
            tx,
            commands.OpenProgramme(
                name="Kompor Rakyat", kind=ProgrammeKind.STOVE, form=Form.GOODS, unit=Unit.HOUSEHOLD,
                cadence=Cadence.ONCE, supplier="Stok kantor", distributor="Titik sendiri", funding_source="APBD",
            ),
        )  # fmt: skip
        stove = commands.TermItem(item_id=find_item(tx, "kompor_rakyat").id, quantity_milli=Milli(1000))
        term_id = commands.open_term(
            tx,
            commands.OpenTerm(
                programme_id=programme.id, name="Tahap I", period=Period(tx.today, tx.today + timedelta(days=30)),
                items=(stove,), quotas=dict.fromkeys(sorted(districts), PER_DISTRICT),
            ),
        )  # fmt: skip
        order = drawing.DrawList(term_id=term_id, criteria=Criteria(least_decile=1, most_decile=6))
        preview = drawing.preview_list(tx, order)
        assert len(preview.districts) == 10
        assert drawing.draw_list(tx, order).added == preview.drawn
        return queries.term_by_id(tx, term_id)


def test_two_hundred_stoves_from_the_registry_to_a_closed_term(work: Work, app: Flask, tanimbar: str):
    term = a_drawn_term(work)
    with work.read_by(OFFICER) as tx:
        listed = queries.listed_by_district(tx, term.id)
    assert len(listed) == 10
    assert max(listed.values()) <= PER_DISTRICT
    total = sum(listed.values())
    assert total >= 180, "the smallest kecamatan have fewer families that fit than their quota"

    # Whoever was served by the relief round of this week is shown, neither dropped nor doubled.
    with work.read_by(OFFICER) as tx:
        there = queries.entries(tx, term.id, village_code=tanimbar, limit=200).rows
        shown = overlaps.overlaps_of(tx, term.id, [one.id for one in there])
    assert there
    assert all(shown[one.id] for one in there), "each of them has been helped by the flood's round"
    assert {each.kind for one in there for each in shown[one.id]} == {overlaps.OverlapKind.RELIEF}

    # A decree's file names three of them and somebody nobody knows; it comes twice.
    with work.read_by(OFFICER) as tx:
        some = queries.entries(tx, term.id, limit=3).rows
    rows = "".join(f"{one.household_code};{one.head_name};{one.village_code}\n" for one in some)
    content = ("kode_keluarga;nama;kode_desa\n" + rows + f"KEL-999999-9;Tidak Dikenal;{tanimbar}\n").encode()
    first = work.run(
        OFFICER, lambda tx: sk_file.match_file(
            tx, sk_file.MatchFile(term_id=term.id, file=sk_file.read_sk(content, "sk.csv")))
    )  # fmt: skip
    again = work.run(
        OFFICER, lambda tx: sk_file.match_file(
            tx, sk_file.MatchFile(term_id=term.id, file=sk_file.read_sk(content, "sk-lagi.csv")))
    )  # fmt: skip
    assert (first.is_repeat, again.is_repeat) == (False, True)
    assert sum(first.counts.values()) == 4
    assert first.counts.get(RowOutcome.ALREADY_LISTED) == 3
    with work.read_by(OFFICER) as tx:
        assert sum(queries.listed_by_district(tx, term.id).values()) == total

    determine(work, term)
    served_all_but(work, app, term, total)


def determine(work: Work, term: queries.TermView) -> None:
    """Three different people; whoever tries a second step is refused."""
    basis = commands.Propose(term_id=term.id, basis="BA Musdes 10/2026")
    work.run(OFFICER, lambda tx: commands.propose(tx, basis))
    with pytest.raises(Conflict, match="proposed_by_you"):
        work.run(OFFICER, lambda tx: commands.verify_list(tx, term.id))
    work.run(SECOND, lambda tx: commands.verify_list(tx, term.id))
    with work.read_by(HEAD) as tx:
        decree = commands.Determine(term_id=term.id, decree_no="188/42/2026", decree_on=tx.today)
    work.run(HEAD, lambda tx: commands.determine(tx, decree))


def served_all_but(work: Work, app: Flask, term: queries.TermView, total: int) -> None:
    """Hand over to everybody but two; void one and serve it again; close only with minutes."""
    with work.by(OFFICER) as tx:
        found = queries.term_by_id(tx, term.id)
        assert found.state is TermState.DETERMINED
        assert queries.entries(tx, term.id, states=(EntryState.DETERMINED,)).total == total
        planned = plan_the_term(tx, found, Period(tx.today, tx.today + timedelta(days=13)))
        assert (planned.planned, planned.waiting, planned.shortages) == (total, 0, ())
    line.approve(work, planned.round_id, actor=SECOND)
    line.send_all(work, planned.round_id, actor=OFFICER)
    with work.read_by(OFFICER) as tx:
        ready = packages(tx, planned.round_id, states=(PackageState.LOADED,), limit=1000).rows
        whole = [package(tx, one.id) for one in ready]
    assert len(whole) == total
    done = None
    for one in whole[2:]:
        assert one.row.post_id
        done = line.hand_over(work, one, line.of_office(line.field_officer(one.row.post_id), TANIMBAR))
    assert done is not None
    void = handing.VoidHandover(handover_id=done.handover_id, reason=VoidReason.WRONG_HOUSEHOLD)
    work.run(OFFICER, lambda tx: handing.void_handover(tx, void))
    with work.read_by(OFFICER) as tx:
        assert reconciling.reconciliation(tx, term.id).open == 3
    last = whole[-1]
    assert last.row.post_id
    line.hand_over(work, last, line.of_office(line.field_officer(last.row.post_id), TANIMBAR))
    for one in whole[:2]:
        assert one.row.post_id
        with work.by(line.of_office(line.field_officer(one.row.post_id), TANIMBAR)) as tx:
            handing.record_miss(
                tx,
                handing.RecordMiss(
                    package_id=one.row.id, kind=MissKind.ABSENT, next_step=NextStep.COLLECT_AT_POST,
                    due_on=tx.today + timedelta(days=7),
                ),
            )  # fmt: skip
    with pytest.raises(Conflict, match="still_open"):
        work.run(OFFICER, lambda tx: reconciling.close_term(tx, reconciling.CloseTerm(term_id=term.id)))
    minutes = reconciling.CloseTerm(
        term_id=term.id, minutes_no="BA/1", minutes="Dua keluarga tidak datang; kompor kembali ke gudang."
    )
    work.run(OFFICER, lambda tx: reconciling.close_term(tx, minutes))
    with work.read_by(OFFICER) as tx:
        sums = reconciling.reconciliation(tx, term.id)
    assert (sums.determined, sums.handed_over, sums.returned, sums.open) == (total, total - 2, 2, 0)
    by_village: Counter[str] = Counter()
    for village in sums.villages:
        assert village.determined == village.handed_over + village.returned + village.open
        by_village[village.village_code] += village.determined
    assert sum(by_village.values()) == total
    stoves = sums.goods[0]
    assert (stoves.due_milli, stoves.sent_milli) == (total * 1000, total * 1000)
    assert stoves.sent_milli == stoves.handed_over_milli + stoves.left_milli
    assert prove_all(app.extensions["tanggap"], system(TANIMBAR, "Asia/Jayapura")) == []
