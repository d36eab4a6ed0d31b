"""A decree's file matched to the registry: one outcome for every row, the same answer for the same file."""

from __future__ import annotations

from uuid import UUID

import pytest

from core.work import Work
from logistics.programmes.sk_file import MatchFile, file_rows, files, match_file
from logistics.programmes.states import Origin, RowOutcome
from tests.logistics.programmes import lists
from tests.logistics.programmes.lists import E1, E2, EAST, OFFICER, W1, Person, a_household, a_term

NIK_A, NIK_B, NIK_C, NIK_X = "9901014203800001", "9901011505750002", "9901020101900003", "9901010101010009"
KK_A, KK_B = "9901010202100001", "9901010303110002"


@pytest.fixture
def registry(work: Work) -> Work:
    lists.a_registry(work)
    return work


def a_file(work: Work, term_id: UUID, text: str | bytes, name: str = "sk.csv") -> dict[int, RowOutcome]:
    """Match a file and give the outcome of each row; the sums are checked on the way."""
    content = text.encode() if isinstance(text, str) else text
    with work.by(OFFICER) as tx:
        made = match_file(tx, MatchFile(term_id=term_id, file_name=name, content=content))
    with work.read_by(OFFICER) as tx:
        page = file_rows(tx, made.file_id, limit=200)
        view = next(one for one in files(tx, term_id) if one.id == made.file_id)
    assert sum(made.counts.values()) == page.total == view.rows == sum(view.counts.values())
    return {row.row_no: row.outcome for row in page.rows}


def test_every_row_gets_its_outcome(registry: Work):
    first = a_household(registry, E1, people=(Person(name="Budi Contoh", nik=NIK_A),), kk=KK_A)
    second = a_household(registry, E2, people=(Person(name="Siti Contoh", nik=NIK_B),), kk=KK_B)
    third = a_household(registry, W1, people=(Person(name="Jauh Contoh", nik=NIK_C),))
    a_household(registry, E1, people=(Person(name="Kembar Contoh"),))
    a_household(registry, E1, people=(Person(name="Kembar Contoh"),))
    fourth = a_household(registry, E1, people=(Person(name="Sendiri Contoh"),))
    term_id = a_term(registry, quotas={EAST: 10})
    text = "\r\n".join((
        "NIK;No. KK;Nama Penerima;Kecamatan;Desa",
        f"{NIK_A};;BUDI CONTOH;Timur;Waru",
        f";{KK_A};Budi Contoh;Timur;Waru",
        f"{NIK_B};;Orang Lain;Timur;Sagu",
        f"{NIK_C};;Jauh Contoh;Barat;Waru",
        ";;Kembar Contoh;Timur;Desa Waru",
        ";;Sendiri Contoh;Kec. Timur;Waru",
        f"{NIK_X};;Entah Siapa;Timur;Waru",
        "9,90101E+15;;Entah Siapa;Timur;Waru",
        ";;Sendiri Contoh;;Waru",
        "",
        "terlalu;pendek",
    ))  # fmt: skip
    assert a_file(registry, term_id, text) == {
        2: RowOutcome.MATCHED, 3: RowOutcome.TWICE_IN_FILE, 4: RowOutcome.NAME_DIFFERS, 5: RowOutcome.OUTSIDE_QUOTA,
        6: RowOutcome.AMBIGUOUS, 7: RowOutcome.MATCHED, 8: RowOutcome.NOT_FOUND, 9: RowOutcome.MALFORMED,
        10: RowOutcome.MALFORMED, 12: RowOutcome.MALFORMED,
    }  # fmt: skip
    entries = lists.listed(registry, term_id)
    assert set(entries) == {first, second, fourth}
    assert third not in entries
    assert {row.origin for row in entries.values()} == {Origin.FILE}
