"""Kejadian → Barang tahan lama: who had them in another incident, and a decision made and taken back."""

from __future__ import annotations

import re
from types import SimpleNamespace

import pytest
from flask import Flask

from core.actor import Role
from core.work import Work
from logistics.packages.durables import decisions
from logistics.planning.commands import plan_round
from logistics.zones import queries as zones
from routes.pages import durables
from tests.logistics.week import OFFICER, a_week, an_incident, household, order
from tests.routes.asking import log_in, send
from tests.support.builders import SYSTEM, a_person


def test_a_decision_is_made_and_taken_back_on_the_page(app: Flask, work: Work, monkeypatch: pytest.MonkeyPatch):
    week = a_week(work)
    first = order(work, week, [household(1)])
    with work.by(OFFICER) as tx:
        plan_round(tx, first)
    with work.by(SYSTEM) as tx:
        other = an_incident(tx, "longsor-uji")
    with work.read_by(OFFICER) as tx:
        there, here = zones.incident_by_id(tx, week.incident_id), zones.incident_by_id(tx, other)
    # Decrees and confirmed lists are others' tests; here they say what they would.
    listed = SimpleNamespace(lines=[SimpleNamespace(household_id=household(1).household_id)])
    monkeypatch.setattr("routes.pages.durables.week.overlapping", lambda tx, view: (there,))
    monkeypatch.setattr(durables, "to_serve", lambda tx, incident_id: listed)
    officer = log_in(app.test_client(), a_person(work, Role.LOGISTICS, username="petugas"))
    address = f"/kejadian/{here.slug}/tahan-lama"
    page = officer.get(address).get_data(as_text=True)
    assert "Kasur" in page and there.name in page
    sent = {"other": str(there.id), "household": str(household(1).household_id)}
    assert send(officer, address, {**sent, "reason": ""}).status_code == 422
    assert send(officer, address, {**sent, "other": str(other), "reason": "lost"}).status_code == 422
    assert send(officer, address, {**sent, "reason": "lost"}).status_code == 303
    page = officer.get(address).get_data(as_text=True)
    assert "Barangnya hilang atau rusak dalam kejadian ini" in page
    taken = re.search(rf'action="({address}/[^"]+/cabut)"', page)
    assert taken is not None
    assert send(officer, taken[1], {}).status_code == 303
    with work.read_by(OFFICER) as tx:
        assert decisions(tx, other) == ()
    assert send(officer, address, {**sent, "household": "semua", "reason": "apart"}).status_code == 303
    with work.read_by(OFFICER) as tx:
        assert [one.household_id for one in decisions(tx, other)] == [None]
