"""Lists of villages, RW and RT by code or by name: a table (CSV, XLSX), or lines as people paste them.

Codes are Kemendagri's unless a column or a line says BPS; code and name are compared with the office's own list
afterwards, so that a code of the other system is not taken in silence.
"""

from __future__ import annotations

import csv
import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import Final

from core.errors import Invalid, Malformed, TooLarge
from core.reader.delimited import delimited_rows
from core.reader.refusing import Shape, Unreadable
from core.reader.tables import MOST_TITLE_ROWS, header_at
from core.reader.workbook import workbook_rows
from logistics.zones.reading.elements import Element, Kind, NamedRegion, Outcome, Parsed, Remark, SaidCount
from logistics.zones.reading.words import access_in, clean, severity_in, told_of
from logistics.zones.rules import read_count
from logistics.zones.states import Access, CountKind, CountState, Severity
from registry_link.regions.states import CodeSystem

LARGEST_BYTES: Final = 1 << 20
MOST_CODES: Final = 2_000
"""Source of both: safety.md §2.5."""
MOST_COLUMNS: Final = 100
_HIGHEST_ROWS: Final = 1_048_576
MOST_NUMBERS: Final = 200
"""RT or RW of one range."""
_SHAPE: Final = Shape(
    unpacked_bytes=32 << 20, rows=MOST_CODES + MOST_TITLE_ROWS + 1, columns=MOST_COLUMNS, letters=1_000
)
_COLUMNS: Final[dict[str, tuple[str, ...]]] = {
    "code": ("kode", "kodedesa", "kodekelurahan", "kodedesakelurahan", "kodewilayah", "kodekemendagri",
             "kodedesakemendagri", "code", "villagecode", "idkel", "iddesa", "kodedagri", "kodewilayahkemendagri"),
    "bps": ("kodebps", "bps", "bpscode", "kodedesabps", "kodekelurahanbps", "idbps", "kodewilayahbps",
            "kodekecamatanbps"),
    "name": ("desa", "nama", "namadesa", "kelurahan", "namakelurahan", "desakelurahan", "namadesakelurahan", "village",
             "name", "villagename", "keldesa", "desakel", "namawilayah"),
    "district": ("kecamatan", "namakecamatan", "kec", "district", "distrik"),
    "rw": ("rw", "norw", "nomorrw"),
    "rt": ("rt", "nort", "nomorrt"),
    "rt_rw": ("rtrw", "rwrt"),
    "severity": ("tingkat", "tingkatkerusakan", "kerusakan", "severity", "keparahan", "dampak"),
    "access": ("akses", "access"),
    "households": ("kk", "jumlahkk", "keluarga", "households", "kkterdampak", "jumlahkeluarga"),
    "persons": ("jiwa", "jumlahjiwa", "persons", "jiwaterdampak", "orang"),
    "displaced": ("mengungsi", "pengungsi", "displaced", "jiwamengungsi"),
}  # fmt: skip
_OF_HEADER: Final = {alias: key for key, aliases in _COLUMNS.items() for alias in aliases}
KNOWN: Final = tuple(_OF_HEADER)
_COUNTS: Final = {"households": CountKind.HOUSEHOLDS, "persons": CountKind.PERSONS, "displaced": CountKind.DISPLACED}
_CODE: Final = re.compile(
    r"(?<![0-9.])(?:[1-9][0-9]\.[0-9]{2}\.[0-9]{2}(?:\.[0-9]{4})?|[1-9][0-9]{9}|[1-9][0-9]{6}|[1-9][0-9]{5})(?![0-9])",
    re.ASCII,
)
_RW_CODE: Final = re.compile(r"(?P<village>[1-9][0-9]{9})(?P<rw>[0-9]{3})", re.ASCII)
"""How lists number an RW within its village."""
_NUMBERS: Final = r"[0-9]{1,3}(?:\s{0,3}(?:-|–|—|s\.?/?d\.?|sampai|hingga|,|;|&|/|dan)\s{0,3}[0-9]{1,3}){0,60}"
_PART: Final = re.compile(rf"\b(?P<kind>RT|RW)\.?\s{{0,3}}(?P<numbers>{_NUMBERS})\b", re.IGNORECASE)
_RANGE: Final = re.compile(r"(?P<first>[0-9]{1,3})(?:\s*(?:-|–|—|s\.?/?d\.?|sampai|hingga)\s*(?P<last>[0-9]{1,3}))?")
_SLASHED: Final = re.compile(
    r"\bRT\s{0,2}/\s{0,2}RW\.?\s{0,3}:?\s{0,3}(?P<rt>[0-9]{1,3})\s{0,2}/\s{0,2}(?P<rw>[0-9]{1,3})", re.I
)
_DISTRICT: Final = re.compile(r"\b(?:kecamatan|kec|distrik)\b\.?\s{0,3}(?P<name>[^,;:()\[\]]{2,60})", re.IGNORECASE)
_REGENCY: Final = re.compile(r"\b(?:kabupaten|kab|provinsi|prov)\b\.?\s{0,3}[^,;:()\[\]]{0,60}", re.IGNORECASE)
_COUNT: Final = re.compile(
    r"(?P<value>±?\s?[0-9][0-9.]{0,10}|nihil|dalam pendataan)\s{0,3}"
    r"(?P<unit>KK|kepala keluarga|keluarga|jiwa mengungsi|orang mengungsi|pengungsi|mengungsi|jiwa|orang)\b",
    re.IGNORECASE,
)
_BULLET: Final = re.compile(r"^\s{0,20}(?:[-*•–—·]|\(?[0-9]{1,3}[.)](?=\s)|[a-z][.)](?=\s))\s{0,10}", re.IGNORECASE)
_SPLIT: Final = re.compile(r"\s*[,;]\s*(?=(?:desa|ds|kelurahan|kel)\b)|\s+dan\s+(?=(?:desa|ds|kelurahan|kel)\b)", re.I)
_LEVELS: Final = re.compile(
    r"[(\[]\s{0,3}(?P<word>(?:rusak )?(?:berat|sedang|ringan))\s{0,3}[)\]]|"
    r"[:,–-]\s{0,3}(?P<last>(?:rusak )?(?:berat|sedang|ringan))\s*$",
    re.IGNORECASE,
)
_FILLERS: Final = re.compile(r"\b(?:mengungsi|terdampak|terendam|sebanyak|sekitar)\b", re.IGNORECASE)
_TITLE: Final = re.compile(r"^(?:desa|ds|kelurahan|kel)\b\.?\s*", re.IGNORECASE)


