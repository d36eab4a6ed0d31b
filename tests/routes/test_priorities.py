"""Pengaturan → Urutan prioritas: proposed with the keyboard, put into force by another, said in plain words."""

from __future__ import annotations

import re
from dataclasses import dataclass

import pytest
from flask import Flask
from flask.testing import FlaskClient

from core.actor import Role
from core.work import Work
from logistics.planning.priorities import rule_in_force
from logistics.planning.priority import BUILT_IN, Criterion
from stock.items.commands import seed_items
from tests.routes.asking import key, log_in, send
from tests.support.builders import SYSTEM, a_person, a_token, an_actor, an_office

HOME = "/pengaturan/prioritas"
SENT = {
    "criteria": ["cut_off", "decile"], "floor": "fixed", "floor_percent": "12,5", "parts": "none",
    "name": "Terputus lebih dulu", "reason": "Diputuskan rapat posko.", "legal_source": "Notulen 21/11",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class People:
    officer: FlaskClient
    head: FlaskClient
    admin: FlaskClient


@pytest.fixture
def people(app: Flask, work: Work) -> People:
    an_office(work)
    with work.by(SYSTEM) as tx:
        seed_items(tx)
    made = [
        log_in(app.test_client(), a_person(work, role, username=role.lower()))
        for role in (Role.LOGISTICS, Role.HEAD, Role.ADMIN)
    ]
    return People(*made)


def test_the_order_is_changed_by_buttons_alone_and_nothing_is_kept_before_it_is_sent(people: People, work: Work):
    page = people.officer.get(f"{HOME}/usulan").get_data(as_text=True)
    assert in_form(page) == [one.value for one in BUILT_IN.criteria]
    moved = send(people.officer, f"{HOME}/usulan", {**SENT, "criteria": in_form(page), "step": "up-decile"})
    page = moved.get_data(as_text=True)
    assert moved.status_code == 200
    assert in_form(page) == ["severity", "cut_off", "decile", "vulnerable"]
    assert str(SENT["reason"]) in page, "what was typed stays"
    assert re.search(r'value="up-decile"[^>]* autofocus', page), "the keyboard stays where it was"
    page = send(people.officer, f"{HOME}/usulan", {"criteria": in_form(page), "step": "drop-severity"}).text
    page = send(people.officer, f"{HOME}/usulan", {"criteria": in_form(page), "step": "add-helped"}).text
    assert in_form(page) == ["cut_off", "decile", "vulnerable", "helped"]
    with work.read_by(an_actor(Role.LOGISTICS)) as tx:
        assert rule_in_force(tx) is BUILT_IN


def test_an_officer_proposes_and_the_head_puts_it_into_force(people: People, work: Work):
    assert send(people.officer, f"{HOME}/usulan", SENT).status_code == 303
    page = people.officer.get(HOME).get_data(as_text=True)
    assert "menunggu keputusan" in page
    assert "12,5 persen" in page
    assert ">Berlakukan<" not in page
    page = people.head.get(HOME).get_data(as_text=True)
    address = re.search(r'action="(/pengaturan/prioritas/[^"]+/berlakukan)"', page)
    assert address
    assert send(people.head, address[1], {}).status_code == 303
    page = people.head.get(HOME).get_data(as_text=True)
    assert "Keluarga di wilayah yang terputus dari jalan didahulukan." in page
    assert "Hanya paket lengkap yang diberikan" in page
    with work.read_by(an_actor(Role.HEAD)) as tx:
        held = rule_in_force(tx)
    assert (held.criteria, held.floor_permille, held.part_items) == ((Criterion.CUT_OFF, Criterion.DECILE), 125, ())


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"floor_percent": "101"}, "antara 0 dan 100 persen"), ({"floor": ""}, "Pilih"),
        ({"parts": "chosen"}, "Pilih barang yang boleh keluar sendiri"), ({"reason": "ya"}, "f-reason"),
        ({"criteria": []}, "Pilih sedikitnya satu ukuran"),
    ],
)  # fmt: skip
def test_what_is_missing_is_said_at_its_field(people: People, wrong: dict[str, object], said: str):
    answer = send(people.officer, f"{HOME}/usulan", {**SENT, **wrong})
    assert answer.status_code == 422
    assert said in answer.text


def test_the_limits_for_a_plans_second_person_are_the_administrators(people: People):
    sent = {"plan_limit_rp": "5.000.000", "plan_limit_households": "20"}
    assert send(people.head, f"{HOME}/batas", sent).status_code == 403
    assert send(people.admin, f"{HOME}/batas", {**sent, "plan_limit_households": "-1"}).status_code == 422
    assert send(people.admin, f"{HOME}/batas", sent).status_code == 303
    assert "Rp5.000.000" in people.officer.get(HOME).get_data(as_text=True)


def test_machines_propose_decide_and_read_the_rule(people: People, app: Flask, work: Work):
    officer, head = a_token(work, Role.LOGISTICS), a_token(work, Role.HEAD)
    client = app.test_client()
    body = {
        "name": "Beras selalu keluar", "criteria": ["vulnerable"], "floor_permille": None, "parts": "chosen",
        "part_item_codes": ["beras"], "reason": "Diputuskan rapat posko.", "legal_source": "Notulen 21/11",
    }  # fmt: skip
    made = client.post("/api/v1/priority-rules", json=body, headers={**officer, **key()})
    assert made.status_code == 201, made.text
    rule_id = made.get_json()["id"]
    assert client.post(f"/api/v1/priority-rules/{rule_id}/enactment", headers={**officer, **key()}).status_code == 403
    done = client.post(f"/api/v1/priority-rules/{rule_id}/enactment", headers={**head, **key()})
    assert done.status_code == 200, done.text
    assert done.get_json()["state"] == "in_force"
    read = client.get("/api/v1/priority-rules", headers={**officer, "Accept-Language": "en"}).get_json()
    assert read["in_force"]["part_item_codes"] == ["beras"]
    assert any("Rice" in one for one in read["in_force"]["sentences"])
    ended = client.post(f"/api/v1/priority-rules/{rule_id}/retirement", headers={**head, **key()})
    assert ended.get_json()["state"] == "retired"
    assert client.get("/api/v1/plan-limit", headers=officer).get_json() == {"value_rp": 0, "households": 0}


def in_form(page: str) -> list[str]:
    return re.findall(r'name="criteria" value="([a-z_]+)"', page)
