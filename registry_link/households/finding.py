"""Households by the words of their names and addresses: exact first, then beginnings, then what typing errors hide.

Each word becomes a mask over all households, made from its postings; masks are joined, and only the best few hundred
households are ever read.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import sqlalchemy as sa

from core.work import Tx
from registry_link.households.models import RowCounter, SearchForm, SearchPosting, SearchText
from registry_link.households.rules import FILLERS, errors_between, errors_forgiven, forms, words_of
from registry_link.households.states import WordPlace
from registry_link.households.words import BLOCK, place_of, region_word

MOST_FOUND: Final = 600
"""So many are ranked; whoever does not stand among them is found by one word more."""
MOST_WORDS: Final = 6
EXACT_TIERS: Final = 3
"""Whole words of names, whole words anywhere, beginnings; what comes after these is only alike."""
_MOST_ALIKE: Final = 12
_IN_TEXT: Final = (WordPlace.NAME, WordPlace.ADDRESS)
Mask = np.ndarray[Any, np.dtype[np.bool_]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    tiers: tuple[tuple[int, ...], ...]
    """Numbers of households, the best tier first; each number once."""
    alike: tuple[str, ...]
    """Words other than those typed by which the last tier was found."""
    is_cut: bool
    """There are more than were looked at."""


def asked_words(text: str) -> tuple[str, ...]:
    """Give the words of a question; what stands in every address is asked for only where there is nothing else."""
    words = words_of(text)
    return tuple([word for word in words if word not in FILLERS] or words)[:MOST_WORDS]


def find_rows(tx: Tx, words: Sequence[str], regions: Sequence[str] | None, least: int) -> Found:
    """Find households that have every word, in these regions (None: everywhere in the office).

    Words that are only alike are looked at when fewer than ``least`` are found otherwise.
    """
    search = _Search(tx, regions)
    every = [search.word(word) for word in words]
    names = _all(one.name for one in every)
    whole = _all(one.name | one.address for one in every)
    begun = _all(one.begun for one in every)
    tiers: list[tuple[int, ...]] = []
    left, is_cut = MOST_FOUND, False
    seen = ~search.reach
    for mask in (names, whole, begun):
        fresh = np.flatnonzero(mask & ~seen)
        seen |= mask
        is_cut |= len(fresh) > left
        tiers.append(tuple(fresh[:left].tolist()))
        left -= len(tiers[-1])
    alike: list[str] = []
    if MOST_FOUND - left < least:
        others = [search.words(alike_words(tx, word)) for word in words]
        near = [
            np.logical_or.reduce([one.begun, *masks.values()]) for one, masks in zip(every, others, strict=True)
        ]  # fmt: skip
        last = _all(near) & ~seen
        fresh = np.flatnonzero(last)
        is_cut |= len(fresh) > left
        tiers.append(tuple(fresh[:left].tolist()))
        alike = [word for masks in others for word, mask in masks.items() if (mask & last).any()]
    return Found(tiers=tuple(tiers), alike=tuple(dict.fromkeys(alike)), is_cut=is_cut)


def alike_words(tx: Tx, word: str) -> tuple[str, ...]:
    """Give known words that differ from a typed one by the errors forgiven, the nearest first."""
    errors = errors_forgiven(word)
    if not errors:
        return ()
    query = sa.select(SearchForm.word).distinct().where(SearchForm.form.in_(sorted(forms(word, errors))))
    found = [(errors_between(word, other, errors), other) for other in tx.session.scalars(query)]
    near = sorted((count, other) for count, other in found if 0 < count <= errors and not other.startswith(word))
    return tuple(other for _, other in near[:_MOST_ALIKE])


@dataclass(frozen=True, slots=True)
class _Word:
    name: Mask
    address: Mask
    begun: Mask


class _Search:
    """The masks of one question."""

    def __init__(self, tx: Tx, regions: Sequence[str] | None) -> None:
        self._tx = tx
        last_no: int = tx.session.scalar(sa.select(sa.func.max(RowCounter.last_no))) or 0
        # Whole blocks, so that whoever is registered meanwhile has room.
        self._size = (last_no // BLOCK + 1) * BLOCK
        pending = tx.session.execute(
            sa.select(SearchText.row_no, SearchText.words).where(
                SearchText.regency_code == tx.regency_code, SearchText.folded.is_not(None),
                SearchText.row_no < self._size,
            )
        ).all()  # fmt: skip
        self._pending = [(row.row_no, [place_of(word) for word in row.words.split()]) for row in pending]
        self.reach = self._none()
        if regions is None:
            self.reach[:] = True
        for code in regions or ():
            word = region_word(code)
            is_in = lambda other, word=word: other.startswith(word)  # noqa: E731
            self._fill(self.reach, (WordPlace.REGION,), word, word + "9" * 12, is_in)

    def word(self, word: str) -> _Word:
        """Give who has a word, and who has one that begins with it."""
        found = _Word(name=self._none(), address=self._none(), begun=self._none())
        last = word + "z" * 20
        for place, mask in ((WordPlace.NAME, found.name), (WordPlace.ADDRESS, found.address)):
            self._fill(mask, (place,), word, word, word.__eq__)
        self._fill(found.begun, _IN_TEXT, word, last, lambda other: other.startswith(word))
        return found

    def words(self, words: Sequence[str]) -> dict[str, Mask]:
        """Give who has each of several words."""
        found = {word: self._none() for word in words}
        for word, mask in found.items():
            self._fill(mask, _IN_TEXT, word, word, word.__eq__)
        return found

    def _fill(
        self, mask: Mask, places: Sequence[WordPlace], first: str, last: str, is_one: Callable[[str], bool]
    ) -> None:
        # Words hold a-z and 0-9 only: under every collation nothing that begins with one sorts after so many z.
        for place in places:
            query = sa.select(SearchPosting.block, SearchPosting.rows).where(
                SearchPosting.regency_code == self._tx.regency_code, SearchPosting.place == place
            )
            word = SearchPosting.word
            query = query.where(word == first if first == last else word.between(first, last))
            query = query.where(SearchPosting.block < len(mask) // BLOCK)
            for block, rows in self._tx.session.execute(query):
                mask[block * BLOCK :][np.frombuffer(rows, dtype="<u2")] = True
        for row_no, words in self._pending:
            mask[row_no] = any(place in places and is_one(word) for place, word in words)

    def _none(self) -> Mask:
        return np.zeros(self._size, dtype=np.bool_)


def _all(masks: Iterable[Mask]) -> Mask:
    found: Mask = np.logical_and.reduce(list(masks))
    return found
