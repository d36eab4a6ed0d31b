"""Every route × every role, generated from the routes and ``core/permissions.toml``: a new route needs no new test.

Nobody is asked to log in; who has no right is refused (403); who has it gets an answer; what lies outside one's scope
or office does not exist (404), and nothing of another office changes whatever is sent.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.routing import Rule
from werkzeug.test import TestResponse

from core.actor import Role
from core.clock import FixedClock
from core.crypto import use_ring
from core.permissions import matrix
from core.settings import Settings
from core.work import Work
from routes.guard import COOKIE, LOGGED_IN, PUBLIC, mark_of
from routes.limiter import limiter
from tests.flows import line
from tests.routes.sampled import NOBODY, OTHER, WHO, Samples, World, a_world, two_offices
from tests.support.applications import application
from tests.support.builders import REGENCY
from tests.support.databases import Run, open_for_test

READS, WRITES = "GET", "POST"
QUERIES = {
    "incidents.compare_versions": "?before=1&after=1",
    "incidents.list_changed_households": "?before=1&after=1&change=joined",
    "incidents.show_window": "?region_code={village_code}",
    "stock.card": "?tempat={place_code}&barang=beras",
    "stock-ledger.show_card": "?place_code={place_code}&item_code=beras",
    "stock_papers.card": "?tempat={place_code}&barang=beras",
    "stock-papers.print_card": "?place_code={place_code}&item_code=beras",
}
"""What a reading address cannot do without."""
ROLES = tuple(one for one in WHO if one != NOBODY)


@dataclass(frozen=True, slots=True)
class Way:
    """One way in: a route with one method."""

    rule: Rule
    method: str
    mark: str

    @property
    def is_api(self) -> bool:
        return self.rule.rule.startswith("/api/")

    @property
    def is_public(self) -> bool:
        return self.mark.startswith(PUBLIC)

    def address(self, samples: Samples) -> str | None:
        """Fill the parameters in; None when nothing of that kind is known."""
        filled = self.rule.rule + QUERIES.get(self.rule.endpoint, "").format(**samples.values)
        for name in sorted(self.rule.arguments):
            value = samples.of(self.rule.endpoint, name)
            if value is None:
                return None
            for written in (f"<uuid:{name}>", f"<int:{name}>", f"<path:{name}>", f"<{name}>"):
                filled = filled.replace(written, value)
        return filled

    def __str__(self) -> str:
        return f"{self.method} {self.rule.rule}"


@pytest.fixture(scope="module")
def world(engine_kind: str, run: Run, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """One world for all questions of this module, on each engine in turn."""
    folder: Path = tmp_path_factory.mktemp("world")
    # Made before any test of its own has keys; the template may be another process's.
    use_ring(run.keys())
    with run.database(engine_kind, folder, two_offices) as url:
        engine = open_for_test(url)
        yield a_world(Work(engine, FixedClock(line.MONDAY)), folder)
        engine.dispose()


@pytest.fixture(scope="module")
def asked(world: World, run: Run) -> Iterator[Flask]:
    """The application on that world. Form protection has tests of its own, and would answer before the guard does."""
    settings = Settings.from_env(
        database_url=str(world.work.engine.url), data_dir=world.folder, keys_dir=run.keys_dir,
        public_url="http://tanggap.test", is_cap_public=True,
    ) if world.work.engine.dialect.name == "sqlite" else Settings.from_env(
        database_url="postgresql://unused", data_dir=world.folder, keys_dir=run.keys_dir,
        public_url="http://tanggap.test", is_cap_public=True,
    )  # fmt: skip
    with application(settings, world.work, WTF_CSRF_ENABLED=False) as app:
        limiter.enabled = False
        yield app


@pytest.fixture(autouse=True, scope="module")
def _limiter_on_again() -> Iterator[None]:
    yield
    limiter.enabled = True


def ways(app: Flask) -> list[Way]:
    """Every way in, reading ones first, so that what is written changes no later answer."""
    found = [
        Way(rule, method, mark_of(app, rule.endpoint))
        for rule in app.url_map.iter_rules()
        if not (rule.endpoint == "static" or rule.endpoint.endswith(".static"))
        for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"})
    ]
    return sorted(found, key=lambda way: (way.method != READS, way.rule.rule))


def ask(app: Flask, world: World, way: Way, address: str, who: str) -> TestResponse:
    client: FlaskClient = app.test_client()
    headers = {"Idempotency-Key": uuid4().hex} if way.is_api else {}
    if who != NOBODY and way.is_api:
        headers["Authorization"] = f"Bearer {world.tokens[who]}"
    elif who != NOBODY:
        client.set_cookie(COOKIE, world.cookie_of(who))
    if way.method == READS:
        return client.get(address, headers=headers)
    if way.is_api:
        return client.open(address, method=way.method, json={}, headers=headers)
    return client.open(address, method=way.method, data={}, headers=headers)


def right_of(way: Way, who: str) -> str | None:
    """Tell how far this role reaches by the file: ``all:full``, ``own:totals``…; None when not at all."""
    if way.is_public or way.mark == LOGGED_IN:
        return "all:full"
    rule = matrix()[way.mark].get(Role(who))
    return None if rule is None else f"{'all' if rule.is_all else 'own'}:{rule.detail}"


def leaks(world: World, answer: TestResponse) -> bool:
    body = answer.get_data()
    return any(number.encode() in body for number in world.known_numbers)


def test_every_parameter_of_a_route_has_a_sample(asked: Flask, world: World):
    """A route with a new kind of parameter: say in tests/routes/sampled.py what one's own, and a stranger's, is."""
    missing = [
        f"{way}: no sample for {sorted(way.rule.arguments)}" for way in ways(asked)
        if way.address(world.own) is None or way.address(world.foreign) is None
    ]  # fmt: skip
    assert not missing, "\n".join(missing)


def test_nobody_gets_further_than_the_login(asked: Flask, world: World):
    wrong = []
    for way in ways(asked):
        answer = ask(asked, world, way, way.address(world.own) or "", NOBODY)
        is_login = answer.status_code == 302 and answer.headers["Location"].startswith("/masuk")
        if way.is_public:
            is_right = answer.status_code < 500 and answer.status_code not in (401, 403)
            if way.rule.endpoint == "login.start":
                is_right = answer.status_code == 401
        else:
            is_right = answer.status_code == 401 if way.is_api else is_login
        if not is_right or leaks(world, answer):
            wrong.append(f"{way}: {answer.status_code}")
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("who", ROLES)
def test_a_role_gets_what_the_file_gives_it_and_nothing_else(asked: Flask, world: World, who: str):
    wrong = against_the_file(asked, world, ((way, who) for way in ways(asked)))
    assert not wrong, "\n".join(wrong)


@pytest.mark.engines("postgresql")
def test_every_way_lets_somebody_in_on_postgresql_too(asked: Flask, world: World):
    """On SQLite every role goes every way; here the one that sees most, so that each way's queries are really asked."""
    asked_by = [(way, who) for way in ways(asked) if (who := sees_most(way)) is not None]
    wrong = against_the_file(asked, world, asked_by)
    assert not wrong, "\n".join(wrong)
    assert {way.mark for way, _ in asked_by} >= set(matrix()) & {way.mark for way in ways(asked)}, "nobody is let in"


