"""Beranda: how things are, what waits for the reader, where; the first page after the login."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from flask import Blueprint, render_template, url_for

from core.accounts.queries import people
from core.actor import Role
from core.i18n import say
from core.measures import WEEKDAYS, print_count, print_day, print_quantity
from core.office.queries import DUTIES, signatories
from core.permissions import may
from core.work import Tx
from logistics.dispatch.queries import posts as list_posts
from logistics.dispatch.queries import to_send
from logistics.packages import queries as packages
from logistics.packages import standard_queries
from logistics.packages.states import RoundState, StandardState
from logistics.planning.approving import may_approve
from logistics.planning.need import RoundNeed, need
from logistics.planning.queries import PlanView, draft_of, revision_of
from logistics.planning.revision_queries import revision_view
from logistics.programmes import queries as programmes
from logistics.programmes.states import TermState
from logistics.zones import affected, week
from logistics.zones import queries as zones
from logistics.zones.states import Phase, VersionState
from routes import context, guard
from routes.occasion import Occasion, occasion_of
from routes.pages import alerts, bansos_term
from routes.pages.plan import SHORT_MONTHS
from routes.pages.stock import BARS_AT_ONCE, NEAR_DAYS, bars_of, batch_count, near_of, visible
from routes.revised import planned_itself
from routes.texts import gettext as _
from routes.waiting import Waiting, in_registry
from stock.corrections import queries as corrections
from stock.counts import queries as counts
from stock.ledger.alerts import low_stock
from stock.ledger.queries import ItemBalance, item_balances

pages = Blueprint("home", __name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Now:
    """What the page was made from: the running incident and its round, where there are any."""

    incident: zones.IncidentView | None = None
    others: tuple[zones.IncidentView, ...] = ()
    groups: affected.GroupCounts | None = None
    round: packages.RoundView | None = None
    counts: packages.RoundCounts | None = None
    strip: tuple[packages.StripCell, ...] = ()
    draft: PlanView | None = None
    need: RoundNeed | None = None


@pages.get("/")
@guard.requires("home.see")
def show() -> str:
    lang = context.lang()
    with context.read() as tx:
        now = _now(tx)
        lying = _lying(tx)
        found = near_of(lying, tx.today) if lying is not None else []
        near = {
            "expired": batch_count(one for one in found if one.is_expired),
            "soon": batch_count(one for one in found if not one.is_expired),
        }
        page: dict[str, Any] = {
            "waiting": _waiting(tx, now, near), "days": _days(now, tx.today, lang), "zones": _zones(tx, now, lang),
            "bars": bars_of(now.need.lines, lying or (), lang) if now.need else [], "near": near,
        }  # fmt: skip
        if Role.ADMIN in tx.actor.roles:
            page["accounts"] = sum(1 for one in people(tx) if one.is_active)
    short = [bar for bar in page["bars"] if bar["is_short"]]
    return render_template(
        "home/show.html", now=now, short=short, bar_count=BARS_AT_ONCE, near_days=NEAR_DAYS,
        today=print_day(_today(), lang, weekday=True),
        phase=say(f"phase.{now.incident.phase.value}", lang) if now.incident else "",
        phase_tone=_TONES[now.incident.phase] if now.incident else "neutral",
        hazard=say(f"hazard.{now.incident.hazard.value}", lang) if now.incident else "", **page,
    )  # fmt: skip


_TONES = {Phase.ALERT: "warn", Phase.RESPONSE: "bad", Phase.TRANSITION: "info", Phase.CLOSED: "neutral"}


def _today() -> date:
    return context.runtime().work.clock.now().astimezone(context.actor().zone).date()


def _now(tx: Tx) -> Now:
    if not may(tx.actor, "incident.see"):
        return Now()
    running = zones.incidents(tx, with_closed=False)
    if not running:
        return Now()
    incident, groups = _foremost(tx, running)
    the_round = week.current_round(tx, incident.id)
    sees_stock = may(tx.actor, "stock.see") and tx.require("stock.see").is_all
    return Now(
        incident=incident, others=tuple(one for one in running if one.id != incident.id),
        groups=groups, round=the_round,
        counts=packages.counts_of(tx, the_round.id) if the_round else None,
        strip=packages.strip_of(tx, the_round.id) if the_round else (),
        draft=draft_of(tx, the_round.id) if the_round else None,
        need=need(tx, the_round.id) if the_round and sees_stock else None,
    )  # fmt: skip


def _foremost(tx: Tx, running: Sequence[zones.IncidentView]) -> tuple[zones.IncidentView, affected.GroupCounts]:
    """Give the newest incident; to whoever sees some villages only, the newest that struck one of them."""
    newest = zones.running_incident(tx) or running[0]
    counted = affected.groups(tx, newest.id)
    if counted.total or not may(tx.actor, "affected.see") or tx.require("affected.see").is_all:
        return newest, counted
    others = ((one, affected.groups(tx, one.id)) for one in running if one.id != newest.id)
    return next(((one, groups) for one, groups in others if groups.total), (newest, counted))


def _days(now: Now, today: date, lang: str) -> list[dict[str, Any]]:
    if now.round is None or now.incident is None:
        return []
    planned: dict[date, int] = defaultdict(int)
    served: dict[date, int] = defaultdict(int)
    for cell in now.strip:
        planned[cell.serve_on] += cell.households
        served[cell.serve_on] += cell.served
    is_open = may(context.actor(), "round.see")
    return [
        {
            "no": no, "weekday": WEEKDAYS[lang][day.weekday()][:3], "date": f"{day.day} {SHORT_MONTHS[day.month - 1]}",
            "planned": planned[day], "served": served[day], "is_today": day == today, "is_past": day < today,
            "href": url_for("plan.show", slug=now.incident.slug, hari=no) if is_open else None,
        }
        for no, day in enumerate(now.round.week.each(), 1)
    ]  # fmt: skip


def _zones(tx: Tx, now: Now, lang: str) -> list[dict[str, Any]]:
    if now.incident is None or not may(tx.actor, "zone.see"):
        return []
    return [
        {
            "view": one, "severity": say(f"severity.{one.severity.value}", lang),
            "tone": {"heavy": "bad", "medium": "warn", "light": "info"}[one.severity.value],
        }
        for one in zones.zones(tx, now.incident.id)
        if one.state is not VersionState.WITHDRAWN
    ]  # fmt: skip


def _lying(tx: Tx) -> tuple[ItemBalance, ...] | None:
    """Give what lies at the places the reader sees; None where stock is none of their business."""
    if not may(tx.actor, "stock.see"):
        return None
    spots = [one.id for one in visible(tx, tx.require("stock.see"))]
    return item_balances(tx, place_ids=spots) if spots else ()


# ---------------------------------------------------------------- what waits


def _waiting(tx: Tx, now: Now, near: dict[str, int]) -> list[Waiting]:
    """Gather what this reader's roles are the ones to do, the urgent first."""
    found: list[Waiting] = []
    for part in (_setup, _list, _bansos, _plan, _loads, _serving, _shelves, _second_person):
        found += part(tx, now, near)
    found += in_registry(tx)
    found += alerts.in_force(tx)
    return sorted(found, key=lambda one: not one.is_urgent)


