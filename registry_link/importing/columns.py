"""Which column of a registry file says what: pure.

The aliases are those seen in BDT, DTKS/SIKS-NG and DTSEN layouts (domain.md §4.2), and those of offices' own lists;
everything else in a file is ignored and not stored.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Final

from core.errors import Invalid, Malformed
from core.privacy.numbers import holds_number
from registry_link.importing.states import Layout

ALIASES: Final = {
    "household_id": ("idbdt", "id_dtks", "idkeluarga", "id_keluarga", "no id dtks", "id_kk", "household_registry_id"),
    "member_id": ("idartbdt", "id_art", "id art dtks", "id_individu", "member_registry_id"),
    "kk": ("nokk", "nokk_dtks", "nomor_kartu_keluarga", "nkk", "no_kk", "no. kk", "kk_nomor", "nomor_kk", "kk",
           "family_card_no", "no_kartu_keluarga"),
    "nik": ("nik", "nik_ktp", "nik_art", "nomor_induk_kependudukan", "no_nik", "nomor_nik"),
    "name": ("nama", "nama_penerima", "nama_art", "nama_lengkap", "namalengkap", "nama_lgkp", "name", "nama_anggota",
             "nama_anggota_keluarga"),
    "head_name": ("nama_krt", "nama_kepala_keluarga", "kepala_keluarga", "nama_kk", "nama_kepala"),
    "sex": ("jnskel", "jenis_kelamin", "jeniskelamin", "jk", "jk (l/p)", "l/p", "sex", "jenis kelamin (l/p)"),
    "birth_on": ("tgllahir", "tanggal_lahir", "tgl_lahir", "birth_date"),
    "age": ("umur", "usia", "age"),
    "relation": ("hubkrt", "hub_krt", "hubkel", "shdk", "hubungan_dengan_kepala_keluarga", "hubungan_keluarga",
                 "relation_to_head", "hubungan", "status_hubungan", "status_hubungan_keluarga",
                 "status_hubungan_dalam_keluarga"),
    "pregnant": ("sta_hamil", "status_kehamilan", "kehamilan", "hamil", "pregnant"),
    "nursing": ("sta_menyusui", "menyusui", "ibu_menyusui", "nursing"),
    "disability": ("jenis_cacat", "penyandang_cacat", "disabilitas", "jenis_disabilitas", "disability"),
    "chronic": ("penyakit_kronis", "penyakit_menahun", "chronic_disease"),
    "province": ("kdprop", "nmprop", "kode_provinsi", "provinsi", "province_code"),
    "regency": ("kdkab", "nmkab", "kode_kabupaten_kota", "kabupaten_kota", "kabkota_kode", "kabupaten", "regency_code",
                "kode_kab", "kab_kota", "nama_kabupaten"),
    "district": ("kdkec", "nmkec", "kecamatan_kode", "kode_kecamatan", "kecamatan", "nama_kecamatan", "district_code",
                 "kode_kec", "kd_kec"),
    "village": ("kddesa", "nmkel", "kd_wilayah", "nama_desa_kelurahan", "kelurahan_desa", "desa_kelurahan", "kode_desa",
                "kode_wilayah", "nama_desa", "desa", "kelurahan", "village_code", "kode_kel", "kode_kelurahan",
                "kode_desa_kelurahan", "nama_kelurahan", "kel_desa"),
    "address": ("alamat", "alamat_lengkap", "address"),
    "rt": ("rt", "no_rt"),
    "rw": ("rw", "no_rw"),
    "rt_rw": ("rt_rw", "rt/rw", "no_rt_rw", "rt_dan_rw"),
    "hamlet": ("sls", "dusun", "nama_dusun", "banjar", "daerah/banjar", "lingkungan", "nama_sls", "dusun_banjar",
               "kampung"),
    "size": ("jumlah_anggota_keluarga", "jml_art", "jumlah_art", "jumlah_anggota", "household_size", "jumlah_jiwa",
             "jml_jiwa"),
    "decile": ("desil_nasional", "desil", "peringkat_desil", "desil_class", "decile"),
    "lat": ("lat", "latitude", "lintang", "garis_lintang"),
    "lon": ("lng", "lon", "long", "longitude", "bujur", "garis_bujur"),
    "accuracy": ("akurasi", "akurasi_m", "accuracy", "accuracy_m"),
}  # fmt: skip
SEVERAL: Final = ("province", "regency", "district", "village")
"""Code and name may stand in columns of their own."""
OF_A_PERSON: Final = ("relation", "birth_on", "age", "member_id")
OF_A_HOME: Final = ("address", "rt", "rw", "rt_rw", "hamlet", "size", "lat", "lon")
"""Besides the village: a file that says these of each row says where the household lives, or means to."""
MOST_COLUMNS: Final = 100
ERRORS: Final = "Kesalahan"
"""The column that is added to rows given back."""


def plain(header: str) -> str:
    """Give a header as it is compared: letters and digits only."""
    text = unicodedata.normalize("NFKD", header).lower()
    return re.sub(r"[^a-z0-9]", "", text)


_FIELD_OF: Final = {plain(alias): name for name, aliases in ALIASES.items() for alias in aliases}
KNOWN: Final = frozenset(alias for aliases in ALIASES.values() for alias in aliases)
"""Every header that is recognised."""
_FIGURES: Final = re.compile(r"[0-9][0-9 .,/:+eE-]*", re.ASCII)
"""Numbers and days, which are no name of a column."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Columns:
    """Where in a row which field stands, and what its header says."""

    header: tuple[str, ...]
    places: Mapping[str, tuple[int, ...]]
    layout: Layout

    def cell(self, cells: Sequence[str], name: str) -> str:
        """Give a field's text without outer blanks; empty where the file has no such column."""
        places = self.places.get(name)
        return cells[places[0]].strip() if places else ""

    def several(self, cells: Sequence[str], name: str) -> list[str]:
        """Give the texts of all columns of one region field that are filled."""
        return [text for place in self.places.get(name, ()) if (text := cells[place].strip()) not in ("", "-")]

    def has(self, name: str) -> bool:
        return name in self.places

    def label(self, name: str) -> str:
        """Give the header of a field as the file writes it."""
        return self.header[self.places[name][0]] if name in self.places else name


