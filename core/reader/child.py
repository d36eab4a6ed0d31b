"""The process that parses: one file in by stdin, lines of JSON out by stdout, nothing else can be opened.

Started as ``python -m core.reader.child MEMORY_MB CPU_S UNPACKED_MB ROWS COLUMNS LETTERS MODE``; the mode is "table"
(the file as a whole, by the usual parsers) or "stream" (any length, one row after another). Whatever happens here,
an abort of the parser too, the parent sees a stream that did not end as it should.

The lines: first ``{"form": {…}}``, then one list per row that is not empty, ``[number, cells, formulas, flaw]``, last
``{"end": rows}``; or ``{"refused": code, "facts": {…}}`` at any point. A cell is its kind's letter and its text. In a
stream a row of nothing but text is no list: its number and its cells stand in a line, ``CELL_END`` between them.
"""

from __future__ import annotations

import codecs
import json
import sys
from collections.abc import Iterable, Iterator
from typing import Any, BinaryIO, Final

from core.reader.delimited import delimited_rows
from core.reader.long_text import text_stream
from core.reader.long_workbook import workbook_stream
from core.reader.refusing import CELL_END, ODD, Shape, StreamedRow, StreamedRows, Unreadable
from core.reader.workbook import workbook_rows

try:
    import resource

    _SET: Any = resource.setrlimit
except ImportError:  # Windows has none: there the parent's clock is the only limit.
    _SET = None

_OLE: Final = b"\xd0\xcf\x11\xe0"
_WARM: Final = ("utf-8", "utf-8-sig", "utf-16", "cp1252", "cp437", "ascii")


def limit(memory_mb: int, cpu_s: int) -> None:
    """Take from this process what parsing does not need: memory, time, files, connections, children.

    Open files are capped at the three standard ones: from here on nothing can be opened, no socket either.
    """
    for encoding in _WARM:  # a codec is a module, and a module is a file
        codecs.lookup(encoding)
    if _SET is None:
        return
    wanted = {
        "RLIMIT_AS": memory_mb << 20,
        "RLIMIT_CPU": cpu_s,
        "RLIMIT_FSIZE": 0,
        "RLIMIT_CORE": 0,
        "RLIMIT_NPROC": 0,
        "RLIMIT_NOFILE": 3,
    }
    for name, most in wanted.items():
        kind = getattr(resource, name, None)
        if kind is None:
            continue
        try:
            _SET(kind, (most, most))
        except (ValueError, OSError):
            # A system that knows the limit but does not grant it (macOS: RLIMIT_AS); the others still hold.
            continue


def say(line: Any) -> None:
    sys.stdout.buffer.write(json.dumps(line, ensure_ascii=True, separators=(",", ":")).encode() + b"\n")


def answer(content: bytes, shape: Shape) -> None:
    """Write the rows of a file, or why it has none."""
    if content.startswith(_OLE):
        raise Unreadable("reader.old_workbook")
    if content.startswith(b"PK"):
        form, rows = workbook_rows(content, shape)
    else:
        form, rows = delimited_rows(content, shape)
    _tell(form, rows, shape)


def answer_stream(file: BinaryIO, shape: Shape) -> None:
    """Write the rows of a long file, each as it is read; in its lines cells are plain and kinds stand beside them."""
    head = file.read(4)
    file.seek(0)
    if head == _OLE:
        raise Unreadable("reader.old_workbook")
    form, rows = workbook_stream(file, shape) if head[:2] == b"PK" else text_stream(file, shape)
    _tell(form, _in_lines(rows), shape)


def _tell(form: dict[str, Any], rows: Iterable[Any], shape: Shape) -> None:
    say({"form": form})
    count = 0
    for row in rows:
        count += row.count if isinstance(row, StreamedRows) else 1
        if count > shape.rows:
            raise Unreadable("reader.too_many_rows", most=shape.rows)
        if isinstance(row, StreamedRows):
            sys.stdout.buffer.write(row.text.encode())
        else:
            say(row)
    say({"end": count})


def _in_lines(rows: Iterable[StreamedRow | StreamedRows]) -> Iterator[StreamedRow | StreamedRows]:
    """Write rows of nothing but text as lines."""
    for row in rows:
        if not isinstance(row, StreamedRows) and not row[2] and not row[3] and row[1]:
            line = CELL_END.join((str(row[0]), *row[1]))
            if line.count(CELL_END) == len(row[1]) and not ODD.search(line):
                yield StreamedRows(1, line + "\n")
                continue
        yield row


def main(words: list[str]) -> int:
    memory_mb, cpu_s, unpacked_mb, rows, columns, letters = map(int, words[:6])
    limit(memory_mb, cpu_s)
    shape = Shape(unpacked_bytes=unpacked_mb << 20, rows=rows, columns=columns, letters=letters)
    try:
        if words[6:] == ["stream"]:
            answer_stream(sys.stdin.buffer, shape)
        else:
            answer(sys.stdin.buffer.read(), shape)
    except Unreadable as why:
        say({"refused": why.code, "facts": why.facts})
    except MemoryError:
        say({"refused": "reader.too_heavy", "facts": {}})
    sys.stdout.flush()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
