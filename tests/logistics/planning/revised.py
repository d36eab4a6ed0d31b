"""A week that is planned, sent out, handed over and revised; everything that has to hold after each step."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from core.actor import Actor
from core.work import Work
from logistics.dispatch.commands import SendToPost, send_to_post
from logistics.dispatch.queries import post_choices, to_send
from logistics.handover.commands import VoidHandover, void_handover
from logistics.handover.proof import prove as prove_handovers
from logistics.handover.queries import valid_handover_of
from logistics.handover.states import VoidReason
from logistics.packages.change_queries import PackageNow, lacks_now, packages_now
from logistics.packages.models import Package, PackageLack, PackageLine
from logistics.packages.queries import package, round_by_id
from logistics.packages.states import PackageState
from logistics.packages.sums import sums_by_item, sums_by_village
from logistics.planning.behind import Behind, ListNow, reasons_to_revise
from logistics.planning.commands import PURPOSE, approve_round, group_key, plan_round
from logistics.planning.queries import revision_of
from logistics.planning.revising import (
    RevisionApproved,
    RevisionMade,
    approve_revision,
    discard_revision,
    make_revision,
)
from logistics.planning.revision_ground import ReviseRound
from logistics.planning.rules import ConfirmedHousehold, PostChoice
from stock.reservations.proof import prove as prove_stock
from stock.reservations.queries import reservations
from tests.flows import line
from tests.logistics.week import OFFICER, SECOND, Week, order, settle

GONE = (PackageState.LOADED, PackageState.HANDED_OVER)


@dataclass(kw_only=True)
class World:
    """One round; ``households`` is the list as it is now, ``closed`` are posts that are not used any more."""

    work: Work
    week: Week
    households: list[ConfirmedHousehold]
    closed: set[UUID] = field(default_factory=set)
    round_id: UUID | None = None

    def plan(self, **more: object) -> UUID:
        """Plan and approve the round, fitted to stock."""
        asked = order(self.work, self.week, self.households, fit_to_stock=True, fit_to_posts=True, **more)
        with self.work.by(OFFICER) as tx:
            self.round_id = plan_round(tx, asked).round_id
        with self.work.by(SECOND) as tx:
            approve_round(tx, self.round_id)
        self.check()
        return self.round_id

    @property
    def id(self) -> UUID:
        assert self.round_id is not None
        return self.round_id

    def posts(self) -> tuple[PostChoice, ...]:
        with self.work.read_by(OFFICER) as tx:
            days = round_by_id(tx, self.id).week.each()
            return tuple(post for post in post_choices(tx, days) if post.post_id not in self.closed)

    def revise(self, actor: Actor = OFFICER) -> RevisionMade:
        settle(self.work, self.households)
        asked = ReviseRound(round_id=self.id, households=tuple(self.households), posts=self.posts())
        before = self.content()
        try:
            return self.work.run(actor, lambda tx: make_revision(tx, asked))
        finally:
            drafted = self.draft_ids()
            now = {key: value for key, value in self.content().items() if key not in drafted}
            assert {key: value for key, value in before.items() if key in now} == now, "a draft changes nothing"

    def draft_ids(self) -> set[UUID]:
        with self.work.read_by(OFFICER) as tx:
            draft = revision_of(tx, self.id)
            ids = tx.session.scalars(sa.select(Package.id).where(Package.plan_id == draft.id)) if draft else ()
            return set(ids)

    def agree(self, actor: Actor = SECOND) -> RevisionApproved:
        done = self.approve(actor)
        self.check()
        return done

    def approve(self, actor: Actor = SECOND) -> RevisionApproved:
        """As ``agree``, where a part of a load has left: less is promised then than packages hold."""
        posts = self.posts()
        before = {key: row for key, row in self.content().items() if row[0]["state"] in GONE}
        done = self.work.run(actor, lambda tx: approve_revision(tx, self.id, posts))
        after = self.content()
        assert {key: after[key] for key in before} == before, "what has left or was handed over never changes"
        return done

    def discard(self) -> None:
        self.work.run(OFFICER, lambda tx: discard_revision(tx, self.id))

    def revised(self) -> RevisionMade:
        made = self.revise()
        self.agree()
        return made

    def send(self, post_id: UUID, day: date) -> int:
        """Send everything that the warehouses keep for a post and day; gives how many packages left."""
        with self.work.read_by(OFFICER) as tx:
            lists = [one for one in to_send(tx, self.id, post_id=post_id) if one.serve_on == day]
        sent = 0
        for one in lists:
            asked = SendToPost(
                round_id=self.id, post_id=post_id, serve_on=day, warehouse_id=one.warehouse.id, vehicle="Truk"
            )
            with self.work.by(OFFICER) as tx:
                sent += send_to_post(tx, asked).packages
        return sent

    def hand_over(self, package_id: UUID) -> None:
        with self.work.read_by(OFFICER) as tx:
            found = package(tx, package_id)
        line.hand_over(self.work, found)

    def void(self, package_id: UUID) -> None:
        with self.work.by(OFFICER) as tx:
            done = valid_handover_of(tx, package_id)
            assert done is not None
            void_handover(tx, VoidHandover(handover_id=done.id, reason=VoidReason.WRONG_QUANTITY))

    def behind(self) -> tuple[Behind, ...]:
        now = ListNow(beneficiary_ids=frozenset(one.beneficiary_id for one in self.households), posts=self.posts())
        with self.work.read_by(OFFICER) as tx:
            return reasons_to_revise(tx, self.id, now)

    def rows(self) -> tuple[PackageNow, ...]:
        with self.work.read_by(OFFICER) as tx:
            return packages_now(tx, self.id)

    def of(self, one: ConfirmedHousehold) -> list[PackageNow]:
        return [row for row in self.rows() if row.beneficiary_id == one.beneficiary_id]

    def content(self) -> dict[UUID, tuple[dict[str, Any], tuple[Any, ...], tuple[Any, ...]]]:
        """Give every package with its lines and lacks, column by column."""
        with self.work.read_by(OFFICER) as tx:
            parts: list[dict[UUID, list[Any]]] = [defaultdict(list), defaultdict(list)]
            for at, table in enumerate((PackageLine.__table__, PackageLack.__table__)):
                for row in tx.session.execute(sa.select(table).order_by(table.c.package_id, table.c.item_id)):
                    parts[at][row.package_id].append(tuple(row))
            return {
                row.id: (dict(row._mapping), tuple(parts[0][row.id]), tuple(parts[1][row.id]))
                for row in tx.session.execute(sa.select(Package.__table__).where(Package.round_id == self.round_id))
            }

    def lacking(self) -> dict[UUID, int]:
        """Give what everybody of the list is due and has not been promised, by item."""
        content = self.content()
        wanted: Counter[UUID] = Counter()
        for row, lines, lacks in content.values():
            if row["state"] is PackageState.WAITING:
                wanted.update({one[1]: one[3] for one in lines})
            elif row["state"] is not PackageState.CANCELLED:
                brought = {
                    one[1] for other, theirs, _ in content.values()
                    if other["supplements_id"] == row["id"] and other["state"] is not PackageState.CANCELLED
                    for one in theirs
                }  # fmt: skip
                wanted.update({one[1]: one[3] for one in lacks if one[1] not in brought})
        return {item: milli for item, milli in wanted.items() if milli}

    def check(self) -> None:
        """Everything that holds after every step."""
        with self.work.read_by(OFFICER) as tx:
            assert prove_stock(tx).problems == ()
            assert prove_handovers(tx) == []
            the_round = round_by_id(tx, self.id)
            packages, lacks = packages_now(tx, self.id), lacks_now(tx, self.id)
            kept: Counter[tuple[str, UUID]] = Counter()
            for each in reservations(tx, purpose=PURPOSE, purpose_id=self.id):
                kept[each.group_key, each.batch.item.id] += each.quantity_milli
            by_item = {one.item_id: one for one in sums_by_item(tx, self.id)}
            by_village: Counter[UUID] = Counter()
            for one in sums_by_village(tx, self.id):
                by_village[one.item_id] += one.quantity_milli
            drafts = self._drafts(tx)
        content = self.content()
        wanted: Counter[tuple[str, UUID]] = Counter()
        promised: Counter[UUID] = Counter()
        for row in packages:
            lines = content[row.id][1]
            assert len({one[1] for one in lines}) == len(lines)
            if row.state is PackageState.RESERVED:
                assert row.post_id is not None and row.serve_on is not None
                wanted.update({(group_key(row.post_id, row.serve_on), one[1]): one[3] for one in lines})
            if row.state in (PackageState.RESERVED, *GONE) and not row.is_rest:
                promised.update({one[1]: one[3] for one in lines})
            if row.state is PackageState.WAITING:
                assert row.post_id is None
                assert {one.item_id for one in lacks.get(row.id, ())} <= {one[1] for one in lines}
        assert +kept == +wanted, "packages = reservations, group by group"
        for item_id, sums in by_item.items():
            assert sums.promised_milli == promised[item_id]
            assert sums.quantity_milli == by_village[item_id]
        families: dict[UUID, list[PackageNow]] = defaultdict(list)
        for row in packages:
            families[row.beneficiary_id].append(row)
        for family in families.values():
            alive = [row for row in family if row.state is not PackageState.CANCELLED and not row.is_rest]
            assert sum(row.state not in (PackageState.HANDED_OVER,) for row in alive) <= 1, "one open package"
            given = Counter(one[1] for row in alive for one in content[row.id][1])
            assert all(times == 1 for times in given.values()), "no item twice"
        capacity = {post.post_id: post.capacity_per_day for post in self.posts()}
        heads = Counter((row.post_id, row.serve_on) for row in packages if row.id not in drafts and not row.is_rest
                        and row.state in (PackageState.RESERVED, *GONE))  # fmt: skip
        for (post_id, day), count in heads.items():
            assert day is not None and day in the_round.week.each()
            assert post_id is None or count <= capacity.get(post_id, count)

    def _drafts(self, tx: Any) -> set[UUID]:
        draft = revision_of(tx, self.id)
        return set(tx.session.scalars(sa.select(Package.id).where(Package.plan_id == draft.id))) if draft else set()
