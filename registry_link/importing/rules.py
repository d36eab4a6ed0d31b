"""One row of a registry file becomes a household, a person, or the reasons why not: pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final, TypeVar, cast

from core.crypto import Secret
from core.errors import Fact, Issue
from core.privacy.numbers import holds_number
from registry_link.households.numbers import is_birth_told, key_of_kk, sex_told
from registry_link.households.positions import is_numbered
from registry_link.households.rows import HouseholdRow, MemberRow
from registry_link.households.rules import (
    ADDRESS_LENGTH,
    NAME_LENGTH,
    Flaw,
    checked_kk,
    checked_nik,
    checked_text,
    checked_unit,
    is_number,
)
from registry_link.households.states import PositionSource, Relation, Sex
from registry_link.importing.columns import SEVERAL, Columns
from registry_link.importing.states import Layout
from registry_link.regions.rules import Gazetteer, Mismatch, RegionName, dotted, level_of, regency_of
from registry_link.regions.states import CodeSystem, Level

Value = TypeVar("Value")
LONGEST_CELL: Final = 1000
LONGEST_ID: Final = 60
LARGEST_HOUSEHOLD: Final = 50
OLDEST: Final = 150
FARTHEST_M: Final = 100_000
"""A position that may be farther off says nothing of its accuracy."""
_DATES: Final = (
    re.compile(r"(?P<y>[0-9]{4})[-/](?P<m>[0-9]{1,2})[-/](?P<d>[0-9]{1,2})(?:[ T]00:00(?::00(?:\.0+)?)?)?", re.ASCII),
    re.compile(r"(?P<d>[0-9]{1,2})[-/.](?P<m>[0-9]{1,2})[-/.](?P<y>[0-9]{4})(?: 0?0[:.]00(?:[:.]00)?)?", re.ASCII),
)
_NAMED_DAY: Final = re.compile(r"(?P<d>[0-9]{1,2})[-/. ]+(?P<m>[a-z]{3,9})[-/., ]+(?P<y>[0-9]{4})", re.ASCII)
_MONTHS: Final = {
    name: number
    for number, names in enumerate((
        "jan januari january", "feb peb februari pebruari february", "mar mrt maret march", "apr april", "mei may",
        "jun juni june", "jul juli july", "agu ags agt agust agustus aug august", "sep sept september",
        "okt oct oktober october", "nov nop november nopember", "des dec desember december",
    ), 1)
    for name in names.split()
}  # fmt: skip
"""In Indonesian and English, as people and spreadsheets write them."""
_DECIMAL: Final = re.compile(r"[+-]?[0-9]{1,9}(?:\.[0-9]{1,20})?(?:[eE][+-]?[0-9]{1,2})?", re.ASCII)
_UNITS: Final = (
    re.compile(r"(?:RT[ .:]*+)?(?P<rt>[0-9]{0,4})(?:[-/\\,;. ]+|(?=RW))(?:RW[ .:]*+)?(?P<rw>[0-9]{0,4})", re.ASCII),
    re.compile(r"RW[ .:]*+(?P<rw>[0-9]{1,4})[-/\\,;. ]*RT[ .:]*+(?P<rt>[0-9]{1,4})", re.ASCII),
    re.compile(r"RT[ .:]*+(?P<rt>[0-9]{1,4})(?P<rw>)", re.ASCII),
)
"""RT and RW in one cell: 005/003, RT 005 / RW 003, 5-3; the RW first only where both are named."""
_WHOLE: Final = re.compile(r"([0-9]{1,4})[.,]0{1,2}", re.ASCII)
"""A whole number as a program writes it that knows only decimals."""
OF_A_DAY: Final = frozenset({"registry.birth_impossible"})
"""What is wrong with a row by the day of its file: in another file the same row may be right."""
_NUMBER: Final = re.compile(r"[0-9](?:[ .-]?[0-9]){11,}", re.ASCII)
"""Longer than any region's code."""
_CODE: Final = re.compile(r"[0-9][0-9. ]*", re.ASCII)
_ID: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/-]*", re.ASCII)
_SEXES: Final = {
    "1": Sex.MALE, "l": Sex.MALE, "lk": Sex.MALE, "laki": Sex.MALE, "lakilaki": Sex.MALE, "pria": Sex.MALE,
    "2": Sex.FEMALE, "p": Sex.FEMALE, "pr": Sex.FEMALE, "perempuan": Sex.FEMALE, "wanita": Sex.FEMALE,
}  # fmt: skip
_RELATIONS: Final = {
    "1": Relation.HEAD, "kepala": Relation.HEAD, "kepalakeluarga": Relation.HEAD,
    "kepalarumahtangga": Relation.HEAD, "krt": Relation.HEAD, "kk": Relation.HEAD,
    "2": Relation.SPOUSE, "istrisuami": Relation.SPOUSE, "suamiistri": Relation.SPOUSE, "istri": Relation.SPOUSE,
    "isteri": Relation.SPOUSE, "suami": Relation.SPOUSE,
    "3": Relation.CHILD, "anak": Relation.CHILD, "anakkandung": Relation.CHILD,
    "4": Relation.CHILD_IN_LAW, "menantu": Relation.CHILD_IN_LAW,
    "5": Relation.GRANDCHILD, "cucu": Relation.GRANDCHILD,
    "6": Relation.PARENT, "orangtuamertua": Relation.PARENT, "orangtua": Relation.PARENT, "mertua": Relation.PARENT,
    "7": Relation.SERVANT, "pembantu": Relation.SERVANT, "pembanturumahtangga": Relation.SERVANT,
    "pembantusopir": Relation.SERVANT, "sopir": Relation.SERVANT,
    "8": Relation.OTHER, "lainnya": Relation.OTHER, "lain": Relation.OTHER, "famililain": Relation.OTHER,
}  # fmt: skip
"""Numbers as in the registry's questionnaire (domain.md §4.2)."""
_YES: Final = frozenset({"1", "ya", "y", "hamil", "menyusui", "ada", "true"})
_NO: Final = frozenset(
    {"", "0", "00", "2", "tidak", "tdk", "t", "n", "tidakhamil", "tidakmenyusui", "tidakada", "false"}
)
_NONE: Final = frozenset({"", "0", "00", "tidak", "tidakada", "tidakcacat", "nondisabilitas", "tidakpenyandang"})
_NO_DAY: Final = ("", "-", "0000-00-00", "00-00-0000")
MOST_KNOWN: Final = 100_000
"""Texts of one file whose meaning is kept at hand."""
_ALL_TEXT: Final[Mapping[int, str]] = {}
_SYSTEMS: Final = {CodeSystem.KEMENDAGRI: "Kemendagri", CodeSystem.BPS: "BPS"}
_IDS: Final = ("household_id", "member_id")
_OF_PLACES: Final = frozenset(SEVERAL)
SAFE_DIGITS: Final = 15
"""So many a spreadsheet keeps of a number."""
_UNDECIDED: Final = frozenset({"", "0", "belumditentukan", "null", "na"})


