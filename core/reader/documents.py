"""A stranger's document (a map, an alert, a text), parsed by one of our parsers in a process that may die unnoticed."""

from __future__ import annotations

import json
import re
import sys
import tempfile
import threading
from dataclasses import dataclass
from typing import Any, Final

from core.errors import Busy, Fact, Invalid, Malformed, Refused, TooLarge
from core.reader.parsers import PARSERS
from core.reader.tables import ReaderLimits, child_lines

_AT_ONCE: Final = 2
_WAIT_S: Final = 30.0
_KINDS: Final[dict[str, type[Refused]]] = {"Invalid": Invalid, "Malformed": Malformed, "TooLarge": TooLarge}
_CODE: Final = re.compile(r"[a-z_]{2,30}\.[a-z0-9_]{2,60}", re.ASCII)
_running = threading.BoundedSemaphore(_AT_ONCE)


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentLimits:
    """What one document may cost. Source: safety.md §2.5."""

    file_bytes: int = 20 << 20
    memory_bytes: int = 768 << 20
    """Of addresses, those of the libraries of geometry too; what is really used stays far below."""
    cpu_s: int = 10
    wall_s: int = 30
    answer_bytes: int = 32 << 20


DOCUMENT: Final = DocumentLimits()


def parse_apart(parser: str, content: bytes, name: str, limits: DocumentLimits = DOCUMENT) -> Any:
    """Let a parser of ours read a document in a child process, and give what it says, as plain JSON to be checked.

    ``parser`` is its dotted module, one of ``PARSERS``; ``name`` is what the sender calls the document.
    Raises: what the parser refused (Invalid, Malformed, TooLarge); TooLarge "reading.too_heavy" when it took too much;
    Malformed "reading.broke_off" when it died or said nothing that can be understood; Busy.
    """
    assert parser in PARSERS, parser
    if len(content) > limits.file_bytes:
        raise TooLarge("reading.file_too_large", most_mb=limits.file_bytes >> 20)
    if not content.strip():
        raise Malformed("reading.empty")
    if not _running.acquire(timeout=_WAIT_S):
        raise Busy("reader.busy")
    try:
        line = _line_of(parser, content, name.encode("utf-8", "replace")[:1000], limits)
    finally:
        _running.release()
    if not isinstance(line, dict):
        raise _broken()
    if "refused" in line:
        raise _refusal(line)
    if line.keys() != {"parsed"}:
        raise _broken()
    return line["parsed"]


def _line_of(parser: str, content: bytes, name: bytes, limits: DocumentLimits) -> Any:
    cost = ReaderLimits(
        memory_bytes=limits.memory_bytes, cpu_s=limits.cpu_s, wall_s=limits.wall_s, answer_bytes=limits.answer_bytes,
        line_bytes=limits.answer_bytes,
    )  # fmt: skip
    words = [
        sys.executable, "-s", "-E", "-B", "-X", "utf8", "-m", "core.reader.document_child",
        str(limits.memory_bytes >> 20), str(limits.cpu_s), parser,
    ]  # fmt: skip
    with tempfile.TemporaryFile() as file:
        file.write(len(name).to_bytes(4, "big") + name + content)
        file.seek(0)
        try:
            lines = list(child_lines(file, words, cost))
        except TooLarge:
            raise TooLarge("reading.too_heavy") from None
        except Malformed:
            raise _broken() from None
    if len(lines) != 1:
        raise _broken()
    try:
        return json.loads(lines[0], parse_constant=_no_constant)
    except (ValueError, RecursionError):
        raise _broken() from None


def _no_constant(name: str) -> None:
    raise ValueError(name)


def _refusal(line: dict[str, Any]) -> Refused:
    """Say what the child refused; its words are held short, and only a code of the sentences is taken."""
    code, facts, kind = line.get("refused"), line.get("facts"), _KINDS.get(str(line.get("kind")))
    if kind is None or not isinstance(code, str) or not _CODE.fullmatch(code) or not isinstance(facts, dict):
        return _broken()
    shown: dict[str, Fact] = {}
    for name, fact in facts.items():
        if not isinstance(fact, str | int | float) or not re.fullmatch(r"[a-z_]{1,30}", name):
            return _broken()
        shown[name] = fact[:200] if isinstance(fact, str) else fact
    refused = kind(code)
    refused.facts.update(shown)
    return refused


def _broken() -> Refused:
    return Malformed("reading.broke_off")
