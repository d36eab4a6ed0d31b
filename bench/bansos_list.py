"""How fast a term's list is previewed, drawn, matched from a file and compared with other help.

    python bench/bansos_list.py [--households 34000 900000] [--postgresql URL] [--folder /tmp/lists] [--only preview]

Synthetic households (numbers 99…) in 200 villages of 20 districts, three and a half people each, in the order of their
villages, as registry files have them. With ``--folder`` the databases are kept and used again. "cpu ms" is the
processor's own time of this process: all of it on SQLite, the little that is not the server's on PostgreSQL.
"""

from __future__ import annotations

import argparse
import math
import random
import resource
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any
from uuid import UUID

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import sqlalchemy as sa
from sqlalchemy.engine import Engine

from core.actor import system
from core.clock import FixedClock
from core.crypto import Keyring, Secret, use_ring
from core.db import Base, open_engine
from core.measures import Period, Rupiah
from core.office.commands import OpenOffice, open_office
from core.work import Tx, Work
from logistics.programmes.commands import OpenProgramme, OpenTerm, open_programme, open_term
from logistics.programmes.drawing import DrawList, draw_list, excluded_households, preview_list
from logistics.programmes.overlaps import overlaps
from logistics.programmes.sk_file import MatchFile, match_file, read_sk
from logistics.programmes.states import Cadence, Form, ProgrammeKind, Unit
from registry_link.households.bulk import put_rows
from registry_link.households.known import know_numbers
from registry_link.households.models import Household, Member
from registry_link.households.numbers import nik_indexes
from registry_link.households.selection import Criteria, Trait
from registry_link.households.states import Relation, Sex
from registry_link.regions.models import Region
from registry_link.regions.states import Level

NOW = datetime(2026, 11, 16, 2, 0, tzinfo=UTC)
OFFICE = system("99.01")
DISTRICTS, VILLAGES = 20, 10
CHUNK = 20_000
LISTED = 20_000
HOUSEHOLD = (
    "id", "row_no", "regency_code", "code", "village_code", "rt", "rw", "hamlet", "address", "head_name", "size",
    "decile", "kk", "kk_bidx", "is_provisional", "recorded_at", "changed_at",
)  # fmt: skip
MEMBER = (
    "id", "household_id", "regency_code", "member_key", "position", "name", "sex", "birth_on", "relation", "nik",
    "nik_bidx", "is_pregnant", "is_nursing", "has_disability", "is_chronically_ill", "row_hash", "is_present",
)  # fmt: skip
SETTINGS: dict[str, Criteria] = {
    "everybody": Criteria(),
    "decile 1-4": Criteria(most_decile=4),
    "decile 1-4, elderly or toddler": Criteria(most_decile=4, traits=(Trait.ELDERLY, Trait.TODDLER)),
    "elderly, no decile": Criteria(traits=(Trait.ELDERLY,)),
    "every trait, no decile": Criteria(traits=tuple(Trait)),
    "disabled, no decile": Criteria(traits=(Trait.DISABLED,)),
}


def nik_of(number: int) -> str:
    """Make a synthetic NIK of the invented region, born on 1 to 28 of a month."""
    return (
        f"990101{number % 28 + 1:02}{number // 28 % 12 + 1:02}{number // 336 % 100:02}{number // 33600 % 9999 + 1:04}"
    )


def fill(work: Work, households: int) -> None:
    """Put the office, its regions, households and people into a new database."""
    rng = random.Random(3)
    with work.by(OFFICE) as tx:
        open_office(
            tx,
            OpenOffice(regency_code="99.01", regency_name="Kabupaten Contoh", name="Dinas Sosial", seat="Contoh",
                       time_zone="Asia/Jakarta", is_demo=True),
        )  # fmt: skip
        for code, level, kind in regions():
            if tx.session.get(Region, code) is None:
                tx.session.add(
                    Region(code=code, regency_code="99.01" if len(code) > 2 else None, kind=kind, level=level,
                           parent_code=code.rpartition(".")[0] or None, name=code, name_key=code.replace(".", ""))
                )  # fmt: skip
            tx.session.flush()
    villages = [code for code, level, _ in regions() if level is Level.VILLAGE]
    for start in range(0, households, CHUNK):
        with work.by(OFFICE) as tx:
            put_chunk(tx, rng, villages, range(start, min(start + CHUNK, households)), households)
    with work.engine.connect() as connection:
        connection = connection.execution_options(isolation_level="AUTOCOMMIT")
        connection.exec_driver_sql("ANALYZE" if connection.dialect.name == "sqlite" else "VACUUM ANALYZE")