def refuse_headless(header: Sequence[str]) -> None:
    """Refuse a table whose first row is somebody's already: headers are kept and shown open, persons are not.

    Raises: Malformed "registry.header_missing".
    """
    told = [text for text in header if text]
    is_known = any(plain(text) in _FIELD_OF for text in told)
    figures = sum(_FIGURES.fullmatch(text) is not None for text in told)
    if any(map(holds_number, told)) or (not is_known and 2 * figures >= len(told) > 0):
        raise Malformed("registry.header_missing")


def placed(header: Sequence[str], more: Mapping[str, Sequence[str]] | None = None) -> dict[str, tuple[int, ...]]:
    """Tell where which field stands; ``more`` are fields of the caller's own with their aliases.

    Raises: Malformed "registry.column_twice", "registry.too_many_columns".
    """
    if len(header) > MOST_COLUMNS:
        raise Malformed("registry.too_many_columns", columns=len(header), most=MOST_COLUMNS)
    field_of = _FIELD_OF | {plain(alias): name for name, aliases in (more or {}).items() for alias in aliases}
    places: dict[str, list[int]] = {}
    for place, text in enumerate(header):
        name = field_of.get(plain(text))
        if name is None:
            continue
        if name in places and name not in SEVERAL:
            first = header[places[name][0]]
            raise Malformed("registry.column_twice", first=first[:60], second=text[:60])
        places.setdefault(name, []).append(place)
    return {name: tuple(where) for name, where in places.items()}


@dataclass(frozen=True, slots=True, kw_only=True)
class Suggested:
    """What the headers say by themselves, for a person to look at."""

    places: Mapping[str, tuple[int, ...]]
    layout: Layout
    doubled: tuple[tuple[str, str], ...]
    """Pairs of headers that mean the same; the first of each is taken."""

    def columns(self, header: Sequence[str]) -> Columns:
        return Columns(header=tuple(header), places=self.places, layout=self.layout)


