"""Surat permohonan bantuan: an official letter for what an incident's week lacks, with its annex by village and day.

Laid out as letters of offices are (number, nature, annex and subject at the left, place and day at the right), not as a
certificate with a title.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final
from zoneinfo import ZoneInfo

from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.platypus import CondPageBreak, Flowable, PageBreak, Spacer

from core.clock import local_day
from core.measures import print_count, print_day, print_instant, print_quantity
from logistics.planning.gap import ItemRow, NeedTables
from logistics.zones.gap_letter import GapFacts
from reports import need_book
from reports.fonts import BOLD, REGULAR, SEMIBOLD
from reports.goods import UNDER, clip, frame, head, signed_on
from reports.listing import Column, Listing
from reports.pen import Fitted, Pen, fit
from reports.sheet import (
    A4,
    BODY,
    JUSTIFIED,
    NOTE,
    Sheet,
    SignatoryView,
    Signatures,
    build_paper,
    paragraph,
)
from reports.text import EMPTY, clean, shown
from reports.words import terbilang
from stock.ledger.papers import PaperNames

TITLE: Final = "Surat permohonan bantuan"
_TEXT: Final = ParagraphStyle("letter", parent=JUSTIFIED, firstLineIndent=9 * mm, spaceAfter=2.2 * mm)
_PLAIN: Final = ParagraphStyle("letter-plain", parent=BODY, spaceAfter=0.4 * mm)
_SECTION: Final = ParagraphStyle(
    "annex", parent=BODY, fontName=BOLD, fontSize=10.5, leading=14, spaceBefore=4 * mm, spaceAfter=1.5 * mm
)  # fmt: skip
_ROOM: Final = 40 * mm
_MOST_COPY: Final = 90
_HOW: Final = (
    "Kekurangan = kebutuhan − yang sudah dicadangkan atau diserahkan − stok bebas. Kebutuhan dihitung per keluarga dan "
    "dibulatkan ke satuan penyerahan. Yang akan datang tidak dihitung sebagai stok"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class GapLetterView:
    """An issued letter; ``persons`` is None where they were erased."""

    facts: GapFacts
    persons: PaperNames | None
    number: str = ""
    copy_no: int = 0
    is_void: bool = False


def build(view: GapLetterView, sheet: Sheet = A4) -> bytes:
    """Print the letter with its annex."""
    framed = frame(TITLE, view.facts.head, view.number, copy_no=view.copy_no, is_void=view.is_void)
    return build_paper(story(view), sheet, framed)


def build_annex(facts: GapFacts, number: str) -> bytes:
    """Write the letter's tables as a workbook: what was frozen, not what is true today."""
    about = (
        ("Surat", number), ("Kepada", facts.addressee), ("Kejadian", facts.incident),
        ("Masa", f"{print_day(facts.first_on)} sampai {print_day(facts.last_on)}"),
        ("Angka pada", print_instant(facts.as_of, ZoneInfo(facts.head.time_zone))), ("Cara menghitung", _how(facts)),
    )  # fmt: skip
    return need_book.build_workbook(
        facts.tables, f"Lampiran {number}", about, facts.issued_on, author=facts.head.office_name
    )


def story(view: GapLetterView) -> list[Flowable]:
    """Tell the letter as flowables."""
    facts = view.facts
    closing: list[Flowable] = [
        paragraph(f"{_how(facts)}. Angka pada {print_instant(facts.as_of, ZoneInfo(facts.head.time_zone))}.", UNDER),
        Spacer(0, 2 * mm),
        paragraph(
            "Rincian per desa/kelurahan dan per hari kami lampirkan. Demikian permohonan ini kami sampaikan; atas "
            "perhatian dan bantuan Bapak/Ibu kami ucapkan terima kasih.",
            _TEXT,
        ),
        _Signed(view),
    ]
    return [
        head(facts.head),
        _Opening(view),
        *(paragraph(text, _TEXT) for text in _paragraphs(facts)),
        Spacer(0, 0.5 * mm),
        Listing(_ITEM_COLUMNS, _item_rows(facts.tables), size=8.6, row_high=6.4 * mm, closing=closing),
        PageBreak(),
        *_annex(view),
    ]


