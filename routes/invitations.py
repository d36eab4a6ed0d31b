"""Invitations of an incident's week: who comes to which post, on which day, at which hours, and what it gets there.

The paper is the one of the programmes' terms; whom a week invites is known to its plan, by name to the registry alone.
"""

from __future__ import annotations

from datetime import date
from uuid import UUID

from core.documents.commands import IssueDocument, issue_document
from core.errors import Conflict, Invalid
from core.work import Tx
from logistics.dispatch.queries import PostView, posts
from logistics.packages.queries import PackageContent, RoundView, contents_at, round_by_id, strip_of, turns_of
from logistics.packages.states import PackageState, RoundState
from logistics.planning.hours import minutes_of
from logistics.programmes.papers import (
    InvitationFacts,
    InvitationLine,
    InvitationPerson,
    InvitationPersons,
    InvitationPost,
    PaperItem,
    PaperTerm,
    head_of,
    head_signer,
)
from logistics.programmes.rules import district_of
from logistics.zones.queries import decrees, incident_by_id
from registry_link.households.queries import HouseholdLine, households_by_ids
from registry_link.regions.queries import RegionView, regions
from stock.items.queries import ItemView, items

INVITATION = "UND"
OPEN = (PackageState.RESERVED, PackageState.LOADED)
MOST = 5_000
"""Invitations on one paper."""


def issue_invitations(
    tx: Tx, round_id: UUID, *, post_id: UUID | None = None, serve_on: date | None = None, village_code: str = ""
) -> UUID:
    """Issue the invitations of a post and day, or of a village, as one paper, and give its id.

    Raises: Forbidden; NotFound, also for another's post or village; Invalid when neither is said, or there are too many
    for one paper; Conflict when the round is not an incident's or not approved, or nobody is left to invite.
    """
    reach = tx.require("list.print")
    the_round = round_by_id(tx, round_id)
    if the_round.incident_id is None or the_round.state is not RoundState.APPROVED:
        raise Conflict("invitation.not_approved")
    if post_id is not None and serve_on is not None:
        reach.need_place(post_id, "post")
        wanted = [(post_id, serve_on)]
    elif village_code:
        reach.need_village(village_code, "region")
        wanted = [(cell.post_id, cell.serve_on) for cell in strip_of(tx, round_id)]
    else:
        raise Invalid("invitation.for_whom", field="post_id")
    found = [
        one
        for where, day in wanted
        for one in contents_at(tx, round_id, where, day)
        # A turn that has passed invites nobody: where they come next is a new plan's to say.
        if one.row.state in OPEN and day >= tx.today and village_code in ("", one.row.village_code)
    ]
    if not found:
        raise Conflict("invitation.nobody")
    if len(found) > MOST:
        raise Invalid("invitation.too_many", field="village_code", most=MOST)
    facts, persons = _said(tx, the_round, found)
    where_to = facts.posts[0].name if post_id is not None else facts.region
    return issue_document(
        tx,
        IssueDocument(
            kind=INVITATION, subject="round", subject_id=round_id, title=f"Undangan {where_to}", day=tx.today,
            view=facts, person=persons, place_id=post_id, village_code=village_code or None,
        ),
    ).id  # fmt: skip


def _said(
    tx: Tx, the_round: RoundView, found: list[PackageContent]
) -> tuple[InvitationFacts, InvitationPersons]:  # fmt: skip
    assert the_round.incident_id is not None
    refs = {one.package_id: one.public_ref for one in turns_of(tx, the_round.id)}
    homes = {
        one.id: one
        for one in households_by_ids(tx, [one.row.household_id for one in found], purpose="invitation")
    }  # fmt: skip
    found = [one for one in found if one.row.household_id in homes and refs.get(one.row.id)]
    if not found:
        raise Conflict("invitation.nobody")
    codes = {one.row.village_code for one in found}
    named = {one.code: one for one in regions(tx, sorted(codes | {district_of(code) for code in codes}))}
    found.sort(key=lambda one: _order(one, homes[one.row.household_id]))
    known = {one.id: one for one in posts(tx, with_closed=True)}
    used = sorted({one.row.post_id for one in found if one.row.post_id}, key=lambda post_id: known[post_id].code)
    goods = {one.id: one for one in items(tx, ids={line.item_id for one in found for line in one.lines})}
    event = incident_by_id(tx, the_round.incident_id)
    paper = max(decrees(tx, event.id), key=lambda one: (one.period.last_on, one.number), default=None)
    facts = InvitationFacts(
        head=head_of(tx), region=named[min(codes)].full_name if len(codes) == 1 and min(codes) in named else "",
        term=PaperTerm(
            programme=event.name, term=f"Minggu ke-{the_round.no}", unit="household", first_on=the_round.week.first_on,
            last_on=the_round.week.last_on, decree_no=paper.number if paper else "",
            decree_on=paper.dated_on if paper else the_round.week.first_on, items=(),
        ),
        posts=tuple(_post(known[one]) for one in used),
        lines=tuple(
            _line(no, one, used.index(one.row.post_id), named, goods, refs[one.row.id] or b"")
            for no, one in enumerate(found, 1)
            if one.row.post_id is not None
        ),
        signer=head_signer(tx), issued_on=tx.today, is_relief=True,
    )  # fmt: skip
    who = [homes[one.row.household_id] for one in found]
    return facts, InvitationPersons(
        lines=tuple(
            InvitationPerson(
                no=no, name=one.head_name, head_name="", rt=one.rt or "", rw=one.rw or "",
                address=", ".join(part for part in (one.address.strip(), one.hamlet.strip()) if part),
            )
            for no, one in enumerate(who, 1)
        )
    )  # fmt: skip


def _order(one: PackageContent, home: HouseholdLine) -> tuple[str, str, str, str, str]:
    """Order as the papers are carried out: village, RW, RT, name."""
    return one.row.village_code, home.rw or "", home.rt or "", home.head_name.casefold(), one.row.code


def _post(one: PostView) -> InvitationPost:
    return InvitationPost(name=one.name, address=one.address, opening=one.opening)


def _line(
    no: int, one: PackageContent, post: int, named: dict[str, RegionView], goods: dict[UUID, ItemView],
    ref: bytes,
) -> InvitationLine:  # fmt: skip
    row = one.row
    assert row.serve_on is not None
    first, last = minutes_of(row.hours)
    district = named.get(district_of(row.village_code))
    village = named[row.village_code].title if row.village_code in named else row.village_code
    return InvitationLine(
        no=no, package_code=row.code, village=", ".join([village, *([district.title] if district else [])]), post=post,
        serve_on=row.serve_on, from_minute=first, to_minute=last, ref=ref.hex(),
        items=tuple(
            PaperItem(
                name=goods[line.item_id].name_id, quantity_milli=line.quantity_milli,
                unit=goods[line.item_id].base_unit,
            )
            for line in one.lines
        ),
    )  # fmt: skip