def parse(content: bytes, name: str) -> Parsed:
    """Read a list, one element per row or line. Raises: Malformed, TooLarge, Invalid."""
    if content.startswith(b"PK"):
        return _table(*_rows_of(content))
    if len(content) > LARGEST_BYTES:
        raise TooLarge("reading.file_too_large", most_mb=LARGEST_BYTES >> 20)
    if has_header(first_rows(content)):
        return _table(*_rows_of(content))
    return _lines(text_of(content))


def has_header(rows: Sequence[Sequence[str]]) -> bool:
    """Tell whether one of these rows names columns of such a list: a place, and something beside it."""
    for row in rows:
        keys = {_OF_HEADER.get(_plain(one)) for one in row} - {None}
        if (len(keys) >= 2 and keys & {"code", "bps", "name"}) or (keys in ({"code"}, {"bps"}) and len(row) == 1):
            return True
    return False


def text_of(content: bytes) -> str:
    """Give a text as it was pasted or saved. Raises: Malformed."""
    if b"\x00" in content and not content.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise Malformed("reading.unknown_kind")
    for encoding in ("utf-16",) if content.startswith((b"\xff\xfe", b"\xfe\xff")) else ("utf-8-sig", "cp1252"):
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise Malformed("reading.unknown_kind")


