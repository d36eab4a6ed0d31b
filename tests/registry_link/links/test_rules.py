"""What a row of the civil registry's answers says, and what it makes of a household."""

from __future__ import annotations

import pytest

from core.errors import Malformed
from core.reader import Cell, CellKind
from registry_link.households.states import ENDED_LINKS, LINK_MOVES, LinkAct, LinkState
from registry_link.links.rules import Answer, contradicting, judged, read_row, recognise
from registry_link.links.states import Verdict
from tests.registry_link.people import nik

HEADER = ("No", "NIK", "Nama", "Keterangan", "Status Padan")


def text(value: str, kind: CellKind = CellKind.TEXT) -> Cell:
    return Cell(kind, value)


def row(number: str, said: str, kind: CellKind = CellKind.TEXT) -> Answer | tuple[str, ...]:
    cells = (text("1"), text(number, kind), text("Uji"), text("-"), text(said))
    found = read_row(7, cells, recognise(HEADER))
    return found if isinstance(found, Answer) else tuple(one.code for one in found)


def test_a_status_goes_before_a_remark():
    assert recognise(HEADER).verdict == 4
    assert recognise(("nik", "keterangan")).verdict == 1
    with pytest.raises(Malformed) as refused:
        recognise(("Nama", "Hasil"))
    assert refused.value.facts == {"columns": ["NIK"]}
    with pytest.raises(Malformed, match="column_twice"):
        recognise(("NIK", "NIK_KTP", "Hasil"))


@pytest.mark.parametrize(
    ("said", "verdict"),
    [("Padan", Verdict.MATCHED), ("TIDAK PADAN", Verdict.UNMATCHED), ("Typo", Verdict.TYPO), ("nik tidak ditemukan",
     Verdict.UNMATCHED), ("Nama-Typo", Verdict.TYPO)],
)  # fmt: skip
def test_labels_as_they_are_written(said: str, verdict: Verdict):
    found = row(nik(1), said)
    assert isinstance(found, Answer)
    assert found.verdict is verdict


def test_everything_wrong_with_a_row_is_told_at_once_and_never_its_number():
    assert row("990101020486000", "ya") == ("registry.number_short", "dukcapil.verdict_unknown")
    assert row(nik(1), "Padan", CellKind.NUMBER) == ("registry.number_numeric",)
    assert row("", "") == ("dukcapil.nik_missing", "dukcapil.verdict_missing")
    found = read_row(1, (text("1"), text(nik(1)), text("x"), text("-"), text(nik(2))), recognise(HEADER))
    assert not isinstance(found, Answer)
    assert nik(2) not in repr(found)


def test_a_number_with_two_answers_has_none():
    a, b = b"a", b"b"
    said = [(2, a, Verdict.MATCHED), (3, a, Verdict.TYPO), (4, b, Verdict.TYPO), (5, b, Verdict.TYPO)]
    assert contradicting(said) == {2: "dukcapil.contradicting", 3: "dukcapil.contradicting", 5: "dukcapil.nik_twice"}


def test_the_worst_answer_counts_once_the_head_has_one():
    assert judged({"wife": Verdict.UNMATCHED}, "head") is None
    assert judged({"head": Verdict.MATCHED}, "head") is Verdict.MATCHED
    assert judged({"head": Verdict.MATCHED, "child": Verdict.TYPO}, "head") is Verdict.TYPO
    assert judged({"head": Verdict.UNMATCHED, "child": Verdict.TYPO}, "head") is Verdict.UNMATCHED
    assert judged({"head": Verdict.MATCHED}, None) is None


def test_a_link_goes_no_way_round_its_checks():
    assert {before for before, act in LINK_MOVES if act is LinkAct.PROPOSE} == {
        LinkState.FIELD_VERIFIED, LinkState.REFUSED, LinkState.RETURNED,
    }  # fmt: skip
    assert {before for before, act in LINK_MOVES if act is LinkAct.REGISTER} == {LinkState.SUBMITTED}
    for ended in ENDED_LINKS:
        assert {act for before, act in LINK_MOVES if before is ended} == {LinkAct.REOPEN}
    for act in (LinkAct.MATCH, LinkAct.MISMATCH):
        assert LINK_MOVES[LinkState.FIELD_VERIFIED, act] is LinkState.FIELD_VERIFIED
        assert (LinkState.IMPORTED, act) not in LINK_MOVES
