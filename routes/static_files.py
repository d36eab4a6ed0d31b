"""Addresses of static files carry what the file holds, so that a browser may keep them for ever.

Files under ``vendor`` have their version in the name of their folder; every other gets ``?v=`` with the beginning of
its hash. After a release the pages name new addresses, and nobody sees an old style sheet with a new page.
"""

from __future__ import annotations

import hashlib
from collections.abc import MutableMapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from flask import Flask, current_app, request
from werkzeug.security import safe_join
from werkzeug.wrappers import Response

FOR_EVER = "public, max-age=31536000, immutable"
_VENDOR = "vendor/"


def install(app: Flask) -> None:
    app.url_defaults(_name_version)
    app.after_request(_say_how_long)


def version_of(filename: str) -> str | None:
    """Give the beginning of the hash of a static file's content; None where there is no such file."""
    path = safe_join(str(current_app.static_folder), filename)
    if path is None:
        return None
    try:
        seen = Path(path).stat()
    except OSError:
        return None
    return _hashed(path, seen.st_mtime_ns, seen.st_size)


@lru_cache(maxsize=512)
def _hashed(path: str, _mtime_ns: int, _size: int) -> str:
    return hashlib.sha256(Path(path).read_bytes()).hexdigest()[:12]


def _name_version(endpoint: str, values: MutableMapping[str, Any]) -> None:
    if endpoint == "static" and not _is_named(values["filename"]):
        version = version_of(values["filename"])
        if version is not None:
            values.setdefault("v", version)


def _say_how_long(response: Response) -> Response:
    if request.endpoint != "static" or response.status_code not in (200, 206, 304):
        return response
    filename, asked = (request.view_args or {})["filename"], request.args.get("v")
    if _is_named(filename) or (asked is not None and asked == version_of(filename)):
        response.headers["Cache-Control"] = FOR_EVER
    elif asked is not None:
        # A page of another release asks: it gets what there is, and asks again.
        response.headers["Cache-Control"] = "no-cache"
    return response


def _is_named(filename: str) -> bool:
    return filename.startswith(_VENDOR) and filename.count("/") > 1
