"""The situation text that Pusdalops sends by WhatsApp: headings, villages, and three-valued counts per village.

Bold signs, emoji, bullets and missing headings do no harm. Every line is either understood, kept with its heading as
narrative, or told as not understood. Each line is looked at a fixed number of times, however long the text is.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta, timezone
from typing import Final

from core.errors import Malformed, TooLarge
from logistics.zones.reading.elements import Element, Kind, NamedRegion, Notice, Outcome, Parsed, Remark, SaidCount
from logistics.zones.reading.words import clean
from logistics.zones.rules import Count, looks_swapped, read_count
from logistics.zones.states import CountKind, CountState
from registry_link.regions.rules import name_key
from registry_link.regions.states import Level

LARGEST_BYTES: Final = 32 << 10
"""Source: safety.md §2.5."""
MOST_VILLAGES: Final = 500
_MOST_UNREAD: Final = 60
_HEADS: Final = {
    "addressees": ("kepada yth", "kepada", "yth", "yang terhormat"),
    "disaster": ("jenis bencana", "jenis kejadian", "jenis kejadian bencana", "kejadian bencana"),
    "received": ("terima laporan", "laporan diterima", "waktu laporan", "waktu terima laporan"),
    "happened": ("waktu kejadian", "waktu kejadian bencana"),
    "place": ("lokasi tempat kejadian", "lokasi kejadian", "lokasi", "tempat kejadian", "lokasi terdampak",
              "wilayah terdampak", "lokasi bencana"),
    "chronology": ("kronologis", "kronologi", "kronologis kejadian", "kronologi kejadian", "kronologis singkat"),
    "affected": ("terdampak", "warga terdampak", "jumlah terdampak", "data terdampak", "penduduk terdampak",
                 "dampak", "korban terdampak", "masyarakat terdampak", "jiwa terdampak"),
    "displaced": ("pengungsi", "mengungsi", "jumlah pengungsi", "data pengungsi", "pengungsian", "warga mengungsi"),
    "casualties": ("korban jiwa", "korban", "data korban", "jumlah korban"),
    "damage": ("kerusakan", "kerugian", "kerugian materiil", "kerugian material", "dampak kerusakan",
               "kerusakan rumah", "rumah rusak", "kerusakan bangunan"),
    "steps": ("langkah yang dilaksanakan", "langkah langkah", "langkah langkah yang dilaksanakan", "upaya",
              "upaya yang dilakukan", "upaya penanganan", "tindakan", "penanganan", "langkah yang dilakukan"),
    "needs": ("kebutuhan mendesak", "kebutuhan", "kebutuhan yang mendesak", "kebutuhan darurat"),
    "situation": ("situasi akhir", "situasi terakhir", "situasi terkini", "kondisi akhir", "kondisi terakhir",
                  "kondisi terkini", "perkembangan", "kondisi mutakhir"),
    "point": ("titik lokasi", "titik koordinat", "koordinat", "koordinat lokasi", "peta", "peta lokasi"),
    "photos": ("dokumentasi", "foto"),
    "source": ("sumber", "sumber informasi", "sumber data", "sumber laporan"),
    "signed": ("tertanda", "ttd", "hormat kami", "demikian", "demikian dilaporkan"),
}  # fmt: skip
_SECTION_OF: Final = {words: section for section, known in _HEADS.items() for words in known}
_COUNTED: Final = ("affected", "displaced", "casualties", "damage")
_NARRATIVE: Final = ("addressees", "chronology", "steps", "situation", "photos", "signed")
_MONTHS: Final = {
    name: no
    for no, names in enumerate(
        (("januari", "jan"), ("februari", "feb", "pebruari"), ("maret", "mar"), ("april", "apr"), ("mei",),
         ("juni", "jun"), ("juli", "jul"), ("agustus", "agu", "agt", "ags"), ("september", "sep", "sept"),
         ("oktober", "okt"), ("november", "nov", "nopember", "nop"), ("desember", "des")), 1)
    for name in names
}  # fmt: skip
_DAYS: Final = ("senin", "selasa", "rabu", "kamis", "jumat", "sabtu", "minggu")
_ZONES: Final = {"wib": 7, "wita": 8, "wit": 9}
_WORDED_DAY: Final = re.compile(r"\b([0-9]{1,2}) +([a-z]{3,9}) +([0-9]{4})\b", re.ASCII)
_PLAIN_DAY: Final = re.compile(r"\b([0-9]{1,2})[-/.]([0-9]{1,2})[-/.]([0-9]{4})\b", re.ASCII)
_TIME: Final = re.compile(r"\b([0-9]{1,2})[.:]([0-9]{2})(?:[.:][0-9]{2})?(?![0-9])(?: *(wib|wita|wit)\b)?", re.ASCII)
_SIGNS: Final = re.compile(r"[*_~`]+")
_BULLET: Final = re.compile(r"^(?:[-–—•●◦▪‣·➢➤>►✓✔→]+ *)+|^(?:\(?(?:[0-9]{1,2}|[a-z])[.)]) +", re.IGNORECASE)
_NUMBER: Final = r"[0-9]{1,3}(?:\.[0-9]{3})+(?![0-9])|[0-9]{1,8}"
_ABOUT: Final = re.compile(r"±|\+/-|kurang lebih|sekitar|kira-kira|\bkl\b|lebih dari|\bestimasi\b")
_STATE: Final = re.compile(
    r"\bnihil\b|\bdalam (?:proses )?pendataan\b|\bmasih pendataan\b|\bpendataan\b|\bbelum terdata\b"
)
_NONE: Final = re.compile(r"\btidak ada\b")
"""Counts as nihil among casualties only: elsewhere it may be said of roads or power."""
_PAIRED: Final = re.compile(
    rf"(?P<a>{_NUMBER}) */ *(?P<b>{_NUMBER}) *(?P<unit>kk */ *(?:jiwa|orang)|(?:jiwa|orang) */ *kk)\b"
    rf"|\b(?P<unit2>kk */ *(?:jiwa|orang)|(?:jiwa|orang) */ *kk) *[:=]? *(?P<c>{_NUMBER}) */ *(?P<d>{_NUMBER})"
)
_UNITS: Final = (
    ("households", r"kk|kepala keluarga|keluarga"),
    ("dead", r"meninggal(?: dunia)?|tewas|md"),
    ("missing", r"hilang"),
    ("injured", r"luka(?:[- ]luka)?(?: (?:berat|ringan|sedang))?|terluka"),
    ("houses_heavy", r"rusak berat|rb"),
    ("houses_medium", r"rusak sedang|rs"),
    ("houses_light", r"rusak ringan|rr"),
    ("houses_flooded", r"terendam"),
    ("persons", r"jiwa|orang|org|warga"),
)
_UNIT: Final = re.compile("|".join(rf"(?P<{name}>\b(?:{words})\b)" for name, words in _UNITS))
_PLAIN_UNITS: Final = ("households", "persons")
_VALUE: Final = re.compile(_NUMBER)
_PLACE_WORD: Final = re.compile(
    r"\b(?P<kind>kecamatan|kec|distrik|kabupaten|kab|kota|provinsi|prov|desa|ds|kelurahan|kel|nagari|gampong|negeri"
    r"|kampung)\b[.:]?[ ]*",
    re.IGNORECASE,
)
_KIND_OF: Final = {
    "kecamatan": "district", "kec": "district", "distrik": "district", "kabupaten": "regency", "kab": "regency",
    "kota": "regency", "provinsi": "province", "prov": "province",
}  # fmt: skip
_NAME_END: Final = re.compile(r"[,;:()/\n]|\.(?: |$)|(?: dan | serta | & )|\b(?:rt|rw|dusun|dsn)\b", re.IGNORECASE)
_RT: Final = re.compile(r"\brt[. ]*0*([0-9]{1,3})\b", re.IGNORECASE)
_RW: Final = re.compile(r"\brw[. ]*0*([0-9]{1,3})\b", re.IGNORECASE)
_LINK: Final = re.compile(r"https?://[^\s<>\"']{4,500}")
_DEGREES: Final = r"(-?[0-9]{1,3}\.[0-9]{3,15})"
_POINTS: Final = (
    re.compile(rf"!3d{_DEGREES}!4d{_DEGREES}"),
    re.compile(rf"[@=/]{_DEGREES}(?:,|%2C) *\+?{_DEGREES}"),
    re.compile(rf"(?<![0-9.]){_DEGREES} *[,;] *{_DEGREES}"),
)


def parse(content: bytes, name: str) -> Parsed:
    """Read a report, one element per village. Raises: TooLarge; Malformed where not one heading is known."""
    if len(content) > LARGEST_BYTES:
        raise TooLarge("report.too_large", most_kb=LARGEST_BYTES >> 10)
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = content.decode("cp1252", "replace")
    report = _Report()
    for no, line in enumerate(text.splitlines(), 1):
        report.take(no, line)
    return report.parsed()


@dataclass(slots=True)
class _Line:
    no: int
    raw: str
    """As it was sent, fit to be shown."""
    text: str
    """Without bold signs, emoji and bullets."""
    is_bullet: bool


@dataclass(slots=True)
class _Village:
    name: str
    district: str = ""
    rw: str = ""
    rt: str = ""
    kind: str = "Desa"
    is_placed: bool = True
    counts: dict[CountKind, tuple[Count, bool]] = field(default_factory=dict)
    notes: dict[str, list[str]] = field(default_factory=dict)
    remarks: list[Remark] = field(default_factory=list)

    def count(self, kind: CountKind, count: Count, *, is_estimate: bool) -> None:
        known = self.counts.get(kind)
        if known is not None and known[0] != count:
            facts: dict[str, str | int | float] = {"first": _said(known[0]), "second": _said(count)}
            self.remarks.append(Remark(code="report.count_twice", facts=facts))
            return
        self.counts[kind] = (count, is_estimate)


@dataclass(frozen=True, slots=True)
class _Found:
    kind: CountKind
    count: Count
    is_estimate: bool


class _Report:
    def __init__(self) -> None:
        self.sections: dict[str, list[_Line]] = {}
        self.opening: list[_Line] = []
        self._now = ""

    def take(self, no: int, line: str) -> None:
        raw = clean(line, 1_000)
        plain = _without_signs(line)
        bullet = _BULLET.match(plain)
        rest = plain[bullet.end() :].strip() if bullet else plain
        section, after = _head(rest)
        if section:
            self._now = section
            self.sections.setdefault(section, [])
            rest = after
            if not rest:
                return
        if not raw or not rest:
            return
        kept = _Line(no, raw, rest, bullet is not None and not section)
        (self.sections[self._now] if self._now else self.opening).append(kept)

    # ------------------------------------------------------------ the whole

    def parsed(self) -> Parsed:
        if not any(one in self.sections for one in ("place", *_COUNTED)):
            raise Malformed("report.not_understood")
        self._unread: list[_Line] = []
        remarks: list[Remark] = []
        happened, more = self._time("happened")
        remarks += more
        received, more = self._time("received")
        remarks += more
        updated = _moment(" ".join(one.text.lower() for one in self.opening if "update" in one.text.lower()))[0]
        villages, districts, regency = self._villages()
        totals = _Village(name="")
        for section in _COUNTED:
            self._counts(section, villages, totals)
        if len(villages) > MOST_VILLAGES:
            raise TooLarge("report.too_many_villages", most=MOST_VILLAGES)
        told = self._told(regency)
        if happened:
            told["happened"] = happened.isoformat()
        seen = updated or received or happened
        elements = [self._element(no, one, seen, told) for no, one in enumerate(villages, 1)]
        if totals.counts or totals.notes:
            elements.append(self._total(len(elements) + 1, totals, seen, told, has_villages=bool(villages)))
        if not villages:
            elements += [
                Element(
                    no=len(elements) + no, label=f"Kec. {one}"[:200], outcome=Outcome.NOTED, observed_at=seen,
                    remarks=(Remark(code="report.district_only", facts={"district": one}),), told=dict(told),
                )
                for no, one in enumerate(districts, 1)
            ]  # fmt: skip
        if not elements:
            elements.append(
                Element(
                    no=1, label=told.get("disaster", "Laporan")[:200], outcome=Outcome.NOTED, observed_at=seen,
                    remarks=(Remark(code="report.no_village"),), told=dict(told),
                )
            )  # fmt: skip
        remarks += self._remarks()
        return Parsed(
            kind=Kind.REPORT_TEXT, elements=tuple(elements), notice=self._notice(seen), remarks=tuple(remarks)
        )

    def _notice(self, seen: datetime | None) -> Notice:
        headline = next((one.raw for one in self.opening if "lapor" in one.text.lower()), "")
        parts = [("", self.opening)] + [(one, self.sections.get(one, [])) for one in _NARRATIVE]
        text = "\n".join(
            (f"{section.upper()}\n" if section else "") + "\n".join(line.raw for line in lines)
            for section, lines in parts if lines
        )  # fmt: skip
        source = " ".join(one.text for one in self.sections.get("source", []))
        return Notice(
            sender=clean(source, 200), sent_at=seen, headline=clean(_SIGNS.sub("", headline), 300), text=text[:20_000]
        )

    def _remarks(self) -> Iterator[Remark]:
        for line in self._unread[:_MOST_UNREAD]:
            yield Remark(code="report.line_unread", facts={"line": line.no, "text": line.raw[:300]})
        rest = self._unread[_MOST_UNREAD:]
        if rest:
            text = " / ".join(one.raw for one in rest)
            yield Remark(code="report.lines_unread", facts={"count": len(rest), "text": text[:20_000]})

    def _told(self, regency: str) -> dict[str, str]:
        told = {
            section: clean("; ".join(one.text for one in self.sections.get(section, [])), 1_000)
            for section in ("disaster", "needs", "source")
        }
        if regency:
            told["regency"] = regency
        point = " ".join(one.raw for one in self.sections.get("point", []))
        link = _LINK.search(point) or _LINK.search(" ".join(one.raw for one in self.opening))
        if link:
            told["map_link"] = clean(link[0], 500)
        found = next((read for one in _POINTS if (read := one.search(point))), None)
        if found:
            lat, lon = float(found[1]), float(found[2])
            if abs(lat) > 12 and abs(lon) <= 12:
                lat, lon = lon, lat
            told |= {"lat": f"{lat:.6f}".rstrip("0"), "lon": f"{lon:.6f}".rstrip("0")}
        elif point and not link:
            told["point"] = clean(point, 300)
        return {name: text for name, text in told.items() if text and text != "-"}

    # ------------------------------------------------------------ when

    def _time(self, section: str) -> tuple[datetime | None, list[Remark]]:
        lines = self.sections.get(section, [])
        if not lines:
            return None, []
        text = " ".join(one.text for one in lines).lower()
        found, remarks = _moment(text)
        if found is None and not remarks:
            self._unread += lines
        return found, [Remark(code=one, facts={"text": clean(text, 80)}) for one in remarks]

    # ------------------------------------------------------------ where

    def _villages(self) -> tuple[list[_Village], list[str], str]:
        villages: list[_Village] = []
        districts: list[str] = []
        regency = district = ""
        for line in self.sections.get("place", []):
            tokens = _places(line.text)
            found = [_Village(name=one, kind=kind) for kind, one in tokens if kind not in _KIND_OF.values()]
            named = [one for kind, one in tokens if kind == "district"]
            regency = next((one for kind, one in tokens if kind == "regency"), regency)
            if not tokens and line.is_bullet and district and _is_name(line.text):
                found = [_Village(name=clean(line.text, 120))]
            elif not tokens:
                self._unread.append(line)
            _place_in_districts(tokens, found, district)
            if named:
                district = named[-1]
                districts += [one for one in named if one not in districts]
            self._narrow(line, found)
            villages += found
        if len(districts) == 1:
            for one in villages:
                one.district = one.district or districts[0]
        unique: dict[tuple[str, str, str, str], _Village] = {}
        for one in villages:
            unique.setdefault((*_key(one), one.rw, one.rt), one)
        return list(unique.values()), districts, regency

    @staticmethod
    def _narrow(line: _Line, found: list[_Village]) -> None:
        """Narrow a village to the RW and RT that stand beside it; where it is not clear whose they are, only say so."""
        rws, rts = _RW.findall(line.text), _RT.findall(line.text)
        if not rws and not rts:
            return
        if len(found) == 1 and len(rws) == 1 and len(rts) <= 1:
            found[0].rw, found[0].rt = rws[0].zfill(3), rts[0].zfill(3) if rts else ""
            return
        for one in found:
            one.remarks.append(Remark(code="report.rt_rw_not_narrowed", facts={"text": line.raw[:200]}))

    # ------------------------------------------------------------ how many

    def _counts(self, section: str, villages: list[_Village], totals: _Village) -> None:
        lines = self.sections.get(section, [])
        here: list[_Village] = []
        known: dict[str, list[_Village]] = {}
        for one in villages:
            known.setdefault(name_key(one.name, Level.VILLAGE), []).append(one)
        for place, line in enumerate(lines):
            named, rest = _led_by(line.text, known)
            subject, found, state = _counted(rest, section)
            if not named and subject:
                named = self._subject(subject, known, villages)
            if subject and not named and not found and state is None and not line.is_bullet:
                following = lines[place + 1] if place + 1 < len(lines) else None
                if following is not None and following.is_bullet and _is_name(subject) and not _is_note(subject):
                    named = [self._unplaced(subject, known, villages)]
            if named:
                here = named
            targets = here or (villages if len(villages) == 1 else [])
            if state is not None and not found:
                # Said of nobody in particular, it is said of all of them.
                for one in targets or villages or [totals]:
                    for kind in _KINDS_OF[section]:
                        one.count(kind, Count(state), is_estimate=False)
                continue
            for count in found:
                for one in targets or [totals]:
                    one.count(count.kind, count.count, is_estimate=count.is_estimate)
            if not found and not named:
                for one in targets or [totals]:
                    one.notes.setdefault(section, []).append(line.raw)

    def _subject(self, text: str, known: dict[str, list[_Village]], villages: list[_Village]) -> list[_Village]:
        tokens = [(kind, one) for kind, one in _places(text) if kind not in _KIND_OF.values()]
        names = [one for _, one in tokens] or [text]
        found = [one for name in names for one in known.get(name_key(name, Level.VILLAGE), [])]
        if found or not tokens or not _PLACE_WORD.match(re.sub(r"^di +", "", text, flags=re.IGNORECASE)):
            return found
        return [self._unplaced(tokens[0][1], known, villages)]

    @staticmethod
    def _unplaced(name: str, known: dict[str, list[_Village]], villages: list[_Village]) -> _Village:
        """Add a village that is counted though the place did not name it."""
        districts = {one.district for one in villages}
        new = _Village(
            name=clean(_PLACE_WORD.sub("", name, count=1), 120), is_placed=False,
            district=districts.pop() if len(districts) == 1 else "",
        )  # fmt: skip
        new.remarks.append(Remark(code="report.village_not_in_place", facts={"name": new.name}))
        villages.append(new)
        known.setdefault(name_key(new.name, Level.VILLAGE), []).append(new)
        return new

    # ------------------------------------------------------------ elements

    def _element(self, no: int, one: _Village, seen: datetime | None, told: dict[str, str]) -> Element:
        remarks = list(one.remarks)
        if not one.district:
            remarks.append(Remark(code="report.district_missing", facts={"name": one.name}))
        counts = {kind: count for kind, (count, _) in one.counts.items()}
        for households, persons in (
            (CountKind.HOUSEHOLDS, CountKind.PERSONS), (CountKind.DISPLACED_HOUSEHOLDS, CountKind.DISPLACED),
        ):  # fmt: skip
            kk, jiwa = counts.get(households), counts.get(persons)
            if looks_swapped(kk, jiwa):
                facts: dict[str, str | int | float] = {"households": _said(kk), "persons": _said(jiwa)}
                remarks.append(Remark(code="report.looks_swapped", facts=facts))
        where = f" RT {one.rt}" * bool(one.rt) + f" RW {one.rw}" * bool(one.rw)
        label = f"{one.kind} {one.name}{where}" + (f", Kec. {one.district}" if one.district else "")
        return Element(
            no=no, label=clean(label), outcome=Outcome.READ, remarks=tuple(remarks), observed_at=seen,
            regions=(NamedRegion(name=one.name, district=one.district, rw=one.rw, rt=one.rt),),
            counts=_said_counts(one, region_no=1), told={**told, **_noted(one)},
        )  # fmt: skip

    @staticmethod
    def _total(no: int, one: _Village, seen: datetime | None, told: dict[str, str], *, has_villages: bool) -> Element:
        code = "report.total_only" if has_villages else "report.no_village"
        return Element(
            no=no, label="Seluruh wilayah", outcome=Outcome.NOTED, remarks=(*one.remarks, Remark(code=code)),
            observed_at=seen, counts=_said_counts(one, region_no=None), told={**told, **_noted(one)},
        )  # fmt: skip


_KINDS_OF: Final = {
    "affected": (CountKind.HOUSEHOLDS, CountKind.PERSONS),
    "displaced": (CountKind.DISPLACED_HOUSEHOLDS, CountKind.DISPLACED),
    "casualties": (CountKind.DEAD, CountKind.MISSING, CountKind.INJURED),
    "damage": (CountKind.HOUSES_HEAVY, CountKind.HOUSES_MEDIUM, CountKind.HOUSES_LIGHT),
}
_MEANING: Final = {
    ("affected", "households"): CountKind.HOUSEHOLDS, ("affected", "persons"): CountKind.PERSONS,
    ("displaced", "households"): CountKind.DISPLACED_HOUSEHOLDS, ("displaced", "persons"): CountKind.DISPLACED,
    **{
        (section, kind.value): kind
        for section in _COUNTED
        for kind in (CountKind.DEAD, CountKind.MISSING, CountKind.INJURED, CountKind.HOUSES_HEAVY,
                     CountKind.HOUSES_MEDIUM, CountKind.HOUSES_LIGHT, CountKind.HOUSES_FLOODED)
    },
}  # fmt: skip


def _led_by(text: str, known: dict[str, list[_Village]]) -> tuple[list[_Village], str]:
    """Give the village that a line begins with, and the rest of the line: a name may end with a number of its own."""
    words = text.split()
    for count in range(min(len(words), 7), 0, -1):
        if not any(one.isalnum() for one in words[count - 1]):
            continue
        head = " ".join(words[:count])
        found = known.get(name_key(head.strip(" :=-–."), Level.VILLAGE))
        if found:
            return found, " ".join(words[count:]).strip(" :=-–")
    return [], text


def _is_note(text: str) -> bool:
    """Tell a remark that happens to stand alone from a village's name: names are short and hold no numbers."""
    return len(text.split()) > 4 or any(one.isdigit() for one in text)