def first_rows(content: bytes) -> list[list[str]]:
    """Give the rows among which a table's header stands; none where the document is no table."""
    wide = replace(_SHAPE, columns=200, rows=_HIGHEST_ROWS)
    try:
        _form, emitted = workbook_rows(content, wide) if content.startswith(b"PK") else delimited_rows(content, wide)
        return [[cell[1:] for cell in cells] for _number, cells, _formulas, _flaw in islice(emitted, MOST_TITLE_ROWS)]
    except (Unreadable, csv.Error):
        return []


def _rows_of(content: bytes) -> tuple[list[list[str]], list[int]]:
    """Give a file's rows as texts, with their numbers, by the readers of tables."""
    _form, emitted = workbook_rows(content, _SHAPE) if content.startswith(b"PK") else delimited_rows(content, _SHAPE)
    rows: list[list[str]] = []
    numbers: list[int] = []
    for number, cells, _formulas, _flaw in emitted:
        rows.append([clean(cell[1:], 200) for cell in cells])
        numbers.append(number)
        if len(rows) > MOST_CODES + MOST_TITLE_ROWS:
            raise TooLarge("reading.too_many_codes", most=MOST_CODES)
    if not rows:
        raise Malformed("reading.empty")
    return rows, numbers


# ---------------------------------------------------------------- a table


def _table(rows: list[list[str]], numbers: list[int]) -> Parsed:
    at = header_at(rows[:MOST_TITLE_ROWS], KNOWN)
    places: dict[str, int] = {}
    for place, text in enumerate(rows[at]):
        key = _OF_HEADER.get(_plain(text))
        if key is not None and key not in places:
            places[key] = place
    if not places.keys() & {"code", "bps", "name"}:
        raise Invalid("reading.no_region_column")
    elements = [
        _row(no, number, dict(zip(rows[at], cells, strict=False)), {key: cells[place] if place < len(cells) else ""
             for key, place in places.items()})
        for no, (number, cells) in enumerate(zip(numbers[at + 1 :], rows[at + 1 :], strict=True), 1)
    ]  # fmt: skip
    if not elements:
        raise Invalid("reading.nothing_in_it")
    if len(elements) > MOST_CODES:
        raise TooLarge("reading.too_many_codes", most=MOST_CODES)
    remarks = [Remark(code="reading.codes_of_kemendagri")] if "code" in places and "bps" not in places else []
    return Parsed(kind=Kind.REGIONS, elements=tuple(elements), remarks=tuple(remarks))


def _row(no: int, number: int, whole: Mapping[str, str], said: Mapping[str, str]) -> Element:
    system = CodeSystem.BPS if said.get("bps") and not said.get("code") else CodeSystem.KEMENDAGRI
    code = said.get("code") or said.get("bps") or ""
    name, district = _TITLE.sub("", said.get("name", "")), _bare_district(said.get("district", ""))
    remarks: list[Remark] = []
    rt, rw = said.get("rt", ""), said.get("rw", "")
    if not (rt or rw) and (both := said.get("rt_rw", "")):
        rt, _slash, rw = (part.strip() for part in both.partition("/"))
    if (numbered := _RW_CODE.fullmatch(re.sub(r"[.\s]", "", code))) and not rw:
        code, rw = numbered["village"], numbered["rw"]
    rws, rts = _numbers_in(rw), _numbers_in(rt)
    if rws is None or rts is None:
        remarks.append(Remark(code="reading.rt_rw_unclear", facts={"text": f"RT {rt} RW {rw}"[:60]}))
    regions = _regions(_Place(code=code, system=system, name=name, district=district), rws or [], rts or [], remarks)
    counts = tuple(_counted(said, remarks))
    label = name or code or f"Baris {number}"
    return _element(
        no, label, regions, counts, remarks, severity=severity_in(said.get("severity")),
        access=access_in(said.get("access")), told=told_of(whole),
    )  # fmt: skip


