"""How many doubles the search for pairs finds in a million households, how many it makes up, and what that costs.

    python -m bench.duplicates [--households 1000000] [--doubles 12000] [--engine sqlite|postgresql]

The invented registry of ``bench.registry_search``: names spread as names are, and of every twenty people one of whom
only the year of birth is known. Into it are planted doubles: a second household, with two other people in it, for a
person of a known one. Each kind of double (``TIERS``) is planted as often as every other. A pair that was not planted
is false here, though two neighbours of one name and one day of birth may be one for all that the data say. The search
and the writing are done in a process of their own, so that its peak of memory is its own; meanwhile another process
writes a little and tells how long it waited. The peer compares everybody with everybody of a sample by ``difflib``.
"""

from __future__ import annotations

import argparse
import difflib
import random
import sys
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import combinations
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa

from bench.demonstration import machine
from bench.import_registry import Watched, apart
from bench.registry_search import CHUNK, HOUSEHOLD, MEMBER, NOW, OFFICE, born, code_of, fill, mistyped, sex
from bench.writers import database
from core.clock import FixedClock
from core.crypto import use_ring
from core.db import open_engine
from core.work import Work
from registry_link.households.bulk import put_rows
from registry_link.households.known import know_numbers
from registry_link.households.models import Household, Member, RegistryLink, RowCounter, Snapshot
from registry_link.households.numbering import bump_stamp
from registry_link.households.pairing import Pair, ordered
from registry_link.households.queries import registry_version
from registry_link.households.states import LinkState, Relation, Sex, SnapshotState
from registry_link.identity.commands import Found
from registry_link.identity.jobs import find_pairs, keep_found
from registry_link.regions.queries import regions_of
from registry_link.regions.states import Level
from tests.support.databases import Run

TIERS: Final = (
    "NIK", "No. KK", "same name", "words turned round", "title before the name", "an error in one word",
    "errors in both words", "two errors in one word", "an error, next village", "another day of birth",
)  # fmt: skip
"""The last cannot be found by names: it tells that nothing else finds it by chance."""
SAMPLE = 150
"""Households whose people the peer compares."""
LIKENESS = 0.85
"""From so much alike by ``difflib`` the peer takes two names for one."""


@dataclass(frozen=True, slots=True)
class Double:
    tier: str
    no: int
    """The household of the person, by its place."""
    at: int
    village: str
    name: str
    birth_on: date


# ---------------------------------------------------------------- planting


def planned(texts: Sequence[tuple[str, ...]], villages: Sequence[str], count: int) -> list[Double]:
    """Choose whom to double and how; nobody twice, and every household once."""
    rng = random.Random(17)
    found = []
    for place, no in enumerate(rng.sample(range(len(texts)), count)):
        tier = TIERS[place % len(TIERS)]
        at = rng.randrange(len(texts[no]) - 1)
        village = no * len(villages) // len(texts)
        if tier == "an error, next village":
            village += 1 if village % 10 < 9 else -1
        on = born(no, at)
        other_day = on + timedelta(days=rng.choice((-31, -10, -1, 1, 10, 31)))
        found.append(
            Double(tier, no, at, villages[village], _written(rng, texts[no][at], tier),
                   other_day if tier == "another day of birth" else on)
        )  # fmt: skip
    return found


def _written(rng: random.Random, name: str, tier: str) -> str:
    """Write a name as another hand would."""
    first, last = name.split()
    long, short = (first, last) if len(first) > len(last) else (last, first)
    if tier == "words turned round":
        return f"{last} {first}"
    if tier == "title before the name":
        return f"{rng.choice(('H.', 'Hj.', 'Drs.'))} {name}"
    if tier.startswith("an error"):
        return name.replace(long, mistyped(rng, long.lower()).title(), 1)
    if tier == "errors in both words":
        return " ".join(mistyped(rng, one.lower()).title() for one in (short, long))
    if tier == "two errors in one word":
        return name.replace(long, mistyped(rng, mistyped(rng, long.lower())).title(), 1)
    return name