def _paragraphs(facts: GapFacts) -> list[str]:
    where = f" di {clean(facts.place)}" if clean(facts.place) else ""
    # The hazard is mostly the first word of the incident's name already.
    hazard = clean(facts.hazard).lower()
    told = f" ({hazard})" if hazard not in clean(facts.incident).lower() else ""
    begun = (
        f"Sehubungan dengan kejadian {clean(facts.incident)}{told} sejak {print_day(facts.started_on)}{where}"
        f"{_basis(facts)}, dengan hormat kami sampaikan bahwa sampai dengan {print_day(facts.issued_on)} terdapat "
        f"{_counted(facts.households)} keluarga dengan {_counted(facts.persons)} jiwa yang telah dikonfirmasi sebagai "
        f"penerima bantuan untuk masa {print_day(facts.first_on)} sampai {print_day(facts.last_on)}."
    )
    short = len(facts.tables.asked)
    lack = (
        f"Kebutuhan dihitung menurut {clean(facts.standard)} versi {facts.standard_version}"
        f"{f' ({clean(facts.legal_source)})' if clean(facts.legal_source) else ''}. Persediaan di gudang kami tidak "
        f"mencukupi untuk {_counted(short)} dari {print_count(len(facts.tables.items))} jenis barang{_waiting(facts)}."
    )
    by = f" paling lambat {print_day(facts.needed_on)}" if facts.needed_on else ""
    reason = clean(facts.reason)
    return [
        begun,
        lack,
        *([reason if reason[-1] in ".!?" else reason + "."] if reason else []),
        f"Untuk itu kami mohon bantuan barang berikut, yang kami harapkan tiba{by}:" if by else
        "Untuk itu kami mohon bantuan barang berikut:",
    ]  # fmt: skip


def _basis(facts: GapFacts) -> str:
    if not facts.decrees:
        return ""
    told = [
        f"{clean(one.authority) or 'Keputusan'} Nomor {clean(one.number)} tanggal {print_day(one.dated_on)} tentang "
        f"status {clean(one.phase).lower()} ({print_day(one.first_on)} sampai {print_day(one.last_on)})"
        for one in facts.decrees[:3]
    ]
    return ", berdasarkan " + "; ".join(told)


def _waiting(facts: GapFacts) -> str:
    parts = []
    if facts.waiting:
        parts.append(f"{_counted(facts.waiting)} keluarga ({print_count(facts.waiting_persons)} jiwa) masih menunggu")
    if facts.in_part:
        parts.append(f"{_counted(facts.in_part)} keluarga menerima paket yang belum lengkap")
    return ", sehingga " + " dan ".join(parts) if parts else ""


def _counted(number: int) -> str:
    return f"{print_count(number)} ({terbilang(number)})"


def _how(facts: GapFacts) -> str:
    if not facts.is_less_expected:
        return _HOW
    return f"{_HOW}, tetapi yang dijadwalkan tiba sampai {print_day(facts.last_on)} sudah dikurangkan dari permohonan"


_ITEM_COLUMNS: Final = (
    Column(head="No", wide=8 * mm, align="right"),
    Column(head="Barang", share=1, font=SEMIBOLD),
    Column(head="Kebutuhan", wide=23 * mm, align="right"),
    Column(head="Dicadangkan / diserahkan", wide=24 * mm, align="right"),
    Column(head="Stok bebas", wide=21 * mm, align="right"),
    Column(head="Akan datang", wide=20 * mm, align="right"),
    Column(head="Kekurangan", wide=22 * mm, align="right"),
    Column(head="Dimohon", wide=27 * mm, align="right", font=BOLD),
)


def _item_rows(tables: NeedTables) -> list[tuple[str, ...]]:
    return [
        (
            print_count(number), shown(one.name), _amount(one.quantity_milli, one), _amount(one.promised_milli, one),
            _amount(one.free_milli, one), _amount(one.expected_milli, one) if one.expected_milli else EMPTY,
            _amount(one.short_milli, one), _asked(one),
        )
        for number, one in enumerate(tables.asked, 1)
    ]  # fmt: skip


def _amount(milli: int, one: ItemRow) -> str:
    return print_quantity(milli, clean(one.unit))


def _asked(one: ItemRow) -> str:
    if not one.asked.quantity_milli:
        return EMPTY
    amount = _amount(one.asked.quantity_milli, one)
    return f"{amount} ({print_count(one.asked.packs)} {clean(one.asked.pack_name)})" if one.asked.packs else amount


# ---------------------------------------------------------------- the annex