def _setup(tx: Tx, now: Now, near: dict[str, int]) -> list[Waiting]:
    found = []
    if may(tx.actor, "office.manage"):
        missing = len(DUTIES) - sum(1 for one in signatories(tx) if one.name)
        if missing:
            found.append(Waiting(
                text=_("Isi penanda tangan surat"), why=_("%(count)s dari %(all)s belum diisi.", count=missing,
                all=len(DUTIES)), href=url_for("settings.index"), icon="edit",
            ))  # fmt: skip
    if may(tx.actor, "standard.approve"):
        drafts = [one for one in standard_queries.standards(tx) if one.state is StandardState.DRAFT]
        if drafts and now.incident:
            found.append(Waiting(
                text=_("Setujui standar paket"), why=_("%(name)s versi %(no)s menunggu persetujuan Anda.",
                name=drafts[0].name_id, no=drafts[0].version), href=url_for("standards.show", standard_id=drafts[0].id),
                icon="check", is_urgent=True,
            ))  # fmt: skip
    return found


def _list(tx: Tx, now: Now, near: dict[str, int]) -> list[Waiting]:
    if now.incident is None or now.groups is None:
        return []
    slug, groups, found = now.incident.slug, now.groups, []
    if may(tx.actor, "decree.record") and now.incident.window is None:
        found.append(Waiting(
            text=_("Catat SK tanggap darurat"), why=_("Tanpa masa tanggap, minggu paket belum dapat direncanakan."),
            href=url_for("decrees.new", slug=slug), icon="document",
        ))  # fmt: skip
    if may(tx.actor, "zone.post") and not groups.total and not zones.zones(tx, now.incident.id):
        found.append(Waiting(
            text=_("Pasang wilayah terdampak"), why=_("%(name)s belum punya wilayah.", name=now.incident.name),
            href=url_for("incident.zone_new", slug=slug), icon="map", is_urgent=True,
        ))  # fmt: skip
    if may(tx.actor, "affected.confirm_certain") and groups.proposed_certain:
        found.append(Waiting(
            text=_("Konfirmasi %(count)s keluarga yang pasti", count=_count(groups.proposed_certain)),
            why=_("Rumahnya di dalam wilayah terdampak; satu tombol untuk semuanya."),
            href=url_for("affected.index", slug=slug, kelompok="pasti", keputusan="belum"), icon="family",
            is_urgent=True,
        ))  # fmt: skip
    if may(tx.actor, "affected.decide"):
        doubtful = groups.proposed_probable + groups.proposed_to_verify
        if Role.VILLAGE in tx.actor.roles:
            doubtful += groups.proposed_certain
        if doubtful:
            found.append(Waiting(
                text=_("Periksa %(count)s keluarga", count=_count(doubtful)),
                why=_("Benar terdampak atau tidak? Anda yang paling tahu."),
                href=url_for("affected.index", slug=slug, keputusan="belum"), icon="search",
            ))  # fmt: skip
    return found


