"""A term of regular assistance through the API alone, with tokens: the village proposes, a second officer verifies, the
head determines, the distribution is planned and approved, the goods go out, the post hands over, the receipt verifies.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from flask.testing import FlaskClient

from core.actor import Role
from core.work import Work
from logistics.packages.queries import package
from routes.checks import prove_all
from stock.places.queries import places
from tests.flows import line
from tests.flows.machines import Machine, must_refuse
from tests.routes.asking import key, named
from tests.support.builders import SYSTEM, a_token

STOVES = {
    "name": "Kompor Rakyat", "kind": "kompor", "form": "goods", "unit": "household", "cadence": "once",
    "supplier": "Stok kantor", "distributor": "Titik sendiri", "funding_source": "APBD",
}  # fmt: skip
TERM = {
    "name": "Tahap I 2026", "first_on": "2026-11-01", "last_on": "2026-12-31",
    "items": [{"item_code": "kasur", "quantity": "1"}], "quotas": {"99.01.01": 2, "99.01.02": 3},
}  # fmt: skip
CASH = {**STOVES, "name": "BST Contoh", "kind": "bst", "form": "cash"}
CASH_TERM = {"name": "Tahap II", "first_on": "2026-10-01", "last_on": "2026-12-31", "amount_rp": 600_000}
DECREE = {"decree_no": "188/42/KPTS/2026", "decree_on": "2026-11-15"}
DAYS = {"first_on": "2026-11-16", "last_on": "2026-11-19"}


@pytest.fixture
def machines(client: FlaskClient, work: Work) -> dict[str, Machine]:
    with work.read_by(SYSTEM) as tx:
        warehouse = next(one for one in places(tx) if one.code == "G1")
    issued = {
        "officer": a_token(work, Role.LOGISTICS), "second": a_token(work, Role.LOGISTICS),
        "head": a_token(work, Role.HEAD), "village": a_token(work, Role.VILLAGE, village=line.F),
        "keeper": a_token(work, Role.WAREHOUSE, place_id=warehouse.id), "auditor": a_token(work, Role.AUDITOR),
    }  # fmt: skip
    return {name: Machine(client, header) for name, header in issued.items()}


def a_listed_term(work: Work, machines: dict[str, Machine], programme: object, term: object, names: list[str]) -> str:
    """Open a programme and a term, and put these households of the district onto its list; gives its address."""
    officer = machines["officer"]
    opened = officer.do("/programmes", programme)
    at: str = "/terms/" + officer.do(f"/programmes/{opened['id']}/terms", term)["id"]
    known = line.households(work)
    for name in names:
        officer.do(f"{at}/entries", {"household_id": str(known[name])})
    return at


def test_from_a_list_to_a_verified_receipt(app: Flask, work: Work, machines: dict[str, Machine]):
    officer, second, head, village = (machines[one] for one in ("officer", "second", "head", "village"))
    at = a_listed_term(work, machines, STOVES, TERM, ["H-0-0", "H-0-1", "H-5-0", "H-5-1", "H-5-2", "H-5-3"])
    match_the_decree(work, machines, at)
    must_refuse(work, second, f"{at}/verification", None, 409, "term.nobody_proposed")

    # Villages propose: F by itself, the others through an officer who names the minutes of their meeting.
    must_refuse(work, officer, f"{at}/proposals", {"village_code": line.A}, 422, "term.basis_missing")
    assert officer.do(f"{at}/proposals", {"village_code": "99.01.01", "basis": "BA Musdes 4/2026"}) == {"entries": 2}
    must_refuse(work, village, f"{at}/proposals", {"village_code": line.A}, 409, "term.nothing_to_propose")
    assert village.do(f"{at}/proposals", {}) == {"entries": 4}
    seen = village.get(f"{at}/entries")["entries"]
    assert {one["village_code"] for one in seen} == {line.F}

    # Nobody does two of the three steps; a district over its quota holds the list up, by name.
    must_refuse(work, officer, f"{at}/verification", None, 409, "term.proposed_by_you")
    must_refuse(work, head, f"{at}/determination", DECREE, 409, "term.cannot_determine")
    told = must_refuse(work, second, f"{at}/verification", None, 409, "term.over_quota")
    assert "4/3" in told["sentences"]["id"]
    last = max(seen, key=lambda one: one["household_code"])["id"]
    must_refuse(work, village, f"/term-entries/{last}/exclusion", {"reason": "x"}, 422, "request.invalid")
    left_out = village.do(f"/term-entries/{last}/exclusion", {"reason": "Sudah punya kompor"})
    assert left_out["state"] == "excluded"
    assert "Sudah punya kompor" in left_out["reason"]
    assert second.do(f"{at}/verification") == {"entries": 5}
    must_refuse(work, village, f"/term-entries/{last}/restoration", None, 409, "term.list_is_fixed")
    must_refuse(work, officer, f"{at}/determination", DECREE, 403, "permission.missing")
    must_refuse(work, head, f"{at}/determination", {**DECREE, "decree_on": "2027-01-01"}, 422, "term.decree_ahead")
    must_refuse(work, officer, f"{at}/plans", DAYS, 409, "term.not_determined")
    assert head.do(f"{at}/determination", DECREE) == {"entries": 5}
    term = officer.get(at)
    assert (term["state"], len(term["list_sha256"])) == ("determined", 64)

    # Planned by one, approved by another; stock is reserved as for an incident's week.
    planned = officer.do(f"{at}/plans", DAYS)
    assert (planned["planned"], planned["waiting"], planned["shortages"]) == (5, 0, [])
    round_at = f"/rounds/{planned['round_id']}"
    assert officer.get(f"{at}/rounds")["rounds"][0]["term_id"] == term["id"]
    must_refuse(work, officer, f"{round_at}/approval", None, 409, "plan.needs_second_person")
    assert second.do(f"{round_at}/approval")["packages"] == 5
    for one in machines["keeper"].get(f"{round_at}/to-send")["to_send"]:
        machines["keeper"].do(f"{round_at}/loads", {
            "post_id": one["post_id"], "serve_on": one["serve_on"], "warehouse_id": one["warehouse_id"],
            "vehicle": "Truk",
        })  # fmt: skip

    served = hand_over_first(work, machines, round_at)
    page = app.test_client().get(f"/v/{served['verify_url'].rsplit('/', 1)[-1]}").get_data(as_text=True)
    assert served["number"] in page
    assert "Kompor Rakyat" in page
    assert prove_all(app.extensions["tanggap"], SYSTEM) == []
    print_papers(machines, at)
    close_with_minutes(work, machines, at, round_at)
    assert prove_all(app.extensions["tanggap"], SYSTEM) == []


def test_a_list_is_drawn_by_criteria_up_to_the_quota_with_a_reason_for_everybody_else(
    work: Work, machines: dict[str, Machine]
):
    officer = machines["officer"]
    opened = officer.do("/programmes", STOVES)
    at = "/terms/" + officer.do(f"/programmes/{opened['id']}/terms", TERM)["id"]
    wanted = {"most_decile": 10, "with_unknown_decile": True, "districts": ["99.01.01", "99.01.02"]}
    answer = officer.client.post(f"/api/v1{at}/previews", json=wanted, headers=officer.header)
    preview = answer.get_json()
    assert answer.status_code == 200, preview
    assert preview["drawn"] == 5
    assert preview["fits"] == preview["drawn"] + preview["over"]
    assert sum(one["drawn"] + sum(one["excluded"].values()) for one in preview["districts"]) == len(
        line.households(work)
    )
    left = officer.client.post(
        f"/api/v1{at}/exclusions?reason_code=list.over_quota&limit=3", json=wanted, headers=officer.header
    ).get_json()
    assert left["total"] == preview["over"]
    assert all(one["reason"] for one in left["excluded"])
    assert officer.do(f"{at}/drawings", wanted) == {"added": 5, "kept": 0, "removed": 0}
    assert officer.do(f"{at}/drawings", wanted) == {"added": 0, "kept": 5, "removed": 0}
    counts = officer.get(f"{at}/counts")
    assert {one["district_code"]: one["listed"] for one in counts["districts"]} == {"99.01.01": 2, "99.01.02": 3}
    assert officer.get(f"{at}/overlaps") == {"entries": [], "total": 0, "by_occasion": []}
    must_refuse(work, machines["village"], f"{at}/drawings", wanted, 403, "permission.missing")


def close_with_minutes(work: Work, machines: dict[str, Machine], at: str, round_at: str) -> None:
    """Whoever did not come is called again; the term closes only with minutes, and every sum agrees afterwards."""
    officer = machines["officer"]
    waiting = [one for one in officer.get(f"{round_at}/packages")["packages"] if one["state"] == "loaded"]
    field = Machine(officer.client, a_token(work, Role.FIELD, place_id=UUID(waiting[0]["post_id"])))
    absent = {"kind": "absent", "next_step": "invite_again", "due_on": "2026-11-23"}
    field.do(f"/packages/{waiting[0]['id']}/misses", absent)
    must_refuse(work, field, f"/packages/{waiting[0]['id']}/misses", {**absent, "due_on": "2026-11-01"}, 422,
                "handover.miss.due_passed")  # fmt: skip
    assert [one["package_id"] for one in officer.get(f"{round_at}/misses")["misses"]] == [waiting[0]["id"]]
    found = officer.get(f"{at}/reconciliation")
    assert found["determined"] == found["handed_over"] + found["returned"] + found["open"]
    assert (found["handed_over"], found["open"], found["is_zero"]) == (1, found["determined"] - 1, False)
    must_refuse(work, officer, f"{at}/closing", {}, 409, "term.still_open")
    minutes = {"minutes_no": "BA/9/2026", "minutes": "Tidak datang sampai batas waktu; barang kembali ke gudang."}
    assert officer.do(f"{at}/closing", minutes)["state"] == "closed"
    found = officer.get(f"{at}/reconciliation")
    assert (found["handed_over"], found["returned"], found["open"]) == (1, found["determined"] - 1, 0)
    must_refuse(work, officer, f"{at}/closing", minutes, 409, "term.cannot_close")


def print_papers(machines: dict[str, Machine], at: str) -> None:
    """Every paper of the term is issued and printed; the workbook is one."""
    officer = machines["officer"]
    for kind in ("DN", "UND", "LPJ"):
        issued = officer.do(f"{at}/papers", {"kind": kind, "region_code": "" if kind == "LPJ" else "99.01.01"})
        printed = officer.client.post(
            f"/api/v1/documents/{issued['document_id']}/print", json={}, headers=officer.header
        )
        assert printed.data.startswith(b"%PDF"), kind
    book = officer.client.post(f"/api/v1{at}/nominative.xlsx", json={}, headers=officer.header)
    assert book.data.startswith(b"PK")


def match_the_decree(work: Work, machines: dict[str, Machine], at: str) -> None:
    """A decree's file comes as CSV; each row gets its answer; the same file again changes nothing."""
    officer = machines["officer"]
    content = f"nama;kode_desa\nTidak Dikenal;{line.A}\n;{line.A}\n"

    def send() -> Any:
        return officer.client.post(
            f"/api/v1{at}/files", data=content, headers=officer.header | key() | named("sk.csv"),
            content_type="text/csv",
        )  # fmt: skip

    first, again = send().get_json(), send().get_json()
    assert (first["is_repeat"], again["is_repeat"]) == (False, True)
    assert first["counts"] == again["counts"]
    assert sum(first["counts"].values()) == 2
    where = f"{at}/files/{first['file_id']}"
    assert [one["row_no"] for one in officer.get(f"{where}/rows")["rows"]] == [2, 3]
    answer = officer.client.get(f"/api/v1{where}/answer.csv", headers=officer.header)
    assert "Hasil" in answer.get_data(as_text=True).splitlines()[0]
    wrong = officer.client.post(f"/api/v1{at}/files", data=b"x", headers=officer.header | key() | named("sk.zip"),
                                content_type="application/zip")  # fmt: skip
    assert wrong.status_code == 415