def _annex(view: GapLetterView) -> list[Flowable]:
    facts = view.facts
    of = f"Lampiran surat Nomor {shown(view.number)} tanggal {print_day(facts.issued_on)}"
    items = facts.tables.items
    return [
        paragraph(of, NOTE),
        paragraph("I. Kebutuhan yang belum terpenuhi per desa/kelurahan", _SECTION),
        Listing(_VILLAGE_COLUMNS, _village_rows(facts.tables), size=8.4, empty="Tidak ada keluarga."),
        paragraph(
            "Belum terpenuhi = kebutuhan − yang sudah diserahkan atau dicadangkan, untuk barang yang kurang; jumlahnya "
            "dikurangi stok bebas adalah kekurangan dalam surat.",
            UNDER,
        ),
        *_day_section(facts.tables),
        *_arrival_section(facts.tables, items),
    ]


_VILLAGE_COLUMNS: Final = (
    Column(head="No", wide=9 * mm, align="right"),
    Column(head="Desa/kelurahan", wide=46 * mm, font=SEMIBOLD),
    Column(head="Keluarga", wide=17 * mm, align="right"),
    Column(head="Jiwa", wide=15 * mm, align="right"),
    Column(head="Menunggu", wide=18 * mm, align="right"),
    Column(head="Belum terpenuhi", share=1),
)


def _village_rows(tables: NeedTables) -> list[tuple[str, ...]]:
    short = {place for place, one in enumerate(tables.items) if one.short_milli}
    rows = [
        (
            print_count(no), ", ".join(part for part in (clean(one.name), clean(one.district)) if part) or EMPTY,
            print_count(one.households), print_count(one.persons), print_count(one.waiting),
            _open(tables, {line.item: line.open_milli for line in one.items if line.item in short}),
        )
        for no, one in enumerate(tables.villages, 1)
    ]  # fmt: skip
    sums = {place: sum(line.open_milli for one in tables.villages for line in one.items if line.item == place)
            for place in sorted(short)}  # fmt: skip
    heads = tables.villages
    return [
        *rows,
        (
            "", "Jumlah", print_count(sum(one.households for one in heads)),
            print_count(sum(one.persons for one in heads)), print_count(sum(one.waiting for one in heads)),
            _open(tables, sums),
        ),
    ]  # fmt: skip


def _open(tables: NeedTables, amounts: dict[int, int]) -> str:
    told = [f"{clean(tables.items[place].name)} {_amount(milli, tables.items[place])}"
            for place, milli in sorted(amounts.items()) if milli]  # fmt: skip
    return "; ".join(told) or EMPTY


def _day_section(tables: NeedTables) -> list[Flowable]:
    short = {place for place, one in enumerate(tables.items) if one.short_milli}
    rows = [one for one in tables.days if one.item in short and (one.leaves_milli or one.arrives_milli)]
    if not rows:
        return []
    return [
        CondPageBreak(_ROOM),
        paragraph("II. Rencana keluar per hari, barang yang kurang", _SECTION),
        Listing(
            _DAY_COLUMNS,
            [
                (
                    print_day(one.on, weekday=True), shown(tables.items[one.item].name),
                    _amount(one.leaves_milli, tables.items[one.item]),
                    EMPTY if one.morning_milli is None else _left(one.morning_milli, tables.items[one.item]),
                    EMPTY if one.evening_milli is None else _left(one.evening_milli, tables.items[one.item]),
                    _amount(one.arrives_milli, tables.items[one.item]) if one.arrives_milli else EMPTY,
                )
                for one in rows
            ],
            size=8.4,
        ),
        paragraph("Keluarga yang menunggu belum punya hari dan tidak termasuk dalam tabel ini.", UNDER),
    ]  # fmt: skip


def _left(milli: int, one: ItemRow) -> str:
    return f"kurang {_amount(-milli, one)}" if milli < 0 else _amount(milli, one)


_DAY_COLUMNS: Final = (
    Column(head="Hari", wide=44 * mm),
    Column(head="Barang", share=1, font=SEMIBOLD),
    Column(head="Rencana keluar", wide=26 * mm, align="right"),
    Column(head="Stok pagi", wide=26 * mm, align="right"),
    Column(head="Sesudahnya", wide=28 * mm, align="right"),
    Column(head="Akan datang", wide=22 * mm, align="right"),
)


def _arrival_section(tables: NeedTables, items: tuple[ItemRow, ...]) -> list[Flowable]:
    if not tables.arrivals:
        return []
    return [
        CondPageBreak(_ROOM),
        paragraph("III. Barang yang akan datang (tidak dihitung sebagai stok)", _SECTION),
        Listing(
            _ARRIVAL_COLUMNS,
            [
                (
                    shown(items[one.item].name), _amount(one.quantity_milli, items[one.item]), shown(one.source),
                    shown(one.place), f"{print_day(one.expected_on)}" if one.expected_on else EMPTY, shown(one.way),
                )
                for one in tables.arrivals
            ],
            size=8.4,
        ),
    ]  # fmt: skip