def _bansos(tx: Tx, now: Now, near: dict[str, int]) -> list[Waiting]:
    """Name the terms whose next step is the reader's: to propose, to verify, to determine, to plan, to close."""
    if not may(tx.actor, "bansos.see"):
        return []
    found = []
    for term in programmes.terms(tx, states=(TermState.DRAFT, TermState.VERIFIED, TermState.DETERMINED)):
        waits = bansos_term.waits_for(tx, bansos_term.standing(tx, term))
        if waits is not None and waits.label and waits.is_mine:
            found.append(Waiting(
                text=f"{waits.label}: {term.title}", why=waits.what, href=waits.href, icon="programme",
                is_urgent=term.state is TermState.VERIFIED,
            ))  # fmt: skip
    return found


def _plan(tx: Tx, now: Now, near: dict[str, int]) -> list[Waiting]:
    if now.incident is None or now.groups is None:
        return []
    slug, found = now.incident.slug, []
    has_supply = now.need is not None and not now.need.shortages
    if now.draft and may(tx.actor, "round.approve") and may_approve(tx, now.draft):
        found.append(Waiting(
            text=_("Setujui rencana putaran %(no)s", no=now.round.no if now.round else 1),
            why=_("Disusun %(name)s; stok dicadangkan begitu disetujui.", name=now.draft.planned_by_name)
            if has_supply else _("Disusun %(name)s; stoknya belum cukup.", name=now.draft.planned_by_name),
            href=url_for("plan.show", slug=slug), icon="check", is_urgent=has_supply,
        ))  # fmt: skip
    found += _revised(tx, now)
    if may(tx.actor, "round.plan") and now.incident.window and now.groups.confirmed:
        placed = now.counts.households - now.counts.waiting if now.counts else 0
        is_open = now.round is None or now.round.state in (RoundState.DRAFT, RoundState.APPROVED)
        left = now.groups.confirmed - placed
        if is_open and left > 0 and not now.draft:
            found.append(Waiting(
                text=_("Susun rencana untuk %(count)s keluarga", count=_count(left)),
                why=_("Sudah dikonfirmasi, belum punya titik dan hari."), href=url_for("plan.show", slug=slug),
                icon="calendar",
            ))  # fmt: skip
    return found


