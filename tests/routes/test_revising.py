"""Rencana → Perubahan: behind, worked out, approved by a second person; by page and by machine."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from flask import Flask
from flask.testing import FlaskClient

from core.actor import Role
from core.work import Work
from logistics.packages.queries import packages
from logistics.packages.states import PackageState
from logistics.zones import queries as zones
from logistics.zones import week
from logistics.zones.deciding import Decide, decide_affected
from logistics.zones.revising import order_of_revision
from logistics.zones.states import RejectReason
from tests.flows import line
from tests.routes.asking import log_in, send
from tests.support.builders import a_person, a_token
from tests.support.databases import Run


@pytest.fixture
def database_url(engine_kind: str, run: Run, tmp_path: Path) -> Iterator[str]:
    with run.database(engine_kind, tmp_path, line.district_only) as url:
        yield url


@pytest.fixture
def flood(work: Work) -> line.Flood:
    """A flood whose week is approved and has not left; then one household is found not to be affected."""
    made = line.open_flood(work)
    line.post(work, line.an_area(made, work.clock.now()))
    line.confirm_certain(work, made.incident_id)
    line.approve(work, line.plan(work, made.incident_id).round_id)
    with work.read_by(line.OFFICER) as tx:
        view = zones.incident_by_id(tx, made.incident_id)
        the_round = week.current_round(tx, view.id)
        assert the_round is not None
        gone = order_of_revision(tx, view, the_round).households[0].household_id
    asked = Decide(
        incident_id=made.incident_id, household_ids=(gone,), is_affected=False,
        reject_reason=RejectReason.NOT_AFFECTED, note="Rumahnya di luar genangan",
    )  # fmt: skip
    work.run(line.OFFICER, lambda tx: decide_affected(tx, asked))
    return made


@pytest.fixture
def officer(app: Flask, work: Work) -> FlaskClient:
    return log_in(app.test_client(), a_person(work, Role.LOGISTICS))


@pytest.fixture
def second(app: Flask, work: Work) -> FlaskClient:
    return log_in(app.test_client(), a_person(work, Role.HEAD))


def text(client: FlaskClient, address: str) -> str:
    answer = client.get(address, follow_redirects=True)
    assert answer.status_code == 200, answer.get_data(as_text=True)[:2000]
    return re.sub(r"\s+", " ", answer.get_data(as_text=True))


def cancelled(work: Work, flood: line.Flood) -> int:
    with work.read_by(line.OFFICER) as tx:
        the_round = week.current_round(tx, flood.incident_id)
        assert the_round is not None
        return packages(tx, the_round.id, states=(PackageState.CANCELLED,)).total


def test_behind_worked_out_shown_and_approved_by_a_second_person(
    work: Work, flood: line.Flood, officer: FlaskClient, second: FlaskClient
):
    plan = f"/kejadian/{flood.slug}/rencana"
    page = f"{plan}/perubahan"
    shown = text(officer, plan)
    assert "Rencana tertinggal dari keadaan sekarang" in shown
    assert "1 paket yang belum berangkat milik keluarga yang tidak lagi terkonfirmasi." in shown
    assert "Titik yang tidak dipakai lagi" in text(officer, page)
    send(officer, f"{page}/hitung", {"form_key": str(uuid4())})
    shown = text(officer, page)
    assert "Belum berlaku." in shown
    assert "Dinyatakan tidak terdampak." in shown
    assert "Setujui perubahan" not in shown, "not by who worked it out"
    assert cancelled(work, flood) == 0
    assert "Perubahan rencana menunggu persetujuan: 1 paket berubah." in text(officer, plan)
    assert "Setujui perubahan rencana" in text(second, "/")
    assert "Setujui perubahan" in text(second, page)
    send(second, f"{page}/setujui", {"form_key": str(uuid4())})
    assert cancelled(work, flood) == 1
    shown = text(second, page)
    assert "Rencana masih sesuai" in shown
    assert "Perubahan yang sudah berlaku" in shown
    assert "sudah berlaku" in text(second, f"{page}?rencana=2")
    send(officer, f"{page}/hitung", {"form_key": str(uuid4())})
    assert "Tidak ada yang berubah" in text(officer, page)


def test_a_revision_is_thrown_away(work: Work, flood: line.Flood, officer: FlaskClient):
    page = f"/kejadian/{flood.slug}/rencana/perubahan"
    send(officer, f"{page}/hitung", {"form_key": str(uuid4())})
    send(officer, f"{page}/buang", {"form_key": str(uuid4())})
    assert "Hitung perubahan" in text(officer, page)
    assert cancelled(work, flood) == 0


def test_machines_ask_why_make_show_approve_and_discard(app: Flask, work: Work, flood: line.Flood):
    def asking(token: dict[str, str]):
        client = app.test_client()

        def ask(method: str, address: str, body: object = None):
            headers = {**token, "Idempotency-Key": str(uuid4())}
            answer = client.open(f"/api/v1/{address}", method=method, json=body, headers=headers)
            return answer.status_code, answer.get_json()

        return ask

    first, other = (asking(a_token(work, role)) for role in (Role.LOGISTICS, Role.HEAD))
    with work.read_by(line.OFFICER) as tx:
        the_round = week.current_round(tx, flood.incident_id)
        assert the_round is not None
    at = f"rounds/{the_round.id}"
    status, told = first("GET", f"{at}/reasons-to-revise")
    assert (status, [one["code"] for one in told["reasons"]]) == (200, ["revision.behind.not_listed"])
    assert first("GET", f"{at}/revision") == (200, {"revision": None})
    status, made = first("POST", f"{at}/revision", {})
    assert (status, made["changes"]) == (201, [{"kind": "out", "packages": 1}])
    status, answer = first("GET", f"{at}/revision")
    shown = answer["revision"]
    assert (status, shown["total"], shown["changes"][0]["why"]) == (200, 1, "Dinyatakan tidak terdampak.")
    assert shown["goods"]
    assert first("POST", f"{at}/revision/approval", {})[0] == 409
    assert first("POST", f"{at}/revision/discarding", {})[0] == 200
    assert first("POST", f"{at}/revision", {"without_posts": []})[0] == 201
    status, done = other("POST", f"{at}/revision/approval", {})
    assert (status, done["packages"]) == (200, 1)
    assert cancelled(work, flood) == 1
    assert first("POST", f"{at}/revision", {})[0] == 409