def plant(work: Work, texts: Sequence[tuple[str, ...]], doubles: Sequence[Double]) -> None:
    """Put the second households in, each with two strangers, who were born when nobody else was."""
    rng = random.Random(19)
    last = len(texts)
    with work.by(OFFICE) as tx:
        wanted = {one.no + 1: one for one in doubles}
        niks: dict[int, bytes] = {}
        cards: dict[int, bytes] = {}
        numbers = sorted(wanted)
        for start in range(0, len(numbers), 800):
            query = (
                sa.select(Household.row_no, Household.kk_bidx, Member.position, Member.nik_bidx)
                .join(Member, Member.household_id == Household.id)
                .where(Household.row_no.in_(numbers[start : start + 800]))
            )
            for row in tx.session.execute(query):
                if row.kk_bidx is not None:
                    cards[row.row_no] = row.kk_bidx
                if row.position == wanted[row.row_no].at and row.nik_bidx is not None:
                    niks[row.row_no] = row.nik_bidx
        ids = tx.new_ids(len(doubles))
        put_rows(tx, Household, HOUSEHOLD, (
            (new_id, last + place + 1, "99.01", code_of(last + place), one.village, "001", "001", "", "Jalan Baru",
             one.name, 3, None, None, None, None, None,
             cards[one.no + 1] if one.tier == "No. KK" else rng.randbytes(32), False, NOW, NOW)
            for place, (new_id, one) in enumerate(zip(ids, doubles, strict=True))
        ))  # fmt: skip
        rows: list[tuple[UUID, int, str, Sex, date | None, bytes]] = []
        for new_id, one in zip(ids, doubles, strict=True):
            # By a number alone: the person behind a shared NIK has another name and day here.
            is_named = one.tier not in ("NIK", "No. KK")
            mark = niks[one.no + 1] if one.tier == "NIK" else rng.randbytes(32)
            rows.append(
                (
                    new_id,
                    0,
                    one.name if is_named else "Entah Siapa",
                    sex(one.no, one.at),
                    one.birth_on if is_named else date(1890, 1, 1) + timedelta(days=rng.randrange(9000)),
                    mark,
                )
            )
            rows += [
                (new_id, at, f"Orang Baru{at}", sex(one.no, at), None, rng.randbytes(32)) for at in (1, 2)
            ]  # fmt: skip
        put_rows(tx, Member, MEMBER, (
            (member_id, new_id, "99.01", f"m{at}", at, name, kind, on, Relation.OTHER if at else Relation.HEAD, mark,
             False, False, False, False, True)
            for member_id, (new_id, at, name, kind, on, mark) in zip(tx.new_ids(len(rows)), rows, strict=True)
        ))  # fmt: skip
        know_numbers(tx, ids)
        tx.session.execute(sa.update(RowCounter).values(last_no=last + len(doubles)))
        bump_stamp(tx)


def link_all(work: Work, last_no: int) -> None:
    """Bind every household to one current snapshot, as an import leaves them."""
    with work.by(OFFICE) as tx:
        snapshot_id = tx.new_id()
        tx.session.add(
            Snapshot(
                id=snapshot_id, regency_code="99.01", source="dtsen", as_of_on=date(2026, 11, 1), agreement_no="PKS 1",
                state=SnapshotState.CURRENT, file_sha256="0" * 64, file_name="dtsen.csv", households=last_no,
                members=0, lists_members=True, completes_id=None, recorded_at=NOW, current_at=NOW,
            )
        )  # fmt: skip
    for start in range(1, last_no + 1, CHUNK):
        with work.by(OFFICE) as tx:
            query = sa.select(Household.id).where(Household.row_no.between(start, start + CHUNK - 1))
            ids = tx.session.scalars(query).all()
            put_rows(
                tx, RegistryLink,
                ("id", "regency_code", "household_id", "snapshot_id", "external_id", "state", "recorded_at"),
                ((new_id, "99.01", one, snapshot_id, one.hex, LinkState.IMPORTED, NOW)
                 for new_id, one in zip(tx.new_ids(len(ids)), ids, strict=True)),
            )  # fmt: skip
    with work.engine.connect() as connection:
        connection = connection.execution_options(isolation_level="AUTOCOMMIT")
        connection.exec_driver_sql("ANALYZE" if connection.dialect.name == "sqlite" else "VACUUM ANALYZE")


# ---------------------------------------------------------------- searching


def searched(url: str) -> tuple[Found, dict[str, float]]:
    """Search the whole registry and write down what was found, as the job does."""
    # So late that the next search does not take the whole registry for changed (``jobs.OVERLAP``).
    work = Work(open_engine(url), FixedClock(NOW + timedelta(hours=4)))
    marks = [time.perf_counter()]
    found = find_pairs(work, OFFICE)
    marks.append(time.perf_counter())
    assert found is not None
    kept = keep_found(work, OFFICE, found)
    marks.append(time.perf_counter())
    return found, {"find": marks[1] - marks[0], "keep": marks[2] - marks[1], "new": kept.new, "left_out": kept.left_out}


def again(url: str) -> dict[str, float]:
    """Search once more after one household has changed."""
    work = Work(open_engine(url), FixedClock(NOW + timedelta(hours=8)))
    with work.by(OFFICE) as tx:
        tx.session.execute(sa.update(Household).where(Household.row_no == 1).values(changed_at=tx.now))
        bump_stamp(tx)
        assert registry_version(tx) > 0
    began = time.perf_counter()
    found = find_pairs(work, OFFICE)
    assert found is not None
    marks = [began, time.perf_counter()]
    keep_found(work, OFFICE, found)
    return {"find": marks[1] - marks[0], "keep": time.perf_counter() - marks[1]}


def tell(found: Found, pairs: Mapping[Pair, Double]) -> None:
    """Print how many of each kind were found, and how many pairs that nobody planted."""
    hits = Counter(one.tier for pair, one in pairs.items() if pair in found.pairs)
    planted = Counter(one.tier for one in pairs.values())
    for tier in TIERS:
        print(f"    {tier:26}{hits[tier]:8,} of {planted[tier]:,}   {100 * hits[tier] / planted[tier]:5.1f} %")
    made_up = Counter(_reason(one) for pair, one in found.pairs.items() if pair not in pairs)
    right = Counter(_reason(one) for pair, one in found.pairs.items() if pair in pairs)
    print(f"    {'found by':26}{'planted':>10}{'not planted':>14}")
    for name in sorted({*made_up, *right}):
        print(f"    {name:26}{right[name]:10,}{made_up[name]:14,}")


