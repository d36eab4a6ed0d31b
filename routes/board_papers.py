"""The board on paper: one post's day with its people and goods, and the whole board; the figures are the screen's."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from uuid import UUID

from core.errors import NotFound
from core.measures import WEEKDAYS, print_count, print_day, print_instant, print_quantity
from core.office.queries import office
from core.work import Tx
from logistics.dispatch.schedule import Cell, Counts, Hour, Load, Schedule
from logistics.handover.queries import people_at
from logistics.packages.cell_queries import cell_packages
from logistics.packages.queries import contents_at
from logistics.packages.states import PackageState
from logistics.planning.hours import print_hours
from registry_link.regions.queries import regions
from reports import board_sheet, post_list
from reports.issued import letterhead_of
from reports.sheet import SHEETS, LetterheadView
from routes.moving import short_names, weight_words
from routes.occasion import Occasion
from stock.items.queries import ItemView, items
from stock.items.weights import grams_per_unit, print_weight, weigh

DAYS_BESIDE = 7
UNKNOWN = "belum diketahui"


def post_paper(tx: Tx, here: Occasion, found: Schedule, post_id: UUID, serve_on: date, sheet: str) -> tuple[bytes, str]:
    """Print who is served at a post on a day and what is brought there, and name the file.

    The look at the people is logged. Raises: Forbidden; NotFound.
    """
    row, cell = found.row(post_id), found.cell(post_id, serve_on)
    if row is None or cell is None:
        raise NotFound("post.not_found")
    the_round = found.the_round
    people = {one.content.row.id: one for one in people_at(tx, the_round.id, post_id, serve_on)}
    contents = {one.row.id: one for one in contents_at(tx, the_round.id, post_id, serve_on)}
    packages = cell_packages(tx, the_round.id, post_id, serve_on)
    names = {one.code: one.name for one in regions(tx, sorted({one.village_code for one in packages}))}
    goods = {item.id: item for item, _ in cell.load.goods}
    missing = {line.item_id for one in contents.values() for line in one.lines} - set(goods)
    if missing:
        goods |= {one.id: one for one in items(tx, ids=missing)}
    lines = []
    for package in packages:
        who, inside = people.get(package.id), contents[package.id].lines
        lines.append(
            post_list.ServedView(
                hour=print_hours(package.hours), package_code=package.code, name=who.name if who else "",
                village=names.get(package.village_code, package.village_code), persons=package.persons,
                mark="SUDAH MENERIMA" if package.state is PackageState.HANDED_OVER else "",
                items="; ".join(_amount(goods[line.item_id], line.quantity_milli) for line in inside),
            )
        )  # fmt: skip
    weight, unknown = weight_words(cell.load, "id")
    view = post_list.PostListView(
        letterhead=_letterhead(tx), occasion=here.name, is_term=here.is_term, round_no=the_round.no,
        post=row.post.name, address=row.post.address, opening=_opening(row.post.opening, cell),
        capacity=row.post.capacity_per_day, serve_on=serve_on, households=cell.counts.households,
        persons=cell.counts.persons, vulnerable=cell.counts.vulnerable, weight=weight, unknown=unknown,
        goods=_goods(cell.load),
        brought=tuple(
            post_list.BroughtView(
                warehouse=one.warehouse, weight=weight_words(one.load, "id")[0], goods=_goods(one.load)
            )
            for one in cell.warehouses
        ),
        lines=tuple(lines), printed=f"Dicetak {print_instant(tx.now, tx.zone)} menurut papan saat itu.",
    )  # fmt: skip
    return post_list.build(view, SHEETS[sheet]), f"daftar-titik-{row.post.code}-{serve_on}.pdf"


def board_paper(tx: Tx, here: Occasion, found: Schedule, sheet: str) -> bytes:
    """Print the board; a distribution of more than seven days has a sheet for each seven."""
    unknown = weight_words(found.load, "id")[1]
    has_hours = any(_promised(cell) for row in found.rows for cell in row.cells)
    idle = [row.post.name for row in found.rows if not row.counts.households]
    view = board_sheet.BoardPaperView(
        letterhead=_letterhead(tx), occasion=here.name,
        subtitle=f"{print_day(found.days[0], weekday=True)} – {print_day(found.days[-1], weekday=True)} · "
        f"dicetak {print_instant(tx.now, tx.zone)}",
        sheets=tuple(_sheet(found, first) for first in range(0, len(found.days), DAYS_BESIDE)),
        total=_words(found.counts, None, found.load),
        waiting=_waiting(tx, found),
        notes=(
            *((f"Tanpa keluarga dalam putaran ini: {', '.join(idle)}.",) if idle else ()),
            "Tiap kotak: keluarga yang dilayani / kapasitas sehari, jiwa, berat barang"
            f"{', jam yang dijanjikan (keluarga)' if has_hours else ''}, dan gudang asalnya.",
            *((f"Berat {', '.join(unknown)} belum diketahui; berat di atas sedikitnya sekian.",) if unknown else ()),
        ),
    )  # fmt: skip
    return board_sheet.build(view, SHEETS[sheet])


def _sheet(found: Schedule, first: int) -> board_sheet.BoardSheetView:
    span = range(first, min(first + DAYS_BESIDE, len(found.days)))
    return board_sheet.BoardSheetView(
        days=tuple(f"{WEEKDAYS['id'][found.days[at].weekday()]} {found.days[at].day}/{found.days[at].month}"
                   for at in span),
        rows=tuple(
            board_sheet.BoardRowView(
                post=row.post.name, total=_words(row.counts, None, row.load),
                cells=tuple(_cell(row.cells[at], row.post.capacity_per_day) for at in span),
            )
            for row in found.rows
            if row.counts.households
        ),
        totals=tuple(_words(found.totals[at].counts, found.totals[at].capacity, found.totals[at].load) for at in span),
    )  # fmt: skip


def _cell(cell: Cell, capacity: int) -> str:
    if not cell.counts.households:
        return "tutup" if cell.is_closed else "–"
    hours = ", ".join(f"{print_hours(hours)} ({print_count(households)})" for hours, households in _promised(cell))
    warehouses = short_names([one.warehouse for one in cell.warehouses])
    return "; ".join(one for one in (_words(cell.counts, capacity, cell.load), hours, warehouses) if one)


def _promised(cell: Cell) -> list[tuple[str, int]]:
    """Give the hours that households of a cell were promised through the day, with how many."""
    counted = ((one.hours, one.counts.households) for one in by_time(cell.hours))
    return [(hours, households) for hours, households in counted if hours and households]


def _words(counts: Counts, capacity: int | None, load: Load) -> str:
    share = f"/{print_count(capacity)}" if capacity is not None else ""
    told = f"{print_count(counts.households)}{share} kel., {print_count(counts.persons)} jiwa"
    return f"{told}, {weight_words(load, 'id')[0]}" if load.goods else told


def _waiting(tx: Tx, found: Schedule) -> str:
    if not found.waiting.households:
        return "Tidak ada yang menunggu."
    names = {one.code: one.name for one in regions(tx, [code for code, _ in found.waiting_villages])}
    villages = ", ".join(f"{names.get(code, code)} {print_count(count)}" for code, count in found.waiting_villages)
    return (
        f"Menunggu: {print_count(found.waiting.households)} keluarga, {print_count(found.waiting.persons)} jiwa "
        f"({villages})."
    )


def by_time(hours: Iterable[Hour]) -> list[Hour]:
    """Give a cell's hours through the day, those that its post tells now among those that were promised before."""
    return sorted(hours, key=lambda one: (not one.hours, one.hours))


def _opening(opening: str, cell: Cell) -> str:
    hours = ", ".join(
        f"{print_hours(hours)}: {print_count(households)} keluarga" for hours, households in _promised(cell)
    )
    return "; ".join(part for part in (opening, hours) if part)


def _amount(item: ItemView, quantity_milli: int) -> str:
    return f"{item.name_id} {print_quantity(quantity_milli, item.base_unit)}"


def _goods(load: Load) -> tuple[post_list.PostGoodsView, ...]:
    return tuple(
        post_list.PostGoodsView(
            item=item.name_id, quantity=print_quantity(quantity, item.base_unit),
            weight=UNKNOWN if item.id in load.weight.unknown else print_weight(
                weigh({item.id: int(quantity)}, {item.id: grams_per_unit(item.base_unit, item.weight_g)}).grams
            ),
        )
        for item, quantity in load.goods
    )  # fmt: skip


def _letterhead(tx: Tx) -> LetterheadView:
    own = office(tx)
    return letterhead_of(
        regency_name=own.regency_name, office_name=own.name, address=own.address, contact=own.contact,
        is_demo=own.is_demo,
    )  # fmt: skip