def hand_over_first(work: Work, machines: dict[str, Machine], round_at: str) -> dict[str, str]:
    """Hand the round's first package over at its post, and see that a second time is refused."""
    with work.read_by(SYSTEM) as tx:
        found = package(tx, UUID(machines["officer"].get(f"{round_at}/packages")["packages"][0]["id"]))
    field = Machine(machines["officer"].client, a_token(work, Role.FIELD, place_id=found.row.post_id))
    event = line.an_event(work, found)
    done: dict[str, str] = field.do("/handovers", {"payload": event.payload, "person": event.person})
    assert done["outcome"] == "accepted"
    again = line.an_event(work, found)
    must_refuse(
        work, field, "/handovers", {"payload": again.payload, "person": again.person}, 409, "handover.already_served"
    )
    return done


def test_a_term_in_cash_reserves_nothing_and_is_ready_at_once(app: Flask, work: Work, machines: dict[str, Machine]):
    at = a_listed_term(work, machines, CASH, CASH_TERM, ["H-0-0", "H-5-0"])
    machines["officer"].do(f"{at}/proposals", {"basis": "BA Musdes 4/2026"})
    machines["second"].do(f"{at}/verification")
    machines["head"].do(f"{at}/determination", DECREE)
    planned = machines["officer"].do(f"{at}/plans", DAYS)
    round_at = f"/rounds/{planned['round_id']}"
    approved = machines["second"].do(f"{round_at}/approval")
    assert (approved["packages"], approved["reservations"]) == (2, 0)
    assert machines["keeper"].get(f"{round_at}/to-send")["to_send"] == []
    packages = machines["officer"].get(f"{round_at}/packages")["packages"]
    assert {one["state"] for one in packages} == {"loaded"}
    done = hand_over_first(work, machines, round_at)
    page = app.test_client().get(f"/v/{done['verify_url'].rsplit('/', 1)[-1]}").get_data(as_text=True)
    assert "Rp600.000" in page
    assert prove_all(app.extensions["tanggap"], SYSTEM) == []
    void = machines["officer"].do(f"/handovers/{done['handover_id']}/void", {"reason": "wrong_household"})
    assert void["state"] == "voided"
    assert prove_all(app.extensions["tanggap"], SYSTEM) == []


