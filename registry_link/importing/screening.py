"""Rows of a registry file looked at column by column: those that are certainly good, as columns.

The checker of single rows (``RowReader``) stays the only judge: what a text of a field says is asked of it once, for
every text that stands in a column; numbers, ids and free texts are taken only where they have the plainest form. A row
of which one thing is not certain goes to the checker as a whole, and gets its reasons there.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

import numpy as np
import numpy.typing as npt
import polars as pl

from core.crypto import ring
from core.reader.refusing import CELL_END
from registry_link.households.frames import HOMES, PEOPLE
from registry_link.households.marks import RowMarks
from registry_link.households.numbers import plain_kk_keys
from registry_link.households.pieces import Digests, digests
from registry_link.households.positions import position_keys
from registry_link.households.rules import ADDRESS_LENGTH, NAME_LENGTH, WOMAN_ADDS
from registry_link.households.states import Relation, Sex
from registry_link.importing.rules import FARTHEST_M, LONGEST_CELL, LONGEST_ID, MOST_KNOWN, RowReader, is_some
from registry_link.importing.states import Layout

_ID: Final = rf"^[A-Za-z0-9][A-Za-z0-9._/-]{{0,{LONGEST_ID - 1}}}$"
_NUMBER: Final = r"^[1-9][0-9]{15}$"
_DIGITS: Final = r"^[0-9]{16}$"
_LONG: Final = r"(?:[0-9][ .\-]?){15}[0-9]"
"""As ``holds_number`` looks for it."""
_TEXT: Final = r"^(?:[!-*,.-<>?A-~][ -~]*)?$"
"""ASCII that can be printed, and that no spreadsheet takes for a formula."""
_DEGREES: Final = r"^-?[0-9]{1,3}(?:[.,][0-9]{1,12})?$"
_METRES: Final = r"^[0-9]{1,6}(?:[.,][0-9]{1,6})?$"
_DAYS: Final = np.array((31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31))
Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Screened:
    """What certainly good rows say, and which rows are not certain."""

    homes: pl.DataFrame
    people: pl.DataFrame
    unsure: npt.NDArray[np.int64]
    """The places of the others among the lines."""
    numbers: npt.NDArray[np.int64]
    """Of the lines, as people count."""
    starts: npt.NDArray[np.int64]
    """Where each line begins, and after the last where it ends."""
    marks: RowMarks
    """Of the lines."""


NO_MARKS: Final = RowMarks(np.zeros(0, dtype=np.uint64), np.zeros(0, dtype=np.uint64))


@dataclass(frozen=True, slots=True)
class Skips:
    """Which rows of an import's files are looked at."""

    run_id: UUID
    files: tuple[Mask, ...]


