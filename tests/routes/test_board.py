"""The schedule board by its pages and by the API: the same figures on screen, for machines and on paper."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from flask.testing import FlaskClient

from core.actor import Role
from core.measures import print_count, print_quantity
from core.work import Work
from logistics.dispatch.commands import ChangePost, change_post
from logistics.dispatch.queries import PostView, posts
from logistics.dispatch.schedule import Cell, Schedule, schedule
from logistics.packages.cell_queries import cell_packages
from logistics.planning.rules import Slot
from logistics.programmes.queries import term_by_id
from routes.moving import weight_text
from tests.flows import line, term_line
from tests.reports.reading import page_count, words
from tests.routes.asking import key, log_in, send
from tests.support.builders import a_person, a_token
from tests.support.databases import Run

WHY = "jalan ke titik terputus"


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    round_id: UUID
    at: str
    """Where its board stands."""


@pytest.fixture
def database_url(engine_kind: str, run: Run, tmp_path: Path) -> Iterator[str]:
    with run.database(engine_kind, tmp_path, line.district_only) as url:
        yield url


@pytest.fixture
def draft(work: Work) -> Draft:
    return a_draft(work)


def a_draft(work: Work) -> Draft:
    flood = line.open_flood(work)
    line.post(work, line.an_area(flood))
    line.confirm_certain(work, flood.incident_id)
    made = line.plan(work, flood.incident_id)
    return Draft(round_id=made.round_id, at=f"/kejadian/{flood.slug}/rencana/papan")


@pytest.fixture
def officer(app: Flask, work: Work) -> FlaskClient:
    return log_in(app.test_client(), a_person(work, Role.LOGISTICS))


def board(work: Work, draft: Draft) -> Schedule:
    with work.read_by(line.OFFICER) as tx:
        return schedule(tx, draft.round_id)


def fullest(work: Work, draft: Draft) -> tuple[PostView, Cell, int]:
    found = board(work, draft)
    cells = [(row.post, cell, at) for row in found.rows for at, cell in enumerate(row.cells, 1)]
    return max(cells, key=lambda one: one[1].counts.movable)


def text(client: FlaskClient, address: str, status: int = 200) -> str:
    answer = client.get(address)
    assert answer.status_code == status, answer.get_data(as_text=True)
    plain = re.sub(r"<[^>]+>", " ", answer.get_data(as_text=True))
    return " ".join(html.unescape(plain).split())


def test_a_group_is_moved_by_links_and_forms_alone_and_put_back(work: Work, draft: Draft, officer: FlaskClient):
    post, cell, number = fullest(work, draft)
    there = next(one for one in board(work, draft).rows if one.post.id != post.id).post
    shown = text(officer, draft.at)
    assert f"{print_count(cell.counts.households)} /{post.capacity_per_day}" in shown
    assert "Papan jadwal putaran 1" in shown
    opened = officer.get(f"{draft.at}/sel?titik={post.id}&hari={number}").get_data(as_text=True)
    assert 'id="pindah"' in opened and f'name="titik" value="{post.id}"' in opened
    asked = {"titik": post.id, "hari": number, "ke_titik": there.id, "ke_hari": 7, "terakhir": 2, "putaran": 1}
    query = "&".join(f"{name}={value}" for name, value in asked.items())
    page = officer.get(f"{draft.at}/pindah?{query}").get_data(as_text=True)
    assert "Pindahkan 2 keluarga" in page
    seen = re.search(r'name="seen" value="([0-9a-f]+)"', page)
    assert seen is not None
    order = {**asked, "seen": seen[1], "reason": WHY, "form_key": "kunci-papan-0001"}
    refused = send(officer, f"{draft.at}/pindah", order | {"reason": "ya", "form_key": "kunci-papan-0000"})
    assert refused.status_code == 422 and 'id="e-reason"' in refused.get_data(as_text=True)
    assert send(officer, f"{draft.at}/pindah", order).status_code == 303
    moved = board(work, draft).cell(there.id, cell.serve_on + timedelta(days=7 - number))
    assert moved is not None and moved.counts.households == 2
    # The same consequences do not hold a second time.
    again = send(officer, f"{draft.at}/pindah", order | {"form_key": "kunci-papan-0002"})
    assert again.status_code == 422 and "Papan berubah sejak akibatnya" in again.get_data(as_text=True)
    undone = officer.get(draft.at).get_data(as_text=True)
    move_id = re.search(r'name="move_id" value="([0-9a-f-]+)"', undone)
    assert move_id is not None and WHY in undone
    assert (
        send(officer, f"{draft.at}/batal", {"move_id": move_id[1], "form_key": "kunci-papan-0003"}).status_code == 303
    )
    assert fullest(work, draft)[1].counts == cell.counts


def test_the_address_of_nothing_is_not_found_and_a_bad_choice_is_told_at_its_field(
    work: Work, draft: Draft, officer: FlaskClient
):
    post, _, number = fullest(work, draft)
    text(officer, f"{draft.at}/sel?titik={post.id}&hari=99", 404)
    text(officer, f"{draft.at}/sel?titik={draft.round_id}&hari=1", 404)
    text(officer, f"{draft.at}/sel", 422)
    bad = officer.get(f"{draft.at}/pindah?titik={post.id}&hari={number}&ke_titik=x&ke_hari=1")
    assert bad.status_code == 422 and 'id="e-ke_titik"' in bad.get_data(as_text=True)
    assert "sama" in text(
        officer, f"{draft.at}/pindah?titik={post.id}&hari={number}&ke_titik={post.id}&ke_hari={number}"
    )


def test_the_day_of_the_handovers_may_be_any_number(work: Work, draft: Draft, officer: FlaskClient):
    line.approve(work, draft.round_id)
    at = draft.at.removesuffix("/rencana/papan") + "/serah-terima"
    usual = text(officer, at)
    for digits in ("0", "8", "9" * 20, "9" * 5000, "²", "-1"):
        assert text(officer, f"{at}?hari={digits}") == usual


def test_who_may_look_sees_the_board_and_nobody_else_moves(work: Work, app: Flask, draft: Draft):
    post, _, number = fullest(work, draft)
    head = log_in(app.test_client(), a_person(work, Role.HEAD))
    assert "Pindahkan sekelompok" not in text(head, f"{draft.at}/sel?titik={post.id}&hari={number}")
    query = f"titik={post.id}&hari={number}&ke_titik={post.id}&ke_hari=7"
    assert head.get(f"{draft.at}/pindah?{query}").status_code == 403
    assert send(head, f"{draft.at}/daftar.pdf", {"post_id": post.id, "serve_on": "2026-11-16"}).status_code == 403


def test_machines_see_the_same_board_ask_move_and_undo(work: Work, client: FlaskClient, draft: Draft):
    token = a_token(work, Role.LOGISTICS)
    at = f"/api/v1/rounds/{draft.round_id}"
    found, told = board(work, draft), client.get(f"{at}/board", headers=token).get_json()
    assert told["total"]["households"] == found.counts.households
    assert [one["households"] for one in told["days"]] == [one.counts.households for one in found.totals]
    assert {
        (row["post_code"], cell["serve_on"], cell["households"], cell["persons"])
        for row in told["rows"]
        for cell in row["cells"]
    } == {
        (row.post.code, cell.serve_on.isoformat(), cell.counts.households, cell.counts.persons)
        for row in found.rows
        for cell in row.cells
    }
    assert told["last_move"] is None
    post, cell, _ = fullest(work, draft)
    group: dict[str, Any] = {
        "from_post_id": str(post.id), "from_day": cell.serve_on.isoformat(), "to_post_id": str(post.id),
        "to_day": (found.days[-1]).isoformat(), "last": 1,
    }  # fmt: skip
    asked = client.post(f"{at}/moves/consequences", json=group, headers=token).get_json()
    assert (asked["households"], asked["problems"], asked["target"]["after"]) == (1, [], 1)
    order = {**group, "reason": WHY, "seen": asked["seen"]}
    done = client.post(f"{at}/moves", json=order, headers={**token, **key("moving-once-0001")})
    assert done.status_code == 201 and done.get_json()["households"] == 1
    assert (
        client.post(f"{at}/moves", json=order, headers={**token, **key("moving-once-0001")}).get_json()
        == done.get_json()
    )
    late = client.post(f"{at}/moves", json=order, headers={**token, **key()})
    assert (late.status_code, late.get_json()["code"]) == (409, "board.changed_meanwhile")
    last = client.get(f"{at}/board", headers=token).get_json()["last_move"]
    assert last["move_id"] == done.get_json()["move_id"]
    undo = client.post(f"{at}/moves/undoing", json={"move_id": last["move_id"]}, headers={**token, **key()})
    assert undo.status_code == 200
    assert client.get(f"{at}/board", headers=token).get_json() == told


def test_the_papers_say_what_the_board_says(work: Work, draft: Draft, officer: FlaskClient):
    line.approve(work, draft.round_id)
    found = board(work, draft)
    whole = send(officer, f"{draft.at}/papan.pdf", {"putaran": 1})
    assert whole.status_code == 200 and page_count(whole.data) == 1
    said = words(whole.data).replace(" ", "")
    for row in found.rows:
        for cell in row.cells:
            if cell.counts.households:
                told = f"{cell.counts.households}/{row.post.capacity_per_day} kel., {cell.counts.persons} jiwa, "
                assert (told + weight_text(cell.load.weight, "id")).replace(" ", "") in said
    post, cell, _ = fullest(work, draft)
    fields = {"post_id": post.id, "serve_on": cell.serve_on.isoformat(), "putaran": 1}
    for paper in ("A4", "F4"):
        printed = send(officer, f"{draft.at}/daftar.pdf", fields | {"kertas": paper})
        assert printed.status_code == 200
    said = words(printed.data)
    flat = said.replace(" ", "")
    assert f"{print_count(cell.counts.households)} keluarga, {print_count(cell.counts.persons)} jiwa" in said
    for item, quantity in cell.load.goods:
        assert (item.name_id + print_quantity(quantity, item.base_unit)).replace(" ", "") in flat
    with work.read_by(line.OFFICER) as tx:
        codes = [one.code for one in cell_packages(tx, draft.round_id, post.id, cell.serve_on)]
        known = {one.id: one for one in posts(tx)}
    assert re.findall(r"PKT-26-\d{6}-\d", said) == codes
    assert known[post.id].name in said
    assert sum(sum(quantity for _, quantity in one.load.goods) for one in cell.warehouses) == sum(
        quantity for _, quantity in cell.load.goods
    )


def test_board_page_and_paper_say_what_was_promised_though_the_post_has_other_hours_now(
    work: Work, officer: FlaskClient
):
    with work.by(line.OFFICER) as tx:
        for each in posts(tx):
            hours = tuple(
                Slot(starts_at=f"{at:02}:00", ends_at=f"{at + 1:02}:30", households=each.capacity_per_day)
                for at in (8, 10)
            )
            change_post(tx, ChangePost(post_id=each.id, capacity_per_day=1, opening="", slots=hours))
    draft = a_draft(work)
    line.approve(work, draft.round_id)
    post, cell, number = fullest(work, draft)
    promised = [one.hours.replace(":", ".").replace("-", "–") for one in cell.hours if one.counts.households]
    assert promised
    now = (Slot(starts_at="19:00", ends_at="20:30", households=post.capacity_per_day),)
    with work.by(line.OFFICER) as tx:
        change_post(tx, ChangePost(post_id=post.id, capacity_per_day=1, opening="", slots=now))
    changed = board(work, draft).cell(post.id, cell.serve_on)
    assert changed is not None
    assert [(one.hours, one.households) for one in changed.hours] == [
        ("19:00-20:30", post.capacity_per_day), *((one.hours, None) for one in cell.hours if one.counts.households),
    ]  # fmt: skip
    page = text(officer, f"{draft.at}/sel?titik={post.id}&hari={number}")
    fields = {"post_id": post.id, "serve_on": cell.serve_on.isoformat(), "putaran": 1}
    said = words(send(officer, f"{draft.at}/daftar.pdf", fields).data)
    on_board = words(send(officer, f"{draft.at}/papan.pdf", {}).data)
    assert "jam yang dijanjikan" in on_board
    for told, one in zip(promised, (one for one in cell.hours if one.counts.households), strict=True):
        assert f"{told} titik kini memakai jam lain" in page
        assert told in said
        assert f"{told} ({one.counts.households})" in on_board
    # The evening that the post tells now comes after the hours of the day that were promised, and nobody comes then.
    evening = page.index(f"19.00–20.30 0 {post.capacity_per_day}")
    assert all(page.index(f"{told} titik kini memakai jam lain") < evening for told in promised)
    assert "19.00–20.30" not in said
    chosen = f"{draft.at}/pindah?titik={post.id}&hari={number}&ke_titik={post.id}&ke_hari={number}"
    ask = text(officer, f"{chosen}&jam={changed.hours[1].hours}&ke_jam=19:00-20:30")
    count = changed.hours[1].counts.movable
    assert f"{post.name} pukul 19.00–20.30 0 {count} {post.capacity_per_day}" in ask


def test_a_list_that_was_issued_is_named_before_its_households_are_moved(
    work: Work, draft: Draft, officer: FlaskClient
):
    line.approve(work, draft.round_id)
    post, cell, number = fullest(work, draft)
    at = draft.at.removesuffix("/rencana/papan")
    send(officer, f"{at}/serah-terima/daftar.pdf", {"post_id": post.id, "serve_on": cell.serve_on.isoformat()})
    page = text(officer, f"{draft.at}/pindah?titik={post.id}&hari={number}&ke_titik={post.id}&ke_hari=7&terakhir=2")
    assert "Kertas yang sudah terbit masih menyebut" in page and "/DTT/" in page
    assert "Stok dicadangkan yang ikut 2" in page


def test_a_term_has_the_same_board_at_its_own_address(work: Work, officer: FlaskClient):
    term_id = term_line.open_term(work)
    term_line.put_on_list(work, term_id, most=3)
    term_line.determine(work, term_id)
    with work.read_by(line.OFFICER) as tx:
        term = term_by_id(tx, term_id)
    at = f"/bansos/{term.programme_slug}/{term.no}/rencana"
    assert "Belum ada rencana untuk papan" in text(officer, f"{at}/papan")
    days = {"first_on": "16/11/2026", "last_on": "27/11/2026", "form_key": "kunci-tahap-0001"}
    assert send(officer, f"{at}/susun", days).status_code == 303
    shown = officer.get(f"{at}/papan").get_data(as_text=True)
    assert "Hari ke-1 sampai ke-7 dari 12" in shown
    cell = re.search(r'href="([^"]+/papan/sel[^"]+)" data-move', shown)
    assert cell is not None
    assert "Pindahkan sekelompok keluarga" in text(officer, html.unescape(cell[1]))
    printed = send(officer, f"{at}/papan/papan.pdf", {})
    assert page_count(printed.data) == 2