def test_a_head_may_send_a_list_back_and_a_household_stands_on_it_once(work: Work, machines: dict[str, Machine]):
    officer, second, head = (machines[one] for one in ("officer", "second", "head"))
    at = a_listed_term(work, machines, STOVES, TERM, ["H-0-0"])
    known = line.households(work)
    must_refuse(work, officer, f"{at}/entries", {"household_id": str(known["H-0-0"])}, 409, "term.already_listed")
    must_refuse(work, machines["village"], f"{at}/entries", {"household_id": str(known["H-0-1"])}, 404,
                "household.not_found")  # fmt: skip
    must_refuse(work, officer, f"{at}/entries", {"household_id": str(known["H-0-1"]), "member_id": str(work.ids.new())},
                422, "term.other_unit")  # fmt: skip
    officer.do(f"{at}/proposals", {"basis": "BA Musdes 4/2026"})
    second.do(f"{at}/verification")
    assert head.do(f"{at}/sending-back", {"reason": "Periksa lagi desilnya"})["state"] == "draft"
    entry = officer.get(f"{at}/entries")["entries"][0]
    assert entry["state"] == "proposed"
    assert officer.do(f"/term-entries/{entry['id']}/withdrawal")["state"] == "candidate"
    assert officer.do(f"{at}/cancellation", {"reason": "Salah program"})["state"] == "cancelled"
    must_refuse(work, officer, f"{at}/proposals", {"basis": "BA Musdes"}, 409, "term.list_is_fixed")


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"items": []}, "term.goods_need_items"),
        ({"amount_rp": 5}, "term.goods_need_items"),
        ({"items": [{"item_code": "kasur", "quantity": "1.5"}]}, "term.not_a_step"),
        ({"items": [{"item_code": "uang_tunai", "quantity": "1"}]}, "term.goods_need_items"),
        ({"items": [{"item_code": "kasur", "quantity": "1"}] * 2}, "term.item_twice"),
        ({"quotas": {"99.02.01": 1}}, "term.quota_region"),
        ({"quotas": {"99.01.01": 0}}, "request.invalid"),
        ({"last_on": "2026-10-01"}, "request.invalid"),
    ],
)
def test_a_term_that_cannot_be_is_refused(
    work: Work, machines: dict[str, Machine], change: dict[str, object], code: str
):
    programme = machines["officer"].do("/programmes", STOVES)
    address = f"/programmes/{programme['id']}/terms"
    must_refuse(work, machines["officer"], address, {**TERM, **change}, 422, code)
    must_refuse(work, machines["village"], address, TERM, 403, "permission.missing")
    must_refuse(work, machines["officer"], "/programmes", STOVES, 409, "programme.name_taken")
