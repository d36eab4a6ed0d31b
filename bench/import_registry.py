"""A whole district's registry, imported: a million households and their members in two files, then the next snapshot.

    python -m bench.import_registry [--households 1000000] [--engine sqlite|postgresql] [--peer-rows 20000]

One row in a hundred is bad. Each import is done in a process of its own, so that its peak of memory is its own, with
that of the child that unpacks; meanwhile another process writes and reads a little and tells how long it waited. The
last lines sum it up, engine by engine. PostgreSQL has an office's settings: what is committed is on the disk.
Between the two snapshots it is cleaned up and what was written goes to the disk, which nobody measures.
The second snapshot changes 2 % of the households. The peers do less: no sealing, no keyed hashes, no comparison with
what stands already, no way back. Compare ratios within one run, not seconds of different days.
"""

from __future__ import annotations

import argparse
import csv
import hashlib
import json
import multiprocessing
import os
import resource
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from functools import partial
from itertools import islice, pairwise
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from marshmallow import Schema, ValidationError, fields, validate
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

from bench.writers import database
from core.actor import Actor, Role
from core.clock import FixedClock
from core.crypto import use_ring
from core.db import open_engine
from core.errors import Conflict
from core.work import Work
from registry_link.importing import jobs
from registry_link.importing.commands import SourceFile, StartImport, approve_import, start_import
from registry_link.importing.jobs import run_pending_imports
from registry_link.importing.queries import ImportView, import_run
from tests.registry_link.people import ILNGEI, OFFICE, OLILIT, SAUM, WOWON, person, with_regions
from tests.support.databases import Run
from tests.support.postgres import OFFICE_SETTINGS

NOW = datetime(2026, 11, 16, 2, 0, tzinfo=UTC)
VILLAGES = (SAUM, OLILIT, WOWON, ILNGEI)
HOUSEHOLDS = (
    "id_keluarga;no_kk;nama_kepala_keluarga;kode_desa;alamat;rt;rw;jumlah_anggota_keluarga;desil_nasional;lng;lat"
)
MEMBERS = "id_keluarga;id_art;nik;nama;jenis_kelamin;tgl_lahir;shdk;sta_hamil"
PERSONS = 3.29
NAMES = ("Petrus", "Maria", "Yohanis", "Agustina", "Ferdinan", "Margaretha", "Elias", "Yuliana", "Simon", "Ribka")
SURNAMES = ("Contoh", "Uji", "Sampel", "Rekaan", "Misal", "Andaian", "Coba", "Latih")
PAUSE_S = 0.05
LOOK_S = 0.2


# ---------------------------------------------------------------- the files


def born(number: int) -> tuple[int, int, int]:
    """Give day, month and year of a birth so that with the serial every number is used once."""
    step = number // 9999
    return step % 28 + 1, step // 28 % 12 + 1, 1930 + step // 336 % 90


def nik(number: int) -> str:
    day, month, year = born(number)
    return f"990101{day:02d}{month:02d}{year % 100:02d}{number % 9999 + 1:04d}"


def kk(number: int) -> str:
    step = number // 9999
    return f"990101{step % 28 + 1:02d}{step // 28 % 12 + 1:02d}20{number % 9999 + 1:04d}"


def household_lines(count: int, *, is_next: bool) -> Iterator[str]:
    for number in range(count):
        is_changed = is_next and number % 50 == 11
        village = "99.01.09.2001" if number % 200 == 3 else VILLAGES[number % 4]
        yield (
            f"K{number:08d};{kk(number)};{NAMES[number % 10]} {SURNAMES[number % 8]};{village};"
            f"Jalan Contoh {number % 977}{' baru' if is_changed else ''};{number % 9 + 1:03d};{number % 4 + 1:03d};"
            f"{number % 4 + 2};{number % 10 + 1};131,{number % 9000 + 1000};-7,{number % 8000 + 1000}\n"
        )


def member_lines(count: int) -> Iterator[str]:
    for number in range(int(count * PERSONS)):
        house = int(number / PERSONS)
        is_head = not number or int((number - 1) / PERSONS) != house
        day, month, year = born(number)
        digits = nik(number)
        yield (
            f"K{house:08d};A{number:08d};{digits[:15] if number % 100 == 57 else digits};"
            f"{NAMES[number % 10]} {SURNAMES[number % 8]};L;{day:02d}-{month:02d}-{year};{1 if is_head else 3};0\n"
        )