def _revised(tx: Tx, now: Now) -> list[Waiting]:
    """Name the week that planned itself, and changes of the running one that a second person has to approve."""
    assert now.incident is not None
    slug, found = now.incident.slug, []
    ahead = planned_itself(tx, now.incident.id) if may(tx.actor, "round.approve") else None
    if ahead is not None and (now.round is None or ahead.id != now.round.id):
        found.append(Waiting(
            text=_("Rancangan minggu ke-%(no)s siap diperiksa", no=ahead.no),
            why=_("Tersusun sendiri, mulai %(day)s; petugas mana pun dapat menyetujuinya.",
                  day=print_day(ahead.week.first_on, context.lang(), weekday=True)),
            href=url_for("plan.show", slug=slug, putaran=ahead.no), icon="calendar",
        ))  # fmt: skip
    draft = revision_of(tx, now.round.id) if now.round is not None else None
    if draft is not None and may(tx.actor, "round.approve") and draft.planned_by != tx.actor.id:
        found.append(Waiting(
            text=_("Setujui perubahan rencana"),
            why=_("%(count)s paket berubah; dihitung %(name)s.", count=_count(revision_view(tx, draft).packages),
                  name=draft.planned_by_name),
            href=url_for("revising.show", slug=slug), icon="check", is_urgent=True,
        ))  # fmt: skip
    return found


def _occasions(tx: Tx, now: Now) -> list[tuple[Occasion, packages.RoundView]]:
    """Give what is being distributed: the running incident's week first, then the terms of programmes."""
    found = [(Occasion(incident=now.incident), now.round)] if now.incident and now.round else []
    terms = [one for one in packages.approved_rounds(tx) if one.term_id is not None]
    return found + [(occasion_of(tx, one), one) for one in terms]


def _loads(tx: Tx, now: Now, near: dict[str, int]) -> list[Waiting]:
    if not may(tx.actor, "dispatch.send"):
        return []
    reach, found = tx.require("dispatch.send"), []
    for here, the_round in _occasions(tx, now):
        lists = to_send(tx, the_round.id, reach=None if reach.is_all else reach)
        if not lists:
            continue
        first_on = min(one.serve_on for one in lists)
        why = _("Yang pertama untuk %(day)s.", day=print_day(first_on, context.lang(), weekday=True))
        found.append(Waiting(
            text=_("Kirim %(count)s muatan ke titik", count=_count(len(lists))),
            why=f"{here.name}. {why}" if here.is_term else why, href=here.url("dispatch.show"), icon="truck",
            is_urgent=first_on <= tx.today,
        ))  # fmt: skip
    return found


def _serving(tx: Tx, now: Now, near: dict[str, int]) -> list[Waiting]:
    if not may(tx.actor, "handover.record"):
        return []
    reach = tx.require("handover.record")
    names = {one.id: one.name for one in list_posts(tx) if reach.has_place(one.id)}
    found = _serving_terms(tx, now, names)
    if now.incident is None or now.round is None:
        return found
    for cell in now.strip:
        if cell.post_id in names and cell.serve_on <= tx.today and cell.loaded:
            found.append(Waiting(
                text=_("Layani %(count)s keluarga di %(post)s", count=_count(cell.loaded), post=names[cell.post_id]),
                why=print_day(cell.serve_on, context.lang(), weekday=True),
                href=url_for(
                    "handover.show", slug=now.incident.slug, titik=cell.post_id,
                    hari=(cell.serve_on - now.round.week.first_on).days + 1,
                ),
                icon="handover", is_urgent=True,
            ))  # fmt: skip
    return found


