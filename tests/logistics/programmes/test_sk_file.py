"""A decree's file matched to the registry: one outcome for every row, the same answer for the same file."""

from __future__ import annotations

import csv
import io
import os
import random
import signal
import subprocess
import sys
from pathlib import Path
from uuid import UUID, uuid4

import pytest
import sqlalchemy as sa
import xlsxwriter

from core.crypto import ring
from core.errors import Conflict, Forbidden, Invalid, NotFound
from core.ids import derived
from core.work import Work
from logistics.programmes.commands import Exclude, Propose, cancel_term, exclude_entry, propose, verify_list
from logistics.programmes.models import TermFileRow
from logistics.programmes.sk_file import (
    CARD_CONTEXT,
    MatchedFile,
    MatchFile,
    answered_csv,
    file_rows,
    files,
    match_file,
    read_sk,
)
from logistics.programmes.states import LISTED_OUTCOMES, EntryState, Origin, RowOutcome, Unit
from registry_link.households.models import Household, Member
from tests.logistics.programmes import lists
from tests.logistics.programmes.lists import (
    E1,
    E2,
    EAST,
    HEAD,
    OFFICER,
    SECOND,
    VILLAGE,
    W1,
    Person,
    a_household,
    a_term,
)
from tests.support.builders import SYSTEM
from tests.support.tree import ROOT

NIK_A, NIK_B, NIK_C, NIK_X = "9901014203800001", "9901011505750002", "9901020101900003", "9901010101010009"
KK_A, KK_B = "9901010202100001", "9901010303110002"


@pytest.fixture
def registry(work: Work) -> Work:
    lists.a_registry(work)
    return work


def match(work: Work, term_id: UUID, text: str | bytes, name: str = "sk.csv") -> MatchedFile:
    content = text.encode() if isinstance(text, str) else text
    file = read_sk(content, name)
    with work.by(OFFICER) as tx:
        return match_file(tx, MatchFile(term_id=term_id, file=file))


def outcomes(work: Work, term_id: UUID, text: str | bytes) -> dict[int, RowOutcome]:
    """Match a file and give the outcome of each row; the sums are checked on the way."""
    made = match(work, term_id, text)
    with work.read_by(OFFICER) as tx:
        page = file_rows(tx, made.file_id, limit=200)
        view = next(one for one in files(tx, term_id) if one.id == made.file_id)
    assert made.rows == page.total == view.rows == sum(view.counts.values())
    for row in page.rows:
        assert (row.entry_id is not None) >= (row.outcome in LISTED_OUTCOMES)
        for lang in ("id", "en"):
            assert "…" not in row.sentence(lang), (row, lang)
            assert row.sentence(lang) != f"list.row.{row.outcome.value}"
    return {row.row_no: row.outcome for row in page.rows}