def suggest(header: Sequence[str], *, is_beside_homes: bool = False) -> Suggested:
    """Tell which columns seem to hold which fields, and what a row seems to be; nothing is refused.

    ``is_beside_homes``: it came together with a file that names villages.
    """
    places: dict[str, list[int]] = {}
    doubled = []
    for place, text in enumerate(header):
        name = _FIELD_OF.get(plain(text))
        if name is None:
            continue
        if name in places and name not in SEVERAL:
            doubled.append((header[places[name][0]], text))
            continue
        places.setdefault(name, []).append(place)
    found = {name: tuple(where) for name, where in places.items()}
    return Suggested(
        places=found, layout=layout_of(found, is_beside_homes=is_beside_homes), doubled=tuple(doubled)
    )  # fmt: skip


def layout_of(fields: Collection[str], *, is_beside_homes: bool = False) -> Layout:
    """Guess what a row is; where it tells of the dwelling but no village is found, that column is to be asked for."""
    if not any(name in fields for name in OF_A_PERSON):
        return Layout.HOUSEHOLD
    if "village" not in fields and (is_beside_homes or not any(name in fields for name in OF_A_HOME)):
        return Layout.MEMBER
    return Layout.FLAT


def recognise(header: Sequence[str], layout: Layout | None = None, *, is_beside_homes: bool = False) -> Columns:
    """Tell which columns hold which fields, and what a row of the file is; ``is_beside_homes`` as in ``suggest``.

    Raises: Malformed "registry.column_twice", "registry.column_missing", "registry.too_many_columns".
    """
    places = placed(header)
    found = Columns(
        header=tuple(header), places=places, layout=layout or layout_of(places, is_beside_homes=is_beside_homes)
    )
    refuse_missing(found)
    return found


def refuse_missing(found: Columns) -> None:
    """Refuse columns of which no household or person can be made; all that lack are named.

    Raises: Malformed "registry.column_missing".
    """
    missing = []
    if not found.has("household_id") and not found.has("kk"):
        missing.append("id_keluarga / no_kk")
    if found.layout is not Layout.MEMBER and not found.has("village"):
        missing.append("kode_desa / desa_kelurahan")
    if not found.has("name") and not (found.layout is Layout.HOUSEHOLD and found.has("head_name")):
        missing.append("nama")
    if missing:
        raise Malformed("registry.column_missing", columns=missing)


def named(header: Sequence[str], layout: Layout, wanted: Mapping[str, Sequence[str]]) -> Columns:
    """Find the columns that somebody named for each field, by the headers as the file writes them.

    Of headers that are alike the first is meant.

    Raises: Invalid "registry.field_unknown", "registry.header_unknown", "registry.header_used_twice",
    "registry.field_once"; Malformed "registry.column_missing".
    """
    at: dict[str, int] = {}
    for place, text in enumerate(header):
        at.setdefault(text, place)
    for text in chain.from_iterable(wanted.values()):
        if text not in at:
            raise Invalid("registry.header_unknown", field="columns", header=text[:60])
    return chosen(header, layout, {name: [at[text] for text in headers] for name, headers in wanted.items()})


def chosen(header: Sequence[str], layout: Layout, wanted: Mapping[str, Sequence[int]]) -> Columns:
    """Find the columns that somebody chose for each field, by where they stand: headers may be alike.

    Raises: Invalid "registry.field_unknown", "registry.header_used_twice", "registry.field_once"; Malformed
    "registry.column_missing".
    """
    used: set[int] = set()
    for name, places in wanted.items():
        if name not in ALIASES:
            raise Invalid("registry.field_unknown", field="columns", name=name[:40])
        if len(places) > (2 if name in SEVERAL else 1):
            raise Invalid("registry.field_once", field="columns", name=name)
        for place in places:
            if place in used:
                raise Invalid("registry.header_used_twice", field="columns", header=header[place][:60])
            used.add(place)
    found = Columns(
        header=tuple(header), places={name: tuple(places) for name, places in wanted.items() if places}, layout=layout
    )
    refuse_missing(found)
    return found
