"""A proposal becomes packages: what each household gets and lacks, where, when, and the one sentence why."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from uuid import UUID

import sqlalchemy as sa

from core.errors import Fact
from core.work import Tx
from logistics.packages.commands import LackDraft, PackageDraft, Reason, add_packages
from logistics.packages.queries import RoundView
from logistics.planning.keeping import keep_run
from logistics.planning.models import Plan
from logistics.planning.proposing import PlanInputs, Proposal, Proposed
from stock.items.queries import ItemView, items


def keep_proposal(
    tx: Tx, the_round: RoundView, plan_id: UUID, standard_id: UUID, inputs: PlanInputs, proposal: Proposal
) -> None:
    """Write a proposal's packages into its plan, and keep what it was worked out from."""
    names = {one.id: one for one in items(tx, ids={line.item_id for line in inputs.lines})}
    add_packages(
        tx, the_round.id, plan_id, standard_id,
        [package_draft(row, names, the_round.week.last_on) for row in proposal.rows],
    )  # fmt: skip
    keep_run(tx, plan_id, inputs, proposal)
    tx.session.execute(
        sa.update(Plan)
        .where(Plan.id == plan_id)
        .values(
            rule_version=inputs.rule.version, floor_permille=proposal.floor_permille,
            largest_floor_permille=proposal.largest_floor_permille,
        )
        .execution_options(synchronize_session=False)
    )  # fmt: skip


def package_draft(row: Proposed, names: Mapping[UUID, ItemView], last_on: date) -> PackageDraft:
    """Give a proposed household as the package it becomes: what it gets, what it lacks, where, when and why."""
    one = row.household
    lacking = {lack.item.item_id for lack in row.lacking}
    lacks = [
        LackDraft(item=lack.item, left_milli=lack.left_milli, ahead_milli=lack.ahead_milli, last_rank=lack.last_rank)
        for lack in row.lacking
    ]
    if not row.waits and not row.is_whole:
        given = {item.item_id for item in row.given}
        # What is there but waits for the others, as the rule says.
        lacks += [
            LackDraft(item=item, left_milli=item.quantity_milli, ahead_milli=0, last_rank=None)
            for item in row.need.items if item.item_id not in given and item.item_id not in lacking
        ]  # fmt: skip
    return PackageDraft(
        household_id=one.household_id, beneficiary_id=one.beneficiary_id, beneficiary_kind=one.beneficiary_kind,
        composition=one.composition, village_code=one.village_code, need=row.need, rank=row.rank,
        reason=reason_of(row, names, last_on), post_id=row.post.post_id if row.post else None, serve_on=row.serve_on,
        hours=row.hours, lines=row.need.items if row.waits or row.is_whole else row.given, lacks=tuple(lacks),
    )  # fmt: skip


def reason_of(row: Proposed, names: Mapping[UUID, ItemView], last_on: date) -> Reason:
    """Say why: which post, which day; or what was missing at its turn."""
    if row.post is None or row.serve_on is None:
        if not row.lacking:
            return Reason(code="plan.waiting.room", facts={"rank": row.rank, "last_on": last_on.isoformat()})
        lack = row.lacking[0]
        item = names[lack.item.item_id]
        told: dict[str, Fact] = {
            "item_id": item.name_id, "item_en": item.name_en, "unit": item.base_unit, "rank": row.rank,
            "need_milli": int(lack.item.quantity_milli), "left_milli": int(lack.left_milli),
            "ahead_milli": int(lack.ahead_milli),
        }  # fmt: skip
        if lack.last_rank is None:
            return Reason(code="plan.waiting.none_left", facts=told)
        return Reason(code="plan.waiting.stock", facts=told | {"last_rank": lack.last_rank})
    where = "unplaced" if row.metres is None else "farther" if row.nearer is not None else "nearest"
    facts: dict[str, Fact] = {
        "post": row.post.name, "serve_on": row.serve_on.isoformat(), "place": row.place_in_post,
        "capacity": row.post.capacity_per_day,
    }  # fmt: skip
    if row.metres is not None:
        facts["metres_m"] = row.metres
    if row.nearer is not None:
        facts["nearer"] = row.nearer.name
    if row.household.vulnerable:
        facts["vulnerable"] = row.household.vulnerable
    return Reason(code=f"plan.served.{where}.{'vulnerable' if row.household.vulnerable else 'order'}", facts=facts)
