"""What a row of the civil registry's answers says, and what the answers on its people make of a household. Pure."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, TypeVar

from core.crypto import Secret
from core.errors import Issue, Malformed
from core.reader import Cell, CellKind
from registry_link.households.rules import Flaw, checked_nik
from registry_link.links.states import Verdict, VisitOutcome

Key = TypeVar("Key")
LONGEST_WORD: Final = 20
ERRORS: Final = "Kesalahan"
"""The column that is added to rows given back."""
MOST_COLUMNS: Final = 60
ALIASES: Final[Mapping[str, tuple[str, ...]]] = {
    "nik": ("nik", "nik_ktp", "nik_art", "no nik", "nomor_induk_kependudukan"),
    "verdict": ("hasil", "status", "status_padan", "hasil_padan", "hasil_pemadanan", "status_pemadanan",
                "status_dukcapil", "hasil_dukcapil", "keterangan_padan", "padan", "ket_padan", "keterangan_dukcapil",
                "status nik", "keterangan", "result"),
}  # fmt: skip
"""The first alias that a file has is taken: a status goes before a remark."""
KNOWN: Final = tuple(alias for aliases in ALIASES.values() for alias in aliases)
NAMES: Final = {"nik": "NIK", "verdict": "Hasil"}
_WORDS: Final[Mapping[str, Verdict]] = {
    "padan": Verdict.MATCHED, "sesuai": Verdict.MATCHED, "cocok": Verdict.MATCHED, "valid": Verdict.MATCHED,
    "ditemukan": Verdict.MATCHED, "match": Verdict.MATCHED, "matched": Verdict.MATCHED, "nikpadan": Verdict.MATCHED,
    "typo": Verdict.TYPO, "namatypo": Verdict.TYPO, "padantypo": Verdict.TYPO, "typonama": Verdict.TYPO,
    "namaberbeda": Verdict.TYPO, "bedanama": Verdict.TYPO, "namatidaksesuai": Verdict.TYPO,
    "salahketik": Verdict.TYPO, "mirip": Verdict.TYPO,
    "tidakpadan": Verdict.UNMATCHED, "taksesuai": Verdict.UNMATCHED, "tidaksesuai": Verdict.UNMATCHED,
    "tidakditemukan": Verdict.UNMATCHED, "tidakcocok": Verdict.UNMATCHED, "niktidakditemukan": Verdict.UNMATCHED,
    "tidakvalid": Verdict.UNMATCHED, "invalid": Verdict.UNMATCHED, "niktidakpadan": Verdict.UNMATCHED,
    "unmatched": Verdict.UNMATCHED, "nonpadan": Verdict.UNMATCHED, "belumpadan": Verdict.UNMATCHED,
    "niktidakterdaftar": Verdict.UNMATCHED, "tidakterdaftar": Verdict.UNMATCHED,
}  # fmt: skip
_WORST: Final = (Verdict.MATCHED, Verdict.TYPO, Verdict.UNMATCHED)
REJECTED: Final = frozenset(VisitOutcome) - {VisitOutcome.VERIFIED}


@dataclass(frozen=True, slots=True, kw_only=True)
class Columns:
    """Where a row's number and its result stand, and what their headers are."""

    nik: int
    verdict: int
    header: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What one row says."""

    row_no: int
    nik: Secret
    verdict: Verdict


def plain(text: str) -> str:
    """Give a word as it is compared: letters and digits only."""
    return re.sub(r"[^a-z0-9]", "", unicodedata.normalize("NFKD", text).lower())


def recognise(header: Sequence[str]) -> Columns:
    """Find the two columns.

    Raises: Malformed "dukcapil.column_missing", or "dukcapil.column_twice" for two columns of NIK.
    """
    places: dict[str, int] = {}
    names = [plain(one) for one in header]
    for field, aliases in ALIASES.items():
        for alias in map(plain, aliases):
            if alias in names:
                if field == "nik" and sum(one in {plain(each) for each in aliases} for one in names) > 1:
                    raise Malformed("dukcapil.column_twice", column=NAMES[field])
                places[field] = names.index(alias)
                break
    missing = [NAMES[field] for field in ALIASES if field not in places]
    if missing:
        raise Malformed("dukcapil.column_missing", columns=missing)
    return Columns(nik=places["nik"], verdict=places["verdict"], header=tuple(header))


def read_row(row_no: int, cells: Sequence[Cell], columns: Columns) -> Answer | tuple[Issue, ...]:
    """Read one row: its answer, or everything that is wrong with it; the issues never hold the number."""
    issues: list[Issue] = []
    number, said = _cell(cells, columns.nik), _cell(cells, columns.verdict)
    checked: str | Flaw
    if number.kind in (CellKind.NUMBER, CellKind.DATE, CellKind.MOMENT):
        # A spreadsheet keeps 15 digits of a number: the last one of a NIK is lost.
        checked = Flaw(code="registry.number_numeric")
    elif not number.text:
        checked = Flaw(code="dukcapil.nik_missing")
    else:
        checked = checked_nik(number.text)
    if isinstance(checked, Flaw):
        issues.append(Issue(code=checked.code, row=row_no, column=columns.header[columns.nik], facts=checked.facts))
    verdict = _WORDS.get(plain(said.text))
    if verdict is None:
        code = "dukcapil.verdict_unknown" if said.text else "dukcapil.verdict_missing"
        # One word of letters is an answer that we do not know; anything longer may name somebody.
        facts = {"text": said.text if said.text.isalpha() and len(said.text) <= LONGEST_WORD else "?"}
        issues.append(Issue(code=code, row=row_no, column=columns.header[columns.verdict], facts=facts))
    if issues or verdict is None or isinstance(checked, Flaw):
        return tuple(issues)
    return Answer(row_no=row_no, nik=Secret(checked), verdict=verdict)


def _cell(cells: Sequence[Cell], at: int) -> Cell:
    return cells[at] if at < len(cells) else Cell(CellKind.EMPTY, "")


def contradicting(answers: Sequence[tuple[int, bytes, Verdict]]) -> Mapping[int, str]:
    """Tell which of (row, number's hash, verdict) must not be taken over: row -> code.

    The same number with the same answer counts once; with different ones nobody can tell which is right.
    """
    rows: dict[bytes, list[tuple[int, Verdict]]] = {}
    for row_no, index, verdict in answers:
        rows.setdefault(index, []).append((row_no, verdict))
    refused: dict[int, str] = {}
    for found in rows.values():
        if len({verdict for _, verdict in found}) > 1:
            refused.update((row_no, "dukcapil.contradicting") for row_no, _ in found)
        else:
            refused.update((row_no, "dukcapil.nik_twice") for row_no, _ in found[1:])
    return refused


def judged(verdicts: Mapping[Key, Verdict], head: Key | None) -> Verdict | None:
    """Tell what the answers on its people make of a household: the worst of them; None until its head is answered."""
    if head is None or head not in verdicts:
        return None
    return max(verdicts.values(), key=_WORST.index)


def may_apply(actor_id: str, read_by: str) -> str | None:
    """Give the code of why this person may not take a file over; None when they may."""
    return "dukcapil.own" if actor_id == read_by else None
