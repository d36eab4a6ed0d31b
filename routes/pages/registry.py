"""Registri: households, their search, and everything that was done for one of them."""

from __future__ import annotations

import re
from typing import Any, Final
from uuid import UUID

from flask import Blueprint, render_template, url_for

from core.i18n import say
from core.measures import print_day, print_instant
from core.permissions import may
from core.work import Tx
from logistics.handover.queries import MissView, handovers_of, misses_of_household
from logistics.packages.queries import packages_of, round_by_id
from logistics.programmes.queries import EntryView, TermView, entries_of_household
from logistics.programmes.states import EntryState
from logistics.zones.affected import incidents_of_household
from registry_link.completion.overview import village_lines
from registry_link.completion.queries import reports_of
from registry_link.households import queries
from registry_link.households.departures import left_by
from registry_link.households.linking import links_of
from registry_link.households.queries import SearchHouseholds
from registry_link.households.reporting import differences_of_household, snapshot_lines
from registry_link.households.states import SnapshotState
from registry_link.identity.queries import pairs_of_household
from registry_link.regions.queries import regions_of
from registry_link.regions.states import Level
from routes import context, guard
from routes.forms import Form
from routes.occasion import occasion_of
from routes.pages.links import section_tabs
from routes.pages.privacy import reveal_fields
from routes.sources import source_name
from routes.texts import gettext as _

pages = Blueprint("registry", __name__, url_prefix="/registri")
PER_PAGE = 50
_SHORTEST_NUMBER: Final = 8
"""So many digits mean a NIK or No. KK, however many of it are missing; fewer may be a house in a street."""


@pages.get("")
@guard.requires("household.search")
def index() -> str:
    lang = context.lang()
    with context.read() as tx:
        reach = tx.require("household.search")
        villages = [one for one in regions_of(tx, tx.regency_code, Level.VILLAGE) if reach.has_village(one.code)]
        counts = village_lines(tx) if may(tx.actor, "village.see") else ()
        files = snapshot_lines(tx) if may(tx.actor, "snapshot.see") else ()
    return render_template(
        "registry/index.html", names={one.code: one for one in villages}, counts=counts,
        villages=[(one.code, one.full_name) for one in villages],
        snapshots=[{"view": one, "source": source_name(one.source, lang), "changes": count}
                   for one, count in files if one.state is SnapshotState.CURRENT],
        has_files=bool(files),
        households=sum(one.households for one in counts), persons=sum(one.persons for one in counts),
        located=sum(one.located for one in counts), parts=_parts(),
        counted=print_instant(min(one.counted_at for one in counts), context.actor().zone, lang) if counts else "",
    )  # fmt: skip


def _parts() -> list[dict[str, Any]]:
    """Give the ways into the parts of the registry that the reader may see."""
    found = [
        ("household.search", "registry.index", _("Keluarga")), ("village.see", "villages.index", _("Desa")),
        ("snapshot.see", "snapshots.index", _("Berkas registri")),
        ("completion.see", "completion.index", _("Pelengkapan")),
        ("position.see_files", "positions.index", _("Titik rumah")),
        ("identity.see", "identity.index", _("Keluarga ganda")),
    ]  # fmt: skip
    parts = [
        {"label": label, "href": url_for(endpoint), "is_current": endpoint == "registry.index"}
        for action, endpoint, label in found
        if may(context.actor(), action)
    ]
    if steps := section_tabs(""):
        # Five parts with tabs of their own: one way in leads to the first that the reader may open.
        parts.append({"label": _("Langkah registri"), "href": steps[0]["href"], "is_current": False})
    if may(context.actor(), "privacy.see"):
        parts.append({"label": _("Privasi"), "href": url_for("privacy.index"), "is_current": False})
    return parts


@pages.get("/cari")
@guard.requires("household.search")
def search_form() -> str:
    return _search(Form(), None)


