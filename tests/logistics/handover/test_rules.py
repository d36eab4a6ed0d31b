"""The event of a handover: what it says, byte for byte, and what no event may say."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some

from core.errors import Invalid
from core.measures import Milli
from logistics.handover.rules import (
    MOST_BYTES,
    Due,
    Fact,
    FactLine,
    Recipient,
    check_lines,
    read_fact,
    read_recipient,
    sha256,
    write_fact,
    write_recipient,
)
from logistics.handover.states import RecipientKind

patiently = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
words = some.text("ABCdefé'’.,-/ 0123456789ñ字\U0001f600", max_size=60)
codes = some.text("abcdefghijklmnopqrstuvwxyz_0123456789", min_size=1, max_size=30)
lines = some.dictionaries(codes, some.integers(0, 999_999_999_999), min_size=1, max_size=8)
facts = some.builds(
    Fact, id=some.uuids(), package_id=some.uuids(), post_id=some.uuids(),
    at=some.datetimes(datetime(2020, 1, 1), datetime(2100, 1, 1), timezones=some.just(UTC)),
    lines=lines.map(lambda found: tuple(FactLine(item_code=k, quantity_milli=Milli(v)) for k, v in found.items())),
    recipient=some.sampled_from(RecipientKind), partial_reason=words, person_sha256=some.just(sha256("x")),
)  # fmt: skip


@patiently
@given(facts)
def test_what_is_written_is_read_back_and_written_again_to_the_same_bytes(fact: Fact):
    written = write_fact(fact)
    assert read_fact(written) == fact
    assert write_fact(read_fact(written)) == written


@patiently
@given(words.filter(str.strip), words, some.sampled_from(RecipientKind))
def test_who_took_it_is_read_back(name: str, relation: str, kind: RecipientKind):
    text = write_recipient(Recipient(name=name, relation=relation if relation.strip() else "anak", document="KTP"))
    found = read_recipient(text, kind)
    assert found.name == " ".join(name.split())
    assert found.document == "KTP"


def test_the_same_person_never_gives_the_same_hash():
    one = Recipient(name="Uji Coba")
    assert sha256(write_recipient(one)) != sha256(write_recipient(one))


GOOD = Fact(
    id=UUID(int=1), package_id=UUID(int=2), post_id=UUID(int=3), at=datetime(2026, 11, 16, 2, tzinfo=UTC),
    lines=(FactLine(item_code="beras", quantity_milli=Milli(14_000)),), recipient=RecipientKind.SELF, partial_reason="",
    person_sha256=sha256("x"),
)  # fmt: skip
SAID = json.loads(write_fact(GOOD))
LINE = {"item": "beras", "quantity": "14"}


@pytest.mark.parametrize(
    ("changes", "part"),
    [
        ({"v": 2}, "payload"), ({"extra": 1}, "payload"), ({"at": None}, "at"), ({"at": "2026-11-16T02:00:00"}, "at"),
        ({"at": "2026-11-16T02:00:00+09:00"}, "at"), ({"at": "2026-11-31T02:00:00Z"}, "recipient"),
        ({"id": "1"}, "id"), ({"id": "{00000000-0000-0000-0000-000000000001}"}, "id"), ({"package": ""}, "package"),
        ({"post": 3}, "post"), ({"lines": []}, "lines"), ({"lines": {}}, "lines"), ({"lines": [LINE, LINE]}, "lines"),
        ({"lines": [{**LINE, "batch": "B"}]}, "lines"), ({"lines": [{**LINE, "quantity": 14}]}, "quantity"),
        ({"lines": [{**LINE, "quantity": "-1"}]}, "lines"), ({"lines": [{**LINE, "quantity": "1.0005"}]}, "lines"),
        ({"lines": [{**LINE, "quantity": "1e3"}]}, "lines"), ({"lines": [LINE] * 61}, "lines"),
        ({"recipient": "friend"}, "recipient"), ({"partial_reason": "x\u202ey"}, "partial_reason"),
        ({"partial_reason": "x" * 201}, "partial_reason"), ({"person_sha256": "ab"}, "person_sha256"),
        ({"person_sha256": "G" * 64}, "person_sha256"),
    ],
)  # fmt: skip
def test_a_malformed_event_is_refused_naming_the_part(changes: dict[str, object], part: str):
    with pytest.raises(Invalid) as refused:
        read_fact(json.dumps({**SAID, **changes}))
    assert refused.value.code == "handover.malformed_event"
    assert refused.value.facts["part"] == part


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "null", '"x"', "[" * 5000, json.dumps({**SAID, "partial_reason": "x" * MOST_BYTES})]
)
def test_what_is_no_event_at_all_is_refused(text: str):
    with pytest.raises(Invalid, match="malformed_event"):
        read_fact(text)


@patiently
@given(some.text(max_size=300))
def test_any_text_is_read_or_refused_and_nothing_else(text: str):
    for act in (lambda: read_fact(text), lambda: read_recipient(text, RecipientKind.SELF)):
        try:
            act()
        except Invalid:
            pass


@pytest.mark.parametrize(
    ("recipient", "kind", "code"),
    [
        (Recipient(name="  "), RecipientKind.SELF, "handover.recipient_missing"),
        (Recipient(name="Uji"), RecipientKind.PROXY, "handover.relation_missing"),
        (Recipient(name="Uji\u0000"), RecipientKind.SELF, "handover.malformed_event"),
        (Recipient(name="x" * 121), RecipientKind.SELF, "handover.malformed_event"),
    ],
)
def test_a_recipient_has_a_name_and_a_proxy_says_how_they_are_related(
    recipient: Recipient, kind: RecipientKind, code: str
):
    with pytest.raises(Invalid) as refused:
        read_recipient(write_recipient(recipient), kind)
    assert refused.value.code == code


DUE = (
    Due(item_code="beras", quantity_milli=Milli(14_000), step_milli=Milli(100)),
    Due(item_code="kasur", quantity_milli=Milli(2_000), step_milli=Milli(1000)),
)


def given_lines(**amounts: int) -> tuple[FactLine, ...]:
    return tuple(FactLine(item_code=code, quantity_milli=Milli(amount)) for code, amount in amounts.items())


@pytest.mark.parametrize(
    ("amounts", "reason", "code"),
    [
        ({"beras": 14_100, "kasur": 2_000}, "", "handover.more_than_due"),
        ({"beras": 14_000, "kasur": 1_500}, "kurang kasur", "handover.not_whole"),
        ({"beras": 14_000, "emas": 1}, "kurang kasur", "handover.item_not_due"),
        ({"beras": 0, "kasur": 0}, "habis semua", "handover.nothing_given"),
        ({"beras": 14_000, "kasur": 1_000}, "", "handover.partial_reason_missing"),
        ({"beras": 14_000}, "   ", "handover.partial_reason_missing"),
    ],
)
def test_amounts_that_cannot_be_are_refused(amounts: dict[str, int], reason: str, code: str):
    with pytest.raises(Invalid) as refused:
        check_lines(given_lines(**amounts), DUE, reason)
    assert refused.value.code == code


@patiently
@given(some.integers(0, 140), some.integers(0, 2))
def test_less_than_due_is_partial_and_everything_is_not(rice: int, mats: int):
    amounts = given_lines(beras=rice * 100, kasur=mats * 1000)
    if rice == mats == 0:
        return
    assert check_lines(amounts, DUE, "kurang barang") == (rice < 140 or mats < 2)