def _counted(said: Mapping[str, str], remarks: list[Remark]) -> list[SaidCount]:
    found = []
    for key, kind in _COUNTS.items():
        text = said.get(key, "")
        if not text:
            continue
        count = read_count(text)
        if count is None:
            remarks.append(Remark(code="reading.count_unclear", facts={"text": text[:40]}))
        else:
            found.append(_said(kind, count.state, count.value, is_estimate=text.startswith("±")))
    return found


# ---------------------------------------------------------------- lines


@dataclass(frozen=True, slots=True, kw_only=True)
class _Place:
    code: str = ""
    system: CodeSystem = CodeSystem.KEMENDAGRI
    name: str = ""
    district: str = ""


def _lines(text: str) -> Parsed:
    """Read lines such as "Desa Olilit RT 01-05 RW 02"; a line that only names a district holds for those below it."""
    elements: list[Element] = []
    district = ""
    for line in text.splitlines():
        plain = clean(_BULLET.sub("", line[:2_000]), 500)
        if not plain:
            continue
        heading = _DISTRICT.match(plain)
        if heading and not _CODE.search(plain) and not plain[heading.end() :].strip(" :.,"):
            district = heading["name"].strip(" .")
            continue
        for part in _SPLIT.split(plain):
            elements.append(_line(len(elements) + 1, part, district))
            if len(elements) > MOST_CODES:
                raise TooLarge("reading.too_many_codes", most=MOST_CODES)
    if not elements:
        raise Malformed("reading.empty")
    return Parsed(kind=Kind.REGIONS, elements=tuple(elements))


def _line(no: int, line: str, district: str) -> Element:
    remarks: list[Remark] = []
    rest = line
    severity: Severity | None = None
    if found := _LEVELS.search(rest):
        severity, rest = severity_in(found["word"] or found["last"]), f"{rest[: found.start()]} {rest[found.end() :]}"
    pairs: list[tuple[list[int], list[int]]] = [([int(one["rw"])], [int(one["rt"])]) for one in _SLASHED.finditer(rest)]
    rest = _SLASHED.sub(" ", rest)
    counts: list[SaidCount] = []
    for one in _COUNT.finditer(rest):
        count = read_count(one["value"].replace(" ", ""))
        if count is not None:
            kind = _unit(one["unit"])
            if all(before.kind is not kind for before in counts):
                counts.append(_said(kind, count.state, count.value, is_estimate=one["value"].startswith("±")))
    rest = _COUNT.sub(" ", rest)
    tokens = [(one["kind"].upper(), _numbers_in(one["numbers"])) for one in _PART.finditer(rest)]
    rest = _PART.sub(" ", rest)
    if any(numbers is None for _kind, numbers in tokens):
        remarks.append(Remark(code="reading.rt_rw_unclear", facts={"text": line[:60]}))
    pairs += _paired([(kind, numbers or []) for kind, numbers in tokens])
    if named := _DISTRICT.search(rest):
        district, rest = named["name"].strip(" .-"), rest[: named.start()] + " " + rest[named.end() :]
    rest = _REGENCY.sub(" ", rest)
    rest, district = (_FILLERS.sub(" ", one) for one in (rest, district))
    is_bps = re.search(r"\bBPS\b", rest, re.IGNORECASE) is not None
    rest = re.sub(r"\bBPS\b|\bkode\b", " ", rest, flags=re.IGNORECASE)
    coded = _CODE.search(rest)
    code = coded[0] if coded else ""
    rest = rest.replace(code, " ") if code else rest
    name = _TITLE.sub("", re.sub(r"[()\[\]:;,=/±]+", " ", rest).strip(" .-–—")).strip()
    name = " ".join(name.split())
    place = _Place(
        code=code, system=CodeSystem.BPS if is_bps else CodeSystem.KEMENDAGRI, name=name[:120],
        district=" ".join(district.split())[:120],
    )  # fmt: skip
    regions: list[NamedRegion] = []
    for rws, rts in pairs or [([], [])]:
        regions += _regions(place, rws, rts, remarks)
    return _element(no, clean(line), tuple(regions), tuple(counts), remarks, severity=severity, access=None, told={})