@pages.post("/cari")
@guard.requires("household.search")
def search() -> str:
    """Search persons: a POST, so that no name or number ever stands in an address or a log."""
    form = Form()
    page = form.number("page", least=0, most=10_000, is_required=False) or 0
    order = SearchHouseholds(
        text=form.text("q", most=80), village_code=form.text("village_code", most=20), limit=PER_PAGE,
        offset=page * PER_PAGE,
    )  # fmt: skip
    with context.read() as tx:
        found = queries.search_households(tx, order)
    return _search(form, found, page)


def _search(form: Form, found: queries.FoundHouseholds | None, page: int = 0) -> str:
    with context.read() as tx:
        reach = tx.require("household.search")
        villages = [one for one in regions_of(tx, tx.regency_code, Level.VILLAGE) if reach.has_village(one.code)]
    digits = re.sub(r"[\s.]", "", form.raw("q"))
    return render_template(
        "registry/search.html", form=form, found=found, page=page,
        digits=len(digits) if len(digits) >= _SHORTEST_NUMBER and digits.isdecimal() else 0,
        villages=[(one.code, one.full_name) for one in villages],
    )  # fmt: skip


@pages.get("/keluarga/<uuid:household_id>")
@guard.requires("household.see")
def household(household_id: UUID) -> str:
    lang = context.lang()
    with context.read() as tx:
        found = queries.household(tx, household_id)
        entries = timeline(tx, household_id, lang)
        changes = registry_changes(tx, household_id, lang)
        links = links_of(tx, household_id)
        has_left = left_by(tx, household_id) is not None
        reports = reports_of(tx, household_id) if found.lon_deg is not None or may(tx.actor, "household.locate") else ()
        pairs = pairs_of_household(tx, household_id)
    return render_template(
        "registry/household.html", household=found, entries=entries, changes=changes, has_left=has_left,
        is_in_use=not links or any(one.is_current for one in links),
        reports=[{"view": one, "origin": say(one.origin.label, lang)} for one in reports], pairs=pairs,
        links=[{"view": one, "source": source_name(one.source, lang), "state": say(one.state.label, lang)}
               for one in links],
        source=source_name(found.source, lang) if found.source else "",
        members=[
            {"view": one, "relation": say(f"relation.{one.relation.value}", lang),
             "sex": say(f"sex.{one.sex.value}", lang) if one.sex else "—", "marks": _marks(one)}
            for one in found.members
        ],
        position=say(f"position.{found.position_source.value}", lang) if found.position_source else None,
        **reveal_fields(found),
    )  # fmt: skip


def _marks(one: queries.MemberLine) -> list[str]:
    return [
        word
        for is_so, word in (
            (one.is_pregnant, _("hamil")), (one.is_nursing, _("menyusui")),
            (one.has_disability, _("disabilitas")), (one.is_chronically_ill, _("sakit menahun")),
        )
        if is_so
    ]  # fmt: skip


