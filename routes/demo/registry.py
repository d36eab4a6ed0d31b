"""The demonstration's registry at work: a list to complete, a walk from door to door, proposals, one family twice."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from registry_link.completion.commands import IssueList, issue_list
from registry_link.completion.jobs import count_villages
from registry_link.households.commands import RegisterProvisional, register_provisional
from registry_link.households.gaps import Gap
from registry_link.households.linking import link_lines
from registry_link.households.states import LinkAct, LinkState
from registry_link.identity.commands import NamePair, name_pair
from registry_link.links.commands import SENT_FROM, RecordVisit, SendVillage, record_visit, send_village
from registry_link.links.states import VisitOutcome
from registry_link.proposals.commands import Propose, propose
from registry_link.proposals.states import ProposalKind, ProposalReason
from routes.demo.telling import Cast, Story
from routes.demo.world import DemoVillage

VISITED = (VisitOutcome.VERIFIED, VisitOutcome.VERIFIED, VisitOutcome.NOT_FOUND)


def tell_the_registry(story: Story, cast: Cast, struck: Sequence[DemoVillage]) -> Iterator[str]:
    """Today: the village's own list, a neighbour being walked, what the village proposes, and two that may be one."""
    work, own, walked = story.work, struck[0].code, struck[2].code
    paper = "BA-07/MUSDES/DEMO"
    with work.by(cast["logistik"]) as tx:
        asked = issue_list(tx, IssueList(village_code=own, asked=Gap.UNITS | Gap.KK | Gap.BIRTH))
        sent = send_village(
            tx,
            SendVillage(
                act=LinkAct.VISIT, village_code=walked, states=tuple(SENT_FROM[LinkAct.VISIT]),
                basis_no="ND-12/DEMO", basis_on=story.today,
            ),
        )  # fmt: skip
        doors = link_lines(tx, states=(LinkState.FIELD_PENDING,), village_codes=[walked], limit=len(VISITED))
        known = link_lines(tx, states=(LinkState.IMPORTED,), village_codes=[own], limit=2)
        # On the spot nobody asked for a number, so that one family stands in the registry twice.
        again = register_provisional(
            tx, RegisterProvisional(head_name=known[0].head_name, village_code=own, head_age_years=41, rt="001")
        )
        new = register_provisional(
            tx, RegisterProvisional(head_name="Dominggus Keluarga Baru", village_code=own, head_age_years=24, rt="002")
        )
        name_pair(tx, NamePair(first_code=known[0].code, second_code=again.code))
    with work.by(cast["tagana"]) as tx:
        for one, outcome in zip(doors, VISITED, strict=False):
            record_visit(tx, RecordVisit(household_id=one.household_id, outcome=outcome))
    with work.by(cast["desa"]) as tx:
        for kind, house_id, reason in (
            (ProposalKind.ADD, new.id, ProposalReason.NEW_FAMILY),
            (ProposalKind.REMOVE, known[1].household_id, ProposalReason.MOVED),
        ):
            order = Propose(kind=kind, household_id=house_id, reason=reason, basis_no=paper, basis_on=story.today)
            propose(tx, order)
    count_villages(work, cast["logistik"])
    yield f"Registri: {asked.added} keluarga untuk dilengkapi, {sent} untuk didatangi, dua usulan desa, satu data ganda"
