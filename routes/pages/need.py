"""Kebutuhan & paket: what households or a term's beneficiaries need against what there is; by item, village and day."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final
from uuid import UUID

from flask import Blueprint, Response, render_template, request

from core.documents.queries import DocumentView, documents
from core.measures import WEEKDAYS, print_count, print_day, print_instant, print_quantity
from core.permissions import may
from core.work import Tx
from logistics.packages import queries as packages
from logistics.packages import standard_queries
from logistics.packages.rules import Composition
from logistics.packages.states import StandardState
from logistics.planning.arrivals import Arrival
from logistics.planning.gap import Asking, tables_of
from logistics.planning.need import WEEK, NeedLine, RoundNeed, preview_need
from logistics.planning.need import need as round_need
from logistics.planning.running import DayFlow
from logistics.planning.spreading import (
    ItemDays,
    VillageLine,
    VillageNeed,
    need_by_day,
    need_by_village,
    preview_by_village,
)
from logistics.programmes.states import TermState
from logistics.zones import week
from logistics.zones.gap_letter import KIND as GAP_LETTER
from reports import need_book
from routes import context, guard, tables
from routes.forms import asked_number
from routes.frames import frame_of
from routes.occasion import Occasion, occasion_at, round_at
from routes.pages.plan import SHORT_MONTHS
from routes.term import determined_households
from routes.texts import gettext as _

pages = Blueprint("need", __name__, url_prefix="/kejadian/<slug>")
PARTS: Final = ("barang", "desa", "hari")
MOST_IN_CARDS: Final = 7
"""Days beside each other that still fit one card of a phone; a longer distribution scrolls in its box."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """What a page about an occasion's need is made from; villages and days as far as they were asked for."""

    standard: standard_queries.StandardView | None
    round: packages.RoundView | None
    served: int
    """Households or beneficiaries that the need is for."""
    counts: packages.RoundCounts | None
    need: RoundNeed | None
    villages: tuple[VillageNeed, ...] = ()
    days: tuple[ItemDays, ...] = ()


@pages.get("/kebutuhan")
@guard.requires("round.see")
def show(slug: str, no: int | None = None) -> str:
    lang = context.lang()
    asked = request.args.get("menurut", PARTS[0])
    part = asked if asked in PARTS else PARTS[0]
    with context.read() as tx:
        here = occasion_at(tx, slug, no)
        ground = ground_at(tx, here, asked_number("putaran", None), (part,))
        found, the_round = ground.need, ground.round
        if part == "hari" and the_round is None:
            part = PARTS[0]
        page: dict[str, Any] = {}
        if found is not None:
            page = {
                "figures": _figures(found, ground.counts, lang), "letters": _letters(tx, here, the_round),
                "lines": [_item(line, lang) for line in _short_first(found.lines)] if part == "barang" else [],
                "villages": _villages(ground, lang) if part == "desa" else None,
                "days": _days(ground.days, lang) if part == "hari" else None,
            }  # fmt: skip
            weeks = week.weeks(tx, here.incident.id) if here.incident is not None else ()
            page["rounds"] = [(one.no, here.url("need.show", putaran=one.no, menurut=part)) for one in weeks]
    standard = ground.standard
    names = {"barang": _("Per barang"), "desa": _("Per desa/kelurahan"), "hari": _("Per hari")}
    return render_template(
        "need/show.html", round=the_round, standard=standard, served=ground.served, part=part,
        has_need=found is not None and bool(found.lines) and (ground.served > 0 or here.is_term),
        is_short=found is not None and bool(found.shortages),
        parts=[
            {"label": names[one], "is_current": one == part,
             "href": here.url("need.show", **_kept(the_round), menurut=one)}
            for one in PARTS if one != "hari" or (the_round is not None and not here.is_cash)
        ],
        files=[
            (form.upper(), here.url("need.download", **_kept(the_round), menurut=part, form=form))
            for form in ("xlsx", "csv")
        ],
        standard_state=standard.state_label(lang) if standard else "",
        is_draft_standard=standard is not None and standard.state is StandardState.DRAFT, **page,
        **frame_of(here, "plan" if here.is_term else "need"),
    )  # fmt: skip


@pages.get("/kebutuhan/unduh")
@guard.requires("round.see")
def download(slug: str, no: int | None = None) -> Response:
    """Give the need as it stands now: every table as a workbook, or the one looked at as text."""
    form = tables.asked_form("form", "xlsx")
    part = request.args.get("menurut", PARTS[0])
    with context.read() as tx:
        here = occasion_at(tx, slug, no)
        ground = ground_at(tx, here, asked_number("putaran", None), PARTS)
        found = ground.need or RoundNeed(days=WEEK, week=None, lines=())
        told = tables_of(found, ground.villages, ground.days, Asking())
        title = f"Kebutuhan {here.name}"
        about = (
            ("Kejadian" if not here.is_term else "Program", here.name),
            ("Putaran", print_count(ground.round.no) if ground.round else "belum direncanakan"),
            ("Angka pada", print_instant(tx.now, tx.zone)), ("Diunduh oleh", tx.actor.name),
        )  # fmt: skip
        today = tx.today
    stem = tables.plain_stem(f"kebutuhan-{slug}")
    if form == "xlsx":
        return tables.attached(
            need_book.build_workbook(told, title, about, today), tables.KINDS["xlsx"], f"{stem}.xlsx"
        )
    part = part if part in PARTS else PARTS[0]
    return tables.attached(
        need_book.build_text(told, part, title, about, today), tables.KINDS["csv"], f"{stem}-{part}.csv"
    )