def test_every_row_gets_its_outcome(registry: Work):
    first = a_household(registry, E1, people=(Person(name="Budi Contoh", nik=NIK_A),), kk=KK_A)
    second = a_household(registry, E2, people=(Person(name="Siti Contoh", nik=NIK_B),), kk=KK_B)
    third = a_household(registry, W1, people=(Person(name="Jauh Contoh", nik=NIK_C),))
    a_household(registry, E1, people=(Person(name="Kembar Contoh"),))
    a_household(registry, E1, people=(Person(name="Kembar Contoh"),))
    fourth = a_household(registry, E1, people=(Person(name="Sendiri Contoh"),))
    fifth = a_household(registry, E2, people=(Person(name="Pindah Contoh", nik="9901011111900004"),))
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
        "9901011111900004;;Pindah Contoh;Timur;Waru",
        ";;;;",
        ";;Tanpa Desa;;",
    ))  # fmt: skip
    assert outcomes(registry, term_id, text) == {
        2: RowOutcome.MATCHED, 3: RowOutcome.TWICE_IN_FILE, 4: RowOutcome.NAME_DIFFERS, 5: RowOutcome.OUTSIDE_QUOTA,
        6: RowOutcome.AMBIGUOUS, 7: RowOutcome.MATCHED, 8: RowOutcome.NOT_FOUND, 9: RowOutcome.MALFORMED,
        10: RowOutcome.MALFORMED, 12: RowOutcome.MALFORMED, 13: RowOutcome.OTHER_VILLAGE, 15: RowOutcome.MALFORMED,
    }  # fmt: skip
    entries = lists.listed(registry, term_id)
    assert set(entries) == {first, second, fourth, fifth}
    assert third not in entries
    assert {(row.origin, row.state, row.rank) for row in entries.values()} == {(Origin.FILE, EntryState.CANDIDATE, 0)}
    assert entries[fifth].village_code == E2
    with registry.read_by(OFFICER) as tx:
        file_id = files(tx, term_id)[0].id
        said = {row.row_no: row.sentence("id") for row in file_rows(tx, file_id, limit=200).rows}
        some = file_rows(tx, file_id, outcomes=(RowOutcome.MALFORMED,), limit=2, offset=1)
    assert (some.total, [row.row_no for row in some.rows]) == (4, [10, 12])
    assert said[3] == "Penerima yang sama dengan baris 2; hanya dihitung sekali."
    assert said[5].startswith("KEL-000003-0 tinggal di Kec. Barat, yang tidak mendapat kuota.")
    assert said[6].startswith("2 keluarga atau orang cocok menurut nama dan desa.")
    assert said[9].startswith("Baris ini tidak dapat dipakai. NIK: ")
    assert "Desa Sagu, Kec. Timur" in said[13]


def test_the_same_file_again_and_the_same_people_in_another(registry: Work):
    households = [
        a_household(registry, people=(Person(name=f"Nama {one}", nik=f"99010101018000{one:02}"),))
        for one in range(1, 6)
    ]
    term_id = a_term(registry)
    text = "nik\r\n" + "\r\n".join(f"99010101018000{one:02}" for one in range(1, 5)) + "\r\n"
    first = match(registry, term_id, text)
    again = match(registry, term_id, text, "nama-lain.csv")
    assert (first.is_repeat, again.is_repeat) == (False, True)
    assert (again.file_id, again.counts) == (first.file_id, first.counts) == (first.file_id, {RowOutcome.MATCHED: 4})
    with registry.by(VILLAGE) as tx:
        exclude_entry(tx, Exclude(entry_id=lists.listed(registry, term_id)[households[0]].id, reason="Sudah pindah"))
    longer = match(registry, term_id, text + "9901010101800005\r\n")
    assert longer.counts == {RowOutcome.MATCHED: 1, RowOutcome.ALREADY_LISTED: 4}
    assert set(lists.listed(registry, term_id)) == set(households)
    with registry.read_by(OFFICER) as tx:
        assert [one.rows for one in files(tx, term_id)] == [5, 4]
        told = [row.sentence("id") for row in file_rows(tx, longer.file_id).rows]
    assert told[0].startswith("KEL-000001-0 pernah dikeluarkan")
    assert told[1].startswith("KEL-000002-0 sudah ada dalam daftar")
    # A list that is fixed takes no more files, but still gives the first answer.
    with registry.by(OFFICER) as tx:
        propose(tx, Propose(term_id=term_id, village_code=EAST, basis="BA Musdes 1/2026"))
    with registry.by(SECOND) as tx:
        verify_list(tx, term_id)
    assert match(registry, term_id, text).counts == first.counts
    with pytest.raises(Conflict):
        match(registry, term_id, text + "9901010101800006\r\n")
    assert len(lists.listed(registry, term_id)) == 5