def regions() -> list[tuple[str, Level, str]]:
    found = [("99", Level.PROVINCE, "provinsi"), ("99.01", Level.REGENCY, "kabupaten")]
    for district in range(1, DISTRICTS + 1):
        found.append((f"99.01.{district:02}", Level.DISTRICT, "kecamatan"))
        found += [(f"99.01.{district:02}.20{n:02}", Level.VILLAGE, "desa") for n in range(1, VILLAGES + 1)]
    return found


def put_chunk(tx: Tx, rng: random.Random, villages: list[str], numbers: range, of: int) -> None:
    ids = tx.new_ids(len(numbers))
    sizes = [rng.choice((1, 2, 3, 3, 4, 4, 5, 6)) for _ in numbers]
    put_rows(
        tx,
        Household,
        HOUSEHOLD,
        (
            (
                one, no + 1, "99.01", f"KEL-{no + 1:07}-0", villages[no * len(villages) // of], f"{no % 9 + 1:03}",
                f"{no % 5 + 1:03}", "Dusun Contoh", f"Jalan Contoh No. {no}", f"Contoh {no}", size,
                None if rng.random() < 0.06 else rng.randint(1, 10), Secret(nik_of(no)), rng.randbytes(32), False,
                NOW, NOW,
            )
            for no, one, size in zip(numbers, ids, sizes, strict=True)
        ),
    )  # fmt: skip
    people = [
        (one, at, no * 8 + at) for no, one, size in zip(numbers, ids, sizes, strict=True) for at in range(size)
    ]  # fmt: skip
    niks = [Secret(nik_of(number)) for _, _, number in people]
    put_rows(
        tx,
        Member,
        MEMBER,
        (
            (
                member_id, one, "99.01", f"nik:{index.hex()[:32]}", at, f"Contoh {number // 8} {at}",
                Sex.FEMALE if number % 2 else Sex.MALE, born(rng, at), Relation.OTHER if at else Relation.HEAD, nik,
                index, rng.random() < 0.01, rng.random() < 0.02, rng.random() < 0.02, rng.random() < 0.03,
                rng.randbytes(32), rng.random() < 0.99,
            )
            for member_id, (one, at, number), nik, index in zip(
                tx.new_ids(len(people)), people, niks, nik_indexes(niks), strict=True
            )
            if index is not None
        ),
    )  # fmt: skip
    know_numbers(tx, ids)


def born(rng: random.Random, at: int) -> date:
    years = rng.triangular(20, 95, 45) if at < 2 else rng.uniform(0, 30)
    return NOW.date() - timedelta(days=int(years * 365.25))


def a_term(work: Work, name: str, quotas: dict[str, int]) -> tuple[UUID, UUID]:
    with work.by(OFFICE) as tx:
        opened = open_programme(
            tx,
            OpenProgramme(name=name, kind=ProgrammeKind.OWN, form=Form.CASH, unit=Unit.HOUSEHOLD, cadence=Cadence.ONCE,
                          supplier="Kas", distributor="Kas", funding_source="APBD"),
        )  # fmt: skip
        return opened.id, open_term(
            tx,
            OpenTerm(programme_id=opened.id, name="Tahap I", amount_rp=Rupiah(600_000), quotas=quotas,
                     period=Period(date(2026, 11, 1), date(2026, 12, 31))),
        )  # fmt: skip


def timed(name: str, act: Callable[[], object], times: int = 3) -> None:
    """Print the best of several times, by the clock and of the processor alone."""
    best = busy = math.inf
    found: object = None
    for _ in range(times):
        begun, worked = time.perf_counter(), time.process_time()
        found = act()
        best, busy = min(best, time.perf_counter() - begun), min(busy, time.process_time() - worked)
    print(f"{name:58}{best * 1000:9.0f}{busy * 1000:9.0f}   {found}", flush=True)


def measure(work: Work, households: int, only: str) -> None:
    stamp = f"{time.perf_counter_ns()}"
    open_quota = {f"99.01.{n:02}": LISTED // DISTRICTS for n in range(1, DISTRICTS + 1)}
    other_programme, other = a_term(work, f"Lain {stamp}", {f"99.01.{n:02}": LISTED // 40 for n in range(1, 21)})
    programme_id, term_id = a_term(work, f"Utama {stamp}", open_quota)
    del programme_id
    with work.by(OFFICE) as tx:
        draw_list(tx, DrawList(term_id=other, criteria=Criteria(most_decile=2)))

    def preview(criteria: Criteria, **more: Any) -> object:
        with work.read_by(OFFICE) as tx:
            shown = preview_list(tx, DrawList(term_id=term_id, criteria=criteria, **more))
        return f"fits {shown.fits:,}, drawn {shown.drawn:,}, not {shown.excluded_total:,}"

    print(f"\n{households:,} households, {work.engine.dialect.name}\n{'':58}{'ms':>9}{'cpu ms':>9}")
    for name, criteria in SETTINGS.items():
        timed(f"preview: {name}", partial(preview, criteria))
    barred: dict[str, Any] = {"not_in_programme_ids": (other_programme,), "not_helped_weeks": 8}
    busiest = SETTINGS["decile 1-4, elderly or toddler"]
    timed("preview: the same, not in a programme, not helped", lambda: preview(busiest, **barred))
    if only == "preview":
        return
    order = DrawList(term_id=term_id, criteria=busiest, **barred)

    def page(reason_code: str) -> object:
        with work.read_by(OFFICE) as tx:
            return f"of {excluded_households(tx, order, reason_code=reason_code, limit=50).total:,}"

    for reason_code in ("", "list.trait", "list.over_quota"):
        timed(f"fifty who are not drawn {reason_code}", partial(page, reason_code), 1)

    def draw(criteria: Criteria) -> object:
        with work.by(OFFICE) as tx:
            return draw_list(tx, DrawList(term_id=term_id, criteria=criteria))

    timed("draw", lambda: draw(busiest), 1)
    timed("draw the same again", lambda: draw(busiest), 1)
    timed(f"draw {LISTED:,} instead", lambda: draw(SETTINGS["everybody"]), 1)

    def compare() -> object:
        with work.read_by(OFFICE) as tx:
            return f"{overlaps(tx, term_id).total:,} overlap"

    timed("overlaps, a page of fifty", compare)
    content = sk_file(households)

    def match() -> object:
        file = read_sk(content, "sk.csv")
        with work.by(OFFICE) as tx:
            made = match_file(tx, MatchFile(term_id=term_id, file=file))
        return {one.value: number for one, number in made.counts.items()}

    timed(f"match a file of {min(LISTED, households):,} rows", match, 1)
    timed("the same file again", match, 1)


def sk_file(households: int) -> bytes:
    rows = (f"{nik_of(no * 8)};Contoh {no} 0" for no in range(0, households, max(1, math.ceil(households / LISTED))))
    return "\r\n".join(("NIK;Nama", *rows)).encode()


def databases(folder: Path, given: argparse.Namespace) -> Iterator[tuple[Engine, int]]:
    for households in given.households:
        url = given.postgresql or f"sqlite:///{folder / f'lists-{households}.db'}"
        engine = open_engine(url)
        if not sa.inspect(engine).has_table("household"):
            begun = time.perf_counter()
            Base.metadata.create_all(engine)
            fill(Work(engine, FixedClock(NOW)), households)
            print(f"{households:,} households made in {time.perf_counter() - begun:.0f} s")
        yield engine, households
        engine.dispose()


def main() -> None:
    from tests.support.databases import import_models

    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--households", type=int, nargs="+", default=[34_000, 900_000])
    parser.add_argument("--postgresql", help="address of an empty database, for one number of households")
    parser.add_argument("--folder", type=Path, help="keep the databases here")
    parser.add_argument("--only", choices=("preview", "all"), default="all")
    given = parser.parse_args()
    import_models()
    with tempfile.TemporaryDirectory(prefix="tanggap-bench-") as made:
        folder = given.folder or Path(made)
        with suppress(FileExistsError):
            folder.mkdir(parents=True)
        use_ring(Keyring.load_or_make(folder / "keys"))
        for engine, households in databases(folder, given):
            measure(Work(engine, FixedClock(NOW)), households, given.only)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"\npeak memory {peak:.0f} MB, Python {sys.version.split()[0]}")


if __name__ == "__main__":
    main()