def _reason(one: Any) -> str:
    if one.shares_nik or one.shares_kk:
        return "a number"
    if one.name_permille == 1000:
        return "name, letter by letter"
    return "name, 90 % and more" if one.name_permille >= 900 else "name, less"


# ---------------------------------------------------------------- the peer


def peer(texts: Sequence[tuple[str, ...]], doubles: Sequence[Double], villages: int) -> str:
    """Compare everybody with everybody, in one village and among its doubles, as one would without an index."""
    in_village = len(texts) // villages
    near = [one for one in doubles if one.no < in_village and one.tier not in ("NIK", "No. KK")][: SAMPLE // 2]
    homes = {one.no for one in near}
    homes |= set(range(SAMPLE - len(homes)))
    people = [
        (no, name.lower(), born(no, at), sex(no, at)) for no in sorted(homes) for at, name in enumerate(texts[no][:-1])
    ]
    people += [(-place - 1, one.name.lower(), one.birth_on, sex(one.no, one.at)) for place, one in enumerate(near)]
    began = time.perf_counter()
    compared, alike = 0, set()
    matcher = difflib.SequenceMatcher(autojunk=False)
    for one, other in combinations(people, 2):
        if one[0] == other[0]:
            continue
        compared += 1
        matcher.set_seqs(one[1], other[1])
        if matcher.ratio() >= LIKENESS and one[2] == other[2]:
            alike.add((min(one[0], other[0]), max(one[0], other[0])))
    took = time.perf_counter() - began
    hits = sum((-place - 1, one.no) in alike for place, one in enumerate(near))
    everybody = sum(len(one) - 1 for one in texts)
    days = took / compared * (everybody / villages) ** 2 / 2 * villages / 86400
    return (
        f"{len(people):,} people, {compared:,} comparisons in {took:.1f} s: {hits} of {len(near)} planted, "
        f"{len(alike) - hits} not planted; all people village by village would take {days:.1f} days"
    )


def measure(url: str, households: int, count: int) -> None:
    work = Work(open_engine(url), FixedClock(NOW))
    texts = fill(work, households - count, has_words=False)
    with work.read_by(OFFICE) as tx:
        villages = [one.code for one in regions_of(tx, "99.01", Level.VILLAGE)]
    doubles = planned(texts, villages, count)
    plant(work, texts, doubles)
    link_all(work, households)
    compare(work, url, texts, doubles, len(villages))


def compare(
    work: Work, url: str, texts: Sequence[tuple[str, ...]], doubles: Sequence[Double], villages: int
) -> None:  # fmt: skip
    """Search for what was planted, beside the peer."""
    households, count = len(texts) + len(doubles), len(doubles)
    numbers = [one.no + 1 for one in doubles] + list(range(len(texts) + 1, len(texts) + count + 1))
    ids: dict[int, UUID] = {}
    with work.read_by(OFFICE) as tx:
        for start in range(0, len(numbers), 800):
            query = sa.select(Household.row_no, Household.id).where(
                Household.row_no.in_(numbers[start : start + 800])
            )  # fmt: skip
            ids.update((row.row_no, row.id) for row in tx.session.execute(query))
    pairs = {ordered(ids[one.no + 1], ids[len(texts) + place + 1]): one for place, one in enumerate(doubles)}
    work.engine.dispose()
    with Watched(url) as others:
        done = apart(lambda: searched(url))
    found, told = done["told"]
    print(
        f"  {households:,} households, {sum(len(one) - 1 for one in texts) + 3 * count:,} members: found in "
        f"{told['find']:.1f} s, kept in {told['keep']:.1f} s ({told['new']:,} listed, {told['left_out']:,} left out), "
        f"peak {done['mb']} MB\n  others meanwhile: {others.told()}",
        flush=True,
    )
    tell(found, pairs)
    with Watched(url) as others:
        once = apart(lambda: again(url))
    print(
        f"  one household changed: found in {once['told']['find']:.1f} s, kept in {once['told']['keep']:.1f} s, "
        f"peak {once['mb']} MB\n  others meanwhile: {others.told()}",
        flush=True,
    )
    print(f"  everybody with everybody: {peer(texts, doubles, villages)}", flush=True)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--households", type=int, default=1_000_000)
    parser.add_argument("--doubles", type=int, default=12_000)
    parser.add_argument("--engine", choices=("sqlite", "postgresql"), action="append")
    asked = parser.parse_args()
    run = Run.begin()
    print(machine())
    try:
        for kind in asked.engine or ("sqlite", "postgresql"):
            print(kind, flush=True)
            with database(run, kind) as url:
                use_ring(run.keys())
                measure(url, asked.households, asked.doubles)
    finally:
        run.end()
    return 0


if __name__ == "__main__":
    sys.exit(main())
