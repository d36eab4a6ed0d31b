"""The process that parses one document: a named parser of ours, the document by stdin, one line of JSON out.

Started as ``python -m core.reader.document_child MEMORY_MB CPU_S MODULE``; stdin is the name's length (four bytes),
the name, and the document. The parser is imported before anything is taken from this process: afterwards no file can
be opened, a module no more than any other.

The line: ``{"parsed": {…}}``, or ``{"refused": code, "facts": {…}, "kind": "Malformed"}``. Whatever else happens, the
parent sees a stream that did not end as it should.
"""

from __future__ import annotations

import dataclasses
import importlib
import json
import os
import sys
from datetime import date, datetime
from typing import Any

from core.errors import Invalid, Malformed, Refused, TooLarge
from core.reader.child import limit
from core.reader.parsers import PARSERS
from core.reader.refusing import Unreadable

_KINDS = (Invalid, Malformed, TooLarge)


def answer(module: Any, given: bytes) -> dict[str, Any]:
    """Give what the parser says of a document, or why it says nothing."""
    length = int.from_bytes(given[:4], "big")
    name = given[4 : 4 + length].decode("utf-8", "replace")
    try:
        return {"parsed": dataclasses.asdict(module.parse(given[4 + length :], name))}
    except Unreadable as why:
        return {"refused": why.code, "facts": why.facts, "kind": "Malformed"}
    except Refused as why:
        facts = {key: fact for key, fact in why.facts.items() if isinstance(fact, str | int | float)}
        kind = next((one.__name__ for one in _KINDS if isinstance(why, one)), "Malformed")
        return {"refused": why.code, "facts": facts, "kind": kind}
    except (MemoryError, RecursionError):
        return {"refused": "reading.too_heavy", "facts": {}, "kind": "TooLarge"}


def _plain(value: object) -> str:
    if isinstance(value, date | datetime):
        return value.isoformat()
    raise TypeError(type(value).__name__)


def main(words: list[str]) -> int:
    memory_mb, cpu_s = int(words[0]), int(words[1])
    if words[2] not in PARSERS:
        return 2
    # Its threads would each take their share of the addresses before the first letter is read.
    os.putenv("OPENBLAS_NUM_THREADS", "1")
    module = importlib.import_module(words[2])
    limit(memory_mb, cpu_s)
    try:
        line = json.dumps(answer(module, sys.stdin.buffer.read()), ensure_ascii=True, default=_plain, allow_nan=False)
    except (MemoryError, ValueError):
        line = '{"refused":"reading.too_heavy","facts":{},"kind":"TooLarge"}'
    sys.stdout.write(line + "\n")
    sys.stdout.flush()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