@pytest.mark.parametrize(
    ("content", "rows"),
    [
        ("NIK;Nama\n9901014203800001;Budi Contoh\n".encode("utf-8-sig"), 1),
        (b"NIK,Nama\n9901014203800001,Budi Contoh\n", 1),
        ("NIK\tNama\n9901014203800001\tBudi Contoh\n".encode("cp1252"), 1),
        ("NIK;Keterangan\n9901014203800001;Café\n".encode("cp1252"), 1),
        ("NIK;Nama\n9901014203800001;Budi Contoh\n".encode("utf-16"), 1),
        (b'no,"Nomor KK"\r\n1,"9901010202100001"\r\n\r\n', 1),
        (b"Kode Keluarga\nkel-000001-0\n", 1),
        (b"Kode Desa;Nama\n99.01.01.2001;budi  contoh\n9901012001;Budi Contoh\n", 2),
    ],
)
def test_the_ways_a_file_may_be_written(registry: Work, content: bytes, rows: int):
    household_id = a_household(registry, people=(Person(name="Budi Contoh", nik=NIK_A),), kk=KK_A)
    term_id = a_term(registry)
    made = match(registry, term_id, content)
    assert made.counts.get(RowOutcome.MATCHED) == 1
    assert made.rows == rows
    assert set(lists.listed(registry, term_id)) == {household_id}


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "reader.empty"),
        (b"\n\n", "reader.empty"),
        (b"NIK;Nama\n", "list.file_no_rows"),
        (b"NIK;Nama\n;\n\n", "list.file_no_rows"),
        (b"PK\x03\x04rest", "reader.not_what_it_says"),
        (b"NIK\x00;Nama\n1;2\n", "reader.not_text"),
        (b"NIK;NIK KTP\n1;2\n", "registry.column_twice"),
        (b"Nama;Alamat\nBudi;Jalan\n", "list.file_no_clue"),
        (b";".join(b"k%d" % n for n in range(120)) + b"\n1\n", "reader.too_many_columns"),
        (b"NIK\n" + b"1" * (20 << 20), "list.file_too_large"),
        (b"NIK\n" + b"1\n" * 200_001, "reader.too_many_rows"),
    ],
    ids=lambda one: one if isinstance(one, str) else "",
)
def test_files_that_cannot_be_read(registry: Work, content: bytes, code: str):
    term_id = a_term(registry)
    with pytest.raises(Invalid) as refused:
        match(registry, term_id, content)
    assert (refused.value.code, refused.value.field) == (code, "content")
    with registry.read_by(OFFICER) as tx:
        assert files(tx, term_id) == ()


def test_a_workbook_whose_numbers_are_text(registry: Work):
    household_id = a_household(registry, people=(Person(name="Budi Contoh", nik=NIK_A),))
    term_id = a_term(registry)
    file = io.BytesIO()
    with xlsxwriter.Workbook(file, {"in_memory": True}) as book:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, ["NIK", "Nama"])
        sheet.write_string(1, 0, NIK_A)
        sheet.write_number(2, 0, 9901014203800001)
    made = match(registry, term_id, file.getvalue(), "sk.xlsx")
    assert made.counts == {RowOutcome.MATCHED: 1, RowOutcome.MALFORMED: 1}
    assert set(lists.listed(registry, term_id)) == {household_id}
    with registry.read_by(OFFICER) as tx:
        (told,) = file_rows(tx, made.file_id, outcomes=[RowOutcome.MALFORMED]).rows
    assert "tersimpan sebagai angka" in told.sentence("id")


def test_rows_go_back_as_they_came(registry: Work):
    a_household(registry, people=(Person(name="Budi Contoh", nik=NIK_A),))
    term_id = a_term(registry)
    made = match(registry, term_id, f'NIK;Nama;Catatan\n{NIK_A};Budi Contoh;=HYPERLINK("x")\n{NIK_X};+62;a\nx\n')
    with registry.by(OFFICER) as tx:
        text = "".join(answered_csv(tx, made.file_id))
    assert text.startswith("\ufeff")
    rows = list(csv.reader(io.StringIO(text.removeprefix("\ufeff")), delimiter=";", strict=True))
    assert rows[0] == ["NIK", "Nama", "Catatan", "Hasil"]
    assert rows[1][:3] == [NIK_A, "Budi Contoh", '\'=HYPERLINK("x")']
    assert rows[1][3].startswith("Cocok dengan KEL-000001-0 menurut NIK")
    assert rows[2][:3] == [NIK_X, "'+62", "a"]
    assert rows[3][:3] == ["x", "", ""]
    assert all(row[3] for row in rows)
    # The answered file is a file again: everybody it names is there already, and the answers have one column.
    again = match(registry, term_id, text)
    assert again.counts == {RowOutcome.ALREADY_LISTED: 1, RowOutcome.NOT_FOUND: 1, RowOutcome.MALFORMED: 1}
    with registry.by(OFFICER) as tx:
        lines = "".join(answered_csv(tx, again.file_id, "en")).splitlines()
    assert lines[0].count("Hasil") == 1
    assert "is on the list already" in lines[1]