def sees_most(way: Way) -> str | None:
    """Give the role that the file lets in furthest; None where it lets nobody in."""
    known = {who: right for who in ROLES if (right := right_of(way, who)) is not None}
    return min(known, key=lambda who: (not known[who].startswith("all"), known[who] != "all:full"), default=None)


def against_the_file(asked: Flask, world: World, asked_by: Iterable[tuple[Way, str]]) -> list[str]:
    """Go these ways, each as its role; gives what is not as the file of permissions says."""
    wrong = []
    for way, who in asked_by:
        if way.rule.endpoint == "login.start":
            continue
        answer = ask(asked, world, way, way.address(world.own) or "", who)
        right = right_of(way, who)
        if right is None:
            is_right = answer.status_code == 403
        elif right.endswith((":totals", ":counts")):
            # Who sees totals only may be refused the detail behind them.
            is_right = answer.status_code < 500 and answer.status_code != 401
        else:
            is_right = answer.status_code < 500 and answer.status_code not in (401, 403)
            is_right &= (
                answer.status_code != 404 or way.rule.rule == "/_komponen" or is_empty_order(way, answer)
                or (who == Role.FIELD and way.rule.endpoint in OF_A_VILLAGE)
            )  # fmt: skip
        if not is_right:
            wrong.append(f"{way}: {answer.status_code} for {right or 'no right'} ({way.mark})")
        if leaks(world, answer):
            wrong.append(f"{way}: shows a whole NIK or No. KK to {who}")
    return wrong