_ARRIVAL_COLUMNS: Final = (
    Column(head="Barang", share=1, font=SEMIBOLD),
    Column(head="Jumlah", wide=24 * mm, align="right"),
    Column(head="Dari", share=1),
    Column(head="Ke gudang", share=1),
    Column(head="Diharapkan", wide=27 * mm),
    Column(head="Keadaan", wide=24 * mm),
)


# ---------------------------------------------------------------- drawn parts


class _Opening(Flowable):
    """Number, nature, annex and subject at the left, place and day at the right, and under them whom it is to."""

    _LABEL, _RIGHT = 20 * mm, 62 * mm

    def __init__(self, view: GapLetterView) -> None:
        super().__init__()
        facts = view.facts
        zone = ZoneInfo(facts.head.time_zone)
        self._day = signed_on(facts.head, local_day(facts.as_of, zone))
        self._pairs = (
            ("Nomor", shown(view.number)),
            ("Sifat", "Segera"),
            ("Lampiran", "1 (satu) berkas"),
            ("Hal", f"Permohonan bantuan logistik – {shown(facts.incident)}"),
        )
        self._to = (f"Yth. {shown(facts.addressee)}", f"di {shown(facts.town)}")

    def wrap(self, aW: float, aH: float) -> tuple[float, float]:  # noqa: N803 - reportlab's names
        self.width = aW
        self.height = sum(one.height + 1.5 for one in self._fitted(aW)) + 4 * mm + self._to_high(aW) + 4 * mm
        return self.width, self.height

    def _fitted(self, wide: float) -> list[Fitted]:
        room = wide - self._LABEL - 3 * mm - self._RIGHT
        return [
            fit(clean(value), BOLD if label == "Hal" else REGULAR, (10, 9), room, 60) for label, value in self._pairs
        ]

    def _to_high(self, wide: float) -> float:
        return sum(fit(clean(text), REGULAR, (10, 9), wide * 0.62, 60).height + 1 for text in self._to)

    def draw(self) -> None:
        pen = Pen(self.canv)
        y = self.height - 10
        pen.text(self.width, y, clean(self._day), REGULAR, 10, "right")
        for (label, _), fitted in zip(self._pairs, self._fitted(self.width), strict=True):
            pen.text(0, y, label, REGULAR, 10)
            pen.text(self._LABEL, y, ":", REGULAR, 10)
            pen.fitted(self._LABEL + 3 * mm, y, fitted, BOLD if label == "Hal" else REGULAR)
            y -= fitted.height + 1.5
        y -= 4 * mm
        for text in self._to:
            fitted = fit(clean(text), REGULAR, (10, 9), self.width * 0.62, 60)
            pen.fitted(0, y, fitted)
            y -= fitted.height + 1
        pen.lift()


class _Signed(Flowable):
    """The head's signature in the right half, as letters have it, and who gets a copy in the left: never cut."""

    def __init__(self, view: GapLetterView) -> None:
        super().__init__()
        self._copies = [clip(one, _MOST_COPY) for one in view.facts.copies_to]
        name = view.persons.signers[0] if view.persons and view.persons.signers else None
        self._inner = Signatures(
            [
                SignatoryView(
                    caption="", position=view.facts.signers[0].position, name=name.name if name else "",
                    nip=name.employee_no if name else "",
                )
            ]
        )  # fmt: skip

    def wrap(self, aW: float, aH: float) -> tuple[float, float]:  # noqa: N803 - reportlab's names
        self.width = aW
        self.height = self._inner.wrap(aW / 2, aH)[1]
        return self.width, self.height

    def draw(self) -> None:
        self._inner.wrap(self.width / 2, self.height)
        self._inner.drawOn(self.canv, self.width / 2, 0)
        if not self._copies:
            return
        pen = Pen(self.canv)
        y = 12.0 + 11 * (len(self._copies) - 1)
        pen.text(0, y + 12, "Tembusan:", REGULAR, 8.6)
        for number, one in enumerate(self._copies, 1):
            fitted = fit(clean(f"{number}. {one}"), REGULAR, (8.6, 7.6, 6.6, 5.6), self.width / 2 - 4 * mm, 10)
            pen.fitted(0, y, fitted)
            y -= 11
        pen.lift()
