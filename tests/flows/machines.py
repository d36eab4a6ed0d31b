"""Machines with tokens, and what every refusal of the API must be."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from core.work import Work
from tests.routes.asking import key


class Machine:
    """One machine with a token of one role."""

    def __init__(self, client: FlaskClient, header: dict[str, str]) -> None:
        self.client, self.header = client, header

    def get(self, address: str, **args: str) -> Any:
        answer = self.client.get("/api/v1" + address, query_string=args, headers=self.header)
        assert answer.status_code == 200, answer.get_data(as_text=True)
        return answer.get_json()

    def post(self, address: str, body: object = None, same: str = "") -> TestResponse:
        return self.client.post("/api/v1" + address, json=body, headers=self.header | key(same))

    def do(self, address: str, body: object = None) -> Any:
        """Post, and post again under the same key: the same answer, and nothing more happens."""
        once = key()["Idempotency-Key"]
        first = self.post(address, body, once)
        assert first.status_code in (200, 201), first.get_data(as_text=True)
        again = self.post(address, body, once)
        assert (again.status_code, again.get_json()) == (first.status_code, first.get_json())
        assert again.headers["Idempotent-Replay"] == "true"
        return first.get_json()


def rows(work: Work, *, but: tuple[str, ...] = ("audit_row", "access_row", "api_token")) -> dict[str, int]:
    with work.engine.connect() as connection:
        return {
            name: connection.scalar(sa.select(sa.func.count()).select_from(sa.table(name))) or 0
            for name in sa.inspect(work.engine).get_table_names() if name not in but
        }  # fmt: skip


def must_refuse(work: Work, machine: Machine, address: str, body: object, status: int, code: str) -> Mapping[str, Any]:
    """A refusal is a problem with one sentence in each language, and leaves every table as it was."""
    before = rows(work)
    answer = machine.post(address, body)
    told = answer.get_json()
    assert (answer.status_code, told["code"]) == (status, code), told
    assert answer.mimetype == "application/problem+json"
    assert told["status"] == status
    assert told["sentences"]["id"] and told["sentences"]["en"]
    assert told["sentences"]["id"] != told["sentences"]["en"]
    assert "{" not in told["sentences"]["id"] + told["sentences"]["en"]
    assert rows(work) == before
    return told  # type: ignore[no-any-return]