def test_cards(registry: Work):
    household_id = a_household(registry, people=(Person(name="Budi Contoh", nik=NIK_A), Person(name="Siti", nik=NIK_B)))
    term_id = a_term(registry, unit=Unit.CARD)
    text = (
        f"No. KKS;NIK\n5221000000000011;{NIK_A}\n5221 0000 0000 0011;{NIK_B}\n5221000000000029;{NIK_B}\n"
        f"5,22E+15;{NIK_A}\n;{NIK_A}\n5221000000000037;{NIK_X}\n"
    )
    assert list(outcomes(registry, term_id, text).values()) == [
        RowOutcome.MATCHED, RowOutcome.TWICE_IN_FILE, RowOutcome.MATCHED, RowOutcome.MALFORMED, RowOutcome.MALFORMED,
        RowOutcome.NOT_FOUND,
    ]  # fmt: skip
    entries = lists.listed(registry, term_id)
    first = derived("card", "99.01", ring().blind_index("5221000000000011", CARD_CONTEXT).hex())
    assert {row.card_last4 for row in entries.values()} == {"0011", "0029"}
    assert entries[first].card_last4 == "0011"
    assert {row.household_id for row in entries.values()} == {household_id}
    with pytest.raises(Invalid) as refused:
        match(registry, term_id, f"NIK\n{NIK_A}\n")
    assert refused.value.code == "list.file_needs_card"


def test_persons(registry: Work):
    people = (Person(name="Budi Contoh", nik=NIK_A), Person(name="Siti Contoh", nik=NIK_B), Person(name="Tanpa NIK"))
    household_id = a_household(registry, people=people, kk=KK_A)
    term_id = a_term(registry, unit=Unit.PERSON)
    text = (
        f"NIK;No KK;Nama;Kode Desa\n{NIK_A};;Budi Contoh;\n;{KK_A};Siti Contoh;\n;{KK_A};Siapa Dia;\n"
        f";;Tanpa NIK;{E1}\n{NIK_B};;;\n"
    )
    assert list(outcomes(registry, term_id, text).values()) == [
        RowOutcome.MATCHED, RowOutcome.MATCHED, RowOutcome.NOT_FOUND, RowOutcome.MATCHED, RowOutcome.TWICE_IN_FILE,
    ]  # fmt: skip
    with registry.read_by(SYSTEM) as tx:
        members = set(tx.session.scalars(sa.select(Member.id).where(Member.household_id == household_id)))
    assert set(lists.listed(registry, term_id)) == members


def test_nothing_personal_is_kept_open(registry: Work):
    a_household(registry, people=(Person(name="Rahasia Contoh", nik=NIK_A),), kk=KK_A)
    term_id = a_term(registry)
    match(registry, term_id, f"NIK;Nama\n{NIK_A};Rahasia Contoh\n{NIK_X};Rahasia Dua\n9901;Rahasia Tiga\n")
    with registry.read_by(SYSTEM) as tx:
        for table in (TermFileRow.__table__, "audit_entry", "access_entry"):
            if isinstance(table, str):
                if not sa.inspect(tx.session.connection()).has_table(table):
                    continue
                table = sa.table(table, sa.column("facts"))
                rows = tx.session.execute(sa.select(table.c.facts)).all()
            else:
                rows = tx.session.execute(sa.select(TermFileRow.facts)).all()
            text = " ".join(str(row) for row in rows)
            assert "Rahasia" not in text
            assert NIK_A not in text
            assert NIK_X not in text
        raw = tx.session.execute(sa.select(sa.type_coerce(TermFileRow.cells, sa.LargeBinary))).scalars()
        assert all(b"Rahasia" not in bytes(one) for one in raw)