def _counted(text: str, section: str) -> tuple[str, list[_Found], CountState | None]:
    """Split a line of counts: who is counted, the figures, and the state that is said without a figure's unit."""
    lowered = text.lower()
    found: list[_Found] = []
    start = len(lowered)
    paired = _PAIRED.search(lowered)
    is_about = bool(_ABOUT.search(lowered))
    if section == "affected" and "mengungsi" in lowered:
        section = "displaced"
    if paired is not None:
        unit = (paired["unit"] or paired["unit2"]).replace(" ", "")
        first, second = (paired["a"], paired["b"]) if paired["unit"] else (paired["c"], paired["d"])
        kk, jiwa = (first, second) if unit.startswith("kk") else (second, first)
        for name, value in (("households", kk), ("persons", jiwa)):
            found += _figure(section, name, value, is_about=is_about)
        return _who(text, paired.start()), found, None
    state: CountState | None = None
    at = 0
    for piece in re.split(r"(?<![+])/(?!-)|[;,]|\bdan\b", lowered):
        units = list(_UNIT.finditer(piece))
        # "2 orang meninggal": what became of them says more than that they are people.
        unit_ = next((one for one in units if one.lastgroup not in _PLAIN_UNITS), units[0] if units else None)
        value_, said = _VALUE.search(piece), _STATE.search(piece)
        if said is None and section == "casualties":
            said = _NONE.search(piece)
        if unit_ is not None and (value_ is not None or said is not None):
            figure = value_[0] if value_ is not None else said[0] if said is not None else ""
            got = _figure(section, unit_.lastgroup or "", figure, is_about=bool(_ABOUT.search(piece)))
            if got:
                found += got
                first_at = min(one.start() for one in (unit_, value_, said) if one is not None)
                start = min(start, at + first_at)
        elif said is not None and value_ is None and not re.search("[a-z]", piece[said.end() :]):
            read = read_count(said[0])
            state = read.state if read is not None else CountState.PENDING
            start = min(start, at + said.start())
        at = lowered.find(piece, at) + len(piece)
    return _who(text, start), found, state


