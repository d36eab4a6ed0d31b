"""How much two names are alike, what that says of two households, and who may decide: pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from functools import lru_cache
from itertools import combinations, pairwise
from typing import Final, Protocol, TypeVar
from uuid import UUID

from registry_link.households.rules import errors_between, errors_forgiven, words_of
from registry_link.households.states import Sex
from registry_link.identity.states import Evidence

SAME_VILLAGE: Final = 800
NEIGHBOURS: Final = 900
"""From so much alike on two names are suspected; further apart the names must say more."""
LEFT_OUT: Final = 850
"""Of two names of which one has every word of the other, two or more, and some besides."""
SURELY: Final = 1000
MOST_ERRORS: Final = 2
_COMMON: Final = 40
"""A day that so many share (many know only the year) is not compared all with all, nor by a word that so many have."""
_TITLES: Final = frozenset(
    (
        "h", "hj", "haji", "hajjah", "ir", "dr", "drs", "dra", "prof", "kh", "ust", "alm", "almh", "almarhum",
        "almarhumah", "bin", "binti",
    )
)  # fmt: skip
_MUHAMMAD: Final = (
    "m", "mh", "mhd", "md", "moh", "mohd", "muh", "muhd", "mohamad", "mohammad", "muhamad", "mochamad", "mochammad",
    "muchamad", "muchammad",
)  # fmt: skip
_SHORT: Final[Mapping[str, str]] = {**dict.fromkeys(_MUHAMMAD, "muhammad"), "abd": "abdul", "st": "siti"}


class Compared(Protocol):
    """What of a person is compared."""

    @property
    def home(self) -> UUID | int: ...
    @property
    def village_code(self) -> str: ...
    @property
    def name(self) -> str: ...
    @property
    def sex(self) -> Sex | None: ...
    @property
    def birth_on(self) -> date | None: ...
    @property
    def is_new(self) -> bool: ...


Home = TypeVar("Home", bound=Compared)


@lru_cache(maxsize=200_000)
def name_words(name: str) -> tuple[str, ...]:
    """Give the words of a name in alphabetical order, without titles, usual abbreviations written out."""
    words = [_SHORT.get(word, word) for word in words_of(name)]
    return tuple(sorted([word for word in words if word not in _TITLES] or words))


def likeness(one: Sequence[str], other: Sequence[str]) -> int:
    """Tell in thousandths how many letters of two names agree, word by word in any order, typing errors forgiven.

    Of names too far apart to be suspected only the words that are the same are counted.
    """
    if one == other:
        return SURELY if one else 0
    letters = sum(map(len, one)) + sum(map(len, other))
    left, right = [], list(other)
    for word in one:
        if word in right:
            right.remove(word)
        else:
            left.append(word)
    alike = letters - sum(map(len, left)) - sum(map(len, right))
    is_part = min(len(one), len(other)) > 1 and not (left and right)
    # Most of those who are compared are strangers: words are looked at letter by letter only where that may help.
    near = [(word, known) for word in left for known in right if _may_be_one_word(word, known)]
    hope = sum({word: len(word) for word, _ in near}.values()) + sum({known: len(known) for _, known in near}.values())
    if SURELY * (alike + hope) >= SAME_VILLAGE * letters:
        for errors, word, known in sorted((_errors(*pair), *pair) for pair in set(near)):
            if errors <= MOST_ERRORS and word in left and known in right:
                left.remove(word)
                right.remove(known)
                alike += len(word) + len(known) - errors
    found = min(SURELY - 1, SURELY * alike // letters) if letters else 0
    return max(found, LEFT_OUT) if is_part else found


def _may_be_one_word(word: str, known: str) -> bool:
    return (word[0] == known[0] or word[-1] == known[-1]) and abs(len(word) - len(known)) <= MOST_ERRORS


def _errors(word: str, known: str) -> int:
    """Count the typing errors between two words, more than ``MOST_ERRORS`` where they are beyond those forgiven."""
    most = errors_forgiven(max(word, known, key=len))
    found = errors_between(word, known, most)
    return found if found <= most else MOST_ERRORS + 1


def alike(one: Compared, other: Compared) -> int:
    """Tell in thousandths how much two people of two households look like one; 0 when they do not.

    They were born on the same day, are not known to be of different sex, and have similar names.
    """
    if one.home == other.home or one.birth_on is None or one.birth_on != other.birth_on:
        return 0
    if one.sex is not None and other.sex is not None and one.sex is not other.sex:
        return 0
    least = SAME_VILLAGE if one.village_code == other.village_code else NEIGHBOURS
    found = likeness(name_words(one.name), name_words(other.name))
    return found if found >= least else 0


def alike_of_one_day(people: Sequence[Home]) -> Iterator[tuple[Home, Home, int]]:
    """Give those of two households who were born on this day and look like one, where either household is new."""
    for one, other in _worth_comparing(people):
        if (one.is_new or other.is_new) and (found := alike(one, other)):
            yield one, other, found


def _worth_comparing(people: Sequence[Home]) -> Iterator[tuple[Home, Home]]:
    if len(people) <= _COMMON:
        yield from combinations(people, 2)
        return
    by_word: dict[str, list[int]] = defaultdict(list)
    for place, one in enumerate(people):
        for word in {word for word in name_words(one.name) if len(word) > 2}:
            by_word[word].append(place)
        by_word[" ".join(name_words(one.name))].append(place)
    seen: set[tuple[int, int]] = set()
    for word, places in sorted(by_word.items()):
        if len(places) > _COMMON:
            # A whole name that so many share on one day tells nobody apart: each beside the next is enough.
            near: Iterable[tuple[int, int]] = pairwise(places) if " " in word else ()
        else:
            near = combinations(places, 2)
        for pair in near:
            if pair not in seen:
                seen.add(pair)
                yield people[pair[0]], people[pair[1]]


def evidence_of(*, shares_nik: bool, shares_kk: bool, name_permille: int) -> Evidence:
    """Give the strongest evidence; what only somebody says is told."""
    if shares_nik:
        return Evidence.NIK
    if name_permille:
        return Evidence.NAME
    return Evidence.KK if shares_kk else Evidence.TOLD


def kinds_of(*, shares_nik: bool, shares_kk: bool, name_permille: int) -> frozenset[Evidence]:
    """Give every kind of evidence there is."""
    told = ((Evidence.NIK, shares_nik), (Evidence.NAME, name_permille > 0), (Evidence.KK, shares_kk))
    return frozenset(kind for kind, is_so in told if is_so)


def score_of(*, shares_nik: bool, shares_kk: bool, name_permille: int) -> int:
    """Tell how likely two households are one, 1 to 1000, for the order of the list.

    A NIK is a person's own; a card may be shared by several households, so alone it says little and beside a similar
    name much.
    """
    score = 900 if shares_nik else 100 + 7 * name_permille // 10 if name_permille else 200
    score += 50 if shares_nik and name_permille else 0
    score += 50 if shares_kk and (shares_nik or name_permille) else 0
    return max(1, min(SURELY, score))


def may_decide(*, actor_id: str, proposed_by: str) -> str | None:
    """Give the code of why somebody with the right to decide may not decide this one; None when they may."""
    return "identity.own" if actor_id == proposed_by else None