def is_empty_order(way: Way, answer: TestResponse) -> bool:
    """Tell whether this is an order that named nothing: what it should have named is not found, and rightly so."""
    return way.method == WRITES and not way.is_api and way.rule.endpoint in EMPTY_ORDERS


OF_A_VILLAGE = {"affected_households.list_decisions", "affected_households.list_stays"}
"""A machine's token has one scope, here a field officer's post: it reaches nobody who is told of by the village."""
EMPTY_ORDERS = {
    f"{under}handover.{one}" for under in ("", "term.") for one in ("receipts", "signature_list")
}  # fmt: skip


@pytest.mark.parametrize("who", ROLES)
def test_what_belongs_to_another_office_does_not_exist(asked: Flask, world: World, who: str):
    before = state_of(world, OTHER)
    wrong = []
    for way in ways(asked):
        if not way.rule.arguments or way.is_public or (right := right_of(way, who)) is None:
            continue
        answer = ask(asked, world, way, way.address(world.foreign) or "", who)
        # An empty form is refused before anybody looks what it was about, or leads back to where it came from.
        allowed = {404} if way.method == READS else {404, 400, 422} | (set() if way.is_api else {303})
        if right.endswith(":totals"):
            allowed |= {403}
        if answer.status_code not in allowed:
            wrong.append(f"{way}: {answer.status_code} instead of 404")
        if leaks(world, answer):
            wrong.append(f"{way}: shows a whole NIK or No. KK to {who}")
    assert not wrong, "\n".join(wrong)
    assert state_of(world, OTHER) == before


SCOPED = {
    "package_id", "handover_id", "load_id", "household_id", "document_id", "shipment_id", "consignment_id",
    "correction_id", "count_id", "erasure_id", "list_id", "entry_id", "pair_id", "proposal_id", "card_id",
    "village_code", "completion.file_id", "registry-completion.file_id",
}  # fmt: skip
"""Parameters that lie in a place or a village; where only those of one blueprint do, its name stands before."""


def is_scoped(way: Way) -> bool:
    blueprint = way.rule.endpoint.split(".")[0]
    return bool(SCOPED & {name for one in way.rule.arguments for name in (one, f"{blueprint}.{one}")})


@pytest.mark.parametrize("who", [Role.FIELD.value, Role.WAREHOUSE.value, Role.VILLAGE.value])
def test_what_belongs_to_another_post_or_village_does_not_exist(asked: Flask, world: World, who: str):
    before = state_of(world, REGENCY)
    wrong, tried = [], 0
    for way in ways(asked):
        right = None if way.is_public or way.mark == LOGGED_IN else right_of(way, who)
        if right is None or not right.startswith("own") or not is_scoped(way):
            continue
        tried += 1
        answer = ask(asked, world, way, way.address(world.beside) or "", who)
        allowed = {404} if way.method == READS else {404, 422} | (set() if way.is_api else {303})
        if answer.status_code not in allowed:
            wrong.append(f"{way}: {answer.status_code} instead of 404")
    assert not wrong, "\n".join(wrong)
    assert tried > 0
    assert state_of(world, REGENCY) == before


def state_of(world: World, regency_code: str) -> str:
    """Give one hash over everything that an office owns."""
    inspected = sa.inspect(world.work.engine)
    seen = hashlib.sha256()
    with world.work.engine.connect() as connection:
        for name in sorted(inspected.get_table_names()):
            columns = [column["name"] for column in inspected.get_columns(name)]
            if "regency_code" not in columns or name in ("audit_row", "access_row"):
                continue
            table = sa.table(name, *(sa.column(one) for one in columns))
            rows = connection.execute(sa.select(table).where(table.c.regency_code == regency_code)).all()
            seen.update(repr(sorted(map(repr, rows))).encode())
    return seen.hexdigest()