def ground_at(tx: Tx, here: Occasion, asked_no: int | None, parts: Sequence[str]) -> Ground:
    """Give the need of an occasion's round, or before there is one of everybody confirmed or determined."""
    the_round = round_at(tx, here, asked_no)
    if the_round is not None:
        found, counts = round_need(tx, the_round.id), packages.counts_of(tx, the_round.id)
        return Ground(
            standard=standard_queries.standard(tx, the_round.standard_id), round=the_round, need=found,
            served=counts.households, counts=counts,
            villages=need_by_village(tx, the_round.id, found) if "desa" in parts else (),
            days=need_by_day(tx, the_round.id, found) if "hari" in parts and not here.is_cash else (),
        )  # fmt: skip
    if here.term is not None:
        # Who may not see a term's list is told its need when it is planned.
        is_known = here.term.state is TermState.DETERMINED and may(tx.actor, "bansos.see")
        listed = determined_households(tx, here.term) if is_known else ()
        everybody: tuple[tuple[str, Composition], ...] = tuple((one.village_code, one.composition) for one in listed)
        standard = standard_queries.standard(tx, here.term.standard_id)
        found = preview_need(tx, standard.id, [who for _code, who in everybody])
    else:
        assert here.incident is not None
        known = standard_queries.standards(tx)
        chosen = week.standard_in_force(tx) or (known[0] if known else None)
        if chosen is None:
            return Ground(standard=None, round=None, served=0, counts=None, need=None)
        standard = chosen
        found, everybody = week.preview_with_people(tx, here.incident, standard.id)
    return Ground(
        standard=standard, round=None, served=len(everybody), counts=None, need=found,
        villages=preview_by_village(tx, standard.id, everybody, found) if "desa" in parts else (),
    )  # fmt: skip


def _kept(the_round: packages.RoundView | None) -> dict[str, Any]:
    """Give what of the address stays on every link of the page."""
    return {"putaran": the_round.no} if the_round is not None and "putaran" in request.args else {}


def _short_first(lines: Sequence[NeedLine]) -> list[NeedLine]:
    return sorted(lines, key=lambda line: (not line.short_milli, line.covers_permille if line.short_milli else 0))


# ---------------------------------------------------------------- the figures above


def _figures(found: RoundNeed, counts: packages.RoundCounts | None, lang: str) -> dict[str, Any]:
    stocked = [line for line in found.lines if line.item.is_stocked]
    lasting = [(line.covers_days, line) for line in stocked if not line.is_once and line.covers_days is not None]
    least = min(lasting, key=lambda one: (one[0], one[1].item.code), default=None)
    coming = [one for line in found.lines for one in line.arrivals]
    days = sorted(one.expected_on for one in coming if one.expected_on and not one.is_late)
    return {
        "short": len(found.shortages), "items": len(stocked), "counts": counts,
        "least_days": least[0] if least else None, "least_item": least[1].item.name(lang) if least else "",
        "days": found.days.count, "coming": len({one.subject_id for one in coming}),
        "next_on": print_day(days[0], lang) if days else None,
    }  # fmt: skip


def _letters(tx: Tx, here: Occasion, the_round: packages.RoundView | None) -> list[DocumentView]:
    if here.incident is None or not may(tx.actor, "document.see"):
        return []
    subject_id: UUID = the_round.id if the_round is not None else here.incident.id
    return list(documents(tx, kind=GAP_LETTER, subject_id=subject_id, limit=10).lines)


# ---------------------------------------------------------------- by item


