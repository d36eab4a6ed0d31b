"""The migrations alone make what the models say, on both engines."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from uuid import UUID, uuid4

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from core.db import Base, open_engine
from routes.cli import alembic_config
from tests.support import tree
from tests.support.databases import Run, import_models


def test_there_is_one_head():
    assert len(ScriptDirectory(str(tree.ROOT / "migrations")).get_heads()) == 1


@pytest.fixture
def migrated(empty_database_url: str) -> Iterator[sa.Engine]:
    command.upgrade(alembic_config(empty_database_url), "head")
    engine = open_engine(empty_database_url)
    yield engine
    engine.dispose()


@pytest.fixture
def modelled(migrated: sa.Engine, run: Run, tmp_path: Path) -> Iterator[sa.Engine]:
    """A second database of the same engine, made by the models alone."""
    with run.empty(migrated.dialect.name, tmp_path) as url:
        engine = open_engine(url)
        import_models()
        Base.metadata.create_all(engine)
        yield engine
        engine.dispose()


def test_the_migrations_make_exactly_the_models(migrated: sa.Engine):
    import_models()
    with migrated.connect() as connection:
        context = MigrationContext.configure(
            connection,
            opts={"compare_type": True, "include_name": lambda name, kind, _: name != "alembic_version"},
        )
        assert compare_metadata(context, Base.metadata) == []


def test_the_migrations_make_the_same_checks_and_triggers_as_the_models(migrated: sa.Engine, modelled: sa.Engine):
    """What alembic's own comparison does not look at: CHECKs, triggers, partial indexes."""
    assert described(migrated) == described(modelled)


def described(engine: sa.Engine) -> dict[str, object]:
    inspector = sa.inspect(engine)
    tables = set(inspector.get_table_names()) - {"alembic_version"}
    checks = {
        (table, check["name"]): " ".join(check["sqltext"].split())
        for table in tables
        for check in inspector.get_check_constraints(table)
    }
    indexes = {
        (table, index["name"]): (tuple(index["column_names"]), index["unique"], _told(index.get("dialect_options")))
        for table in tables
        for index in inspector.get_indexes(table)
    }
    with engine.connect() as connection:
        if engine.dialect.name == "sqlite":
            triggers = set(connection.scalars(sa.text("SELECT name FROM sqlite_master WHERE type = 'trigger'")))
        else:
            triggers = set(connection.scalars(sa.text("SELECT tgname FROM pg_trigger WHERE NOT tgisinternal")))
        storage = set(map(tuple, connection.execute(sa.text(
            "SELECT attrelid::regclass::text, attname FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid "
            "WHERE attstorage = 'e' AND relkind = 'r' AND relnamespace = current_schema()::regnamespace"
        )))) if engine.dialect.name == "postgresql" else set()  # fmt: skip
    return {"tables": tables, "checks": checks, "indexes": indexes, "triggers": triggers, "storage": storage}


def _told(options: Mapping[str, object] | None) -> str:
    """Write an index's own options; a WHERE comes as an object whose repr is its place in memory."""
    return str({name: str(value) for name, value in sorted((options or {}).items())})


def writing(connection: sa.Connection, at: datetime) -> Callable[..., None]:
    """Write rows of an old database, with something harmless in every other column that must not be empty."""
    tables = sa.MetaData()
    tables.reflect(connection)
    harmless: dict[type, object] = {
        str: "", int: 0, bool: False, bytes: b"", datetime: at, date: at.date(), UUID: UUID(int=0),
    }  # fmt: skip
    is_sqlite = connection.dialect.name == "sqlite"

    def row(table: str, **values: object) -> None:
        given = {name: one.hex if isinstance(one, UUID) and is_sqlite else one for name, one in values.items()}
        for column in tables.tables[table].columns:
            if column.name not in given and not column.nullable and column.server_default is None:
                is_office = column.name == "regency_code"
                given[column.name] = "99.01" if is_office else harmless[column.type.python_type]
        connection.execute(tables.tables[table].insert(), given)

    return row


