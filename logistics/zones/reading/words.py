"""Words of documents: made clean for showing, and understood where they name a severity, a way in or a time."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from datetime import datetime
from typing import Final

from logistics.zones.states import Access, Severity

MOST_LABEL: Final = 200
MOST_TOLD: Final = 12
_UNFIT: Final = re.compile("[\x00-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff\ud800-\udfff]")
_NUMBER_OF_A_PERSON: Final = re.compile(r"(?<![0-9.])[0-9]{12}([0-9]{4})(?![0-9])")
_TAG: Final = re.compile(r"<[^<>]{0,2000}>")
_NAMES: Final = (
    "name", "nama", "namobj", "nama_wilayah", "nama_area", "label", "title", "judul", "wadmkd", "nama_desa", "desa",
    "nama_kelurahan", "kelurahan", "village", "area_name", "name_4", "nmdesa", "dusun", "lokasi",
)  # fmt: skip
_SEVERITIES: Final = (
    "severity", "tingkat", "tingkat_kerusakan", "kerusakan", "keparahan", "tingkat_dampak", "dampak", "kelas", "level",
)  # fmt: skip
_ACCESSES: Final = ("access", "akses", "jalan_masuk")
_TIMES: Final = ("observed_at", "waktu", "waktu_pengamatan", "tanggal", "last_updated", "updated_at", "changed", "when")
_SEVERITY_WORDS: Final = {
    Severity.HEAVY: ("berat", "heavy", "tinggi", "high", "parah", "severe", "extreme", "rusak berat"),
    Severity.MEDIUM: ("sedang", "medium", "moderate", "menengah", "rusak sedang"),
    Severity.LIGHT: ("ringan", "light", "rendah", "low", "minor", "rusak ringan"),
}
_ACCESS_WORDS: Final = {
    Access.ROAD: ("darat", "jalan", "jalan darat", "road", "mobil"),
    Access.BOAT: ("perahu", "kapal", "air", "boat", "laut", "jalan air"),
    Access.CUT_OFF: ("terputus", "putus", "terisolir", "terisolasi", "cut_off", "cut off", "tertutup"),
}


def clean(text: object, most: int = MOST_LABEL) -> str:
    """Give a text in one line, without signs nobody sees; a NIK or No. KK keeps its last four digits only."""
    if not isinstance(text, str | int | float) or isinstance(text, bool):
        return ""
    plain = unicodedata.normalize("NFC", _UNFIT.sub(" ", str(text)[: 20 * most]))
    plain = _NUMBER_OF_A_PERSON.sub("••••••••••••\\1", " ".join(plain.split()))
    return plain if len(plain) <= most else plain[: most - 1] + "…"


def bare(text: object, most: int = MOST_LABEL) -> str:
    """Give a text without its markup, as the descriptions of map programs have it."""
    return clean(_TAG.sub(" ", text[:20_000]) if isinstance(text, str) else text, most)


def lowered(properties: Mapping[str, object]) -> dict[str, object]:
    return {str(key).strip().lower().replace(" ", "_"): value for key, value in properties.items()}


def label_of(properties: Mapping[str, object], otherwise: str) -> str:
    """Give what a feature calls itself, by the usual names of such a property."""
    known = lowered(properties)
    return next((found for key in _NAMES if (found := bare(known.get(key)))), otherwise)


def severity_of(properties: Mapping[str, object]) -> Severity | None:
    known = lowered(properties)
    return next((found for key in _SEVERITIES if (found := severity_in(known.get(key)))), None)


def severity_in(text: object) -> Severity | None:
    word = clean(text, 60).lower()
    return next((severity for severity, words in _SEVERITY_WORDS.items() if word in words), None)


def access_of(properties: Mapping[str, object]) -> Access | None:
    known = lowered(properties)
    return next((found for key in _ACCESSES if (found := access_in(known.get(key)))), None)


def access_in(text: object) -> Access | None:
    word = clean(text, 60).lower()
    return next((access for access, words in _ACCESS_WORDS.items() if word in words), None)


def observed_of(properties: Mapping[str, object]) -> datetime | None:
    """Give the time of a feature where it says its zone; a time without one may be anybody's."""
    known = lowered(properties)
    for key in _TIMES:
        found = instant_in(known.get(key))
        if found is not None:
            return found
    return None


def instant_in(text: object) -> datetime | None:
    try:
        found = datetime.fromisoformat(text.strip()) if isinstance(text, str) and len(text) <= 40 else None
    except ValueError:
        return None
    return found if found is not None and found.tzinfo is not None else None


def told_of(properties: Mapping[str, object]) -> dict[str, str]:
    """Give the plain rest of a feature's properties, for the person who confirms."""
    found: dict[str, str] = {}
    for key, value in properties.items():
        text, name = bare(value, 120), clean(key, 40)
        if text and name and len(found) < MOST_TOLD:
            found[name] = text
    return found