@dataclass(frozen=True, slots=True, kw_only=True)
class FileFacts:
    """What holds for every row of one import."""

    columns: Columns
    gazetteer: Gazetteer
    code_system: CodeSystem
    regency_code: str
    as_of_on: date
    heads_are_members: bool = True
    """Whether a household's row makes its head a member: not where a file of members comes with it."""
    is_workbook: bool = False
    regencies: tuple[RegionName, ...] = ()
    """Every one that is known, for saying where a code belongs that is none of the office's own."""

    @property
    def has_niks(self) -> bool:
        """Whether the rows make members with a NIK; else a number of the file is a No. KK."""
        return self.columns.has("nik") and (self.columns.layout is not Layout.HOUSEHOLD or self.heads_are_members)


@dataclass(frozen=True, slots=True, kw_only=True)
class Parsed:
    """What a row says. ``household`` is there for household and flat rows, ``member`` for member and flat rows."""

    external_id: str
    household: HouseholdRow | None
    member: MemberRow | None
    warnings: tuple[Issue, ...]


Refusals = tuple[Issue, ...]


def parse_row(
    number: int, cells: Sequence[str], facts: FileFacts, kinds: Mapping[int, str] = _ALL_TEXT
) -> Parsed | Refusals:
    """Check one row; gives what it says, or every reason why it cannot be taken.

    ``number`` counts as people see it: the header is row 1. ``kinds`` are those of cells that are no text, as in
    ``StreamRow``. Facts of issues hold neither names nor numbers of people.
    """
    return RowReader(facts).parse(number, cells, kinds)


