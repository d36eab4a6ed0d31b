"""How fast a household is found by words, typing errors included, beside what a database offers for it.

    python -m bench.registry_search [--households 1000000] [--engine sqlite|postgresql] [--questions 100]

Invented people whose names are spread as names are: a few are very common, many rare. Ours is timed whole, as a page
asks it: finding, ranking, reading fifty households, their villages, the access log. The peers only find fifty row
numbers in one table of texts made for them: LIKE; FTS5 with prefixes and FTS5 with trigrams (SQLite); a text-search
index with prefixes and pg_trgm (PostgreSQL). "meant" is how often the household that the question was made from stands
on the first page. For words that are typed right, ours is compared with a walk through everything. A peer is asked the
first twenty questions of a kind.
"""

from __future__ import annotations

import argparse
import gc
import random
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final

import sqlalchemy as sa

from bench.bansos_list import nik_of, regions
from bench.writers import database
from core.actor import system
from core.clock import FixedClock
from core.crypto import Secret, use_ring
from core.db import open_engine
from core.ids import code_with_check
from core.office.commands import OpenOffice, open_office
from core.work import Work
from registry_link.households.bulk import put_rows
from registry_link.households.finding import EXACT_TIERS, asked_words, find_rows
from registry_link.households.known import know_numbers
from registry_link.households.models import Household, Member, RowCounter
from registry_link.households.numbers import kk_indexes, nik_indexes
from registry_link.households.positions import position_key
from registry_link.households.queries import SearchHouseholds, search_households
from registry_link.households.states import PositionSource, Relation, Sex
from registry_link.households.words import write_new_words
from registry_link.regions.models import Region
from registry_link.regions.states import Level
from tests.support.databases import Run

OFFICE = system("99.01")
NOW = datetime(2026, 11, 16, 2, 0, tzinfo=UTC)
CHUNK = 20_000
PAGE = 50
OF_PEERS = 20
SLOW = 1.0
"""Seconds after which a peer is asked no more than three questions."""
HOUSEHOLD: Final = (
    "id", "row_no", "regency_code", "code", "village_code", "rt", "rw", "hamlet", "address", "head_name", "size",
    "decile", "lon_deg", "lat_deg", "position_key", "position_source", "kk_bidx", "is_provisional", "recorded_at",
    "changed_at",
)  # fmt: skip
MEMBER: Final = (
    "id", "household_id", "regency_code", "member_key", "position", "name", "sex", "birth_on", "relation", "nik_bidx",
    "is_pregnant", "is_nursing", "has_disability", "is_chronically_ill", "is_present",
)  # fmt: skip
WEST, SOUTH, SIDE = 131.0, -8.5, 0.05
"""South-western corner of the invented land, and the side of one of its square villages in degrees."""
ACROSS = 20
"""Villages in a row."""
STARTS = ("b", "d", "f", "g", "h", "j", "k", "l", "m", "n", "p", "r", "s", "t", "w", "y", "", "kr", "pr", "sr", "ny")
ENDS = ("", "n", "r", "s", "t", "ng", "m", "h", "k", "l")


@dataclass(frozen=True, slots=True)
class Question:
    kind: str
    text: str
    meant: int
    """The household it was made from."""


def code_of(no: int) -> str:
    return code_with_check("KEL", no + 1)


def born(no: int, at: int) -> date:
    """Give somebody's day of birth, the same in every run; of one in twenty only the year is known."""
    mark = (no * 8 + at) * 2_654_435_761 % 2**32
    on = date(1930, 1, 1) + timedelta(days=mark % 34_000)
    return date(on.year, 7, 1) if mark // 34_000 % 20 == 0 else on


def corner(place: int) -> tuple[float, float]:
    """Give the south-western corner of a village by its place in the list."""
    return WEST + place % ACROSS * SIDE, SOUTH + place // ACROSS * SIDE


def stands(village: int, no: int) -> tuple[float, float] | None:
    """Tell where a household stands, in its village except one in 500; of every third nobody knows."""
    if no % 3 == 0:
        return None
    west, south = corner(village)
    away = SIDE if no % 500 == 1 else 0.0
    return west + away + SIDE * (no * 37 % 1000 / 1000), south + SIDE * (no * 91 % 1000 / 1000)


def kk_of(no: int) -> str:
    """Make a No. KK; its day is that of no NIK here."""
    return f"9901013101{no // 9999:02}{no % 9999 + 1:04}"


