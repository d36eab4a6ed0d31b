"""The words by which households are found: written with a household, folded into postings many at a time.

What a household is found by stands in one short text. From these texts come postings: for each word and each block of
65,536 households the numbers of those that have it, two bytes each, so that a common name costs a search no more than a
rare one. A single household that changes keeps its new text beside the old one until a job folds it in; the search
looks at these few by themselves.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, cast
from uuid import UUID

import numpy as np
import polars as pl
import sqlalchemy as sa

from core.work import Tx
from registry_link.households.bulk import chunked, one_of, put_frame, put_rows
from registry_link.households.models import Household, Member, RowCounter, SearchForm, SearchPosting, SearchText
from registry_link.households.rules import FORM_LETTERS, address_words, forms_learnt, is_learnt, words_of
from registry_link.households.states import WordPlace

BLOCK: Final = 1 << 16
_MARKS: Final = {"@": WordPlace.ADDRESS, "#": WordPlace.REGION}


def words_text(names: str, address: str, village_code: str) -> str:
    """Write the words of a household: names bare, ``@`` before those of the address, ``#`` before the village."""
    found = dict.fromkeys(words_of(names))
    found.update(dict.fromkeys([f"@{word}" for word in address_words(address)]))
    found[f"#{region_word(village_code)}"] = None
    return " ".join(found)


def region_word(code: str) -> str:
    """Write a region's code as a word; a village's begins with its district's."""
    return code.replace(".", "")


def place_of(marked: str) -> tuple[WordPlace, str]:
    """Tell where a marked word stands, and what it is without its mark."""
    place = _MARKS.get(marked[0])
    return (WordPlace.NAME, marked) if place is None else (place, marked[1:])


# ---------------------------------------------------------------- one household, or a few


def refresh_words(tx: Tx, household_ids: Sequence[UUID]) -> None:
    """Bring the words of households up to date after a name, a member, an address or a village was changed."""
    for some in chunked(household_ids):
        now = dict(_texts(tx, one_of(tx, Household.id, some)))
        known = _known(tx, sorted(now))
        put_rows(
            tx, SearchText, ("row_no", "regency_code", "words", "folded"),
            [(one, tx.regency_code, now[one], "") for one in sorted(now) if one not in known],
        )  # fmt: skip
        _change(tx, [(one, row, now[one]) for one, row in known.items() if row.words != now[one]])
        changed = [text for one, text in now.items() if one not in known or known[one].words != text]
        learn(tx, {place_of(word)[1] for text in changed for word in text.split() if word[0] != "#"})


def forget_words(tx: Tx, household_ids: Sequence[UUID]) -> None:
    """Take households out of the search at once, with every trace of their words (erasure)."""
    _lock_numbers(tx)
    for some in chunked(household_ids):
        numbers = tx.session.scalars(sa.select(Household.row_no).where(one_of(tx, Household.id, some))).all()
        known = _known(tx, numbers)
        _change(tx, [(one, row, "") for one, row in known.items()])
        _fold(tx, [(one, "", row.words if row.folded is None else row.folded) for one, row in known.items()])


def _known(tx: Tx, numbers: Sequence[int]) -> dict[int, Any]:
    query = sa.select(SearchText.row_no, SearchText.words, SearchText.folded)
    mine = query.where(one_of(tx, SearchText.row_no, numbers)).order_by(SearchText.row_no)
    # Kept for this transaction: folding must not come between the reading and the writing.
    return {row.row_no: row for row in tx.session.execute(mine.with_for_update())}


def _change(tx: Tx, rows: Sequence[tuple[int, Any, str]]) -> None:
    if not rows:
        return
    table = cast(sa.Table, SearchText.__table__)
    values = []
    for row_no, row, now in rows:
        folded = row.words if row.folded is None else row.folded
        values.append({"at_no": row_no, "to_words": now, "to_folded": None if folded == now else folded})
    tx.session.connection().execute(
        sa.update(table)
        .where(table.c.row_no == sa.bindparam("at_no"))
        .values(words=sa.bindparam("to_words"), folded=sa.bindparam("to_folded")),
        values,
    )


