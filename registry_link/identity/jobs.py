"""Households that may be one are looked for after every change of the registry, district by district."""

from __future__ import annotations

from collections import defaultdict
from datetime import timedelta
from functools import partial
from typing import Final

from core.actor import Actor
from core.jobs import Every, Job
from core.work import Work
from registry_link.households.pairing import (
    Pair,
    born_on_one_day,
    districts_changed,
    ids_of,
    ordered,
    pairs_by_kk,
    pairs_by_nik,
)
from registry_link.households.queries import registry_version
from registry_link.identity.commands import (
    LONG_AGO,
    Found,
    Kept,
    Likeness,
    end_search,
    fill_merged,
    keep_pairs,
    merges_to_fill,
    settle_links,
    unsettled,
)
from registry_link.identity.queries import last_search
from registry_link.identity.rules import alike_of_one_day

MOST_PAIRS: Final = 300_000
"""Pairs by one kind of number that a search holds; what lies beyond is told as left out, and drops no open pair."""
HOMES_AT_ONCE: Final = 800
MERGES_AT_ONCE: Final = 100
OVERLAP: Final = timedelta(hours=2)
"""A change counts from when its transaction began; a long one may have ended after the last search."""


def search_pairs(work: Work, actor: Actor) -> str:
    """Look for pairs where the registry has changed since the last search, and write down what was found."""
    found = find_pairs(work, actor)
    if found is None:
        return "nothing new"
    kept = keep_found(work, actor, found)
    return f"{kept.new} new, {kept.gone} gone, {kept.reopened} reopened"


def find_pairs(work: Work, actor: Actor) -> Found | None:
    """Compare in small parts, writing nothing; None where nothing has changed since the last search."""
    with work.read_by(actor) as tx:
        version, last, began_at = registry_version(tx), last_search(tx), tx.now
        if last is not None and last.version == version:
            return None
        since = max(LONG_AGO, last.searched_at - OVERLAP) if last is not None else LONG_AGO
        districts = districts_changed(tx, since)
        niks, cards = pairs_by_nik(tx, MOST_PAIRS), pairs_by_kk(tx, MOST_PAIRS)
        by_nik, by_kk = niks.pairs, cards.pairs
    alike: dict[tuple[int, int], int] = defaultdict(int)
    for district in districts:
        with work.read_by(actor) as tx:
            for people in born_on_one_day(tx, district, since):
                for one, other, permille in alike_of_one_day(people):
                    homes = (min(one.home, other.home), max(one.home, other.home))
                    alike[homes] = max(alike[homes], permille)
    with work.read_by(actor) as tx:
        ids = ids_of(tx, {number for homes in alike for number in homes})
    names: dict[Pair, int] = {ordered(ids[one], ids[other]): permille for (one, other), permille in alike.items()}
    pairs = {
        pair: Likeness(shares_nik=pair in by_nik, shares_kk=pair in by_kk, name_permille=names.get(pair, 0))
        for pair in by_nik | by_kk | names.keys()
    }
    return Found(
        version=version, before=last.version if last is not None else None, began_at=began_at, since=since,
        pairs=pairs, beyond=niks.beyond + cards.beyond,
    )  # fmt: skip


def keep_found(work: Work, actor: Actor, found: Found) -> Kept:
    """Take over what was found in transactions for which nobody waits long; cut in between, all is searched again."""
    kept = work.run(actor, lambda tx: keep_pairs(tx, found))
    is_all = not kept.left_out
    with work.read_by(actor) as tx:
        homes, merges = unsettled(tx, everything_is_listed=is_all), merges_to_fill(tx)
    for start in range(0, len(homes), HOMES_AT_ONCE):
        settle = partial(settle_links, ids=homes[start : start + HOMES_AT_ONCE], everything_is_listed=is_all)
        work.run(actor, settle)
    for start in range(0, len(merges), MERGES_AT_ONCE):
        work.run(actor, partial(fill_merged, merge_ids=merges[start : start + MERGES_AT_ONCE]))
    work.run(actor, partial(end_search, found=found, kept=kept))
    return kept


JOBS = (Job(name="registry.duplicates", trigger=Every(seconds=120), act_long=search_pairs),)