def _item(line: NeedLine, lang: str) -> dict[str, Any]:
    unit = line.item.base_unit

    def shown(milli: int) -> str:
        return print_quantity(milli, unit, lang)

    if line.is_once:
        covers = print_count(line.covers_permille // 10, lang) + " %"
    else:
        covers = _("%(days)s hari", days=print_count(line.covers_days, lang)) if line.covers_days is not None else "—"
    return {
        "view": line, "name": line.item.name(lang), "quantity": shown(line.quantity_milli),
        "free": shown(line.free_milli), "promised": shown(line.promised_milli),
        "short": shown(line.short_milli) if line.short_milli else None,
        "expected": shown(line.expected_milli) if line.expected_milli else "–",
        "expected_on": _when(line.arrivals, lang), "covers": covers if line.item.is_stocked else "—",
        "origin": (*line.origin(lang), *line.at_warehouses(lang)), "source": "; ".join(line.sources(lang)),
    }  # fmt: skip


def _when(arrivals: Sequence[Arrival], lang: str) -> str:
    """Say when the first of these is due."""
    if not arrivals:
        return ""
    first = arrivals[0]
    told = print_day(first.expected_on, lang) if first.expected_on else _("belum pasti")
    return _("terlambat sejak %(day)s", day=told) if first.is_late else told


# ---------------------------------------------------------------- by village


def _villages(ground: Ground, lang: str) -> dict[str, Any]:
    """Give the villages with their households; with one item's figures, or all items of one village, where asked."""
    assert ground.need is not None
    lines = {line.item.code: line for line in ground.need.lines}
    item, code = lines.get(request.args.get("barang", "")), request.args.get("desa", "")
    one = next((village for village in ground.villages if village.village_code == code), None)
    rows = []
    if one is not None:
        by_id = {line.item.id: line for line in ground.need.lines}
        rows = [_village_line(by_id[line.item_id].item.name(lang), line, by_id[line.item_id].item.base_unit, lang)
                for line in one.lines]  # fmt: skip
    elif item is not None:
        unit = item.item.base_unit
        rows = [
            _village_line(village.name, line, unit, lang, village.district)
            for village in sorted(ground.villages, key=lambda each: _share(each, item.item.id))
            for line in (village.line(item.item.id),) if line is not None
        ]  # fmt: skip
    return {
        "one": one, "item": item.item.name(lang) if item and one is None else None, "rows": rows,
        "item_code": item.item.code if item and one is None else "", "all": ground.villages,
        "options": [(line.item.code, line.item.name(lang)) for line in ground.need.lines],
        "is_planned": ground.round is not None,
        "sums": {name: sum(getattr(each, name) for each in ground.villages)
                 for name in ("households", "persons", "served", "waiting", "in_part", "whole")},
    }  # fmt: skip


def _share(village: VillageNeed, item_id: UUID) -> tuple[int, str, str]:
    line = village.line(item_id)
    return line.covered_permille if line else 1000, village.district, village.name


def _village_line(name: str, line: VillageLine, unit: str, lang: str, sub: str = "") -> dict[str, Any]:
    amounts = {
        part: print_quantity(getattr(line, f"{part}_milli"), unit, lang)
        for part in ("quantity", "given", "reserved", "planned", "waiting", "lacking")
    }
    return {
        "name": name, "sub": sub, "view": line, "covered": print_count(line.covered_permille // 10, lang) + " %",
        **amounts,
    }  # fmt: skip


# ---------------------------------------------------------------- by day


def _days(found: Sequence[ItemDays], lang: str) -> dict[str, Any]:
    every = [flow.on for flow in found[0].flows] if found else []
    shown = [number for number, _on in enumerate(every)
             if len(every) <= MOST_IN_CARDS or any(one.flows[number].leaves_milli for one in found)]  # fmt: skip
    return {
        "is_wide": len(shown) > MOST_IN_CARDS,
        "heads": [_head(every[number], lang) for number in shown],
        "rows": [
            {
                "name": one.line.item.name(lang), "unit": one.line.item.base_unit,
                "undated": print_quantity(one.undated_milli, "", lang) if one.undated_milli else "–",
                "out_on": print_day(one.runs_out_on, lang, weekday=True) if one.runs_out_on else None,
                "cells": [
                    {**_cell(one.flows[number], lang), "head": _head(every[number], lang)}
                    for number in shown
                ],
            }
            for one in sorted(found, key=lambda one: (one.runs_out_on is None, one.runs_out_on or date.min))
        ],
    }  # fmt: skip


def _head(on: date, lang: str) -> str:
    return f"{WEEKDAYS[lang][on.weekday()][:3]} {on.day} {SHORT_MONTHS[on.month - 1]}"


def _cell(flow: DayFlow, lang: str) -> dict[str, Any]:
    """Give a day's figures without their unit, which stands once beside the item's name."""

    def shown(milli: int) -> str:
        return print_quantity(milli, "", lang)

    evening = flow.evening_milli
    if evening is None:
        left = ""
    elif evening < 0:
        left = _("kurang %(amount)s", amount=shown(-evening))
    else:
        left = _("sisa %(amount)s", amount=shown(evening))
    return {
        "leaves": shown(flow.leaves_milli) if flow.leaves_milli else "–", "left": left, "is_short": flow.is_short,
        "overdue": _("ditambah yang tertunda %(amount)s", amount=shown(flow.overdue_milli))
        if flow.overdue_milli else "",
        "arrives": _("datang %(amount)s", amount=shown(flow.arrives_milli)) if flow.arrives_milli else "",
    }  # fmt: skip
