"""Text with separators, read as a whole: what ``long_text`` reads, with the kind of each cell before its text."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from core.reader.long_text import text_stream
from core.reader.refusing import CELL_END, Emitted, Shape, StreamedRow, StreamedRows


def delimited_rows(content: bytes, shape: Shape) -> tuple[dict[str, Any], Iterator[Emitted]]:
    """Give how a text is written, and its rows; a row whose quotation marks are wrong is flawed, the next is read.

    Raises: Unreadable "reader.not_text", "reader.empty", "reader.too_many_columns".
    """
    # One letter more than may be, so that a cell that is too long can be told from one that was cut.
    form, rows = text_stream(io.BytesIO(content), replace(shape, letters=shape.letters + 1))
    return {**form, "encoding": form["encoding"].removesuffix("-sig")}, _emitted(rows, shape)


def _emitted(rows: Iterator[StreamedRow | StreamedRows], shape: Shape) -> Iterator[Emitted]:
    for one in rows:
        if isinstance(one, StreamedRows):
            for line in one.text[:-1].split("\n"):
                number, *cells = line.split(CELL_END)
                yield int(number), _marked(cells), [], ""
        elif max(map(len, one[1])) > shape.letters:
            # A cell this long is a quotation mark that was never closed.
            yield one[0], _marked([one[1][0][: shape.letters]]), [], "reader.row_quotes"
        else:
            yield one[0], _marked(one[1]), [], one[3]


def _marked(cells: list[str]) -> list[str]:
    return ["t" + cell if cell else "" for cell in cells]
