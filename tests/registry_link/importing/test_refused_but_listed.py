"""A household or person whose row a file has, but nobody can read, is not gone: a typing error forgets nobody."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from uuid import UUID

import pytest
import sqlalchemy as sa

from core.work import Tx, Work
from registry_link.households.linking import links_of
from registry_link.households.models import Household, Member
from registry_link.households.queries import household
from registry_link.households.reporting import difference_report
from registry_link.households.states import DifferenceKind
from registry_link.importing.commands import SourceFile
from registry_link.importing.queries import import_run
from tests.registry_link.importing.test_imports import LOG, line, lines, office, stored  # noqa: F401
from tests.registry_link.importing.test_supplements import applied
from tests.registry_link.people import SAUM, kk, nik

FIFTEEN = "990101020486001"
HOMES = "id_keluarga;no_kk;nama_kepala_keluarga;kode_desa;alamat;rt;rw"
PEOPLE = "id_keluarga;id_art;nik;nama;jenis_kelamin;tgl_lahir;shdk"


def id_of(tx: Tx, external_id: str) -> UUID:
    return tx.session.scalars(sa.select(Household.id).where(Household.external_id == external_id)).one()


def present(tx: Tx, home: UUID) -> int:
    is_there = sa.select(sa.func.count()).where(Member.household_id == home, Member.is_present)
    return tx.session.scalar(is_there) or 0


def told(work: Work, run_id: UUID) -> dict[DifferenceKind, int]:
    with work.read_by(LOG) as tx:
        return dict(difference_report(tx, import_run(tx, run_id).snapshot_id).counts)


def homes_and_people(folder: Path, homes: list[str], people: list[str], name: str) -> tuple[SourceFile, SourceFile]:
    return stored(folder, homes, f"{name}-k.csv", HOMES), stored(folder, people, f"{name}-a.csv", PEOPLE)


def test_a_member_whose_row_is_refused_stays_and_what_the_others_say_is_taken(office: Work, tmp_path: Path):  # noqa: F811
    applied(office, stored(tmp_path, lines(3, 3)))
    rows = [
        line(1, 1, alamat="Jalan Pindah"), line(1, 2, nik=FIFTEEN, alamat="Jalan Pindah"), line(1, 3),
        *lines(2, 3)[3:5], *lines(3, 3)[6:],
    ]  # fmt: skip
    run_id = applied(office, stored(tmp_path, rows, "b.csv"), as_of=date(2026, 4, 1))
    assert told(office, run_id) == {
        DifferenceKind.ADDRESS: 1, DifferenceKind.SIZE: 1, DifferenceKind.MEMBER_GONE: 1
    }  # fmt: skip
    with office.read_by(LOG) as tx:
        one, two = id_of(tx, "K0001"), id_of(tx, "K0002")
        assert (present(tx, one), household(tx, one).size, household(tx, one).address) == (3, 3, "Jalan Pindah")
        # Of the second household the file lists two persons, and says nothing wrong of a third.
        assert (present(tx, two), household(tx, two).size) == (2, 2)


def test_a_household_all_of_whose_rows_are_refused_is_not_gone(office: Work, tmp_path: Path):  # noqa: F811
    applied(office, stored(tmp_path, lines(4, 2)))
    rows = [*lines(1, 2), line(2, 1, kk=FIFTEEN), line(2, 2, kk=FIFTEEN), f"{line(3)};zu;viel"]
    run_id = applied(office, stored(tmp_path, rows, "b.csv"), as_of=date(2026, 4, 1))
    assert told(office, run_id) == {DifferenceKind.GONE: 1}
    with office.read_by(LOG) as tx:
        for key, until_on in (("K0002", None), ("K0003", None), ("K0004", date(2026, 4, 1))):
            (link,) = links_of(tx, id_of(tx, key))
            assert link.until_on == until_on
            assert present(tx, id_of(tx, key)) == 2


def test_of_two_files_a_refused_household_and_its_members_stay(office: Work, tmp_path: Path):  # noqa: F811
    def home(n: int, number: str = "") -> str:
        return f"K{n};{number or kk(n)};Orang{n} Contoh;{SAUM};Jalan {n};001;002"

    def person(n: int, place: int, number: str = "") -> str:
        return f"K{n};A{n}{place};{number or nik(n * 10 + place)};Orang{n}{place} Contoh;L;02-04-1986;{1 + place}"

    everybody = [person(n, place) for n in (1, 2, 3) for place in (1, 2)]
    applied(office, *homes_and_people(tmp_path, [home(1), home(2), home(3)], everybody, "a"))
    people = [*everybody[:-1], person(3, 2, FIFTEEN)]
    files = homes_and_people(tmp_path, [home(1), home(2, FIFTEEN), home(3)], people, "b")
    run_id = applied(office, *files, as_of=date(2026, 4, 1))
    assert told(office, run_id) == {}
    with office.read_by(LOG) as tx:
        for key in ("K1", "K2", "K3"):
            assert [one.until_on for one in links_of(tx, id_of(tx, key))] == [None]
            assert (present(tx, id_of(tx, key)), household(tx, id_of(tx, key)).size) == (2, 2)


@pytest.mark.parametrize("refused", [1, 3])
def test_a_new_household_counts_whoever_cannot_be_read_yet(office: Work, tmp_path: Path, refused: int):  # noqa: F811
    rows = [line(1, place, **({"nik": FIFTEEN} if place == refused else {})) for place in (1, 2, 3)]
    first = applied(office, stored(tmp_path, rows))
    with office.read_by(LOG) as tx:
        one = id_of(tx, "K0001")
        assert (present(tx, one), household(tx, one).size) == (2, 3)
        whole = import_run(tx, first).snapshot_id
    applied(office, stored(tmp_path, [line(1, refused)], "b.csv"), completes_id=whole)
    with office.read_by(LOG) as tx:
        assert (present(tx, one), household(tx, one).size) == (3, 3)


def test_who_stays_the_head_while_the_heads_row_cannot_be_read(office: Work, tmp_path: Path):  # noqa: F811
    applied(office, stored(tmp_path, lines(1, 2)))
    rows = [line(1, 1, nik=FIFTEEN, alamat="Jalan Pindah"), line(1, 2, alamat="Jalan Pindah")]
    run_id = applied(office, stored(tmp_path, rows, "b.csv"), as_of=date(2026, 4, 1))
    assert told(office, run_id) == {DifferenceKind.ADDRESS: 1}
    with office.read_by(LOG) as tx:
        assert household(tx, id_of(tx, "K0001")).head_name == "Orang11 Contoh"