class Screen:
    """Looks at the rows of one file; what it learnt of texts stays for the next piece."""

    def __init__(self, reader: RowReader) -> None:
        self._reader = reader
        self._columns = reader.columns
        self._said: dict[str, dict[str, tuple[bool, Any]]] = {}
        used = sorted({place for places in reader.columns.places.values() for place in places})
        self._names = {place: f"column_{place + 1}" for place in used}
        self._frame = pl.DataFrame()
        self._sure: Mask = np.zeros(0, dtype=np.bool_)

    def screened(self, lines: bytes) -> Screened:
        """Look at plain lines, as ``RowLines`` has them."""
        starts = self._begin(lines)
        # No cell can be too long where the whole line is not; a line has more bytes than letters.
        self._sure = np.diff(starts) <= LONGEST_CELL
        layout = self._columns.layout
        kk = self._number("kk", 0)
        keys = self._keys(kk)
        marks = RowMarks(digests(keys.fill_null("")), _said(lines))
        homes, people = HOMES.to_frame(), PEOPLE.to_frame()
        made_people = made_homes = None
        if layout is not Layout.HOUSEHOLD or self._reader.facts.has_niks:
            made_people = self._people(keys)
        else:
            self._number("nik", WOMAN_ADDS)
        if layout is not Layout.MEMBER:
            made_homes = self._homes(keys, kk)
        sure = pl.Series(self._sure)
        if made_people is not None:
            people = made_people.filter(sure)
        if made_homes is not None:
            homes = made_homes.filter(sure)
        numbers = self._frame["number"].to_numpy()
        return Screened(homes, people, np.flatnonzero(~self._sure), numbers, starts, marks)

    def marked(self, lines: bytes) -> RowMarks:
        """Give the marks of plain lines, which are looked at no further."""
        places = self._columns.places.get("household_id")
        if places is not None:
            ids = _columns(lines, CELL_END, [self._names[places[0]]]).to_series().str.strip_chars()
            if (ids != "").all() and not ids.str.contains(_DIGITS).any():
                return RowMarks(digests(ids), _said(lines))
        self._sure = np.diff(self._begin(lines)) <= LONGEST_CELL
        return RowMarks(digests(self._keys(self._number("kk", 0)).fill_null("")), _said(lines))

    # -- parts ---------------------------------------------------------------------------------------------------

    def _begin(self, lines: bytes) -> npt.NDArray[np.int64]:
        """Read lines into columns; gives where each begins, and after the last where it ends."""
        ends = np.flatnonzero(np.frombuffer(lines, dtype=np.uint8) == ord("\n"))
        self._frame = (
            _columns(lines, CELL_END, ["column_0", *self._names.values()])
            .rechunk().rename({"column_0": "number"})
            .with_columns(pl.col("number").cast(pl.Int64), pl.exclude("number").str.strip_chars())
        )  # fmt: skip
        return np.concatenate([[0], ends + 1])

    def _homes(self, keys: pl.Series, kk: pl.Series) -> pl.DataFrame:
        lon, lat, accuracy = self._position()
        head = self._text("head_name", NAME_LENGTH)
        if self._columns.layout is not Layout.FLAT:
            name = self._text("name", NAME_LENGTH)
            head = head.zip_with(head != "", name)
        reader = self._reader
        return pl.DataFrame([
            self._frame["number"].alias("file_row"), keys.alias("external_id"), self._village(), head,
            self._unit("rt", 0), self._unit("rw", 1), self._text("hamlet", NAME_LENGTH),
            self._text("address", ADDRESS_LENGTH),
            self._few("size", pl.Int64(), reader.size), self._few("decile", pl.Int64(), reader.decile),
            lon, lat, accuracy, kk,
        ], schema=HOMES)  # fmt: skip

    def _unit(self, name: str, place: int) -> pl.Series:
        """Give RT or RW, from the cell of both where it has no column of its own."""
        reader = self._reader
        if not reader.reads_both or self._columns.has(name):
            return self._few(name, pl.String(), reader.unit)

        def ask(text: str) -> tuple[bool, Any]:
            return self._asked(lambda field, text: reader.units(field, text)[place], "rt_rw", text)

        return self._mapped(name, self._cells("rt_rw"), pl.String(), ask)

    def _people(self, keys: pl.Series) -> pl.DataFrame:
        reader, columns, facts = self._reader, self._columns, self._reader.facts
        name = self._text("name" if columns.has("name") else "head_name", NAME_LENGTH)
        self._sure &= (name != "").to_numpy()
        born_on = self._few("birth_on", pl.Date(), reader.day)
        # An age that is no number is wrong only where there is no birth date.
        sure = self._sure.copy()
        age = self._few("age", pl.Int64(), reader.age)
        age_sure, self._sure = self._sure, sure
        self._sure &= age_sure | born_on.is_not_null().to_numpy()
        age = age.zip_with(born_on.is_null(), pl.Series([None], dtype=pl.Int64()))
        sex = self._few("sex", pl.String(), reader.sex)
        nik = self._number("nik", WOMAN_ADDS)
        sex = self._agreeing(nik, sex, born_on)
        relation = (
            self._constant(Relation.HEAD.value)
            if columns.layout is Layout.HOUSEHOLD
            else self._few("relation", pl.String(), reader.relation)
        )
        pregnant = self._few("pregnant", pl.Boolean(), reader.mark)
        self._sure &= ~((sex == Sex.MALE.value).fill_null(False) & pregnant.fill_null(False)).to_numpy()
        member_id = self._cells("member_id")
        member_id = member_id.set(_is_persons(member_id), "")
        self._sure &= ((member_id == "") | member_id.str.contains(_ID)).to_numpy()
        as_of = pl.Series([facts.as_of_on], dtype=pl.Date()).new_from_index(0, len(age))
        return pl.DataFrame([
            self._frame["number"].alias("file_row"), keys.alias("external_id"), member_id, name, relation, sex,
            born_on, age, as_of.zip_with(age.is_not_null(), pl.Series([None], dtype=pl.Date())), nik, pregnant,
            self._few("nursing", pl.Boolean(), reader.mark), self._few("disability", pl.Boolean(), is_some),
            self._few("chronic", pl.Boolean(), is_some),
        ], schema=PEOPLE)  # fmt: skip

    # -- fields --------------------------------------------------------------------------------------------------

    def _cells(self, name: str) -> pl.Series:
        places = self._columns.places.get(name)
        return self._constant("") if places is None else self._frame[self._names[places[0]]]

    def _constant(self, text: str) -> pl.Series:
        return pl.Series([text]).new_from_index(0, len(self._frame))

    def _few(self, name: str, kind: pl.DataType, read: Callable[[str, str], Any]) -> pl.Series:
        """Ask the checker once what each text of a column says; texts it finds anything wrong with are not certain."""
        return self._mapped(name, self._cells(name), kind, lambda text: self._asked(read, name, text))

    def _mapped(
        self, name: str, cells: pl.Series, kind: pl.DataType, ask: Callable[[str], tuple[bool, Any]]
    ) -> pl.Series:  # fmt: skip
        known = self._said.setdefault(name, {})
        if len(known) > MOST_KNOWN:
            known.clear()
        texts = cells.unique()
        told = []
        for text in texts:
            if text not in known:
                known[text] = ask(text)
            told.append(known[text])
        values = pl.Series([value for _, value in told], dtype=kind)
        found = cells.replace_strict(texts, values, return_dtype=kind)
        if not all(is_sure for is_sure, _ in told):
            sure = cells.replace_strict(texts, pl.Series([is_sure for is_sure, _ in told]), return_dtype=pl.Boolean())
            self._sure &= sure.to_numpy()
        return found

    def _asked(self, read: Callable[[str, str], Any], name: str, text: str) -> tuple[bool, Any]:
        reader = self._reader
        reader.issues, reader.flawed = [], set()
        value = read(name, text)
        is_sure, reader.issues = not reader.issues, []
        return is_sure, value if is_sure else None

    def _village(self) -> pl.Series:
        places = self._reader.region_places
        cells = self._frame.select(
            pl.concat_str([pl.col(self._names[place]) for place in places], separator=CELL_END)
        ).to_series()

        def ask(text: str) -> tuple[bool, Any]:
            row = [""] * self._reader.width
            for place, cell in zip(places, text.split(CELL_END), strict=True):
                row[place] = cell
            self._reader.cells = row
            return self._asked(lambda name, text: self._reader.village(), "village", text)

        return self._mapped("village", cells, pl.String(), ask)

    def _text(self, name: str, most: int) -> pl.Series:
        cells = self._cells(name)
        if name not in self._columns.places:
            return cells
        cells = cells.set(cells == "-", "")
        self._sure &= (
            cells.str.contains(_TEXT)
            & ~cells.str.contains("  ", literal=True)
            & (cells.str.len_bytes() <= most)
            & ~cells.str.contains(_LONG)
        ).to_numpy()
        return cells

    def _number(self, name: str, added: int) -> pl.Series:
        cells = self._cells(name)
        is_none = (cells == "") | (cells == "-") | (cells == "0")
        if is_none.all():
            return pl.Series([None], dtype=pl.String()).new_from_index(0, len(cells))
        is_formed = cells.str.contains(_NUMBER)
        number = cells.set(~is_formed, "0").cast(pl.Int64).to_numpy()
        self._sure &= is_none.to_numpy() | (is_formed.to_numpy() & _is_number(number, added))
        return cells.set(is_none, None)

    def _keys(self, kk: pl.Series) -> pl.Series:
        cells = self._cells("household_id")
        is_empty = cells == ""
        self._sure &= (is_empty | cells.str.contains(_ID)).to_numpy()
        is_persons = _is_persons(cells)
        if is_persons.any():
            keyed = pl.Series(plain_kk_keys(cells.set(~is_persons, None).to_list())).cast(pl.String)
            cells = keyed.zip_with(is_persons, cells)
        if not is_empty.any():
            return cells
        by_kk = pl.Series(plain_kk_keys(kk.zip_with(is_empty, pl.Series([None], dtype=pl.String())).to_list()))
        self._sure &= (~is_empty | kk.is_not_null()).to_numpy()
        return by_kk.cast(pl.String).zip_with(is_empty, cells)

    def _agreeing(self, nik: pl.Series, sex: pl.Series, born_on: pl.Series) -> pl.Series:
        has = nik.is_not_null()
        number = nik.fill_null("0").str.extract(r"^([0-9]{1,16})$").fill_null("0").cast(pl.Int64).to_numpy()
        day, month, year = number // 10**8 % 100, number // 10**6 % 100, number // 10**4 % 100
        is_woman = day > WOMAN_ADDS
        told = pl.Series(np.where(is_woman, Sex.FEMALE.value, Sex.MALE.value))
        same_sex = (sex == told) | sex.is_null() | ~has
        days, months = born_on.dt.day().cast(pl.Int64), born_on.dt.month().cast(pl.Int64)
        same_birth = (
            born_on.is_null() | ~has
            | ((days == pl.Series(day - WOMAN_ADDS * is_woman)) & (months == pl.Series(month))
               & (born_on.dt.year().cast(pl.Int64) % 100 == pl.Series(year)))
        )  # fmt: skip
        self._sure &= (same_sex.fill_null(False) & same_birth.fill_null(False)).to_numpy()
        return told.zip_with(sex.is_null() & has, sex)

    def _position(self) -> tuple[pl.Series, pl.Series, pl.Series]:
        texts = [self._cells(name) for name in ("lon", "lat")]
        none = pl.Series([None], dtype=pl.Float64())
        empty = none.new_from_index(0, len(texts[0]))
        is_empty = (texts[0] == "") & (texts[1] == "")
        if is_empty.all():
            return empty, empty, empty
        formed = texts[0].str.contains(_DEGREES) & texts[1].str.contains(_DEGREES)
        lon, lat = (one.set(~formed, "0").str.replace(",", ".", literal=True).cast(pl.Float64) for one in texts)
        is_nowhere = is_empty | (formed & (lon == 0) & (lat == 0))
        _, is_known = position_keys(lon.to_numpy(), lat.to_numpy())
        self._sure &= is_nowhere.to_numpy() | (formed.to_numpy() & is_known)
        accuracy = self._cells("accuracy")
        is_metres = accuracy.str.contains(_METRES)
        self._sure &= ((accuracy == "") | is_metres).to_numpy()
        metres = accuracy.set(~is_metres, "0").str.replace(",", ".", literal=True).cast(pl.Float64)
        self._sure &= (metres <= FARTHEST_M).to_numpy()
        has_metres = (metres > 0) & ~is_nowhere
        return lon.zip_with(~is_nowhere, none), lat.zip_with(~is_nowhere, none), metres.zip_with(has_metres, none)