def _texts(tx: Tx, *where: sa.ColumnElement[bool]) -> Iterator[tuple[int, str]]:
    """Give the words of households in the order of their numbers."""
    people = (
        sa.select(sa.func.aggregate_strings(Member.name, " "))
        .where(Member.household_id == Household.id, Member.is_present)
        .correlate(Household)
        .scalar_subquery()
    )
    query = (
        sa.select(
            Household.row_no, Household.head_name, people, Household.address, Household.hamlet, Household.village_code
        )
        .where(*where)
        .order_by(Household.row_no)
    )
    # Row by row without the session: it would take longer than all the rest.
    rows = tx.session.connection().execute(query.execution_options(yield_per=20_000))
    for row_no, head, names, address, hamlet, village_code in rows:
        yield row_no, words_text(f"{head} {names or ''}", f"{address} {hamlet}", village_code)


# ---------------------------------------------------------------- very many


@dataclass(frozen=True, slots=True)
class FoldedWords:
    """The words of new households within one block, and their numbers word by word."""

    block: int
    texts: pl.DataFrame
    """As ``search_text`` holds them."""
    numbers: Mapping[str, np.ndarray[Any, np.dtype[np.uint16]]]


def write_new_words(tx: Tx, first_no: int, last_no: int) -> None:
    """Write the words of the households with these numbers, which have none yet, a block at a time."""
    start = first_no
    while start <= last_no:
        end = min(last_no, (start // BLOCK + 1) * BLOCK - 1)
        put_folded(tx, words_ready(tx, start, end))
        start = end + 1


def words_ready(tx: Tx, first_no: int, last_no: int) -> FoldedWords:
    """Make the words of the households with these numbers, all of one block, ready; writes nothing."""
    texts = list(_texts(tx, Household.row_no.between(first_no, last_no)))
    frame = pl.DataFrame(texts, schema={"row_no": pl.Int64(), "words": pl.String()}, orient="row")
    frame = frame.with_columns(pl.lit(tx.regency_code).alias("regency_code"))
    return FoldedWords(first_no // BLOCK, frame, _by_word(texts))


def put_folded(tx: Tx, ready: FoldedWords) -> None:
    """Write words that ``words_ready`` made."""
    _lock_numbers(tx)
    put_frame(tx, SearchText, ready.texts)
    _fold_block(tx, ready.block, ready.numbers, {})


def fold_words(tx: Tx, at_once: int = 50_000) -> int:
    """Take the changed texts of the office into the postings, the lowest numbers first; gives how many."""
    _lock_numbers(tx)
    query = (
        sa.select(SearchText.row_no, SearchText.words, SearchText.folded)
        .where(SearchText.regency_code == tx.regency_code, SearchText.folded.is_not(None))
        .order_by(SearchText.row_no)
        .limit(at_once)
    )
    rows = tx.session.execute(query.with_for_update()).all()
    _fold(tx, [(row_no, words, folded or "") for row_no, words, folded in rows])
    return len(rows)


def _lock_numbers(tx: Tx) -> None:
    """Wait until nobody else writes postings: an import holds the counter of households too."""
    tx.session.execute(sa.select(RowCounter.last_no).with_for_update()).all()


def _fold(tx: Tx, rows: Sequence[tuple[int, str, str]]) -> None:
    """Fold rows of number, words now, words as the postings have them."""
    blocks: dict[int, tuple[list[tuple[int, str]], list[tuple[int, str]]]] = {}
    for row_no, words, folded in rows:
        now, before = dict.fromkeys(words.split()), dict.fromkeys(folded.split())
        added, removed = blocks.setdefault(row_no // BLOCK, ([], []))
        added.append((row_no, " ".join(word for word in now if word not in before)))
        removed.append((row_no, " ".join(word for word in before if word not in now)))
    for block, (added, removed) in blocks.items():
        _fold_block(tx, block, _by_word(added), _by_word(removed))
    for some in chunked(rows):
        mine = one_of(tx, SearchText.row_no, [row_no for row_no, _, _ in some])
        tx.session.execute(
            sa.update(SearchText).where(mine).values(folded=None).execution_options(synchronize_session=False)
        )
        if any(not words for _, words, _ in some):
            tx.session.execute(
                sa.delete(SearchText).where(mine, SearchText.words == "").execution_options(synchronize_session=False)
            )


def _by_word(texts: Iterable[tuple[int, str]]) -> dict[str, np.ndarray[Any, np.dtype[np.uint16]]]:
    """Sort the numbers of households (within their block) by word; each word stands once in a household's text."""
    numbers: list[int] = []
    counts: list[int] = []
    words: list[str] = []
    for row_no, text in texts:
        known = text.split()
        numbers.append(row_no % BLOCK)
        counts.append(len(known))
        words += known
    if not words:
        return {}
    ids = {word: place for place, word in enumerate(dict.fromkeys(words))}
    owner = np.fromiter(map(ids.__getitem__, words), dtype=np.int64, count=len(words))
    ordered = np.sort(owner << 16 | np.repeat(np.array(numbers, dtype=np.int64), counts))
    cuts = np.flatnonzero(np.diff(ordered >> 16)) + 1
    # Every id has at least one number, so that the parts stand in the order of the ids.
    parts = np.split((ordered & (BLOCK - 1)).astype("<u2"), cuts)
    return dict(zip(ids, parts, strict=True))


def _fold_block(
    tx: Tx, block: int, added: Mapping[str, np.ndarray[Any, Any]], removed: Mapping[str, np.ndarray[Any, Any]]
) -> None:
    wanted: dict[WordPlace, list[str]] = {}
    for marked in sorted({*added, *removed}):
        place, word = place_of(marked)
        wanted.setdefault(place, []).append(word)
    mark = {place: sign for sign, place in _MARKS.items()} | {WordPlace.NAME: ""}
    ready: list[tuple[object, ...]] = []
    mine = (SearchPosting.regency_code == tx.regency_code, SearchPosting.block == block)
    has_any = tx.session.scalar(sa.select(SearchPosting.block).where(*mine).limit(1)) is not None
    for place, words in wanted.items():
        known: dict[str, bytes] = {}
        for some in chunked(words if has_any else ()):
            these = (*mine, SearchPosting.place == place, one_of(tx, SearchPosting.word, some))
            kept = tx.session.execute(sa.select(SearchPosting.word, SearchPosting.rows).where(*these))
            known.update({row.word: row.rows for row in kept})
            tx.session.execute(sa.delete(SearchPosting).where(*these).execution_options(synchronize_session=False))
        for word in words:
            numbers = np.frombuffer(known.get(word, b""), dtype="<u2")
            marked = mark[place] + word
            if marked in removed:
                numbers = np.setdiff1d(numbers, removed[marked], assume_unique=True)
            if marked in added:
                numbers = np.union1d(numbers, added[marked]) if len(numbers) else added[marked]
            if len(numbers):
                ready.append((tx.regency_code, place, word, block, numbers.astype("<u2", copy=False).tobytes()))
    put_rows(tx, SearchPosting, ("regency_code", "place", "word", "block", "rows"), ready)
    learn(tx, {word for place, words in wanted.items() if place is not WordPlace.REGION for word in words})


def learn(tx: Tx, words: Iterable[str]) -> None:
    """Keep the forms of words that were not known, so that a typing error leads to them."""
    wanted = sorted({word for word in words if is_learnt(word)})
    known: set[str] = set()
    for some in chunked(wanted):
        # Its first letters are always one of a word's forms.
        whole = {word[:FORM_LETTERS] for word in some}
        known.update(tx.session.scalars(sa.select(SearchForm.word).where(one_of(tx, SearchForm.form, sorted(whole)))))
    put_rows(
        tx, SearchForm, ("form", "word"),
        ((form, word) for word in wanted if word not in known for form in sorted(forms_learnt(word))),
    )  # fmt: skip
