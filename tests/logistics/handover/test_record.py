"""A package is handed over once: event, books, package and receipt together, or nothing of it."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest
import sqlalchemy as sa
from flask import Flask

from core.actor import Actor, Role
from core.audit import trail
from core.clock import FixedClock
from core.documents.queries import document, find_by_ref, said, said_of_person
from core.documents.states import DocumentState
from core.errors import Conflict, Forbidden, Invalid, NotFound, Refused
from core.measures import Milli
from core.work import Work
from logistics.handover import commands, queries
from logistics.handover.models import Handover, HandoverEvent, HandoverLine, HandoverPerson
from logistics.handover.papers import ReceiptFacts, ReceiptPerson
from logistics.handover.rules import Recipient, write_recipient
from logistics.handover.states import HandoverState, Outcome, RecipientKind, VoidReason
from logistics.packages.queries import PackageView, package
from logistics.packages.states import PackageState
from routes.checks import prove_all
from stock.ledger.queries import item_balances
from tests.flows import line
from tests.support.builders import SYSTEM, an_actor
from tests.support.racing import at_once

TABLES = (HandoverEvent, HandoverPerson, Handover, HandoverLine)


def counts(work: Work) -> tuple[int, ...]:
    """Count what a handover writes: a refusal must leave every number as it was."""
    names = [table.__tablename__ for table in TABLES] + ["document", "move", "audit_row", "number_series"]
    known = set(sa.inspect(work.engine).get_table_names())
    with work.engine.connect() as connection:
        return tuple(
            connection.scalar(sa.select(sa.func.count()).select_from(sa.table(name))) or 0
            for name in names if name in known
        )  # fmt: skip


def on_hand(work: Work, place_id: UUID) -> dict[str, int]:
    with work.read_by(line.OFFICER) as tx:
        return {one.item.code: one.on_hand_milli for one in item_balances(tx, place_ids=[place_id])}


def refused(work: Work, order: commands.RecordHandover, actor: Actor) -> Refused:
    before = counts(work)
    with pytest.raises(Refused) as told:
        line.record(work, order, actor)
    assert counts(work) == before
    return told.value


def officer_of(found: PackageView) -> Actor:
    assert found.row.post_id is not None
    return line.field_officer(found.row.post_id)


# ---------------------------------------------------------------- it happens


def test_a_handover_moves_the_goods_marks_the_package_and_issues_a_receipt(work: Work, week: line.SentWeek):
    found = week.packages[0]
    assert found.row.post_id is not None
    before = on_hand(work, found.row.post_id)
    done = line.hand_over(work, found)
    after = on_hand(work, found.row.post_id)
    for item in found.lines:
        assert before[item.item_code] - after.get(item.item_code, 0) == item.quantity_milli
    with work.read_by(line.OFFICER) as tx:
        view = queries.handover(tx, done.handover_id)
        assert package(tx, found.row.id).row.state is PackageState.HANDED_OVER
        paper = document(tx, done.receipt_id)
        facts, person = said(tx, paper.id, ReceiptFacts), said_of_person(tx, paper.id, ReceiptPerson)
        acts = [one.action for one in trail(tx.session, "handover", done.handover_id)]
    assert (view.state, view.is_partial, view.receipt_number) == (HandoverState.VALID, False, done.number)
    assert (paper.number, paper.public_ref) == (done.number, found.public_ref)
    assert [(one.name, one.quantity_milli) for one in facts.items] == [
        (one.item_name_id, one.quantity_milli) for one in found.lines
    ]
    assert person is not None
    assert person.recipient_name == "Uji Penerima"
    assert acts == ["handover.record"]


def test_the_day_of_a_receipt_is_the_offices_local_day(work: Work, week: line.SentWeek, fixed_clock: FixedClock):
    fixed_clock.set(line.MONDAY.replace(hour=17, minute=30))  # half past midnight in Jakarta, still Monday in UTC
    actor = officer_of(week.packages[0])
    done = line.record(work, line.an_event(work, week.packages[0]), actor)
    with work.read_by(line.OFFICER) as tx:
        assert queries.handover(tx, done.handover_id).event_on == line.MONDAY.date() + timedelta(days=1)


def test_the_same_event_again_gets_the_same_answer_and_nothing_more_happens(work: Work, week: line.SentWeek):
    found = week.packages[0]
    order = line.an_event(work, found)
    first = line.record(work, order, officer_of(found))
    before = counts(work)
    again = line.record(work, order, officer_of(found))
    assert counts(work) == before
    assert again == replace(first, outcome=Outcome.DUPLICATE)


def test_the_same_id_with_other_bytes_is_refused(work: Work, week: line.SentWeek):
    found = week.packages[0]
    order = line.an_event(work, found)
    line.record(work, order, officer_of(found))
    told = refused(work, replace(order, payload=order.payload + " "), officer_of(found))
    assert told.code == "handover.id_reused"


def test_a_proxy_is_recorded_with_relation_and_kind_of_paper_and_apart_from_the_event(work: Work, week: line.SentWeek):
    found = week.packages[0]
    proxy = Recipient(name="Uji Wakil", relation="menantu", document="KTP")
    done = line.record(work, line.an_event(work, found, recipient=proxy, kind=RecipientKind.PROXY), officer_of(found))
    with work.read_by(line.OFFICER) as tx:
        assert queries.recipient_of(tx, done.handover_id) == proxy
        kept = tx.session.get_one(HandoverEvent, done.event_id)
        assert b"Wakil" not in kept.payload
        tx.session.expunge_all()
    with work.engine.begin() as connection:
        connection.execute(sa.delete(HandoverPerson).where(HandoverPerson.event_id == done.event_id))
    with work.read_by(line.OFFICER) as tx:
        assert queries.recipient_of(tx, done.handover_id) is None, "erased, and the handover stays"
        assert queries.handover(tx, done.handover_id).state is HandoverState.VALID


def test_less_than_due_needs_a_reason_and_only_what_was_given_moves(work: Work, week: line.SentWeek):
    found = week.packages[0]
    assert found.row.post_id is not None
    first = found.lines[0]
    given = {one.item_code: one.quantity_milli for one in found.lines} | {first.item_code: 0}
    actor = officer_of(found)
    told = refused(work, line.an_event(work, found, given=given), actor)
    assert (told.code, told.status) == ("handover.partial_reason_missing", 422)
    before = on_hand(work, found.row.post_id)
    done = line.record(work, line.an_event(work, found, given=given, partial_reason="Basah kena hujan"), actor)
    assert done.is_partial
    assert on_hand(work, found.row.post_id)[first.item_code] == before[first.item_code]
    with work.read_by(line.OFFICER) as tx:
        rows = {one.item_id: one for one in queries.handover_lines(tx, done.handover_id)}
    assert (rows[first.item_id].due_milli, rows[first.item_id].quantity_milli) == (first.quantity_milli, 0)


# ---------------------------------------------------------------- it cannot have happened


def test_a_package_is_not_handed_over_twice(work: Work, week: line.SentWeek):
    found = week.packages[0]
    done = line.hand_over(work, found)
    told = refused(work, line.an_event(work, found), officer_of(found))
    assert told.code == "handover.already_served"
    assert told.facts["number"] == done.number
    assert "11.00" in str(told.facts["when"]) or "09.00" in str(told.facts["when"])


def test_another_posts_package_is_as_unknown_as_one_that_never_was(work: Work, week: line.SentWeek):
    found = week.packages[0]
    other = next(one for one in week.posts if one != found.row.post_id)
    stranger = line.field_officer(other)
    orders = (
        line.an_event(work, found),  # told truly, by somebody of another post
        line.an_event(work, found, post_id=other),  # another's package said to be at one's own post
        line.an_event(work, found, post_id=other, package_id=work.ids.new()),
    )
    assert {(told.code, told.status) for told in (refused(work, one, stranger) for one in orders)} == {
        ("package.not_found", 404)
    }


def test_who_serves_at_both_posts_is_told_where_the_package_lies(work: Work, week: line.SentWeek):
    found = week.packages[0]
    other = next(one for one in week.posts if one != found.row.post_id)
    both = replace(officer_of(found), grants=(*officer_of(found).grants, *line.field_officer(other).grants))
    told = refused(work, line.an_event(work, found, post_id=other), both)
    assert (told.code, told.status) == ("handover.other_post", 409)


def test_nobody_else_hands_over(work: Work, week: line.SentWeek):
    found = week.packages[0]
    for role in (Role.ADMIN, Role.LOGISTICS, Role.HEAD, Role.BPBD, Role.VILLAGE, Role.AUDITOR):
        assert isinstance(refused(work, line.an_event(work, found), an_actor(role)), Forbidden)


def test_what_cannot_be_is_refused_and_nothing_changes(work: Work, week: line.SentWeek):
    found = week.packages[0]
    actor = officer_of(found)
    more = {one.item_code: one.quantity_milli for one in found.lines}
    more[found.lines[0].item_code] = Milli(more[found.lines[0].item_code] + 1000)
    good = line.an_event(work, found)
    told = [
        refused(work, line.an_event(work, found, given=more), actor).code,
        refused(work, line.an_event(work, found, given={"emas": 1000}), actor).code,
        refused(work, line.an_event(work, found, at=line.MONDAY + timedelta(hours=1)), actor).code,
        refused(work, line.an_event(work, found, at=line.MONDAY - timedelta(days=2)), actor).code,
        refused(work, line.an_event(work, found, kind=RecipientKind.PROXY), actor).code,
        refused(work, line.an_event(work, found, recipient=Recipient(name="")), actor).code,
        refused(work, replace(good, person=write_recipient(Recipient(name="Lain"))), actor).code,
        refused(work, replace(good, payload="{}"), actor).code,
    ]
    assert told == [
        "handover.more_than_due", "handover.item_not_due", "handover.in_future", "handover.before_round",
        "handover.relation_missing", "handover.recipient_missing", "handover.person_differs",
        "handover.malformed_event",
    ]  # fmt: skip


def test_a_clock_a_little_fast_is_taken_as_now(work: Work, week: line.SentWeek):
    found = week.packages[0]
    done = line.record(work, line.an_event(work, found, at=line.MONDAY + timedelta(minutes=10)), officer_of(found))
    with work.read_by(line.OFFICER) as tx:
        assert queries.handover(tx, done.handover_id).event_at == line.MONDAY


def test_what_is_not_at_the_post_yet_cannot_be_handed_over(work: Work, week: line.SentWeek):
    """A second incident, planned and approved; nothing of it was sent."""
    flood = line.open_flood(work, "Longsor Contoh")
    line.post(work, line.an_area(flood, outline=None, regions=(line.zones.ListRegion(code=line.D),)))
    line.confirm_certain(work, flood.incident_id)
    planned = line.plan(work, flood.incident_id)
    with work.read_by(line.OFFICER) as tx:
        row = line.packages(tx, planned.round_id).rows[0]
        drafted = package(tx, row.id)
    assert refused(work, line.an_event(work, drafted), officer_of(drafted)).code == "handover.round_not_open"
    line.approve(work, planned.round_id)
    assert refused(work, line.an_event(work, drafted), officer_of(drafted)).code == "handover.not_at_post"


# ---------------------------------------------------------------- at the same time


def test_of_sixteen_who_hand_over_one_package_at_once_one_does(work: Work, week: line.SentWeek):
    found = week.packages[0]
    assert found.row.post_id is not None
    post_id = found.row.post_id
    before = on_hand(work, post_id)
    actors = [line.field_officer(post_id, f"petugas {number}") for number in range(16)]
    results = at_once([lambda who=who: line.hand_over(work, found, who) for who in actors])  # type: ignore[misc]
    told = [one for one in results if isinstance(one, Refused)]
    assert len(told) == 15
    assert all(isinstance(one, Conflict) for one in told), told
    assert line.valid_count(work, week.round_id) == 1
    after = on_hand(work, post_id)
    assert all(before[one.item_code] - after.get(one.item_code, 0) == one.quantity_milli for one in found.lines)


def test_of_eight_who_send_one_event_at_once_all_get_the_one_answer(work: Work, week: line.SentWeek):
    found = week.packages[0]
    order, actor = line.an_event(work, found), officer_of(found)
    results = at_once([lambda: line.record(work, order, actor)] * 8)
    answers = [one for one in results if isinstance(one, commands.RecordedHandover)]
    assert len(answers) == 8, results
    assert {(one.handover_id, one.receipt_id, one.number) for one in answers} == {
        (answers[0].handover_id, answers[0].receipt_id, answers[0].number)
    }
    assert Counter(one.outcome for one in answers) == {Outcome.ACCEPTED: 1, Outcome.DUPLICATE: 7}


def test_the_database_itself_refuses_a_second_valid_handover(work: Work, week: line.SentWeek):
    done = line.hand_over(work, week.packages[0])
    taken = {"id", "event_id"}
    names = [column.name for column in Handover.__table__.columns if column.name not in taken]
    event = line.hand_over(work, week.packages[1])
    with work.engine.connect() as connection:
        twin = connection.execute(sa.select(Handover.__table__).where(Handover.id == done.handover_id)).one()
    with pytest.raises(sa.exc.IntegrityError, match=r"(?i)unique"), work.engine.begin() as connection:
        connection.execute(sa.delete(HandoverLine).where(sa.false()))
        connection.execute(
            sa.update(Handover).where(Handover.id == event.handover_id)
            .values({name: getattr(twin, name) for name in names})
        )  # fmt: skip
    with pytest.raises(sa.exc.IntegrityError) as broken, work.engine.begin() as connection:
        fresh = work.ids.new()
        connection.execute(
            sa.insert(HandoverEvent).values(
                id=fresh, regency_code="99.01", payload=b"x", payload_sha256="x", happened_at=line.MONDAY,
                received_at=line.MONDAY, received_by="x", outcome=Outcome.ACCEPTED,
            )
        )  # fmt: skip
        connection.execute(
            sa.insert(Handover).values(
                {**{name: getattr(twin, name) for name in names}, "id": work.ids.new(), "event_id": fresh}
            )
        )
    text = str(broken.value)
    assert "uq_handover_valid" in text or "handover.round_id, handover.beneficiary_kind" in text


def test_events_and_lines_cannot_be_changed_or_deleted(work: Work, week: line.SentWeek):
    done = line.hand_over(work, week.packages[0])
    for statement in (
        sa.update(HandoverEvent).where(HandoverEvent.id == done.event_id).values(payload=b"altered"),
        sa.delete(HandoverEvent).where(HandoverEvent.id == done.event_id),
        sa.update(HandoverLine).where(HandoverLine.handover_id == done.handover_id).values(quantity_milli=0),
    ):
        with pytest.raises(sa.exc.DBAPIError, match="append-only"), work.engine.begin() as connection:
            connection.execute(statement)


# ---------------------------------------------------------------- taken back


def void(work: Work, handover_id: UUID, actor: Actor, reason: VoidReason = VoidReason.WRONG_HOUSEHOLD) -> None:
    with work.by(actor) as tx:
        commands.void_handover(tx, commands.VoidHandover(handover_id=handover_id, reason=reason, note="salah orang"))


def test_a_void_brings_the_goods_back_and_the_next_handover_has_a_receipt_of_its_own(
    work: Work, week: line.SentWeek, app: Flask
):
    found = week.packages[0]
    assert found.row.post_id is not None
    before = on_hand(work, found.row.post_id)
    first = line.hand_over(work, found)
    void(work, first.handover_id, line.OFFICER)
    assert on_hand(work, found.row.post_id) == before
    with work.read_by(line.OFFICER) as tx:
        assert queries.handover(tx, first.handover_id).state is HandoverState.VOIDED
        assert document(tx, first.receipt_id).state is DocumentState.VOID
        assert package(tx, found.row.id).row.state is PackageState.LOADED
    second = line.hand_over(work, found)
    assert second.number != first.number
    with work.read_by(line.OFFICER) as tx:
        old, new = document(tx, first.receipt_id), document(tx, second.receipt_id)
        assert old.public_ref != new.public_ref
        assert new.public_ref is not None
        again = find_by_ref(tx, new.public_ref)
    assert again is not None
    assert again.state is DocumentState.ISSUED
    assert prove_all(app.extensions["tanggap"], SYSTEM) == []


def test_a_field_officer_takes_back_the_own_handover_for_a_quarter_of_an_hour(
    work: Work, week: line.SentWeek, fixed_clock: FixedClock
):
    found, late, others = week.at(week.posts[0])[:3]
    actor = officer_of(found)
    done = [line.hand_over(work, one, actor).handover_id for one in (found, late)]
    strange = line.hand_over(work, others, line.field_officer(week.posts[0], "rekan")).handover_id
    with pytest.raises(Forbidden):
        void(work, strange, actor)
    with pytest.raises(NotFound):
        void(work, done[0], line.field_officer(week.posts[1]))
    fixed_clock.advance(timedelta(minutes=15))
    void(work, done[0], actor)
    fixed_clock.advance(timedelta(seconds=1))
    with pytest.raises(Forbidden, match=r"handover\.void_too_late"):
        void(work, done[1], actor)
    void(work, done[1], line.OFFICER)


def test_a_void_is_done_once_and_its_other_reason_needs_words(work: Work, week: line.SentWeek):
    done = line.hand_over(work, week.packages[0])
    with pytest.raises(Invalid, match=r"handover\.note_missing"), work.by(line.OFFICER) as tx:
        commands.void_handover(
            tx, commands.VoidHandover(handover_id=done.handover_id, reason=VoidReason.OTHER, note="x")
        )
    void(work, done.handover_id, line.OFFICER)
    with pytest.raises(Conflict, match=r"handover\.not_valid"):
        void(work, done.handover_id, line.OFFICER)
    with pytest.raises(NotFound):
        void(work, work.ids.new(), line.OFFICER)
    for role in (Role.HEAD, Role.WAREHOUSE, Role.BPBD, Role.AUDITOR, Role.ADMIN):
        with pytest.raises(Forbidden):
            void(work, done.handover_id, an_actor(role))


# ---------------------------------------------------------------- lists


def test_the_list_of_a_post_and_day_names_everybody_and_marks_who_was_served(work: Work, week: line.SentWeek):
    found = week.at(week.posts[0])
    actor = line.field_officer(week.posts[0])
    line.hand_over(work, found[0], actor)
    with work.read_by(actor) as tx:
        day = found[0].row.serve_on
        assert day is not None
        people = queries.people_at(tx, week.round_id, week.posts[0], day)
        one = people[0]
        by_name = queries.people_at(tx, week.round_id, week.posts[0], day, one.household.head_name.lower())
        with pytest.raises(NotFound):
            queries.people_at(tx, week.round_id, week.posts[1], day)
    assert {each.content.row.id for each in people} == {each.row.id for each in found if each.row.serve_on == day}
    assert [each.content.row.id for each in people if each.is_served] == [found[0].row.id]
    assert one.content.row.id in {each.content.row.id for each in by_name}


# ---------------------------------------------------------------- a storm


def test_flask_check_is_clean_after_a_storm(work: Work, week: line.SentWeek, app: Flask):
    """Every household by three people at once, some taken back, some sent twice; then every promise is recomputed."""

    def serve(found: PackageView, who: str) -> object:
        order = line.an_event(work, found)
        actor = line.field_officer(found.row.post_id or UUID(int=0), who)
        done = line.record(work, order, actor)
        line.record(work, order, actor)
        if int(found.row.code[-3]) % 3 == 0:
            void(work, done.handover_id, actor)
        return done

    jobs: list[tuple[PackageView, str]] = [(one, who) for one in week.packages for who in ("satu", "dua", "tiga")]

    def quietly(job: tuple[PackageView, str]) -> object:
        try:
            return serve(*job)
        except Refused as told:
            return told

    with ThreadPoolExecutor(12) as pool:
        results = list(pool.map(quietly, jobs))
    told = [one for one in results if isinstance(one, Refused)]
    assert {type(one) for one in told} <= {Conflict}, told
    assert prove_all(app.extensions["tanggap"], SYSTEM) == []
    with work.read_by(line.OFFICER) as tx:
        states = Counter(package(tx, one.row.id).row.state for one in week.packages)
    valid = line.valid_count(work, week.round_id)
    assert states[PackageState.HANDED_OVER] == valid > 0
    assert states[PackageState.LOADED] + valid == len(week.packages)