@pytest.mark.parametrize("seed", range(3))
def test_rows_are_the_sum_of_outcomes_and_entries_of_the_listed_ones(registry: Work, seed: int):
    rng = random.Random(seed)
    numbers = [f"99010101018{n:05}" for n in range(1, 31)]
    for number in numbers[:20]:
        a_household(registry, rng.choice((E1, E2, W1)), people=(Person(name=f"Nama {number[-2:]}", nik=number),))
    term_id = a_term(registry, quotas=rng.choice(({}, {EAST: 30})))
    on_list: set[UUID] = set()
    for _ in range(4):
        lines = [
            f"{number};{rng.choice(('', f'Nama {number[-2:]}', 'Nama Lain'))};{rng.choice(('', E1, E2))}"
            for number in rng.choices([*numbers, "", "123"], k=rng.randint(1, 40))
        ]
        found = outcomes(registry, term_id, "\n".join(("nik;nama;kode desa", *lines)))
        now = set(lists.listed(registry, term_id))
        listed = sum(one in LISTED_OUTCOMES for one in found.values())
        assert len(now) - len(on_list) == listed
        assert now >= on_list
        on_list = now
    with registry.read_by(SYSTEM) as tx:
        households = {
            row.id: row.village_code for row in tx.session.execute(sa.select(Household.id, Household.village_code))
        }
    assert all(row.village_code == households[one] for one, row in lists.listed(registry, term_id).items())


def test_who_may_not_and_what_is_not_there(registry: Work):
    a_household(registry, people=(Person(nik=NIK_A),))
    term_id = a_term(registry)
    order = MatchFile(term_id=term_id, file=read_sk(f"NIK\n{NIK_A}\n".encode(), "a.csv"))
    for actor in (VILLAGE, HEAD):
        with registry.by(actor) as tx:
            with pytest.raises(Forbidden):
                match_file(tx, order)
            with pytest.raises(Forbidden):
                files(tx, term_id)
            with pytest.raises(Forbidden):
                file_rows(tx, uuid4())
            with pytest.raises(Forbidden):
                answered_csv(tx, uuid4())
    with registry.by(OFFICER) as tx:
        for act in (file_rows, answered_csv):
            with pytest.raises(NotFound):
                act(tx, uuid4())
        with pytest.raises(NotFound):
            match_file(tx, MatchFile(term_id=uuid4(), file=read_sk(b"NIK\n1\n", "a.csv")))
    assert lists.listed(registry, term_id) == {}
    with registry.by(OFFICER) as tx:
        cancel_term(tx, term_id, "Salah dibuka")
    with pytest.raises(Conflict):
        match(registry, term_id, f"NIK\n{NIK_A}\n")


KILLED = """
import os, signal, sys
from pathlib import Path
from core.crypto import Keyring, use_ring
from logistics.programmes import sk_file
use_ring(Keyring.load(Path(sys.argv[1])))
def killed(*args, **kwargs):
    os.kill(os.getpid(), signal.SIGKILL)
sk_file.stream_table = killed
sk_file.read_sk(b"nik;nama\\n9901010101800003;Budi Uji\\n", "sk.csv")
"""


def test_a_process_that_is_killed_leaves_nobody_readable(keys_dir: Path, keys: object, tmp_path: Path):
    done = subprocess.run(
        [sys.executable, "-c", KILLED, str(keys_dir)], cwd=ROOT, env={**os.environ, "TMPDIR": str(tmp_path)}
    )
    assert done.returncode == -signal.SIGKILL
    (left,) = (path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    assert b"9901010101800003" not in left and b"Budi" not in left