def _is_persons(cells: pl.Series) -> pl.Series:
    """Tell which ids are a NIK or No. KK, as ``is_number`` tells it of one."""
    is_formed = cells.str.contains(_NUMBER)
    if not is_formed.any():
        return is_formed
    number = cells.set(~is_formed, "0").cast(pl.Int64).to_numpy()
    return is_formed & pl.Series(_is_number(number, 0) | _is_number(number, WOMAN_ADDS))


def _columns(lines: bytes, separator: str, names: list[str]) -> pl.DataFrame:
    return pl.read_csv(
        lines, has_header=False, separator=separator, quote_char=None, infer_schema=False, columns=names,
        empty_string_is_null=False,
    )  # fmt: skip


def _said(lines: bytes) -> Digests:
    """Give the keyed digest of each line without its number, whatever columns it has."""
    secret, line = pl.lit(ring().secret_for("registry.marks").hex()), pl.col("column_0")
    # No line holds a NUL: each is one cell. Up to the first sign between cells stand digits alone.
    whole = _columns(lines, "\0", ["column_0"])
    return digests(whole.select(secret + line.str.slice(line.str.find(CELL_END, literal=True))).to_series())


def _is_number(number: npt.NDArray[np.int64], added: int) -> Mask:
    """Tell which numbers of sixteen digits are well-formed, as ``checked_nik`` (40 added) and ``checked_kk`` do."""
    day, month, year = number // 10**8 % 100, number // 10**6 % 100, number // 10**4 % 100
    plain = np.where((added > 0) & (day > added), day - added, day)
    in_year = (month >= 1) & (month <= 12)
    most = _DAYS[np.where(in_year, month, 1) - 1]
    found: Mask = (
        (number % 1111111111111111 != 0) & (number // 10**14 != 10) & (number // 10**12 % 100 != 0)
        & (number // 10**12 % 100 != 70) & (number // 10**10 % 100 != 0) & in_year & (plain >= 1) & (plain <= most)
        & ~((month == 2) & (plain == 29) & (year % 4 != 0)) & (number % 10**4 != 0)
    )  # fmt: skip
    return found