def _paired(tokens: Sequence[tuple[str, list[int]]]) -> list[tuple[list[int], list[int]]]:
    """Put RT to their RW: "RT 1-5 RW 2, RT 1 RW 3" as well as "RW 2 RT 1-5, RW 3 RT 1"."""
    pairs: list[tuple[list[int], list[int]]] = []
    is_rt_first = bool(tokens) and tokens[0][0] == "RT"
    waiting: list[int] = []
    for kind, numbers in tokens:
        if is_rt_first:
            if kind == "RT":
                waiting += numbers
            else:
                pairs.append((numbers, waiting))
                waiting = []
        elif kind == "RW":
            pairs.append((numbers, []))
        else:
            pairs[-1] = (pairs[-1][0], pairs[-1][1] + numbers)
    if waiting:
        pairs.append(([], waiting))
    return pairs


# ---------------------------------------------------------------- both


def _regions(
    place: _Place, rws: Sequence[int], rts: Sequence[int], remarks: list[Remark]
) -> tuple[NamedRegion, ...]:  # fmt: skip
    """Name the parts of a village; RT belong to one RW, and to which of several nobody can know."""
    if rts and len(rws) > 1:
        remarks.append(Remark(code="reading.rt_of_several_rw"))
        rts = []
    if rts and not rws:
        remarks.append(Remark(code="reading.rt_without_rw"))
        return ()
    narrowed = [(f"{rw:03d}", f"{rt:03d}" if rt else "") for rw in rws for rt in (rts or [0])] or [("", "")]
    return tuple(
        NamedRegion(code=place.code, system=place.system, name=place.name, district=place.district, rw=rw, rt=rt)
        for rw, rt in narrowed
    )


def _element(
    no: int, label: str, regions: Sequence[NamedRegion], counts: Sequence[SaidCount], remarks: Sequence[Remark], *,
    severity: Severity | None, access: Access | None, told: Mapping[str, str],
) -> Element:  # fmt: skip
    found = [*remarks]
    is_named = any(one.code or one.name for one in regions)
    if not is_named and not any(one.code == "reading.rt_without_rw" for one in found):
        found.append(Remark(code="reading.no_region_named"))
    is_usable = is_named and not any(one.code in _REFUSING for one in found)
    return Element(
        no=no, label=clean(label) or f"{no}", outcome=Outcome.READ if is_usable else Outcome.REFUSED,
        remarks=tuple(found), regions=tuple(regions), counts=tuple(counts), severity=severity, access=access,
        told=dict(told),
    )  # fmt: skip


_REFUSING: Final = ("reading.rt_of_several_rw", "reading.rt_without_rw", "reading.rt_rw_unclear")


def _numbers_in(text: str) -> list[int] | None:
    """Read "01-05, 07" as numbers; None where it is no list of numbers."""
    rest = _RANGE.sub(" ", text.strip())
    if re.sub(r"[\s,;&/]|dan", "", rest):
        return None
    found: list[int] = []
    for one in _RANGE.finditer(text):
        first = int(one["first"])
        last = int(one["last"]) if one["last"] else first
        if not 0 < first <= last <= 999 or last - first >= MOST_NUMBERS:
            return None
        found += [number for number in range(first, last + 1) if number not in found]
        if len(found) > MOST_NUMBERS:
            return None
    return found


def _said(kind: CountKind, state: CountState, value: int | None, *, is_estimate: bool) -> SaidCount:
    return SaidCount(kind=kind, state=state, value=value, is_estimate=is_estimate)


def _unit(word: str) -> CountKind:
    lowered = word.lower()
    if "ungsi" in lowered:
        return CountKind.DISPLACED
    return CountKind.PERSONS if lowered in ("jiwa", "orang") else CountKind.HOUSEHOLDS


def _bare_district(text: str) -> str:
    return re.sub(r"^(?:kecamatan|kec|distrik)\b\.?\s*", "", text, flags=re.IGNORECASE)


def _plain(text: str) -> str:
    return re.sub(r"[^a-z0-9]", "", unicodedata.normalize("NFKD", text).lower())
