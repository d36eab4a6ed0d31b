"""Households by the words of their names and addresses: exact first, then beginnings, then what typing errors hide.

Each word becomes a mask over all households, made from its postings; masks are joined, and only the best few hundred
households are ever read.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final, cast

import numpy as np
import sqlalchemy as sa

from core.work import Tx
from registry_link.households.merged import numbers_on_the_way
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
    known = tx.session.connection().scalars(_FORMS, {"forms": sorted(forms(word, errors))})
    found = [(errors_between(word, other, errors), other) for other in known]
    near = sorted((count, other) for count, other in found if 0 < count <= errors and not other.startswith(word))
    return tuple(other for _, other in near[:_MOST_ALIKE])


@dataclass(frozen=True, slots=True)
class _Word:
    name: Mask
    address: Mask
    begun: Mask


_postings: Final = cast(sa.Table, SearchPosting.__table__).c
_texts: Final = cast(sa.Table, SearchText.__table__).c
# Made once: a question asks these a dozen times, and making a statement costs more than running it.
_POSTINGS: Final = sa.select(_postings.place, _postings.word, _postings.block, _postings.rows).where(
    _postings.regency_code == sa.bindparam("office"), _postings.place.in_(sa.bindparam("places", expanding=True))
)
_BEGUN: Final = _POSTINGS.where(_postings.word.between(sa.bindparam("first"), sa.bindparam("last")))
_EXACT: Final = _POSTINGS.where(_postings.word.in_(sa.bindparam("words", expanding=True)))
_PENDING: Final = sa.select(_texts.row_no, _texts.words).where(
    _texts.regency_code == sa.bindparam("office"), _texts.folded.is_not(None)
)
_LAST_NO: Final = sa.select(sa.func.max(RowCounter.last_no))
_FORMS: Final = sa.select(SearchForm.word).distinct().where(
    SearchForm.form.in_(sa.bindparam("forms", expanding=True))
)  # fmt: skip


class _Search:
    """The masks of one question."""

    def __init__(self, tx: Tx, regions: Sequence[str] | None) -> None:
        self._connection, self._office = tx.session.connection(), tx.regency_code
        last_no: int = self._connection.scalar(_LAST_NO) or 0
        # Whole blocks, so that whoever is registered meanwhile has room.
        self._blocks = last_no // BLOCK + 1
        self._pending = [
            (row_no, [place_of(word) for word in words.split()])
            for row_no, words in self._connection.execute(_PENDING, {"office": self._office})
            if row_no < self._blocks * BLOCK
        ]
        self.reach = self._none()
        if regions is None:
            self.reach[:] = True
        for code in regions or ():
            for _, numbers in self._begun((WordPlace.REGION,), region_word(code), "9"):
                self.reach[numbers] = True
        for row_no, words in self._pending:
            self.reach[row_no] = regions is None or any(
                place is WordPlace.REGION and any(word.startswith(region_word(code)) for code in regions)
                for place, word in words
            )
        for first, last in numbers_on_the_way(tx):
            self.reach[first : last + 1] = False

    def word(self, word: str) -> _Word:
        """Give who has a word, and who has one that begins with it."""
        found = _Word(name=self._none(), address=self._none(), begun=self._none())
        masks = {WordPlace.NAME: found.name, WordPlace.ADDRESS: found.address}
        for (place, known), numbers in self._begun(_IN_TEXT, word, "z"):
            found.begun[numbers] = True
            if known == word:
                masks[place][numbers] = True
        for row_no, words in self._pending:
            for place, mask in masks.items():
                mask[row_no] = (place, word) in words
            found.begun[row_no] = any(place in masks and known.startswith(word) for place, known in words)
        return found

    def words(self, words: Sequence[str]) -> dict[str, Mask]:
        """Give who has each of several words."""
        found = {word: self._none() for word in words}
        if not words:
            return found
        asked = {"office": self._office, "places": _IN_TEXT, "words": list(words)}
        for (_, word), numbers in self._numbers(self._connection.execute(_EXACT, asked)):
            found[word][numbers] = True
        for row_no, known in self._pending:
            for word, mask in found.items():
                mask[row_no] = any(place in _IN_TEXT and one == word for place, one in known)
        return found

    def _begun(
        self, places: Sequence[WordPlace], word: str, highest: str
    ) -> Iterator[tuple[tuple[WordPlace, str], Any]]:
        # Words hold a-z and 0-9 only: under every collation nothing that begins with one sorts after so many of these.
        asked = {"office": self._office, "places": places, "first": word, "last": word + highest * 20}
        return self._numbers(self._connection.execute(_BEGUN, asked))

    def _numbers(self, rows: Iterable[Any]) -> Iterator[tuple[tuple[WordPlace, str], Any]]:
        for place, word, block, numbers in rows:
            if block < self._blocks:
                yield (place, word), np.frombuffer(numbers, dtype="<u2").astype(np.int64) + block * BLOCK

    def _none(self) -> Mask:
        return np.zeros(self._blocks * BLOCK, dtype=np.bool_)


def _all(masks: Iterable[Mask]) -> Mask:
    found: Mask = np.logical_and.reduce(list(masks))
    return found