def test_an_old_ledger_gets_its_days_months_and_triggers(empty_database_url: str):
    """What was booked before sums were kept by day is summed once, on both engines, and stays append-only."""
    config = alembic_config(empty_database_url)
    command.upgrade(config, "0002")
    engine = open_engine(empty_database_url)
    at = datetime(2026, 3, 30, 2, tzinfo=UTC)
    giver, shelf, item, batch, document = (uuid4() for _ in range(5))

    is_sqlite = engine.dialect.name == "sqlite"
    with engine.begin() as connection:
        row = writing(connection, at)
        for place, kind in ((giver, "supplier"), (shelf, "warehouse")):
            row("place", id=place, kind=kind, code=kind, name=kind)
        row("item", id=item, code="kasur", category="sandang_nonpangan", step_milli=1000)
        row("batch", id=batch, item_id=item, code="B", funding_source="apbd", quantity_milli=9000, value_rp=90)
        row("stock_document", id=document, kind="receipt")
        for days, milli in ((0, 4000), (0, 1000), (1, 2000), (2, 2000)):
            when = at + timedelta(days=days)
            row(
                "move", id=uuid4(), document_id=document, from_place_id=giver, to_place_id=shelf, batch_id=batch,
                quantity_milli=milli, value_rp=milli // 100, event_on=when.date(), event_at=when, recorded_at=when,
            )  # fmt: skip
        for place, milli in ((giver, -9000), (shelf, 9000)):
            row("balance", place_id=place, batch_id=batch, is_bounded=place == shelf, on_hand_milli=milli,
                value_rp=milli // 100)  # fmt: skip
    command.upgrade(config, "head")
    with engine.connect() as connection:
        asked = {"place": shelf.hex if is_sqlite else shelf}
        read = "SELECT {0}, change_milli, change_rp FROM {1} WHERE place_id = :place ORDER BY {0}"
        by_day = connection.execute(sa.text(read.format("event_on", "balance_day")), asked).all()
        assert [tuple(map(str, one)) for one in by_day] == [
            ("2026-03-30", "5000", "50"), ("2026-03-31", "2000", "20"), ("2026-04-01", "2000", "20"),
        ]  # fmt: skip
        months = connection.execute(sa.text(read.format("first_on", "balance_month")), asked).all()
        assert [tuple(map(str, one)) for one in months] == [("2026-03-01", "7000", "70"), ("2026-04-01", "2000", "20")]
        last = connection.scalar(sa.text("SELECT last_on FROM balance WHERE place_id = :place"), asked)
        assert str(last) == "2026-04-01"
    with pytest.raises(sa.exc.DBAPIError, match="append-only"), engine.begin() as connection:
        connection.execute(sa.text("UPDATE move SET quantity_milli = 1"))
    engine.dispose()


def test_numbers_of_people_get_their_table_and_the_index_comes_back_with_the_way_down(empty_database_url: str):
    config = alembic_config(empty_database_url)
    command.upgrade(config, "0026")
    engine = open_engine(empty_database_url)
    at = datetime(2026, 3, 30, 2, tzinfo=UTC)
    snapshot, homes = uuid4(), [uuid4(), uuid4(), uuid4()]
    numbers = [bytes([one]) * 32 for one in (9, 1, 5)]
    with engine.begin() as connection:
        row = writing(connection, at)
        row("region", code="99.01.01.1001", level="village", kind="desa", name="Saum")
        for no, home in enumerate(homes, 1):
            row("household", id=home, row_no=no, code=f"K{no}", village_code="99.01.01.1001", size=1)
        # Two of the first household have one number, which somebody of the second has too; one has none.
        for place, number in ((0, 0), (0, 0), (1, 0), (1, 1), (2, 2), (2, None)):
            index = None if number is None else numbers[number]
            row("member", id=uuid4(), household_id=homes[place], member_key=uuid4().hex, relation="other",
                nik_bidx=index)  # fmt: skip
        row("snapshot", id=snapshot, state="staged")
        row("taking_over", snapshot_id=snapshot, stage="filling", step=7)
    command.upgrade(config, "0027")
    with engine.connect() as connection:
        known = connection.execute(sa.text("SELECT number_index, row_no FROM known_number ORDER BY 1, 2")).all()
        assert [(bytes(one[0]), one[1]) for one in known] == [
            (numbers[1][:16], 2), (numbers[2][:16], 3), (numbers[0][:16], 1), (numbers[0][:16], 2),
        ]  # fmt: skip
        # What was half filled in counted its steps otherwise: it is taken back and begun anew.
        assert tuple(connection.execute(sa.text("SELECT stage, step FROM taking_over")).one()) == ("leaving", 0)
    assert "ix_member_nik_bidx" not in {one["name"] for one in sa.inspect(engine).get_indexes("member")}
    command.downgrade(config, "0026")
    assert "ix_member_nik_bidx" in {one["name"] for one in sa.inspect(engine).get_indexes("member")}
    assert "known_number" not in sa.inspect(engine).get_table_names()


def test_links_of_every_file_become_links_that_last_and_are_those_of_the_current_file_on_the_way_down(
    empty_database_url: str,
):
    config = alembic_config(empty_database_url)
    command.upgrade(config, "0030")
    engine = open_engine(empty_database_url)
    at = datetime(2026, 3, 30, 2, tzinfo=UTC)
    files = [uuid4() for _ in range(3)]
    homes = [uuid4(), uuid4()]
    with engine.begin() as connection:
        row = writing(connection, at)
        row("region", code="99.01.01.1001", level="village", kind="desa", name="Saum")
        for no, home in enumerate(homes, 1):
            row("household", id=home, row_no=no, code=f"K{no}", village_code="99.01.01.1001", size=1)
        for place, file in enumerate(files):
            row("snapshot", id=file, source="dtsen", state="current" if place == 2 else "replaced",
                current_at=at + timedelta(days=place))  # fmt: skip
        # The second household stands in the first file and in the third.
        for place, whose in ((0, 0), (1, 0), (2, 0), (0, 1), (2, 1)):
            row("registry_link", id=uuid4(), snapshot_id=files[place], household_id=homes[whose],
                external_id=f"h{whose}", state="imported")  # fmt: skip
    told = sa.text("SELECT household_id, snapshot_id, until_snapshot_id FROM registry_link")
    number = {one.hex: place for place, one in enumerate([*files, *homes])}

    def read() -> list[tuple[int | None, ...]]:
        with engine.connect() as connection:
            rows = [[None if one is None else number[UUID(str(one)).hex] for one in row]
                    for row in connection.execute(told)]  # fmt: skip
        return sorted(map(tuple, rows), key=str)

    command.upgrade(config, "0031")
    assert read() == [(3, 0, 1), (3, 1, 2), (3, 2, None), (4, 0, 1), (4, 2, None)]
    with engine.begin() as connection:
        # As the next file leaves them that lists the same two: nothing is written anew.
        connection.execute(sa.text("UPDATE snapshot SET state = 'replaced' WHERE state = 'current'"))
        writing(connection, at)(
            "snapshot", id=uuid4(), source="dtsen", state="current", current_at=at + timedelta(days=3)
        )
    command.downgrade(config, "0030")
    with engine.connect() as connection:
        of_current = sa.text(
            "SELECT COUNT(*) FROM registry_link l JOIN snapshot s ON s.id = l.snapshot_id WHERE s.state = 'current'"
        )
        assert connection.scalar(of_current) == len(homes)
    engine.dispose()


def test_cards_of_households_come_into_the_table_of_numbers_and_go_again_with_the_way_down(empty_database_url: str):
    config = alembic_config(empty_database_url)
    command.upgrade(config, "0031")
    engine = open_engine(empty_database_url)
    at = datetime(2026, 3, 30, 2, tzinfo=UTC)
    snapshot, homes = uuid4(), [uuid4(), uuid4(), uuid4()]
    card_of_two = bytes([9]) * 32
    person = bytes([5]) * 16
    index = "ix_household_regency_code_kk_bidx"

    def known() -> list[tuple[bytes, int]]:
        with engine.connect() as connection:
            rows = connection.execute(sa.text("SELECT number_index, row_no FROM known_number ORDER BY 1, 2")).all()
        return [(bytes(one[0]), one[1]) for one in rows]

    def begin(step: int) -> None:
        with engine.begin() as connection:
            connection.execute(sa.text("UPDATE taking_over SET stage = 'filling', step = :step"), {"step": step})

    def stage() -> tuple[str, int]:
        with engine.connect() as connection:
            row = connection.execute(sa.text("SELECT stage, step FROM taking_over")).one()
            return row[0], row[1]

    with engine.begin() as connection:
        row = writing(connection, at)
        row("region", code="99.01.01.1001", level="village", kind="desa", name="Saum")
        # Two have one card, the third has none.
        for no, (home, card) in enumerate(zip(homes, (card_of_two, card_of_two, None), strict=True), 1):
            row("household", id=home, row_no=no, code=f"K{no}", village_code="99.01.01.1001", size=1, kk_bidx=card)
        row("known_number", number_index=person, row_no=3)
        row("snapshot", id=snapshot, state="staged")
        row("taking_over", snapshot_id=snapshot, stage="filling", step=7)
    command.upgrade(config, "0032")
    assert known() == [(person, 3), (card_of_two[:16], 1), (card_of_two[:16], 2)]
    # What was half filled in counted its steps otherwise: it is taken back and begun anew.
    assert stage() == ("leaving", 0)
    assert index not in {one["name"] for one in sa.inspect(engine).get_indexes("household")}
    begin(3)
    command.downgrade(config, "0031")
    assert known() == [(person, 3)]
    assert stage() == ("leaving", 0)
    assert index in {one["name"] for one in sa.inspect(engine).get_indexes("household")}


def test_packages_keep_the_hours_that_they_were_promised_by_their_plan(empty_database_url: str):
    """Whatever the post tells today; where its plan froze none, that is all anybody was told."""
    config = alembic_config(empty_database_url)
    command.upgrade(config, "0028")
    engine = open_engine(empty_database_url)
    at = datetime(2026, 11, 16, 2, tzinfo=UTC)
    post, other, standard, event, week, plan, revision, home, move = (uuid4() for _ in range(9))
    frozen, waits, unknown, plain = (uuid4() for _ in range(4))
    with engine.begin() as connection:
        row = writing(connection, at)
        row("office", regency_code="99.01", time_zone="Asia/Jayapura")
        row("region", code="99.01.01.2001", level="village")
        for place in (post, other):
            row("place", id=place, kind="post", code=place.hex, name="")
            row("post", place_id=place, capacity_per_day=5, state="open")
        for no, first in ((1, "19:00"), (2, "20:00")):
            row("post_slot", post_id=post, no=no, starts_at=first, ends_at="21:00", households=5)
            row("post_slot", post_id=other, no=no, starts_at=first, ends_at="21:00", households=5)
        row("package_standard", id=standard, state="draft", purpose="relief", days=7)
        row("incident", id=event, hazard="flood", slug="a", state="response")
        row("round", id=week, incident_id=event, no=1, state="planned", standard_id=standard, first_day=1)
        for no, each in enumerate((plan, revision), 1):
            row("plan", id=each, round_id=week, no=no, state="approved")
        row("plan_post", plan_id=plan, post_id=post, capacity_per_day=5, slots="08:00-10:00=3 10:00-12:00=2")
        row("plan_post", plan_id=revision, post_id=post, capacity_per_day=5, slots="09:00-11:00=5")
        row("household", id=home, row_no=1, village_code="99.01.01.2001", size=1)
        spots: dict[UUID, dict[str, object]] = {
            frozen: {"post_id": post, "slot": 1}, waits: {"state": "waiting", "serve_on": None},
            unknown: {"post_id": other, "slot": 0}, plain: {"post_id": post},
        }  # fmt: skip
        for no, (each, spot) in enumerate(spots.items(), 1):
            made = {"state": "planned", "serve_on": at.date(), **spot}
            row("package", id=each, round_id=week, plan_id=plan, beneficiary_id=each, household_id=home,
                standard_id=standard, no=1, code=f"P{no}", persons=1, reason_facts="{}", **made)  # fmt: skip
        row("group_move", id=move, round_id=week, no=1, from_post_id=other, from_on=at.date(), to_post_id=post,
            to_on=at.date(), households=1)  # fmt: skip
        row("group_move_package", move_id=move, package_id=frozen, slot_before=1, slot_after=0)
        row("plan_change", plan_id=revision, package_id=frozen, kind="moved", before_post_id=post, before_slot=1,
            post_id=post, slot=0)  # fmt: skip
    command.upgrade(config, "head")
    with engine.connect() as connection:
        packages = {one.code: one.hours for one in connection.execute(sa.text("SELECT code, hours FROM package"))}
        assert packages == {"P1": "10:00-12:00", "P2": "", "P3": "19:00-21:00", "P4": ""}
        moved = connection.execute(sa.text("SELECT hours_before, hours_after FROM group_move_package")).one()
        assert tuple(moved) == ("20:00-21:00", "08:00-10:00")
        changed = connection.execute(sa.text("SELECT before_hours, hours FROM plan_change")).one()
        assert tuple(changed) == ("10:00-12:00", "09:00-11:00")
        assert "slot" not in {one["name"] for one in sa.inspect(connection).get_columns("package")}
    engine.dispose()


def test_of_several_drafts_of_a_rule_the_newest_stays(empty_database_url: str):
    config = alembic_config(empty_database_url)
    command.upgrade(config, "0036")
    engine = open_engine(empty_database_url)
    at = datetime(2026, 11, 16, 2, tzinfo=UTC)
    first, held, last = (UUID(int=no) for no in (1, 2, 3))
    with engine.begin() as connection:
        row = writing(connection, at)
        row("priority_rule", id=first, version="2026-1", parts="none", state="draft")
        row("priority_rule", id=held, version="2026-2", parts="none", state="in_force")
        row(
            "priority_rule", id=last, version="2026-3", parts="none", state="draft", proposed_at=at + timedelta(hours=1)
        )
        row("priority_rule", id=uuid4(), regency_code="99.02", version="2026-1", parts="none", state="draft")
    command.upgrade(config, "head")
    with engine.connect() as connection:
        told = connection.execute(
            sa.text("SELECT regency_code, version, state, retired_at FROM priority_rule ORDER BY 1, 2")
        ).all()
    assert [tuple(one)[:3] for one in told] == [
        ("99.01", "2026-1", "retired"), ("99.01", "2026-2", "in_force"), ("99.01", "2026-3", "draft"),
        ("99.02", "2026-1", "draft"),
    ]  # fmt: skip
    assert [one.retired_at is None for one in told] == [False, True, True, True]
    command.downgrade(config, "0036")
    engine.dispose()