def sex(no: int, at: int) -> Sex:
    return Sex.FEMALE if (no + at) % 2 else Sex.MALE


class Names:
    """Invented words, spread as names are: the one in place n is taken about 1/n as often as the first."""

    def __init__(self, rng: random.Random, count: int, letters: int) -> None:
        known: dict[str, None] = {}
        while len(known) < count:
            parts = (
                rng.choice(STARTS) + rng.choice("aiueo") + rng.choice(ENDS) for _ in range(rng.randint(2, letters))
            )
            known["".join(parts)] = None
        self.words = [one for one in known if len(one) >= 4]
        self._weights = [1 / (place + 8) for place in range(len(self.words))]

    def some(self, rng: random.Random, count: int) -> list[str]:
        return rng.choices(self.words, self._weights, k=count)


def fill(work: Work, households: int, *, has_words: bool = True) -> list[tuple[str, ...]]:
    """Put the office and its people into a new database; gives each household's names, then its address."""
    rng = random.Random(5)
    first, last = Names(rng, 2500, 3), Names(rng, 9000, 4)
    streets = Names(rng, 600, 3)
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
        tx.session.execute(sa.insert(RowCounter).values(name="household", last_no=households))
    villages = [code for code, level, _ in regions() if level is Level.VILLAGE]
    texts: list[tuple[str, ...]] = []
    for start in range(0, households, CHUNK):
        numbers = range(start, min(start + CHUNK, households))
        sizes = rng.choices((1, 2, 3, 4, 5, 6), (8, 18, 24, 26, 16, 8), k=len(numbers))
        given, family = iter(first.some(rng, sum(sizes))), iter(last.some(rng, sum(sizes)))
        homes = [[f"{next(given)} {next(family)}".title() for _ in range(size)] for size in sizes]
        roads = [f"Jalan {word.title()} No. {rng.randint(1, 99)}" for word in streets.some(rng, len(numbers))]
        texts += [(*home, road) for home, road in zip(homes, roads, strict=True)]
        with work.by(OFFICE) as tx:
            ids = tx.new_ids(len(numbers))
            cards = iter(kk_indexes([Secret(kk_of(no)) for no in numbers if no < 1000]))
            in_village = [no * len(villages) // households for no in numbers]
            at_home = [stands(village, no) for village, no in zip(in_village, numbers, strict=True)]
            put_rows(tx, Household, HOUSEHOLD, (
                (one, no + 1, "99.01", code_of(no), villages[village], f"{no % 9 + 1:03}", f"{no % 5 + 1:03}", "",
                 road, home[0], len(home), no % 10 + 1, *(point or (None, None)),
                 position_key(*point) if point else None, PositionSource.GPS if point else None,
                 next(cards, None) or rng.randbytes(32), False, NOW, NOW)
                for no, one, home, road, village, point
                in zip(numbers, ids, homes, roads, in_village, at_home, strict=True)
            ))  # fmt: skip
            people = [
                (one, no, at, name)
                for one, no, home in zip(ids, numbers, homes, strict=True)
                for at, name in enumerate(home)
            ]
            # Of the first thousand heads the numbers are real ones; the others fill the index.
            heads = nik_indexes([Secret(nik_of(no)) for no in numbers if no < 1000])
            marks = iter(heads)
            put_rows(tx, Member, MEMBER, (
                (member_id, one, "99.01", f"m{at}", at, name, sex(no, at), born(no, at),
                 Relation.OTHER if at else Relation.HEAD,
                 (next(marks, None) if at == 0 else None) or rng.randbytes(32), False, False, False, False, True)
                for member_id, (one, no, at, name) in zip(tx.new_ids(len(people)), people, strict=True)
            ))  # fmt: skip
            know_numbers(tx, ids)
    if has_words:
        began = time.perf_counter()
        with work.by(OFFICE) as tx:
            write_new_words(tx, 1, households)
        took = time.perf_counter() - began
        print(f"  words and postings of {households:,} households written in {took:.0f} s", flush=True)
    with work.engine.connect() as connection:
        connection = connection.execution_options(isolation_level="AUTOCOMMIT")
        connection.exec_driver_sql("ANALYZE" if connection.dialect.name == "sqlite" else "VACUUM ANALYZE")
    return texts


def mistyped(rng: random.Random, word: str) -> str:
    """Leave a letter out, double one, swap two neighbours or take a wrong one; never the first."""
    at = rng.randint(1, len(word) - 2)
    return rng.choice((
        word[:at] + word[at + 1 :], word[:at] + word[at] + word[at:],
        word[:at] + word[at + 1] + word[at] + word[at + 2 :], word[:at] + rng.choice("aeiou") + word[at + 1 :],
    ))  # fmt: skip


def questions(texts: Sequence[tuple[str, ...]], count: int) -> list[Question]:
    rng = random.Random(9)
    found = []
    for _ in range(count):
        no = rng.randrange(len(texts))
        *names, road = texts[no]
        head, anybody = names[0].split(), rng.choice(names).split()
        typed = [mistyped(rng, one) if len(one) >= 5 else one for one in head[1:]]
        found += [
            Question("one word", head[1], no),
            Question("a member's whole name", " ".join(anybody), no),
            Question("beginnings of both words", " ".join(one[:4] for one in head), no),
            Question("a typing error in the name", " ".join((head[0], *typed)), no),
            Question("typing errors in both words", " ".join((mistyped(rng, head[0]), *typed)), no),
            Question("name and street", f"{head[1]} {road.split()[1]}", no),
            Question("the most common word", texts[0][0].split()[0], 0),
            Question("a street and its number", road, no),
            Question("a street with a typing error", f"{mistyped(rng, road.split()[1])} {road.split()[3]}", no),
            Question("code", code_of(no), no),
        ]
        within = rng.randrange(min(1000, len(texts)))
        found += [Question("NIK", nik_of(within), within), Question("No. KK", kk_of(within), within)]
    return sorted(found, key=lambda one: one.kind)


def meets(words: Sequence[str], text: tuple[str, ...]) -> bool:
    known = [word for one in text for word in asked_words(one)]
    return all(any(one.startswith(word) for one in known) for word in words)


TYPED_RIGHT = (
    "one word",
    "a member's whole name",
    "beginnings of both words",
    "name and street",
    "the most common word",
    "a street and its number",
)


def prove(work: Work, texts: Sequence[tuple[str, ...]], asked: Sequence[Question]) -> int:
    """Compare what is found for words typed right with a walk through everything; gives how many differ."""
    wrong = 0
    for one in [each for kind in TYPED_RIGHT for each in [one for one in asked if one.kind == kind][:2]]:
        words = asked_words(one.text)
        with work.read_by(OFFICE) as tx:
            found = find_rows(tx, words, None, 1)
        ours = {number for tier in found.tiers[:EXACT_TIERS] for number in tier}
        walked = {no + 1 for no, text in enumerate(texts) if meets(words, text)}
        wrong += ours != walked and not found.is_cut
    return wrong


def ask_ours(work: Work, one: Question) -> bool:
    with work.read_by(OFFICE) as tx:
        found = search_households(tx, SearchHouseholds(text=one.text, limit=PAGE))
    return any(line.code == code_of(one.meant) for line in found.lines)


# ---------------------------------------------------------------- peers


def fill_peers(work: Work, texts: Sequence[tuple[str, ...]]) -> None:
    rows = [{"no": no + 1, "words": " ".join(one).lower()} for no, one in enumerate(texts)]
    with work.engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE peer (no INTEGER PRIMARY KEY, words TEXT NOT NULL)")
        if connection.dialect.name == "postgresql":
            driver: Any = connection.connection.driver_connection
            with driver.cursor() as cursor, cursor.copy("COPY peer (no, words) FROM STDIN") as copy:
                for row in rows:
                    copy.write_row((row["no"], row["words"]))
            connection.exec_driver_sql("CREATE INDEX ON peer USING gin (to_tsvector('simple', words))")
            connection.exec_driver_sql("CREATE EXTENSION IF NOT EXISTS pg_trgm")
            connection.exec_driver_sql("CREATE INDEX ON peer USING gin (words gin_trgm_ops)")
        else:
            connection.execute(sa.text("INSERT INTO peer VALUES (:no, :words)"), rows)
            for name, options in (("peer_words", "prefix='2 3 4'"), ("peer_trigrams", "tokenize='trigram'")):
                connection.exec_driver_sql(
                    f"CREATE VIRTUAL TABLE {name} USING fts5(words, content='peer', content_rowid='no', {options})"
                )
                connection.exec_driver_sql(f"INSERT INTO {name}({name}) VALUES ('rebuild')")
    with work.engine.connect() as other:
        other.execution_options(isolation_level="AUTOCOMMIT").exec_driver_sql("ANALYZE")


def peers(work: Work) -> dict[str, Callable[[Question], bool]]:
    def asked(statement: str, written: Callable[[list[str]], str]) -> Callable[[Question], bool]:
        def ask(one: Question) -> bool:
            with work.engine.connect() as connection:
                rows = connection.execute(sa.text(statement), {"q": written(list(asked_words(one.text)))}).all()
            return any(row.no == one.meant + 1 for row in rows)

        return ask

    def like(one: Question) -> bool:
        words = asked_words(one.text)
        where = " AND ".join(f"words LIKE :w{place}" for place in range(len(words)))
        with work.engine.connect() as connection:
            rows = connection.execute(
                sa.text(f"SELECT no FROM peer WHERE {where} LIMIT {PAGE}"),
                {f"w{place}": f"%{word}%" for place, word in enumerate(words)},
            ).all()
        return any(row.no == one.meant + 1 for row in rows)

    if work.engine.dialect.name == "postgresql":
        return {
            "LIKE (with pg_trgm's index)": like,
            "text search, prefixes": asked(
                "SELECT no FROM peer WHERE to_tsvector('simple', words) @@ to_tsquery('simple', :q) "
                f"ORDER BY ts_rank(to_tsvector('simple', words), to_tsquery('simple', :q)) DESC LIMIT {PAGE}",
                lambda words: " & ".join(f"{word}:*" for word in words),
            ),
            "pg_trgm, strict word similarity": asked(
                f"SELECT no FROM peer WHERE words %>> :q ORDER BY words <->>> :q LIMIT {PAGE}", " ".join
            ),
        }
    return {
        "LIKE": like,
        "FTS5, prefixes": asked(
            f"SELECT rowid AS no FROM peer_words WHERE words MATCH :q ORDER BY rank LIMIT {PAGE}",
            lambda words: " AND ".join(f"{word}*" for word in words),
        ),
        "FTS5, trigrams": asked(
            f"SELECT rowid AS no FROM peer_trigrams WHERE words MATCH :q ORDER BY rank LIMIT {PAGE}",
            lambda words: " OR ".join(
                f'"{word[at : at + 3]}"' for word in words for at in range(max(1, len(word) - 2))
            ),
        ),
    }


def timed(asked: Sequence[Question], ask: Callable[[Question], bool]) -> str:
    took: list[float] = []
    meant = 0
    for one in asked:
        began = time.perf_counter()
        meant += ask(one)
        took.append(time.perf_counter() - began)
        if took[-1] > SLOW and len(took) >= 3:
            break
    high = sorted(took)[int(len(took) * 0.99)] * 1000
    return f"{statistics.median(took) * 1000:10.1f} ms {high:10.1f} ms   meant {meant}/{len(took)}"


def measure(work: Work, texts: Sequence[tuple[str, ...]], count: int) -> int:
    # What the bench itself holds, millions of words, is no part of an office's process: its collector skips it.
    gc.freeze()
    asked = questions(texts, count)
    wrong = prove(work, texts, asked)
    print(f"  differing from the walk through everything: {wrong}", flush=True)
    fill_peers(work, texts)
    others = peers(work)
    print(f"  {'':34}{'median':>13}{'99 %':>13}")
    for kind in sorted({one.kind for one in asked}):
        these = [one for one in asked if one.kind == kind]
        print(f"  {kind}", flush=True)
        for one in these[:1]:
            ask_ours(work, one)
        print(f"    {'tanggap':32}{timed(these, lambda one: ask_ours(work, one))}", flush=True)
        for name, ask in others.items() if kind not in ("code", "NIK", "No. KK") else ():
            print(f"    {name:32}{timed(these[:OF_PEERS], ask)}", flush=True)
    return wrong


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--households", type=int, default=1_000_000)
    parser.add_argument("--questions", type=int, default=100)
    parser.add_argument("--engine", choices=("sqlite", "postgresql"), action="append")
    asked = parser.parse_args()
    run = Run.begin()
    wrong = 0
    try:
        for kind in asked.engine or ("sqlite", "postgresql"):
            print(f"{kind}, {asked.households:,} households", flush=True)
            with database(run, kind) as url:
                use_ring(run.keys())
                work = Work(open_engine(url), FixedClock(NOW))
                wrong += measure(work, fill(work, asked.households), asked.questions)
                work.engine.dispose()
    finally:
        run.end()
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