def _serving_terms(tx: Tx, now: Now, names: dict[UUID, str]) -> list[Waiting]:
    """Name for each term the posts at which somebody is still to be served, of today and of the days before."""
    found = []
    for here, the_round in _occasions(tx, now):
        left: Counter[UUID] = Counter()
        for cell in packages.strip_of(tx, the_round.id) if here.is_term else ():
            if cell.post_id in names and cell.serve_on <= tx.today:
                left[cell.post_id] += cell.loaded
        found += [
            Waiting(
                text=_("Layani %(count)s penerima di %(post)s", count=_count(count), post=names[post_id]),
                why=here.name, href=here.url("handover.show", titik=post_id), icon="handover", is_urgent=True,
            )
            for post_id, count in left.items() if count
        ]  # fmt: skip
    return found


def _shelves(tx: Tx, now: Now, near: dict[str, int]) -> list[Waiting]:
    found = []
    is_officer = Role.LOGISTICS in tx.actor.roles and may(tx.actor, "stock.receive")
    if is_officer and now.need is not None and now.need.shortages:
        names = ", ".join(
            f"{line.item.name(context.lang())} {print_quantity(line.short_milli, line.item.base_unit, context.lang())}"
            for line in now.need.shortages[:3]
        )
        found.append(Waiting(
            text=_("Tambah stok yang kurang"), why=names, href=url_for("receiving.receive_form"), icon="stock",
            is_urgent=True,
        ))  # fmt: skip
    found += _low(tx)
    if near["expired"] and may(tx.actor, "stock.transfer"):
        found.append(Waiting(
            text=_("Pindahkan %(count)s batch kedaluwarsa", count=_count(near["expired"])),
            why=_("Ke karantina, lalu dihapuskan dengan berita acara."), href=url_for("expiry.calendar"),
            icon="warn",
        ))  # fmt: skip
    return found


def _low(tx: Tx) -> list[Waiting]:
    """Name what runs low at the warehouses for which the reader receives goods."""
    if not may(tx.actor, "stock.receive"):
        return []
    reach = tx.require("stock.receive")
    low = low_stock(tx, None if reach.is_all else reach.place_ids)
    if not low:
        return []
    first, lang = low[0], context.lang()
    return [Waiting(
        text=_("Isi lagi %(count)s barang di bawah batas", count=_count(len({one.item.id for one in low}))),
        why=_(
            "%(item)s di %(place)s: tersisa %(free)s dari %(minimum)s", item=first.item.name(lang),
            place=first.place.name, free=print_quantity(first.available_milli, first.item.base_unit, lang),
            minimum=print_quantity(first.minimum_milli, first.item.base_unit, lang),
        ),
        href=url_for("stock.index") + "#batas", icon="stock", is_urgent=first.available_milli <= 0,
    )]  # fmt: skip


def _second_person(tx: Tx, now: Now, near: dict[str, int]) -> list[Waiting]:
    """Name what somebody else asked for and the reader may decide, and the counts whose day has come."""
    found = []
    asked = corrections.to_decide(tx)
    if asked:
        found.append(Waiting(
            text=_("Koreksi menunggu keputusan: %(count)s", count=_count(len(asked))),
            why=_("Diajukan %(name)s.", name=asked[0].asked_by_name),
            href=url_for("corrections.show", correction_id=asked[0].id) if len(asked) == 1
            else url_for("corrections.index") + "#menunggu", icon="edit", is_urgent=True,
        ))  # fmt: skip
    for one in counts.to_decide(tx):
        found.append(Waiting(
            text=_("Setujui stok opname %(place)s", place=one.place.name),
            why=_("Diajukan %(name)s.", name=one.submitted_by_name),
            href=url_for("counts.compare", count_id=one.id), icon="check", is_urgent=True,
        ))  # fmt: skip
    for one in counts.due(tx):
        found.append(Waiting(
            text=_("Stok opname jatuh tempo: %(place)s", place=one.place.name),
            why=_("Dihitung tanpa melihat catatan, dua kali setahun."),
            href=url_for("counts.show", count_id=one.id), icon="calendar",
        ))  # fmt: skip
    return found


def _count(number: int) -> str:
    return print_count(number, context.lang())
