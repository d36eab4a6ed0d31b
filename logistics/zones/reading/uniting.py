"""Several outlines of a document as one area. The content is a JSON list of GeoJSON texts, as elements hold them."""

from __future__ import annotations

import json

from core.errors import Invalid, Malformed
from logistics.zones.reading.elements import Element, Kind, Outcome, Parsed
from registry_link.matching.joining import joined
from registry_link.matching.outlines import parse_outline


def parse(content: bytes, name: str) -> Parsed:
    """Unite them; the only element's outline is what they cover together. Raises: Malformed, Invalid."""
    texts = json.loads(content)
    if not isinstance(texts, list) or not all(isinstance(one, str) for one in texts):
        raise Malformed("reading.broke_off")
    if not texts:
        raise Invalid("reading.nothing_taken")
    whole = joined([parse_outline(one) for one in texts])
    element = Element(no=1, label=name, outcome=Outcome.READ, outline=whole.to_geojson())
    return Parsed(kind=Kind.GEOJSON, elements=(element,))