class RowReader:
    """Checks the rows of one file; what a cell says that stands in many rows is worked out once."""

    def __init__(self, facts: FileFacts) -> None:
        self.facts = facts
        self.columns = facts.columns
        self.width = len(facts.columns.header)
        self.at = {name: places[0] for name, places in facts.columns.places.items()}
        self.region_places = [place for name in SEVERAL for place in facts.columns.places.get(name, ())]
        self.reads_both = facts.columns.has("rt_rw") and not (facts.columns.has("rt") and facts.columns.has("rw"))
        """Whether RT or RW is read from the column that holds both: a column of its own says it better."""
        self.known: dict[tuple[str, str], Any] = {}
        """What a field's text says, where nothing was wrong with it."""
        self.villages: dict[tuple[str, ...], RegionName | Mismatch] = {}
        self.number = 0
        self.cells: Sequence[str] = ()
        self.issues: list[Issue] = []
        self.flawed: set[str] = set()
        """Fields whose cells are of a kind that says nothing; what their texts say is not looked at."""

    def parse(self, number: int, cells: Sequence[str], kinds: Mapping[int, str] = _ALL_TEXT) -> Parsed | Refusals:
        """Check one row, as ``parse_row``."""
        if len(cells) != self.width:
            shown: dict[str, Fact] = {"cells": len(cells), "want": self.width}
            if self.facts.is_workbook:
                # Its rows have no separators, and narrower ones are filled up.
                last: dict[str, Fact] = {"last": self.columns.header[-1]}
                return (Issue(code="registry.row_beyond", row=number, facts=last),)
            return (Issue(code="registry.row_width", row=number, facts=shown),)
        if cells and max(map(len, cells)) > LONGEST_CELL:
            place = next(place for place, cell in enumerate(cells) if len(cell) > LONGEST_CELL)
            shown = {"most": LONGEST_CELL, "letters": len(cells[place])}
            return (Issue(code="registry.text_long", row=number, column=self.columns.header[place], facts=shown),)
        self.number, self.cells = number, [cell.strip() for cell in cells]
        self.issues, self.flawed = [], set()
        if kinds:
            self.look_at(kinds)
        parsed = self.parsed()
        if not self.issues:
            return parsed
        return tuple(one for one in self.issues if not one.is_warning) or parsed

    def key_told(self, cells: Sequence[str]) -> str:
        """Give the id of the household that a refused row is of, as ``Parsed`` has it; nothing where it says none."""
        # It may have fewer cells than the header.
        places = {name: place for name, place in self.at.items() if place < len(cells)}
        text, kk = (cells[places[name]].strip() if name in places else "" for name in ("household_id", "kk"))
        if is_number(text):
            return key_of_kk(Secret(text))
        if text:
            return text if len(text) <= LONGEST_ID and _ID.fullmatch(text) else ""
        checked = checked_kk(kk)
        return "" if isinstance(checked, Flaw) else key_of_kk(Secret(checked))

    def look_at(self, kinds: Mapping[int, str]) -> None:
        """Refuse cells of a workbook that are formulas or errors, and numbers where the digits matter."""
        for name, places in self.columns.places.items():
            for place in places:
                kind = kinds.get(place, "")
                if "e" in kind:
                    self._wrong("registry.cell_error", name)
                elif "f" in kind:
                    self._wrong("registry.cell_formula", name)
                elif kind == "n" and (name in ("nik", "kk") or (name in _IDS and len(self.cells[place]) > SAFE_DIGITS)):
                    self._wrong("registry.number_numeric", name)
                else:
                    continue
                self.flawed.add(name)

    def parsed(self) -> Parsed:
        kk = self._number("kk")
        external_id = self._key(kk)
        layout = self.columns.layout
        nik = self._number("nik")
        member = self._member(nik) if layout is not Layout.HOUSEHOLD or self.facts.has_niks else None
        household = self._household(external_id, kk) if layout is not Layout.MEMBER else None
        return Parsed(
            external_id=external_id, household=household, member=member,
            warnings=tuple(one for one in self.issues if one.is_warning),
        )  # fmt: skip

    # -- parts ---------------------------------------------------------------------------------------------------

    def _key(self, kk: Secret | None) -> str:
        text = self._cell("household_id")
        if text:
            if is_number(text):
                return key_of_kk(Secret(text))
            if len(text) <= LONGEST_ID and _ID.fullmatch(text):
                return text
            if re.fullmatch(r"[0-9]+(?:[.,][0-9]+)?[eE]\+?[0-9]+", text):
                self._wrong("registry.number_scientific", "household_id")
            else:
                self._wrong("registry.id_form", "household_id", most=LONGEST_ID)
            return ""
        if kk is not None:
            return key_of_kk(kk)
        if not (self.flawed or any(one.column == self.columns.label("kk") for one in self.issues)):
            self._wrong("registry.no_key", "kk" if self.columns.has("kk") else "household_id")
        return ""

    def _household(self, external_id: str, kk: Secret | None) -> HouseholdRow:
        is_flat = self.columns.layout is Layout.FLAT
        lon, lat, accuracy = self._position()
        size = self._known("size", self.size)
        rt, rw = self._units()
        return HouseholdRow(
            external_id=external_id, village_code=self.village(),
            head_name=self._text("head_name", NAME_LENGTH) or ("" if is_flat else self._text("name", NAME_LENGTH)),
            rt=rt, rw=rw, hamlet=self._text("hamlet", NAME_LENGTH), address=self._text("address", ADDRESS_LENGTH),
            size=size, decile=self._known("decile", self.decile), lon_deg=lon, lat_deg=lat,
            position_accuracy_m=accuracy, kk=kk, file_row=self.number,
            position_source=None if lon is None else PositionSource.REGISTRY if accuracy is None
            else PositionSource.GPS,
        )  # fmt: skip

    def _member(self, nik: Secret | None) -> MemberRow:
        field = "name" if self.columns.has("name") else "head_name"
        name = self._text(field, NAME_LENGTH)
        if self._cell(field) in ("", "-") and field not in self.flawed:
            self._wrong("registry.name_missing", field)
        born_on, age = self._birth()
        sex = self._known("sex", self.sex)
        if nik is not None:
            sex = self._agreeing(nik, sex, born_on)
        is_household = self.columns.layout is Layout.HOUSEHOLD
        relation = Relation.HEAD if is_household else self._known("relation", self.relation)
        is_pregnant = self._known("pregnant", self.mark)
        if is_pregnant and sex is Sex.MALE:
            self._warn("registry.pregnant_man", "pregnant")
            is_pregnant = False
        member_id = self._cell("member_id")
        # Ids stand open: who has none but the number is known again by that.
        member_id = "" if is_number(member_id) else member_id
        if member_id and not (len(member_id) <= LONGEST_ID and _ID.fullmatch(member_id)):
            self._wrong("registry.id_form", "member_id", most=LONGEST_ID)
        return MemberRow(
            name=name, external_id=member_id, relation=relation, sex=sex,
            birth_on=born_on, age_years=age, age_as_of_on=None if age is None else self.facts.as_of_on, nik=nik,
            is_pregnant=is_pregnant, is_nursing=self._known("nursing", self.mark),
            has_disability=self._known("disability", is_some),
            is_chronically_ill=self._known("chronic", is_some), file_row=self.number,
        )  # fmt: skip

    def _agreeing(self, nik: Secret, sex: Sex | None, born_on: date | None) -> Sex | None:
        # The registry's own birth date and sex stand; a number that says otherwise is worth a look, no more.
        told = sex_told(nik)
        if sex is not None and told is not sex:
            self._warn("registry.nik_sex_differs", "nik")
        if born_on is not None and not is_birth_told(nik, born_on):
            self._warn("registry.nik_birth_differs", "nik")
        return sex or told

    # -- fields --------------------------------------------------------------------------------------------------

    def _cell(self, name: str) -> str:
        place = self.at.get(name)
        return "" if place is None or name in self.flawed else self.cells[place]

    def _known(self, name: str, read: Callable[[str, str], Value]) -> Value:
        """Read a field whose texts stand in many rows; what was wrong with one is told for each of its rows."""
        text = self._cell(name)
        key = (name, text)
        if key in self.known:
            return cast(Value, self.known[key])
        issues = len(self.issues)
        value = read(name, text)
        if len(self.issues) == issues and len(self.known) < MOST_KNOWN:
            self.known[key] = value
        return value

    def _wrong(self, code: str, field: str, /, **facts: Fact) -> None:
        self.issues.append(Issue(code=code, row=self.number, column=self.columns.label(field), facts=facts))

    def _warn(self, code: str, field: str, /, **facts: Fact) -> None:
        self.issues.append(
            Issue(code=code, row=self.number, column=self.columns.label(field), is_warning=True, facts=facts)
        )

    def _number(self, name: str) -> Secret | None:
        text = self._cell(name)
        if not text or text in ("-", "0"):
            return None
        checked = checked_nik(text) if name == "nik" else checked_kk(text)
        if isinstance(checked, Flaw):
            self._wrong(checked.code, name, **checked.facts)
            return None
        return Secret(checked)

    def _text(self, name: str, most: int) -> str:
        text = self._cell(name)
        if text in ("", "-"):
            return ""
        checked = checked_text(text, most)
        if isinstance(checked, Flaw):
            self._wrong(checked.code, name, **checked.facts)
            return ""
        if holds_number(checked):
            self._wrong("registry.text_number", name)
            return ""
        return checked

    def _units(self) -> tuple[str | None, str | None]:
        rt, rw = self._known("rt_rw", self.units) if self.reads_both else (None, None)
        has = self.columns.has
        return self._known("rt", self.unit) if has("rt") else rt, self._known("rw", self.unit) if has("rw") else rw

    def units(self, name: str, text: str) -> tuple[str | None, str | None]:
        """Read RT and RW from one cell."""
        if not text.strip("0-/ "):
            return None, None
        found = next((match for form in _UNITS if (match := form.fullmatch(text.upper()))), None)
        if found is not None:
            rt, rw = checked_unit(found["rt"]), checked_unit(found["rw"])
            if not (isinstance(rt, Flaw) or isinstance(rw, Flaw)):
                return rt, rw
        self._warn("registry.unit_form", name)
        return None, None

    def unit(self, name: str, text: str) -> str | None:
        checked = checked_unit(_pointless(text))
        if isinstance(checked, Flaw):
            self._warn(checked.code, name)
            return None
        return checked

    def size(self, name: str, text: str) -> int | None:
        return self._whole(name, text, 1, LARGEST_HOUSEHOLD)

    def _whole(self, name: str, text: str, least: int, most: int) -> int | None:
        if text in ("", "-"):
            return None
        text = _pointless(text)
        if not (text.isascii() and text.isdigit() and len(text) <= 4 and least <= int(text) <= most):
            self._wrong("registry.count_form", name, least=least, most=most)
            return None
        return int(text)

    def decile(self, name: str, text: str) -> int | None:
        digits = _pointless(text.lower().removeprefix("desil").strip(" _"))
        if _compared(digits) in _UNDECIDED:
            return None
        if not (digits.isascii() and digits.isdigit() and len(digits) <= 2 and 1 <= int(digits) <= 10):
            # Relief is for everybody; the decile only orders a queue (domain.md §0).
            self._warn("registry.decile_form", name)
            return None
        return int(digits)

    def _birth(self) -> tuple[date | None, int | None]:
        born_on = self._known("birth_on", self.day)
        if born_on is None and self._cell("birth_on") in _NO_DAY:
            return None, self.age("age", self._cell("age"))
        return born_on, None

    def age(self, name: str, text: str) -> int | None:
        return self._whole(name, text, 0, OLDEST)

    def day(self, name: str, text: str) -> date | None:
        if text in _NO_DAY:
            return None
        born_on = _day(text)
        if born_on is None:
            self._wrong("registry.date_form", name)
        elif born_on > self.facts.as_of_on or born_on.year < self.facts.as_of_on.year - OLDEST:
            self._wrong("registry.birth_impossible", name, as_of=self.facts.as_of_on.isoformat())
        return born_on

    def sex(self, name: str, text: str) -> Sex | None:
        text = _compared(text)
        if not text:
            return None
        if text not in _SEXES:
            self._wrong("registry.sex_form", name)
        return _SEXES.get(text)

    def relation(self, name: str, text: str) -> Relation:
        text = _compared(text)
        text = text.lstrip("0") or text
        found = _RELATIONS.get(text)
        if found is None and text:
            self._warn("registry.relation_unknown", name)
        return found or Relation.OTHER

    def mark(self, name: str, text: str) -> bool:
        text = _compared(text)
        if text in _NO:
            return False
        if text not in _YES:
            self._warn("registry.mark_unknown", name)
        return text in _YES

    def _position(self) -> tuple[float | None, float | None, float | None]:
        texts = [self._figures(name) for name in ("lon", "lat")]
        if not any(texts):
            return None, None, None
        lon, lat = (_decimal(text) for text in texts)
        if lon == 0 and lat == 0:
            return None, None, None
        if lon is None or lat is None or not is_numbered(lon, lat):
            is_swapped = lon is not None and lat is not None and is_numbered(lat, lon)
            self._warn("registry.position_swapped" if is_swapped else "registry.position_form", "lon")
            return None, None, None
        text = self._figures("accuracy").lower().removeprefix("±").removesuffix("m").strip()
        accuracy = _decimal(text)
        if text and (accuracy is None or not 0 <= accuracy <= FARTHEST_M):
            # Without it the position counts as exact: whoever sent it should know.
            self._warn("registry.accuracy_form", "accuracy")
        return lon, lat, accuracy if accuracy is not None and 0 < accuracy <= FARTHEST_M else None

    def _figures(self, name: str) -> str:
        """Give a field of a position with a point; an apostrophe before it kept a spreadsheet from computing."""
        text = self._cell(name).removeprefix("'")
        return "" if text == "-" else text.replace(",", ".")

    # -- place ---------------------------------------------------------------------------------------------------

    def village(self) -> str:
        if self.flawed & _OF_PLACES:
            return ""
        texts = tuple([self.cells[place] for place in self.region_places])
        found = self.villages.get(texts)
        if found is None:
            found = self._find_village()
            if len(self.villages) < MOST_KNOWN:
                self.villages[texts] = found
        if isinstance(found, RegionName):
            return found.code
        self._wrong(found.code, "village", **{name: _shown(fact) for name, fact in found.facts.items()})
        return ""

    def _find_village(self) -> RegionName | Mismatch:
        system, gazetteer = self.facts.code_system, self.facts.gazetteer
        code, name = self._code_and_name("village")
        district_code, district_name = self._code_and_name("district")
        if not code and not name:
            return Mismatch(code="registry.village_missing")
        digits = _digits(code)
        if digits and len(digits) < 10:
            above = self._district_digits(district_code)
            width = 4 if system is CodeSystem.KEMENDAGRI else 3
            digits = above + digits.zfill(width) if above and len(digits) <= width else digits
        if digits:
            found = gazetteer.find(system, digits, name)
            is_unknown = isinstance(found, Mismatch) and found.code == "region.unknown_code"
            return (self._elsewhere(digits) if is_unknown else None) or found
        above = self._district_digits(district_code)
        if above:
            return gazetteer.in_district(system, above, district_name, name)
        if not district_name:
            return Mismatch(code="registry.district_missing", facts={"name": name})
        return gazetteer.by_names(self.facts.regency_code, district_name, name)

    def _elsewhere(self, digits: str) -> Mismatch | None:
        """Tell of which other regency a village's code is; None where it is of this one, or nobody knows."""
        system, own = self.facts.code_system, self.facts.regency_code
        code = dotted(digits)
        if len(digits) != 10 or (system is CodeSystem.KEMENDAGRI and level_of(code) is not Level.VILLAGE):
            return None
        names = {one.code: one.name for one in self.facts.regencies}
        by_bps = {one.bps_code: one.code for one in self.facts.regencies if one.bps_code}
        theirs = regency_of(code) if system is CodeSystem.KEMENDAGRI else by_bps.get(digits[:4])
        if theirs is None or theirs == own:
            return None
        shown: dict[str, Fact] = {
            name: f"{names[one]} ({one})" if one in names else one for name, one in (("theirs", theirs), ("ours", own))
        }
        return Mismatch(code="registry.village_elsewhere", facts={"code": digits, "system": _SYSTEMS[system], **shown})

    def _district_digits(self, code: str) -> str:
        """Give the district's whole code, put together from the parts where each has its own column."""
        width = 6 if self.facts.code_system is CodeSystem.KEMENDAGRI else 7
        digits = _digits(code)
        if not digits or len(digits) >= width:
            return digits[:width]
        province, regency = (_digits(self._code_and_name(name)[0]) for name in ("province", "regency"))
        regency = regency if len(regency) == 4 else province.zfill(2) + regency.zfill(2) if regency else ""
        return regency + digits.zfill(width - 4) if len(regency) == 4 else ""

    def _code_and_name(self, field: str) -> tuple[str, str]:
        texts = self.columns.several(self.cells, field)
        codes = [text for text in texts if _CODE.fullmatch(text)]
        names = [text for text in texts if not _CODE.fullmatch(text)]
        return codes[0] if codes else "", names[0] if names else ""


def is_some(name: str, text: str) -> bool:
    """Tell whether a field names a disability or an illness."""
    return _compared(text) not in _NONE


def _day(text: str) -> date | None:
    found = next((match for form in _DATES if (match := form.fullmatch(text))), None)
    month = found["m"] if found else 0
    if found is None and (found := _NAMED_DAY.fullmatch(text.lower())) is not None:
        month = _MONTHS.get(found["m"], 0)
    try:
        return date(int(found["y"]), int(month), int(found["d"])) if found else None
    except ValueError:
        return None


def _pointless(text: str) -> str:
    found = _WHOLE.fullmatch(text)
    return found[1] if found else text


def _compared(text: str) -> str:
    return re.sub(r"[^a-z0-9]", "", text.lower())


def _shown(fact: Fact) -> Fact:
    """Give what may be told of a cell for a village: where columns are shifted a number of somebody stands in it."""
    return _NUMBER.sub("•••", fact) or "–" if isinstance(fact, str) else fact


def _digits(text: str) -> str:
    return text.replace(".", "").replace(" ", "")


def _decimal(text: str) -> float | None:
    # Python itself takes "1_0", "inf" and the digits of every script.
    return float(text) if _DECIMAL.fullmatch(text) else None
