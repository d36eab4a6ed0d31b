"""Any document of BPBD: what it is, is told by what is in it, never by how it is called."""

from __future__ import annotations

import re
from pathlib import PurePosixPath
from types import ModuleType
from typing import Final

from core.errors import Malformed
from logistics.zones.reading import bnpb_table, cap, geojson, kml, region_list, report_text, shapefile_zip
from logistics.zones.reading.archive import names_in
from logistics.zones.reading.elements import Parsed

_BOMS: Final = b"\xef\xbb\xbf"
_OLE: Final = b"\xd0\xcf\x11\xe0"
_WORKBOOK: Final = "xl/workbook.xml"
_TAG: Final = re.compile(rb"<(?![?!])(?:[A-Za-z_][\w.-]{0,40}:)?(?P<name>[A-Za-z_][\w.-]{0,60})")
_KML: Final = (b"kml", b"Document", b"Folder", b"Placemark")
_ALERTS: Final = (b"alert", b"rss", b"feed", b"EDXLDistribution")
_MOST_LOOKED_AT: Final = 64 << 10


def parse(content: bytes, name: str) -> Parsed:
    """Read a document by the parser of its kind. Raises: Malformed, TooLarge, Invalid."""
    return parser_for(content).parse(content, name)  # type: ignore[no-any-return]


def parser_for(content: bytes) -> ModuleType:
    """Give the parser that a document's own bytes ask for. Raises: Malformed, TooLarge."""
    head = content[:_MOST_LOOKED_AT].removeprefix(_BOMS).lstrip()
    if head.startswith(b"PK"):
        return _of_zip(content)
    if head.startswith(_OLE):
        raise Malformed("reading.unknown_kind")
    if head[:1] in (b"{", b"["):
        return geojson
    if head.startswith(b"<"):
        return _of_markup(head)
    return _of_text(content)


def _of_zip(content: bytes) -> ModuleType:
    names = [one.lower() for one in names_in(content) if not PurePosixPath(one).name.startswith("._")]
    if any(one.endswith(".shp") for one in names):
        return shapefile_zip
    if any(one.endswith(".kml") for one in names):
        return kml
    if _WORKBOOK in names:
        return bnpb_table if _is_bnpb_table(content) else region_list
    raise Malformed("reading.unknown_zip")


def _of_markup(head: bytes) -> ModuleType:
    # A feed may be long before its first alert; its own root says what it is.
    root = _TAG.search(head)
    name = root["name"] if root else b""
    if name in _KML:
        return kml
    if name in _ALERTS:
        return cap
    raise Malformed("reading.unknown_markup", found=name.decode("ascii", "replace")[:40])


def _of_text(content: bytes) -> ModuleType:
    if _is_bnpb_table(content):
        return bnpb_table
    if region_list.has_header(region_list.first_rows(content)):
        return region_list
    return report_text if report_text.looks_like(region_list.text_of(content)) else region_list


def _is_bnpb_table(content: bytes) -> bool:
    return any(bnpb_table.looks_like(row) for row in region_list.first_rows(content))
