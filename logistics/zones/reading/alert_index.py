"""The RSS list in which a weather service names its alerts: one element per alert, none of them an area."""

from __future__ import annotations

from core.errors import Malformed
from logistics.zones.reading.cap import tree_of
from logistics.zones.reading.elements import Element, Kind, Outcome, Parsed
from logistics.zones.reading.words import clean


def parse(content: bytes, name: str) -> Parsed:
    """Read the list's entries, each with its link, identifier and words. Raises: Malformed, TooLarge ("cap.…")."""
    root = tree_of(content)
    if root.tag != "rss":
        raise Malformed("alert.not_an_index")
    elements: list[Element] = []
    for item in root.iter("item"):
        title = clean(item.findtext("title"))
        told = {
            key: clean(item.findtext(tag), 2_000)
            for key, tag in (("link", "link"), ("identifier", "guid"), ("text", "description"))
        }
        elements.append(
            Element(no=len(elements) + 1, label=title or told["identifier"], outcome=Outcome.NOTED, told=told)
        )
    return Parsed(kind=Kind.CAP, elements=tuple(elements))