def _figure(section: str, unit: str, text: str, *, is_about: bool) -> list[_Found]:
    kind = _MEANING.get((section, unit))
    if kind is None and section == "casualties" and unit == "persons":
        kind = CountKind.DEAD
    count = read_count(text)
    if kind is None:
        return []
    if count is None:
        count = Count(CountState.PENDING)
    return [_Found(kind, count, is_about and count.state is CountState.NUMBER)]


def _who(text: str, end: int) -> str:
    """Give what stands before the figures, without the small words between."""
    kept = re.sub(
        r"(?i)±|\+/-|\b(?:kurang lebih|sekitar|sebanyak|terdapat|jumlah|total|kira-kira|estimasi)\b", " ", text[:end]
    )
    return " ".join(kept.split()).strip(" :=-–•.(")


def _said_counts(one: _Village, *, region_no: int | None) -> tuple[SaidCount, ...]:
    return tuple(
        SaidCount(
            kind=kind, state=count.state, value=count.value if count.state is CountState.NUMBER else None,
            is_estimate=is_estimate, region_no=region_no,
        )
        for kind, (count, is_estimate) in one.counts.items()
    )  # fmt: skip


def _noted(one: _Village) -> dict[str, str]:
    return {f"note_{section}": clean("; ".join(lines), 1_000) for section, lines in one.notes.items()}


