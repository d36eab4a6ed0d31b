"""The public check of a receipt: ours, voided, or the same answer to everything else."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from core.crypto import Keyring, new_ref
from core.documents.queries import document
from core.work import Work
from logistics.handover.commands import RecordedHandover, VoidHandover, void_handover
from logistics.handover.rules import Recipient
from logistics.handover.states import VoidReason
from routes.limiter import limiter
from tests.flows.line import (
    OFFICER,
    an_event,
    district_with_sent_week,
    field_officer,
    record,
    sent_week_of,
)
from tests.support.databases import Run

PERSON = "Ursula Yangmenerima"


@pytest.fixture
def database_url(engine_kind: str, run: Run, tmp_path: Path) -> Iterator[str]:
    with run.database(engine_kind, tmp_path, district_with_sent_week) as url:
        yield url


@pytest.fixture
def app(app: Flask) -> Iterator[Flask]:
    limiter.reset()
    yield app
    limiter.reset()


@pytest.fixture
def receipt(work: Work) -> RecordedHandover:
    found = sent_week_of(work).packages[0]
    assert found.row.post_id
    return record(work, an_event(work, found, recipient=Recipient(name=PERSON)), field_officer(found.row.post_id))


def token_of(work: Work, keys: Keyring, receipt: RecordedHandover) -> str:
    with work.read_by(OFFICER) as tx:
        ref = document(tx, receipt.receipt_id).public_ref
    assert ref is not None
    return keys.token("R", ref)


def test_a_receipt_is_confirmed_without_its_person(
    client: FlaskClient, work: Work, keys: Keyring, receipt: RecordedHandover
):
    with work.read_by(OFFICER) as tx:
        household = document(tx, receipt.receipt_id)
    for address in (f"/V/{token_of(work, keys, receipt)}", f"/v/{token_of(work, keys, receipt).lower()}"):
        answer = client.get(address)
        page = answer.get_data(as_text=True)
        assert answer.status_code == 200
        assert "Sah" in page
        assert receipt.number in page
        assert "16 November 2026" in page
        assert "kg" in page
        assert PERSON not in page
        assert "Uji " not in page, "no name of the household's head either"
        assert household.village_code and household.village_code not in page
        assert "Set-Cookie" not in answer.headers
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.headers["Referrer-Policy"] == "no-referrer"
        assert "noindex" in answer.headers["X-Robots-Tag"]
        assert "<script" not in page


def test_a_voided_receipt_says_so(client: FlaskClient, work: Work, keys: Keyring, receipt: RecordedHandover):
    order = VoidHandover(handover_id=receipt.handover_id, reason=VoidReason.OTHER, note="catatan rahasia petugas")
    work.run(OFFICER, lambda tx: void_handover(tx, order))
    answer = client.get(f"/V/{token_of(work, keys, receipt)}")
    page = answer.get_data(as_text=True)
    assert answer.status_code == 200
    assert "Dibatalkan" in page
    assert receipt.number in page
    assert "rahasia" not in page


def test_everything_that_is_not_ours_gets_the_same_bytes(
    client: FlaskClient, work: Work, keys: Keyring, receipt: RecordedHandover
):
    good = token_of(work, keys, receipt)
    with work.read_by(OFFICER) as tx:
        ref = document(tx, receipt.receipt_id).public_ref
    assert ref is not None
    forged = good[:-6] + ("A" if good[-6] != "A" else "B") + good[-5:]
    asked = {
        "altered": forged,
        "unknown": keys.token("R", new_ref()),
        "another kind of paper": keys.token("P", ref),
        "signed by others": Keyring.fresh().token("R", ref),
        "no token": "TIDAK-ADA",
        "a number": receipt.number.replace("/", "-"),
        "too long": "A" * 400,
        "not ASCII": "%F0%9F%A4%B7",
    }
    answers = {name: client.get(f"/v/{text}") for name, text in asked.items()}
    assert {name: answer.status_code for name, answer in answers.items()} == dict.fromkeys(asked, 404)
    assert len({answer.get_data() for answer in answers.values()}) == 1
    headers = {
        tuple(sorted((name, value) for name, value in answer.headers if name not in ("X-Request-Id", "Date")))
        for answer in answers.values()
    }
    assert len(headers) == 1


def test_one_address_asks_thirty_times_a_minute(client: FlaskClient, work: Work, keys: Keyring):
    answers = [client.get("/v/TIDAKADA").status_code for _ in range(31)]
    assert answers[:30] == [404] * 30
    assert answers[30] == 429
