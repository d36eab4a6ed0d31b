"""Tables and other files as downloads: one way of naming, typing and sending them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from flask import Response, request

from core.errors import NotFound
from reports import table_file
from reports.table_file import Column, TableFile
from routes import context

KINDS: Final = {"xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "csv": "text/csv"}
_LONGEST_NAME: Final = 60


def asked_form(name: str, usual: str) -> str:
    """Read which form of a file the address asks for. Raises: NotFound for one there is not."""
    form = request.args.get(name, usual)
    if form not in KINDS:
        raise NotFound("request.not_found")
    return form


def download(
    title: str,
    about: Sequence[tuple[str, str]],
    header: Sequence[str],
    rows: tuple[tuple[str, ...], ...],
    *,
    stem: str,
    suffix: str,
    widths: Sequence[int] = (),
) -> Response:
    """Answer with a table of texts as a workbook or as CSV; the last column is the widest unless widths are given."""
    wide = widths or [22 if at == len(header) - 1 else 16 for at in range(len(header))]
    made = TableFile(
        title=title, author="", about=tuple(about),
        columns=tuple(Column(label=one, width=width) for one, width in zip(header, wide, strict=True)), rows=rows,
        made_on=context.runtime().work.clock.now().astimezone(context.actor().zone).date(),
    )  # fmt: skip
    content = table_file.build_workbook(made) if suffix == "xlsx" else table_file.build_csv(made)
    return attached(content, KINDS[suffix], f"{stem}.{suffix}")


def attached(content: bytes | str, kind: str, name: str) -> Response:
    """Answer with a file to keep: no browser and no proxy stores it, whatever stands in it."""
    response = Response(content, mimetype=kind)
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    response.headers["Cache-Control"] = "no-store"
    return response


def plain_stem(name: str) -> str:
    """Make of a number or a file's name what every system takes as a name."""
    return re.sub(r"[^A-Za-z0-9_-]", "-", name)[:_LONGEST_NAME]