def _said(count: Count | None) -> str:
    if count is None:
        return "?"
    return str(count.value) if count.value is not None else count.state.value


def _key(one: _Village) -> tuple[str, str]:
    return name_key(one.name, Level.VILLAGE), name_key(one.district, Level.DISTRICT)


def _head(text: str) -> tuple[str, str]:
    """Tell which heading a line is, and what stands behind it on the same line."""
    before, colon, after = text.partition(":")
    words = re.sub(r"[^a-z]+", " ", before.lower()).strip()
    section = _SECTION_OF.get(words, "")
    if not section or len(before) > 60:
        return "", ""
    return section, after.strip() if colon else ""


def _without_signs(line: str) -> str:
    """Give a line as it is read: no bold signs, no emoji, plain blanks."""
    plain = unicodedata.normalize("NFKC", line)
    plain = "".join(
        one if unicodedata.category(one) not in ("So", "Sk", "Cf", "Cc", "Mn", "Cs", "Co", "Cn") or one == "°" else " "
        for one in plain
    )
    return " ".join(_SIGNS.sub(" ", plain).split())


def _is_name(text: str) -> bool:
    return 2 <= len(text) <= 60 and not any(one.isdigit() for one in text) and len(text.split()) <= 5


def _moment(text: str) -> tuple[datetime | None, list[str]]:
    """Read a day with its time and zone; a time without its zone is nobody's, a weekday that differs is told."""
    day, rest, remarks = _day(text)
    if day is None:
        return None, []
    named = re.findall(r"[a-z]+", rest.replace("jum'at", "jumat"))
    said = next((no for no, name in enumerate(_DAYS) if name in named), None)
    if said is not None and said != day.weekday():
        remarks.append("report.weekday_differs")
    at = _TIME.search(rest)
    zone = at[3] if at and at[3] else next((one for one in _ZONES if re.search(rf"\b{one}\b", rest)), None)
    if at is None or zone is None:
        return None, [*remarks, "report.time_without_zone"]
    try:
        clock = time(int(at[1]), int(at[2]))
    except ValueError:
        return None, [*remarks, "report.time_without_zone"]
    local = datetime.combine(day, clock, tzinfo=timezone(timedelta(hours=_ZONES[zone])))
    return local.astimezone(UTC), remarks