def timeline(tx: Tx, household_id: UUID, lang: str) -> list[dict[str, Any]]:
    """Give everything that was done for a household, newest first: lists, packages, handovers, each with its why."""
    entries: list[dict[str, Any]] = []
    names: dict[UUID, str] = {}
    if may(tx.actor, "affected.see"):
        for incident, line in incidents_of_household(tx, household_id):
            names[incident.id] = incident.name
            entries.append(
                {
                    "sort": line.decided_at or incident.opened_at,
                    "who": "", "what": f"{incident.name}: {say(f'affected.state.{line.state.value}', lang)}",
                    "why": line.reason(lang, ""), "tone": "info", "href": f"/kejadian/{incident.slug}/keluarga",
                }
            )  # fmt: skip
    if may(tx.actor, "bansos.see"):
        entries += [_listed(term, entry, lang) for term, entry in entries_of_household(tx, household_id)]
    if may(tx.actor, "round.see"):
        for row in packages_of(tx, [household_id]):
            the_round = round_by_id(tx, row.round_id)
            occasion = occasion_of(tx, the_round)
            state = say(f"package.state.{row.state.value}", lang)
            entries.append(
                {
                    "sort": the_round.approved_at or row.created_at,
                    "what": f"{occasion.name} – " + (
                        _("paket %(code)s: %(state)s", code=row.code, state=state) if occasion.is_term else
                        _("paket %(code)s, putaran %(no)s: %(state)s", code=row.code, no=the_round.no, state=state)
                    ),
                    "who": the_round.approved_by_name or "", "why": row.reason(lang), "tone": "neutral",
                    "href": f"{occasion.href}/paket/{row.id}",
                }
            )  # fmt: skip
    if may(tx.actor, "handover.see"):
        for done in handovers_of(tx, household_id):
            entries.append(
                {
                    "sort": done.event_at, "who": "",
                    "what": _("Serah terima %(number)s: %(state)s", number=done.receipt_number or "",
                              state=say(f"handover.state.{done.state.value}", lang)),
                    "why": done.partial_reason, "tone": "good" if done.state.value == "valid" else "bad",
                    "href": _paper(tx, done.receipt_id),
                }
            )  # fmt: skip
        entries += [_missed(one, lang) for one in misses_of_household(tx, household_id)]
    for entry in entries:
        entry["iso"] = entry["sort"].isoformat()
        entry["at"] = print_instant(entry["sort"], tx.zone, lang)
    return sorted(entries, key=lambda one: one["iso"], reverse=True)


def registry_changes(tx: Tx, household_id: UUID, lang: str) -> list[dict[str, Any]]:
    """Give what snapshots changed of a household, newest first."""
    found = []
    for snapshot, one in differences_of_household(tx, household_id):
        before, after = one.texts(lang)
        said = f"{before or '–'} → {after or '–'}" if before or after else ""
        found.append(
            {
                "iso": snapshot.as_of_on.isoformat(), "at": print_day(snapshot.as_of_on, lang),
                "who": source_name(snapshot.source, lang), "tone": "info", "why": said,
                "what": say(one.kind.label, lang) + (f": {one.subject_name}" if one.subject_name else ""),
                "href": url_for("snapshots.show", snapshot_id=snapshot.id) if may(tx.actor, "snapshot.see") else None,
            }
        )  # fmt: skip
    return found


def _listed(term: TermView, entry: EntryView, lang: str) -> dict[str, Any]:
    """Say that a household stands or stood on a term's list, by the last thing that happened to it there."""
    is_decided = entry.state is EntryState.DETERMINED
    why = entry.reason(lang) or (
        _("SK %(number)s", number=term.decree_no) if is_decided else entry.basis
    )  # fmt: skip
    who = (term.determined_by_name if is_decided else entry.proposed_by_name) or ""
    return {
        "sort": (term.determined_at if is_decided else entry.proposed_at) or term.created_at, "who": who,
        "what": f"{term.title}: {entry.state_label(lang)}"
        + (f" ({entry.name})" if entry.name != entry.head_name else ""),
        "why": why, "tone": "good" if is_decided else "info",
        "href": f"/bansos/{term.programme_slug}/{term.no}/daftar?wilayah={entry.village_code}",
    }  # fmt: skip


def _missed(one: MissView, lang: str) -> dict[str, Any]:
    return {
        "sort": one.recorded_at, "who": one.recorded_by_name,
        "what": _("Paket %(code)s belum diserahkan: %(why)s", code=one.package_code, why=one.kind_label(lang)),
        "why": _("%(step)s sebelum %(day)s.", step=one.next_label(lang), day=print_day(one.due_on, lang))
        + (f" {one.note}" if one.note else ""),
        "tone": "warn", "href": None,
    }  # fmt: skip


def _paper(tx: Tx, receipt_id: UUID | None) -> str | None:
    """Give the address of a receipt for whoever may see papers."""
    if receipt_id is None or not may(tx.actor, "document.see"):
        return None
    return url_for("document.show", document_id=receipt_id)