def written(path: Path, header: str, lines: Iterator[str]) -> SourceFile:
    seen = hashlib.sha256()
    with path.open("w", encoding="utf-8", buffering=1 << 20) as out:
        out.write(header + "\n")
        for line in lines:
            out.write(line)
    with path.open("rb") as file:
        while piece := file.read(1 << 20):
            seen.update(piece)
    return SourceFile(path=path, name=path.name, sha256=seen.hexdigest(), size=path.stat().st_size)


# ---------------------------------------------------------------- in a process of its own


def apart(act: Callable[[], Any]) -> dict[str, Any]:
    """Do something in a fork; gives what it gives with its seconds and its peak of memory, and its children's."""
    mine, theirs = multiprocessing.Pipe(duplex=False)
    pid = os.fork()
    if not pid:
        code = 1
        try:
            began = time.perf_counter()
            told = act()
            used = [resource.getrusage(one) for one in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
            theirs.send({
                "told": told, "seconds": time.perf_counter() - began, "mb": used[0].ru_maxrss >> 10,
                "cpu": sum(one.ru_utime + one.ru_stime for one in used),
            })  # fmt: skip
            code = 0
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(code)
    theirs.close()
    most = 0
    try:
        while not mine.poll(LOOK_S):
            most = max(most, held_mb(pid))
        done = dict(mine.recv())
        return {**done, "mb": most or done["mb"]}
    finally:
        os.waitpid(pid, 0)


def held_mb(pid: int) -> int:
    """Tell what a process and those it started hold in memory now; files that they share are counted once.

    From counters that the kernel keeps anyway: to walk through the pages would hold up what is measured.
    """
    own, shared = _held(pid)
    return (own + shared) >> 10


def _held(pid: int) -> tuple[int, int]:
    """Give kilobytes that are each process's own, and those of files of the one that has most."""
    own = shared = 0
    # One that has just ended has no such lines.
    with suppress(OSError, ValueError, KeyError):
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
        told = {name: int(rest.split()[0]) for name, _, rest in (line.partition(":") for line in lines)
                if name.startswith("Rss")}  # fmt: skip
        own, shared = told["RssAnon"] + told["RssShmem"], told["RssFile"]
        for thread in Path(f"/proc/{pid}/task").iterdir():
            for one in (thread / "children").read_text().split():
                theirs, files = _held(int(one))
                own, shared = own + theirs, max(shared, files)
    return own, shared


def watch(url: str, stop: Connection) -> dict[str, list[float]]:
    """Read and write a little, again and again, and keep how long each took."""
    work = Work(open_engine(url), FixedClock(NOW))
    found: dict[str, list[float]] = {"read": [], "write": []}
    while not stop.poll(PAUSE_S):
        began = time.perf_counter()
        with work.read_by(OFFICE) as tx:
            tx.session.execute(sa.text("SELECT COUNT(*) FROM region")).all()
        found["read"].append(time.perf_counter() - began)
        began = time.perf_counter()
        work.run(OFFICE, lambda tx: tx.note("bench.write", "office", OFFICE.regency_code))
        found["write"].append(time.perf_counter() - began)
    return found


class Watched:
    """What others wait while something is done."""

    def __init__(self, url: str) -> None:
        self._url = url

    def __enter__(self) -> Watched:
        self._answer, answer = multiprocessing.Pipe(duplex=False)
        stop, self._stop = multiprocessing.Pipe(duplex=False)
        self._pid = os.fork()
        if not self._pid:
            with suppress(BaseException):
                answer.send(watch(self._url, stop))
            os._exit(0)
        answer.close()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.send(True)
        self.waits: dict[str, list[float]] = {}
        with suppress(EOFError):
            self.waits = self._answer.recv()
        os.waitpid(self._pid, 0)

    def p99_ms(self, name: str) -> float:
        waits = sorted(self.waits.get(name, ()))
        return waits[min(len(waits) - 1, len(waits) * 99 // 100)] * 1000 if waits else float("nan")

    def longest_ms(self, name: str) -> float:
        return max(self.waits.get(name, ()), default=float("nan")) * 1000

    def told(self) -> str:
        parts = []
        for name, waits in self.waits.items():
            waits.sort()
            if waits:
                p99 = waits[min(len(waits) - 1, len(waits) * 99 // 100)]
                parts.append(f"{name} p50 {waits[len(waits) // 2] * 1000:.0f} p99 {p99 * 1000:.0f} "
                             f"longest {waits[-1] * 1000:.0f} ms ({len(waits)})")  # fmt: skip
        return "; ".join(parts) or "nothing was measured"


# ---------------------------------------------------------------- the product's way


def imported(url: str, files: tuple[SourceFile, ...], as_of_on: date, now: datetime) -> dict[str, float | int]:
    """Import two files the whole way; gives the seconds of each part and what the import says of itself."""
    work = Work(open_engine(url), FixedClock(now))
    officer, head = person(Role.LOGISTICS), person(Role.HEAD)
    marks = [time.perf_counter()]
    with work.by(officer) as tx:
        run_id = start_import(tx, StartImport(files=files, source="dtsen", as_of_on=as_of_on))
    jobs._unpack(work, OFFICE, run_id)
    marks.append(time.perf_counter())
    run_pending_imports(work, OFFICE)
    marks.append(time.perf_counter())
    with work.by(head) as tx:
        approve_import(tx, run_id)
    run_pending_imports(work, OFFICE)
    marks.append(time.perf_counter())
    view = seen(work, officer, run_id)
    parts = dict(zip(("unpack", "read", "apply"), (b - a for a, b in pairwise(marks)), strict=True))
    counts = ("rows", "new", "changed", "unchanged", "refused", "doubled")
    return {**parts, **{name: getattr(view, name) for name in counts}, "is_applied": view.state.value == "applied"}


def seen(work: Work, actor: Actor, run_id: Any) -> ImportView:
    with work.read_by(actor) as tx:
        return import_run(tx, run_id)


def recognised(url: str, files: tuple[SourceFile, ...]) -> str:
    work = Work(open_engine(url), FixedClock(NOW))
    try:
        with work.by(person(Role.LOGISTICS)) as tx:
            start_import(tx, StartImport(files=files, source="dtsen", as_of_on=date(2026, 4, 1)))
    except Conflict as refused:
        return refused.code
    return "NOT RECOGNISED"


def settle(url: str) -> None:
    """Let PostgreSQL see to what was written, and the disk take it, as in the months between two snapshots."""
    engine = sa.create_engine(url)
    if engine.dialect.name == "postgresql":
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(sa.text("VACUUM (ANALYZE)"))
            connection.execute(sa.text("CHECKPOINT"))
    engine.dispose()
    os.sync()


# ---------------------------------------------------------------- peers


class PeerBase(DeclarativeBase):
    pass


class PeerMember(PeerBase):
    __tablename__ = "peer_member"

    id: Mapped[int] = mapped_column(primary_key=True)
    household_id: Mapped[str] = mapped_column(index=True)
    member_id: Mapped[str]
    nik: Mapped[str] = mapped_column(index=True)
    name: Mapped[str]
    sex: Mapped[str]
    birth_on: Mapped[date]
    relation: Mapped[int]


class PeerSchema(Schema):
    household_id = fields.String(required=True, validate=validate.Length(min=1, max=60))
    member_id = fields.String(required=True, validate=validate.Length(max=60))
    nik = fields.String(required=True, validate=validate.Regexp(r"^[0-9]{16}$"))
    name = fields.String(required=True, validate=validate.Length(min=1, max=120))
    sex = fields.String(required=True, validate=validate.OneOf(["L", "P"]))
    birth_on = fields.Date(required=True, format="%d-%m-%Y")
    relation = fields.Integer(required=True, validate=validate.Range(min=1, max=8))


PEER_FIELDS = ("household_id", "member_id", "nik", "name", "sex", "birth_on", "relation")


def peer_rows(path: Path, most: int) -> Iterator[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        reader = csv.reader(file, delimiter=";")
        next(reader)
        for cells in islice(reader, most):
            yield dict(zip(PEER_FIELDS, cells, strict=False))


def by_schema_and_orm(url: str, path: Path, most: int) -> int:
    engine, schema, taken = sa.create_engine(url), PeerSchema(), 0
    with Session(engine) as session:
        for row in peer_rows(path, most):
            try:
                ready = schema.load(row)
            except ValidationError:
                continue
            known = session.scalar(sa.select(PeerMember).where(PeerMember.nik == ready["nik"]))
            if known is None:
                session.add(PeerMember(**ready))
            else:
                for name, value in ready.items():
                    setattr(known, name, value)
            taken += 1
        session.commit()
    return taken


def by_executemany(url: str, path: Path, most: int) -> int:
    engine = sa.create_engine(url)
    ready = []
    for row in peer_rows(path, most):
        with suppress(ValueError):
            if len(row["nik"]) == 16 and row["nik"].isdigit():
                day, month, year = map(int, row["birth_on"].split("-"))
                ready.append({**row, "birth_on": date(year, month, day), "relation": int(row["relation"])})
    with engine.begin() as connection:
        for at in range(0, len(ready), 5000):
            connection.execute(sa.insert(PeerMember), ready[at : at + 5000])
    return len(ready)


def peers(url: str, path: Path, most: int, ours: float) -> dict[str, float]:
    """Give how many rows a second the others' ways take of a sample."""
    found: dict[str, float] = {}
    for name, act in (("marshmallow + ORM, row by row", by_schema_and_orm), ("csv + executemany", by_executemany)):
        engine = sa.create_engine(url)
        PeerBase.metadata.create_all(engine)
        began = time.perf_counter()
        rows = act(url, path, most)
        rate = rows / (time.perf_counter() - began)
        PeerBase.metadata.drop_all(engine)
        engine.dispose()
        found[name] = rate
        print(
            f"    peer {name}: {rate:,.0f} rows/s (of {rows:,} members); ours is {ours / rate:.1f} times that",
            flush=True,
        )
    return found


# ---------------------------------------------------------------- the run


def told(name: str, done: dict[str, Any], waits: str) -> float:
    found: dict[str, Any] = done["told"]
    rate = found["rows"] / done["seconds"]
    print(
        f"  {name}: {done['seconds']:.1f} s ({rate:,.0f} rows/s): unpacked {found['unpack']:.1f} s, checked and staged "
        f"{found['read']:.1f} s, applied {found['apply']:.1f} s; processor {done['cpu']:.1f} s; peak {done['mb']} MB, "
        f"the child's too\n"
        f"    {json.dumps({key: value for key, value in found.items() if isinstance(value, int)})}\n"
        f"    others meanwhile: {waits}", flush=True,
    )  # fmt: skip
    return float(rate)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--households", type=int, default=1_000_000)
    parser.add_argument("--engine", choices=("sqlite", "postgresql"), action="append")
    parser.add_argument("--peer-rows", type=int, default=20_000)
    asked = parser.parse_args()
    run, wrong = Run.begin(OFFICE_SETTINGS), 0
    summary: list[str] = []
    use_ring(run.keys())
    try:
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            first = written(folder / "keluarga.csv", HOUSEHOLDS, household_lines(asked.households, is_next=False))
            people = written(folder / "anggota.csv", MEMBERS, member_lines(asked.households))
            second = written(folder / "keluarga-2.csv", HOUSEHOLDS, household_lines(asked.households, is_next=True))
            print(f"{asked.households:,} households, {int(asked.households * PERSONS):,} members, "
                  f"{(first.size + people.size) >> 20} MB")  # fmt: skip
            for kind in asked.engine or ("sqlite", "postgresql"):
                with database(run, kind) as url:
                    prepared = with_regions(Work(open_engine(url), FixedClock(NOW)))
                    prepared.engine.dispose()
                    print(kind)
                    rates = []
                    parts = []
                    # The second a day later: what was written long ago needs no second look.
                    for title, files, on, at in (
                        ("first snapshot", (first, people), date(2026, 1, 1), NOW),
                        ("second snapshot, 2 % changed", (second, people), date(2026, 4, 1), NOW + timedelta(days=1)),
                    ):
                        with Watched(url) as others:
                            done = apart(partial(imported, url, files, on, at))
                        rates.append(told(title, done, others.told()))
                        parts.append(
                            f"{title} {done['seconds']:.1f} s, {rates[-1]:,.0f} rows/s, peak {done['mb']} MB, "
                            f"processor {done['cpu']:.1f} s, "
                            f"others' writes p99 {others.p99_ms('write'):.0f} ms, "
                            f"longest {others.longest_ms('write'):.0f} ms"
                        )
                        wrong += not done["told"]["is_applied"]
                        settle(url)
                    changed = sum(
                        number % 50 == 11 and number % 200 != 3 for number in range(asked.households)
                    )  # fmt: skip
                    if done["told"]["changed"] != changed:
                        print(f"    WRONG: {changed} households changed")
                        wrong += 1
                    again = recognised(url, (people, second))
                    print(f"    the same files again: {again}")
                    wrong += again != "import_run.same_file"
                    others_rates = peers(url, people.path, asked.peer_rows, rates[0])
                    ratios = ", ".join(f"{rates[0] / rate:.1f} x {name}" for name, rate in others_rates.items())
                    summary.append(f"{kind}: {'; '.join(parts)}; {ratios}")
    finally:
        run.end()
        print("\n".join(["", f"SUMMARY, {asked.households:,} households", *summary]), flush=True)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