def _day(text: str) -> tuple[date | None, str, list[str]]:
    for form in (_WORDED_DAY, _PLAIN_DAY):
        for found in form.finditer(text):
            month = _MONTHS.get(found[2]) if form is _WORDED_DAY else int(found[2])
            try:
                day = date(int(found[3]), month or 0, int(found[1]))
            except ValueError:
                continue
            return day, text[: found.start()] + " " + text[found.end() :], []
    return None, text, []


def _places(text: str) -> list[tuple[str, str]]:
    """Find the named places of a line in their order: (district | regency | province | the village's kind, name).

    Names after "Desa A, B dan C" are villages too, until another kind of place is named.
    """
    found: list[tuple[str, str]] = []
    words = list(_PLACE_WORD.finditer(text))
    for number, word in enumerate(words):
        end = words[number + 1].start() if number + 1 < len(words) else len(text)
        kind = _KIND_OF.get(word["kind"].lower(), word["kind"].capitalize())
        kind = {"Ds": "Desa", "Kel": "Kelurahan"}.get(kind, kind)
        stretch = text[word.end() : end]
        names = _names(stretch) if kind not in _KIND_OF.values() else _names(stretch)[:1]
        found += [(kind, one) for one in names]
    return found


def _names(stretch: str) -> list[str]:
    names, at = [], 0
    for stop in [*_NAME_END.finditer(stretch), None]:
        piece = stretch[at : stop.start() if stop else len(stretch)].strip(" .-–")
        if piece and _is_name_with_number(piece):
            names.append(clean(piece, 120))
        elif piece:
            break
        if stop is None or stop[0] in ("(", ":") or re.fullmatch(r"(?i)rt|rw|dusun|dsn", stop[0]):
            break
        at = stop.end()
    return names


def _is_name_with_number(text: str) -> bool:
    """Tell a village's name ("Mamboro 2") from a sentence or a figure."""
    words = text.split()
    return len(text) <= 60 and len(words) <= 5 and words[0][0].isalpha() and not _STATE.search(text.lower())


def _place_in_districts(tokens: Sequence[tuple[str, str]], found: list[_Village], before: str) -> None:
    """Give each village of a line its district: the one named before it where the line begins with one, else after."""
    if not found:
        return
    order = [(kind, one) for kind, one in tokens if kind == "district" or kind not in _KIND_OF.values()]
    is_first = bool(order) and order[0][0] == "district"
    now, left = before, list(found)
    waiting: list[_Village] = []
    for kind, name in order:
        if kind == "district":
            for one in waiting:
                one.district = name
            waiting, now = [], name if is_first else ""
        elif left:
            village = left.pop(0)
            village.district = now if is_first else ""
            if not is_first:
                waiting.append(village)
    for one in [*waiting, *left]:
        one.district = before
