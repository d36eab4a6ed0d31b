"""What a move on the board needs from elsewhere: open posts, the displaced, papers that were printed; for people and
machines alike."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from core.documents.queries import documents, said
from core.documents.states import DocumentState
from core.errors import NotFound
from core.i18n import say
from core.permissions import Reach
from core.work import Tx
from logistics.dispatch.queries import post_choices
from logistics.dispatch.schedule import Cell, Load, Schedule
from logistics.handover.papers import ListFacts
from logistics.packages.cell_queries import cell_packages
from logistics.packages.cells import Spot
from logistics.packages.queries import RoundView
from logistics.planning.groups import Choice, choose
from logistics.planning.move_ground import Away, MoveGroup
from logistics.planning.rules import PostChoice
from logistics.programmes.papers import InvitationFacts
from logistics.zones.sheltering import places_now
from stock.items.weights import Weight, print_weight

LIST, INVITATION = "DTT", "UND"
MOST_PAPERS = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A move as an address or a machine asks for it."""

    from_spot: Spot
    to_spot: Spot
    choice: Choice
    to_hours: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class TouchedPaper:
    """A paper that says the old post or day; ``households`` of the group stand on it."""

    id: UUID
    number: str
    title: str
    households: int


def open_posts(tx: Tx, the_round: RoundView) -> tuple[PostChoice, ...]:
    """Give the open posts as the days of a round take them."""
    return post_choices(tx, the_round.week.each())


def order_of(
    tx: Tx, the_round: RoundView, asked: Asked, *, reason: str = "", seen: str = "", accepts_far: bool = False
) -> MoveGroup:  # fmt: skip
    """Make the order of a move."""
    away: tuple[Away, ...] = ()
    if the_round.incident_id is not None:
        away = tuple(
            Away(household_id=household_id, village_code=one.village_code, lon_deg=one.lon_deg, lat_deg=one.lat_deg)
            for household_id, one in places_now(tx, the_round.incident_id).items()
        )
    return MoveGroup(
        round_id=the_round.id, from_spot=asked.from_spot, to_spot=asked.to_spot, choice=asked.choice,
        to_hours=asked.to_hours, posts=open_posts(tx, the_round), away=away, reason=reason, seen=seen,
        accepts_far=accepts_far,
    )  # fmt: skip


def papers_touched(tx: Tx, the_round: RoundView, asked: Asked) -> tuple[TouchedPaper, ...]:
    """Give the lists and invitations in force that name households of the group at their old place."""
    cell = cell_packages(tx, the_round.id, asked.from_spot.post_id, asked.from_spot.serve_on)
    codes = {one.code for one in choose(cell, asked.choice).going}
    found = []
    for one in documents(tx, kind=LIST, subject_id=the_round.id, limit=MOST_PAPERS).lines:
        if one.state is DocumentState.VOID or one.place_id != asked.from_spot.post_id:
            continue
        facts = said(tx, one.id, ListFacts)
        count = sum(line.package_code in codes for line in facts.lines)
        if facts.serve_on == asked.from_spot.serve_on and count:
            found.append(TouchedPaper(id=one.id, number=one.number, title=one.title, households=count))
    subject_id = the_round.term_id or the_round.id
    for one in documents(tx, kind=INVITATION, subject_id=subject_id, limit=MOST_PAPERS).lines:
        if one.state is DocumentState.VOID:
            continue
        lines = said(tx, one.id, InvitationFacts).lines
        count = sum(line.package_code in codes and line.serve_on == asked.from_spot.serve_on for line in lines)
        if count:
            found.append(TouchedPaper(id=one.id, number=one.number, title=one.title, households=count))
    return tuple(found)


def cell_of(found: Schedule, post_id: UUID, serve_on: date, reach: Reach) -> Cell:
    """Give one post's day. Raises: NotFound, also for a post outside the reach of who asks for one's own."""
    cell, row = found.cell(post_id, serve_on), found.row(post_id)
    if cell is None or row is None or not (reach.is_all or reach.has_place(post_id) or _is_near(cell, reach)):
        raise NotFound("post.not_found")
    return cell


def _is_near(cell: Cell, reach: Reach) -> bool:
    return any(reach.has_village(code) for code, _ in cell.villages)


def weight_words(load: Load, lang: str) -> tuple[str, tuple[str, ...]]:
    """Say what goods weigh, and name those whose weight nobody knows: an incomplete sum says "at least"."""
    return weight_text(load.weight, lang, bool(load.goods)), load.unknown(lang)


def weight_text(weight: Weight, lang: str, has_goods: bool = True) -> str:
    """Say a weight; with goods of unknown weight it is the least that it can be."""
    if weight.is_known:
        return print_weight(weight.grams, lang) if has_goods else "–"
    if not weight.grams:
        return say("board.weight_unknown", lang)
    return say("board.weight_least", lang, {"weight": print_weight(weight.grams, lang)})


def short_names(names: Collection[str], most: int = 2) -> str:
    """Name the first few, and count the others."""
    shown = list(names)
    return ", ".join(shown[:most]) + (f" +{len(shown) - most}" if len(shown) > most else "")
