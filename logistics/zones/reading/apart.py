"""Reading a document in the child process; what comes back is structured again here, strictly."""

from __future__ import annotations

import enum
import json
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, Final

from cattrs import Converter
from cattrs.errors import BaseValidationError, ForbiddenExtraKeysError
from cattrs.gen import make_dict_structure_fn

from core.errors import Malformed
from core.reader.documents import parse_apart
from logistics.zones.reading.elements import Element, Fact, Kind, NamedRegion, Notice, Parsed, Remark, SaidCount

_PARSERS: Final = {
    Kind.GEOJSON: "geojson", Kind.FLOOD_STATES: "geojson", Kind.KML: "kml", Kind.SHAPEFILE: "shapefile_zip",
    Kind.CAP: "cap", Kind.REGIONS: "region_list", Kind.REPORT_TEXT: "report_text", Kind.BNPB_TABLE: "bnpb_table",
}  # fmt: skip
_FOLDER: Final = "logistics.zones.reading."
MOST_ELEMENTS: Final = 2_000
_MOST_REGIONS: Final = 20_000


def read_apart(content: bytes, name: str, kind: Kind | None = None) -> Parsed:
    """Read a document of any kind, told by its own bytes, or of the kind that a person says it is.

    Raises: Invalid, Malformed, TooLarge with what is wrong; Busy.
    """
    return structured(parse_apart(_FOLDER + (_PARSERS[kind] if kind else "document"), content, name))


def unite_apart(outlines: Sequence[str]) -> str:
    """Give the one outline that these cover together. Raises: as ``read_apart``."""
    content = json.dumps(list(outlines)).encode()
    (whole,) = structured(parse_apart(_FOLDER + "uniting", content, "")).elements
    if whole.outline is None:
        raise Malformed("reading.broke_off")
    return whole.outline


def structured(told: Any) -> Parsed:
    """Make what a parser said of a document again, field by field. Raises: Malformed "reading.broke_off"."""
    try:
        parsed: Parsed = _strict.structure(told, Parsed)
    except (BaseValidationError, ForbiddenExtraKeysError, ValueError, TypeError, KeyError, AttributeError):
        raise Malformed("reading.broke_off") from None
    numbers = [one.no for one in parsed.elements]
    if (
        numbers != list(range(1, len(numbers) + 1))
        or len(numbers) > MOST_ELEMENTS
        or any(len(one.label) > 200 for one in parsed.elements)
        or sum(len(one.regions) for one in parsed.elements) > _MOST_REGIONS
    ):
        raise Malformed("reading.broke_off")
    return parsed


def unstructured(value: object) -> str:
    """Write an element, or any part of it, as JSON text."""
    return json.dumps(_strict.unstructure(value), ensure_ascii=False, separators=(",", ":"), allow_nan=False)


def element_in(text: str) -> Element:
    """Read back what ``unstructured`` wrote of an element."""
    return _strict.structure(json.loads(text), Element)


def notice_in(told: Any) -> Notice:
    """Read back what was kept of a document's own words."""
    return _strict.structure(told, Notice)


def remarks_in(told: Any) -> tuple[Remark, ...]:
    """Read back what was kept of remarks on a document as a whole."""
    return _strict.structure(told, tuple[Remark, ...])


def _exactly(*kinds: type) -> Callable[[Any, Any], Any]:
    def take(value: Any, _kind: Any) -> Any:
        if type(value) not in kinds:
            raise TypeError(type(value).__name__)
        return value

    return take


def _converter() -> Converter:
    made = Converter(forbid_extra_keys=True)
    for plain in (str, int, bool):
        made.register_structure_hook(plain, _exactly(plain))
    # More than plain texts: without a hook of their own the one of texts would take any word for a state.
    made.register_structure_hook(enum.StrEnum, lambda text, kind: kind(_exactly(str)(text, kind)))
    made.register_structure_hook(float, _exactly(float, int))
    made.register_structure_hook(Fact, _exactly(str, int, float, bool))
    made.register_structure_hook(datetime, lambda text, _kind: _instant(text))
    made.register_unstructure_hook(datetime, lambda one: one.isoformat())
    for kind in (Remark, NamedRegion, SaidCount, Notice, Element, Parsed):
        made.register_structure_hook(
            kind, make_dict_structure_fn(kind, made, _cattrs_forbid_extra_keys=True, _cattrs_detailed_validation=False)
        )
    return made


def _instant(text: Any) -> datetime:
    found = datetime.fromisoformat(text)
    if found.tzinfo is None:
        raise ValueError("no zone")
    return found


_strict: Final = _converter()
