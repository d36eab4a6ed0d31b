"""Invitations of an incident's week: the hours are those of the household's own turn."""

from __future__ import annotations

import re
from datetime import timedelta
from io import BytesIO

import pypdf
import pytest
from flask import Flask

from core.actor import Role
from core.documents.queries import document, said, said_of_person
from core.errors import Conflict, Forbidden, Invalid
from core.work import Work
from logistics.dispatch.commands import ChangePost, change_post
from logistics.packages.queries import packages
from logistics.planning.commands import approve_round, plan_round
from logistics.planning.rules import Slot
from logistics.programmes.papers import InvitationFacts, InvitationPersons
from routes.invitations import issue_invitations
from routes.papers import print_papers
from tests.logistics.week import MONDAY, OFFICER, SECOND, a_week, household, order
from tests.support.builders import an_actor

HOURS = (Slot(starts_at="08:00", ends_at="10:00", households=2), Slot(starts_at="13:00", ends_at="14:30", households=2))


def test_a_household_is_invited_to_its_own_hours(work: Work, app: Flask):
    week = a_week(work)
    with work.by(OFFICER) as tx:
        change_post(tx, ChangePost(post_id=week.first_post, capacity_per_day=1, opening="", slots=HOURS))
    asked = order(work, week, [household(no) for no in range(1, 6)])
    with work.by(OFFICER) as tx:
        round_id = plan_round(tx, asked).round_id
    with pytest.raises(Conflict) as early, work.by(OFFICER) as tx:
        issue_invitations(tx, round_id, post_id=week.first_post, serve_on=MONDAY)
    assert early.value.code == "invitation.not_approved"
    with work.by(SECOND) as tx:
        approve_round(tx, round_id)
    # What the post does from now on changes no invitation to a turn that is planned.
    with work.by(OFFICER) as tx:
        change_post(tx, ChangePost(post_id=week.first_post, capacity_per_day=9, opening=""))
    with work.by(OFFICER) as tx:
        rows = {one.code: one for one in packages(tx, round_id).rows}
        paper = issue_invitations(tx, round_id, village_code="99.01.01.2001")
        facts, who = said(tx, paper, InvitationFacts), said_of_person(tx, paper, InvitationPersons)
        with app.app_context():
            printed = print_papers(tx, [paper])
    assert who is not None and len(facts.lines) == len(who.lines) == len(rows) == 5
    assert facts.is_relief and facts.term.term == "Minggu ke-1"
    for line in facts.lines:
        row = rows[line.package_code]
        assert row.serve_on == line.serve_on
        assert (line.from_minute, line.to_minute) == {"08:00-10:00": (480, 600), "13:00-14:30": (780, 870)}[row.hours]
        assert {one.name for one in line.items} >= {"Beras", "Kasur"}
    assert sorted(one.serve_on for one in facts.lines) == [MONDAY] * 4 + [MONDAY + timedelta(days=1)]
    text = "\n".join(one.extract_text() for one in pypdf.PdfReader(BytesIO(printed)).pages)
    assert re.search(r"13\.00–14\.30 WIB", text) and "08.00–10.00 WIB" in text
    assert "bila masih ada" in text and "Balai Desa Timur" in text


def test_a_post_without_hours_invites_to_what_people_are_told(work: Work, app: Flask):
    week = a_week(work)
    with work.by(OFFICER) as tx:
        change_post(tx, ChangePost(post_id=week.first_post, capacity_per_day=9, opening="pagi sampai siang"))
    with work.by(OFFICER) as tx:
        round_id = plan_round(tx, order(work, week, [household(1)])).round_id
    with work.by(SECOND) as tx:
        approve_round(tx, round_id)
    with work.by(OFFICER) as tx:
        paper = issue_invitations(tx, round_id, post_id=week.first_post, serve_on=MONDAY)
        assert document(tx, paper).place_id == week.first_post
        with app.app_context():
            text = pypdf.PdfReader(BytesIO(print_papers(tx, [paper]))).pages[0].extract_text()
    assert "pagi sampai siang" in text
    for more, code, kind in (
        ({}, "invitation.for_whom", Invalid),
        ({"village_code": "99.01.01.2009"}, "invitation.nobody", Conflict),
    ):
        with pytest.raises(kind) as refused, work.by(OFFICER) as tx:
            issue_invitations(tx, round_id, **more)  # type: ignore[arg-type]
        assert refused.value.code == code
    with pytest.raises(Forbidden), work.by(an_actor(Role.BPBD)) as tx:
        issue_invitations(tx, round_id, post_id=week.first_post, serve_on=MONDAY)
