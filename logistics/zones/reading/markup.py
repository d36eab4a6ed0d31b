"""XML of strangers as a small tree: no DTD, no entities, bounded in depth and in elements."""

from __future__ import annotations

from dataclasses import dataclass, field
from xml.etree.ElementTree import ParseError

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import DefusedXMLParser

from core.errors import Malformed, TooLarge


@dataclass(slots=True)
class Node:
    tag: str
    """Without its namespace."""
    attributes: dict[str, str]
    children: list[Node] = field(default_factory=list)
    text: str = ""

    def child(self, tag: str) -> Node | None:
        return next((one for one in self.children if one.tag == tag), None)

    def all(self, tag: str) -> list[Node]:
        return [one for one in self.children if one.tag == tag]

    def words(self, tag: str) -> str:
        found = self.child(tag)
        return found.text.strip() if found is not None else ""


class _Builder:
    def __init__(self, deepest: int, most: int) -> None:
        self._deepest, self._most = deepest, most
        self._open: list[Node] = []
        self._pieces: list[list[str]] = []
        self._count = 0
        self.root: Node | None = None

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        self._count += 1
        if self._count > self._most:
            raise TooLarge("reading.too_many_elements", most=self._most)
        if len(self._open) >= self._deepest:
            raise TooLarge("reading.too_deep", most=self._deepest)
        node = Node(tag.rpartition("}")[2], dict(attributes))
        if self._open:
            self._open[-1].children.append(node)
        else:
            self.root = node
        self._open.append(node)
        self._pieces.append([])

    def end(self, _tag: str) -> None:
        self._open.pop().text = "".join(self._pieces.pop())

    def data(self, text: str) -> None:
        if self._pieces:
            self._pieces[-1].append(text)

    def close(self) -> Node | None:
        return self.root


def read_xml(content: bytes, *, deepest: int, most: int) -> Node:
    """Give the document's root. Raises: Malformed, TooLarge."""
    builder = _Builder(deepest, most)
    parser = DefusedXMLParser(target=builder, forbid_dtd=True, forbid_entities=True, forbid_external=True)
    try:
        parser.feed(content)
        parser.close()
    except DefusedXmlException:
        raise Malformed("reading.has_dtd") from None
    except ParseError as error:
        line, column = error.position
        raise Malformed("reading.broken_xml", line=line, column=column) from None
    except (ValueError, LookupError, OSError):
        raise Malformed("reading.broken_xml", line=1, column=0) from None
    if builder.root is None:
        raise Malformed("reading.broken_xml", line=1, column=0)
    return builder.root
