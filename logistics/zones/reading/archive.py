"""Zips of maps: looked at before anything is unpacked, and unpacked with a running count."""

from __future__ import annotations

import io
import stat
import zipfile
import zlib
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Final

from core.errors import Malformed, TooLarge

LARGEST_BYTES: Final = 20 << 20
MOST_UNPACKED: Final = 100 << 20
MOST_ENTRIES: Final = 50
MOST_RATIO: Final = 200
"""A map's coordinates do not pack better; what does is no map."""
_RATIO_FROM: Final = 4 << 20
_PIECE: Final = 1 << 16
_ENCRYPTED: Final = 0x1


@dataclass(frozen=True, slots=True)
class Unpacked:
    parts: dict[str, bytes]
    """By name, those that were asked for."""
    others: tuple[str, ...]
    """Names of what else lies in the zip; never unpacked."""


def names_in(content: bytes) -> list[str]:
    """Give the names of an ordinary zip's files. Raises: Malformed, TooLarge."""
    return [one.filename for one in _entries(content)[1]]


def unpack(content: bytes, suffixes: Collection[str]) -> Unpacked:
    """Unpack the files of these suffixes. Raises: Malformed, TooLarge."""
    archive, entries = _entries(content)
    left = MOST_UNPACKED
    parts: dict[str, bytes] = {}
    others: list[str] = []
    for entry in entries:
        path = PurePosixPath(entry.filename.lower())
        # A Mac packs a shadow of every file beside it, under the same suffix.
        if path.suffix not in suffixes or path.name.startswith("._"):
            others.append(entry.filename)
            continue
        parts[entry.filename] = _unpacked(archive, entry, left)
        left -= len(parts[entry.filename])
    return Unpacked(parts, tuple(others))


def _entries(content: bytes) -> tuple[zipfile.ZipFile, list[zipfile.ZipInfo]]:
    if len(content) > LARGEST_BYTES:
        raise TooLarge("reading.file_too_large", most_mb=LARGEST_BYTES >> 20)
    try:
        archive = zipfile.ZipFile(io.BytesIO(content))
        entries = archive.infolist()
    except (zipfile.BadZipFile, zipfile.LargeZipFile, ValueError, OverflowError, RuntimeError, EOFError):
        raise Malformed("reading.broken_zip") from None
    if len(entries) > MOST_ENTRIES:
        raise TooLarge("reading.too_many_parts", parts=len(entries), most=MOST_ENTRIES)
    if not entries or len({one.filename.lower() for one in entries}) != len(entries):
        raise Malformed("reading.broken_zip")
    for one in entries:
        _refuse_entry(one)
    unpacked = sum(one.file_size for one in entries)
    packed = max(1, sum(one.compress_size for one in entries))
    if unpacked > MOST_UNPACKED or (unpacked > _RATIO_FROM and unpacked > MOST_RATIO * packed):
        raise TooLarge("reading.unpacks_too_large", most_mb=MOST_UNPACKED >> 20)
    return archive, [one for one in entries if not one.is_dir()]


def _refuse_entry(entry: zipfile.ZipInfo) -> None:
    """Refuse what no map program packs: a link, a way out of the folder, a lock."""
    path = PurePosixPath(entry.filename.replace("\\", "/"))
    if path.is_absolute() or ".." in path.parts or ":" in entry.filename or not entry.filename.isprintable():
        raise Malformed("reading.zip_slips", name=entry.filename[:60])
    if stat.S_ISLNK(entry.external_attr >> 16):
        raise Malformed("reading.zip_slips", name=entry.filename[:60])
    if entry.flag_bits & _ENCRYPTED:
        raise Malformed("reading.zip_locked")


def _unpacked(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, most: int) -> bytes:
    """Unpack one file; what its header says of its size is a claim."""
    pieces: list[bytes] = []
    found = 0
    try:
        with archive.open(entry) as file:
            while piece := file.read(_PIECE):
                found += len(piece)
                if found > most:
                    raise TooLarge("reading.unpacks_too_large", most_mb=MOST_UNPACKED >> 20)
                pieces.append(piece)
    except (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, ValueError, OSError):
        raise Malformed("reading.broken_zip") from None
    return b"".join(pieces)
